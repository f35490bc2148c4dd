"""B01, B02, B04 to B07: many book, move and cancel at once in several processes; then the tables are audited."""

import random
from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from marketplace.database import atomic, session
from marketplace.errors import Refusal
from marketplace.models import Event, Hold, HoldKind, Meeting, MeetingParty, MeetingState, PartyRole, User
from marketplace.services import sign_ups
from marketplace.services.meetings import holds, self_booking, slots, tables
from tests.meetings import audit, market, user_of
from tests.races.actors import PROCESSES, together


def tried(word, act, *arguments, **options) -> str:
    """Do it and return the word, or the name of the refusal."""
    try:
        act(*arguments, **options)
        return word
    except Refusal as refusal:
        return type(refusal).__name__


def person(identity: int) -> User:
    return session().get_one(User, identity)


def book_share(number: int, slug: str, wanted: list[tuple[int, str, str, str]]) -> str:
    """Book this process's share, each as (user, party, other, slot)."""
    return " ".join(
        tried("booked", self_booking.book, slug, party, other, slot, person(user))
        for user, party, other, slot in wanted[number::PROCESSES]
    )


def test_forty_want_one_slot_of_one_funder(app, make, database_url):
    """B01"""
    place = market(make, make.organiser(), projects=40, funders=1, tables=40, hours=1)
    wanted = [(user_of(one).id, one.uid, place.funders[0].uid, place.slots[0].uid) for one in place.projects]

    answers = together(database_url, book_share, place.event.slug, wanted)

    assert answers == {"booked": 1, "NobodyFree": 39}
    assert audit() == []


def test_side_that_may_have_three_meetings_gets_three_whoever_asks_at_once(app, make, database_url):
    """B06"""
    limits = {**dict.fromkeys(PartyRole, (0, 20)), PartyRole.FUNDER: (0, 3)}
    place = market(make, make.organiser(), projects=12, funders=1, tables=12, hours=4, limits=limits)
    wanted = [
        (user_of(one).id, one.uid, place.funders[0].uid, slot.uid)
        for one, slot in zip(place.projects, place.slots, strict=True)
    ]

    answers = together(database_url, book_share, place.event.slug, wanted)

    assert answers == {"booked": 3, "CapReached": 9}
    assert audit() == []


def test_every_table_in_demand_is_taken(app, make, database_url):
    place = market(make, make.organiser(), projects=12, funders=12, tables=5, hours=1)
    wanted = [
        (user_of(one).id, one.uid, other.uid, place.slots[0].uid)
        for one, other in zip(place.projects, place.funders, strict=True)
    ]

    answers = together(database_url, book_share, place.event.slug, wanted)

    assert answers == {"booked": 5, "NoTable": 7}
    assert audit() == []


def storm(number: int, slug: str, parties: list[tuple[int, str]], others: list[str], slots: list[str]) -> str:
    """Book, move and cancel at random, and sign up for a session at the same time."""
    dice = random.Random(number)
    answers = []
    for _ in range(30):
        user, party = dice.choice(parties)
        act = dice.random()
        mine = list(
            session().scalars(
                select(Meeting.uid)
                .join(MeetingParty, MeetingParty.id == Meeting.first_party_id)
                .where(MeetingParty.uid == party, Meeting.state == MeetingState.SCHEDULED)
            )
        )
        by = person(user)
        if act < 0.55 or not mine:
            other, slot = dice.choice(others), dice.choice(slots)
            answers.append(tried("booked", self_booking.book, slug, party, other, slot, by))
        elif act < 0.8:
            uid, slot = dice.choice(mine), dice.choice(slots)
            answers.append(tried("moved", self_booking.move, uid, slot, by))
        else:
            uid = dice.choice(mine)
            answers.append(tried("cancelled", self_booking.cancel, uid, "storm", by))
    return " ".join(answers)


def test_storm_of_bookings_moves_and_cancellations_keeps_everybody_in_one_place(app, make, database_url):
    """B02, B04, B05: and what was freed can be booked at once."""
    place = market(make, make.organiser(), projects=8, funders=5, tables=3, hours=2)
    parties = [(user_of(one).id, one.uid) for one in place.projects]

    answers = together(
        database_url,
        storm,
        place.event.slug,
        parties,
        [one.uid for one in place.funders],
        [slot.uid for slot in place.slots],
    )

    assert not [word for word in answers if word.startswith("error")], answers
    assert answers["booked"] > 0
    assert audit() == []
    for meeting in session().scalars(select(Meeting).where(Meeting.state == MeetingState.SCHEDULED)).all():
        side = meeting.first_party
        slot, other = meeting.slot.uid, meeting.second_party.uid
        self_booking.cancel(meeting.uid, "again", user_of(side))
        assert self_booking.book(place.event.slug, side.uid, other, slot, user_of(side)).uid != meeting.uid
    assert audit() == []


