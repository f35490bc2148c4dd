"""The SAT solver behind the exact search, in the configuration that did best on this kind of problem."""

from __future__ import annotations

from pysat.solvers import Solver

# Few restarts that aim for the deepest assignment so far, no chronological backtracking: most of these searches have
# a timetable to find, and proofs are none the slower.
CONFIGURATION = {"target": 2, "restartint": 50, "chrono": 0}


def sat_solver(clauses: list[list[int]]) -> Solver:
    """A CaDiCaL solver that holds the clauses, incremental and with budgets of conflicts."""
    solver = Solver(name="cadical195")
    solver.configure(CONFIGURATION)
    for clause in clauses:
        solver.add_clause(clause)
    return solver
