"""How evenly a schedule serves its parties: meetings a party, minimums not reached and why, wishes met by rank."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .explain import CHANGES, Change, Wish, explain
from .problem import BoolArray, IntArray, Meeting, Problem
from .schedule import Schedule

SMALLEST_FIRST = [code for _, code in CHANGES]
RANKS = 10  # ranks shown one by one; the rest is one line


@dataclass(frozen=True, slots=True)
class Spread:
    """Meetings per party of one role: how many parties, and the least, the median and the most meetings of one."""

    role: str
    parties: int
    meetings: int
    least: int
    median: float
    most: int
    none: int  # parties without any meeting


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A party with fewer meetings than its minimum, and why.

    `code`: ``cap`` (its cap is below its minimum), ``slots`` (too few slots free), ``wishes`` (too few eligible
    pairs), ``common`` (too few of them with a common free slot), or ``crowded``: then `reason` is the most frequent
    reason (of `explain`) its wishes were not met, and `change` the smallest single change that admits one more.
    """

    role: str
    party: int  # index of the project or the counterparty
    held: int
    floor: int
    code: str
    reason: str | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class RankLine:
    """Of the wishes with this rank (0: all beyond the last shown one, and those without a rank), how many were met."""

    rank: int
    wishes: int
    met: int


@dataclass(frozen=True, slots=True)
class Fairness:
    """The figures of one schedule; `by_project` and `by_counterparty` are the wishes by the rank each side gave."""

    spreads: tuple[Spread, ...]
    shortfalls: tuple[Shortfall, ...]
    by_project: tuple[RankLine, ...]
    by_counterparty: tuple[RankLine, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Price:
    """What the minimums cost: the value of a schedule that heeds them and of one that does not, and their bounds."""

    with_floors: int
    without_floors: int
    bound_with: int
    bound_without: int

    @property
    def share(self) -> float:
        """The part of the value given up for the minimums; slightly negative when the search did not end equally."""
        return 1 - self.with_floors / self.without_floors if self.without_floors else 0.0

    def to_json(self) -> dict[str, Any]:
        """The price as plain values."""
        return {**asdict(self), "share": self.share}


def fairness(problem: Problem, schedule: Schedule | Iterable[Meeting]) -> Fairness:
    """The figures of a valid schedule."""
    meetings = sorted(schedule.meetings if isinstance(schedule, Schedule) else schedule)
    p_held = np.bincount(np.array([p for p, _, _ in meetings], dtype=np.int64), minlength=problem.projects)
    f_held = np.bincount(np.array([f for _, f, _ in meetings], dtype=np.int64), minlength=problem.counterparties)
    met = np.zeros(problem.pairs, dtype=np.bool_)
    met[[problem.pair_index[p, f] for p, f, _ in meetings]] = True
    vendor = problem.counterparty_vendor
    spreads = (
        _spread("project", p_held),
        _spread("funder", f_held[~vendor]),
        _spread("vendor", f_held[vendor]),
    )
    return Fairness(
        spreads=spreads,
        shortfalls=_shortfalls(problem, meetings, p_held, f_held),
        by_project=_by_rank(problem.pair_rank_p, met),
        by_counterparty=_by_rank(problem.pair_rank_f, met),
    )


def price_of_fairness(problem: Problem, solve: Callable[[Problem], Schedule]) -> Price:
    """Solve twice, with and without minimums; `solve` is the solver with its time limit and seed."""
    nothing = replace(
        problem,
        project_min=np.zeros_like(problem.project_min),
        counterparty_min=np.zeros_like(problem.counterparty_min),
    )
    fair, free = solve(problem), solve(nothing)
    return Price(fair.objective.score, free.objective.score, fair.bound.score, free.bound.score)


def _spread(role: str, held: IntArray) -> Spread:
    if not len(held):
        return Spread(role, 0, 0, 0, 0.0, 0, 0)
    least, median, most = int(held.min()), float(np.median(held)), int(held.max())
    return Spread(role, len(held), int(held.sum()), least, median, most, int((held == 0).sum()))


def _by_rank(rank: IntArray, met: BoolArray) -> tuple[RankLine, ...]:
    """Lines for the ranks 1 to RANKS that exist, then one for the rest."""
    shown = np.where((rank >= 1) & (rank <= RANKS), rank, 0)
    wishes = np.bincount(shown, minlength=RANKS + 1)
    fulfilled = np.bincount(shown[met], minlength=RANKS + 1)
    lines = [RankLine(r, int(wishes[r]), int(fulfilled[r])) for r in (*range(1, RANKS + 1), 0)]
    return tuple(line for line in lines if line.wishes)


@dataclass(frozen=True)
class _Side:
    """One side of the market: per party its role, its meetings and its minimum, and what limits its meetings."""

    role: list[str]
    held: IntArray
    floor: IntArray
    limits: dict[str, IntArray]  # by the code of the shortfall, most meetings each party could ever have
    unmet: dict[int, list[Wish]]  # of the parties under their minimum


def _shortfalls(problem: Problem, meetings: list[Meeting], p_held: IntArray, f_held: IntArray) -> tuple[Shortfall, ...]:
    p, f = problem.pair_project, problem.pair_counterparty
    concerned = np.flatnonzero((p_held < problem.project_min)[p] | (f_held < problem.counterparty_min)[f])
    free_at_once = (problem.project_avail[p[concerned]] & problem.counterparty_avail[f[concerned]]).any(axis=1)
    common = concerned[free_at_once]
    of_project: dict[int, list[Wish]] = defaultdict(list)
    of_counterparty: dict[int, list[Wish]] = defaultdict(list)
    for wish in explain(problem, meetings, pairs=concerned.tolist()).wishes:
        of_project[wish.project].append(wish)
        of_counterparty[wish.counterparty].append(wish)
    sides = (
        _Side(
            ["project"] * problem.projects,
            p_held,
            problem.project_min,
            {
                "cap": problem.project_max,
                "slots": problem.project_avail.sum(axis=1),
                "wishes": np.bincount(p, minlength=problem.projects),
                "common": np.bincount(p[common], minlength=problem.projects),
            },
            of_project,
        ),
        _Side(
            ["vendor" if vendor else "funder" for vendor in problem.counterparty_vendor.tolist()],
            f_held,
            problem.counterparty_min,
            {
                "cap": problem.counterparty_max,
                "slots": problem.counterparty_avail.sum(axis=1) * problem.counterparty_reps,
                "wishes": np.bincount(f, minlength=problem.counterparties),
                "common": np.bincount(f[common], minlength=problem.counterparties),
            },
            of_counterparty,
        ),
    )
    return tuple(_shortfall(side, party) for side in sides for party in np.flatnonzero(side.held < side.floor).tolist())


def _shortfall(side: _Side, party: int) -> Shortfall:
    floor = int(side.floor[party])
    short = Shortfall(side.role[party], party, int(side.held[party]), floor, "crowded")
    for code, limit in side.limits.items():
        if limit[party] < floor:
            return replace(short, code=code)
    unmet = side.unmet.get(party, [])
    reasons = Counter(wish.code for wish in unmet if wish.code != "no_common_slot")
    changes = [wish.change for wish in unmet if wish.change]
    return replace(
        short,
        reason=max(sorted(reasons), key=lambda code: reasons[code], default=None),
        change=min(changes, key=lambda change: SMALLEST_FIRST.index(change.code), default=None),
    )
