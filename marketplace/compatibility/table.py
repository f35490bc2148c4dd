"""All pairs at once: the fast path, equal to the plain functions of :mod:`~marketplace.compatibility.pair`.

Import this module where it is used; it brings numpy with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .explanation import Status
from .profiles import Mandate, Project, Solution

STATUSES = tuple(Status)


@dataclass(frozen=True, slots=True)
class Table:
    """The verdicts on P projects x F counterparties; all arrays are [P, F].

    Scores are whole tenths (874 is 87.4) and -1 where nothing is known; ``confidence`` is in thousandths; ``status``
    indexes :data:`STATUSES`; bit i of ``failed`` and ``unknown`` stands for rule i of ``FUNDER_RULES`` or
    ``VENDOR_RULES``; ``private`` marks pairs of which one party blocked the other.
    """

    score: npt.NDArray[np.int16]
    confidence: npt.NDArray[np.int16]
    preference: npt.NDArray[np.int16]
    mutual: npt.NDArray[np.int16]
    status: npt.NDArray[np.uint8]
    failed: npt.NDArray[np.uint16]
    unknown: npt.NDArray[np.uint16]
    private: npt.NDArray[np.bool_]


def funder_blocks(
    projects: Sequence[Project], mandates: Sequence[Mandate], rows: int = 256
) -> Iterator[tuple[int, Table]]:
    """Verdicts on all pairs by blocks of projects: the index of the block's first project, and its table."""
    raise NotImplementedError


def vendor_blocks(
    projects: Sequence[Project], solutions: Sequence[Solution], rows: int = 256
) -> Iterator[tuple[int, Table]]:
    """Verdicts on all pairs by blocks of projects: the index of the block's first project, and its table."""
    raise NotImplementedError


def funder_table(projects: Sequence[Project], mandates: Sequence[Mandate]) -> Table:
    """Verdicts on all pairs of projects and mandates."""
    raise NotImplementedError


def vendor_table(projects: Sequence[Project], solutions: Sequence[Solution]) -> Table:
    """Verdicts on all pairs of projects and solutions."""
    raise NotImplementedError
