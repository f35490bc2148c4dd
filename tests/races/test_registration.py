"""B06, B07: the last places of an event, wanted by two hundred people at once, by way of several processes."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import session
from marketplace.errors import Refusal
from marketplace.models import AttendeeCategory, Registration, RegistrationState, SessionSignUp
from marketplace.services import events, registration, seats, sign_ups, terms, waiting_list
from marketplace.services.registration import Application
from tests.races.actors import PROCESSES, together

PEOPLE = 200
PLACES = 10
SOON = (clock.now() + timedelta(days=30)).date()


def register_share(number: int, slug: str, ticket: str) -> str:
    """Register this process's share of the people, one after the other."""
    answers = []
    for person in range(number, PEOPLE, PROCESSES):
        form = Application(
            name=f"Person {person}", email=f"p{person}@example.org", category=AttendeeCategory.CITY, ticket=ticket
        )
        try:
            answers.append(registration.register(slug, form).state.value)
        except Refusal as refusal:
            answers.append(type(refusal).__name__)
    return " ".join(answers)


def register_share_carelessly(number: int, slug: str, ticket: str) -> str:
    """The same without the lock: what is counted was seen a moment before the writing."""
    terms._LOCKED = select(*terms._LOCKED.selected_columns).where(terms._LOCKED.whereclause)
    register = registration.register

    def register_late(slug, form):
        seen = seats.tally(events.public(slug))
        session().rollback()
        time.sleep(0.005)
        waiting_list.pass_on = lambda event: seen
        return register(slug, form)

    registration.register = register_late
    return register_share(number, slug, ticket)


@pytest.mark.parametrize("has_waiting_list", [True, False], ids=["waiting list", "sold out"])
def test_last_places_are_given_once(app, make, database_url, has_waiting_list):
    event = make.event(capacity=PLACES, has_waiting_list=has_waiting_list, starts_on=SOON)
    ticket = make.ticket(event)

    answers = together(database_url, register_share, event.slug, ticket.uid)

    assert answers == {"confirmed": PLACES, "waiting" if has_waiting_list else "SoldOut": PEOPLE - PLACES}
    confirmed = select(func.count()).where(Registration.state == RegistrationState.CONFIRMED)
    assert session().scalar(confirmed) == PLACES


def test_without_the_lock_the_last_places_are_given_twice(app, make, database_url):
    """B07: if this ever keeps to the capacity, the race test above has stopped testing anything."""
    event = make.event(capacity=PLACES, starts_on=SOON)
    ticket = make.ticket(event)

    answers = together(database_url, register_share_carelessly, event.slug, ticket.uid)

    assert answers["confirmed"] > PLACES


def sign_up_share(number: int, uids: list[str], session_uid: str) -> str:
    """Sign this process's share of the people up for one session."""
    answers = []
    for uid in uids[number::PROCESSES]:
        person = session().scalar(select(Registration).where(Registration.uid == uid))
        try:
            sign_ups.sign_up(person, session_uid, None)
            answers.append("in")
        except Refusal as refusal:
            answers.append(type(refusal).__name__)
    return " ".join(answers)


def test_places_in_a_session_are_given_once(app, make, database_url):
    event = make.event(starts_on=SOON)
    workshop = make.session(event, needs_sign_up=True, capacity=5)
    ticket = make.ticket(event)
    people = [make.registration(event, ticket).uid for _ in range(40)]

    answers = together(database_url, sign_up_share, people, workshop.uid)

    assert answers == {"in": 5, "SoldOut": 35}
    assert session().scalar(select(func.count()).select_from(SessionSignUp)) == 5


def register_once(number: int, slug: str, ticket: str, attempt: str) -> str:
    """Send the same form five times."""
    form = Application(
        name="Ana", email="ana@example.org", category=AttendeeCategory.CITY, ticket=ticket, attempt=attempt
    )
    return " ".join(registration.register(slug, form).uid for _ in range(5))


def test_same_form_sent_twenty_times_at_once_is_one_registration(app, make, database_url):
    """B03"""
    event = make.event(starts_on=SOON)
    ticket = make.ticket(event)

    answers = together(database_url, register_once, event.slug, ticket.uid, "x" * 22)

    assert list(answers.values()) == [20]
    assert session().scalar(select(func.count()).select_from(Registration)) == 1
