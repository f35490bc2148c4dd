"""One meeting: made, moved, handed to other people, cancelled. Every path to a meeting ends here.

What decides is the database: people, projects, tables and interpreters are held unit by unit (`holds`), parties are
locked while their meetings are counted, and the event's rules are locked for reading, so that a publication, which
locks them for writing, never runs beside a booking.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Integer, Select, bindparam, exists, func, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, NotOpen, Unavailable
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Attendance,
    Event,
    EventMode,
    Hold,
    HoldKind,
    Interpreter,
    InterpreterShift,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingSession,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    MeetingTable,
    PartyAbsence,
    PartyMember,
    PartyRole,
    PersonAbsence,
    Registration,
    RegistrationState,
    TableClosure,
    User,
)
from marketplace.services import audit
from marketplace.services.meetings import holds, interpreting
from marketplace.services.meetings.holds import Resource, SlotTaken

TRIES = 12
"""How often another table is tried when somebody is quicker at the one that was free a moment ago."""

RETRIES = 2
"""How often a booking begins again after a deadlock or a lock that could not be had."""


class CapReached(Conflict):
    """A party has as many meetings as it may."""

    message = lazy_gettext("One side has as many meetings as it may have.")


class NobodyFree(Conflict):
    """None of a party's people can come at this time."""

    message = lazy_gettext("Nobody of this team is free at this time.")


class AlreadyMeeting(Conflict):
    """The two meet already."""

    message = lazy_gettext("These two have a meeting already.")


class NoTable(Conflict):
    """All tables are taken or closed."""

    message = lazy_gettext("No table is free at this time.")


class NoInterpreter(Conflict):
    """The two share no language, and no interpreter is free."""

    message = lazy_gettext("The two teams share no language and no interpreter is free at this time.")


@dataclass(frozen=True)
class Wanted:
    """A meeting to be made. Empty fields are chosen here: the people, the table, the interpreter, the language."""

    first: MeetingParty
    second: MeetingParty
    slot: MeetingSlot
    source: MeetingSource
    table: MeetingTable | None = None
    people: tuple[int, ...] = ()
    round: int = 1
    attempt: str | None = None
    is_locked: bool = False
    is_within_caps: bool = True


Result = TypeVar("Result")


class SlotGone(Conflict):
    """The slot is not in use any more."""

    message = lazy_gettext("This time is no longer offered. Please choose another one.")


def again(act: Callable[[], Result]) -> Result:
    """Run an act that opens its own transaction, and again where a deadlock or a lock wait ended it."""
    for _ in range(RETRIES):
        try:
            return act()
        except Unavailable:
            continue
    return act()


# Statements of every booking are written once: to put them together takes longer than to run them.
_RULES_SHARED = (
    select(MeetingSetup)
    .where(MeetingSetup.event_id == bindparam("event_id"))
    .with_for_update(read=True)
    .execution_options(populate_existing=True)
)


def share_rules(event_id: int) -> MeetingSetup:
    """Return the event's rules, locked for reading until the transaction ends."""
    found = session().scalar(_RULES_SHARED, {"event_id": event_id})
    if found is None:
        raise NotOpen
    return found


def hold_rules(slug: str) -> None:
    """Lock an event's rules for an act that changes many meetings or where they can be, until the transaction ends.

    Called before anything else is locked: bookings hold the rules shared and then refer to the event, so that whoever
    locked the event first and the rules second would wait for them while they wait for it.
    """
    identity = session().scalar(
        select(MeetingSetup.id).join(Event, Event.id == MeetingSetup.event_id).where(Event.slug == slug)
    )
    if identity is not None:
        lock(MeetingSetup, identity)


def _check_slot(slot: MeetingSlot) -> None:
    """Refuse a slot that was given up since it was read; called under the shared lock of the rules."""
    if not session().scalar(select(MeetingSlot.id).where(MeetingSlot.id == slot.id, MeetingSlot.retired_at.is_(None))):
        raise SlotGone


