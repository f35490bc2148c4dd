"""Mend a schedule after something has changed, with the least change to what people have in their calendars.

What still holds is kept; what lost its place moves, as do a few others where that lets more pairs meet; holes are
filled.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .bounds import Certifier
from .changes import Changes
from .checker import check, evaluate
from .draft import Draft, slots_in
from .errors import EngineBug, ProblemError
from .prices import subgradient
from .problem import IntArray, Meeting, Problem
from .relaxation import reduced, relax
from .residual import after_locks
from .schedule import VERSION, Objective, Schedule

VOLUNTARY_MOVES = 0.005  # share of the meetings that could stay which may move all the same, one at least
SHORT_CHAIN, LONG_CHAIN = 1, 2  # meetings moved on for one more meeting; for a displaced, must or needed one
MOST_TRIES = 200  # meetings looked at to be moved on for one other; more than this seldom finds anything
PRICE_ROUNDS = 150  # of the subgradient method
LARGEST_PROGRAMME = 150_000  # columns of the linear programme of a bound


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
    past = [meeting for meeting in before if meeting[2] < frozen_until]
    changed = (changes or Changes()).applied(problem, frozen_until, past)
    mending = _Mending(replace(changed, published=tuple(before)), frozen_until, started + seconds, seed)
    mending.keep(before, max_moves)
    mending.replace_displaced()
    mending.fill()
    mending.settle()
    meetings = tuple(mending.draft.meetings())
    if broken := check(mending.problem, meetings):
        raise EngineBug(f"repair broke a rule: {broken[0]}")
    return _difference(mending.problem, before, meetings, time.monotonic() - started)


def certified(mended: Repair, *, seconds: float = 10.0, seed: int = 0) -> Schedule:
    """The mended schedule with bounds of the changed problem, as far as they are found in `seconds`.

    They bound any schedule, also one made from nothing: the gap says what keeping has cost at most.
    """
    ends = time.monotonic() + seconds
    problem, objective = mended.problem, mended.objective
    certifier = Certifier(after_locks(problem), LARGEST_PROGRAMME, lambda: time.monotonic() >= ends)
    if certifier.relaxation.columns > LARGEST_PROGRAMME:
        certifier.prune(PRICE_ROUNDS)
    certifier.choose("ipm", seconds / 2)
    certifier.tighten(objective.must, objective.floors, "ipm", max(0.0, ends - time.monotonic()))
    bound = certifier.bound
    return Schedule(
        meetings=mended.meetings,
        objective=objective,
        bound=bound,
        proven_optimal=(objective.must, objective.floors, objective.score) == (bound.must, bound.floors, bound.score),
        seed=seed,
        seconds=mended.seconds,
        version=VERSION,
        input_hash=problem.input_hash,
    )


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
    draft = Draft(problem, np.arange(problem.pairs), 0)
    for p, f, t in current.meetings if isinstance(current, Schedule) else current:
        pair = problem.pair_index[p, f]
        if draft.slot[pair] < 0:
            draft.place(pair, t)
    found = []
    for pair in draft.of_project[project] if project is not None else draft.of_counterparty[counterparty or 0]:
        if draft.slot[pair] >= 0 or not draft.has_room(pair) or not draft.free(pair) >> slot & 1:
            continue
        p, f = draft.project[pair], draft.counterparty[pair]
        if project is not None:
            needed = draft.counterparty_met[f] < draft.counterparty_min[f]
        else:
            needed = draft.project_met[p] < draft.project_min[p]
        found.append(WalkIn(p, f, slot, int(problem.pair_score[pair]), draft.must[pair], needed))
    return sorted(found, key=lambda w: (not w.must, not w.needed, -w.score, w.project, w.counterparty))


class _Mending:
    """The work on one schedule: keep, put the displaced elsewhere, fill the holes."""

    def __init__(self, problem: Problem, frozen_until: int, deadline: float, seed: int) -> None:
        self.problem = problem
        self.deadline = deadline
        # Locks are held later: not all of them may still be possible.
        self.draft = Draft(with_locks(problem, ()), np.arange(problem.pairs), seed)
        everything = (1 << problem.slots) - 1
        self.open_slots = everything & ~((1 << min(frozen_until, problem.slots)) - 1)
        self.origin: dict[int, int] = {}
        self.displaced: list[int] = []
        self.uncounted: set[int] = set()  # meetings that may move beside the limit
        self.moved = 0  # other meetings that are held in another slot than before
        self.move_limit = 0
        self.tries = 0
        tie = np.random.default_rng(seed).random(problem.pairs)
        self.order = np.lexsort((tie, -problem.pair_score, ~problem.pair_must))

    def keep(self, before: Sequence[Meeting], max_moves: int | None) -> None:
        """Keep every meeting that still fits: what is past or locked first, then the most valuable where not all do."""
        draft, index = self.draft, self.problem.pair_index
        origin = {index[p, f]: t for p, f, t in before if (p, f) in index}
        for number, (p, f, t) in enumerate(before):
            if not self.open_slots >> t & 1:
                pair = index.get((p, f), -1)
                if pair < 0 or not self.fits(pair, t):
                    raise ProblemError("current", number, "a frozen meeting that the problem allows", [p, f, t])
                draft.place(pair, t)
                draft.locked[pair] = True
        self._hold_locks()
        rest = [pair for pair in origin if draft.slot[pair] < 0]
        for pair in sorted(rest, key=self.importance):
            if self.fits(pair, origin[pair]):
                draft.place(pair, origin[pair])
            else:
                self.displaced.append(pair)
        self.origin = origin
        self.moved = sum(draft.slot[pair] not in (-1, t) for pair, t in origin.items())
        if max_moves is None:
            # Whoever lost the slot may get another one; the limit is for the others.
            self.uncounted.update(
                self.displaced, (pair for pair, t in origin.items() if draft.slot[pair] not in (-1, t))
            )
            self.moved = 0
            max_moves = max(1, int(VOLUNTARY_MOVES * (len(origin) - len(self.displaced))))
        self.move_limit = max_moves

    def _hold_locks(self) -> None:
        """Hold what is locked, the most valuable first; where not all can be, the others are no longer locked."""
        draft, index = self.draft, self.problem.pair_index
        kept = []
        for p, f, t in sorted(self.problem.locked, key=lambda lock: self.importance(index[lock[:2]])):
            pair = index[p, f]
            if draft.slot[pair] < 0 and self.open_slots >> t & 1 and self.fits(pair, t):
                draft.place(pair, t)
            if draft.slot[pair] == t:
                draft.locked[pair] = True
                kept.append((p, f, t))
        self.problem = with_locks(self.problem, sorted(kept))

    def importance(self, pair: int) -> tuple[int, int]:
        """Sorts must meetings first, then by value; the pair itself makes it unique."""
        return -self.draft.weight[pair], pair

    def fits(self, pair: int, t: int) -> bool:
        """Whether the pair could be placed in slot t now, be it frozen or not."""
        return self.draft.has_room(pair) and bool(self.draft.free(pair) >> t & 1)

    def replace_displaced(self) -> None:
        """Find another slot for the meetings that lost theirs, the most valuable first."""
        for pair in self.displaced:
            self.add(pair, LONG_CHAIN)

    def fill(self) -> None:
        """Let more pairs meet: must meetings, then parties under their minimum, then by price."""
        problem, draft = self.problem, self.draft
        waiting = self.waiting()
        for pair in waiting[problem.pair_must[waiting]].tolist():
            self.add(pair, LONG_CHAIN)
        waiting = self.waiting()
        short = np.array(draft.project_met) < problem.project_min
        needed = np.array(draft.counterparty_met) < problem.counterparty_min
        helps = short[problem.pair_project[waiting]] | needed[problem.pair_counterparty[waiting]]
        for pair in waiting[helps].tolist():
            if self.under_floor(pair):
                self.add(pair, LONG_CHAIN)
        priced = self.by_price()
        for pair in priced:
            self.add(pair, SHORT_CHAIN)
        # Pairs without a free slot have no price; a chain may make one.
        waiting = self.waiting()
        for pair in waiting[~np.isin(waiting, priced)].tolist():
            self.add(pair, SHORT_CHAIN)

    def waiting(self) -> IntArray:
        """Pairs that do not meet though both are below their caps, must meetings first, then by value."""
        problem, draft = self.problem, self.draft
        p_room = np.array(draft.project_met) < problem.project_max
        f_room = np.array(draft.counterparty_met) < problem.counterparty_max
        wanted = (np.array(draft.slot) < 0) & p_room[problem.pair_project] & f_room[problem.pair_counterparty]
        return self.order[wanted[self.order]]

    def by_price(self) -> list[int]:
        """Pairs that can still meet, in the order of what they are worth beyond the price of what they take.

        The prices are those of the relaxation without time in which everything that is held stays.
        """
        relaxation = relax(after_locks(with_locks(self.problem, self.draft.meetings())), 0)
        prices = subgradient(relaxation, 0, 0, PRICE_ROUNDS, self.late)
        worth = reduced(relaxation, relaxation.score, prices)
        ranked = np.lexsort((relaxation.pair, -relaxation.score, -worth))
        pairs: list[int] = relaxation.residual.pairs[relaxation.pair[ranked]].tolist()
        return pairs

    def settle(self) -> None:
        """Give the new meetings, which nobody has in the calendar yet, the slots with the fewest idle ones between."""
        draft = self.draft
        for pair, t in enumerate(draft.slot):
            if t >= 0 and pair not in self.origin and not draft.locked[pair]:
                draft.remove(pair)
                draft.place(pair, draft.compact_slot(pair, draft.free(pair) & self.open_slots))

    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline

    def add(self, pair: int, chain: int) -> None:
        """Let the pair meet if it does not yet, neither is at its cap, and a chain of moves makes room for it."""
        if self.draft.slot[pair] < 0 and self.draft.has_room(pair):
            # Once the time is over, only what simply has a place is still put there.
            self.tries = MOST_TRIES
            self.admit(pair, 0 if self.late() else chain)

    def admit(self, pair: int, chain: int) -> bool:
        """Place the pair in a free slot, or by moving on up to `chain` meetings one after the other.

        Nothing changes where that fails. Fixed meetings stay, and so do all others once the limit of moves is reached.
        """
        draft = self.draft
        allowed = self.allowed(pair)
        if free := draft.free(pair) & allowed:
            origin = self.origin.get(pair, -1)
            t = origin if origin >= 0 and free >> origin & 1 else draft.compact_slot(pair, free)
            self._place(pair, t)
            return True
        if not chain:
            return False
        for t in slots_in(draft.common(pair) & allowed):
            for other in in_the_way(draft, pair, t):
                self.tries -= 1
                if self.tries < 0:
                    return False
                if draft.locked[other] or (chain == 1 and not draft.free(other) & self.allowed(other)):
                    continue
                mark, moved = draft.mark(), self.moved
                self._remove(other)
                if draft.free(pair) >> t & 1:
                    self._place(pair, t)
                    if self.admit(other, chain - 1):
                        return True
                draft.undo(mark)
                self.moved = moved
        return False

    def allowed(self, pair: int) -> int:
        """The slots that neither the past nor the limit of moves forbids."""
        origin = self.origin.get(pair)
        if origin is None or pair in self.uncounted or self.moved < self.move_limit:
            return self.open_slots
        return self.open_slots & 1 << origin

    def _place(self, pair: int, t: int) -> None:
        self.draft.place(pair, t)
        self.moved += self._counts(pair, t)

    def _remove(self, pair: int) -> None:
        t = self.draft.slot[pair]
        self.draft.remove(pair)
        self.moved -= self._counts(pair, t)

    def _counts(self, pair: int, t: int) -> bool:
        """Whether a meeting in a slot is one that moved and is limited."""
        return self.origin.get(pair, t) != t and pair not in self.uncounted

    def under_floor(self, pair: int) -> bool:
        """Whether one of the two has fewer meetings than its minimum."""
        draft = self.draft
        p, f = draft.project[pair], draft.counterparty[pair]
        return draft.project_met[p] < draft.project_min[p] or draft.counterparty_met[f] < draft.counterparty_min[f]


def in_the_way(draft: Draft, pair: int, t: int) -> list[int]:
    """The meetings of the scarcest thing that is taken in slot t: one of them has to leave if the pair is to meet."""
    p, f, d, q = draft.project[pair], draft.counterparty[pair], draft.delegation[pair], draft.pool[pair]
    slots, at = draft.slots, 1 << t
    if not draft.project_free[p] & at:
        return [draft.at_project[p * slots + t]]
    if not draft.counterparty_free[f] & at:
        return list(draft.at_counterparty[f * slots + t])
    if not draft.delegation_free[d] & at:
        return list(draft.at_delegation[d * slots + t])
    if not draft.pool_free[q] & at:
        return list(draft.at_pool[q * slots + t])
    return list(draft.at_table[t])


def with_locks(problem: Problem, locked: Iterable[Meeting]) -> Problem:
    """The problem with other locked meetings; it shares the index of pairs, which takes longest to build."""
    changed = replace(problem, locked=tuple(locked))
    vars(changed)["pair_index"] = problem.pair_index
    return changed


def _distinct(meetings: Iterable[Meeting]) -> list[Meeting]:
    return sorted({(int(p), int(f), int(t)) for p, f, t in meetings})


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
