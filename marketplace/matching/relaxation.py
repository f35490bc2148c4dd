"""The linear relaxation whose prices choose the meetings and certify the bound.

A pair with few common free slots gets one column per slot, a flexible pair one column without time. Capacities hold
per slot for the columns that have one and in total for all columns, so any choice of which pairs are flexible is a
valid relaxation; the fewer flexible pairs, the tighter and the dearer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .problem import BoolArray, IntArray, Problem
from .residual import Residual

# Small numbers, for there may be millions of columns with a dozen rows each.
RowArray = npt.NDArray[np.int32]
Weights = npt.NDArray[np.int16] | BoolArray
FloatArray = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating[Any]]

SCALE = 1 << 20  # Prices are integers in units of 1 / SCALE, so that the bound is computed exactly.


@dataclass(frozen=True, eq=False)
class Family:
    """Rows of one kind: ``row[c]`` is the row of column c (-1: none) and ``capacity`` the right-hand sides."""

    row: RowArray
    capacity: IntArray


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Columns and rows; ``pair`` is a position in ``residual.pairs`` and ``slot`` -1 means no time."""

    residual: Residual
    pair: IntArray  # [columns], never decreasing
    slot: IntArray  # [columns]
    families: tuple[Family, ...]
    floors: tuple[Family, ...]  # capacity is the number of meetings missing to the floor
    must: BoolArray  # [columns]
    score: npt.NDArray[np.int16]  # [columns]
    published: BoolArray  # [columns], whether the pair met in the schedule before
    pairs: int  # n, those without a column included

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.pair)

    @property
    def rows(self) -> int:
        """The number of capacity rows."""
        return sum(len(family.capacity) for family in self.families)

    @property
    def floor_rows(self) -> int:
        """The number of parties that are below a floor they may reach."""
        return sum(len(family.capacity) for family in self.floors)


@dataclass(frozen=True, eq=False)
class Prices:
    """Non-negative multipliers of a relaxation, as integers in units of 1 / SCALE."""

    capacity: IntArray  # [rows]
    floor: IntArray  # [floor rows]
    must: int
    floors: int

    @classmethod
    def of(cls, capacity: AnyFloats, floor: AnyFloats, must: float, floors: float) -> Prices:
        """Prices out of a solver's duals; whatever is negative or not a number becomes zero."""
        return cls(_integers(capacity), _integers(floor), int(_integers(must)), int(_integers(floors)))


def relax(residual: Residual, few: int) -> Relaxation:
    """The relaxation in which pairs with at most ``few`` common free slots are timed (0: none is)."""
    problem = residual.problem
    timed = residual.choices <= few
    timed_rows = np.flatnonzero(timed)
    at, slot = np.nonzero(residual.common(timed_rows))
    pair = np.concatenate([timed_rows[at], np.flatnonzero(~timed)]).astype(np.int64)
    slots = np.concatenate([slot, np.full(int((~timed).sum()), -1)]).astype(np.int64)
    order = np.argsort(pair, kind="stable")
    pair, slots = pair[order], slots[order]

    original = residual.pairs[pair]
    p, f = problem.pair_project[original], problem.pair_counterparty[original]
    d, pool = problem.project_delegation[p], problem.pair_interp[original]
    table = problem.pair_in_person[original]
    has_slot, n_slots = slots >= 0, problem.slots
    t = np.where(has_slot, slots, 0)

    def at_slot(owner: IntArray, applies: npt.NDArray[np.bool_], capacity: IntArray) -> Family:
        key = np.where(has_slot & applies, owner * n_slots + t, -1)
        return _family(key, capacity.ravel())

    def in_total(owner: IntArray, applies: npt.NDArray[np.bool_], capacity: IntArray) -> Family:
        return _family(np.where(applies, owner, -1), capacity)

    everywhere = np.ones(len(pair), dtype=np.bool_)
    families = [
        at_slot(p, everywhere, residual.project_free.astype(np.int64)),
        at_slot(f, everywhere, residual.counterparty_room_at),
        at_slot(d, everywhere, residual.delegation_room_at),
        at_slot(np.zeros_like(p), table, residual.tables_at),
        at_slot(pool, pool >= 0, residual.interpreters_at),
        in_total(p, everywhere, residual.project_room),
        in_total(f, everywhere, residual.counterparty_room),
        in_total(d, everywhere, residual.delegation_room_at.sum(axis=1)),
        in_total(np.zeros_like(p), table, residual.tables_at.sum(keepdims=True)),
        in_total(pool, pool >= 0, residual.interpreters_at.sum(axis=1)),
    ]
    floors = (_floor(p, residual.project_need), _floor(f, residual.counterparty_need))
    return Relaxation(
        residual=residual,
        pair=pair,
        slot=slots,
        families=tuple(families),
        floors=floors,
        must=problem.pair_must[original],
        score=problem.pair_score[original].astype(np.int16),
        published=_published(problem)[original],
        pairs=len(residual.pairs),
    )


