"""One pair at a time: the plain functions that the fast path must equal."""

from __future__ import annotations

from .explanation import Explanation
from .profiles import Mandate, Project, Solution


def explain_funder(project: Project, mandate: Mandate) -> Explanation:
    """Say whether a funder's mandate and a project fit, and why."""
    raise NotImplementedError


def explain_vendor(project: Project, solution: Solution) -> Explanation:
    """Say whether a vendor's solution and a project fit, and why."""
    raise NotImplementedError


def mutual_value(score: float | None, preference: float | None) -> float | None:
    """The value both sides see in a meeting, 0 to 100 in steps of 0.1: the square root of score x preference."""
    raise NotImplementedError
