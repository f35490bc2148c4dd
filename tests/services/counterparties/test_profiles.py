"""Profiles of funders and vendors: who reads and writes them, two pages at once, what is kept of every save."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace import clock as house_clock
from marketplace.database import atomic, session
from marketplace.errors import NotAllowed, NotFound
from marketplace.models import (
    AuditEntry,
    CounterpartyProfile,
    CounterpartyVersion,
    Job,
    MembershipState,
    OrganisationKind,
)
from marketplace.services.counterparties import kinds, profiles


@pytest.fixture
def bank(make):
    return make.organisation(slug="bank", name="Bank", kind=OrganisationKind.FUNDER)


@pytest.fixture
def ana(make, bank):
    return make.manager(bank, name="Ana")


@pytest.fixture
def berta(make, bank):
    user = make.user(name="Berta")
    make.membership(user, bank)
    return user


def stored(organisation) -> CounterpartyProfile:
    session().rollback()
    session().expire_all()
    return session().scalar(select(CounterpartyProfile).where(CounterpartyProfile.organisation_id == organisation.id))


def rescorings() -> int:
    return session().scalar(select(func.count()).where(Job.kind == "fits.rescore_counterparty"))


def test_kinds_of_organisations_state_what_they_do(make):
    def sheet(kind):
        found = kinds.sheet_of(make.organisation(kind=kind))
        return found.name if found else None

    assert {kind.value: sheet(kind) for kind in OrganisationKind if kind is not OrganisationKind.CITY} == {
        "funder": "mandate",
        "philanthropy": "mandate",
        "multilateral": "mandate",
        "agency": "mandate",
        "vendor": "solution",
        "partner": None,
        "academia": None,
        "ngo": None,
        "press": None,
    }


def test_looking_at_a_profile_leaves_nothing_behind(bank, ana):
    profile = profiles.find("bank", ana)

    assert (profile.revision, profile.content, profile.completeness) == (0, {}, 0)
    assert stored(bank) is None


def test_first_answer_makes_the_profile_its_first_version_and_has_it_compared(bank, ana):
    saved = profiles.save("bank", "about", {"funder_type": "mdb", "roles": ["finance"]}, 0, ana)

    profile = stored(bank)
    versions = list(session().scalars(select(CounterpartyVersion)))
    assert (saved.errors, saved.conflicts, saved.revision) == ({}, {}, 1)
    assert profile.content == {"funder_type": "mdb", "roles": ["finance"]}
    assert [(one.number, one.content, one.by_id) for one in versions] == [(1, profile.content, ana.id)]
    assert (profile.changed_by_id, profile.completeness > 0, rescorings()) == (ana.id, True, 1)


def test_save_that_changes_nothing_makes_no_version(bank, ana):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    saved = profiles.save("bank", "about", {"funder_type": "mdb"}, 1, ana)

    assert (saved.revision, session().scalar(select(func.count()).select_from(CounterpartyVersion))) == (1, 1)


def test_words_are_saved_without_comparing_anew_and_deciding_answers_with(bank, ana):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    profiles.save("bank", "about", {"mandate": {"en": "We lend to cities."}}, 1, ana)
    assert rescorings() == 1

    profiles.save("bank", "money", {"instruments": ["loan"]}, 2, ana)
    assert rescorings() == 2


def test_edits_of_one_sitting_are_one_act_of_the_trail(bank, ana, berta, clock):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    profiles.save("bank", "about", {"funder_type": "dfi"}, 1, ana)
    profiles.save("bank", "about", {"funder_type": "mdb"}, 2, berta)
    clock.shift(timedelta(minutes=11))
    profiles.save("bank", "about", {"funder_type": "eca"}, 3, berta)

    acts = session().scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "counterparty.edited"))
    assert list(acts) == [ana.id, berta.id, berta.id]


def test_two_people_changing_different_answers_lose_nothing(bank, ana, berta):
    profiles.save("bank", "about", {"funder_type": "mdb", "decision_weeks": "12"}, 0, ana)

    profiles.save("bank", "about", {"funder_type": "dfi", "decision_weeks": "12"}, 1, ana)
    saved = profiles.save("bank", "about", {"funder_type": "mdb", "decision_weeks": "20"}, 1, berta)

    assert saved.conflicts == {}
    assert stored(bank).content == {"funder_type": "dfi", "decision_weeks": 20}


def test_two_people_changing_the_same_answer_are_told(bank, ana, berta, clock):
    profiles.save("bank", "money", {"ticket_min": "1"}, 0, ana)
    profiles.save("bank", "money", {"ticket_min": "2"}, 1, ana)

    saved = profiles.save("bank", "money", {"ticket_min": "3"}, 1, berta)

    clash = saved.conflicts["ticket_min"]
    assert (clash.mine, clash.theirs, clash.by.name, clash.at) == ("3.00", "2.00", "Ana", house_clock.now())
    assert stored(bank).content == {"ticket_min": "2.00"}
    assert profiles.keep_mine("bank", "ticket_min", "3", saved.profile.revision, berta).conflicts == {}
    assert stored(bank).content == {"ticket_min": "3.00"}


def test_texts_of_two_languages_are_joined(bank, ana, berta):
    profiles.save("bank", "about", {"mandate": {"en": "One"}}, 0, ana)
    profiles.save("bank", "about", {"mandate": {"en": "One", "es": "Uno"}}, 1, ana)
    saved = profiles.save("bank", "about", {"mandate": {"en": "One", "pt": "Um"}}, 1, berta)

    assert saved.conflicts == {}
    assert stored(bank).content["mandate"] == {"en": "One", "es": "Uno", "pt": "Um"}


def test_page_whose_answer_was_lost_does_not_meet_itself(bank, ana):
    """The answer to the first save never arrived: the page sends again from the revision it knows."""
    profiles.save("bank", "about", {"decision_weeks": "10"}, 0, ana, form="page-one")
    saved = profiles.save("bank", "about", {"decision_weeks": "12"}, 0, ana, form="page-one")

    assert (saved.conflicts, saved.newer, saved.revision) == ({}, {}, 2)
    assert stored(bank).content == {"decision_weeks": 12}


def test_open_page_is_told_what_others_wrote_since(bank, ana, berta):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    profiles.save("bank", "about", {"funder_type": "dfi"}, 1, berta, form="berta")
    saved = profiles.save("bank", "about", {"funder_type": "mdb", "decision_weeks": "9"}, 1, ana, form="ana")

    assert (saved.newer, saved.revision) == ({"funder_type": "dfi"}, 1)
    assert stored(bank).content == {"funder_type": "dfi", "decision_weeks": 9}


@pytest.mark.parametrize("revision", [-1, 99, 10**8])
def test_revision_that_never_was_overwrites_nothing(bank, ana, revision):
    profiles.save("bank", "about", {"decision_weeks": "10"}, 0, ana)
    saved = profiles.save("bank", "about", {"decision_weeks": "12", "funder_type": "mdb"}, revision, ana)

    assert saved.conflicts["decision_weeks"].theirs == 10
    assert stored(bank).content == {"decision_weeks": 10, "funder_type": "mdb"}


def test_hostile_answers_are_refused_at_their_field(bank, ana):
    raw = {
        "instruments": ["grant", "<script>"],
        "ticket_min": "1e999",
        "ticket_max": ["a", {"b": 1}],
        "tenor_max": "7",
        "no_such_field": "x",
        "funder_type": "mdb",
    }
    saved = profiles.save("bank", "money", raw, 0, ana)

    assert set(saved.errors) == {"instruments", "ticket_min", "ticket_max"}
    assert stored(bank).content == {"tenor_max": 7}


def test_organisations_are_chosen_from_those_there_are(make, bank, ana):
    make.city(slug="cali", name="Cali")
    vendor = make.organisation(slug="vendor", kind=OrganisationKind.VENDOR)

    good = {"wanted_cities": ["cali"], "blocked_orgs": ["cali", vendor.slug]}
    assert profiles.save("bank", "meetings", good, 0, ana).errors == {}
    for raw in ({"wanted_cities": ["vendor"]}, {"blocked_orgs": ["nowhere"]}, {"blocked_orgs": ["bank"]}):
        assert set(profiles.save("bank", "meetings", raw, 1, ana).errors) == set(raw)
    assert stored(bank).content == {"wanted_cities": ["cali"], "blocked_orgs": ["cali", "vendor"]}


def test_strangers_and_those_who_left_find_nothing(make, bank, ana):
    stranger, city = make.manager(make.organisation(kind=OrganisationKind.VENDOR)), make.manager(make.city())
    gone = make.user()
    make.membership(gone, bank, state=MembershipState.ENDED)

    for person in (stranger, city, gone):
        with pytest.raises(NotFound):
            profiles.find("bank", person)
        with pytest.raises(NotFound):
            profiles.save("bank", "about", {"funder_type": "mdb"}, 0, person)
    for slug, step in (("nowhere", "about"), ("bank", "nowhere"), ("bank", "")):
        with pytest.raises(NotFound):
            profiles.save(slug, step, {}, 0, ana)
    with pytest.raises(NotFound):
        profiles.keep_mine("bank", "nowhere", "", 0, ana)
    assert stored(bank) is None


def test_kinds_without_a_sheet_have_no_profile(make):
    body = make.organisation(slug="press", kind=OrganisationKind.PRESS)
    person = make.manager(body)

    with pytest.raises(NotFound):
        profiles.find("press", person)


def test_organisers_read_and_do_not_write(make, bank):
    organiser = make.organiser()

    assert profiles.find("bank", organiser).organisation is bank
    with pytest.raises(NotAllowed):
        profiles.save("bank", "about", {"funder_type": "mdb"}, 0, organiser)


def test_organisation_out_of_service_is_read_and_not_written(bank, ana):
    with atomic():
        bank.deactivated_at = house_clock.now()

    assert profiles.find("bank", ana).revision == 0
    with pytest.raises(NotAllowed):
        profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)


def test_history_tells_what_each_save_changed(bank, ana, berta):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    profiles.save("bank", "about", {"funder_type": "dfi", "decision_weeks": "9"}, 1, berta)
    profiles.save("bank", "about", {"decision_weeks": ""}, 2, ana)

    page = profiles.history("bank", ana, 1, size=2)
    rest = profiles.history("bank", ana, 9, size=2)

    def told(found):
        return [
            (one.number, one.row.by.name, [(change.field, change.before, change.after) for change in one.changes])
            for one in found
        ]

    assert told(page) == [
        (3, "Ana", [("decision_weeks", 9, None)]),
        (2, "Berta", [("funder_type", "mdb", "dfi"), ("decision_weeks", None, 9)]),
    ]
    assert (told(rest), rest.number, rest.pages) == ([(1, "Ana", [("funder_type", None, "mdb")])], 2, 2)


def test_answer_is_put_back_as_another_save_by_those_who_may_write(make, bank, ana, berta):
    profiles.save("bank", "about", {"funder_type": "mdb"}, 0, ana)
    profiles.save("bank", "about", {"funder_type": "dfi", "decision_weeks": "9"}, 1, berta)

    profiles.restore("bank", 1, "funder_type", ana)
    profiles.restore("bank", 0, "decision_weeks", ana)

    profile = profiles.find("bank", ana)
    assert (profile.content, profile.revision) == ({"funder_type": "mdb"}, 4)
    for number, name in ((5, "funder_type"), (-1, "funder_type"), (1, "no_such_field")):
        with pytest.raises(NotFound):
            profiles.restore("bank", number, name, ana)
    with pytest.raises(NotFound):
        profiles.restore("bank", 1, "funder_type", make.user())
