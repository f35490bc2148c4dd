"""People, tables and interpreters for a whole plan: what the engine counted gets names and numbers."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from marketplace.models import (
    Event,
    Interpreter,
    MeetingParty,
    MeetingSession,
    MeetingSlot,
    MeetingTable,
)
from marketplace.services.meetings import interpreters, interpreting, parties, settling, slots, tables
from marketplace.services.meetings.scheduling import inputs
from marketplace.services.meetings.settling import needs_accessible_table

Placed = tuple[MeetingParty, MeetingParty, MeetingSlot]


@dataclass
class Seat:
    """One meeting of a plan with all it needs; `problem` names what could not be found ("people", "table",
    "accessible_table", "interpreter"), '' where everything is."""

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
    def taken(self) -> set[tuple[int, int]]:
        """Which tables cannot be had in which slots: closed, or held by meetings outside the plan."""
        return self.closures | self.present.tables

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
        """Which interpreters work in which slots, and not for meetings outside the plan."""
        return interpreters.shifts(self.event.id) - self.present.interpreters


def staff(places: Places, seats: list[Seat], away: set[tuple[int, int]]) -> list[Seat]:
    """Give every meeting of a plan people, a table where it needs one, and an interpreter where it needs one.

    What a seat has already (locked meetings keep what they have) is kept where it is possible. `away` are the people
    who cannot come, as (registration, slot). Deterministic: the same plan gets the same places.
    """
    by_slot: dict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_slot[seat.slot.id].append(seat)
    room = _Room(places, away)
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

    def __init__(self, places: Places, away: set[tuple[int, int]]) -> None:
        self.places, self.away = places, away
        self.tables = [table for table in places.tables if table.closed_at is None]
        self.last_table: dict[int, int] = {}
        self.working: dict[int, set[int]] = defaultdict(set)

    def seat(self, here: list[Seat]) -> None:
        """Give the in-person meetings of one slot tables that both sides can use.

        Locked meetings keep theirs, then come those that need an accessible one, then those that have a table; the
        others sit where they sat before, so that funders need not walk.
        """
        slot = here[0].slot
        free = {table.id: table for table in self.tables if (table.id, slot.id) not in self.places.taken}
        waiting, wanted = [], Counter[int]()
        for seat in here:
            if not settling.is_in_person(seat.first, seat.second, slot.session):
                seat.table = None
                continue
            waiting.append(seat)
            if seat.table is not None:
                wanted[seat.table.id] += 1
        waiting.sort(
            key=lambda seat: (
                not (seat.is_locked and _fits(seat)),
                not _needs_access(seat),
                not _fits(seat),
                self.last_table.get(seat.second.id) not in free,
                seat.second.id,
                seat.first.id,
            )
        )
        for seat in waiting:
            self._sit(seat, free, wanted)

    def _sit(self, seat: Seat, free: dict[int, MeetingTable], wanted: Counter[int]) -> None:
        own, before = seat.table, self.last_table.get(seat.second.id)
        if own is not None:
            wanted[own.id] -= 1
        if own is not None and own.id in free and _fits(seat):
            chosen: MeetingTable | None = own
        else:
            able = [table for table in free.values() if table.is_accessible or not _needs_access(seat)]
            # Nobody is sent away from a table while another one does.
            chosen = min(
                able,
                key=lambda table: (
                    wanted[table.id],
                    table.id != before,
                    table.is_accessible and not _needs_access(seat),
                    table.number,
                ),
                default=None,
            )
        seat.table = chosen
        if chosen is None:
            seat.problem = seat.problem or ("accessible_table" if _needs_access(seat) else "table")
            return
        del free[chosen.id]
        self.last_table[seat.second.id] = chosen.id

    def interpret(self, here: list[Seat]) -> None:
        """Give the meetings of one slot that need one an interpreter who works then and is rested.

        Who interprets a meeting already goes on; if need be another one takes over (augmenting paths, Kuhn 1955).
        """
        slot = here[0].slot
        rested = [
            one
            for one in self.places.interpreters
            if (one.id, slot.id) in self.places.shifts
            and (one.registration_id, slot.id) not in self.away
            and interpreting.run_length(slot, self.working[one.id]) <= one.rest_after
        ]
        able: dict[int, list[Interpreter]] = {}
        taken: dict[int, int] = {}
        for index, seat in enumerate(here):
            if not interpreting.is_needed(seat.first, seat.second):
                seat.interpreter = None
                continue
            pairs = interpreting.pairs_between(seat.first, seat.second)
            able[index] = sorted(
                (one for one in rested if pairs & set(one.pairs)), key=lambda one: (len(one.pairs), one.id)
            )
            own = seat.interpreter
            if own is not None and own.id not in taken and any(one.id == own.id for one in able[index]):
                taken[own.id] = index
        for index in able:
            if index not in taken.values() and not _find_interpreter(index, able, taken, set()):
                here[index].problem = here[index].problem or "interpreter"
        named = {index: identity for identity, index in taken.items()}
        for index, ones in able.items():
            chosen = next((one for one in ones if one.id == named.get(index)), None)
            here[index].interpreter = chosen
            if chosen is not None:
                self.working[chosen.id].add(slot.id)


def _find_interpreter(index: int, able: dict[int, list[Interpreter]], taken: dict[int, int], seen: set[int]) -> bool:
    for one in able[index]:
        if one.id in seen:
            continue
        seen.add(one.id)
        other = taken.get(one.id)
        if other is None or _find_interpreter(other, able, taken, seen):
            taken[one.id] = index
            return True
    return False


def _needs_access(seat: Seat) -> bool:
    return needs_accessible_table(seat.first, seat.second)


def _fits(seat: Seat) -> bool:
    """Tell whether a meeting has a table that both its sides can use."""
    return seat.table is not None and (seat.table.is_accessible or not _needs_access(seat))
