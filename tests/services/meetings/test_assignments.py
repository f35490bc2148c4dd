"""What interpreters interpret, with their rests; and what becomes of it in calendars, and when one does not come."""

from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import select

from marketplace.database import atomic, session
from marketplace.errors import Conflict
from marketplace.models import Hold, HoldKind, ScheduleKind
from marketplace.services import invites, jobs, registration
from marketplace.services.meetings import assignments, entries, interpreters, self_booking, setup
from marketplace.services.meetings.scheduling import publishing, runs
from tests.meetings import audit, market, user_of


def hire(place, organiser, name, **values):
    wanted = frozenset(slot.uid for slot in place.slots)
    details = interpreters.Details(name, ("en", "pt"), slot_uids=wanted, **values)
    return interpreters.save(place.event.slug, details, organiser)


@pytest.fixture
def person(make, place):
    user = make.user()
    return make.registration(place.event, place.ticket, user_id=user.id, email=user.email, name="Ana")


@pytest.fixture
def place(clock, make, organiser):
    found = market(make, organiser, projects=1, funders=4, hours=2)
    with atomic():
        for side in (*found.projects, *found.funders):
            side.languages = ["pt"] if side in found.projects else ["en"]
    return found


def book(place, *numbers):
    side = place.projects[0]
    return [
        self_booking.book(place.event.slug, side.uid, funder.uid, place.slots[number].uid, user_of(side))
        for funder, number in zip(place.funders, numbers, strict=False)
    ]


def test_meetings_come_by_day_with_the_rests_between(place, organiser):
    ana = hire(place, organiser, "Ana")
    made = book(place, 3, 0, 1)

    found = assignments.of([ana])
    ((_day, stretches),) = assignments.days(found, place.event.timezone)

    assert [meeting.uid for meeting in found] == [made[1].uid, made[2].uid, made[0].uid]
    assert assignments.counts(place.event.id) == {ana.id: 3}
    told = [(place.slots[0].starts_at, True), (place.slots[1].starts_at, True)]
    told += [(place.slots[1].ends_at, False), (place.slots[3].starts_at, True)]
    assert [(one.starts_at, one.meeting is not None) for one in stretches] == told
    assert {one.languages for one in stretches} == {"English – Portuguese", ""}


def test_calendar_of_somebody_who_interprets_follows_every_change(place, organiser, person):
    ana = hire(place, organiser, "Ana", registration_uid=person.uid)
    feed = invites.feed_of(person)
    tags = [invites.personal_feed_tag(feed)]

    (meeting,) = book(place, 0)
    tags.append(invites.personal_feed_tag(feed))
    shown = invites.personal_feed(feed).decode()
    file = invites.programme_file(person).decode()
    self_booking.move(meeting.uid, place.slots[2].uid, user_of(place.projects[0]))
    tags.append(invites.personal_feed_tag(feed))
    moved = invites.personal_feed(feed).decode()
    self_booking.cancel(meeting.uid, "No train", user_of(place.projects[0]))
    tags.append(invites.personal_feed_tag(feed))

    assert assignments.known_as(person) == [ana]
    for text in (shown.replace("\r\n ", ""), file.replace("\r\n ", "")):
        assert f"UID:{meeting.calendar_uid}" in text
        assert "SUMMARY:Interpreting: " in text
        assert "English – Portuguese" in text
    assert f"DTSTART:{place.slots[2].starts_at:%Y%m%dT%H%M%SZ}" in moved
    assert "Interpreting" not in invites.personal_feed(feed).decode()
    assert all(one != other for one, other in pairwise(tags))


def test_calendar_of_others_shows_nothing_of_it(place, organiser, person, make):
    hire(place, organiser, "Ana", registration_uid=person.uid)
    book(place, 0)
    other = make.registration(place.event, place.ticket)

    assert "Interpreting" not in invites.programme_file(other).decode()
    assert assignments.known_as(other) == []


def test_interpreter_who_does_not_come_is_named_and_a_repair_finds_another(place, organiser, person):
    hire(place, organiser, "Ana", registration_uid=person.uid)
    (meeting,) = book(place, 0)
    bo = hire(place, organiser, "Bo")
    assert not any("Ana" in str(problem) for problem in setup.problems(place.event))

    registration.cancel(person.uid, organiser)

    assert any(
        str(problem).startswith("Ana does not come any more and still interprets 1 meeting.")
        for problem in setup.problems(place.event)
    )
    uid = runs.start(place.event.slug, ScheduleKind.REPAIR, organiser, seconds=2).uid
    runs.perform(jobs.Run(0, 1, {"schedule": uid}))
    publishing.publish(place.event.slug, uid, organiser)
    session().refresh(meeting)
    assert meeting.interpreter_id == bo.id
    assert not any("Ana" in str(problem) for problem in setup.problems(place.event))
    assert audit() == []


def test_interpreter_is_linked_to_a_registration_once_there_are_meetings(place, organiser, person, make):
    ana = hire(place, organiser, "Ana")
    (meeting,) = book(place, 0)
    busy = place.projects[0].members[0].registration
    details = interpreters.details_of(ana)

    with pytest.raises(Conflict, match="has a session or another meeting"):
        interpreters.save(place.event.slug, replace(details, registration_uid=busy.uid), organiser, ana.uid)
    session().rollback()
    interpreters.save(place.event.slug, replace(details, registration_uid=person.uid), organiser, ana.uid)

    assert [one.uid for one in entries.interpreted_by([person.id])] == [meeting.uid]
    held = select(Hold.resource_id).where(Hold.meeting_id == meeting.id, Hold.kind == HoldKind.PERSON).distinct()
    assert person.id in session().scalars(held).all()

    interpreters.save(place.event.slug, replace(details, registration_uid=""), organiser, ana.uid)
    assert person.id not in session().scalars(held).all()
