"""Looks for models with few true literals from above, under one totalizer whose limit is only ever assumed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pysat.card import ITotalizer

from marketplace.matching.timetable.sat import sat_solver


class Descent:
    """Models of `clauses` (`top`: their largest variable) with a limit, up to `most`, on how many `costs` are true."""

    def __init__(self, clauses: list[list[int]], top: int, costs: Sequence[int], most: int) -> None:
        self.model: list[int] = []
        self._solver = sat_solver(clauses)
        self._totalizer = ITotalizer(lits=list(costs), ubound=most, top_id=top) if costs else None
        if self._totalizer is not None:
            for clause in self._totalizer.cnf.clauses:
                self._solver.add_clause(clause)
            for more, less in pairwise(self._totalizer.rhs):
                self._solver.add_clause([-less, more])

    def close(self) -> None:
        """Free the solver."""
        self._solver.delete()
        if self._totalizer is not None:
            self._totalizer.delete()

    @property
    def conflicts(self) -> int:
        """The conflicts of all searches so far."""
        return int(self._solver.accum_stats()["conflicts"])

    def search(self, most: int, conflicts: int, keep: Sequence[int] = ()) -> bool | None:
        """Whether a model has at most `most` true costs and all of `keep`; None if the conflicts did not suffice.

        The model is in `model`.
        """
        outputs = self._totalizer.rhs if self._totalizer is not None else []
        assumptions = [-outputs[most]] if most < len(outputs) else []
        self._solver.conf_budget(conflicts)
        found: bool | None = self._solver.solve_limited(assumptions=[*assumptions, *keep])
        if found:
            self.model = self._solver.get_model()
        return found
