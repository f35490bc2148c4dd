"""What can change between a schedule and the event, and the problem after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .errors import ProblemError
from .problem import BoolArray, Meeting, Problem


@dataclass(frozen=True)
class Changes:
    """What has changed in the problem since the schedule was made. Late arrivals and freer parties come in with the
    problem itself, whose indices the schedule must already use."""

    cancelled_projects: frozenset[int] = frozenset()
    cancelled_counterparties: frozenset[int] = frozenset()
    cancelled_meetings: frozenset[tuple[int, int]] = frozenset()  # (project, counterparty): do not meet any more
    lost_tables: Mapping[int, int] = field(default_factory=dict)  # slot: number of tables that are gone
    project_away: frozenset[tuple[int, int]] = frozenset()  # (project, slot) no longer available
    counterparty_away: frozenset[tuple[int, int]] = frozenset()  # (counterparty, slot) no longer available

    def applied(self, problem: Problem, frozen_until: int = 0, past: Iterable[Meeting] = ()) -> Problem:
        """The problem after the changes, which concern the slots from `frozen_until` on.

        `past` are the meetings held before: nobody can be away from them or cancel them any more. Locks of cancelled
        parties and meetings, and in slots a party is away from, are dropped; a lost room keeps its locks, which may
        then be more than the tables left. Refuses (:class:`ProblemError`) indices that do not exist.
        """
        self._check(problem)
        past = tuple(past)
        p_avail, f_avail = problem.project_avail.copy(), problem.counterparty_avail.copy()
        p_min, f_min = problem.project_min.copy(), problem.counterparty_min.copy()
        for p in self.cancelled_projects:
            p_avail[p, frozen_until:] = False
            p_min[p] = 0
        for f in self.cancelled_counterparties:
            f_avail[f, frozen_until:] = False
            f_min[f] = 0
        for avail, away in ((p_avail, self.project_away), (f_avail, self.counterparty_away)):
            for party, t in away:
                avail[party, t] &= t < frozen_until
        for p, f, t in past:
            p_avail[p, t] = f_avail[f, t] = True
        tables = problem.slot_tables.copy()
        for t, lost in self.lost_tables.items():
            if t >= frozen_until:
                tables[t] = max(0, tables[t] - lost)
        gone = self.cancelled_meetings - {(p, f) for p, f, _ in past}
        locked = tuple(
            (p, f, t) for p, f, t in problem.locked if p_avail[p, t] and f_avail[f, t] and (p, f) not in gone
        )
        changed = replace(
            problem,
            project_avail=p_avail,
            counterparty_avail=f_avail,
            project_min=p_min,
            counterparty_min=f_min,
            slot_tables=tables,
            locked=locked,
        )
        return _without(changed, gone) if gone else changed

    def _check(self, problem: Problem) -> None:
        p, f, t = problem.projects, problem.counterparties, problem.slots
        rows: list[tuple[str, Iterable[tuple[int, ...]], tuple[tuple[str, int], ...]]] = [
            ("cancelled_projects", ((x,) for x in self.cancelled_projects), (("project", p),)),
            ("cancelled_counterparties", ((x,) for x in self.cancelled_counterparties), (("counterparty", f),)),
            ("cancelled_meetings", self.cancelled_meetings, (("project", p), ("counterparty", f))),
            ("lost_tables", self.lost_tables.items(), (("slot", t), ("number of tables", 1 << 62))),
            ("project_away", self.project_away, (("project", p), ("slot", t))),
            ("counterparty_away", self.counterparty_away, (("counterparty", f), ("slot", t))),
        ]
        for name, entries, sizes in rows:
            for entry in entries:
                for value, (what, size) in zip(entry, sizes, strict=True):
                    if not 0 <= value < size:
                        raise ProblemError(name, None, f"a {what} from 0 to {size - 1}", value)


def _without(problem: Problem, gone: Iterable[tuple[int, int]]) -> Problem:
    """The problem in which these pairs are no longer eligible."""
    stays: BoolArray = np.ones(problem.pairs, dtype=np.bool_)
    stays[[problem.pair_index[pair] for pair in gone if pair in problem.pair_index]] = False
    return replace(
        problem,
        pair_project=problem.pair_project[stays],
        pair_counterparty=problem.pair_counterparty[stays],
        pair_score=problem.pair_score[stays],
        pair_interp=problem.pair_interp[stays],
        pair_must=problem.pair_must[stays],
        pair_rank_p=problem.pair_rank_p[stays],
        pair_rank_f=problem.pair_rank_f[stays],
    )
