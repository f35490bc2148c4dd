"""What meetings need and there is little of, as the engine's pools: interpreters by language pair, accessible tables.

A pair needs at most one pool, so those that need an interpreter and an accessible table have a pool of their own, for
which some of both are set aside slot by slot. Whatever the engine puts into the pools can be staffed and seated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from marketplace.models import Attendance, EventMode, Interpreter, MeetingParty, MeetingSlot, MeetingTable
from marketplace.services.meetings import interpreting
from marketplace.services.meetings.settling import needs_accessible_table

UNLIMITED = 100_000
"""Tables of a slot in which no meeting needs one."""

_ACCESSIBLE = "accessible"


class Need(NamedTuple):
    """What a pair needs: an interpreter between two languages ("en-es"; '' for none), an accessible table."""

    languages: str
    is_accessible: bool

    @property
    def name(self) -> str:
        """Return how the engine's files call the pool, such as "en-es", "accessible" or "en-es+accessible"."""
        return "+".join(filter(None, (self.languages, _ACCESSIBLE if self.is_accessible else "")))

    @classmethod
    def of_name(cls, name: str) -> "Need":
        """Return the need a pool was named after."""
        languages, _, rest = name.partition("+")
        return cls("", True) if languages == _ACCESSIBLE else cls(languages, rest == _ACCESSIBLE)


NOTHING = Need("", False)
ONLY_TABLE = Need("", True)


@dataclass(frozen=True)
class Supply:
    """What there is: open tables, closures as (table, slot), interpreters and their shifts as (interpreter, slot).

    Tables and interpreters that meetings outside the plan hold count as closed and off shift.
    """

    tables: Sequence[MeetingTable]
    closed: set[tuple[int, int]]
    interpreters: Sequence[Interpreter]
    shifts: set[tuple[int, int]]


@dataclass(frozen=True)
class Locked:
    """A meeting that stays as it is: its sides, its slot, and what it holds."""

    first: MeetingParty
    second: MeetingParty
    slot_id: int
    table_id: int | None
    interpreter_id: int | None


@dataclass(frozen=True)
class Pools:
    """The pools an event needs, and what each holds in every slot. `order` has language pairs, most wanted first."""

    needs: list[Need]
    capacity: list[list[int]]
    order: list[str]

    def of(self, first: MeetingParty, second: MeetingParty) -> int:
        """Return the index of the pool that one of the pairs they were built for needs, or -1."""
        need = _need(first, second, self.order)
        return -1 if need == NOTHING else self.needs.index(need)


def _need(first: MeetingParty, second: MeetingParty, order: list[str]) -> Need:
    """Return what a pair needs; of several language pairs that would do, the one most wanted."""
    languages = ""
    if interpreting.is_needed(first, second):
        able = interpreting.pairs_between(first, second)
        languages = next(pair for pair in order if pair in able)
    are_there = first.attendance is second.attendance is Attendance.IN_PERSON
    return Need(languages, needs_accessible_table(first, second) and are_there)


def build(
    usable: Sequence[MeetingSlot],
    pairs: Iterable[tuple[MeetingParty, MeetingParty]],
    locked: Iterable[Locked],
    supply: Supply,
) -> Pools:
    """Return the pools for these pairs. What locked meetings hold is counted for them first."""
    pairs = list(pairs)
    spoken: Counter[str] = Counter()
    for first, second in pairs:
        if interpreting.is_needed(first, second):
            spoken.update(interpreting.pairs_between(first, second))
    order = sorted(spoken, key=lambda pair: (-spoken[pair], pair))
    demand = Counter(_need(first, second, order) for first, second in pairs)
    del demand[NOTHING]
    needs = sorted(demand, key=lambda need: (need.is_accessible, order.index(need.languages) if need.languages else -1))
    work = _Sharing(usable, needs, demand, supply)
    work.keep([(_need(one.first, one.second, order), one) for one in locked])
    for index, slot in enumerate(usable):
        work.share(index, slot)
    return Pools(needs, work.capacity, order)