def make(wanted: Wanted, by: User | None, setup: MeetingSetup | None = None) -> Meeting:
    """Make a meeting and hold everything it needs, in the transaction of the caller, who has checked who may.

    `setup` are the event's rules, where the caller shares them already. Both parties are locked, so that caps hold and
    two bookings of one pair meet here. Raises `CapReached`, `AlreadyMeeting`, `NobodyFree`, `NoTable`, `NoInterpreter`
    or `SlotTaken`; nothing is left behind.
    """
    with atomic() as current:
        setup = setup or share_rules(wanted.slot.event_id)
        first, second = wanted.first, wanted.second
        _lock_parties(first, second)
        _check(setup, wanted, first, second)
        people = _people(first, second, wanted.slot, wanted.people)
        table = _table_at_once(first, second, wanted.slot, wanted.table)
        now = clock.now()
        meeting = Meeting(
            event_id=wanted.slot.event_id,
            first_party_id=first.id,
            second_party_id=second.id,
            round=wanted.round,
            slot_id=wanted.slot.id,
            table_id=table.id if table else None,
            interpreter_id=None,
            source=wanted.source,
            is_locked=wanted.is_locked,
            attempt=wanted.attempt,
            by_id=by.id if by else None,
            created_at=now,
            changed_at=now,
            language=interpreting.shared_language(first, second),
        )
        meeting.first_party, meeting.second_party, meeting.slot, meeting.table = first, second, wanted.slot, table
        meeting.people = [MeetingPerson(registration_id=person, party_id=party.id) for party, person in people]
        current.add(meeting)
        current.flush()
        _settle(meeting, first, second, wanted.slot, [person for _, person in people], wanted.table, table)
        audit.record("meeting.made", by, meeting, source=wanted.source.value, slot=wanted.slot.uid)
        return meeting


_DECISIVE = (
    "withdrawn_at",
    "cap",
    "attendance",
    "languages",
    "needs_interpreter",
    "needs_accessible_table",
    "online_link",
)
"""What of a party decides about a meeting, besides its people."""

_PARTIES_LOCKED = (
    select(MeetingParty.id, *(getattr(MeetingParty, name) for name in _DECISIVE))
    .where(MeetingParty.id.in_(bindparam("parties", expanding=True)))
    .order_by(MeetingParty.id)
    .with_for_update()
)


def _lock_parties(*parties: MeetingParty) -> None:
    """Lock parties until the transaction ends and read again what decides.

    `lock` would read them as a whole and forget their people and organisations, which the letters need again.
    """
    known = {party.id: party for party in parties}
    rows = session().execute(_PARTIES_LOCKED, {"parties": list(known)})
    for identity, *values in rows:
        for name, value in zip(_DECISIVE, values, strict=True):
            set_committed_value(known[identity], name, value)


def _count(party_id: Any) -> Select[int]:
    return select(func.count(Meeting.id)).where(
        or_(Meeting.first_party_id == party_id, Meeting.second_party_id == party_id),
        Meeting.state == MeetingState.SCHEDULED,
    )


_FIRST, _SECOND = bindparam("first", type_=Integer), bindparam("second", type_=Integer)
_STANDING = select(
    exists().where(MeetingSlot.id == bindparam("slot"), MeetingSlot.retired_at.is_(None)),
    # In either order: a pair is a pair.
    exists().where(
        Meeting.first_party_id.in_((_FIRST, _SECOND)),
        Meeting.second_party_id.in_((_FIRST, _SECOND)),
        Meeting.round == bindparam("round"),
        Meeting.state == MeetingState.SCHEDULED,
    ),
    exists().where(Meeting.attempt == bindparam("attempt")),
    _count(_FIRST).scalar_subquery(),
    _count(_SECOND).scalar_subquery(),
)


def _check(setup: MeetingSetup, wanted: Wanted, first: MeetingParty, second: MeetingParty) -> None:
    """Refuse what the rules and other meetings do not allow, read in one go under the locks of rules and parties.

    So is the second copy of a form, which waited for the parties' lock and finds what the first one made.
    """
    asked = {
        "slot": wanted.slot.id,
        "round": wanted.round,
        # No attempt is stored as an empty one.
        "attempt": wanted.attempt or "",
        "first": first.id,
        "second": second.id,
    }
    is_in_use, have_met, is_sent_again, *counts = session().execute(_STANDING, asked).one()
    if not is_in_use:
        raise SlotGone
    if first.withdrawn_at is not None or second.withdrawn_at is not None:
        raise Conflict
    if have_met or is_sent_again:
        raise AlreadyMeeting
    if wanted.is_within_caps:
        for party, present in zip((first, second), counts, strict=True):
            cap = cap_of(setup, party)
            if cap is not None and present >= cap:
                raise CapReached


