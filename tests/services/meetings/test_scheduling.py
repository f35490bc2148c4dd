"""From wishes to a published schedule: runs, drafts changed by hand, publication, what is stale, repair."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from marketplace.database import atomic, session
from marketplace.errors import Conflict
from marketplace.models import (
    BookingRule,
    Letter,
    Meeting,
    MeetingSource,
    MeetingState,
    PartyRole,
    Publication,
    Schedule,
    ScheduleKind,
    ScheduleState,
    WishKind,
)
from marketplace.services import jobs, registration
from marketplace.services.meetings import booking, interpreters, parties, self_booking, setup, tables, wishes
from marketplace.services.meetings.booking import Wanted
from marketplace.services.meetings.scheduling import drafts, publishing, reports, runs
from marketplace.services.meetings.scheduling.drafts import Pick
from marketplace.services.meetings.scheduling.publishing import StaleDraft
from tests.meetings import audit, market, party, user_of


@pytest.fixture
def organiser(app, make):
    return make.organiser()


@pytest.fixture
def place(make, organiser):
    return market(
        make,
        organiser,
        projects=3,
        funders=3,
        tables=2,
        limits={role: (2 if role is PartyRole.PROJECT else 0, 6) for role in PartyRole},
        rule=BookingRule.AT_ONCE,
    )


def perform(uid):
    """Do what the worker does, in this session."""
    runs.perform(jobs.Run(0, 1, {"schedule": uid}))


@pytest.fixture
def solved(place, organiser):
    def run(kind=ScheduleKind.SOLVE, **values):
        uid = runs.start(place.event.slug, kind, organiser, seconds=2, **values).uid
        perform(uid)
        found = session().scalar(
            select(Schedule).where(Schedule.uid == uid).options(undefer(Schedule.meetings), undefer(Schedule.report))
        )
        assert found.state is ScheduleState.DRAFT, found.failure
        return found

    return run


def meetings(place):
    return (
        session()
        .scalars(select(Meeting).where(Meeting.event_id == place.event.id, Meeting.state == MeetingState.SCHEDULED))
        .all()
    )


def test_run_makes_a_staffed_draft_with_its_bound(place, organiser, solved):
    wishes.save(place.event.slug, place.projects[0].uid, place.funders[0].uid, WishKind.MUST, organiser)

    draft = solved()

    assert draft.figures["meetings"] == 9
    assert draft.figures["musts"] == draft.figures["bound_musts"] == 1
    assert draft.figures["value"] <= draft.figures["bound_value"]
    assert draft.figures["problems"] == 0
    assert all(one["table"] and len(one["people"]) == 2 for one in draft.meetings)
    assert meetings(place) == []


def test_publication_tells_everybody_concerned_once_and_holds_everything(place, organiser, solved):
    draft = solved()

    found = publishing.publish(place.event.slug, draft.uid, organiser)

    assert found.counts() == {"kept": 0, "moved": 0, "new": 9, "dropped": 0}
    assert audit() == []
    letters = session().scalars(select(Letter).where(Letter.kind == "meeting.made")).all()
    assert len(letters) == 18
    assert len({(letter.recipient, letter.context["meeting"]) for letter in letters}) == 18
    assert setup.of(place.event.id).publication is Publication.FINAL


def test_preliminary_schedule_comes_as_one_letter_and_becomes_final_with_invitations(place, organiser, solved):
    publishing.publish(place.event.slug, solved().uid, organiser, is_final=False)

    kinds = [letter.kind for letter in session().scalars(select(Letter))]
    about = {one.context["registration"] for one in session().scalars(select(Letter)) if "meetings" in one.context}
    assert about == {side.members[0].registration.uid for side in (*place.projects, *place.funders)}
    assert kinds.count("meeting.preliminary") == 6
    assert kinds.count("meeting.made") == 0

    publishing.publish(place.event.slug, solved().uid, organiser)

    kinds = [letter.kind for letter in session().scalars(select(Letter))]
    assert kinds.count("meeting.made") == 18
    assert audit() == []


def test_publishing_again_tells_only_what_differs(place, organiser, solved):
    publishing.publish(place.event.slug, solved().uid, organiser)
    before = len(session().scalars(select(Letter)).all())

    found = publishing.publish(place.event.slug, solved().uid, organiser)

    assert found.is_empty
    assert len(session().scalars(select(Letter)).all()) == before


def test_draft_made_before_a_booking_is_stale_and_a_repair_keeps_the_booking(place, organiser, solved):
    draft = solved()
    side = place.projects[0]
    booked = self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[5].uid, user_of(side))

    with pytest.raises(StaleDraft):
        publishing.publish(place.event.slug, draft.uid, organiser)

    mended = solved(ScheduleKind.REPAIR, options={"from": draft.uid})
    publishing.publish(place.event.slug, mended.uid, organiser)
    session().refresh(booked)
    assert (booked.state, booked.slot_id) == (MeetingState.SCHEDULED, place.slots[5].id)
    assert len(meetings(place)) == 9
    assert audit() == []


def test_fill_changes_nothing_there_is(place, organiser, solved):
    publishing.publish(place.event.slug, solved().uid, organiser)
    kept = {meeting.uid: meeting.slot_id for meeting in meetings(place)}
    gone = next(meeting for meeting in meetings(place))
    kept.pop(gone.uid)
    self_booking.cancel(gone.uid, "no", user_of(gone.first_party))

    found = publishing.publish(place.event.slug, solved(ScheduleKind.FILL).uid, organiser)

    assert found.counts() == {"kept": 8, "moved": 0, "new": 1, "dropped": 0}
    assert {meeting.uid: meeting.slot_id for meeting in meetings(place) if meeting.uid in kept} == kept
    assert audit() == []


def test_party_that_leaves_is_repaired_with_least_change(place, organiser, solved):
    publishing.publish(place.event.slug, solved().uid, organiser)
    kept = {meeting.uid: meeting.slot_id for meeting in meetings(place)}

    parties.withdraw(place.event.slug, place.funders[0].uid, "Called back", organiser)
    assert len(meetings(place)) == 6
    found = publishing.publish(place.event.slug, solved(ScheduleKind.REPAIR).uid, organiser)

    assert found.counts()["moved"] == 0
    assert {meeting.uid: kept[meeting.uid] for meeting in meetings(place)}.items() <= kept.items()
    assert audit() == []


def test_hand_made_changes_are_checked_one_by_one(place, organiser, solved):
    draft = solved()
    one = draft.meetings[0]
    pick = Pick(one["first"], one["second"])
    taken = {other["slot"] for other in draft.meetings if other["first"] == one["first"]}
    busy = next(uid for uid in taken if uid != one["slot"])

    with pytest.raises(drafts.Impossible, match="another meeting"):
        drafts.move(place.event.slug, draft.uid, pick, busy, organiser)
    drafts.drop(place.event.slug, draft.uid, pick, organiser)
    changed = drafts.add(place.event.slug, draft.uid, pick, one["slot"], organiser)
    drafts.set_lock(place.event.slug, draft.uid, pick, organiser, is_locked=True)
    with pytest.raises(Conflict):
        drafts.drop(place.event.slug, draft.uid, pick, organiser, revision=1)

    publishing.publish(place.event.slug, changed.uid, organiser)

    locked = [meeting for meeting in meetings(place) if meeting.is_locked]
    assert [(meeting.first_party.uid, meeting.second_party.uid) for meeting in locked] == [
        (one["first"], one["second"])
    ]
    assert {meeting.source for meeting in meetings(place)} == {MeetingSource.ENGINE}
    assert audit() == []


def test_times_to_add_by_hand_are_those_where_adding_works(place, organiser, solved):
    draft = solved()
    one = draft.meetings[0]
    pick = Pick(one["first"], one["second"])
    with pytest.raises(drafts.Impossible, match="have a meeting already"):
        drafts.times(place.event, draft, pick)
    drafts.drop(place.event.slug, draft.uid, pick, organiser)

    offered = drafts.times(place.event, draft, pick)

    assert {slot.uid: clash for slot, clash in offered}[one["slot"]] == ""
    assert any(clash for _, clash in offered)
    for slot, clash in offered:
        if clash:
            with pytest.raises(drafts.Impossible) as refusal:
                drafts.add(place.event.slug, draft.uid, pick, slot.uid, organiser)
            assert str(refusal.value) == clash
        else:
            drafts.add(place.event.slug, draft.uid, pick, slot.uid, organiser)
            drafts.drop(place.event.slug, draft.uid, pick, organiser)


def test_kept_run_can_be_replayed(place, organiser, solved):
    draft = solved()

    again = runs.replay(place.event.slug, draft.uid, organiser)

    assert again["same"] or not again["complete"]


def test_unmet_wish_comes_with_its_reason(make, organiser):
    place = market(make, organiser, projects=2, funders=1, tables=1, hours=1, limits=dict.fromkeys(PartyRole, (0, 1)))
    for side in place.projects:
        wishes.save(place.event.slug, side.uid, place.funders[0].uid, WishKind.WANT, organiser)

    uid = runs.start(place.event.slug, ScheduleKind.SOLVE, organiser, seconds=2).uid
    perform(uid)

    report = session().scalar(select(Schedule).where(Schedule.uid == uid).options(undefer(Schedule.report))).report
    (unmet,) = report["unmet"]["wishes"]
    assert unmet["reason"]["code"] == "counterparty_full"


def test_two_runs_of_one_event_do_not_start_together(place, organiser):
    runs.start(place.event.slug, ScheduleKind.SOLVE, organiser)

    with pytest.raises(Conflict, match="working on this event"):
        runs.start(place.event.slug, ScheduleKind.SOLVE, organiser)


# What there is little of


def make_accessible(place, organiser, *numbers):
    for table in tables.of_event(place.event.id):
        if table.number in numbers:
            tables.edit(place.event.slug, table.uid, table.number, "", True, organiser)


def change(side, **values):
    with atomic():
        for name, value in values.items():
            setattr(side, name, value)


def test_every_meeting_that_needs_an_accessible_table_gets_one(make, organiser):
    place = market(make, organiser, projects=4, funders=4, tables=4, hours=2)
    make_accessible(place, organiser, 3)
    for side in (place.projects[0], place.projects[1], place.funders[0]):
        change(side, needs_accessible_table=True)

    draft = solved_at(place, organiser)
    publishing.publish(place.event.slug, draft.uid, organiser)

    # Ten of the sixteen pairs need the one accessible table, in six slots.
    accessible = [meeting for meeting in meetings(place) if meeting.table.is_accessible]
    assert sum(map(needs_access, accessible)) == 6
    assert len(meetings(place)) == 12
    assert audit() == []
    report = reports.of(place.event, draft)
    assert {unmet.reason for unmet in report.unmet} <= {"No accessible table is left when both could meet."}


def needs_access(meeting):
    return meeting.first_party.needs_accessible_table or meeting.second_party.needs_accessible_table


def solved_at(place, organiser, kind=ScheduleKind.SOLVE, **values):
    uid = runs.start(place.event.slug, kind, organiser, seconds=2, **values).uid
    perform(uid)
    found = session().scalar(select(Schedule).where(Schedule.uid == uid).options(undefer(Schedule.meetings)))
    assert (found.state, found.figures.get("problems")) == (ScheduleState.DRAFT, 0), found.failure
    return found


def test_accessible_table_and_interpreter_are_set_aside_for_who_needs_both(make, organiser):
    place = market(make, organiser, projects=3, funders=3, tables=3, hours=2)
    make_accessible(place, organiser, 1)
    for side in place.projects:
        change(side, languages=["pt"])
    for side in place.funders:
        change(side, languages=["en"])
    change(place.projects[0], needs_accessible_table=True)
    change(place.funders[2], languages=["pt"])
    wanted = frozenset(slot.uid for slot in place.slots)
    interpreters.save(
        place.event.slug, interpreters.Details("Ana", ("en", "pt"), rest_after=2, slot_uids=wanted), organiser
    )

    publishing.publish(place.event.slug, solved_at(place, organiser).uid, organiser)

    found = meetings(place)
    assert sum(meeting.interpreter_id is not None for meeting in found) == 4
    assert (
        sum(meeting.first_party_id == place.projects[0].id and meeting.interpreter_id is not None for meeting in found)
        >= 1
    )
    assert sum(needs_access(meeting) for meeting in found) >= 2
    assert audit() == []


def test_meeting_agreed_when_the_interpreter_would_rest_is_planned_around(make, organiser):
    place = market(make, organiser, projects=2, funders=3, tables=2, hours=2)
    for side in place.projects:
        change(side, languages=["pt"])
    for side in place.funders:
        change(side, languages=["en"])
    wanted = frozenset(slot.uid for slot in place.slots)
    interpreters.save(
        place.event.slug, interpreters.Details("Ana", ("en", "pt"), rest_after=2, slot_uids=wanted), organiser
    )
    side = place.projects[0]
    booked = self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[2].uid, user_of(side))

    publishing.publish(place.event.slug, solved_at(place, organiser).uid, organiser)

    session().refresh(booked)
    assert (booked.state, booked.slot_id) == (MeetingState.SCHEDULED, place.slots[2].id)
    work = sorted(place.slots.index(meeting.slot) for meeting in meetings(place))
    assert not any({at, at + 1, at + 2} <= set(work) for at in work)
    assert len(work) == 4
    assert audit() == []


def test_meetings_above_a_cap_that_was_lowered_since_stay(place, organiser):
    side = place.projects[0]
    for funder, slot in zip(place.funders[:2], place.slots, strict=False):
        self_booking.book(place.event.slug, side.uid, funder.uid, slot.uid, user_of(side))
    change(side, floor=0, cap=1)

    publishing.publish(place.event.slug, solved_at(place, organiser).uid, organiser)

    assert sum(meeting.first_party_id == side.id for meeting in meetings(place)) == 2


def test_tables_of_cities_that_meet_are_left_to_them(make, organiser):
    place = market(make, organiser, projects=1, funders=1, tables=1, hours=1, pairings=("project:funder", "city:city"))
    cities = [
        party(make, place.event, place.ticket, PartyRole.CITY, make.city(name=name, slug=f"{name}-{place.event.id}"))
        for name in ("lima", "quito")
    ]
    for slot in place.slots[:2]:
        wanted = Wanted(cities[0], cities[1], slot, MeetingSource.ORGANISER, round=place.slots.index(slot) + 1)
        booking.make(wanted, organiser)

    publishing.publish(place.event.slug, solved_at(place, organiser).uid, organiser)

    planned = [meeting for meeting in meetings(place) if meeting.first_party.role is PartyRole.PROJECT]
    assert [meeting.slot_id for meeting in planned] == [place.slots[2].id]


@pytest.fixture
def cities(make, organiser):
    """One project, one funder, and two cities that may meet each other, at two tables in three slots."""
    place = market(make, organiser, projects=1, funders=1, tables=2, hours=1, pairings=("project:funder", "city:city"))
    place.cities = [
        party(make, place.event, place.ticket, PartyRole.CITY, make.city(name=name, slug=f"{name}-{place.event.id}"))
        for name in ("lima", "quito")
    ]
    return place


def agree(place, organiser, slot):
    booking.make(Wanted(*place.cities, slot, MeetingSource.REQUEST), organiser)


def slot_of(place, one):
    return next(slot for slot in place.slots if slot.uid == one["slot"])


def test_cities_that_agree_to_meet_at_another_time_leave_a_draft_as_it_is(cities, organiser):
    draft = solved_at(cities, organiser)
    (one,) = draft.meetings
    agree(cities, organiser, next(slot for slot in cities.slots if slot.uid != one["slot"]))

    assert not drafts.touched(draft, drafts.seats(cities.event, draft))
    publishing.publish(cities.event.slug, draft.uid, organiser)

    assert len(meetings(cities)) == 2
    assert audit() == []


def test_draft_whose_table_other_cities_took_says_so_and_has_another(cities, organiser):
    draft = solved_at(cities, organiser)
    (one,) = draft.meetings
    agree(cities, organiser, slot_of(cities, one))
    (city_meeting,) = meetings(cities)
    assert city_meeting.table.uid == one["table"]

    found = drafts.touched(draft, drafts.seats(cities.event, draft))
    publishing.publish(cities.event.slug, draft.uid, organiser)

    assert [(seat.first.uid, seat.table.number, seat.problem) for seat in found.others] == [(one["first"], 2, "")]
    assert found.gone == 0
    assert audit() == []


def test_draft_whose_only_table_other_cities_took_is_not_published_but_repaired(cities, organiser):
    draft = solved_at(cities, organiser)
    (one,) = draft.meetings
    tables.close(cities.event.slug, tables.of_event(cities.event.id)[1].uid, organiser)
    agree(cities, organiser, slot_of(cities, one))

    assert not drafts.touched(draft, drafts.seats(cities.event, draft))
    with pytest.raises(publishing.NotReady):
        publishing.publish(cities.event.slug, draft.uid, organiser)

    mended = solved_at(cities, organiser, ScheduleKind.REPAIR, options={"from": draft.uid})
    publishing.publish(cities.event.slug, mended.uid, organiser)
    assert len(meetings(cities)) == 2
    assert audit() == []


def test_draft_names_nobody_who_has_left_since(make, organiser):
    place = market(make, organiser, projects=1, funders=1, tables=1, hours=1, people=2)
    draft = solved_at(place, organiser)
    side = place.projects[0]
    leaving, staying = (member.registration for member in side.members)
    assert [side.uid, leaving.id] in draft.meetings[0]["people"]
    registration.cancel(leaving.uid, organiser)
    session().expire_all()

    found = drafts.touched(draft, drafts.seats(place.event, draft))
    publishing.publish(place.event.slug, draft.uid, organiser)

    assert len(found.others) == 1
    (meeting,) = meetings(place)
    assert {person.registration_id for person in meeting.people if person.party_id == side.id} == {staying.id}


def test_no_meeting_is_moved_by_hand_to_a_table_that_a_side_cannot_use(place, organiser, solved):
    make_accessible(place, organiser, 1)
    change(place.projects[0], needs_accessible_table=True)
    draft = solved()
    one = next(one for one in draft.meetings if one["first"] == place.projects[0].uid)
    first, second = tables.of_event(place.event.id)
    beside = next((other for other in draft.meetings if other["slot"] == one["slot"] and other is not one), None)

    assert one["table"] == first.uid
    with pytest.raises(drafts.Impossible, match="needs an accessible table"):
        drafts.move(
            place.event.slug, draft.uid, Pick(one["first"], one["second"]), one["slot"], organiser, table_uid=second.uid
        )
    assert beside is None or beside["table"] == second.uid


def test_what_has_begun_is_not_planned_anew(place, organiser, solved, clock):
    publishing.publish(place.event.slug, solved().uid, organiser)
    clock.move_to(place.slots[2].starts_at)
    before = {meeting.uid for meeting in meetings(place) if meeting.slot.starts_at <= place.slots[2].starts_at}
    parties.withdraw(place.event.slug, place.funders[0].uid, "Called back", organiser)
    before &= {meeting.uid for meeting in meetings(place)}

    publishing.publish(place.event.slug, solved().uid, organiser)

    past = {meeting.uid for meeting in meetings(place) if meeting.slot.starts_at <= place.slots[2].starts_at}
    assert past == before