class _Sharing:
    """Shares out what there is among the pools, slot by slot, in proportion to their demand (D'Hondt's divisors)."""

    def __init__(
        self, usable: Sequence[MeetingSlot], needs: list[Need], demand: Mapping[Need, int], supply: Supply
    ) -> None:
        self.usable, self.needs, self.demand, self.supply = usable, needs, demand, supply
        self.capacity = [[0] * len(usable) for _ in needs]
        self.given: Counter[Need] = Counter()
        self.kept: Counter[tuple[Need, int]] = Counter()
        self.seated: Counter[int] = Counter()
        self.working: dict[int, set[int]] = {}

    def keep(self, locked: Iterable[tuple[Need, Locked]]) -> None:
        """Note what locked meetings hold, and when that leaves interpreters free."""
        accessible = {table.id for table in self.supply.tables if table.is_accessible}
        busy: dict[int, set[int]] = defaultdict(set)
        for need, one in locked:
            self.kept[need, one.slot_id] += 1
            self.seated[one.slot_id] += need.is_accessible or one.table_id in accessible
            if one.interpreter_id is not None:
                busy[one.interpreter_id].add(one.slot_id)
        for number, interpreter in enumerate(self.supply.interpreters):
            self.working[interpreter.id] = _working(
                interpreter, number, self.usable, busy[interpreter.id], self.supply.shifts
            )

    def share(self, index: int, slot: MeetingSlot) -> None:
        """Set the capacity of every pool in one slot."""
        tables = self._tables(slot)
        here = {need: self.kept[need, slot.id] for need in self.needs}
        for one in self.supply.interpreters:
            if slot.id in self.working[one.id]:
                able = [need for need in self.needs if need.languages in one.pairs and self._may(need, tables)]
                if able:
                    chosen = max(able, key=self._pull)
                    here[chosen] += 1
                    self.given[chosen] += 1
                    tables -= chosen.is_accessible
        if ONLY_TABLE in here:
            here[ONLY_TABLE] += max(0, tables)
            self.given[ONLY_TABLE] += max(0, tables)
        for place, need in enumerate(self.needs):
            self.capacity[place][index] = here[need]

    def _tables(self, slot: MeetingSlot) -> int:
        """Return how many accessible tables are left for meetings that are not locked."""
        if slot.session.mode is EventMode.ONLINE:
            return UNLIMITED
        here = [table for table in self.supply.tables if (table.id, slot.id) not in self.supply.closed]
        return sum(table.is_accessible for table in here) - self.seated[slot.id]

    def _may(self, need: Need, tables: int) -> bool:
        if not need.is_accessible:
            return True
        return tables > 0 and self._pull(need) >= self._pull(ONLY_TABLE)

    def _pull(self, need: Need) -> float:
        return self.demand.get(need, 0) / (self.given[need] + 1)


def _working(
    one: Interpreter, number: int, usable: Sequence[MeetingSlot], busy: set[int], shifts: set[tuple[int, int]]
) -> set[int]:
    """Return the slots in which an interpreter can be given a meeting, besides those of locked ones.

    They rest one slot in every `rest_after` + 1 of a session, each at another time, and around locked meetings as long
    as it takes.
    """
    found: set[int] = set()
    position: Counter[int] = Counter()
    resting = []
    for slot in usable:
        position[slot.session_id] += 1
        resting.append((position[slot.session_id] + number) % (one.rest_after + 1) == 0)
    # Where other rests came between, they need not rest when it would have been their turn.
    for _, slot in sorted(zip(resting, usable, strict=True), key=lambda turn: turn[0]):
        if (
            (one.id, slot.id) in shifts
            and slot.id not in busy
            and interpreting.run_length(slot, found | busy) <= one.rest_after
        ):
            found.add(slot.id)
    return found