def cap_of(setup: MeetingSetup, party: MeetingParty) -> int | None:
    """Return how many meetings a party may have; None for no limit."""
    return party.cap if party.cap is not None else setup.limits.get(party.role, {}).get("cap")


def floor_of(setup: MeetingSetup, party: MeetingParty) -> int:
    """Return how many meetings a party is to have at least."""
    return party.floor if party.floor is not None else setup.limits.get(party.role, {}).get("floor") or 0


def count(party: MeetingParty) -> int:
    """Return how many scheduled meetings a party has. Count under the party's lock."""
    return session().scalar(_count(party.id)) or 0


def _people(
    first: MeetingParty, second: MeetingParty, slot: MeetingSlot, wanted: Sequence[int]
) -> list[tuple[MeetingParty, int]]:
    """Choose who comes, as (party, registration): of those named, or the first free person of each side."""
    found = []
    free_by_party = _free_people((first, second), slot)
    for party in (first, second):
        free = free_by_party[party.id]
        named = [person for person in free if person in wanted]
        chosen = named or free[:1]
        if not chosen:
            raise NobodyFree
        found += [(party, person) for person in chosen]
    if len({person for _, person in found}) < len(found) or not set(wanted) <= {person for _, person in found}:
        # One person of both sides, or somebody named who cannot come.
        raise NobodyFree
    return found


def _held(kind: HoldKind) -> Select[int]:
    """Return what is held between two units, but for what one meeting holds."""
    return select(Hold.resource_id).where(
        Hold.kind == kind,
        Hold.unit >= bindparam("start", type_=Integer),
        Hold.unit < bindparam("stop", type_=Integer),
        or_(Hold.meeting_id.is_(None), Hold.meeting_id != bindparam("but", type_=Integer)),
    )


def _during(slot: MeetingSlot, but: int | None = None) -> dict[str, int]:
    span = holds.units(slot.starts_at, slot.ends_at)
    return {"slot": slot.id, "start": span.start, "stop": span.stop, "but": but or 0}


_SLOT = bindparam("slot", type_=Integer)
_FREE_PEOPLE = (
    select(PartyMember.party_id, PartyMember.registration_id)
    .join(Registration, Registration.id == PartyMember.registration_id)
    .where(
        PartyMember.party_id.in_(bindparam("parties", expanding=True)),
        Registration.state == RegistrationState.CONFIRMED,
        PartyMember.registration_id.not_in(_held(HoldKind.PERSON)),
        PartyMember.registration_id.not_in(select(PersonAbsence.registration_id).where(PersonAbsence.slot_id == _SLOT)),
        PartyMember.party_id.not_in(select(PartyAbsence.party_id).where(PartyAbsence.slot_id == _SLOT)),
    )
    .order_by(PartyMember.is_stand_in, PartyMember.position, PartyMember.id)
)


def free_people(party: MeetingParty, slot: MeetingSlot, but: int | None = None) -> list[int]:
    """Return the party's people who can come in a slot (registration ids): stand-ins last, else in their order.

    `but` is a meeting whose own holds do not count, because it is the one to be moved.
    """
    return _free_people((party,), slot, but)[party.id]


def _free_people(parties: Sequence[MeetingParty], slot: MeetingSlot, but: int | None = None) -> dict[int, list[int]]:
    """Return what `free_people` does for each party, by its id."""
    rows = session().execute(_FREE_PEOPLE, {"parties": [party.id for party in parties], **_during(slot, but)})
    found: dict[int, list[int]] = {party.id: [] for party in parties}
    for party_id, person in rows:
        found[party_id].append(person)
    return found


def is_in_person(first: MeetingParty, second: MeetingParty, meeting_session: MeetingSession) -> bool:
    """Tell whether a meeting takes a table: exactly when both sides are there and the session is not online."""
    return (
        first.attendance is Attendance.IN_PERSON
        and second.attendance is Attendance.IN_PERSON
        and meeting_session.mode is not EventMode.ONLINE
    )


