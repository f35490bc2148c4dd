"""A plan as a grid of tables by slots, and as lists per party; in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from marketplace.models import MeetingParty, MeetingSession, MeetingSlot, MeetingTable, PartyRole
from marketplace.services.meetings.scheduling.staffing import Places, Seat


@dataclass
class Grid:
    """One meeting session: a row per table and per online place, a column per slot."""

    session: MeetingSession
    slots: list[MeetingSlot]
    rows: list["Row"] = field(default_factory=list)


@dataclass
class Row:
    """One table (None for meetings without one) and what is there in each slot."""

    table: MeetingTable | None
    cells: list[Seat | None]
    closed: list[bool]


def of(places: Places, plan: Sequence[Seat]) -> list[Grid]:
    """Return a grid for each meeting session of an event that is in use, in order of time."""
    at: dict[tuple[int, int], Seat] = {}
    without: dict[int, list[Seat]] = defaultdict(list)
    for seat in plan:
        if seat.table is not None:
            at[seat.table.id, seat.slot.id] = seat
        else:
            without[seat.slot.id].append(seat)
    found = []
    for meeting_session in places.sessions:
        usable = [slot for slot in meeting_session.slots if slot.retired_at is None]
        if not usable:
            continue
        grid = Grid(meeting_session, usable)
        for table in places.tables:
            cells = [at.get((table.id, slot.id)) for slot in usable]
            if table.closed_at is None or any(cells):
                shut = [table.closed_at is not None or (table.id, slot.id) in places.taken for slot in usable]
                grid.rows.append(Row(table, cells, shut))
        for place in range(max((len(without[slot.id]) for slot in usable), default=0)):
            cells = [without[slot.id][place] if place < len(without[slot.id]) else None for slot in usable]
            grid.rows.append(Row(None, cells, [False] * len(usable)))
        found.append(grid)
    return found


def by_party(places: Places, plan: Sequence[Seat]) -> list[tuple[MeetingParty, list[Seat]]]:
    """Return every party of an event with its meetings of a plan in order of time; those without any come first.

    Cities that meet each other are in no plan.
    """
    mine: dict[int, list[Seat]] = defaultdict(list)
    for seat in plan:
        mine[seat.first.id].append(seat)
        mine[seat.second.id].append(seat)
    found = [
        (party, sorted(mine[party.id], key=lambda seat: seat.slot.starts_at))
        for party in places.parties
        if party.role is not PartyRole.CITY
    ]
    return sorted(found, key=lambda pair: (bool(pair[1]), pair[0].role, pair[0].search_text))
