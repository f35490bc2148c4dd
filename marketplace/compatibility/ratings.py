"""Credit grades of S&P, Fitch and Moody's in one order, so that "B/B2 or better" can be decided.

Only the international scales are compared: a national-scale grade (mxAA, AA(mex), Aa2.mx) ranks issuers inside one
country and says nothing about another, so it is as good as unknown. The letters of the agencies are matched step by
step in the usual way (BB- with Ba3); below CCC-/Caa3 the agencies' meanings differ and the match is coarse.
"""

from __future__ import annotations

import re

_SP = (
    *("AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-"),
    *("BB+", "BB", "BB-", "B+", "B", "B-", "CCC+", "CCC", "CCC-", "CC", "C", "D"),
)
_MOODYS = (
    *("Aaa", "Aa1", "Aa2", "Aa3", "A1", "A2", "A3", "Baa1", "Baa2", "Baa3"),
    *("Ba1", "Ba2", "Ba3", "B1", "B2", "B3", "Caa1", "Caa2", "Caa3", "Ca", "C"),
)
_STEPS: dict[str, int] = {
    **{letters.upper(): step for scale in (_SP, _MOODYS) for step, letters in enumerate(scale)},
    # Default, whether selective, restricted or complete.
    "SD": len(_SP) - 1,
    "RD": len(_SP) - 1,
}
_OUTLOOK = re.compile(
    r"[\s/,(]*(stable|positive|negative|developing|estable|positiv[ao]|negativ[ao]|est[aá]vel)\)?$", re.IGNORECASE
)
# Prefixes of S&P's national scales and of HR Ratings, a Mexican agency.
_NATIONAL_PREFIXES = frozenset({"MX", "BR", "RA", "AR", "UY", "CL", "CO", "PE", "HR"})
_NATIONAL_SUFFIX = re.compile(r"\s*(\([a-z]{3}\)|\.[a-z]{2})$", re.IGNORECASE)


def steps_below_top(grade: str) -> int | None:
    """Steps below AAA/Aaa (0 is the best), or None if the text is no international grade.

    A trailing outlook ("BB- stable") is ignored. Of two grades ("B/B2") the weaker counts: as a minimum each agency's
    own grade suffices, and as a rating the cautious reading is taken.
    """
    steps = [_STEPS.get(part) for part in _letters(grade).split("/")]
    known = [step for step in steps if step is not None]
    return max(known) if len(known) == len(steps) else None


def is_national_scale(grade: str) -> bool:
    """Whether the text is a grade on a country's own scale."""
    if steps_below_top(grade) is not None:
        return False
    text = _letters(grade)
    if text[:2] in _NATIONAL_PREFIXES and text[2:] in _STEPS:
        return True
    return _NATIONAL_SUFFIX.sub("", text) in _STEPS


def at_least(grade: str, minimum: str) -> bool | None:
    """Whether a grade is the minimum or better; None if either is no international grade."""
    mine, needed = steps_below_top(grade), steps_below_top(minimum)
    return None if mine is None or needed is None else mine <= needed


def _letters(grade: str) -> str:
    """The grade without outlook and spaces, minus signs made plain, in capitals."""
    text = grade.strip().replace("−", "-").replace("–", "-")
    return _OUTLOOK.sub("", text).strip().upper().replace(" ", "")
