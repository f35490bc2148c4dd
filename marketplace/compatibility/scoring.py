"""Scores from terms: known weight only, in one order and with one rounding, so that every path gives the same number.

Source: domain document, section (d). A term of several parts counts by its known parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .codes import Term
from .explanation import Line, Message


class Judged(NamedTuple):
    """The value of a term (0 to 1; None: unknown), the known share of its weight, and what to say about it."""

    value: float | None
    message: Message
    known: float = 1.0


def line(term: Term, weight: float, judged: Judged) -> Line:
    """The line of a term in an explanation."""
    counted = 0.0 if judged.value is None else weight * judged.known
    return Line(term, judged.value, weight, counted, judged.message)


def rounded(value: float) -> float:
    """A score in steps of 0.1, halves to even."""
    return round(value * 10.0) / 10.0


def score_of(lines: Sequence[Line]) -> float | None:
    """100 x sum(weight x value) / sum(weight) over what is known; None where nothing is."""
    reached, counted = 0.0, 0.0
    for one in lines:
        if one.value is not None:
            reached += one.counted * one.value
            counted += one.counted
    return rounded(100.0 * reached / counted) if counted > 0 else None


def confidence_of(lines: Iterable[Line]) -> float:
    """Known weight / full weight, 0 to 1 in steps of 0.001."""
    pairs = [(one.counted, one.weight) for one in lines]
    return round(1000.0 * sum(counted for counted, _ in pairs) / sum(weight for _, weight in pairs)) / 1000.0


def mutual_value(score: float | None, preference: float | None) -> float | None:
    """The value both sides see in a meeting: the square root of score x city preference, 0 to 100 in steps of 0.1.

    Both are taken as published, in steps of 0.1, so that a reader can recompute it.
    """
    return None if score is None or preference is None else rounded(math.sqrt(score * preference))


def strongest(lines: Iterable[Line], count: int = 3) -> tuple[Message, ...]:
    """What the terms that contribute most say, the strongest first; a tie goes to the earlier term."""
    known = [one for one in lines if one.value]
    known.sort(key=lambda one: -one.counted * (one.value or 0.0))
    return tuple(one.message for one in known[:count])


def widest_gaps(lines: Iterable[Line], count: int = 2) -> tuple[Message, ...]:
    """What the terms that lose most say, the largest loss first; a tie goes to the earlier term."""
    lost = [(one.counted * (1.0 - one.value), one.message) for one in lines if one.value is not None and one.value < 1]
    lost.sort(key=lambda pair: -pair[0])
    return tuple(message for _, message in lost[:count])