def restrict(relaxation: Relaxation, pairs: npt.NDArray[np.bool_]) -> Relaxation:
    """The relaxation without the columns of the pairs (a boolean [n]) that are left out; its rows stay the same."""
    keep = pairs[relaxation.pair]

    def without(families: tuple[Family, ...]) -> tuple[Family, ...]:
        return tuple(Family(family.row[keep], family.capacity) for family in families)

    return Relaxation(
        residual=relaxation.residual,
        pair=relaxation.pair[keep],
        slot=relaxation.slot[keep],
        families=without(relaxation.families),
        floors=without(relaxation.floors),
        must=relaxation.must[keep],
        score=relaxation.score[keep],
        published=relaxation.published[keep],
        pairs=relaxation.pairs,
    )


def columns_if(residual: Residual, few: int) -> int:
    """The number of columns that :func:`relax` would make."""
    timed = residual.choices <= few
    return int(residual.choices[timed].sum() + (~timed).sum())


def reduced(relaxation: Relaxation, weights: Weights, prices: Prices) -> IntArray:
    """[columns], value minus prices in units of 1 / SCALE; ``weights`` is the value of each column as an integer."""
    value = weights.astype(np.int64) * SCALE
    value[relaxation.must] += prices.must
    start = 0
    for family in relaxation.families:
        stop = start + len(family.capacity)
        value -= np.append(prices.capacity[start:stop], 0)[family.row]
        start = stop
    start = 0
    for family in relaxation.floors:
        stop = start + len(family.capacity)
        value += np.append(prices.floor[start:stop], 0)[family.row]
        start = stop
    return value


def best_column(relaxation: Relaxation, value: IntArray) -> tuple[IntArray, IntArray]:
    """Per pair the largest value among its columns, and that column; relies on columns being sorted by pair."""
    if not relaxation.columns:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    first = np.flatnonzero(np.diff(relaxation.pair, prepend=-1))
    largest = np.maximum.reduceat(value, first)
    hits = np.flatnonzero(value == np.repeat(largest, np.diff(np.append(first, relaxation.columns))))
    hit_first = np.flatnonzero(np.diff(relaxation.pair[hits], prepend=-1))
    return largest, hits[hit_first]


def certificate(relaxation: Relaxation, weights: Weights, prices: Prices, must: int, floors: int) -> int:
    """An upper bound of the weighted value of all columns that meet, by weak duality, in exact integer arithmetic.

    It holds for every schedule (beyond the locks) with at least ``must`` further must meetings and at least ``floors``
    further parties at their floor: for non-negative prices the Lagrangian

        sum over pairs of max(0, best column: value - prices) + sum of price * capacity
        + sum over parties of max(0, price of all floors - price of its floor * meetings missing)
        - price of the musts * must - price of all floors * floors

    is at least the value of any such schedule, whatever the prices are (Geoffrion 1974).
    """
    largest, _ = best_column(relaxation, reduced(relaxation, weights, prices))
    total = int(np.maximum(largest, 0).sum())
    capacity = np.concatenate([family.capacity for family in relaxation.families])
    total += int((capacity * prices.capacity).sum())
    need = np.concatenate([family.capacity for family in relaxation.floors])
    total += int(np.maximum(0, prices.floors - prices.floor * need).sum())
    total -= prices.must * must + prices.floors * floors
    return total // SCALE


def _family(key: IntArray, capacity: IntArray) -> Family:
    """Rows for the keys that are used by more columns than their capacity allows; the others can never bind."""
    use = np.bincount(key[key >= 0], minlength=len(capacity)) if len(capacity) else np.zeros(0, dtype=np.int64)
    binding = use > capacity
    number = np.append(np.where(binding, np.cumsum(binding) - 1, -1), -1).astype(np.int32)
    return Family(number[key], capacity[binding].astype(np.int64))


def _published(problem: Problem) -> BoolArray:
    """[N], whether each pair met in the schedule before."""
    met = np.zeros(problem.pairs, dtype=np.bool_)
    known = (problem.pair_index.get((p, f)) for p, f, _ in problem.published)
    met[[pair for pair in known if pair is not None]] = True
    return met


def _floor(owner: IntArray, need: IntArray) -> Family:
    wanting = need > 0
    number = np.append(np.where(wanting, np.cumsum(wanting) - 1, -1), -1).astype(np.int32)
    return Family(number[owner], need[wanting].astype(np.int64))


def _integers(values: AnyFloats | float) -> IntArray:
    finite = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return np.rint(np.clip(finite, 0.0, 1e6) * SCALE).astype(np.int64)
