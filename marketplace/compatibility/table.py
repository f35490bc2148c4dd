"""All pairs at once: the fast path, equal to the plain functions of :mod:`~marketplace.compatibility.pair`.

Import this module where it is used; it brings numpy with it. One changed profile is a table of one row or column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from .codes import FUNDER_RULES, VENDOR_RULES, Rule
from .columns import mutual
from .explanation import Status
from .funder_table import FunderBlocks
from .profiles import Mandate, Project, Solution
from .vendor_table import VendorBlocks

STATUSES = tuple(Status)

# Projects in a block: enough for numpy to be busy, few enough for its intermediate arrays to stay in the cache.
ROWS = 64

_OFFERED, _TO_CHECK, _NEAR_MISS, _EXCLUDED = (
    STATUSES.index(status) for status in (Status.OFFERED, Status.TO_CHECK, Status.NEAR_MISS, Status.EXCLUDED)
)


@dataclass(frozen=True, slots=True)
class Table:
    """The verdicts on P projects x F counterparties; all arrays but ``terms`` are [P, F].

    Scores are whole tenths (874 is 87.4) and -1 where nothing is known; ``confidence`` is in thousandths; ``status``
    indexes :data:`STATUSES`; bit i of ``failed`` and ``unknown`` stands for rule i of ``rules``; ``private`` marks
    pairs of which one party blocked the other. ``terms`` [P, F, terms] holds the values of the score's terms in the
    order of their weights, NaN where unknown, and only if asked for.
    """

    rules: tuple[Rule, ...]
    score: npt.NDArray[np.int16]
    confidence: npt.NDArray[np.int16]
    preference: npt.NDArray[np.int16]
    mutual: npt.NDArray[np.int16]
    status: npt.NDArray[np.uint8]
    failed: npt.NDArray[np.uint16]
    unknown: npt.NDArray[np.uint16]
    private: npt.NDArray[np.bool_]
    terms: npt.NDArray[np.float32] | None = None


def funder_blocks(
    projects: Sequence[Project], mandates: Sequence[Mandate], rows: int = ROWS, terms: bool = False
) -> Iterator[tuple[int, Table]]:
    """Verdicts on all pairs by blocks of projects: the index of the block's first project, and its table.

    Memory stays bounded by the block whatever the number of projects.
    """
    return _blocks(FunderBlocks(projects, mandates), FUNDER_RULES, rows, terms)


def vendor_blocks(
    projects: Sequence[Project], solutions: Sequence[Solution], rows: int = ROWS, terms: bool = False
) -> Iterator[tuple[int, Table]]:
    """Verdicts on all pairs by blocks of projects: the index of the block's first project, and its table."""
    return _blocks(VendorBlocks(projects, solutions), VENDOR_RULES, rows, terms)


def funder_table(projects: Sequence[Project], mandates: Sequence[Mandate], terms: bool = False) -> Table:
    """Verdicts on all pairs of projects and mandates; 18 bytes per pair, and 40 more with the terms."""
    return _joined([table for _, table in funder_blocks(projects, mandates, terms=terms)], FUNDER_RULES, len(mandates))


def vendor_table(projects: Sequence[Project], solutions: Sequence[Solution], terms: bool = False) -> Table:
    """Verdicts on all pairs of projects and solutions; 18 bytes per pair, and 24 more with the terms."""
    return _joined(
        [table for _, table in vendor_blocks(projects, solutions, terms=terms)], VENDOR_RULES, len(solutions)
    )


def _blocks(
    judges: FunderBlocks | VendorBlocks, rules: tuple[Rule, ...], rows: int, terms: bool
) -> Iterator[tuple[int, Table]]:
    projects, _ = judges.shape
    for start in range(0, projects, rows):
        found, score, preference, blocked = judges.judge(slice(start, min(start + rows, projects)), terms)
        failed = np.zeros(blocked.shape, dtype=np.uint16)
        unknown = np.zeros(blocked.shape, dtype=np.uint16)
        for bit, check in enumerate(found):
            failed |= check.fail.astype(np.uint16) << np.uint16(bit)
            unknown |= (check.unknown & ~check.fail).astype(np.uint16) << np.uint16(bit)
        tenths, wish = score.score(), preference.score()
        yield (
            start,
            Table(
                rules=rules,
                score=tenths,
                confidence=score.confidence(),
                preference=wish,
                mutual=mutual(tenths, wish),
                status=_status(failed, unknown),
                failed=failed,
                unknown=unknown,
                private=blocked,
                terms=score.terms(),
            ),
        )


def _status(failed: npt.NDArray[np.uint16], unknown: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    count = np.bitwise_count(failed)
    kept = np.where(unknown > 0, _TO_CHECK, _OFFERED)
    return np.where(count == 0, kept, np.where(count == 1, _NEAR_MISS, _EXCLUDED)).astype(np.uint8)


def _joined(tables: Sequence[Table], rules: tuple[Rule, ...], columns: int) -> Table:
    if len(tables) == 1:
        return tables[0]
    if not tables:
        whole, bits = np.zeros((0, columns), dtype=np.int16), np.zeros((0, columns), dtype=np.uint16)
        empty = np.zeros((0, columns), dtype=np.uint8)
        return Table(rules, whole, whole, whole, whole, empty, bits, bits, empty.astype(np.bool_))
    joined: dict[str, Any] = {}
    for field in fields(Table)[1:]:
        arrays = [getattr(table, field.name) for table in tables]
        joined[field.name] = None if arrays[0] is None else np.concatenate(arrays)
    return Table(rules, **joined)
