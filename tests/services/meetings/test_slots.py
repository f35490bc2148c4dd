"""Meeting sessions cut into slots, and cut anew without losing a meeting unasked."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import (
    Attendance,
    BookingRule,
    EventMode,
    EventState,
    Letter,
    Meeting,
    MeetingRequest,
    MeetingSession,
    MeetingSlot,
    MeetingState,
)
from marketplace.services import wallclock
from marketplace.services.meetings import interpreting, parties, requests, self_booking, setup, slots, tables
from marketplace.services.meetings.slots import Details, WouldCancel
from tests.meetings import audit, market, user_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def minutes(number):
    return NOON + timedelta(minutes=number)


def book(place, slot):
    side = place.projects[0]
    return self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[slot].uid, user_of(side))


def details(place, **changes):
    return replace(slots.details_of(slots.find(place.event, place.session.uid), place.event.timezone), **changes)


@pytest.mark.parametrize(
    ("ends", "slot", "turnover", "breaks", "starts"),
    [
        (60, 20, 0, [], [0, 20, 40]),
        (60, 20, 5, [], [0, 25]),
        (70, 20, 5, [], [0, 25, 50]),
        (20, 20, 60, [], [0]),
        (19, 20, 0, [], []),
        (100, 20, 0, [(30, 45)], [0, 45, 65]),
        (100, 20, 0, [(0, 10)], [10, 30, 50, 70]),
        (100, 20, 0, [(40, 100)], [0, 20]),
        (100, 20, 0, [(20, 40), (35, 50)], [0, 50, 70]),
        (100, 20, 0, [(200, 300)], [0, 20, 40, 60, 80]),
        (100, 20, 10, [(20, 25)], [0, 30, 60]),
    ],
)
def test_slots_are_cut_around_breaks(ends, slot, turnover, breaks, starts):
    spans = [(minutes(first), minutes(last)) for first, last in breaks]

    found = slots.cut(NOON, minutes(ends), slot, turnover, spans)

    assert found == [(minutes(at), minutes(at + slot)) for at in starts]


def test_slots_over_a_change_of_clocks_have_their_full_length(make, organiser):
    """B08"""
    # In the night of 8 March 2026 clocks in New York leap from 2:00 to 3:00.
    event = make.event(starts_on=date(2026, 3, 8), ends_on=date(2026, 3, 8))

    found = slots.preview(event, Details({"en": "Night"}, date(2026, 3, 8), time(1), time(4), turnover_minutes=0))

    assert len(found) == 6
    assert {last - first for first, last in found} == {timedelta(minutes=20)}


def test_session_is_shown_as_it_was_entered(place, organiser):
    entered = Details(
        {"en": "Afternoon", "es": "Tarde"},
        place.event.starts_on,
        time(14),
        time(17, 30),
        slot_minutes=25,
        turnover_minutes=5,
        breaks=((time(15), time(15, 30)),),
        booking=BookingRule.REQUEST_THEN_AT_ONCE,
        at_once_from=NOON,
    )

    saved = slots.save(place.event.slug, entered, organiser)

    assert slots.details_of(saved, place.event.timezone) == entered
    assert [(slot.starts_at, slot.ends_at) for slot in saved.slots] == slots.preview(place.event, entered)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"names": {"en": " "}}, "names_en"),
        ({"slot_minutes": 5}, "slot_minutes"),
        ({"slot_minutes": 125}, "slot_minutes"),
        ({"slot_minutes": 17}, "slot_minutes"),
        ({"turnover_minutes": 3}, "turnover_minutes"),
        ({"turnover_minutes": 65}, "turnover_minutes"),
        ({"starts": time(14, 2)}, "starts"),
        ({"ends": time(14)}, "ends"),
        ({"ends": time(14, 10)}, "slot_minutes"),
        ({"day": date(2001, 1, 1)}, "day"),
        ({"breaks": ((time(15), time(15)),)}, "breaks"),
        ({"breaks": ((time(15, 1), time(15, 10)),)}, "breaks"),
        ({"booking": BookingRule.REQUEST_THEN_AT_ONCE}, "at_once_from"),
        ({"starts": time(0), "ends": time(9, 55), "slot_minutes": 10, "turnover_minutes": 0}, None),
        ({"starts": time(11), "ends": time(15)}, "starts"),
    ],
)
def test_session_that_cannot_be_is_refused_at_its_field(place, organiser, changes, field):
    usual = Details({"en": "Afternoon"}, place.event.starts_on, time(14), time(16))

    if field is None:
        assert len(slots.save(place.event.slug, replace(usual, **changes), organiser).slots) == 59
        return
    with pytest.raises(Invalid) as refusal:
        slots.save(place.event.slug, replace(usual, **changes), organiser)

    assert refusal.value.field in {field, field.partition("_")[0]}
    session().rollback()
    assert len(slots.of_event(place.event.id)) == 1


def test_too_many_slots_are_refused(place, organiser):
    wanted = Details({"en": "Night"}, place.event.starts_on, time(12), time(23), slot_minutes=10, turnover_minutes=0)

    with pytest.raises(Invalid) as refusal:
        slots.save(place.event.slug, wanted, organiser)

    assert refusal.value.field == "ends"


def test_meeting_whose_slot_stays_stays(place, organiser):
    meeting = book(place, 2)

    slots.save(place.event.slug, details(place, ends=time(13)), organiser, place.session.uid)

    session().refresh(meeting)
    assert meeting.state is MeetingState.SCHEDULED
    assert len(slots.all_slots(place.event.id)) == 9
    assert audit() == []


def test_meeting_whose_slot_goes_is_cancelled_only_when_confirmed(place, organiser):
    meeting = book(place, 5)
    shorter = details(place, ends=time(11))

    with pytest.raises(WouldCancel) as refusal:
        slots.save(place.event.slug, shorter, organiser, place.session.uid)
    concerned = [one.uid for one in refusal.value.meetings]
    untouched = (meeting.state, len(slots.all_slots(place.event.id)))
    slots.save(place.event.slug, shorter, organiser, place.session.uid, is_confirmed=True)

    session().refresh(meeting)
    assert concerned == [meeting.uid]
    assert untouched == (MeetingState.SCHEDULED, 6)
    assert meeting.state is MeetingState.CANCELLED
    assert len(slots.all_slots(place.event.id)) == 3
    told = session().scalars(select(Letter).where(Letter.kind == "meeting.cancelled")).all()
    assert {letter.recipient for letter in told} == {
        user_of(place.projects[0]).email,
        user_of(place.funders[0]).email,
    }
    assert audit() == []


def test_slot_given_up_comes_back_with_the_session(place, organiser):
    book(place, 5)
    slots.save(place.event.slug, details(place, ends=time(11)), organiser, place.session.uid, is_confirmed=True)

    slots.save(place.event.slug, details(place, ends=time(12)), organiser, place.session.uid)

    assert [slot.uid for slot in slots.all_slots(place.event.id)][5] == place.slots[5].uid
    assert book(place, 5).state is MeetingState.SCHEDULED


def test_other_length_of_a_slot_with_a_meeting_is_refused(place, organiser):
    book(place, 0)

    with pytest.raises(Invalid) as refusal:
        slots.save(place.event.slug, details(place, slot_minutes=30), organiser, place.session.uid, is_confirmed=True)

    assert refusal.value.field == "slot_minutes"


def test_request_outlives_the_slot_it_proposed(place, organiser):
    asker = place.projects[0]
    request = requests.send(
        place.event.slug, asker.uid, place.funders[0].uid, "Because", user_of(asker), place.slots[5].uid
    )

    slots.save(place.event.slug, details(place, ends=time(11)), organiser, place.session.uid)

    session().expire_all()
    assert session().get_one(MeetingRequest, request.id).slot_id is None


def test_session_with_meetings_is_removed_when_confirmed_and_its_row_kept(place, organiser):
    meeting = book(place, 0)

    with pytest.raises(WouldCancel):
        slots.remove(place.event.slug, place.session.uid, organiser)
    slots.remove(place.event.slug, place.session.uid, organiser, is_confirmed=True)

    session().refresh(meeting)
    assert meeting.state is MeetingState.CANCELLED
    assert slots.of_event(place.event.id) == []
    assert session().scalars(select(MeetingSlot.id)).all() == [meeting.slot_id]
    with pytest.raises(NotFound):
        slots.find(place.event, place.session.uid)


def test_session_without_meetings_leaves_nothing_behind(place, organiser):
    slots.remove(place.event.slug, place.session.uid, organiser)

    assert session().scalars(select(MeetingSession.id)).all() == []
    assert session().scalars(select(MeetingSlot.id)).all() == []


def test_time_of_a_removed_session_is_free_again(place, organiser):
    book(place, 0)
    same = details(place)
    slots.remove(place.event.slug, place.session.uid, organiser, is_confirmed=True)

    assert len(slots.save(place.event.slug, same, organiser).slots) == 6


def test_session_of_another_event_is_not_found(make, place, organiser):
    other = make.event(starts_on=place.event.starts_on, ends_on=place.event.ends_on)

    for act in (slots.remove, lambda slug, uid, by: slots.save(slug, details(place), by, uid)):
        with pytest.raises(NotFound):
            act(other.slug, place.session.uid, organiser)
    with pytest.raises(NotFound):
        slots.find_slot(other.id, place.slots[0].uid)


def test_participants_change_no_session(place):
    with pytest.raises(NotFound):
        slots.save(place.event.slug, details(place), user_of(place.projects[0]), place.session.uid)


def test_sessions_of_an_archived_event_stay(place, organiser):
    entered = details(place)
    with atomic():
        place.event.state = EventState.ARCHIVED

    with pytest.raises(Conflict):
        slots.save(place.event.slug, entered, organiser, place.session.uid)


def test_meetings_are_counted_by_session(place):
    book(place, 0)

    assert slots.meetings_by_session(place.event.id) == {place.session.id: 1}


def test_runs_of_slots_end_at_breaks_and_skip_what_was_given_up(make, organiser):
    place = market(make, organiser)
    wanted = Details(
        {"en": "Afternoon"},
        place.event.starts_on,
        time(14),
        time(16),
        turnover_minutes=5,
        breaks=((time(15), time(15, 20)),),
    )
    found = slots.save(place.event.slug, wanted, organiser).slots
    ids = [slot.id for slot in found]

    assert [wallclock.local(slot.starts_at, place.event.timezone).time() for slot in found] == [
        time(14),
        time(14, 25),
        time(15, 20),
    ]
    assert interpreting.run_length(found[1], {ids[0], ids[2]}) == 2
    assert interpreting.run_length(found[2], set(ids)) == 1
    assert session().scalars(select(Meeting.id)).all() == []


# Another way to meet


@pytest.fixture
def agreed(place):
    """Two meetings at once, at tables 1 and 2."""
    pairs = zip(place.projects, place.funders, strict=True)
    return [self_booking.book(place.event.slug, a.uid, b.uid, place.slots[0].uid, user_of(a)) for a, b in pairs]


def told(kind):
    session().expire_all()
    return session().scalar(select(func.count()).select_from(Letter).where(Letter.kind == kind))


def test_session_that_goes_online_asks_first_and_then_frees_its_tables_and_tells_both_sides(place, organiser, agreed):
    """B10"""
    online = details(place, mode=EventMode.ONLINE)

    with pytest.raises(slots.WouldMove) as refusal:
        slots.save(place.event.slug, online, organiser, place.session.uid)
    assert {one.id for one in refusal.value.meetings} == {one.id for one in agreed}
    assert {one.table.number for one in agreed} == {1, 2}
    assert slots.find(place.event, place.session.uid).mode is EventMode.IN_PERSON

    slots.save(place.event.slug, online, organiser, place.session.uid, is_confirmed=True)

    assert [(one.state, one.table_id, one.calendar_sequence) for one in agreed] == [
        (MeetingState.SCHEDULED, None, 1)
    ] * 2
    assert told("meeting.moved") == 4
    assert audit() == []


def test_session_that_comes_back_finds_tables_or_asks_before_meetings_end(place, organiser, agreed):
    """B10"""
    slots.save(place.event.slug, details(place, mode=EventMode.ONLINE), organiser, place.session.uid, is_confirmed=True)
    for table in tables.of_event(place.event.id)[1:]:
        tables.close(place.event.slug, table.uid, organiser)
    back = details(place, mode=EventMode.IN_PERSON)

    with pytest.raises(slots.WouldCancel, match="no table is free"):
        slots.save(place.event.slug, back, organiser, place.session.uid)
    assert [one.table_id for one in agreed] == [None, None]

    slots.save(place.event.slug, back, organiser, place.session.uid, is_confirmed=True)

    assert [(one.state, one.table and one.table.number) for one in agreed] == [
        (MeetingState.SCHEDULED, 1),
        (MeetingState.CANCELLED, None),
    ]
    assert told("meeting.cancelled") == 2
    assert audit() == []


def test_side_that_stays_at_home_or_needs_another_table_takes_its_meetings_along(place, organiser, agreed):
    side, other = place.projects
    people = [tuple(member.registration.uid for member in one.members) for one in (side, other)]

    parties.edit(
        place.event.slug, side.uid, parties.Details(attendance=Attendance.ONLINE, members=people[0]), organiser
    )
    first, second = tables.of_event(place.event.id)
    tables.edit(place.event.slug, first.uid, first.number, "", True, organiser)
    parties.edit(
        place.event.slug, other.uid, parties.Details(needs_accessible_table=True, members=people[1]), organiser
    )

    assert [one.table and one.table.number for one in agreed] == [None, 1]
    assert told("meeting.moved") == 4
    with pytest.raises(Invalid, match="need it to be accessible"):
        tables.edit(place.event.slug, first.uid, first.number, "", False, organiser)
    tables.close(place.event.slug, second.uid, organiser)
    with pytest.raises(Conflict, match="No table is free"):
        parties.edit(place.event.slug, side.uid, parties.Details(members=people[0]), organiser)
    assert audit() == []


def test_need_for_which_there_is_no_table_is_kept_and_told_to_the_organisers(place, organiser, agreed):
    side = place.projects[0]
    people = tuple(member.registration.uid for member in side.members)
    needs = parties.Details(needs_accessible_table=True, members=people)

    parties.edit(place.event.slug, side.uid, needs, organiser)

    assert "no table is one" in " ".join(map(str, setup.problems(place.event)))
