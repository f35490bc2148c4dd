"""Words for kinds, states and roles."""

import csv
from enum import StrEnum

import pytest

from marketplace import models
from marketplace.config import ROOT
from marketplace.models import CitySide, MembershipRole, OrganisationKind
from marketplace.services import labels

SHOWN = [
    getattr(models, name)
    for name in models.__all__
    if isinstance(getattr(models, name), type)
    and issubclass(getattr(models, name), StrEnum)
    and name not in {"ConsentKind", "LinkPurpose"}
]


@pytest.mark.parametrize("enum", SHOWN, ids=lambda enum: enum.__name__)
def test_labels_exist_for_every_member_and_differ(enum):
    words = [str(label) for _, label in labels.choices(enum)]

    assert len(set(words)) == len(list(enum)) > 0


def test_labels_of_equal_values_in_different_enums_are_kept_apart():
    assert str(labels.of(models.AccountState.ACTIVE)) == "Active"
    assert [str(label) for _, label in labels.choices(MembershipRole)] == ["Manager", "Member"]


@pytest.mark.parametrize(
    ("value", "member"), [("city", OrganisationKind.CITY), ("", None), (None, None), ("nothing", None)]
)
def test_read_takes_what_exists_only(value, member):
    assert labels.read(OrganisationKind, value) is member
    assert labels.read(CitySide, "lac") is CitySide.LAC


def test_stated_keeps_words_it_does_not_know():
    assert labels.stated("canton") == "canton"
    assert labels.stated("metropolitan area") == "metropolitan area"


def test_stated_knows_what_the_sample_states_in_words(app):
    folder = ROOT / "marketplace" / "services" / "sample" / "data"
    with (folder / "cities.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    scopes = {row["population_scope"] for row in rows} - {""}

    assert scopes
    assert scopes <= set(labels._STATED)


def test_city_membership_says_nothing_of_an_unknown_state():
    assert labels.city_membership("confirmed") == "Announced among the 24 cities"
    assert labels.city_membership("else") == ""
