"""The organiser's rules for meetings at an event, and what cannot work with them, said before they are saved."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LazyText, lazy_gettext, ngettext
from marketplace.models import (
    Attendance,
    Event,
    EventMode,
    Interpreter,
    InterpreterShift,
    Meeting,
    MeetingParty,
    MeetingSetup,
    MeetingSlot,
    MeetingState,
    MeetingTable,
    PartyRole,
    TableClosure,
    User,
)
from marketplace.services import audit, events
from marketplace.services.meetings import booking, slots

PAIRINGS = ("project:funder", "project:vendor", "city:city", "participant:participant")
"""Who may meet whom, as roles."""

DEFAULT_LIMITS = {
    PartyRole.PROJECT: (4, 10),
    PartyRole.CITY: (0, 10),
    PartyRole.FUNDER: (2, 14),
    PartyRole.VENDOR: (1, 10),
    PartyRole.PARTICIPANT: (0, 30),
}
"""Floor and cap by role where the organiser says nothing (domain document, section (d): floor four, cap ten)."""


@dataclass(frozen=True)
class Rules:
    """What the organiser decides; `limits` has (floor, cap) by role, None for no cap. Moments are aware."""

    pairings: tuple[str, ...] = ("project:funder", "project:vendor")
    limits: dict[PartyRole, tuple[int, int | None]] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    musts: int = 3
    wishes_open_at: datetime | None = None
    wishes_close_at: datetime | None = None
    booking_opens_at: datetime | None = None
    booking_closes_at: datetime | None = None
    change_until_minutes: int = 60
    request_hours: int = 72
    revision: int = 0


class Phase(StrEnum):
    """Where the meetings of an event stand by the clock; each window is open from its first moment until its last,
    the last one excluded, by the server's clock."""

    NOT_SET_UP = "not_set_up"
    BEFORE = "before"
    WISHES = "wishes"
    MATCHING = "matching"
    BOOKING = "booking"
    CLOSED = "closed"


PHASES: dict[Phase, LazyText] = {
    Phase.NOT_SET_UP: lazy_gettext("No rules yet"),
    Phase.BEFORE: lazy_gettext("Wishes are not open yet"),
    Phase.WISHES: lazy_gettext("Wishes are open"),
    Phase.MATCHING: lazy_gettext("Between wishes and booking"),
    Phase.BOOKING: lazy_gettext("Booking is open"),
    Phase.CLOSED: lazy_gettext("Closed"),
}
"""What the phases are called."""


def of(event_id: int) -> MeetingSetup | None:
    """Return the rules of an event; None where no meetings are planned."""
    return session().scalar(select(MeetingSetup).where(MeetingSetup.event_id == event_id))


def needed(event_id: int) -> MeetingSetup:
    """Return the rules of an event; raises `NotFound` where no meetings are planned."""
    found = of(event_id)
    if found is None:
        raise NotFound
    return found


def rules_of(setup: MeetingSetup | None) -> Rules:
    """Return rules as a form shows them."""
    if setup is None:
        return Rules()
    limits = {
        role: (setup.limits.get(role, {}).get("floor", 0), setup.limits.get(role, {}).get("cap")) for role in PartyRole
    }
    return Rules(
        pairings=tuple(setup.pairings),
        limits=limits,
        musts=setup.musts,
        wishes_open_at=setup.wishes_open_at,
        wishes_close_at=setup.wishes_close_at,
        booking_opens_at=setup.booking_opens_at,
        booking_closes_at=setup.booking_closes_at,
        change_until_minutes=setup.change_until_minutes,
        request_hours=setup.request_hours,
        revision=setup.revision,
    )


def save(slug: str, rules: Rules, by: User, *, is_confirmed: bool = False) -> MeetingSetup:
    """Set the rules of an event. Raises `Invalid` for a field, `Conflict` where somebody else changed them meanwhile.

    What cannot work (see `problems`) is refused as `Impossible` unless it is confirmed: half a set-up must be saveable.
    """
    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        _check(rules)
        found = of(event.id)
        if found is None:
            found = MeetingSetup(event_id=event.id, created_at=clock.now(), revision=0)
            current.add(found)
        else:
            (found,) = lock(MeetingSetup, found.id)
            if found.revision != rules.revision:
                raise Conflict
        found.pairings = [pairing for pairing in PAIRINGS if pairing in rules.pairings]
        found.limits = {role.value: {"floor": floor, "cap": cap} for role, (floor, cap) in rules.limits.items()}
        found.musts, found.request_hours = rules.musts, rules.request_hours
        found.wishes_open_at, found.wishes_close_at = rules.wishes_open_at, rules.wishes_close_at
        found.booking_opens_at, found.booking_closes_at = rules.booking_opens_at, rules.booking_closes_at
        found.change_until_minutes = rules.change_until_minutes
        found.revision += 1
        current.flush()
        wrong = problems(event, found)
        if wrong and not is_confirmed:
            raise Impossible(wrong)
        events.touch(event)
        audit.record("meeting_setup.saved", by, found, event=event.slug)
        return found


