from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from marketplace.database import session
from marketplace.models import (
    AttendeeCategory,
    Event,
    EventState,
    ProgrammeSession,
    Registration,
    RegistrationState,
    SessionSignUp,
    User,
)
from marketplace.services import events, invites, programme, sample, seats, tickets


@pytest.fixture
def loaded(app, clock):
    """The sample programme, loaded on 2 March 2026."""
    sample.load()
    return {event.slug: event for event in session().scalars(select(Event))}


def test_first_dialogue_is_archived_with_its_four_documented_topics(loaded):
    event = loaded["dialogue-sao-paulo-2024"]

    titles = [entry.titles["en"] for entry in programme.sessions(event)]

    assert event.state is EventState.ARCHIVED
    assert event.starts_at == datetime(2024, 6, 18, 12, tzinfo=UTC)
    assert titles == [
        "Reforestation and green corridors",
        "Resilient housing",
        "Water infrastructure",
        "Technology for adaptation",
    ]
    assert [tie.organisation.slug for tie in event.organisers] == ["institute-of-the-americas", "iclei-usa"]
    assert tickets.types(event) == []


def test_marketplace_has_sixty_sessions_without_a_clash_in_three_languages(loaded):
    event = loaded["marketplace-washington"]
    entries = programme.sessions(event)

    kinds = Counter(entry.kind.value for entry in entries)

    assert kinds == {
        "pitch": 24,
        "reverse_pitch": 12,
        "panel": 6,
        "workshop": 6,
        "plenary": 4,
        "break": 8,
    }
    assert programme.clashes(event) == []
    assert {tuple(sorted(entry.titles)) for entry in entries} == {("en", "es", "pt")}
    assert list(programme.by_day(event, entries)) == ["2026-06-20", "2026-06-21"]
    assert all(entry.speakers for entry in entries if entry.kind.value != "break")


def test_second_dialogue_has_no_clash_and_free_places(loaded):
    event = loaded["second-dialogue"]

    offers = {offer.ticket.names["en"]: offer.availability.value for offer in tickets.offers(event)}

    assert programme.clashes(event) == []
    assert offers == {
        "City delegate": "open",
        "Funder or provider": "open",
        "Observer": "open",
        "Supporter": "payment_not_open",
    }


def test_marketplace_is_exactly_full_with_people_in_every_state(loaded):
    event = loaded["marketplace-washington"]
    states = Counter(session().scalars(select(Registration.state).where(Registration.event_id == event.id)))
    counted = seats.tally(event)

    assert set(states) == set(RegistrationState)
    assert sum(counted.held.values()) == event.capacity
    assert not any(counted.has_place(ticket, key[1]) for ticket in counted.tickets.values() for key in counted.held)


def test_attendee_is_registered_and_has_a_session_and_a_feed(loaded):
    attendee = session().scalar(select(User).where(User.email == "attendee@cities.example"))

    own = session().scalars(select(Registration).where(Registration.user_id == attendee.id)).all()
    feed = invites.personal_feed(invites.feed_of(attendee))

    assert {one.state for one in own} == {RegistrationState.CONFIRMED}
    assert {one.category for one in own} == {AttendeeCategory.ACADEMIA}
    assert feed.count(b"BEGIN:VEVENT") == 4


def test_no_session_with_sign_up_is_beyond_its_places(loaded):
    rows = (
        session()
        .execute(
            select(ProgrammeSession.capacity, func.count())
            .join(SessionSignUp, SessionSignUp.session_id == ProgrammeSession.id)
            .group_by(ProgrammeSession.id, ProgrammeSession.capacity)
        )
        .all()
    )

    assert rows
    assert all(number <= capacity for capacity, number in rows)


def test_public_list_has_what_is_to_come_first(loaded):
    assert [(entry.slug, entry.is_over) for entry in events.calendar()] == [
        ("second-dialogue", False),
        ("marketplace-washington", False),
        ("dialogue-sao-paulo-2024", True),
    ]
