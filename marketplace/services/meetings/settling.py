"""What a meeting needs, and how it gets it: free people of both sides, a table or a link, an interpreter."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, exists, literal_column, or_, select

from marketplace.database import session
from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Attendance,
    EventMode,
    Hold,
    HoldKind,
    Interpreter,
    InterpreterShift,
    Meeting,
    MeetingParty,
    MeetingSession,
    MeetingSlot,
    MeetingTable,
    PartyAbsence,
    PartyMember,
    PartyRole,
    PersonAbsence,
    Registration,
    RegistrationState,
    TableClosure,
)
from marketplace.services.meetings import holds, interpreting
from marketplace.services.meetings.holds import Resource, SlotTaken

TRIES = 12
"""How often another table is tried when somebody is quicker at the one that was free a moment ago."""


class NobodyFree(Conflict):
    """None of a party's people can come at this time."""

    message = lazy_gettext("Nobody of this team is free at this time.")


class NoTable(Conflict):
    """All tables are taken or closed."""

    message = lazy_gettext("No table is free at this time.")


class NoInterpreter(Conflict):
    """The two share no language, and no interpreter is free."""

    message = lazy_gettext("The two teams share no language and no interpreter is free at this time.")


def people_for(
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


def _is_free(kind: HoldKind, resource_id: Any) -> ColumnElement[bool]:
    """Return whether nothing holds a resource between two units, but for one meeting, if it does.

    Asked resource by resource, along the index: a list of everything held in a slot takes longer with every meeting.
    """
    return ~exists().where(
        Hold.kind == kind,
        Hold.resource_id == resource_id,
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
        _is_free(HoldKind.PERSON, PartyMember.registration_id),
        ~exists().where(PersonAbsence.registration_id == PartyMember.registration_id, PersonAbsence.slot_id == _SLOT),
        ~exists().where(PartyAbsence.party_id == PartyMember.party_id, PartyAbsence.slot_id == _SLOT),
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
    _is_free(HoldKind.TABLE, MeetingTable.id),
    ~exists().where(TableClosure.table_id == MeetingTable.id, TableClosure.slot_id == _SLOT),
)
_FREE_TABLES_BY_NUMBER = _FREE_TABLES.order_by(MeetingTable.number)
_FIRST_TABLE = (
    # Whoever needs no accessible table leaves them free as long as others are.
    _FREE_TABLES.order_by(MeetingTable.is_accessible, MeetingTable.number)
    # Written out: with a limit it does not know the server plans anew for each booking.
    .limit(literal_column("1"))
    .with_for_update(skip_locked=True, key_share=True)
)
_FIRST_ACCESSIBLE_TABLE = _FIRST_TABLE.where(MeetingTable.is_accessible)


def free_tables(slot: MeetingSlot) -> list[MeetingTable]:
    """Return the tables that are free in a slot, by number."""
    return list(session().scalars(_FREE_TABLES_BY_NUMBER, {"event": slot.event_id, **_during(slot)}))


def table_at_once(
    first: MeetingParty, second: MeetingParty, slot: MeetingSlot, wanted: MeetingTable | None
) -> MeetingTable | None:
    """Return the table a meeting will most likely get, where it needs nothing else but people; None else.

    Tables other bookings are about to take are passed over rather than waited for.
    """
    if not is_in_person(first, second, slot.session) or interpreting.is_needed(first, second):
        return None
    statement = _FIRST_ACCESSIBLE_TABLE if needs_accessible_table(first, second) else _FIRST_TABLE
    if wanted is not None:
        statement = statement.where(MeetingTable.id == wanted.id)
    return session().scalar(statement, {"event": slot.event_id, **_during(slot)})


def needs_accessible_table(first: MeetingParty, second: MeetingParty) -> bool:
    """Tell whether one side can only use an accessible table."""
    return first.needs_accessible_table or second.needs_accessible_table


def settle(
    meeting: Meeting,
    first: MeetingParty,
    second: MeetingParty,
    slot: MeetingSlot,
    people: Iterable[int],
    wanted: MeetingTable | None,
    at_once: MeetingTable | None,
) -> None:
    """Hold people and projects, then an interpreter and a table; writes place and language into the meeting.

    `wanted` is the table asked for, `at_once` the one of `table_at_once`, which is held together with all else.
    """
    resources: list[Resource] = [(HoldKind.PERSON, person) for person in people]
    resources += [(HoldKind.PROJECT, party.id) for party in (first, second) if party.role is PartyRole.PROJECT]
    if not is_in_person(first, second, slot.session):
        holds.take(meeting, resources, slot.starts_at, slot.ends_at)
        _interpret(meeting, first, second, slot)
        meeting.table_id = meeting.table = None
        meeting.online_link = second.online_link or first.online_link
    elif not _settle_at_once(meeting, interpreting.shared_language(first, second), resources, slot, at_once):
        holds.take(meeting, resources, slot.starts_at, slot.ends_at)
        _interpret(meeting, first, second, slot)
        _seat(meeting, slot, wanted, is_accessible=needs_accessible_table(first, second))
        meeting.online_link = ""
    session().flush()


def _settle_at_once(
    meeting: Meeting, language: str, resources: list[Resource], slot: MeetingSlot, table: MeetingTable | None
) -> bool:
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
    place = {"table_id": table.id, "table": table, "language": language, "interpreter_id": None, "online_link": ""}
    for name, value in place.items():
        # A new meeting has all this already; to say it again would have it written again.
        if getattr(meeting, name) != value:
            setattr(meeting, name, value)
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