class Impossible(Conflict):
    """The rules promise what the places do not hold; saved all the same when it is confirmed."""

    message = lazy_gettext("This cannot work as it stands.")

    def __init__(self, problems: list[LazyText]) -> None:
        super().__init__()
        self.problems = problems


def _check(rules: Rules) -> None:
    if not rules.pairings or not set(rules.pairings) <= set(PAIRINGS):
        raise Invalid("pairings", lazy_gettext("Please say who may meet whom."))
    for role, (floor, cap) in rules.limits.items():
        if not 0 <= floor <= 200 or (cap is not None and not 0 <= cap <= 200):
            raise Invalid(f"limits_{role.value}", lazy_gettext("Please give numbers from 0 to 200."))
        if cap is not None and floor > cap:
            raise Invalid(f"limits_{role.value}", lazy_gettext("The least must not be above the most."))
    if not 0 <= rules.musts <= 20:
        raise Invalid("musts", lazy_gettext("Please give a number from 0 to 20."))
    if not 1 <= rules.request_hours <= 720:
        raise Invalid("request_hours", lazy_gettext("Please give 1 to 720 hours."))
    if not 0 <= rules.change_until_minutes <= 20_160:
        raise Invalid("change_until_minutes", lazy_gettext("Please give 0 to 20160 minutes."))
    for first, last in (("wishes_open_at", "wishes_close_at"), ("booking_opens_at", "booking_closes_at")):
        opens, closes = getattr(rules, first), getattr(rules, last)
        if opens is not None and closes is not None and closes <= opens:
            raise Invalid(last, lazy_gettext("The end must be after the beginning."))


def phase(setup: MeetingSetup | None, at: datetime | None = None) -> Phase:
    """Tell what participants can do now."""
    if setup is None:
        return Phase.NOT_SET_UP
    at = at or clock.now()
    if wishes_are_open(setup, at):
        return Phase.WISHES
    if booking_is_open(setup, at):
        return Phase.BOOKING
    if setup.wishes_open_at is not None and at < setup.wishes_open_at:
        return Phase.BEFORE
    if setup.booking_opens_at is None or at < setup.booking_opens_at:
        return Phase.MATCHING
    return Phase.CLOSED


def wishes_are_open(setup: MeetingSetup, at: datetime | None = None) -> bool:
    """Tell whether wishes can be changed: from the opening on, until the closing, exclusive."""
    return _is_between(setup.wishes_open_at, setup.wishes_close_at, at or clock.now())


def booking_is_open(setup: MeetingSetup, at: datetime | None = None) -> bool:
    """Tell whether participants can ask for and book meetings: from the opening on, until the closing, exclusive."""
    return _is_between(setup.booking_opens_at, setup.booking_closes_at, at or clock.now())


def _is_between(opens: datetime | None, closes: datetime | None, at: datetime) -> bool:
    return opens is not None and opens <= at and (closes is None or at < closes)


def problems(event: Event, setup: MeetingSetup | None = None) -> list[LazyText]:
    """Return in words what cannot work: fewer seats or slots than floors promise, languages nobody interprets."""
    setup = setup or of(event.id)
    if setup is None:
        return []
    parties = list(
        session().scalars(
            select(MeetingParty).where(MeetingParty.event_id == event.id, MeetingParty.withdrawn_at.is_(None))
        )
    )
    usable = slots.all_slots(event.id)
    found: list[LazyText] = []
    if parties and not usable:
        found.append(lazy_gettext("There is no meeting session yet, so no meeting can take place."))
        return found
    floors = {party.id: booking.floor_of(setup, party) for party in parties}
    for role in PartyRole:
        highest = max((floors[party.id] for party in parties if party.role is role), default=0)
        if highest > len(usable):
            found.append(
                lazy_gettext(
                    "Some are promised %(floor)s meetings, but there are only %(slots)s slots.",
                    floor=highest,
                    slots=len(usable),
                )
            )
            break
    return (
        found
        + _seat_problems(event, parties, floors, usable)
        + _table_problems(event, parties)
        + _language_problems(event, parties)
        + _interpreter_problems(event)
    )