_FREE_TABLES = select(MeetingTable).where(
    MeetingTable.event_id == bindparam("event"),
    MeetingTable.closed_at.is_(None),
    MeetingTable.id.not_in(_held(HoldKind.TABLE)),
    MeetingTable.id.not_in(select(TableClosure.table_id).where(TableClosure.slot_id == _SLOT)),
)
_FREE_TABLES_BY_NUMBER = _FREE_TABLES.order_by(MeetingTable.number)
_FIRST_TABLE = (
    # Whoever needs no accessible table leaves them free as long as others are.
    _FREE_TABLES.order_by(MeetingTable.is_accessible, MeetingTable.number)
    .limit(1)
    .with_for_update(skip_locked=True, key_share=True)
)
_FIRST_ACCESSIBLE_TABLE = _FIRST_TABLE.where(MeetingTable.is_accessible)


def free_tables(slot: MeetingSlot) -> list[MeetingTable]:
    """Return the tables that are free in a slot, by number."""
    return list(session().scalars(_FREE_TABLES_BY_NUMBER, {"event": slot.event_id, **_during(slot)}))


def _table_at_once(
    first: MeetingParty, second: MeetingParty, slot: MeetingSlot, wanted: MeetingTable | None
) -> MeetingTable | None:
    """Return the table a meeting will most likely get, where it needs nothing else but people; None else.

    Tables other bookings are about to take are passed over rather than waited for.
    """
    if not is_in_person(first, second, slot.session) or interpreting.is_needed(first, second):
        return None
    statement = _FIRST_ACCESSIBLE_TABLE if _needs_accessible_table(first, second) else _FIRST_TABLE
    if wanted is not None:
        statement = statement.where(MeetingTable.id == wanted.id)
    return session().scalar(statement, {"event": slot.event_id, **_during(slot)})


def _needs_accessible_table(first: MeetingParty, second: MeetingParty) -> bool:
    return first.needs_accessible_table or second.needs_accessible_table


def _settle(
    meeting: Meeting,
    first: MeetingParty,
    second: MeetingParty,
    slot: MeetingSlot,
    people: Iterable[int],
    wanted: MeetingTable | None,
    at_once: MeetingTable | None,
) -> None:
    """Hold people and projects, then an interpreter and a table; writes place and language into the meeting.

    `wanted` is the table asked for, `at_once` the one of `_table_at_once`, which is held together with all else.
    """
    resources: list[Resource] = [(HoldKind.PERSON, person) for person in people]
    resources += [(HoldKind.PROJECT, party.id) for party in (first, second) if party.role is PartyRole.PROJECT]
    if not is_in_person(first, second, slot.session):
        holds.take(meeting, resources, slot.starts_at, slot.ends_at)
        _interpret(meeting, first, second, slot)
        meeting.table_id = meeting.table = None
        meeting.online_link = second.online_link or first.online_link
    elif not _settle_at_once(meeting, resources, slot, at_once):
        holds.take(meeting, resources, slot.starts_at, slot.ends_at)
        _interpret(meeting, first, second, slot)
        _seat(meeting, slot, wanted, is_accessible=_needs_accessible_table(first, second))
        meeting.online_link = ""
    else:
        meeting.language = interpreting.shared_language(first, second)
        meeting.interpreter_id, meeting.online_link = None, ""
    session().flush()


def _settle_at_once(meeting: Meeting, resources: list[Resource], slot: MeetingSlot, table: MeetingTable | None) -> bool:
    """Hold people, projects and a table in one go; False where there is none or somebody is quicker at it.

    Most meetings need nothing else; those that lose the table here are settled step by step.
    """
    if table is None:
        return False
    try:
        holds.take(meeting, [*resources, (HoldKind.TABLE, table.id)], slot.starts_at, slot.ends_at)
    except SlotTaken as taken:
        if taken.resource is not None and taken.resource[0] is not HoldKind.TABLE:
            raise
        return False
    meeting.table_id, meeting.table = table.id, table
    return True


def resources_of(meeting: Meeting) -> list[Resource]:
    """Return everything a meeting holds: its people, projects, table and interpreter."""
    found: list[Resource] = [
        (HoldKind.PERSON, person.registration_id) for person in meeting.people if person.withdrawn_at is None
    ]
    sides = (meeting.first_party, meeting.second_party)
    found += [(HoldKind.PROJECT, party.id) for party in sides if party.role is PartyRole.PROJECT]
    if meeting.table_id is not None:
        found.append((HoldKind.TABLE, meeting.table_id))
    if meeting.interpreter is not None:
        found.append((HoldKind.INTERPRETER, meeting.interpreter.id))
        if meeting.interpreter.registration_id is not None:
            found.append((HoldKind.PERSON, meeting.interpreter.registration_id))
    return found


