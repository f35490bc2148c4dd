"""How many meetings find a place at most: places of slots and of participants of which every other meeting needs one.

A meeting takes one of the tables of its slot, and that slot of both its participants. So where some tables, and some
slots of participants, are marked, no more meetings are held than there are marks and meetings that can avoid them.
The fewest of these, in fractions, are the dual of the linear programme that places the most meetings: tables, half
days and participants together, which other counts look at one at a time (König; Egerváry for the weights).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.matching.timetable.bounds import slot_capacities
from marketplace.matching.timetable.linear import Row, row_duals
from marketplace.matching.timetable.model import TimetableProblem

# Marks are whole multiples of this part of one, so that what they prove is computed exactly.
PARTS = 27_720
MAX_CHOICES = 20_000

Place = tuple[int, int]


@dataclass(frozen=True)
class Cover:
    """Marks, in parts of one, on the tables of each slot and on places (participant, slot).

    open: per meeting, what its least marked slot lacks to one.
    """

    slots: Sequence[int]
    places: Mapping[Place, int]
    open: Sequence[int]

    @property
    def whole(self) -> bool:
        """Whether there are no fractions."""
        return {*self.slots, *self.places.values(), *self.open} <= {0, PARTS}

    def most(self, capacities: Sequence[int]) -> int:
        """The most meetings that can be held where a slot has room for so many."""
        tables = sum(mark * room for mark, room in zip(self.slots, capacities, strict=True))
        return (tables + sum(self.places.values()) + sum(self.open)) // PARTS


def least_cover(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> Cover | None:
    """The cover that leaves room for the fewest meetings; None where the programme is too large."""
    if sum(map(len, allowed)) > MAX_CHOICES:
        return None
    most = slot_capacities(problem, allowed)
    row_of: dict[Place, int] = {}
    rows: list[Row] = [[] for _ in most]
    columns = 0
    for meeting, slots in zip(problem.meetings, allowed, strict=True):
        for slot in sorted(slots):
            rows[slot].append((columns, 1))
            for participant in meeting.pair:
                if (participant, slot) not in row_of:
                    row_of[participant, slot] = len(rows)
                    rows.append([])
                rows[row_of[participant, slot]].append((columns, 1))
            columns += 1
        rows.append([(column, 1) for column in range(columns - len(slots), columns)])
    most += [1] * (len(rows) - len(most))
    duals = row_duals([-1.0] * columns, [1.0] * columns, rows, [0.0] * len(rows), most)
    if duals is None:
        return None
    marks = [max(0, round(-dual * PARTS)) for dual in duals]
    return cover_of(problem, allowed, marks[: problem.slots], {place: marks[row] for place, row in row_of.items()})


def cover_of(
    problem: TimetableProblem, allowed: Sequence[frozenset[int]], slots: Sequence[int], places: Mapping[Place, int]
) -> Cover:
    """The cover with these marks, whatever they are."""
    lacking = [
        max([0, *(PARTS - slots[slot] - sum(places.get((each, slot), 0) for each in meeting.pair) for slot in own)])
        for meeting, own in zip(problem.meetings, allowed, strict=True)
    ]
    return Cover(slots, {place: mark for place, mark in places.items() if mark}, lacking)
