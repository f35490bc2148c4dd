"""How many places are taken and left. Decide on these numbers only under `lock(Event, ...)`.

A place counts in up to three ways: at the venue (or, for an online event, altogether), in its ticket type, and in the
places that several ticket types share.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, bindparam, func, select

from marketplace.database import rows
from marketplace.models import (
    HOLDING_STATES,
    Attendance,
    Event,
    EventMode,
    Registration,
    RegistrationState,
    TicketPool,
    TicketType,
)
from marketplace.services import terms


@dataclass
class Tally:
    """Places held per ticket type and manner of attendance, who waits for what, and the first offer to expire."""

    event: Event
    tickets: dict[int, TicketType]
    held: Counter[tuple[int, Attendance]]
    waiting: Counter[tuple[int, Attendance]]
    first_expiry: datetime | None

    def left(self, ticket: TicketType, attendance: Attendance) -> int | None:
        """Return how many places are left for this ticket and manner of attendance; None for no limit."""
        limits = []
        if self.event.capacity is not None and self._takes_seat(attendance):
            limits.append(self.event.capacity - self.at_venue())
        if ticket.capacity is not None:
            limits.append(ticket.capacity - self.with_ticket(ticket))
        if ticket.pool is not None:
            limits.append(ticket.pool.capacity - self.in_pool(ticket.pool))
        return max(0, min(limits)) if limits else None

    def at_venue(self) -> int:
        """Return how many places are taken at the venue (or, for an online event, altogether)."""
        return sum(number for key, number in self.held.items() if self._takes_seat(key[1]))

    def with_ticket(self, ticket: TicketType) -> int:
        """Return how many hold this ticket type."""
        return sum(number for key, number in self.held.items() if key[0] == ticket.id)

    def in_pool(self, pool: TicketPool) -> int:
        """Return how many hold a ticket type that shares these places."""
        shared = {ticket.id for ticket in self.tickets.values() if ticket.pool_id == pool.id}
        return sum(number for key, number in self.held.items() if key[0] in shared)

    def overfull(self) -> list[tuple[dict[str, str], int, int]]:
        """Return where more is taken than there is, since somebody lowered a number.

        Name (by language; empty for the event itself), places taken, places there are.
        """
        pools = {ticket.pool.id: ticket.pool for ticket in self.tickets.values() if ticket.pool is not None}
        found: list[tuple[dict[str, str], int, int | None]] = [({}, self.at_venue(), self.event.capacity)]
        found += [(ticket.names, self.with_ticket(ticket), ticket.capacity) for ticket in self.tickets.values()]
        found += [(pool.names, self.in_pool(pool), pool.capacity) for pool in pools.values()]
        return [(names, taken, there) for names, taken, there in found if there is not None and taken > there]

    def has_place(self, ticket: TicketType, attendance: Attendance) -> bool:
        """Tell whether one more fits."""
        return self.left(ticket, attendance) != 0

    def _takes_seat(self, attendance: Attendance) -> bool:
        return self.event.mode is not EventMode.HYBRID or attendance is Attendance.IN_PERSON


def _counts(*states: RegistrationState) -> Executable:
    return (
        select(
            Registration.ticket_type_id,
            Registration.attendance,
            Registration.state,
            func.count(),
            func.min(Registration.offer_expires_at),
        )
        .where(Registration.event_id == bindparam("event_id"), Registration.state.in_(states))
        .group_by(Registration.state, Registration.ticket_type_id, Registration.attendance)
    )


_ALL = _counts(*HOLDING_STATES, RegistrationState.WAITING)
_OPEN = _counts(RegistrationState.OFFERED, RegistrationState.WAITING)
"""Counted where nothing limits the places: how many have one would take longest, and decides nothing."""


def _tickets(event: Event) -> dict[int, TicketType]:
    return {ticket.id: ticket for ticket in terms.tickets(event)}


def _is_limited(event: Event, tickets: dict[int, TicketType]) -> bool:
    return event.capacity is not None or any(
        ticket.capacity is not None or ticket.pool is not None for ticket in tickets.values()
    )


def glimpse(event: Event) -> Tally:
    """Count to tell how many places are left; nothing is counted where nothing limits them."""
    tickets = _tickets(event)
    if _is_limited(event, tickets):
        return _counted(event, tickets, _ALL)
    return Tally(event, tickets, Counter(), Counter(), None)


def scarce(event: Event) -> Tally:
    """Count what decides who gets a place: as `tally`, but where nothing limits them only who waits for one."""
    tickets = _tickets(event)
    return _counted(event, tickets, _ALL if _is_limited(event, tickets) else _OPEN)


def tally(event: Event) -> Tally:
    """Count the places of an event: one statement, two where its terms are not kept."""
    return _counted(event, _tickets(event), _ALL)


def _counted(event: Event, tickets: dict[int, TicketType], statement: Executable) -> Tally:
    held: Counter[tuple[int, Attendance]] = Counter()
    waiting: Counter[tuple[int, Attendance]] = Counter()
    expiries = []
    for ticket_id, attendance, state, number, first_expiry in rows(statement, {"event_id": event.id}):
        (waiting if state is RegistrationState.WAITING else held)[ticket_id, attendance] += number
        if first_expiry is not None:
            expiries.append(first_expiry)
    return Tally(event, tickets, held, waiting, min(expiries, default=None))
