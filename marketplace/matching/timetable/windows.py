"""Which slots each meeting can still take once half days, fixed slots, free slots and precedences are combined."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from marketplace.matching.timetable.model import TimetableProblem


def windows(problem: TimetableProblem) -> list[frozenset[int]]:
    """Per meeting, the slots (from 0) that no single rule excludes; empty where there are none.

    Precedences cut both ways: a meeting comes after the earliest slot of each predecessor and before the latest slot
    of each successor, along whole chains. A cycle of precedences leaves its meetings without slots.
    """
    allowed = [problem.open_slots(number) for number in range(len(problem.meetings))]
    pending = [number for number, earlier in enumerate(problem.predecessors) if earlier]
    successors: dict[int, list[int]] = {}
    for number in pending:
        for earlier in problem.predecessors[number]:
            successors.setdefault(earlier, []).append(number)
    while pending:
        number = pending.pop()
        for earlier in problem.predecessors[number]:
            changed = _order(allowed, earlier, number)
            if changed:
                pending.extend(successors.get(number, ()))
                pending.append(number)
                pending.extend(successors.get(earlier, ()))
                if problem.predecessors[earlier]:
                    pending.append(earlier)
    return allowed


def _order(allowed: list[frozenset[int]], earlier: int, later: int) -> bool:
    """Cut the slots of two meetings that must follow each other; whether anything was cut."""
    first, last = allowed[earlier], allowed[later]
    allowed[later] = frozenset(slot for slot in last if first and slot > min(first))
    allowed[earlier] = frozenset(slot for slot in first if last and slot < max(last))
    return allowed[later] != last or allowed[earlier] != first


def order_twins(problem: TimetableProblem) -> TimetableProblem:
    """The problem with meetings that could trade places put in order: same pair, same rules, in no precedence."""
    ordered = set().union(*problem.predecessors)
    groups: dict[object, list[int]] = {}
    for number, meeting in enumerate(problem.meetings):
        free = problem.fixed[number] is None and not problem.predecessors[number] and number not in ordered
        if free:
            groups.setdefault((meeting.pair, meeting.session), []).append(number)
    predecessors = list(problem.predecessors)
    for group in groups.values():
        for earlier, later in pairwise(group):
            predecessors[later] = frozenset({earlier})
    return replace(problem, predecessors=tuple(predecessors))


def ancestors(problem: TimetableProblem) -> list[set[int]]:
    """Per meeting, all meetings that have to be held before it, directly or along a chain."""
    before: list[set[int]] = []
    for number in range(len(problem.meetings)):
        found: set[int] = set()
        pending = list(problem.predecessors[number])
        while pending:
            other = pending.pop()
            if other not in found:
                found.add(other)
                pending.extend(problem.predecessors[other])
        before.append(found)
    return before
