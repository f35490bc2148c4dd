"""People, tables and interpreters for a whole plan: what the engine counted gets names and numbers."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from marketplace.models import (
    Event,
    EventMode,
    Interpreter,
    MeetingParty,
    MeetingSession,
    MeetingSlot,
    MeetingTable,
)
from marketplace.services.meetings import booking, interpreters, interpreting, parties, slots, tables
from marketplace.services.meetings.scheduling import inputs

Placed = tuple[MeetingParty, MeetingParty, MeetingSlot]


@dataclass
class Seat:
    """One meeting of a plan with all it needs; `problem` names what could not be found ("people", "table",
    "interpreter"), '' where everything is."""

    first: MeetingParty
    second: MeetingParty
    slot: MeetingSlot
    round: int = 1
    people: list[tuple[MeetingParty, int]] = field(default_factory=list)
    table: MeetingTable | None = None
    interpreter: Interpreter | None = None
    is_locked: bool = False
    problem: str = ""


class Places:
    """What a plan is made of at an event, each read once and only if asked for."""

    def __init__(self, event: Event) -> None:
        self.event = event

    @cached_property
    def parties(self) -> list[MeetingParty]:
        """The parties that take part."""
        return parties.of_event(self.event.id)

    @cached_property
    def sessions(self) -> list[MeetingSession]:
        """The meeting sessions with their slots."""
        return slots.of_event(self.event.id)

    @cached_property
    def slots(self) -> list[MeetingSlot]:
        """The slots in use, in order of time."""
        every = [slot for one in self.sessions for slot in one.slots if slot.retired_at is None]
        return sorted(every, key=lambda slot: (slot.starts_at, slot.id))

    @cached_property
    def tables(self) -> list[MeetingTable]:
        """All tables by number, closed ones too."""
        return tables.of_event(self.event.id)

    @cached_property
    def closures(self) -> set[tuple[int, int]]:
        """Which tables are closed in which slots."""
        return tables.closures(self.event.id)

    @cached_property
    def interpreters(self) -> list[Interpreter]:
        """The interpreters by name."""
        return interpreters.of_event(self.event.id)

    @cached_property
    def present(self) -> inputs.Present:
        """The scheduled meetings in short."""
        return inputs.present(self.event.id)

    @cached_property
    def shifts(self) -> set[tuple[int, int]]:
        """Which interpreters work in which slots."""
        return interpreters.shifts(self.event.id)


def staff(places: Places, seats: list[Seat], away: set[tuple[int, int]]) -> list[Seat]:
    """Give every meeting of a plan people, a table where it needs one, and an interpreter where it needs one.

    What a seat has already (locked meetings keep what they have) is kept where it is possible. `away` are the people
    who cannot come, as (registration, slot). Deterministic: the same plan gets the same places.
    """
    by_slot: dict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_slot[seat.slot.id].append(seat)
    room = _Room(places)
    for _, here in sorted(by_slot.items(), key=lambda item: (item[1][0].slot.starts_at, item[0])):
        here.sort(key=lambda seat: (not seat.is_locked, seat.first.id, seat.second.id, seat.round))
        _Naming(here, away).run()
        room.interpret(here)
        room.seat(here)
    return seats


class _Naming:
    """Who comes to the meetings of one slot: one person for each side (augmenting paths, Kuhn 1955)."""

    def __init__(self, here: list[Seat], away: set[tuple[int, int]]) -> None:
        self.here, self.away = here, away
        self.taken: dict[int, tuple[int, int]] = {}
        for index, seat in enumerate(here):
            for party, person in seat.people:
                if (person, seat.slot.id) not in away:
                    self.taken.setdefault(person, (index, party.id))

    def run(self) -> None:
        """Name the people; a side for which nobody is left marks its meeting."""
        held = set(self.taken.values())
        for index, seat in enumerate(self.here):
            for party in (seat.first, seat.second):
                if (index, party.id) not in held and not self._name(index, party, set()):
                    seat.problem = "people"
        by_side: dict[tuple[int, int], list[int]] = defaultdict(list)
        for person, side in self.taken.items():
            by_side[side].append(person)
        for index, seat in enumerate(self.here):
            seat.people = [
                (party, person) for party in (seat.first, seat.second) for person in sorted(by_side[index, party.id])
            ]

    def _name(self, index: int, party: MeetingParty, seen: set[int]) -> bool:
        order = sorted(party.members, key=lambda member: (member.is_stand_in, member.position, member.id))
        for person in (member.registration_id for member in order):
            if person in seen or (person, self.here[index].slot.id) in self.away:
                continue
            seen.add(person)
            holder = self.taken.get(person)
            if holder is None:
                self.taken[person] = (index, party.id)
                return True
            other = self.here[holder[0]]
            # Nobody is taken out of a locked meeting, and no meeting loses the only person it has for nothing.
            if not other.is_locked and self._name(holder[0], _party(other, holder[1]), seen):
                self.taken[person] = (index, party.id)
                return True
        return False


def _party(seat: Seat, identity: int) -> MeetingParty:
    return seat.first if seat.first.id == identity else seat.second


class _Room:
    """Tables and interpreters of an event, and who sat where before."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.tables = [table for table in places.tables if table.closed_at is None]
        self.closed = places.closures
        self.last_table: dict[int, int] = {}
        self.working: dict[int, set[int]] = defaultdict(set)

    def seat(self, here: list[Seat]) -> None:
        """Give the in-person meetings of one slot tables: who needs an accessible one first, then whoever stays where
        they sat before, so that funders need not walk."""
        slot = here[0].slot
        free = {table.id: table for table in self.tables if (table.id, slot.id) not in self.closed}
        waiting = []
        for seat in here:
            if not booking.is_in_person(seat.first, seat.second, slot.session) or slot.session.mode is EventMode.ONLINE:
                seat.table = None
            elif seat.table is not None and seat.table.id in free:
                del free[seat.table.id]
                self._remember(seat)
            else:
                seat.table = None
                waiting.append(seat)
        waiting.sort(
            key=lambda seat: (
                not _needs_access(seat),
                self.last_table.get(seat.second.id) not in free,
                seat.second.id,
                seat.first.id,
            )
        )
        for seat in waiting:
            able = [table for table in free.values() if table.is_accessible or not _needs_access(seat)]
            if not able:
                seat.problem = seat.problem or "table"
                continue
            before = self.last_table.get(seat.second.id)
            seat.table = min(
                able,
                key=lambda table: (table.id != before, table.is_accessible and not _needs_access(seat), table.number),
            )
            del free[seat.table.id]
            self._remember(seat)

    def _remember(self, seat: Seat) -> None:
        if seat.table is not None:
            self.last_table[seat.second.id] = seat.table.id

    def interpret(self, here: list[Seat]) -> None:
        """Give the meetings of one slot that need one an interpreter who works then and is rested."""
        slot = here[0].slot
        busy: set[int] = set()
        for seat in here:
            if not interpreting.is_needed(seat.first, seat.second):
                seat.interpreter = None
                continue
            pairs = interpreting.pairs_between(seat.first, seat.second)
            able = [
                one
                for one in self.places.interpreters
                if one.id not in busy
                and (one.id, slot.id) in self.places.shifts
                and pairs & set(one.pairs)
                and interpreting.run_length(slot, self.working[one.id]) <= one.rest_after
            ]
            if seat.interpreter is not None and any(one.id == seat.interpreter.id for one in able):
                chosen: Interpreter | None = seat.interpreter
            else:
                chosen = min(able, key=lambda one: (len(one.pairs), one.id), default=None)
            seat.interpreter = chosen
            if chosen is None:
                seat.problem = seat.problem or "interpreter"
                continue
            busy.add(chosen.id)
            self.working[chosen.id].add(slot.id)


def _needs_access(seat: Seat) -> bool:
    return seat.first.needs_accessible_table or seat.second.needs_accessible_table
