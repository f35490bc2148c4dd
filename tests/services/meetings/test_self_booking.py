"""Meetings booked, moved, handed over and cancelled by those who hold them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, NotFound, NotOpen
from marketplace.models import (
    BookingRule,
    Hold,
    Interpreter,
    InterpreterShift,
    Letter,
    Meeting,
    MeetingState,
    PartyRole,
    Wish,
    WishKind,
)
from marketplace.services import sign_ups
from marketplace.services.meetings import requests, self_booking, wishes
from marketplace.services.meetings.booking import AlreadyMeeting, CapReached
from marketplace.services.meetings.requests import NoCommonTime
from marketplace.services.meetings.settling import NobodyFree, NoTable
from tests.meetings import audit, market, user_of


@pytest.fixture
def place(app, make):
    return market(make, make.organiser())


def book(place, project=0, funder=0, slot=0, **values):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side), **values
    )


def test_booking_holds_people_project_and_table_and_invites_both_sides(place):
    meeting = book(place)

    assert (meeting.table.number, meeting.state) == (1, MeetingState.SCHEDULED)
    assert len(session().scalars(select(Hold).where(Hold.meeting_id == meeting.id)).all()) == 4 * 4
    letters = session().scalars(select(Letter).where(Letter.kind == "meeting.made")).all()
    assert {letter.recipient for letter in letters} == {
        user_of(place.projects[0]).email,
        user_of(place.funders[0]).email,
    }
    assert {letter.context["calendar"]["uid"] for letter in letters} == {meeting.calendar_uid}
    assert audit() == []


def test_next_free_slot_is_booked_in_one_step(place):
    book(place, 0, 0, 0)

    side = place.projects[0]
    meeting = self_booking.book(place.event.slug, side.uid, place.funders[1].uid, self_booking.NEXT, user_of(side))

    assert meeting.slot_id == place.slots[1].id


def test_person_is_never_in_two_meetings(place):
    book(place, 0, 0, 0)

    with pytest.raises(NobodyFree):
        book(place, 1, 0, 0)

    assert audit() == []


def test_pair_meets_once(place):
    book(place, 0, 0, 0)

    with pytest.raises(AlreadyMeeting):
        book(place, 0, 0, 1)


def test_tables_run_out(app, make):
    place = market(make, make.organiser(), tables=1)
    book(place, 0, 0, 0)

    with pytest.raises(NoTable):
        book(place, 1, 1, 0)

    assert audit() == []


def test_cap_is_kept(app, make):
    place = market(make, make.organiser(), limits={PartyRole.FUNDER: (0, 1), PartyRole.PROJECT: (0, 5)})
    book(place, 0, 0, 0)

    with pytest.raises(CapReached):
        book(place, 1, 0, 1)


def test_same_form_twice_is_one_meeting(place):
    first = book(place, attempt="x" * 22)

    assert book(place, attempt="x" * 22).id == first.id
    assert len(session().scalars(select(Meeting)).all()) == 1


def test_session_of_ones_own_programme_blocks_the_slot_and_a_meeting_blocks_the_session(place, make):
    slot = place.slots[0]
    talk = make.session(place.event, starts_at=slot.starts_at, ends_at=slot.ends_at + timedelta(minutes=10))
    person = place.projects[0].members[0].registration
    sign_ups.sign_up(person, talk.uid, person.user)

    with pytest.raises(NobodyFree):
        book(place, 0, 0, 0)
    with pytest.raises(NobodyFree):
        book(place, 0, 0, 1)
    book(place, 0, 0, 2)
    late = make.session(place.event, starts_at=place.slots[2].starts_at, ends_at=place.slots[2].ends_at)
    with pytest.raises(Conflict, match="You have a meeting at this time"):
        sign_ups.sign_up(person, late.uid, person.user)

    sign_ups.withdraw(person, talk.uid, person.user)
    with pytest.raises(AlreadyMeeting):
        book(place, 0, 0, 0)
    book(place, 0, 1, 0)
    assert audit() == []


def test_moving_keeps_uid_and_raises_sequence_and_frees_the_old_slot(place):
    meeting = book(place, 0, 0, 0)
    uid, sequence = meeting.calendar_uid, meeting.calendar_sequence

    moved = self_booking.move(meeting.uid, place.slots[3].uid, user_of(place.funders[0]))

    assert (moved.calendar_uid, moved.calendar_sequence, moved.slot_id) == (uid, sequence + 1, place.slots[3].id)
    book(place, 1, 0, 0)
    assert audit() == []


def test_move_that_fails_leaves_everything_as_it_was(place):
    meeting = book(place, 0, 0, 0)
    book(place, 1, 0, 1)

    with pytest.raises(NobodyFree):
        self_booking.move(meeting.uid, place.slots[1].uid, user_of(place.projects[0]))

    session().refresh(meeting)
    assert meeting.slot_id == place.slots[0].id
    assert audit() == []


def test_cancelling_needs_a_reason_frees_everything_and_tells_the_other_side(place):
    meeting = book(place)

    self_booking.cancel(meeting.uid, "Our flight is late", user_of(place.projects[0]))
    self_booking.cancel(meeting.uid, "Our flight is late", user_of(place.projects[0]))

    assert session().scalars(select(Hold).where(Hold.meeting_id == meeting.id)).all() == []
    told = session().scalars(select(Letter).where(Letter.kind == "meeting.cancelled")).all()
    assert len(told) == 2
    assert {letter.context["calendar"]["method"] for letter in told} == {"CANCEL"}
    assert book(place).id != meeting.id


def test_strangers_find_nothing(place, make):
    meeting = book(place)

    for act in (
        lambda by: self_booking.find(meeting.uid, by),
        lambda by: self_booking.cancel(meeting.uid, "x", by),
        lambda by: self_booking.move(meeting.uid, place.slots[2].uid, by),
        lambda by: self_booking.note(meeting.uid, "x", by),
        lambda by: self_booking.book(
            place.event.slug, place.projects[0].uid, place.funders[1].uid, place.slots[4].uid, by
        ),
    ):
        for by in (make.user(), user_of(place.projects[1])):
            with pytest.raises(NotFound):
                act(by)


def test_stand_in_takes_a_meeting_over_and_calendars_follow(app, make):
    place = market(make, make.organiser(), people=2)
    meeting = book(place)
    side = place.projects[0]
    first, second = (member.registration for member in side.members)

    self_booking.hand_over(meeting.uid, [second.uid], user_of(side))

    coming = {person.registration_id for person in meeting.people if person.withdrawn_at is None}
    assert second.id in coming
    assert first.id not in coming
    assert audit() == []
    kinds = {
        (letter.recipient, letter.kind)
        for letter in session().scalars(select(Letter).where(Letter.queued_at >= meeting.changed_at))
    }
    assert (first.email, "meeting.cancelled") in kinds
    assert (second.email, "meeting.made") in kinds


def test_veto_of_the_other_side_looks_like_no_common_time(place):
    side, funder = place.projects[0], place.funders[0]
    with atomic() as current:
        current.add(
            Wish(
                event_id=place.event.id,
                from_party_id=funder.id,
                to_party_id=side.id,
                kind=WishKind.NOT,
                changed_at=clock.now(),
            )
        )

    with pytest.raises(NobodyFree):
        book(place)
    with pytest.raises(NoCommonTime):
        self_booking.book(place.event.slug, side.uid, funder.uid, self_booking.NEXT, user_of(side))
    with pytest.raises(NoCommonTime):
        requests.send(place.event.slug, side.uid, funder.uid, "We fit.", user_of(side))
    wishes.save(place.event.slug, side.uid, funder.uid, WishKind.WANT, user_of(side))


@pytest.mark.parametrize(
    ("rule", "opens", "expected"),
    [
        (BookingRule.ENGINE, -1, NotOpen),
        (BookingRule.REQUEST, -1, NotOpen),
        (BookingRule.AT_ONCE, 1, NotOpen),
    ],
    ids=["engine only", "by request", "not open yet"],
)
def test_booking_follows_the_rule(app, make, rule, opens, expected):
    place = market(make, make.organiser(), rule=rule, booking_opens_at=clock.now() + timedelta(days=opens))

    with pytest.raises(expected):
        book(place)


def test_windows_end_at_the_second(app, make, clock):
    """B09: open until, and not at, the closing moment; changed until, and not at, so many minutes before."""
    from marketplace import clock as product_clock

    closes = product_clock.now() + timedelta(hours=1)
    place = market(make, make.organiser(), booking_closes_at=closes)
    clock.move_to(closes - timedelta(seconds=1))
    meeting = book(place)

    clock.move_to(closes)
    with pytest.raises(NotOpen):
        book(place, 1, 1, 1)
    last = meeting.slot.starts_at - timedelta(minutes=60)
    clock.move_to(last)
    with pytest.raises(NotOpen):
        self_booking.cancel(meeting.uid, "late", user_of(place.projects[0]))
    clock.move_to(last - timedelta(seconds=1))
    self_booking.cancel(meeting.uid, "in time", user_of(place.projects[0]))


def test_next_free_slot_is_one_with_a_table(app, make):
    place = market(make, make.organiser(), tables=1)
    book(place, 0, 0, 0)

    side = place.projects[1]
    free = self_booking.bookable(place.setup, side, place.funders[1])
    meeting = self_booking.book(place.event.slug, side.uid, place.funders[1].uid, self_booking.NEXT, user_of(side))

    assert place.slots[0].id not in {slot.id for slot in free}
    assert meeting.slot_id == place.slots[1].id


def test_slots_without_an_interpreter_are_not_offered(app, make):
    place = market(make, make.organiser())
    side, other = place.projects[0], place.funders[0]
    interpreter = make.store(Interpreter(event_id=place.event.id, name="Ana", pairs=["en-es"], created_at=clock.now()))
    with atomic() as current:
        current.merge(side).languages = ["es"]
        current.merge(other).languages = ["en"]
        current.add_all(InterpreterShift(interpreter_id=interpreter.id, slot_id=slot.id) for slot in place.slots[2:4])

    free = self_booking.bookable(place.setup, side, other)
    meeting = self_booking.book(place.event.slug, side.uid, other.uid, self_booking.NEXT, user_of(side))

    assert [slot.id for slot in free] == [slot.id for slot in place.slots[2:4]]
    assert (meeting.slot_id, meeting.interpreter_id) == (place.slots[2].id, interpreter.id)
    assert audit() == []
