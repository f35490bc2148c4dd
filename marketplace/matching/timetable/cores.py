"""Raises a proven lower bound on a number of true literals, core by core, until it is met.

Method: OLL (Andres et al., ICLP 2012; Morgado, Dodaro and Marques-Silva, CP 2014) with unit weights: every core, a set
of literals that cannot all be false, raises the bound by one and is replaced by its totalizer, which may then be one.
Disjoint cores are collected first (Berg and Järvisalo, CP 2017), so models turn up on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pysat.card import ITotalizer

from marketplace.matching.timetable.sat import sat_solver

# Conflicts for trying to do without one literal of a core, and for all such trials at least; found by trying.
TRY_CONFLICTS = 500
LEAST_ALLOWANCE = 3000

Step = Literal["raised", "model", "met", "exhausted"]


class CoreBound:
    """The lower bound on how many of `costs` are true in a model of `clauses` (`top`: their largest variable).

    bound: proven so far. model: the last model found. feasible: False once the clauses have no model at all.
    """

    def __init__(self, clauses: list[list[int]], top: int, costs: Sequence[int]) -> None:
        self.bound = 0
        self.model: list[int] = []
        self.feasible = True
        self._solver = sat_solver(clauses)
        self._top = top
        self._assumed = dict.fromkeys(-cost for cost in costs)
        self._delayed: list[int] = []
        self._sums: dict[int, tuple[ITotalizer, int]] = {}

    def close(self) -> None:
        """Free the solver."""
        self._solver.delete()
        for totalizer, _ in self._sums.values():
            totalizer.delete()

    def step(self, conflicts: int) -> Step:
        """One search of at most `conflicts` conflicts.

        raised: the bound went up. model: `model` is new, and more cores are needed. met: `model` has `bound` costs and
        is optimal, or nothing is feasible. exhausted: the conflicts did not suffice; a further step goes on.
        """
        before = self._conflicts()
        result = self._search(list(self._assumed), conflicts)
        if result is None:
            return "exhausted"
        if result:
            self.model = self._solver.get_model()
            if not self._delayed:
                return "met"
            self._assumed.update(dict.fromkeys(self._delayed))
            self._delayed = []
            return "model"
        core = self._solver.get_core() or []
        if not core:
            self.feasible = False
            return "met"
        self._relax(self._minimised(core, LEAST_ALLOWANCE + self._conflicts() - before))
        return "raised"

    def _search(self, assumptions: list[int], conflicts: int) -> bool | None:
        self._solver.conf_budget(conflicts)
        found: bool | None = self._solver.solve_limited(assumptions=assumptions)
        return found

    def _minimised(self, core: list[int], allowance: int) -> list[int]:
        """A smaller core, by trying without each literal, for about as many conflicts as it took to find."""
        budget = min(allowance, TRY_CONFLICTS)
        end = self._conflicts() + allowance
        while len(core) > 1 and self._conflicts() < end:
            if self._search(core, budget) is not False:
                break
            smaller = self._solver.get_core() or []
            if len(smaller) >= len(core):
                break
            core = smaller
        for literal in list(core):
            if len(core) == 1 or self._conflicts() >= end:
                break
            if literal not in core:
                continue
            rest = [other for other in core if other != literal]
            if self._search(rest, budget) is False:
                found = set(self._solver.get_core() or [])
                core = [other for other in rest if other in found]
        return core

    def _conflicts(self) -> int:
        return int(self._solver.accum_stats()["conflicts"])

    def _relax(self, core: list[int]) -> None:
        self.bound += 1
        for literal in core:
            del self._assumed[literal]
        for literal in core:
            if literal in self._sums:
                totalizer, bound = self._sums.pop(literal)
                self._limit(totalizer, bound + 1)
        if len(core) == 1:
            self._solver.add_clause([-core[0]])
            return
        self._solver.add_clause([-literal for literal in core])
        totalizer = ITotalizer(lits=[-literal for literal in core], ubound=1, top_id=self._top)
        self._top = max(self._top, totalizer.top_id)
        for clause in totalizer.cnf.clauses:
            self._solver.add_clause(clause)
        self._limit(totalizer, 1)

    def _limit(self, totalizer: ITotalizer, bound: int) -> None:
        """Assume from now on that at most `bound` of the totalizer's literals are true."""
        if bound >= len(totalizer.lits):
            return
        if bound >= len(totalizer.rhs):
            known = len(totalizer.cnf.clauses)
            totalizer.increase(ubound=bound, top_id=self._top)
            self._top = max(self._top, totalizer.top_id)
            for clause in totalizer.cnf.clauses[known:]:
                self._solver.add_clause(clause)
        literal = -totalizer.rhs[bound]
        self._sums[literal] = (totalizer, bound)
        self._delayed.append(literal)
