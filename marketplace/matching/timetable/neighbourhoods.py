"""Which meetings to place anew while all others keep their slots: large neighbourhood search (Shaw, CP 1998).

A neighbourhood is what happens in some slots around a break, or what the participants of some breaks and those they
meet do. It grows while nothing better is proved to be in it, and shrinks while that takes too long to find out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from marketplace.matching.timetable.model import TimetableProblem

# Slots of the first neighbourhood, and the factors by which it grows and shrinks; found by trying.
FIRST_SIZE = 6.0
GROWTH = 1.04
SHRINKING = 0.97
AROUND_SLOTS = 0.6


class Neighbourhoods:
    """A seeded stream of neighbourhoods of a problem whose size follows what searching them showed."""

    def __init__(self, problem: TimetableProblem, seed: int) -> None:
        self._problem = problem
        self._random = random.Random(seed)
        self._size = min(FIRST_SIZE, float(problem.slots))

    def pick(self, slots: Sequence[int]) -> set[int]:
        """The meetings that may move, in a timetable (slots from 0) with a break."""
        gaps = self._gaps(slots)
        if self._random.random() < AROUND_SLOTS:
            _, start, end = self._random.choice(gaps)
            return self._in_slots(slots, start, end)
        return self._of_people([participant for participant, _, _ in gaps])

    def learn(self, outcome: bool | None) -> None:
        """Take note of what a search found: something better, nothing (False), or that it took too long (None)."""
        if outcome is None:
            self._size = max(2.0, self._size * SHRINKING)
        elif not outcome:
            self._size = min(float(self._problem.slots), self._size * GROWTH)

    def _gaps(self, slots: Sequence[int]) -> list[tuple[int, int, int]]:
        """Every break: its participant, the slots before and after it."""
        return [
            (participant, one, other)
            for participant, own in enumerate(self._problem.meetings_of)
            for one, other in pairwise(sorted(slots[number] for number in own))
            if other - one > 1
        ]

    def _in_slots(self, slots: Sequence[int], start: int, end: int) -> set[int]:
        count = round(self._size)
        chosen = set(range(start, end + 1)) if end - start < count else {start, end}
        while len(chosen) < min(count, self._problem.slots):
            near = self._random.choice(sorted(chosen)) + self._random.choice((-1, 1))
            anywhere = self._random.randrange(self._problem.slots)
            chosen.add(near if self._random.random() < 0.5 and 0 <= near < self._problem.slots else anywhere)
        return {number for number, slot in enumerate(slots) if slot in chosen}

    def _of_people(self, people: list[int]) -> set[int]:
        problem = self._problem
        goal = len(problem.meetings) * self._size / problem.slots
        self._random.shuffle(people)
        free: set[int] = set()
        for participant in people:
            if len(free) >= goal:
                break
            free.update(problem.meetings_of[participant])
        # Those they meet, and so on, as far as they hang together.
        pending = sorted(free)
        while pending and len(free) < goal:
            number = pending.pop(self._random.randrange(len(pending)))
            for participant in problem.meetings[number].pair:
                added = [other for other in problem.meetings_of[participant] if other not in free]
                free.update(added)
                pending.extend(added)
        return free