def seats(event: Event, usable: list[MeetingSlot] | None = None) -> int:
    """Return how many in-person meetings the tables hold in all slots: tables by slots, less closures."""
    usable = slots.all_slots(event.id) if usable is None else usable
    in_person = [slot.id for slot in usable if slot.session.mode is not EventMode.ONLINE]
    tables = session().scalar(
        select(func.count()).where(MeetingTable.event_id == event.id, MeetingTable.closed_at.is_(None))
    )
    closures = session().scalar(
        select(func.count(TableClosure.id))
        .join(MeetingTable, MeetingTable.id == TableClosure.table_id)
        .where(
            MeetingTable.event_id == event.id,
            MeetingTable.closed_at.is_(None),
            TableClosure.slot_id.in_(in_person),
        )
    )
    return (tables or 0) * len(in_person) - (closures or 0)


def _seat_problems(
    event: Event, parties: list[MeetingParty], floors: dict[int, int], usable: list[MeetingSlot]
) -> list[LazyText]:
    # Every meeting has two sides: the side whose floors add up to more decides, and among equals half of them.
    promised: Counter[str] = Counter()
    for party in parties:
        if party.attendance is Attendance.IN_PERSON:
            side = "projects" if party.role is PartyRole.PROJECT else "others"
            if party.role in {PartyRole.CITY, PartyRole.PARTICIPANT}:
                side = "peers"
            promised[side] += floors[party.id]
    least = max(promised["projects"], promised["others"]) + -(-promised["peers"] // 2)
    held = seats(event, usable)
    # Some of those meetings may be online; only when all who are there are promised more than fits is it said.
    if least > held:
        return [
            lazy_gettext(
                "The least numbers promise %(promised)s meetings in person, but the tables hold %(seats)s.",
                promised=least,
                seats=held,
            )
        ]
    return []


def _table_problems(event: Event, parties: list[MeetingParty]) -> list[LazyText]:
    """Say where somebody needs an accessible table and there is none, or has meetings at tables out of reach."""
    from marketplace.services.meetings import reseating

    if not any(party.needs_accessible_table and party.attendance is Attendance.IN_PERSON for party in parties):
        return []
    if not session().scalar(
        select(MeetingTable.id)
        .where(MeetingTable.event_id == event.id, MeetingTable.closed_at.is_(None), MeetingTable.is_accessible)
        .limit(1)
    ):
        return [lazy_gettext("Somebody needs an accessible table, but no table is one.")]
    wrong = len(reseating.out_of_reach(event.id))
    if not wrong:
        return []
    return [
        LazyText(
            lambda: ngettext(
                "%(num)s meeting is at a table that one side cannot use, and no accessible one is free then.",
                "%(num)s meetings are at tables that one side cannot use, and no accessible one is free then.",
                wrong,
            )
        )
    ]


def _language_problems(event: Event, parties: list[MeetingParty]) -> list[LazyText]:
    pairs = {
        pair
        for (listed,) in session().execute(
            select(Interpreter.pairs)
            .join(InterpreterShift, InterpreterShift.interpreter_id == Interpreter.id)
            .where(Interpreter.event_id == event.id, Interpreter.retired_at.is_(None))
        )
        for pair in listed
    }
    projects = [party for party in parties if party.role is PartyRole.PROJECT and party.languages]
    others = [party for party in parties if party.role in {PartyRole.FUNDER, PartyRole.VENDOR} and party.languages]
    alone = 0
    for party in projects:
        mine = set(party.languages)
        if others and not any(
            mine & set(other.languages)
            or pairs & {"-".join(sorted((one, two))) for one in mine for two in other.languages}
            for other in others
        ):
            alone += 1
    if alone:
        return [
            lazy_gettext(
                "%(count)s projects share no language with any funder or vendor, and nobody interprets for them.",
                count=alone,
            )
        ]
    return []


def _interpreter_problems(event: Event) -> list[LazyText]:
    """Name who does not come any more and still has meetings to interpret: they work in no slot since they left."""
    rows = session().execute(
        select(Interpreter.name, func.count(Meeting.id))
        .join(Meeting, Meeting.interpreter_id == Interpreter.id)
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .outerjoin(
            InterpreterShift,
            (InterpreterShift.interpreter_id == Interpreter.id) & (InterpreterShift.slot_id == Meeting.slot_id),
        )
        .where(
            Interpreter.event_id == event.id,
            Meeting.state == MeetingState.SCHEDULED,
            MeetingSlot.ends_at > clock.now(),
            InterpreterShift.id.is_(None),
        )
        .group_by(Interpreter.id, Interpreter.name)
        .order_by(Interpreter.name, Interpreter.id)
    )
    return [LazyText(partial(_still_interprets, name, number)) for name, number in rows]


def _still_interprets(name: str, number: int) -> str:
    return ngettext(
        "%(name)s does not come any more and still interprets %(num)s meeting. A repair of the schedule finds others.",
        "%(name)s does not come any more and still interprets %(num)s meetings. A repair of the schedule finds others.",
        number,
        name=name,
    )
