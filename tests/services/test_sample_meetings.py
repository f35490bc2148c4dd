from collections import Counter

import pytest
from sqlalchemy import func, select

from marketplace.cli.worker import work
from marketplace.database import session
from marketplace.models import (
    Event,
    Hold,
    Interpreter,
    Meeting,
    MeetingParty,
    MeetingTable,
    PartyAbsence,
    PartyRole,
    PersonAbsence,
    Registration,
    RegistrationState,
    Schedule,
    ScheduleKind,
    ScheduleState,
    SessionSignUp,
    User,
    Wish,
    WishKind,
)
from marketplace.services import sample
from marketplace.services.meetings import pairings, parties, setup, slots
from marketplace.services.meetings.scheduling import publishing, runs
from tests.meetings import audit

SLUG = "marketplace-washington"


@pytest.fixture
def event(app, clock):
    """The sample's Marketplace, loaded on 2 March 2026."""
    sample.load()
    return session().scalar(select(Event).where(Event.slug == SLUG))


def organiser():
    return session().scalar(select(User).where(User.email == "organiser@cities.example"))


def test_sample_has_half_days_tables_and_interpreters_and_nothing_that_cannot_work(event):
    sessions = slots.of_event(event.id)
    tables = session().scalars(select(MeetingTable).where(MeetingTable.event_id == event.id)).all()
    pairs = Counter(pair for (found,) in session().execute(select(Interpreter.pairs)) for pair in found)

    assert [len(one.slots) for one in sessions] == [5, 7, 5, 7]
    assert {one.booking.value for one in sessions} == {"engine", "request_then_at_once", "at_once"}
    assert all(set(one.names) == {"en", "es", "pt"} for one in sessions)
    assert (len(tables), len({table.zone for table in tables}), sum(table.is_accessible for table in tables)) == (
        16,
        3,
        2,
    )
    assert pairs == {"en-es": 2, "en-pt": 1, "es-pt": 1}
    assert setup.phase(setup.of(event.id)) is setup.Phase.WISHES
    assert setup.problems(event) == []


def test_sample_brings_all_cities_projects_funders_and_vendors_with_people(event):
    here = parties.of_event(event.id)

    roles = Counter(party.role for party in here)

    assert roles == {PartyRole.PROJECT: 32, PartyRole.CITY: 24, PartyRole.FUNDER: 30, PartyRole.VENDOR: 20}
    assert all(party.members and party.languages for party in here)
    assert {member.registration.state for party in here for member in party.members} == {RegistrationState.CONFIRMED}


def test_sample_wishes_come_from_all_sides_within_the_rules(event):
    rules = setup.of(event.id)
    found = (
        session().execute(select(Wish, MeetingParty).join(MeetingParty, MeetingParty.id == Wish.from_party_id)).all()
    )

    kinds = Counter((party.role, wish.kind) for wish, party in found)
    musts = Counter(party.id for wish, party in found if wish.kind is WishKind.MUST)
    vetoed = {frozenset((wish.from_party_id, wish.to_party_id)) for wish, _ in found if wish.kind is WishKind.NOT}
    wished = {frozenset((wish.from_party_id, wish.to_party_id)) for wish, _ in found if wish.kind is not WishKind.NOT}

    assert {role for role, _kind in kinds} == {PartyRole.PROJECT, PartyRole.CITY, PartyRole.FUNDER, PartyRole.VENDOR}
    assert max(musts.values()) <= rules.musts
    assert vetoed
    assert not vetoed & wished
    assert all(pairings.allowed(rules, wish.from_party, wish.to_party) for wish, _ in found)
    ranks = {}
    for wish, party in found:
        if wish.rank:
            ranks.setdefault(party.id, []).append(wish.rank)
    assert all(sorted(given) == list(range(1, len(given) + 1)) for given in ranks.values())


def test_sample_has_absences_and_holds_the_workshops_people_signed_up_for(event):
    signed_up = set(
        session().scalars(
            select(SessionSignUp.registration_id)
            .join(Registration, Registration.id == SessionSignUp.registration_id)
            .where(Registration.event_id == event.id)
        )
    )

    held = set(session().scalars(select(Hold.resource_id).where(Hold.meeting_id.is_(None))))

    assert held == signed_up
    assert session().scalar(select(func.count(PartyAbsence.id))) > 0
    assert session().scalar(select(func.count(PersonAbsence.id))) > 0


def test_sample_loaded_again_changes_nothing_about_meetings(event):
    before = [session().scalar(select(func.count(kind.id))) for kind in (MeetingParty, Wish, MeetingTable, Hold)]

    sample.load()

    after = [session().scalar(select(func.count(kind.id))) for kind in (MeetingParty, Wish, MeetingTable, Hold)]
    assert before == after
    assert session().scalar(select(func.count(Schedule.id))) == 0


def test_sample_gives_a_schedule_that_can_be_published(app, event):
    while work(app):
        pass
    runs.start(SLUG, ScheduleKind.SOLVE, organiser(), seconds=20)
    while work(app):
        pass
    session().expire_all()
    run = session().scalar(select(Schedule))

    assert run.state is ScheduleState.DRAFT
    assert run.figures["problems"] == 0
    assert run.figures["musts"] == run.figures["wished_musts"] > 30
    assert run.figures["meetings"] > 200
    found = publishing.publish(SLUG, run.uid, organiser())

    assert len(found.new) == run.figures["meetings"] == session().scalar(select(func.count(Meeting.id)))
    assert audit() == []
