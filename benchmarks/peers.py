"""The peers the engine is measured against: what organisers do by hand or with the usual tools.

All take a problem and return meetings that hold every rule (locked meetings first). None sees must meetings, floors,
gaps or the published schedule in any other way than its own rule says; CP-SAT's plain model sees all values.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

    from marketplace.matching import Problem

Meeting = tuple[int, int, int]


class Board:
    """A schedule being filled: free slots as bits of an integer, capacities as counts."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.score = problem.pair_score.tolist()
        self.pool = problem.pair_interp.tolist()
        self.in_person = problem.pair_in_person.tolist()
        self.project = problem.pair_project.tolist()
        self.counterparty = problem.pair_counterparty.tolist()
        self.delegation = problem.project_delegation.tolist()
        self.p_free = list(problem.project_mask)
        self.f_free = list(problem.counterparty_mask)
        everything = (1 << problem.slots) - 1
        self.d_free = [everything if cap else 0 for cap in problem.delegation_cap.tolist()]
        self.q_free = [sum(1 << t for t, cap in enumerate(row) if cap) for row in problem.interpreter_cap.tolist()]
        self.table_free = sum(1 << t for t, cap in enumerate(problem.slot_tables.tolist()) if cap)
        self.everything = everything
        self.f_left = [[reps] * problem.slots for reps in problem.counterparty_reps.tolist()]
        self.d_left = [[cap] * problem.slots for cap in problem.delegation_cap.tolist()]
        self.q_left = problem.interpreter_cap.tolist()
        self.table_left = problem.slot_tables.tolist()
        self.p_cap = problem.project_max.tolist()
        self.f_cap = problem.counterparty_max.tolist()
        self.slot_of: dict[int, int] = {}
        self.locked: set[int] = set()
        for p, f, t in problem.locked:
            pair = problem.pair_index[p, f]
            self.hold(pair, t)
            self.locked.add(pair)

    def slots_for(self, pair: int) -> int:
        """Bits of the slots in which the pair could meet now; 0 when a cap is reached."""
        p, f, q = self.project[pair], self.counterparty[pair], self.pool[pair]
        if not self.p_cap[p] or not self.f_cap[f]:
            return 0
        free = self.p_free[p] & self.f_free[f] & self.d_free[self.delegation[p]]
        if q >= 0:
            free &= self.q_free[q]
        return free & self.table_free if self.in_person[pair] else free

    def hold(self, pair: int, t: int) -> None:
        """Place the pair into slot t."""
        p, f, q = self.project[pair], self.counterparty[pair], self.pool[pair]
        bit = 1 << t
        self.slot_of[pair] = t
        self.p_cap[p] -= 1
        self.f_cap[f] -= 1
        self.p_free[p] &= ~bit
        if _take(self.f_left[f], t):
            self.f_free[f] &= ~bit
        d = self.delegation[p]
        if _take(self.d_left[d], t):
            self.d_free[d] &= ~bit
        if q >= 0 and _take(self.q_left[q], t):
            self.q_free[q] &= ~bit
        if self.in_person[pair] and _take(self.table_left, t):
            self.table_free &= ~bit

    def drop(self, pair: int) -> None:
        """Take the pair out again."""
        p, f, q = self.project[pair], self.counterparty[pair], self.pool[pair]
        t = self.slot_of.pop(pair)
        bit = 1 << t
        d = self.delegation[p]
        self.p_cap[p] += 1
        self.f_cap[f] += 1
        self.p_free[p] |= bit
        self.f_left[f][t] += 1
        self.f_free[f] |= bit
        self.d_left[d][t] += 1
        self.d_free[d] |= bit
        if q >= 0:
            self.q_left[q][t] += 1
            self.q_free[q] |= bit
        if self.in_person[pair]:
            self.table_left[t] += 1
            self.table_free |= bit

    def fill(self, pairs: Iterable[int]) -> None:
        """Place the pairs in this order, each into the first slot that is free for it."""
        for pair in pairs:
            if pair not in self.slot_of and (free := self.slots_for(pair)):
                self.hold(pair, (free & -free).bit_length() - 1)

    @property
    def meetings(self) -> list[Meeting]:
        """All meetings, sorted."""
        return sorted((self.project[k], self.counterparty[k], t) for k, t in self.slot_of.items())


def _take(left: list[int], t: int) -> bool:
    left[t] -= 1
    return left[t] == 0


def first_come(problem: Problem, seed: int) -> list[Meeting]:
    """First come, first served: wishes are booked as they come in, in random order."""
    board = Board(problem)
    board.fill(np.random.default_rng(seed).permutation(problem.pairs).tolist())
    return board.meetings


def first_fit(problem: Problem, seed: int) -> list[Meeting]:
    """First fit by value: must meetings, then all wishes from the most to the least valuable."""
    del seed
    board = Board(problem)
    board.fill(np.lexsort((-problem.pair_score, ~problem.pair_must)).tolist())
    return board.meetings


def deferred_acceptance(problem: Problem, seed: int) -> list[Meeting]:
    """Many-to-many deferred acceptance: projects propose by their rank, slot by slot what a counterparty likes less
    gives way (Roth 1984), in the free slots; a meeting refused is proposed again for the slots that remain."""
    del seed
    board = Board(problem)
    wishes: list[list[int]] = [[] for _ in range(problem.projects)]
    for pair in np.lexsort((problem.pair_rank_p, problem.pair_project)).tolist()[::-1]:
        if pair not in board.slot_of:
            wishes[board.project[pair]].append(pair)
    rank = problem.pair_rank_f.tolist()
    held: list[list[tuple[int, int]]] = [[] for _ in range(problem.counterparties)]
    waiting = list(range(problem.projects))
    while waiting:
        p = waiting.pop()
        while wishes[p] and board.p_cap[p]:
            pair = wishes[p].pop()
            f = board.counterparty[pair]
            if not (free := board.slots_for(pair)):
                free = _give_way(board, held[f], rank[pair], pair, waiting)
            if free:
                board.hold(pair, (free & -free).bit_length() - 1)
                heapq.heappush(held[f], (-rank[pair], pair))
    return board.meetings


