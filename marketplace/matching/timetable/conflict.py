"""Why there is no timetable when only search can tell: which participants already get into each other's way."""

from __future__ import annotations

from collections.abc import Sequence

from pysat.solvers import Solver

from marketplace.matching.timetable.encoding import Encoding
from marketplace.matching.timetable.model import TimetableProblem
from marketplace.matching.timetable.sat import sat_solver

CONFLICTS = 20_000
TRIES = 200


def conflicting_participants(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> list[int] | None:
    """Participants (from 0) whose meetings, one at a time each, already cannot be placed on the tables there are.

    An unsatisfiable core over one assumption per participant, made smaller while that is quick; fairness is left
    aside. None when a few searches do not show it.
    """
    encoding = Encoding(problem, allowed, None, separable=True)
    with sat_solver(encoding.clauses) as sat:
        core = _core(sat, encoding.rules, 10 * CONFLICTS)
        if core is None:
            return None
        for literal in core[:TRIES]:
            if literal in core:
                smaller = _core(sat, [other for other in core if other != literal], CONFLICTS)
                core = core if smaller is None else smaller
    return [participant for participant, literal in enumerate(encoding.rules) if literal in core]


def _core(sat: Solver, assumed: list[int], conflicts: int) -> list[int] | None:
    """The assumptions that contradict the clauses, if they do and the conflicts suffice to show it."""
    sat.conf_budget(conflicts)
    if sat.solve_limited(assumptions=assumed) is not False:
        return None
    found = set(sat.get_core() or [])
    return [literal for literal in assumed if literal in found]
