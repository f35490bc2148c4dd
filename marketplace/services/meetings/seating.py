"""In which slots a pair would still find a table and, where it needs one, an interpreter."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from marketplace.database import session
from marketplace.models import (
    Hold,
    HoldKind,
    Interpreter,
    InterpreterShift,
    MeetingParty,
    MeetingSlot,
    MeetingTable,
    TableClosure,
)
from marketplace.services.meetings import holds, interpreting, settling


def possible(first: MeetingParty, second: MeetingParty, slots: Sequence[MeetingSlot]) -> list[MeetingSlot]:
    """Return the slots of one event that still have room for a pair, in the order given; in at most six statements."""
    found = list(slots)
    if any(settling.is_in_person(first, second, slot.session) for slot in found):
        tables = _free(found, HoldKind.TABLE, _tables(first, second, found))
        found = [slot for slot in found if tables[slot.id] or not settling.is_in_person(first, second, slot.session)]
    if found and interpreting.is_needed(first, second):
        able, rest_after = _interpreters(first, second, found)
        free = _free(found, HoldKind.INTERPRETER, able)
        working = interpreting.working(rest_after)
        found = [
            slot
            for slot in found
            if any(interpreting.run_length(slot, working[one]) <= rest_after[one] for one in free[slot.id])
        ]
    return found


def _tables(first: MeetingParty, second: MeetingParty, slots: Sequence[MeetingSlot]) -> dict[int, set[int]]:
    """Return the tables that could be used, by slot."""
    statement = select(MeetingTable.id).where(MeetingTable.event_id == first.event_id, MeetingTable.closed_at.is_(None))
    if first.needs_accessible_table or second.needs_accessible_table:
        statement = statement.where(MeetingTable.is_accessible)
    usable = set(session().scalars(statement))
    closed = {
        (slot_id, table_id)
        for slot_id, table_id in session().execute(
            select(TableClosure.slot_id, TableClosure.table_id).where(
                TableClosure.slot_id.in_([slot.id for slot in slots])
            )
        )
    }
    return {slot.id: {table for table in usable if (slot.id, table) not in closed} for slot in slots}


def _interpreters(
    first: MeetingParty, second: MeetingParty, slots: Sequence[MeetingSlot]
) -> tuple[dict[int, set[int]], dict[int, int]]:
    """Return who on shift speaks the languages of both, by slot, and after how many slots each interpreter rests."""
    pairs = interpreting.pairs_between(first, second)
    found: dict[int, set[int]] = defaultdict(set)
    rest_after: dict[int, int] = {}
    for slot_id, identity, spoken, limit in session().execute(
        select(InterpreterShift.slot_id, Interpreter.id, Interpreter.pairs, Interpreter.rest_after)
        .join(Interpreter, Interpreter.id == InterpreterShift.interpreter_id)
        .where(Interpreter.retired_at.is_(None), InterpreterShift.slot_id.in_([slot.id for slot in slots]))
    ):
        if pairs & set(spoken):
            found[slot_id].add(identity)
            rest_after[identity] = limit
    return found, rest_after


def _free(slots: Sequence[MeetingSlot], kind: HoldKind, able: dict[int, set[int]]) -> dict[int, set[int]]:
    """Return who or what of the able ones nothing else holds, by slot."""
    slots_of = defaultdict(list)
    for slot in slots:
        for unit in holds.units(slot.starts_at, slot.ends_at):
            slots_of[unit].append(slot.id)
    everybody = set().union(*(able.get(slot.id, set()) for slot in slots))
    free = {slot.id: set(able.get(slot.id, ())) for slot in slots}
    for unit, resource in session().execute(
        select(Hold.unit, Hold.resource_id).where(
            Hold.kind == kind,
            Hold.resource_id.in_(everybody),
            Hold.unit >= min(slots_of),
            Hold.unit <= max(slots_of),
        )
    ):
        for slot_id in slots_of.get(unit, ()):
            free[slot_id].discard(resource)
    return free