def _give_way(board: Board, held: list[tuple[int, int]], rank: int, pair: int, waiting: list[int]) -> int:
    """Drop the counterparty's least liked meeting if that makes place for a better liked one; the slots free then."""
    if not held or -held[0][0] <= rank:
        return 0
    _, other = held[0]
    t = board.slot_of[other]
    board.drop(other)
    if free := board.slots_for(pair):
        heapq.heappop(held)
        waiting.append(board.project[other])
        return free
    board.hold(other, t)
    return 0


def cp_sat(problem: Problem, seed: int, seconds: float = 60.0) -> tuple[list[Meeting], bool]:
    """CP-SAT's plain time-indexed model, level after level; also says whether it proved all four levels optimal.

    One Boolean a pair and slot, one row a capacity; musts, floors, score and idle gaps. Needs the `bench` dependency
    group.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    both = problem.project_avail[problem.pair_project] & problem.counterparty_avail[problem.pair_counterparty]
    x = {(k, t): model.new_bool_var("") for k, t in np.argwhere(both).tolist()}
    rows: dict[tuple[str, int, int], list[cp_model.IntVar]] = {}
    capacity: dict[tuple[str, int, int], int] = {}
    for (k, t), variable in x.items():
        for key, cap in _capacities(problem, k, t):
            rows.setdefault(key, []).append(variable)
            capacity[key] = cap
    for key, variables in rows.items():
        model.add(sum(variables) <= capacity[key])
    for p, f, t in problem.locked:
        model.add(x[problem.pair_index[p, f], t] == 1)
    reached = []
    for who, floors in (("p", problem.project_min), ("f", problem.counterparty_min)):
        for party, floor in enumerate(floors.tolist()):
            if floor:
                variable = model.new_bool_var("")
                model.add(sum(rows.get((who, party, -1), [])) >= floor * variable)
                reached.append(variable)
    score, must = problem.pair_score.tolist(), problem.pair_must.tolist()
    levels = [
        sum(variable for (k, _), variable in x.items() if must[k]),
        sum(reached),
        sum(score[k] * variable for (k, _), variable in x.items()),
        -sum(_gaps(problem, model, x)),
    ]
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    proven = True
    meetings: list[Meeting] = []
    for level in levels:
        solver.parameters.max_time_in_seconds = seconds / len(levels)
        model.maximize(level)
        status = solver.solve(model)
        proven &= status == cp_model.OPTIMAL
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            break
        chosen = [key for key, variable in x.items() if solver.value(variable)]
        meetings = sorted((int(problem.pair_project[k]), int(problem.pair_counterparty[k]), t) for k, t in chosen)
        model.add(level >= round(solver.objective_value))
        model.clear_hints()
        for variable in x.values():
            model.add_hint(variable, solver.value(variable))
    return meetings, proven


def _gaps(
    problem: Problem, model: cp_model.CpModel, x: dict[tuple[int, int], cp_model.IntVar]
) -> list[cp_model.IntVar]:
    """One Boolean a party and available slot, true where it is idle there and meets before and after in the session."""
    meets: dict[tuple[str, int, int], list[cp_model.IntVar]] = {}
    for (k, t), variable in x.items():
        meets.setdefault(("p", int(problem.pair_project[k]), t), []).append(variable)
        meets.setdefault(("f", int(problem.pair_counterparty[k]), t), []).append(variable)
    found = []
    for who, available in (("p", problem.project_avail), ("f", problem.counterparty_avail)):
        for party, session in itertools.product(range(len(available)), sorted(set(problem.slot_session.tolist()))):
            slots = np.flatnonzero(available[party] & (problem.slot_session == session)).tolist()
            busy, before, after = ([model.new_bool_var("") for _ in slots] for _ in range(3))
            for t, one in zip(slots, busy, strict=True):
                model.add_max_equality(one, meets.get((who, party, t), [0]))
            for earlier, later in itertools.pairwise(range(len(slots))):
                model.add(before[later] >= before[earlier])
                model.add(before[later] >= busy[earlier])
                model.add(after[earlier] >= after[later])
                model.add(after[earlier] >= busy[later])
            for one, earlier, later in zip(busy, before, after, strict=True):
                gap = model.new_bool_var("")
                model.add(gap >= earlier + later - one - 1)
                found.append(gap)
    return found


def _capacities(problem: Problem, k: int, t: int) -> list[tuple[tuple[str, int, int], int]]:
    p, f, q = int(problem.pair_project[k]), int(problem.pair_counterparty[k]), int(problem.pair_interp[k])
    d = int(problem.project_delegation[p])
    found = [
        (("once", k, -1), 1),
        (("p", p, t), 1),
        (("f", f, t), int(problem.counterparty_reps[f])),
        (("d", d, t), int(problem.delegation_cap[d])),
        (("p", p, -1), int(problem.project_max[p])),
        (("f", f, -1), int(problem.counterparty_max[f])),
    ]
    if problem.pair_in_person[k]:
        found.append((("table", 0, t), int(problem.slot_tables[t])))
    if q >= 0:
        found.append((("interpreter", q, t), int(problem.interpreter_cap[q, t])))
    return found


PEERS: dict[str, Callable[[Problem, int], list[Meeting]]] = {
    "first come": first_come,
    "first fit by value": first_fit,
    "deferred acceptance": deferred_acceptance,
}
