"""Meetings when people leave, an event is cancelled or moved; and what calendars then show."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import Letter, Meeting, MeetingState
from marketplace.services import events, invites, registration
from marketplace.services.meetings import self_booking
from tests.meetings import audit, market, user_of


@pytest.fixture
def organiser(app, make):
    return make.organiser()


def booked(place, project=0, funder=0, slot=0):
    side = place.projects[project]
    return self_booking.book(
        place.event.slug, side.uid, place.funders[funder].uid, place.slots[slot].uid, user_of(side)
    )


def feed(user):
    return invites.personal_feed(invites.feed_of(user)).decode().replace("\r\n ", "")


def entry(text, uid):
    """The lines of one entry of a feed."""
    return next(part for part in text.split("BEGIN:VEVENT") if uid in part)


def test_colleague_takes_over_from_who_cancels_the_registration(make, organiser):
    place = market(make, organiser, people=2)
    meeting = booked(place)
    first, second = (member.registration for member in place.projects[0].members)

    registration.cancel(first.uid, first.user)

    coming = {person.registration_id for person in meeting.people if person.withdrawn_at is None}
    assert second.id in coming
    assert meeting.state is MeetingState.SCHEDULED
    assert audit() == []


def test_meeting_of_the_only_person_is_cancelled_and_the_other_side_told(make, organiser):
    place = market(make, organiser)
    meeting = booked(place)
    person = place.projects[0].members[0].registration

    registration.cancel(person.uid, person.user)

    session().refresh(meeting)
    assert meeting.state is MeetingState.CANCELLED
    told = session().scalars(select(Letter).where(Letter.kind == "meeting.cancelled")).all()
    assert user_of(place.funders[0]).email in {letter.recipient for letter in told}
    assert audit() == []


def test_event_that_moves_takes_its_meetings_along(make, organiser):
    place = market(make, organiser)
    meeting = booked(place)
    uid, sequence, starts = meeting.calendar_uid, meeting.calendar_sequence, meeting.slot.starts_at

    events.move(place.event.slug, 7, organiser)

    session().refresh(meeting)
    assert (meeting.calendar_uid, meeting.calendar_sequence) == (uid, sequence + 1)
    assert meeting.slot.starts_at == starts + timedelta(days=7)
    assert audit() == []


def test_event_that_is_cancelled_ends_its_meetings(make, organiser):
    place = market(make, organiser)
    booked(place)

    events.cancel(place.event.slug, organiser)

    assert [meeting.state for meeting in session().scalars(select(Meeting))] == [MeetingState.CANCELLED]
    assert audit() == []


def test_feed_shows_meetings_with_one_uid_and_a_rising_sequence(make, organiser):
    """I02, I04"""
    place = market(make, organiser)
    user = user_of(place.projects[0])
    before = invites.personal_feed_tag(invites.feed_of(user))
    meeting = booked(place)

    first = entry(feed(user), meeting.calendar_uid)
    self_booking.move(meeting.uid, place.slots[2].uid, user)
    second = entry(feed(user), meeting.calendar_uid)
    self_booking.cancel(meeting.uid, "ill", user)
    third = entry(feed(user), meeting.calendar_uid)

    numbers = [int(re.search(r"SEQUENCE:(\d+)", part)[1]) for part in (first, second, third)]
    assert numbers == sorted(set(numbers))
    assert "STATUS:CANCELLED" in third
    assert "STATUS:CANCELLED" not in second
    assert "Table 1" in first
    assert invites.personal_feed_tag(invites.feed_of(user)) != before