def _interpret(meeting: Meeting, first: MeetingParty, second: MeetingParty, slot: MeetingSlot) -> None:
    meeting.language = interpreting.shared_language(first, second)
    meeting.interpreter_id = None
    if not interpreting.is_needed(first, second):
        return
    for interpreter in _free_interpreters(slot, interpreting.pairs_between(first, second)):
        try:
            holds.take(meeting, [(HoldKind.INTERPRETER, interpreter.id)], slot.starts_at, slot.ends_at)
            if interpreter.registration_id is not None:
                holds.take(meeting, [(HoldKind.PERSON, interpreter.registration_id)], slot.starts_at, slot.ends_at)
        except SlotTaken:
            holds.release([meeting.id], [(HoldKind.INTERPRETER, interpreter.id)])
            continue
        meeting.interpreter_id = interpreter.id
        return
    raise NoInterpreter


def _free_interpreters(slot: MeetingSlot, pairs: frozenset[str]) -> list[Interpreter]:
    span = holds.units(slot.starts_at, slot.ends_at)
    found = session().scalars(
        select(Interpreter)
        .join(InterpreterShift, InterpreterShift.interpreter_id == Interpreter.id)
        .where(
            Interpreter.event_id == slot.event_id,
            Interpreter.retired_at.is_(None),
            InterpreterShift.slot_id == slot.id,
            Interpreter.id.not_in(
                select(Hold.resource_id).where(
                    Hold.kind == HoldKind.INTERPRETER, Hold.unit >= span.start, Hold.unit < span.stop
                )
            ),
        )
        .order_by(Interpreter.id)
    )
    able = [interpreter for interpreter in found if pairs & set(interpreter.pairs)]
    return [interpreter for interpreter in able if interpreting.is_rested(interpreter, slot)]


def _seat(meeting: Meeting, slot: MeetingSlot, wanted: MeetingTable | None, *, is_accessible: bool) -> None:
    """Hold the table asked for, or the first that is free; another writer may be quicker at one, so try the next."""
    for _ in range(TRIES):
        free = _fitting_tables(slot, wanted, is_accessible)
        if not free:
            raise NoTable
        for table in free:
            try:
                holds.take(meeting, [(HoldKind.TABLE, table.id)], slot.starts_at, slot.ends_at)
            except SlotTaken:
                continue
            meeting.table_id, meeting.table = table.id, table
            return
    raise NoTable


def _fitting_tables(slot: MeetingSlot, wanted: MeetingTable | None, is_accessible: bool) -> list[MeetingTable]:
    """Return the free tables a meeting may have, the best first."""
    free = [table for table in free_tables(slot) if wanted is None or table.id == wanted.id]
    # Whoever needs an accessible table gets one; the others leave them free as long as they can.
    free.sort(key=lambda table: (table.is_accessible is not is_accessible, table.number))
    return [table for table in free if table.is_accessible] if is_accessible else free


def move(meeting: Meeting, slot: MeetingSlot, by: User | None, table: MeetingTable | None = None) -> Meeting:
    """Give a meeting another slot (or only another table), in the transaction of the caller.

    It keeps its people where they can come and its UID; every calendar sees a change. Raises as `make` does, and
    leaves the meeting as it was.
    """
    with atomic() as current:
        share_rules(meeting.event_id)
        (meeting,) = lock(Meeting, meeting.id)
        if meeting.state is not MeetingState.SCHEDULED:
            raise Conflict
        _check_slot(slot)
        first, second = meeting.first_party, meeting.second_party
        lock(MeetingParty, first.id, second.id)
        before = meeting.slot.uid
        now_coming = [person for person in meeting.people if person.withdrawn_at is None]
        with current.begin_nested():
            holds.release([meeting.id])
            people = []
            for party in (first, second):
                free = free_people(party, slot)
                present = [person.registration_id for person in now_coming if person.party_id == party.id]
                staying = [person for person in present if person in free] or free[:1]
                if not staying:
                    raise NobodyFree
                people += [(party, person) for person in staying]
            meeting.slot_id, meeting.slot = slot.id, slot
            _settle(
                meeting,
                first,
                second,
                slot,
                [person for _, person in people],
                table,
                _table_at_once(first, second, slot, table),
            )
        _set_people(meeting, people)
        note_change(meeting)
        audit.record("meeting.moved", by, meeting, before=before, slot=slot.uid)
        return meeting


