"""Bounds that need no search: the fewest and most breaks of a participant, and the capacity of a slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from marketplace.matching.timetable.model import TimetableProblem

State = tuple[int, bool]


def slot_capacities(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> list[int]:
    """Per slot, the most meetings it can hold: its tables, half of the participants that could meet, open meetings."""
    people: list[set[int]] = [set() for _ in range(problem.slots)]
    meetings = [0] * problem.slots
    for meeting, slots in zip(problem.meetings, allowed, strict=True):
        for slot in slots:
            people[slot].update(meeting.pair)
            meetings[slot] += 1
    return [min(problem.tables, len(present) // 2, count) for present, count in zip(people, meetings, strict=True)]


@dataclass(frozen=True)
class Demand:
    """What the slots used by one participant must fulfil, as far as prefixes of the slots say; equal ones are alike.

    count: its meetings. usable: slots that one of them may take. needed: slots that it has to use.
    due[t], possible[t]: meetings that have to be, and that can be, held in slot t or before.

    A choice of slots is a path through states (slots used so far, whether the last one is used), from (0, False).
    """

    count: int
    usable: frozenset[int]
    needed: frozenset[int]
    due: tuple[int, ...]
    possible: tuple[int, ...]

    @classmethod
    def of(cls, problem: TimetableProblem, allowed: Sequence[frozenset[int]], participant: int) -> Demand:
        """The demand of a participant; one of its meetings without slots shows as a path that does not exist."""
        own = [allowed[number] for number in problem.meetings_of[participant]]
        slots = range(problem.slots)
        return cls(
            count=len(own),
            usable=frozenset().union(*own),
            # A meeting with one slot left uses that slot.
            needed=frozenset(min(each) for each in own if len(each) == 1),
            due=tuple(sum(bool(each) and max(each) <= slot for each in own) for slot in slots),
            possible=tuple(sum(bool(each) and min(each) <= slot for each in own) for slot in slots),
        )

    def steps(self, slot: int, states: Sequence[State]) -> Iterator[tuple[State, State]]:
        """From each of the states before a slot to those that may follow it."""
        least, most = self.due[slot], self.possible[slot]
        for before in states:
            count, _ = before
            if slot not in self.needed and least <= count <= most:
                yield before, (count, False)
            if slot in self.usable and least <= count + 1 <= most:
                yield before, (count + 1, True)

    def cheapest(self, run: int, prices: Sequence[int]) -> int | None:
        """The least cost of slots for all meetings, `run` for each run of slots and prices[t] for slot t, or None."""
        costs: dict[State, int] = {(0, False): 0}
        for slot, price in enumerate(prices):
            following: dict[State, int] = {}
            for before, after in self.steps(slot, list(costs)):
                cost = costs[before] + (price + run * (not before[1]) if after[1] else 0)
                if cost < following.get(after, cost + 1):
                    following[after] = cost
            costs = following
        return min((cost for (count, _), cost in costs.items() if count == self.count), default=None)


def fewest_breaks(problem: TimetableProblem, allowed: Sequence[frozenset[int]], participant: int) -> int | None:
    """A lower bound on the breaks of a participant in any timetable; None when it has no place for its meetings.

    The least number of runs of usable slots that hold its meetings, less one, by dynamic programming over the slots.
    """
    demand = Demand.of(problem, allowed, participant)
    runs = demand.cheapest(1, [0] * problem.slots)
    return None if runs is None else max(0, runs - 1)


def most_breaks(problem: TimetableProblem, allowed: Sequence[frozenset[int]], participant: int) -> int:
    """An upper bound on the breaks of a participant: one less than its meetings, and no more than its idle slots."""
    own = [allowed[number] for number in problem.meetings_of[participant]]
    if not own or not all(own):
        return 0
    span = max(map(max, own)) - min(map(min, own)) + 1
    return max(0, min(len(own) - 1, span - len(own)))
