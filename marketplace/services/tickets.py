"""Ticket types: who may take which, when, at which price, with which code; and the places several share."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from babel.numbers import list_currencies
from sqlalchemy import func, select

from marketplace import clock, keys
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound, NotOpen
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Attendance,
    AttendeeCategory,
    Event,
    EventMode,
    EventState,
    Registration,
    TicketPool,
    TicketType,
    User,
)
from marketplace.services import audit, events, seats, texts, wallclock
from marketplace.services.seen import require


@dataclass(frozen=True)
class Details:
    """What an organiser decides about a ticket type; the price in minor units of the currency, 0 is free.

    No `categories` means everybody; with an `access_code` it is hidden from those who do not enter it. `pool` is the
    uid of the places it shares with others.
    """

    names: dict[str, str]
    descriptions: dict[str, str] = field(default_factory=dict)
    price: int = 0
    currency: str = "USD"
    capacity: int | None = None
    pool: str = ""
    sales_open_at: datetime | None = None
    sales_close_at: datetime | None = None
    categories: tuple[AttendeeCategory, ...] = ()
    needs_approval: bool = False
    access_code: str = ""
    position: int = 0


class Availability(StrEnum):
    """Whether a ticket can be taken now, and if not, why."""

    OPEN = "open"
    WAITING_LIST = "waiting_list"
    SOLD_OUT = "sold_out"
    NOT_YET = "not_yet"
    OVER = "over"
    PAYMENT_NOT_OPEN = "payment_not_open"


@dataclass(frozen=True)
class Offer:
    """A ticket type as the registration form shows it; `left` is None without a limit, `opens_at` without a date."""

    ticket: TicketType
    availability: Availability
    left: int | None
    opens_at: datetime | None = None

    @property
    def can_be_taken(self) -> bool:
        """Whether the form offers it as a choice."""
        return self.availability in {Availability.OPEN, Availability.WAITING_LIST}


def details_of(ticket: TicketType) -> Details:
    """Return what was decided about a ticket type, to fill a form."""
    values = {name: getattr(ticket, name) for name in _PLAIN}
    categories = tuple(AttendeeCategory(code) for code in ticket.categories)
    return Details(**values, categories=categories, pool=ticket.pool.uid if ticket.pool else "")


_PLAIN = tuple(name for name in Details.__dataclass_fields__ if name not in {"categories", "pool"})


def find(slug: str, uid: str, by: User) -> TicketType:
    """Return one ticket type to the organisers of its event; raises `NotFound`."""
    return _own(events.managed(slug, by), uid)


def save(slug: str, details: Details, by: User, uid: str = "", *, seen: str = "") -> TicketType:
    """Add a ticket type to an event, or change the one named by `uid`; more places go to who waits.

    With the mark of what was `seen`, raises `Overtaken` where somebody else has changed it since.
    """
    from marketplace.services import waiting_list

    names = texts.checked(details.names, "names", 120, is_required=True)
    descriptions = texts.checked(details.descriptions, "descriptions", 1000)
    code = texts.line(details.access_code, "access_code", 40)
    _check(details)
    with atomic() as current:
        event = _editable(slug, by)
        ticket = _own(event, uid) if uid else TicketType(event_id=event.id, created_at=clock.now())
        if uid:
            require(details_of(ticket), seen)
        for name in _PLAIN:
            setattr(ticket, name, getattr(details, name))
        ticket.names, ticket.descriptions, ticket.access_code = names, descriptions, code
        ticket.categories = [category.value for category in details.categories]
        ticket.pool_id = _pool(event, details.pool).id if details.pool else None
        current.add(ticket)
        current.flush()
        current.refresh(ticket)
        _note(event, by, "ticket.saved", ticket)
        waiting_list.pass_on(event)
        return ticket


def _check(details: Details) -> None:
    if details.price < 0 or details.price > 100_000_000:
        raise Invalid("price", lazy_gettext("Please enter a price, or 0 for a free ticket."))
    if details.currency not in list_currencies():
        raise Invalid("currency", lazy_gettext("Please enter a currency such as USD."))
    if details.capacity is not None and not 0 <= details.capacity <= 1_000_000:
        raise Invalid("capacity", lazy_gettext("Please enter a number of places, or nothing for no limit."))
    opens, closes = details.sales_open_at, details.sales_close_at
    if opens is not None and closes is not None and closes < opens:
        raise Invalid("sales_close_at", lazy_gettext("The end must be after the beginning."))


def save_pool(slug: str, names: dict[str, str], capacity: int, by: User, uid: str = "") -> TicketPool:
    """Add places that several ticket types share, or change them; more places go to who waits."""
    from marketplace.services import waiting_list

    names = texts.checked(names, "names", 120, is_required=True)
    if not 0 <= capacity <= 1_000_000:
        raise Invalid("capacity", lazy_gettext("Please enter a number of places."))
    with atomic() as current:
        event = _editable(slug, by)
        pool = _pool(event, uid) if uid else TicketPool(event_id=event.id)
        pool.names, pool.capacity = names, capacity
        current.add(pool)
        current.flush()
        _note(event, by, "ticket_pool.saved", pool)
        waiting_list.pass_on(event)
        return pool


def set_open(slug: str, uid: str, is_open: bool, by: User) -> TicketType:
    """Stop offering a ticket type, or offer it again; registrations that have it keep it."""
    with atomic():
        event = _editable(slug, by)
        ticket = _own(event, uid)
        ticket.closed_at = None if is_open else clock.now()
        _note(event, by, "ticket.opened" if is_open else "ticket.closed", ticket)
        return ticket


def remove(slug: str, uid: str, by: User) -> None:
    """Remove a ticket type nobody ever took; raises `Conflict` for another, which can be closed."""
    with atomic() as current:
        event = _editable(slug, by)
        ticket = _own(event, uid)
        if current.scalar(select(func.count()).where(Registration.ticket_type_id == ticket.id)):
            raise Conflict(lazy_gettext("Somebody has this ticket. You can stop offering it instead."))
        _note(event, by, "ticket.removed", ticket)
        current.delete(ticket)


def remove_pool(slug: str, uid: str, by: User) -> None:
    """Remove shared places that no ticket type uses."""
    with atomic() as current:
        event = _editable(slug, by)
        pool = _pool(event, uid)
        if current.scalar(select(func.count()).where(TicketType.pool_id == pool.id)):
            raise Conflict(lazy_gettext("A ticket type uses these places. Change it first."))
        _note(event, by, "ticket_pool.removed", pool)
        current.delete(pool)


def _editable(slug: str, by: User) -> Event:
    event = events.editable(slug, by)
    if event.state is EventState.CANCELLED:
        raise Conflict
    return event


def _note(event: Event, by: User, act: str, about: TicketType | TicketPool) -> None:
    events.touch(event)
    audit.record(act, by, about, event=event.slug)


def _own(event: Event, uid: str) -> TicketType:
    ticket = session().scalar(select(TicketType).where(TicketType.uid == uid, TicketType.event_id == event.id))
    if ticket is None:
        raise NotFound
    return ticket


def _pool(event: Event, uid: str) -> TicketPool:
    pool = session().scalar(select(TicketPool).where(TicketPool.uid == uid, TicketPool.event_id == event.id))
    if pool is None:
        raise Invalid("pool", lazy_gettext("Please choose from the list."))
    return pool


def types(event: Event) -> list[TicketType]:
    """Return all ticket types of an event, hidden and closed ones too, for its organisers."""
    statement = select(TicketType).where(TicketType.event_id == event.id)
    return list(session().scalars(statement.order_by(TicketType.position, TicketType.id)))


def pools(event: Event) -> list[TicketPool]:
    """Return the shared places of an event."""
    return list(session().scalars(select(TicketPool).where(TicketPool.event_id == event.id).order_by(TicketPool.id)))


def offers(event: Event, code: str = "") -> list[Offer]:
    """Return the ticket types the form shows to somebody who entered `code` (perhaps nothing), in their order."""
    counted = seats.glimpse(event)
    shown = [
        ticket
        for ticket in sorted(counted.tickets.values(), key=lambda ticket: (ticket.position, ticket.id))
        if ticket.closed_at is None and (not ticket.access_code or _code_fits(ticket, code))
    ]
    return [_offer(event, ticket, counted) for ticket in shown]


def _offer(event: Event, ticket: TicketType, counted: seats.Tally) -> Offer:
    # What is scarce is the place at the venue; a hybrid event that is full there can still be joined from elsewhere.
    manners = attendances(event)
    numbers = [counted.left(ticket, attendance) for attendance in manners]
    left = None if None in numbers else max((number for number in numbers if number is not None), default=0)
    return Offer(ticket, _availability(event, ticket, left), left, opens_at(event, ticket))


def _availability(event: Event, ticket: TicketType, left: int | None) -> Availability:
    opens = opens_at(event, ticket)
    if event.state is EventState.PUBLISHED and opens is not None and clock.now() < opens:
        return Availability.NOT_YET
    if event.state is not EventState.PUBLISHED or wallclock.is_past(closes_at(event, ticket)):
        return Availability.OVER
    if ticket.price:
        return Availability.PAYMENT_NOT_OPEN
    if left == 0:
        return Availability.WAITING_LIST if event.has_waiting_list else Availability.SOLD_OUT
    return Availability.OPEN


def opens_at(event: Event, ticket: TicketType) -> datetime | None:
    """Return the first moment at which the ticket can be taken, or None where it could be at once."""
    return max((at for at in (event.registration_opens_at, ticket.sales_open_at) if at is not None), default=None)


def closes_at(event: Event, ticket: TicketType) -> datetime:
    """Return the last moment (inclusive, to its second) at which the ticket can be taken: at the latest the end."""
    limits = (event.registration_closes_at, ticket.sales_close_at, event.ends_at)
    return min(at for at in limits if at is not None)


def attendances(event: Event) -> tuple[Attendance, ...]:
    """Return the manners in which one can take part in an event."""
    return {
        EventMode.IN_PERSON: (Attendance.IN_PERSON,),
        EventMode.ONLINE: (Attendance.ONLINE,),
        EventMode.HYBRID: (Attendance.IN_PERSON, Attendance.ONLINE),
    }[event.mode]


def choose(
    event: Event,
    among: Iterable[TicketType],
    uid: str,
    category: AttendeeCategory,
    code: str,
    *,
    at_desk: bool = False,
) -> TicketType:
    """Return which of an event's ticket types a registration asks for.

    Raises `Invalid` for the field `ticket` where there is no such ticket, the category may not take it or it is to be
    paid (payment is not open yet), and `NotOpen` outside its window. At the desk neither window, code nor category
    matters.
    """
    ticket = next((one for one in among if one.uid == uid), None)
    if ticket is None or (not at_desk and (ticket.closed_at is not None or not _code_fits(ticket, code))):
        raise Invalid("ticket", lazy_gettext("Please choose a ticket from the list."))
    if ticket.price:
        raise Invalid("ticket", lazy_gettext("This ticket is to be paid, and payment is not open yet."))
    if at_desk:
        return ticket
    if not is_for(ticket, category):
        raise Invalid("ticket", lazy_gettext("This ticket is not meant for the group you come with."))
    opens = opens_at(event, ticket)
    if opens is not None and clock.now() < opens:
        raise NotOpen(lazy_gettext("Registration is not open yet."))
    if wallclock.is_past(closes_at(event, ticket)):
        raise NotOpen(lazy_gettext("Registration is closed."))
    return ticket


def is_for(ticket: TicketType, category: AttendeeCategory) -> bool:
    """Tell whether somebody of this group may take a ticket."""
    return not ticket.categories or category.value in ticket.categories


def _code_fits(ticket: TicketType, code: str) -> bool:
    return not ticket.access_code or keys.same(ticket.access_code.casefold(), code.strip().casefold())


def shift(event: Event, days: int) -> None:
    """Move the sales windows by whole days; the caller has locked the event and moves it too."""
    for ticket in types(event):
        for name in ("sales_open_at", "sales_close_at"):
            at = getattr(ticket, name)
            if at is not None:
                setattr(ticket, name, wallclock.shifted(at, days, event.timezone))
    session().flush()


def copy(source: Event, twin: Event) -> None:
    """Give one event the ticket types and shared places of another."""
    with atomic() as current:
        pool_of = {
            pool.id: TicketPool(event_id=twin.id, names=pool.names, capacity=pool.capacity) for pool in pools(source)
        }
        current.add_all(pool_of.values())
        current.flush()
        for ticket in types(source):
            current.add(
                TicketType(
                    **{name: getattr(ticket, name) for name in _PLAIN},
                    event_id=twin.id,
                    categories=list(ticket.categories),
                    pool_id=pool_of[ticket.pool_id].id if ticket.pool_id else None,
                    closed_at=ticket.closed_at,
                    created_at=clock.now(),
                )
            )
        current.flush()