def hand_over(meeting: Meeting, party: MeetingParty, people: Sequence[int], by: User | None) -> Meeting:
    """Let other people of a party hold a meeting: stand-ins, or more than one. Raises `NobodyFree`, `SlotTaken`."""
    with atomic() as current:
        share_rules(meeting.event_id)
        (meeting,) = lock(Meeting, meeting.id)
        if meeting.state is not MeetingState.SCHEDULED:
            raise Conflict
        lock(MeetingParty, party.id)
        free = free_people(party, meeting.slot, but=meeting.id)
        if not people or not set(people) <= set(free):
            raise NobodyFree
        mine = [person for person in meeting.people if person.withdrawn_at is None and person.party_id == party.id]
        others = [
            (meeting.first_party if person.party_id == meeting.first_party_id else meeting.second_party, person)
            for person in meeting.people
            if person.withdrawn_at is None and person.party_id != party.id
        ]
        with current.begin_nested():
            holds.release([meeting.id], [(HoldKind.PERSON, person.registration_id) for person in mine])
            holds.take(
                meeting,
                [(HoldKind.PERSON, person) for person in people],
                meeting.slot.starts_at,
                meeting.slot.ends_at,
            )
        _set_people(
            meeting,
            [(party, person) for person in people] + [(side, person.registration_id) for side, person in others],
        )
        meeting.changed_at = clock.now()
        current.flush()
        audit.record("meeting.handed_over", by, meeting, people=len(people))
        return meeting


def _set_people(meeting: Meeting, people: Sequence[tuple[MeetingParty, int]]) -> None:
    """Make these the people of a meeting. Who leaves keeps a row, so that a SEQUENCE sent to them goes on."""
    now, known = clock.now(), {person.registration_id: person for person in meeting.people}
    staying = {person for _, person in people}
    for person in meeting.people:
        if person.registration_id not in staying and person.withdrawn_at is None:
            person.withdrawn_at = now
            person.calendar_sequence += 1
            person.calendar_changed_at = now
    for party, identity in people:
        present = known.get(identity)
        if present is None:
            meeting.people.append(MeetingPerson(registration_id=identity, party_id=party.id))
        elif present.withdrawn_at is not None:
            present.withdrawn_at, present.party_id = None, party.id
            present.calendar_sequence += 1
            present.calendar_changed_at = now
    session().flush()


def note_change(meeting: Meeting) -> None:
    """Raise the SEQUENCE: time, place, link or state changed."""
    meeting.changed_at = meeting.calendar_changed_at = clock.now()
    meeting.calendar_sequence += 1


def cancel(meeting: Meeting, by: User | None, reason: str = "", party: MeetingParty | None = None) -> bool:
    """Cancel a meeting and free all it held; returns False where it was cancelled already.

    `party` is the side that cancels; the other one reads the reason.
    """
    with atomic() as current:
        now = clock.now()
        done = current.execute(
            update(Meeting)
            .where(Meeting.id == meeting.id, Meeting.state == MeetingState.SCHEDULED)
            .values(
                state=MeetingState.CANCELLED,
                cancelled_at=now,
                changed_at=now,
                calendar_changed_at=now,
                calendar_sequence=Meeting.calendar_sequence + 1,
                reason=reason[:500],
                cancelled_by_party_id=party.id if party else None,
            )
            .execution_options(synchronize_session=False)
        )
        current.refresh(meeting)
        if not done.rowcount:  # type: ignore[attr-defined]
            return False
        holds.release([meeting.id])
        audit.record("meeting.cancelled", by, meeting, by_party=party.uid if party else "")
        return True


def may_change_until(setup: MeetingSetup, meeting: Meeting) -> bool:
    """Tell whether a meeting can still be moved or cancelled by its sides: until so many minutes before, exclusive."""
    return clock.now() < meeting.slot.starts_at - timedelta(minutes=setup.change_until_minutes)
