"""Verifies answers from the problem alone, sharing nothing with the solver that found them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from marketplace.matching.timetable.model import Answer, Session, TimetableProblem


def verify(problem: TimetableProblem, answer: Answer, fairness: int | None) -> list[str]:
    """Everything that is wrong with `answer`, in words; empty when it is right.

    Checks the rules of the problem, the number of breaks, the fairness (the numbers of breaks of any two participants
    differ by at most `fairness`; None for no such rule) and that status and bound fit. That a bound or
    an infeasibility holds is not checked here.
    """
    if answer.status in ("infeasible", "unknown"):
        return _without_timetable(answer)
    if len(answer.slots) != len(problem.meetings):
        return [f"{len(answer.slots)} slots for {len(problem.meetings)} meetings"]
    outside = [number + 1 for number, slot in enumerate(answer.slots) if not 1 <= slot <= problem.slots]
    if outside:
        return [f"meeting {number} is in no slot that exists" for number in outside]
    faults = _meeting_faults(problem, answer.slots) + _capacity_faults(problem, answer.slots)
    return faults or _count_faults(problem, answer, fairness)


def breaks_of(problem: TimetableProblem, slots: Sequence[int]) -> list[int]:
    """Breaks per participant: gaps between two successive meetings, each counted once whatever its length."""
    held: list[list[int]] = [[] for _ in range(problem.participants)]
    for meeting, slot in zip(problem.meetings, slots, strict=True):
        held[meeting.first].append(slot)
        held[meeting.second].append(slot)
    return [sum(later - earlier > 1 for earlier, later in pairwise(sorted(own))) for own in held]


def _without_timetable(answer: Answer) -> list[str]:
    faults = []
    if answer.slots or answer.breaks is not None:
        faults.append(f"{answer.status}, and yet there is a timetable")
    if answer.status == "infeasible" and answer.bound is not None:
        faults.append("infeasible, and yet there is a bound")
    if not answer.reason:
        faults.append(f"{answer.status} without a reason")
    return faults


def _meeting_faults(problem: TimetableProblem, slots: Sequence[int]) -> list[str]:
    faults = []
    for number, (meeting, slot) in enumerate(zip(problem.meetings, slots, strict=True)):
        name = f"meeting {number + 1} in slot {slot}"
        if meeting.session is Session.MORNING and slot > problem.morning:
            faults.append(f"{name} is not in the morning")
        if meeting.session is Session.AFTERNOON and slot <= problem.morning:
            faults.append(f"{name} is not in the afternoon")
        fixed = problem.fixed[number]
        if fixed is not None and slot != fixed + 1:
            faults.append(f"{name} is fixed to slot {fixed + 1}")
        for participant in (meeting.first, meeting.second):
            if slot - 1 in problem.forbidden[participant]:
                faults.append(f"{name} is forbidden for participant {participant + 1}")
        for earlier in sorted(problem.predecessors[number]):
            if slots[earlier] >= slot:
                faults.append(f"{name} is not after meeting {earlier + 1}")
    return faults


def _capacity_faults(problem: TimetableProblem, slots: Sequence[int]) -> list[str]:
    faults = []
    for slot, count in sorted(Counter(slots).items()):
        if count > problem.tables:
            faults.append(f"slot {slot} has {count} meetings on {problem.tables} tables")
    seen: set[tuple[int, int]] = set()
    for meeting, slot in zip(problem.meetings, slots, strict=True):
        for participant in (meeting.first, meeting.second):
            if (participant, slot) in seen:
                faults.append(f"participant {participant + 1} has two meetings in slot {slot}")
            seen.add((participant, slot))
    return faults


def _count_faults(problem: TimetableProblem, answer: Answer, fairness: int | None) -> list[str]:
    faults = []
    breaks = breaks_of(problem, answer.slots)
    if answer.breaks != sum(breaks):
        faults.append(f"{sum(breaks)} breaks were counted as {answer.breaks}")
    spread = max(breaks, default=0) - min(breaks, default=0)
    if fairness is not None and spread > fairness:
        faults.append(f"numbers of breaks differ by {spread}, more than {fairness}")
    if answer.bound is None or answer.bound > sum(breaks):
        faults.append(f"bound {answer.bound} does not fit {sum(breaks)} breaks")
    if answer.status == "optimal" and answer.bound != sum(breaks):
        faults.append(f"optimal with {sum(breaks)} breaks and bound {answer.bound}")
    return faults
