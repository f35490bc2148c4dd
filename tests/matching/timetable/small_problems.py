"""Small timetable problems: built in one line, drawn at random, solved by trying everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from hypothesis import strategies as st

from marketplace.matching.timetable import Answer, Meeting, Session, TimetableProblem
from marketplace.matching.timetable.search import search
from marketplace.matching.timetable.solver import Record


def problem(
    *pairs: tuple[int, ...],
    slots: int = 4,
    tables: int = 3,
    morning: int | None = None,
    participants: int | None = None,
    forbidden: Mapping[int, Iterable[int]] = {},
    fixed: Mapping[int, int] = {},
    after: Mapping[int, Iterable[int]] = {},
) -> TimetableProblem:
    """A problem from pairs (or pairs with a session); all numbers from 0."""
    meetings = tuple(Meeting(pair[0], pair[1], Session(pair[2] if len(pair) == 3 else 3)) for pair in pairs)
    people = participants if participants is not None else 1 + max((max(pair[:2]) for pair in pairs), default=-1)
    return TimetableProblem(
        participants=people,
        tables=tables,
        slots=slots,
        morning=slots if morning is None else morning,
        meetings=meetings,
        forbidden=tuple(frozenset(forbidden.get(each, ())) for each in range(people)),
        fixed=tuple(fixed.get(number) for number in range(len(pairs))),
        predecessors=tuple(frozenset(after.get(number, ())) for number in range(len(pairs))),
    )


def solve_here(given: TimetableProblem, fairness: int | None = 2, seed: int = 0) -> Answer:
    """The whole search without a process of its own."""
    record = Record(given, fairness, None)
    search(record.take, given, fairness, seed)
    return record.answer("the search ended")


def optimum(given: TimetableProblem, fairness: int | None) -> int | None:
    """The fewest breaks by trying every timetable; None if there is none."""
    best = None
    for slots in product(range(given.slots), repeat=len(given.meetings)):
        breaks = _breaks(given, slots)
        fair = breaks is not None and (fairness is None or not breaks or max(breaks) - min(breaks) <= fairness)
        if breaks is not None and fair and (best is None or sum(breaks) < best):
            best = sum(breaks)
    return best


def _breaks(given: TimetableProblem, slots: tuple[int, ...]) -> list[int] | None:
    held: list[set[int]] = [set() for _ in range(given.participants)]
    for number, (meeting, slot) in enumerate(zip(given.meetings, slots, strict=True)):
        half = {Session.MORNING: slot < given.morning, Session.AFTERNOON: slot >= given.morning, Session.EITHER: True}
        if not half[meeting.session] or given.fixed[number] not in (None, slot) or slots.count(slot) > given.tables:
            return None
        if any(slots[earlier] >= slot for earlier in given.predecessors[number]):
            return None
        for participant in meeting.pair:
            if slot in held[participant] or slot in given.forbidden[participant]:
                return None
            held[participant].add(slot)
    words = ("".join("x" if slot in own else " " for slot in range(given.slots)) for own in held)
    return [max(0, len(word.split()) - 1) for word in words]


@st.composite
def small_problems(draw: st.DrawFn) -> TimetableProblem:
    """At most 5 meetings of 5 participants in 5 slots, with every kind of rule."""
    people = draw(st.integers(2, 5))
    slots = draw(st.integers(1, 5))
    pair = st.tuples(st.integers(0, people - 1), st.integers(0, people - 1), st.sampled_from([1, 2, 3, 3, 3]))
    pairs = draw(st.lists(pair.filter(lambda each: each[0] != each[1]), max_size=5))
    count = len(pairs)
    some_slots = st.integers(0, slots - 1)
    order = st.tuples(st.integers(0, max(0, count - 1)), st.integers(0, max(0, count - 1)))
    after: dict[int, set[int]] = {}
    for later, earlier in draw(st.lists(order, max_size=2)) if count else []:
        after.setdefault(later, set()).add(earlier)
    return problem(
        *pairs,
        participants=people,
        slots=slots,
        tables=draw(st.integers(0, 3)),
        morning=draw(st.integers(0, slots)),
        forbidden=draw(st.dictionaries(st.integers(0, people - 1), st.sets(some_slots, max_size=2), max_size=3)),
        fixed=draw(st.dictionaries(st.integers(0, max(0, count - 1)), some_slots, max_size=1)),
        after=after,
    )