def book_or_sign_up(number: int, slug: str, user: int, party: str, other: str, slot: str, talk: str) -> str:
    by = person(user)
    if number % 2:
        return tried("booked", self_booking.book, slug, party, other, slot, by)
    side = session().scalar(select(MeetingParty).where(MeetingParty.uid == party))
    return tried("signed-up", sign_ups.sign_up, side.members[0].registration, talk, by)


@pytest.mark.parametrize("attempt", range(3))
def test_meeting_and_session_at_one_time_exclude_each_other(app, make, database_url, attempt):
    place = market(make, make.organiser(), projects=1, funders=1)
    slot, side = place.slots[0], place.projects[0]
    talk = make.session(place.event, starts_at=slot.starts_at, ends_at=slot.ends_at)

    answers = together(
        database_url,
        book_or_sign_up,
        place.event.slug,
        user_of(side).id,
        side.uid,
        place.funders[0].uid,
        slot.uid,
        talk.uid,
    )

    assert (answers["booked"] == 1) is not (answers["signed-up"] == 2), answers
    assert audit() == []


def book_carelessly(number: int, slug: str, wanted: list[tuple[int, str, str, str]]) -> str:
    """The same where nothing is held."""
    holds.take = lambda *arguments: None
    return book_share(number, slug, wanted)


def test_without_the_constraint_people_are_in_two_places(app, make, database_url):
    """B07: if this ever keeps everybody in one place, the races above have stopped testing anything."""
    place = market(make, make.organiser(), projects=12, funders=1, tables=40, hours=1)
    wanted = [(user_of(one).id, one.uid, place.funders[0].uid, place.slots[0].uid) for one in place.projects]

    answers = together(database_url, book_carelessly, place.event.slug, wanted)

    assert answers["booked"] > 1
    assert any("at once" in line for line in audit())


def test_database_refuses_a_second_hold_whoever_writes_it(app, make, database_url):
    place = market(make, make.organiser(), projects=1, funders=1)
    side = place.projects[0]
    meeting = self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[0].uid, user_of(side))
    held = session().scalars(select(Hold).where(Hold.kind == HoldKind.PERSON, Hold.meeting_id == meeting.id)).first()

    with pytest.raises(IntegrityError, match=r"(?i)unique"), atomic() as one:
        one.execute(
            text("INSERT INTO hold (kind, resource_id, unit) VALUES ('person', :person, :unit)"),
            {"person": held.resource_id, "unit": held.unit},
        )

    assert session().scalar(select(func.count()).select_from(Hold).where(Hold.unit == held.unit)) == 4


def book_or_rebuild(number: int, slug: str, wanted: list[tuple[int, str, str, str]], boss: int, half_day: str) -> str:
    """One process cuts the session and closes and opens tables again and again, all others book."""
    if number:
        return book_share(number, slug, wanted)
    answers = []
    for turn in range(6):
        by = person(boss)
        event = session().scalar(select(Event).where(Event.slug == slug))
        now = slots.details_of(slots.find(event, half_day), event.timezone)
        ends = time(11) if turn % 2 == 0 else time(12)
        cut = replace(now, ends=ends)
        answers.append(tried("cut", slots.save, slug, cut, by, half_day, is_confirmed=True))
        table = tables.of_event(event.id)[turn % 2].uid
        answers.append(tried("closed", tables.close, slug, table, by, is_confirmed=True))
        if turn < 4:
            answers.append(tried("opened", tables.reopen, slug, table, by))
    return " ".join(answers)


def test_no_meeting_is_left_in_a_slot_given_up_or_at_a_closed_table(app, make, database_url):
    boss = make.organiser()
    place = market(make, boss, projects=10, funders=6, tables=4, hours=2)
    wanted = [
        (user_of(one).id, one.uid, other.uid, slot.uid)
        for slot in place.slots
        for one in place.projects
        for other in place.funders
    ]
    random.Random(1).shuffle(wanted)

    answers = together(database_url, book_or_rebuild, place.event.slug, wanted[:240], boss.id, place.session.uid)

    session().expire_all()
    live = session().scalars(select(Meeting).where(Meeting.state == MeetingState.SCHEDULED)).all()
    assert not [word for word in answers if word.startswith("error") or word == "Unavailable"], answers
    assert (answers["cut"], answers["closed"], answers["opened"]) == (6, 6, 4)
    assert [meeting for meeting in live if meeting.slot.retired_at is not None] == []
    assert [meeting for meeting in live if meeting.table.closed_at is not None] == []
    assert audit() == []
