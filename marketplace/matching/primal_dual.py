"""Prices and an almost whole answer of a relaxation without a solver: the primal-dual hybrid gradient method.

Where availability is scarce, the relaxation in which every pair has its slots is much tighter, and too large for the
simplex and the interior point method. First order steps come close to its optimum in some hundred products with the
matrix (restarted reflected Halpern iteration, Lu and Yang 2024; restarts and weights: Applegate et al. 2021).

A column lies in some eight rows, but all that matters of it is its project in its slot, its counterparty in its slot,
and what it takes there of tables and interpreters. Products go through these three cells of a column, in single
precision, which is three times as fast.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .child import Stop
from .linear import FLOOR_PENALTY, MUST_PENALTY
from .problem import IntArray
from .relaxation import FloatArray, Prices, Relaxation

SingleArray = npt.NDArray[np.float32]
Vectors = tuple[SingleArray, SingleArray, SingleArray, SingleArray]
"""Shares of the columns and of the floors; prices of the rows (capacities, floors, musts, all floors) and of pairs."""

START_WEIGHT = 400.0  # of prices against shares: scores are some hundreds
_LOOK = 50  # rounds between two looks at the bound
_STEEP = 60.0  # in score: what an answer gains in the end by being whole
_WHOLE_WEIGHT = 200.0  # of prices against shares then; that which the prices came to can be anything
_RISING = 0.7  # of the rounds of :meth:`PrimalDual.whole`
# Which families of a relaxation, its floors last, each kind of cell decides.
_PROJECT, _COUNTERPARTY, _PLACE = (0, 2, 5, 7, 10), (1, 6, 11), (3, 4, 8, 9)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Groups of columns that lie in the same rows of some families."""

    of_column: IntArray  # [columns]
    order: IntArray  # [columns], sorted by cell
    first: IntArray  # [cells], where each begins in this order
    families: tuple[tuple[slice, IntArray], ...]  # rows of a family, and which of them [cells], or one beyond, is used

    def charged(self, prices: SingleArray) -> SingleArray:
        """[cells], what a column of each pays at prices of the rows."""
        total = np.zeros(len(self.first), dtype=np.float32)
        for rows, row in self.families:
            total += np.append(prices[rows], np.float32(0))[row]
        return total

    def used(self, shares: SingleArray, scratch: SingleArray, used: FloatArray) -> None:
        """Put into ``used`` [rows] what shares of the columns use of the rows of these families."""
        np.take(shares, self.order, out=scratch, mode="clip")
        held = np.add.reduceat(scratch, self.first).astype(np.float64)
        for rows, row in self.families:
            used[rows] = np.bincount(row, weights=held, minlength=rows.stop - rows.start + 1)[:-1]


