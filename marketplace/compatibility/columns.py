"""Profiles as columns of numbers, and the comparisons of all pairs that the fast path is made of.

Two ways keep the fast path equal to the plain functions. What hangs on few different values (country, stage, rating) is
asked of the plain function once per combination and looked up per pair. Sets and amounts are compared by numpy, with
the plain functions' arithmetic in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .codes import Term
from .explanation import Outcome
from .findings import Check, outcome_of

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Value = TypeVar("Value", bound=Hashable)

_OUTCOMES = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Open:
    """Which pairs a check fails and which it leaves open; where it fails, open says nothing."""

    fail: Bools
    unknown: Bools

    def __or__(self, other: Open) -> Open:
        """Both checks at once."""
        return Open(self.fail | other.fail, self.unknown | other.unknown)

    def where(self, asked: Bools) -> Open:
        """The check where it is asked, nothing elsewhere."""
        return Open(self.fail & asked, self.unknown & asked)


def numbers(profiles: Sequence[Any], name: str) -> Floats:
    """A numeric field; NaN is unknown."""
    values = (getattr(profile, name) for profile in profiles)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def outcome_code(check: Check | None) -> int:
    """0 for a check that passes, 1 for one that fails, 2 for one that is open."""
    return _OUTCOMES[outcome_of(check)]


def flags(profiles: Sequence[Any], name: str) -> npt.NDArray[np.int8]:
    """A yes/no field as 1 and 0; -1 is unknown."""
    values = (getattr(profile, name) for profile in profiles)
    return np.array([-1 if value is None else bool(value) for value in values], dtype=np.int8)


class Lookup:
    """A function of one value per project and one per counterparty, evaluated once per combination."""

    def __init__(
        self,
        rows: Sequence[Hashable],
        columns: Sequence[Hashable],
        function: Callable[[Any, Any], float],
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        self._row, row_values = numbered(rows)
        self._column, column_values = numbered(columns)
        self._values = np.array(
            [[function(row, column) for column in column_values] for row in row_values], dtype=dtype
        ).reshape(len(row_values), len(column_values))

    def block(self, rows: slice) -> npt.NDArray[Any]:
        """The values for some projects and all counterparties."""
        return self._values[self._row[rows]][:, self._column]


class Checks:
    """A check of the plain rules, asked once per combination."""

    def __init__(
        self,
        rows: Sequence[Hashable],
        columns: Sequence[Hashable],
        check: Callable[[Any, Any], Check | None],
    ) -> None:
        self._lookup = Lookup(rows, columns, lambda row, column: outcome_code(check(row, column)), np.int8)

    def block(self, rows: slice) -> Open:
        """The check for some projects and all counterparties."""
        codes = self._lookup.block(rows)
        return Open(codes == 1, codes == 2)


def numbered(values: Sequence[Value]) -> tuple[npt.NDArray[np.intp], list[Value]]:
    """The number of each value among the different ones, and those."""
    seen: dict[Value, int] = {}
    numbers = np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.intp)
    return numbers, list(seen)


class Overlap:
    """A set per project and a set per counterparty, compared for all pairs.

    Only codes that occur on both sides can be shared, so only those become columns of the product that counts them. The
    counts are far below 2**24, which float32 holds exactly.
    """

    def __init__(self, rows: Sequence[Collection[str] | None], columns: Sequence[Collection[str] | None]) -> None:
        self.row_known = np.array([row is not None for row in rows], dtype=np.bool_)
        self.column_known = np.array([column is not None for column in columns], dtype=np.bool_)
        self.row_size = np.array([len(row or ()) for row in rows], dtype=np.float32)
        self.column_size = np.array([len(column or ()) for column in columns], dtype=np.float32)
        both = {code for row in rows for code in row or ()} & {code for column in columns for code in column or ()}
        vocabulary = {code: number for number, code in enumerate(sorted(both))}
        self._rows = incidence(rows, vocabulary)
        self._columns = np.ascontiguousarray(incidence(columns, vocabulary).T)

    def count(self, rows: slice) -> npt.NDArray[np.float32]:
        """How many codes each pair shares."""
        return np.asarray(self._rows[rows] @ self._columns, dtype=np.float32)

    def any(self, rows: slice) -> Bools:
        """Whether each pair shares a code."""
        return self.count(rows) > 0

    def offered(self, rows: slice, shared: Bools) -> Open:
        """What is sought must be offered: open if a side is unknown, else failed without a shared code."""
        known = self.row_known[rows, None] & self.column_known
        return Open(known & ~shared, ~known)

    def restricted(self, rows: slice) -> Open:
        """The counterparty accepts only some codes; an empty set accepts all."""
        shared = self.any(rows)
        asks = self.column_size > 0
        known = self.row_known[rows, None]
        return Open(asks & known & ~shared, ~self.column_known | (asks & ~known))

    def excluded(self, rows: slice) -> Open:
        """The counterparty excludes some codes."""
        asks = self.column_size > 0
        return Open(self.any(rows), ~self.column_known | (asks & ~self.row_known[rows, None]))

    def required(self, rows: slice) -> Open:
        """The counterparty asks for all of its codes."""
        missing = self.column_size > self.count(rows)
        known = self.row_known[rows, None]
        return Open(missing & known, ~self.column_known | (missing & ~known))


def incidence(sets: Sequence[Collection[str] | None], vocabulary: dict[str, int]) -> npt.NDArray[np.float32]:
    """[sets, vocabulary], 1 where the set holds the code."""
    matrix = np.zeros((len(sets), len(vocabulary)), dtype=np.float32)
    for number, codes in enumerate(sets):
        for code in codes or ():
            column = vocabulary.get(code)
            if column is not None:
                matrix[number, column] = 1.0
    return matrix


def one(value: str | None) -> tuple[str, ...] | None:
    """A single value as a collection."""
    return None if value is None else (value,)


class Sum:
    """Score and confidence of a block, added term by term in the order of the plain functions."""

    def __init__(self, shape: tuple[int, ...], weights: Mapping[Term, float], keep: bool = False) -> None:
        self._weights = weights
        self._reached = np.zeros(shape)
        self._counted = np.zeros(shape)
        self._kept: list[npt.NDArray[np.float32]] | None = [] if keep else None

    def add(self, term: Term, value: Floats, known: Floats | float = 1.0) -> None:
        """Add a term: NaN is unknown; ``known`` is the part of the weight that counts."""
        silent = np.isnan(value)
        counted = np.where(silent, 0.0, self._weights[term] * known)
        self._reached += counted * np.where(silent, 0.0, value)
        self._counted += counted
        if self._kept is not None:
            self._kept.append(np.broadcast_to(value, self._reached.shape).astype(np.float32))

    def score(self) -> npt.NDArray[np.int16]:
        """Tenths; -1 where nothing is known."""
        nothing = self._counted == 0
        score = 100.0 * self._reached / np.where(nothing, 1.0, self._counted)
        return np.where(nothing, -1, np.rint(score * 10.0)).astype(np.int16)

    def confidence(self) -> npt.NDArray[np.int16]:
        """Thousandths."""
        return np.rint(1000.0 * self._counted / sum(self._weights.values())).astype(np.int16)

    def terms(self) -> npt.NDArray[np.float32] | None:
        """[P, F, terms], the values that were added, if they were to be kept."""
        return None if self._kept is None else np.stack(self._kept, axis=-1)


def mutual(score: npt.NDArray[np.int16], preference: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """The mutual value in tenths from both scores in tenths; -1 where one is unknown."""
    unknown = (score < 0) | (preference < 0)
    product = np.where(unknown, 0.0, (score / 10.0) * (preference / 10.0))
    return np.where(unknown, -1, np.rint(np.sqrt(product) * 10.0)).astype(np.int16)
