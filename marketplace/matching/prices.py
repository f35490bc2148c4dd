"""Prices without a solver: a projected subgradient method on the Lagrangian dual of a relaxation."""

from __future__ import annotations

import numpy as np

from .child import Stop
from .relaxation import Family, FloatArray, Prices, Relaxation, RowArray, best_column

_SWEEPS = 8  # of coordinate descent before the first step
_MUST_START, _FLOORS_START = 600.0, 300.0
_PATIENCE = 8  # steps without a better bound before the aim is lowered


def subgradient(relaxation: Relaxation, must: int, floors: int, rounds: int, stop: Stop) -> Prices:
    """Prices whose bound of the score comes close to the relaxation's optimum.

    ``must`` and ``floors`` are what the schedules hold at least. It starts from a few sweeps of coordinate descent
    (each row's price is what its first excluded column would pay) and follows subgradients with steps that aim below
    the best value found, less and less so (Polyak 1969).
    """
    dual = _Dual(relaxation, must, floors)
    prices = best = dual.start()
    lowest, aim, waiting = np.inf, 1.0, 0
    for _ in range(rounds):
        if stop():
            break
        value, slope = dual.at(prices)
        if value < lowest:
            lowest, best, waiting = value, prices, 0
        else:
            waiting += 1
        if waiting >= _PATIENCE:
            aim, waiting, prices = 0.7 * aim, 0, best
            _, slope = dual.at(prices)
        scaled = slope / dual.scale
        norm = float(slope @ scaled)
        if norm == 0.0:
            break
        prices = np.maximum(0.0, prices - (value - (1.0 - aim) * lowest) / norm * scaled)
    return dual.prices(best)


class _Dual:
    """The Lagrangian of a relaxation as a function of one vector: capacity prices, floor prices, must, floors."""

    def __init__(self, relaxation: Relaxation, must: int, floors: int) -> None:
        self.relaxation, self.must, self.floors = relaxation, must, floors
        self.capacity = np.concatenate([family.capacity for family in relaxation.families]).astype(np.float64)
        self.need = np.concatenate([family.capacity for family in relaxation.floors]).astype(np.float64)
        # Families without any binding row cost time and do nothing.
        self.families = _numbered(relaxation.families)
        self.floor_families = _numbered(relaxation.floors)
        # Rows with large capacities have large slopes; without scaling they alone would set the step.
        ends = [float(max(1, must)), float(max(1, floors))]
        self.scale = np.maximum(1.0, np.concatenate([self.capacity, self.need, ends]))
        self.score = relaxation.score.astype(np.float64)
        self.is_must = relaxation.must.astype(np.float64)

    def start(self) -> FloatArray:
        """Prices after some sweeps of coordinate descent, damped so that both sides of a pair share its value."""
        prices = np.zeros(len(self.capacity) + len(self.need) + 2)
        prices[-2], prices[-1] = _MUST_START, _FLOORS_START
        value = self.score + _MUST_START * self.is_must
        for sweep in range(_SWEEPS):
            for first, row in self.families:
                size = int(row.max()) + 1
                own = prices[first : first + size]
                asked = value + np.append(own, 0.0)[row]
                target = _first_excluded(asked, row, self.capacity[first : first + size])
                renewed = own + (0.5 if sweep < _SWEEPS - 1 else 0.8) * (target - own)
                value -= np.append(renewed - own, 0.0)[row]
                prices[first : first + size] = renewed
        return prices

    def at(self, prices: FloatArray) -> tuple[float, FloatArray]:
        """The value of the Lagrangian and a subgradient of it."""
        n_rows, n_floors = len(self.capacity), len(self.need)
        capacity, floor = prices[:n_rows], prices[n_rows : n_rows + n_floors]
        must, floors = float(prices[-2]), float(prices[-1])
        value = self.score + must * self.is_must
        for first, row in self.families:
            value -= np.append(capacity[first:], 0.0)[row]
        for first, row in self.floor_families:
            value += np.append(floor[first:], 0.0)[row]
        largest, column = best_column(self.relaxation, value)  # type: ignore[arg-type]
        taken = column[largest > 0]
        slope = np.empty_like(prices)
        slope[:n_rows] = self.capacity
        for first, row in self.families:
            used = row[taken]
            slope[:n_rows] -= np.bincount(first + used[used >= 0], minlength=n_rows)
        reached = floors > floor * self.need
        slope[n_rows : n_rows + n_floors] = -self.need * reached
        for first, row in self.floor_families:
            used = row[taken]
            slope[n_rows : n_rows + n_floors] += np.bincount(first + used[used >= 0], minlength=n_floors)
        slope[-2] = float(self.is_must[taken].sum()) - self.must
        slope[-1] = float(reached.sum()) - self.floors
        total = float(value[taken].sum() + self.capacity @ capacity - must * self.must - floors * self.floors)
        total += float(np.maximum(0.0, floors - floor * self.need).sum())
        return total, slope

    def prices(self, vector: FloatArray) -> Prices:
        """The vector as prices of the relaxation."""
        n_rows = len(self.capacity)
        return Prices.of(vector[:n_rows], vector[n_rows:-2], float(vector[-2]), float(vector[-1]))


def _numbered(families: tuple[Family, ...]) -> list[tuple[int, RowArray]]:
    numbered, first = [], 0
    for family in families:
        size = len(family.capacity)
        if size:
            numbered.append((first, family.row))
        first += size
    return numbered


def _first_excluded(asked: FloatArray, row: RowArray, capacity: FloatArray) -> FloatArray:
    """Per row the largest positive amount among its columns that the capacity leaves out, else 0."""
    positive = np.flatnonzero((asked > 0.0) & (row >= 0))
    order = positive[np.lexsort((-asked[positive], row[positive]))]
    first = np.searchsorted(row[order], np.arange(len(capacity) + 1))
    place = first[:-1] + capacity.astype(np.int64)
    amount = np.append(asked[order], 0.0)
    return np.where(place < first[1:], amount[np.minimum(place, len(order))], 0.0)
