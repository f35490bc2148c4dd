"""Prices and an almost whole answer of a relaxation without a solver: the primal-dual hybrid gradient method.

Where availability is scarce, the relaxation in which every pair has its slots is much tighter, and too large for the
simplex and the interior point method. First order steps come close to its optimum in some hundred products with the
matrix (restarted reflected Halpern iteration, Lu and Yang 2024; restarts and weights: Applegate et al. 2021).
"""

from __future__ import annotations

import math

import numpy as np

from .child import Stop
from .linear import FLOOR_PENALTY, MUST_PENALTY
from .problem import IntArray
from .relaxation import Family, FloatArray, Prices, Relaxation

Vectors = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""Shares of the columns and of the floors; prices of the rows (capacities, floors, musts, all floors) and of pairs."""

START_WEIGHT = 400.0  # of prices against shares: scores are some hundreds
_LOOK = 50  # rounds between two looks at the bound
_STEEP = 60.0  # in score: what an answer gains in the end by being whole
_RISING = 0.7  # of the rounds of :meth:`PrimalDual.whole`


class PrimalDual:
    """The saddle point of a relaxation with at least ``must`` must meetings and ``floors`` floors."""

    def __init__(self, relaxation: Relaxation, must: int, floors: int) -> None:
        self.relaxation = relaxation
        columns, self.capacity_rows = relaxation.columns, relaxation.rows
        self.need = np.concatenate([family.capacity for family in relaxation.floors]).astype(np.float64)
        self.floor_rows = slice(self.capacity_rows, self.capacity_rows + len(self.need))
        rows, at = _entries(relaxation.families, 0)
        floor_rows, floor_at = _entries(relaxation.floors, self.capacity_rows)
        self.rows = self.capacity_rows + len(self.need) + 2
        musts = np.flatnonzero(relaxation.must)
        rows = np.concatenate([rows, floor_rows, np.full(len(musts), self.rows - 2)])
        at = np.concatenate([at, floor_at, musts])
        self.sign = np.where(np.arange(self.rows) < self.capacity_rows, 1.0, -1.0)  # floors and musts are lower limits
        by_row, by_column = np.argsort(rows, kind="stable"), np.argsort(at, kind="stable")
        self.at_of_row, self.row_of_column = at[by_row], rows[by_column]
        self.row_ends = np.searchsorted(rows[by_row], np.arange(self.rows + 1))
        self.column_ends = np.searchsorted(at[by_column], np.arange(columns + 1))
        self.entries = np.zeros(len(rows) + 1)  # Fresh memory for every product would cost more than the product.
        self.first = np.flatnonzero(np.diff(relaxation.pair, prepend=-1))
        self.length = np.diff(np.append(self.first, columns))
        self.score = relaxation.score.astype(np.float64)
        capacity = np.concatenate([family.capacity for family in relaxation.families])
        self.limit = np.concatenate([capacity, np.zeros(len(self.need)), [-float(must), -float(floors)]])
        self.highest = np.full(self.rows, np.inf)
        self.highest[-2:] = MUST_PENALTY, FLOOR_PENALTY
        # Steps by the number of entries in a row or a column (Pock and Chambolle 2011).
        self.row_size = np.maximum(1.0, np.diff(self.row_ends).astype(np.float64))
        self.row_size[self.floor_rows] += self.need
        self.row_size[-1] = max(1, len(self.need))
        self.column_size = 1.0 + np.diff(self.column_ends)

    def start(self) -> Vectors:
        """Nothing held, no prices."""
        sizes = (self.relaxation.columns, len(self.need), self.rows, len(self.first))
        columns, floors, rows, pairs = (np.zeros(size) for size in sizes)
        return columns, floors, rows, pairs

    def prices(self, rounds: int, stop: Stop) -> tuple[Prices, Vectors, float]:
        """The prices with the lowest bound seen, the last point, and the weight of its prices."""
        point = anchor = self.start()
        weight, lowest, best = START_WEIGHT, math.inf, point[2]
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
            share = (since + 1) / (since + 2)
            x, r, y, w = (
                share * (new + move) + (1 - share) * old for new, move, old in zip(step, apart, anchor, strict=True)
            )
            point, since, before = (x, r, y, w), since + 1, error
        y = best
        return Prices.of(y[: self.capacity_rows], y[self.floor_rows], float(y[-2]), float(y[-1])), point, weight

    def whole(self, point: Vectors, weight: float, rounds: int, stop: Stop) -> FloatArray:
        """Shares of the columns near a point, most of them 0 or 1.

        An answer gains more and more by being whole (a concave term), which tells equal slots apart step by step.
        """
        for number in range(rounds):
            if stop():
                break
            point = self._step(point, weight, _STEEP * min(1.0, (number + 1) / (_RISING * rounds)))
        return point[0]

    def bound(self, rows: FloatArray) -> float:
        """The Lagrangian bound of prices, with the best prices of the pairs; in floating point, to compare."""
        value = np.maximum.reduceat(self.score - self._charged(rows), self.first) if len(self.first) else self.score
        floors = np.maximum(0.0, rows[-1] - self.need * rows[self.floor_rows])
        return float(np.maximum(0.0, value).sum() + floors.sum() + (rows * self.limit).sum())

    def _step(self, point: Vectors, weight: float, steep: float) -> Vectors:
        x, r, y, w = point
        gain = self.score - self._charged(y) - np.repeat(w, self.length)
        if steep:
            gain += steep * (x - 0.5)
        new_x = np.clip(x + gain / (weight * self.column_size), 0.0, 1.0)
        gain = y[-1] - self.need * y[self.floor_rows]
        new_r = np.clip(r + gain / (weight * (1.0 + self.need)), 0.0, 1.0)
        used, met = self._used(2 * new_x - x, 2 * new_r - r)
        new_y = np.clip(y + (used - self.limit) * (weight / self.row_size), 0.0, self.highest)
        new_w = np.maximum(0.0, w + (met - 1.0) * (weight / self.length))
        return new_x, new_r, new_y, new_w

    def _charged(self, rows: FloatArray) -> FloatArray:
        """[columns], what a column pays for its rows."""
        return self._sums(rows * self.sign, self.row_of_column, self.column_ends)

    def _used(self, x: FloatArray, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """[rows], what shares use of the rows; and [pairs], how often each pair meets."""
        used = self._sums(x, self.at_of_row, self.row_ends) * self.sign
        used[self.floor_rows] += self.need * r
        used[-1] -= r.sum()
        return used, np.add.reduceat(x, self.first) if len(self.first) else x

    def _sums(self, values: FloatArray, entries: IntArray, ends: IntArray) -> FloatArray:
        """Sums of the values at consecutive pieces of the entries, of which some may be empty."""
        np.take(values, entries, out=self.entries[:-1], mode="clip")
        totals = np.add.reduceat(self.entries, ends[:-1])
        totals[ends[1:] == ends[:-1]] = 0.0
        return np.asarray(totals, dtype=np.float64)

    def _distance(self, apart: list[FloatArray], weight: float) -> float:
        x, r, y, w = self._squares(apart)
        return math.sqrt(weight * (x + r) + (y + w) / weight)

    def _balanced(self, apart: list[FloatArray], weight: float) -> float:
        """The weight, halfway (in logarithms) to where prices and shares moved alike."""
        x, r, y, w = self._squares(apart)
        if x + r < 1e-18 or y + w < 1e-18:
            return weight
        return math.exp(0.25 * math.log((y + w) / (x + r)) + 0.5 * math.log(weight))

    def _squares(self, apart: list[FloatArray]) -> list[float]:
        sizes = (self.column_size, 1.0 + self.need, self.row_size, self.length)
        return [float((move * move * size).sum()) for move, size in zip(apart, sizes, strict=True)]


def _entries(families: tuple[Family, ...], first: int) -> tuple[IntArray, IntArray]:
    """Row and column of every entry of these families, whose rows are numbered from ``first``."""
    rows: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    columns: list[IntArray] = [np.zeros(0, dtype=np.int64)]
    for family in families:
        used = np.flatnonzero(family.row >= 0)
        rows.append(family.row[used] + first)
        columns.append(used)
        first += len(family.capacity)
    return np.concatenate(rows), np.concatenate(columns)
