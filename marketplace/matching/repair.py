"""Mend a schedule after something has changed, with the least change to what people have in their calendars.

What still holds is kept; what lost its place moves, as do a few others where that lets more pairs meet; holes are
filled.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .checker import check, evaluate
from .errors import EngineBug, ProblemError
from .plan import Plan
from .problem import BoolArray, Meeting, Problem
from .schedule import Objective, Schedule

VOLUNTARY_MOVES = 0.005  # share of the meetings of the schedule before that may move though they would not have to
CHAIN = 2  # meetings moved on in one chain; a longer one rarely pays for the moves it costs


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

    def applied(self, problem: Problem, frozen_until: int = 0) -> Problem:
        """The problem after the changes, which concern the slots from `frozen_until` on; what is before has happened.

        Locks of cancelled parties and meetings, and of slots a party is away from, are dropped. Refuses
        (:class:`ProblemError`) indices that do not exist.
        """
        self._check(problem)
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
        tables = problem.slot_tables.copy()
        for t, lost in self.lost_tables.items():
            if t >= frozen_until:
                tables[t] = max(0, tables[t] - lost)
        locked = tuple(
            (p, f, t)
            for p, f, t in problem.locked
            if t < frozen_until or (p_avail[p, t] and f_avail[f, t] and (p, f) not in self.cancelled_meetings)
        )
        return replace(
            problem,
            project_avail=p_avail,
            counterparty_avail=f_avail,
            project_min=p_min,
            counterparty_min=f_min,
            slot_tables=tables,
            locked=locked,
        )

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


@dataclass(frozen=True)
class Repair:
    """The mended schedule and what is different; `problem` is the changed problem it is valid for, with the locks that
    could still be held.

    Every meeting of the schedule before is in exactly one of `kept`, `moved` (project, counterparty, slot before, slot
    now) and `dropped`; every meeting now is in exactly one of `kept`, `moved` and `new`. `objective` counts what moved
    or was dropped against the schedule before.
    """

    problem: Problem
    meetings: tuple[Meeting, ...]
    objective: Objective
    kept: tuple[Meeting, ...]
    moved: tuple[tuple[int, int, int, int], ...]
    dropped: tuple[Meeting, ...]
    new: tuple[Meeting, ...]
    seconds: float

    def difference(self) -> dict[str, Any]:
        """What is different, as plain values."""
        return {
            "kept": len(self.kept),
            "moved": [list(move) for move in self.moved],
            "dropped": [list(meeting) for meeting in self.dropped],
            "new": [list(meeting) for meeting in self.new],
        }


def repair(
    problem: Problem,
    current: Schedule | Iterable[Meeting],
    changes: Changes | None = None,
    *,
    frozen_until: int = 0,
    max_moves: int | None = None,
    seconds: float = 0.5,
    seed: int = 0,
) -> Repair:
    """Mend `current` after `changes` of `problem`.

    Meetings in slots before `frozen_until` stay whatever happened, and nothing new is put there. At most `max_moves`
    meetings change their slot; without it those that lose their place, and 0.5 % more. No meeting that still holds is
    dropped. Improvement ends after `seconds`; same input, same answer while it ends by itself (`seed` breaks ties).
    Refuses (:class:`ProblemError`) a frozen meeting that the problem does not allow.
    """
    started = time.monotonic()
    before = _distinct(current.meetings if isinstance(current, Schedule) else current)
    changes = changes or Changes()
    changed = replace(changes.applied(problem, frozen_until), published=tuple(before))
    changed = _with_history(changed, before, frozen_until)
    mending = _Mending(changed, changes, frozen_until, started + seconds, seed)
    mending.keep(before, max_moves)
    mending.replace_displaced()
    mending.fill()
    meetings = mending.meetings()
    if broken := check(mending.problem, meetings):
        raise EngineBug(f"repair broke a rule: {broken[0]}")
    return _difference(mending.problem, before, meetings, time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class WalkIn:
    """A meeting that could begin in a slot without touching any other."""

    project: int
    counterparty: int
    slot: int
    score: int
    must: bool
    needed: bool  # the partner has fewer meetings than its minimum


def walk_in(
    problem: Problem,
    current: Schedule | Iterable[Meeting],
    slot: int,
    *,
    project: int | None = None,
    counterparty: int | None = None,
) -> list[WalkIn]:
    """The free partners of one party in one slot, the best first: must meetings, then partners under their minimum,
    then by value. Give either `project` or `counterparty`; all other meetings stay as they are."""
    if (project is None) == (counterparty is None):
        raise ValueError("either a project or a counterparty")
    limits = (("project", project, problem.projects), ("counterparty", counterparty, problem.counterparties))
    for name, index, size in (*limits, ("slot", slot, problem.slots)):
        if index is not None and not 0 <= index < size:
            raise ProblemError(name, None, f"an index from 0 to {size - 1}", index)
    plan = Plan(problem, -1)
    for p, f, t in current.meetings if isinstance(current, Schedule) else current:
        plan.hold(problem.pair_index[p, f], t)
    mine = problem.pair_project == project if counterparty is None else problem.pair_counterparty == counterparty
    found = []
    for pair in np.flatnonzero(mine).tolist():
        if pair in plan.slot_of or not plan.fits(pair, slot):
            continue
        p, f = plan.project[pair], plan.counterparty[pair]
        if counterparty is None:
            held, floor = int(problem.counterparty_max[f]) - plan.f_left[f], int(problem.counterparty_min[f])
        else:
            held, floor = int(problem.project_max[p]) - plan.p_left[p], int(problem.project_min[p])
        found.append(WalkIn(p, f, slot, plan.score[pair], plan.must[pair], held < floor))
    return sorted(found, key=lambda w: (not w.must, not w.needed, -w.score, w.project, w.counterparty))


class _Mending:
    """The work on one schedule: keep, put the displaced elsewhere, fill the holes."""

    def __init__(self, problem: Problem, changes: Changes, frozen_until: int, deadline: float, seed: int) -> None:
        self.problem = problem
        self.frozen_until = frozen_until
        self.deadline = deadline
        everything = (1 << problem.slots) - 1
        self.plan = Plan(problem, everything & ~((1 << min(frozen_until, problem.slots)) - 1))
        self.barred = {problem.pair_index[pair] for pair in changes.cancelled_meetings if pair in problem.pair_index}
        self.displaced: list[int] = []
        tie = np.random.default_rng(seed).random(problem.pairs)
        order = np.lexsort((tie, -problem.pair_score, ~problem.pair_must))
        self.order = [pair for pair in order.tolist() if pair not in self.barred]
        self.p_floor, self.f_floor = problem.project_min.tolist(), problem.counterparty_min.tolist()
        self.p_max, self.f_max = problem.project_max.tolist(), problem.counterparty_max.tolist()

    def keep(self, before: Sequence[Meeting], max_moves: int | None) -> None:
        """Keep every meeting that still fits: what is past or locked first, then the most valuable where not all do."""
        plan, index = self.plan, self.problem.pair_index
        origin = {index[p, f]: t for p, f, t in before if (p, f) in index}
        for number, (p, f, t) in enumerate(before):
            if t < self.frozen_until:
                pair = index.get((p, f), -1)
                if pair < 0 or not plan.fits(pair, t):
                    raise ProblemError("current", number, "a frozen meeting that the problem allows", [p, f, t])
                plan.hold(pair, t)
                plan.fixed.add(pair)
        self._hold_locks()
        rest = [pair for pair in origin if pair not in plan.slot_of and pair not in self.barred]
        for pair in sorted(rest, key=lambda pair: (not plan.must[pair], -plan.score[pair], pair)):
            if plan.fits(pair, origin[pair]):
                plan.hold(pair, origin[pair])
            else:
                self.displaced.append(pair)
        plan.origin = origin
        plan.moved = sum(origin.get(pair, t) != t for pair, t in plan.slot_of.items())
        if max_moves is None:
            # Whoever lost the slot may get another one; the allowance is for the others.
            max_moves = len(self.displaced) + math.ceil(VOLUNTARY_MOVES * len(plan.slot_of))
        plan.move_limit = max_moves

    def _hold_locks(self) -> None:
        """Hold what is locked, the most valuable first; where not all can be, the others are no longer locked."""
        plan, index = self.plan, self.problem.pair_index
        locks = sorted(
            self.problem.locked, key=lambda lock: (not plan.must[index[lock[:2]]], -plan.score[index[lock[:2]]], lock)
        )
        kept = []
        for p, f, t in locks:
            pair = index[p, f]
            if pair not in plan.slot_of and plan.open_slots >> t & 1 and plan.fits(pair, t):
                plan.hold(pair, t)
            if plan.slot_of.get(pair) == t:
                plan.fixed.add(pair)
                kept.append((p, f, t))
        self.problem = replace(self.problem, locked=tuple(sorted(kept)))

    def replace_displaced(self) -> None:
        """Find another slot for the meetings that lost theirs, the most valuable first."""
        for pair in self.displaced:
            if not self.plan.capped(pair) and not self.late():
                self.plan.admit(pair, CHAIN)

    def fill(self) -> None:
        """Let more pairs meet: must meetings, then parties under their minimum, then by value."""
        plan = self.plan
        for pair in self.order:
            if not plan.must[pair]:
                break
            self.add(pair, CHAIN + 1)
        for pair in self.order:
            if self.under_floor(pair):
                self.add(pair, CHAIN)
        for depth in range(CHAIN + 1):
            for pair in self.order:
                if depth and self.late():
                    return
                self.add(pair, depth)

    def add(self, pair: int, depth: int) -> bool:
        """Let the pair meet if its caps and the plan allow it."""
        return pair not in self.plan.slot_of and not self.plan.capped(pair) and self.plan.admit(pair, depth)

    def under_floor(self, pair: int) -> bool:
        """Whether one of the two has fewer meetings than its minimum."""
        p, f = self.plan.project[pair], self.plan.counterparty[pair]
        p_held, f_held = self.p_max[p] - self.plan.p_left[p], self.f_max[f] - self.plan.f_left[f]
        return bool(p_held < self.p_floor[p] or f_held < self.f_floor[f])

    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline

    def meetings(self) -> tuple[Meeting, ...]:
        """All meetings, sorted."""
        plan = self.plan
        return tuple(sorted((plan.project[k], plan.counterparty[k], t) for k, t in plan.slot_of.items()))


def _distinct(meetings: Iterable[Meeting]) -> list[Meeting]:
    return sorted({(int(p), int(f), int(t)) for p, f, t in meetings})


def _with_history(problem: Problem, before: Sequence[Meeting], frozen_until: int) -> Problem:
    """The problem with everybody available where they have already met: nobody can be away from the past."""
    past = np.array([meeting for meeting in before if meeting[2] < frozen_until], dtype=np.int64).reshape(-1, 3)
    if not len(past):
        return problem

    def there(avail: BoolArray, column: int) -> BoolArray:
        known = avail.copy()
        known[past[:, column], past[:, 2]] = True
        return known

    return replace(
        problem,
        project_avail=there(problem.project_avail, 0),
        counterparty_avail=there(problem.counterparty_avail, 1),
    )


def _difference(problem: Problem, before: Sequence[Meeting], meetings: tuple[Meeting, ...], seconds: float) -> Repair:
    now = {(p, f): t for p, f, t in meetings}
    was = {(p, f) for p, f, _ in before}
    return Repair(
        problem=problem,
        meetings=meetings,
        objective=evaluate(problem, meetings),
        kept=tuple((p, f, t) for p, f, t in before if now.get((p, f)) == t),
        moved=tuple((p, f, t, now[p, f]) for p, f, t in before if now.get((p, f), t) != t),
        dropped=tuple((p, f, t) for p, f, t in before if (p, f) not in now),
        new=tuple((p, f, t) for p, f, t in meetings if (p, f) not in was),
        seconds=seconds,
    )