class PrimalDual:
    """The saddle point of a relaxation with at least ``must`` must meetings and ``floors`` floors."""

    def __init__(self, relaxation: Relaxation, must: int, floors: int) -> None:
        self.relaxation, self.must, self.floors = relaxation, must, floors
        columns, self.capacity_rows = relaxation.columns, relaxation.rows
        need = np.concatenate([family.capacity for family in relaxation.floors])
        self.need = need.astype(np.float32)
        self.floor_rows = slice(self.capacity_rows, self.capacity_rows + len(need))
        self.rows = self.capacity_rows + len(need) + 2
        self.musts = np.flatnonzero(relaxation.must)
        self.sign = np.ones(self.rows, dtype=np.float32)
        self.sign[self.capacity_rows :] = -1.0  # Floors and musts are lower limits.
        self.first = np.flatnonzero(np.diff(relaxation.pair, prepend=-1))
        length = np.diff(np.append(self.first, columns))
        self.pair = np.repeat(np.arange(len(self.first)), length)
        self.cells = self._cells()
        # Fresh memory for every product would cost more than the product.
        self.gain, self.other = np.zeros(columns, dtype=np.float32), np.zeros(columns, dtype=np.float32)
        self.score = relaxation.score.astype(np.float32)
        capacity = np.concatenate([family.capacity for family in relaxation.families])
        self.limit = np.concatenate([capacity, np.zeros(len(need)), [-float(must), -float(floors)]])
        self.highest = np.full(self.rows, np.inf)
        self.highest[-2:] = MUST_PENALTY, FLOOR_PENALTY
        # Steps by the number of entries in a row or a column (Pock and Chambolle 2011).
        row_size = np.zeros(self.rows)
        column_size = np.ones(columns, dtype=np.float32)
        for cells in self.cells:
            cells.used(np.ones(columns, dtype=np.float32), self.other, row_size)
            column_size += cells.charged(np.ones(self.rows, dtype=np.float32))[cells.of_column]
        row_size[self.floor_rows] += need
        row_size[-2:] = len(self.musts), len(need)
        self.row_size = np.maximum(1.0, row_size)
        column_size[self.musts] += 1.0
        self.column_size, self.pair_size = column_size, length.astype(np.float32)

    def start(self) -> Vectors:
        """Nothing held, no prices."""
        sizes = (self.relaxation.columns, len(self.need), self.rows, len(self.first))
        columns, floors, rows, pairs = (np.zeros(size, dtype=np.float32) for size in sizes)
        return columns, floors, rows, pairs

    def with_levels(self, must: int, floors: int) -> PrimalDual:
        """The same with other numbers of musts and floors."""
        other = copy.copy(self)
        other.must, other.floors = must, floors
        other.limit = np.append(self.limit[:-2], [-float(must), -float(floors)])
        return other

    def with_columns(self, relaxation: Relaxation, point: Vectors) -> tuple[PrimalDual, Vectors]:
        """The same for other pairs of the same rows, and the point there; whoever comes in is not held."""
        x, r, y, w = point
        mine, slots = self.relaxation, relaxation.residual.problem.slots + 1
        now = PrimalDual(relaxation, self.must, self.floors)
        columns = _matched(relaxation.pair * slots + relaxation.slot, mine.pair * slots + mine.slot, x)
        pairs = _matched(relaxation.pair[now.first], mine.pair[self.first], w)
        return now, (columns, r, y, pairs)

    def prices(
        self, rounds: int, stop: Stop, start: Vectors | None = None, weight: float = START_WEIGHT
    ) -> tuple[Prices, Vectors, float]:
        """The prices with the lowest bound seen, the last point, and the weight of its prices."""
        point = anchor = start or self.start()
        lowest, best = math.inf, point[2]
        since, first, before = 0, math.inf, math.inf
        for number in range(rounds):
            if stop():
                break
            step = self._step(point, weight, 0.0)
            apart = [new - old for new, old in zip(step, point, strict=True)]
            error = self._distance(apart, weight)
            if number % _LOOK == _LOOK - 1 or number == rounds - 1:
                value = self.bound(step[2])
                if value < lowest:
                    lowest, best = value, step[2]
            if since == 0:
                first = error
            if since and (error <= 0.2 * first or before < error <= 0.8 * first or since >= max(20, 0.36 * number)):
                weight = self._balanced([new - old for new, old in zip(step, anchor, strict=True)], weight)
                point = anchor = step
                since, before = 0, math.inf
                continue
            share = np.float32((since + 1) / (since + 2))
            for new, move, old in zip(step, apart, anchor, strict=True):
                move += new
                move -= old
                move *= share
                move += old
            x, r, y, w = apart
            point, since, before = (x, r, y, w), since + 1, error
        y = best
        return Prices.of(y[: self.capacity_rows], y[self.floor_rows], float(y[-2]), float(y[-1])), point, weight

    def whole(self, point: Vectors, rounds: int, stop: Stop) -> SingleArray:
        """Shares of the columns near a point, most of them 0 or 1.

        An answer gains more and more by being whole (a concave term), which tells equal slots apart step by step.
        """
        for number in range(rounds):
            if stop():
                break
            point = self._step(point, _WHOLE_WEIGHT, _STEEP * min(1.0, (number + 1) / (_RISING * rounds)))
        return point[0]

    def bound(self, rows: SingleArray) -> float:
        """The Lagrangian bound of prices, with the best prices of the pairs; in floating point, to compare."""
        gain = self._gained(rows)
        value = np.maximum.reduceat(gain, self.first) if len(self.first) else gain
        floors = np.maximum(0.0, rows[-1] - self.need * rows[self.floor_rows])
        value = np.maximum(0.0, value)
        return float(value.sum(dtype=np.float64) + floors.sum(dtype=np.float64) + (rows * self.limit).sum())

    def _step(self, point: Vectors, weight: float, steep: float) -> Vectors:
        x, r, y, w = point
        gain, other = self._gained(y), self.other
        gain -= np.take(w, self.pair, out=other, mode="clip")
        if steep:
            gain += np.multiply(x, np.float32(steep), out=other)
            gain -= np.float32(steep / 2)
        gain /= self.column_size
        gain *= np.float32(1 / weight)
        gain += x
        new_x = np.clip(gain, 0.0, 1.0)
        new_r = np.clip(r + (y[-1] - self.need * y[self.floor_rows]) / (np.float32(weight) * (1 + self.need)), 0.0, 1.0)
        np.multiply(new_x, np.float32(2.0), out=gain)
        gain -= x
        met = np.add.reduceat(gain, self.first) if len(self.first) else gain
        new_y = np.clip(
            y + (self._used(gain, 2 * new_r - r) - self.limit) * (weight / self.row_size), 0.0, self.highest
        )
        met -= 1
        met *= np.float32(weight)
        met /= self.pair_size
        met += w
        return new_x, new_r, new_y.astype(np.float32), np.maximum(met, np.float32(0), out=met)

    def _gained(self, rows: SingleArray) -> SingleArray:
        """[columns], what a column scores beyond what it pays for its rows; valid until the next step."""
        gain, prices = self.gain, rows * self.sign
        np.copyto(gain, self.score)
        for cells in self.cells:
            gain -= np.take(cells.charged(prices), cells.of_column, out=self.other, mode="clip")
        gain[self.musts] += rows[-2]
        return gain

    def _used(self, x: SingleArray, r: SingleArray) -> FloatArray:
        """[rows], what shares use of the rows."""
        used = np.zeros(self.rows)
        for cells in self.cells:
            cells.used(x, self.other, used)
        used[-2] = x[self.musts].sum()
        used *= self.sign
        used[self.floor_rows] += self.need * r
        used[-1] -= r.sum()
        return used

    def _distance(self, apart: list[SingleArray], weight: float) -> float:
        x, r, y, w = self._squares(apart)
        return math.sqrt(weight * (x + r) + (y + w) / weight)

    def _balanced(self, apart: list[SingleArray], weight: float) -> float:
        """The weight, halfway (in logarithms) to where prices and shares moved alike."""
        x, r, y, w = self._squares(apart)
        if x + r < 1e-18 or y + w < 1e-18:
            return weight
        return math.exp(0.25 * math.log((y + w) / (x + r)) + 0.5 * math.log(weight))

    def _squares(self, apart: list[SingleArray]) -> list[float]:
        sizes = (self.column_size, 1 + self.need, self.row_size, self.pair_size)
        return [float(np.dot(move * size, move)) for move, size in zip(apart, sizes, strict=True)]

    def _cells(self) -> tuple[_Cells, _Cells, _Cells]:
        """By project and slot, by counterparty and slot, and by what a column takes of tables and interpreters."""
        relaxation, residual = self.relaxation, self.relaxation.residual
        problem = residual.problem
        families = (*relaxation.families, *relaxation.floors)
        ends = np.cumsum([len(family.capacity) for family in families]).tolist()
        pair = residual.pairs[relaxation.pair]
        place = 2 * (problem.pair_interp[pair] + 1) + problem.pair_in_person[pair]

        def cells(owner: IntArray, numbers: tuple[int, ...]) -> _Cells:
            key = owner * (problem.slots + 1) + relaxation.slot + 1
            order = np.argsort(key, kind="stable")
            begins = np.diff(key[order], prepend=-1) != 0
            of_column = np.empty_like(order)
            of_column[order] = np.cumsum(begins) - 1
            first = np.flatnonzero(begins)
            rows = [slice(ends[number] - len(families[number].capacity), ends[number]) for number in numbers]
            use = [families[number].row[order[first]] for number in numbers]
            beyond = [np.where(row >= 0, row, span.stop - span.start) for row, span in zip(use, rows, strict=True)]
            return _Cells(of_column, order, first, tuple(zip(rows, beyond, strict=True)))

        return (
            cells(problem.pair_project[pair], _PROJECT),
            cells(problem.pair_counterparty[pair], _COUNTERPARTY),
            cells(place, _PLACE),
        )


def _matched(keys: IntArray, known: IntArray, values: SingleArray) -> SingleArray:
    """The values of the keys among the known ones, zero for others; both are sorted."""
    if not len(known):
        return np.zeros(len(keys), dtype=np.float32)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, values[place], np.float32(0))
