"""Solves a matching problem: greedy at once, chosen by prices, placed by chains, exchanged, bounded, checked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .bounds import Certifier, Choice, widest
from .checker import check, evaluate
from .child import Stop
from .compact import Compactor
from .construct import construct, greedy
from .draft import FLOOR_VALUE, MUST_VALUE, Draft
from .errors import EngineBug
from .exact import prove
from .exchange import exchange
from .floors import reach_floors
from .linear import Method
from .problem import IntArray, Problem
from .relaxation import columns_if
from .residual import Residual, after_locks
from .schedule import VERSION, Schedule

Progress = Callable[[str, int, int, float, float], None]


@dataclass(frozen=True)
class Effort:
    """How hard a problem of some size is worked on; counts, so that the clock only cuts and does not steer."""

    pairs: int  # for problems of at most so many eligible pairs
    seconds: float  # time limit unless one is given
    columns: int  # of the first linear programme
    retry_columns: int  # of a second, tighter one where the first leaves a gap
    full_columns: int  # up to which all pairs are timed, by a first order method, where the first leaves a wide gap
    prices: int  # rounds of that method
    whole: int  # rounds in which its answer is made whole
    exact_columns: int  # up to which branch and bound is tried
    close: float  # share of the bound that is close enough to stop looking for more value
    rounds: int  # of exact exchange
    sweeps: int  # of gap removal
    anneals: int  # chains tried by annealing, per meeting


EFFORTS = (
    Effort(600, 2.0, 8_000, 0, 0, 0, 0, 6_000, 0.0, 100, 30, 300),
    Effort(6_000, 5.0, 6_000, 45_000, 0, 0, 0, 6_000, 0.0, 100, 30, 200),
    Effort(60_000, 20.0, 36_000, 0, 150_000, 2_400, 1_800, 0, 1e-5, 120, 24, 120),
    Effort(500_000, 60.0, 115_000, 0, 1_000_000, 800, 1_200, 0, 1e-4, 1_000, 10, 30),
    Effort(1 << 62, 180.0, 300_000, 0, 7_000_000, 400, 600, 0, 1e-4, 500, 5, 10),
)

# Shares of the time limit by whose end a phase is cut.
_LINEAR_UNTIL, _SHARP_UNTIL, _VALUE_UNTIL, _EXACT_UNTIL, _COMPACT_UNTIL = 0.6, 0.65, 0.75, 0.8, 0.95
_LEAST_ROUNDS = 0.3  # share of the rounds of timing all pairs with which it is better than not to
_LEVELS = 0.15  # of the time limit, at most, for the bounds of musts and floors before that
_SIMPLEX_COLUMNS = 60_000  # beyond which the interior point method is quicker where no pair is timed
_PRICE_ROUNDS = 60
_FAR = 0.02  # gap from which branch and bound has no hope before the exchange has done its work
_WIDE = 0.004  # gap of the first answer from which it is worth while to give every pair its slots
# Gaps per meeting up to which annealing is not worth while, and with which it would only move published meetings.
_FEW_GAPS, _FEW_IF_PUBLISHED = 0.001, 0.01


def solve(
    problem: Problem,
    *,
    seconds: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Stop | None = None,
) -> Schedule:
    """The best schedule found within ``seconds`` of wall time (by default a limit that suits the size).

    ``progress`` is called as (phase, score, bound of the score, gap from 0 to 1, seconds so far). ``cancel`` is asked
    often; once it is true the best schedule so far is returned. The same problem, seed and version give the same
    schedule as long as neither the limit nor a cancel cuts the search (then ``complete`` is False). Refuses
    contradictory locks with :class:`LockConflict`; an answer that breaks a rule is raised as :class:`EngineBug`.
    """
    problem.check_locks()
    return _Run(problem, seconds, seed, progress, cancel).solve()


def effort_for(problem: Problem) -> Effort:
    """What is spent on a problem of this size."""
    return next(effort for effort in EFFORTS if problem.pairs <= effort.pairs)


class _Run:
    """One call of :func:`solve`."""

    def __init__(
        self, problem: Problem, seconds: float | None, seed: int, progress: Progress | None, cancel: Stop | None
    ) -> None:
        self.began = time.monotonic()
        self.problem, self.seed, self.progress, self.cancel = problem, seed, progress, cancel
        self.effort = effort_for(problem)
        self.limit = self.effort.seconds if seconds is None else max(0.0, seconds)
        self.residual: Residual = after_locks(problem)
        self.certifier = Certifier(self.residual, self.effort.columns, self._stop(_EXACT_UNTIL))
        self.complete = True
        self.score = 0

    def solve(self) -> Schedule:
        draft = Draft(self.problem, self._foremost(), self.seed)
        self._finished(greedy(draft, self._stop(_VALUE_UNTIL)))
        self._report("greedy", draft)
        if not self._optimal(draft):
            draft = self._search(draft)
        certifier, (must, floors, _) = self.certifier, draft.levels()
        certifier.tighten(must, floors, self._method(), self._left(_EXACT_UNTIL))
        self._report("bound", draft)
        compactor = Compactor(draft)
        self._finished(compactor.run(self.effort.sweeps, self._stop(_COMPACT_UNTIL)))
        few = _FEW_IF_PUBLISHED if self.problem.published else _FEW_GAPS
        if compactor.gaps() > few * len(draft.meetings()):
            self._finished(compactor.anneal(self.effort.anneals, self._stop(_COMPACT_UNTIL)))
            self._finished(compactor.run(self.effort.sweeps, self._stop(_COMPACT_UNTIL)))
        self._report("compact", draft)
        return self._schedule(draft)

    def _search(self, draft: Draft) -> Draft:
        """Choose, place; again with a tighter relaxation, then by exchange or exactly, while a gap is left."""
        effort, residual = self.effort, self.residual
        full = columns_if(residual, self.problem.slots)
        affordable = full <= effort.full_columns
        # Where all pairs may be timed next, the first programme only tells whether that is worth while; on the largest
        # problems prices do, too.
        first = 0 if affordable else widest(residual, effort.columns)
        second = widest(residual, max(effort.columns, effort.retry_columns))
        exactly = full <= effort.exact_columns
        before = draft
        if draft.levels()[0] < self.certifier.must:
            self._finished(self.certifier.bound_musts(self._left(_LINEAR_UNTIL)))
        large = affordable and len(residual.pairs) > effort.columns
        choice = None if large else self._choose(first)
        self._finished(large or choice is not None)
        choice = choice or self.certifier.prune(_PRICE_ROUNDS)
        draft = self._place(choice, draft)
        if affordable and self._gap(draft) > _WIDE and self._time_for_all():
            self.certifier.time_pairs(widest(residual, effort.columns * 4 // 5))
            self._finished(self.certifier.lower("simplex", _LEVELS * self.limit))
            whole = self.certifier.sharpen(
                effort.prices, effort.whole, self._left(_SHARP_UNTIL), self._stop(_VALUE_UNTIL)
            )
            self._finished(whole is not None and whole[1])
            self._report("sharpened", draft)
            if whole is not None:
                # It is the better start even where a floor less is reached at first.
                choice, before, draft = whole[0], draft, self._placed(whole[0])
        elif (large or second > first) and not exactly and not self._optimal(draft):
            tighter = self._choose(second)
            self._finished(tighter is not None)
            if tighter is not None:
                choice, draft = tighter, self._place(tighter, draft)
            else:
                self.certifier.time_pairs(first)  # What was too slow once would be so again.
        if not self._optimal(draft) and (not exactly or self._gap(draft) > _FAR):
            left, stop = self._left(_VALUE_UNTIL), self._stop(_VALUE_UNTIL)
            finished = exchange(draft, residual, choice.worth, self._target(), effort.rounds, left, stop)
            self._finished(finished)
            draft = max(draft, before, key=lambda draft: draft.value)
            self._report("improved", draft)
        if exactly and not self._optimal(draft):
            draft, finished = prove(self.certifier, draft, self._left(_EXACT_UNTIL), self._stop(_EXACT_UNTIL))
            self._finished(finished)
            self._report("exact", draft)
        return draft

    def _time_for_all(self) -> bool:
        """Whether all pairs can be given their slots, at the speed that the machine has just now."""
        if self._stop(_SHARP_UNTIL)():
            self._finished(False)
            return False
        rounds = _LEAST_ROUNDS * (self.effort.prices + self.effort.whole)
        possible = self.certifier.pace() * rounds < self._left(_SHARP_UNTIL)
        self._finished(possible)
        return possible

    def _choose(self, few: int) -> Choice | None:
        """The meetings that the relaxation with pairs of at most ``few`` slots timed would hold; None if cut short."""
        certifier = self.certifier
        certifier.time_pairs(few)
        if certifier.relaxation.columns > certifier.columns and few == 0:
            certifier.prune(_PRICE_ROUNDS)
            self._report("prices", None)
        choice = certifier.choose(self._method(), self._left(_LINEAR_UNTIL))
        self._report("chosen", None)
        return choice

    def _place(self, choice: Choice, best: Draft) -> Draft:
        """The best draft that comes of a choice, or the best so far if that is better."""
        draft = self._placed(choice)
        return draft if draft.value >= best.value else best

    def _placed(self, choice: Choice) -> Draft:
        """The best draft of the meetings that a choice holds, with as many floors as chains reach."""
        stop = self._stop(_VALUE_UNTIL)
        drafts = []
        # A schedule before is the best start; without one, compact slots are tried first and then loose ones.
        ways = [(True, True)] if self.problem.published else [(True, False), (False, False)]
        for compact, stay in ways:
            draft = Draft(self.problem, self._candidates(), self.seed)
            self._finished(construct(draft, self.residual, choice, stop, compact=compact, stay=stay))
            drafts.append(draft)
            if self._optimal(draft) or self.problem.pairs > EFFORTS[2].pairs:
                break
        draft = max(drafts, key=lambda draft: draft.value)
        self._report("placed", draft)
        if not self._optimal(draft):
            self._finished(reach_floors(draft, stop))
        return draft

    def _candidates(self) -> IntArray:
        """Positions of the pairs worked on: those that may matter, and the locked ones."""
        index = self.problem.pair_index
        locked = np.array([index[(p, f)] for p, f, _ in self.problem.locked], dtype=np.int64)
        return np.union1d(self.residual.pairs[self.certifier.kept], locked)

    def _foremost(self) -> IntArray:
        """Positions of the locked pairs, the musts and the best scores, as many as the first answer looks at."""
        problem, pairs = self.problem, self._candidates()
        if len(pairs) <= self.effort.columns:
            return pairs
        rank = problem.pair_score[pairs] + 2_000 * problem.pair_must[pairs]
        best = pairs[np.argsort(-rank, kind="stable")[: self.effort.columns]]
        locked = [problem.pair_index[(p, f)] for p, f, _ in problem.locked]
        return np.union1d(best, np.array(locked, dtype=np.int64))

    def _method(self) -> Method:
        relaxation = self.certifier.relaxation
        timed = bool((relaxation.slot >= 0).any())
        return "simplex" if timed or relaxation.columns <= _SIMPLEX_COLUMNS else "ipm"

    def _target(self) -> int:
        bound = self.certifier.bound
        close = int(self.effort.close * bound.score)
        return bound.must * MUST_VALUE + bound.floors * FLOOR_VALUE + bound.score - close

    def _optimal(self, draft: Draft) -> bool:
        """Whether there is nothing, or next to nothing on a large problem, left to gain."""
        return draft.value >= self._target()

    def _gap(self, draft: Draft) -> float:
        """The largest gap of a level to its bound, as a share of the bound."""
        bound = self.certifier.bound
        levels = zip(draft.levels(), (bound.must, bound.floors, bound.score), strict=True)
        return max((most - value) / max(1, most) for value, most in levels)

    def _elapsed(self) -> float:
        return time.monotonic() - self.began

    def _left(self, share: float) -> float:
        return share * self.limit - self._elapsed()

    def _stop(self, share: float) -> Stop:
        ends, cancel = self.began + share * self.limit, self.cancel

        def stop() -> bool:
            return time.monotonic() >= ends or (cancel is not None and bool(cancel()))

        return stop

    def _finished(self, finished: bool) -> None:
        self.complete = self.complete and finished

    def _report(self, phase: str, draft: Draft | None) -> None:
        if self.progress is not None:
            self.score = draft.levels()[2] if draft is not None else self.score
            bound = self.certifier.score
            # A draft short of a minimum can score more than the bound, which speaks of schedules that are not.
            gap = max(0.0, (bound - self.score) / bound) if bound else 0.0
            self.progress(phase, self.score, bound, gap, self._elapsed())

    def _schedule(self, draft: Draft) -> Schedule:
        meetings = tuple(draft.meetings())
        violations = check(self.problem, meetings)
        if violations:
            raise EngineBug(f"{len(violations)} violations, the first: {violations[0]}")
        objective = evaluate(self.problem, meetings)
        bound = self.certifier.bound
        if objective.must > bound.must or objective.floors > bound.floors or objective.score > bound.score:
            raise EngineBug(f"the value {objective} is above its bound {bound}")
        return Schedule(
            meetings=meetings,
            objective=objective,
            bound=bound,
            proven_optimal=(objective.must, objective.floors, objective.score)
            == (bound.must, bound.floors, bound.score),
            seed=self.seed,
            seconds=self._elapsed(),
            version=VERSION,
            input_hash=self.problem.input_hash,
            complete=self.complete,
        )
