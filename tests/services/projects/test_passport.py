"""The passport: codes and numbers, only what the reader may read, always fitting its published schema."""

import json
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from marketplace import i18n
from marketplace.database import atomic, session
from marketplace.models import Block, ProjectVersion
from marketplace.services.projects import leaf, passport


def problems(content):
    validator = Draft202012Validator(passport.schema(), format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(content)))]


def of(slug, reader=None):
    return passport.make(leaf.find(slug, reader))


def test_schema_is_a_schema(app):
    Draft202012Validator.check_schema(passport.schema())


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_passport_fits_its_schema_for_every_reader_in_every_language(make, language):
    city = make.city(names={"pt": "Manaus", "es": "Manaos"})
    make.pair(city, make.city(country="US"))
    make.published(city, slug="park")
    organiser = make.organiser()

    with i18n.speaking(language):
        found = [of("park"), of("park", make.user()), of("park", organiser)]

    assert [problems(one) for one in found] == [[], [], []]
    assert [sorted(one["closed"]) for one in found] == [
        ["contact", "documents", "finance", "inclusion", "maturity", "needs"],
        ["contact", "documents", "finance"],
        [],
    ]


def test_schema_is_the_same_whoever_asks(app):
    with i18n.speaking("pt"):
        portuguese = passport.schema()

    assert portuguese == passport.schema()


def test_amounts_come_with_currency_and_dollars_and_the_rate_of_the_day(make):
    project = make.published(make.city(), slug="park", content={"currency": "BRL", "visibility": {"finance": "public"}})
    with atomic():
        session().get(ProjectVersion, project.versions[0].id).usd_rate = Decimal("5.25")

    found = of("park")

    assert found["exchange_rate"] == {"currency": "BRL", "per_usd": "5.25", "on": "2026-02-27"}
    assert found["answers"]["finance"]["capex"] == {"amount": "20000000.00", "currency": "BRL", "usd": "3809524.00"}
    assert found["answers"]["finance"]["secured"][0]["amount"]["currency"] == "BRL"
    assert found["figures"] == {"gap": {"amount": "16000000.00", "currency": "BRL", "usd": "3047619.00"}}
    assert problems(found) == []


def test_lifetime_emissions_need_impact_and_maturity(make):
    make.published(make.city(), slug="park")

    assert "figures" not in of("park")
    assert of("park", make.user())["figures"] == {"ghg_tco2e_lifetime": "48000"}


def test_passport_says_codes_version_and_that_it_is_illustrative(make):
    project = make.published(make.city(), slug="park", is_illustrative=True)

    found = of("park")

    assert found["is_illustrative"] is True
    assert found["answers"]["basics"]["sector_primary"] == "nbs"
    assert found["answers"]["basics"]["title"]["pt"] == "Parque linear do igarapé do Mindu"
    assert found["version"]["number"] == 1
    assert found["version"]["uid"] == project.versions[0].uid
    assert found["licence"]
    assert found["url"] == "http://localhost/projects/park"


def test_nobody_finds_internal_answers_in_a_passport(make):
    make.published(make.city(), slug="park", content={"wanted_funders": ["a"], "self_scores": {"strategy": "4"}})

    assert Block.INTERNAL.value not in of("park", make.organiser())["answers"]
    assert problems({**of("park"), "answers": {**of("park")["answers"], "internal": {}}}) != []


def test_schema_refuses_what_no_passport_says(make):
    make.published(make.city(), slug="park")
    found = of("park")

    assert problems({**found, "surprise": 1}) != []
    assert problems({**found, "is_illustrative": "no"}) != []
    assert problems({**found, "answers": {"basics": {**found["answers"]["basics"], "stage": "someday"}}}) != []
    assert problems({**found, "answers": {"basics": {"title": {"en": "Only a title"}}}}) != []
