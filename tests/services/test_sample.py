from datetime import date, datetime

import pytest
from sqlalchemy import func, select

from marketplace import config
from marketplace.database import session
from marketplace.errors import Conflict
from marketplace.models import (
    CityPair,
    CityProfile,
    Consent,
    Event,
    Letter,
    LetterState,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    Project,
    ProjectState,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import cities, installation, passwords, sample
from marketplace.services.projects import publication
from tests.conftest import test_settings


def counts() -> dict[str, int]:
    nouns = (User, Organisation, CityProfile, CityPair, Membership, Event, RoleAssignment, Consent, Letter)
    return {noun.__name__: session().scalar(select(func.count()).select_from(noun)) for noun in nouns}


def test_load_brings_the_whole_programme_and_repeating_it_adds_nothing(app):
    sample.load()
    first = counts()

    sample.load()

    assert counts() == first
    assert first == {
        "User": 120,
        "Organisation": 90,
        "CityProfile": 25,
        "CityPair": 13,
        "Membership": 114,
        "Event": 3,
        "RoleAssignment": 13,
        "Consent": 216,
        "Letter": 8,
    }
    assert installation.is_sample()


def test_load_has_the_accounts_other_programs_rely_on(app):
    sample.load()

    emails = set(session().scalars(select(User.email)))
    slugs = [city.slug for city in cities.directory().cities]
    stored = set(session().scalars(select(User.password_hash)))

    assert len(slugs) == 24
    assert emails >= {
        *(f"city.{slug}@cities.example" for slug in slugs),
        *(f"funder.{number}@cities.example" for number in range(1, 31)),
        *(f"vendor.{number}@cities.example" for number in range(1, 21)),
        *(f"{name}@cities.example" for name in ("organiser", "reviewer", "checkin", "attendee")),
    }
    assert {account.email for account in sample.accounts()} == emails
    assert [passwords.verify(one, "demo-password-1") for one in stored] == [True]


def test_load_marks_what_is_invented_and_only_that(app):
    sample.load()

    people = session().scalars(select(User.is_illustrative).distinct()).all()
    real = session().execute(
        select(Organisation.kind, func.count())
        .where(Organisation.is_illustrative.is_(False))
        .group_by(Organisation.kind)
    )
    events = session().execute(select(Event.slug, Event.is_illustrative, Event.source != "")).all()

    assert people == [True]
    assert {kind.value: number for kind, number in real} == {"city": 25, "partner": 5, "agency": 1, "multilateral": 1}
    assert {tuple(event) for event in events} == {
        ("dialogue-sao-paulo-2024", False, True),
        ("second-dialogue", True, False),
        ("marketplace-washington", True, False),
    }


def test_load_gives_manaus_its_two_partners_one_after_the_other(app):
    sample.load()

    manaus = session().scalar(select(Organisation).where(Organisation.slug == "manaus"))
    pairs = session().scalars(select(CityPair).where(CityPair.lac_city_id == manaus.id).order_by(CityPair.valid_from))

    assert [(pair.us_city.slug, pair.valid_from, pair.valid_until) for pair in pairs] == [
        ("stockton", date(2023, 8, 15), date(2024, 6, 1)),
        ("albany", date(2024, 6, 1), None),
    ]


def test_load_leaves_some_things_waiting(app):
    sample.load()

    ties = session().execute(select(Membership.state, func.count()).group_by(Membership.state)).all()
    letters = session().execute(select(Letter.state, func.count()).group_by(Letter.state)).all()

    assert dict(ties) == {MembershipState.ACTIVE: 109, MembershipState.REQUESTED: 3, MembershipState.INVITED: 2}
    assert dict(letters)[LetterState.CANCELLED] == 1


def test_load_plans_the_next_events_after_the_day_of_loading(app, clock):
    sample.load()

    marketplace = session().scalar(select(Event).where(Event.slug == "marketplace-washington"))

    assert (marketplace.starts_on, marketplace.ends_on) == (date(2026, 6, 20), date(2026, 6, 21))


@pytest.mark.parametrize("day", ["2028-02-29", "2026-12-31"])
def test_load_makes_pitches_that_could_be_submitted_whatever_the_day(app, clock, day):
    clock.move_to(datetime.fromisoformat(f"{day}T23:30:00+00:00"))

    sample.load()

    published = session().scalars(select(Project).where(Project.state == ProjectState.PUBLISHED)).all()
    assert len(published) == 32
    assert [publication.problems(project.versions[-1]) for project in published] == [[]] * 32


def test_load_describes_every_funder_and_vendor_in_three_languages(app):
    sample.load()

    described = session().scalars(
        select(Organisation.descriptions).where(
            Organisation.kind.in_([OrganisationKind.FUNDER, OrganisationKind.VENDOR])
        )
    )

    assert [sorted(texts) for texts in described] == [["en", "es", "pt"]] * 50


def test_load_gives_the_desk_to_nobody_but_its_people(app):
    sample.load()

    desk = session().execute(
        select(User.email, RoleAssignment.event_id.is_(None))
        .join(RoleAssignment, RoleAssignment.user_id == User.id)
        .where(RoleAssignment.role.in_([Role.ADMINISTRATOR, Role.ORGANISER]))
    )

    assert {tuple(row) for row in desk} == {
        ("organiser@cities.example", True),
        ("administrator@cities.example", True),
        ("event.organiser@cities.example", False),
    }


def test_load_is_refused_in_production(app):
    config.use(test_settings(app.config["SETTINGS"].database_url, production=True))

    with pytest.raises(RuntimeError, match="refused in production"):
        sample.load()

    assert counts()["User"] == 0


def test_load_is_refused_where_real_people_have_accounts(app, make):
    make.user()

    with pytest.raises(Conflict):
        sample.load()

    assert counts()["User"] == 1
    assert not installation.is_sample()
