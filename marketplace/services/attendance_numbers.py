"""How many take part in an event: by state, group, ticket, manner and country, and day by day."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from marketplace.database import session
from marketplace.models import (
    LIVE_STATES,
    Attendance,
    AttendeeCategory,
    Event,
    Registration,
    RegistrationState,
    TicketType,
    User,
)
from marketplace.services import events, seats, wallclock


@dataclass(frozen=True)
class Day:
    """Registrations made on one day at the venue, and how many had been made by its end."""

    day: date
    made: int
    total: int


@dataclass(frozen=True)
class Numbers:
    """What an organiser watches; all but `states` counts confirmed registrations only. Tickets by uid."""

    states: dict[RegistrationState, int]
    categories: dict[AttendeeCategory, int]
    attendances: dict[Attendance, int]
    tickets: dict[str, int]
    countries: dict[str, int]
    languages: dict[str, int]
    days: list[Day]
    capacity: int | None
    places_left: int | None


def of_event(slug: str, by: User) -> Numbers:
    """Return the numbers of an event to its organisers."""
    event = events.managed(slug, by)
    confirmed = (Registration.event_id == event.id) & (Registration.state == RegistrationState.CONFIRMED)
    statement = select(Registration.state, func.count()).where(Registration.event_id == event.id)
    by_state = {row[0]: row[1] for row in session().execute(statement.group_by(Registration.state))}
    facts = (
        session()
        .execute(
            select(
                Registration.category,
                Registration.attendance,
                TicketType.uid,
                Registration.country,
                Registration.locale,
                func.count(),
            )
            .join(TicketType, TicketType.id == Registration.ticket_type_id)
            .where(confirmed)
            .group_by(
                Registration.category,
                Registration.attendance,
                TicketType.uid,
                Registration.country,
                Registration.locale,
            )
        )
        .all()
    )
    counted = seats.tally(event)
    left = [counted.left(ticket, Attendance.IN_PERSON) for ticket in counted.tickets.values()]
    return Numbers(
        states={state: by_state[state] for state in RegistrationState if state in by_state},
        categories=_sums((row[0], row[5]) for row in facts),
        attendances=_sums((row[1], row[5]) for row in facts),
        tickets=_sums((row[2], row[5]) for row in facts),
        countries=_sums((row[3], row[5]) for row in facts if row[3]),
        languages=_sums((row[4], row[5]) for row in facts),
        days=_days(event),
        capacity=event.capacity,
        places_left=None if not left or None in left else max(number for number in left if number is not None),
    )


def by_event(events_: Iterable[Event]) -> dict[int, Counter[RegistrationState]]:
    """Count the registrations of several events by state, by id of the event, in one statement."""
    found: dict[int, Counter[RegistrationState]] = {event.id: Counter() for event in events_}
    rows = session().execute(
        select(Registration.event_id, Registration.state, func.count())
        .where(Registration.event_id.in_(found))
        .group_by(Registration.event_id, Registration.state)
    )
    for event_id, state, number in rows:
        found[event_id][state] = number
    return found


def _sums(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Add up, the largest first."""
    counted: Counter[Any] = Counter()
    for key, number in pairs:
        counted[key] += number
    return dict(counted.most_common())


def _days(event: Event) -> list[Day]:
    made = Counter(
        wallclock.day(at, event.timezone)
        for at in session().scalars(
            select(Registration.created_at).where(
                Registration.event_id == event.id, Registration.state.in_(LIVE_STATES)
            )
        )
    )
    if not made:
        return []
    day, last, total, found = min(made), max(made), 0, []
    while day <= last:
        total += made[day]
        found.append(Day(day, made[day], total))
        day += timedelta(days=1)
    return found
