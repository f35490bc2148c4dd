"""Certified upper bounds of must meetings, floors and score, and the relaxed answer that chooses the meetings."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from .child import Stop
from .linear import Level, LinearAnswer, Method, model_of, solve_integer, solve_linear
from .prices import subgradient
from .primal_dual import START_WEIGHT, PrimalDual, Vectors
from .problem import BoolArray, IntArray
from .relaxation import (
    SCALE,
    AnyFloats,
    FloatArray,
    Prices,
    Relaxation,
    best_column,
    certificate,
    columns_if,
    reduced,
    relax,
    restrict,
)
from .residual import Residual
from .schedule import Bound

_FALLBACK_ROUNDS = 30  # of the subgradient method where nothing better is known
_HOPELESS = -150.0  # worth by coarse prices, with which a pair is not looked at
# Shares of the rounds with all pairs timed, and the worth up to which pairs are left out of what follows each.
_SIFTED = ((0.125, -150.0), (0.125, -100.0), (0.25, -60.0), (0.5, -20.0))
_AGAIN_ROUNDS = 100  # of it for an answer with fewer musts or floors
_TOLERANCE = 1e-3  # of what branch and bound says of whole numbers
_PRICES_UNTIL = 0.6  # of the time for all pairs, of which the rest makes the answer whole
_TRIED_ROUNDS = 20  # of the first order method, which tell how fast it is


@dataclass(frozen=True, eq=False)
class Choice:
    """What the relaxation would hold: per pair of the residual its share, its slot (-1: any) and its reduced value."""

    share: FloatArray  # [n], 0..1
    slot: IntArray  # [n]
    worth: FloatArray  # [n], best column's value minus prices; negative means not worth its capacity


@dataclass(frozen=True)
class Levels:
    """Must meetings and floors of the residual problem, without what the locks already give."""

    must: int
    floors: int


def obvious(residual: Residual) -> Levels:
    """Bounds that need no solver: must pairs that can still meet, parties that alone could reach their floor."""
    problem = residual.problem
    must = int(problem.pair_must[residual.pairs].sum())
    return Levels(must, int(residual.reachable.sum()))


class Certifier:
    """The bounds of one problem, tightened as the search asks for it. All values include the locked meetings.

    ``columns`` limits the size of the linear programmes; a larger relaxation is first pruned by prices that a
    subgradient method finds, and its bound is still computed over all columns.
    """

    def __init__(self, residual: Residual, columns: int, stop: Stop) -> None:
        problem = residual.problem
        self.residual, self.columns, self.stop = residual, columns, stop
        first = obvious(residual)
        self.must = first.must + residual.locked_must
        self.floors = self.unconditional_floors = first.floors + self.residual.locked_floors
        self.floors_under = 0  # must meetings held by the schedules that the floor bound speaks of
        self.score = self.every_score = int(problem.pair_score[residual.pairs].sum()) + residual.locked_score
        self.conditions = (0, 0)  # must meetings and floors held by the schedules that the score bound speaks of
        self.relaxation = relax(residual, 0)
        # Floors that nobody reaches who holds so many musts, and that ``residual`` therefore has not.
        self.excluded, self.excluded_under = 0, 0
        self.musts_bounded = False  # by their own programme, which never changes
        self.kept = np.ones(len(residual.pairs), dtype=np.bool_)
        self.prices: Prices | None = None  # the best ones
        self.priced = self.relaxation  # whose prices they are
        self.lowered: tuple[int, Relaxation] | None = None  # musts and relaxation of the last programme of floors
        # Of :meth:`sharpen`: all columns, the last programme, and where it ended.
        self.timed: tuple[Relaxation, PrimalDual, Vectors] | None = None

    @property
    def bound(self) -> Bound:
        """The bounds found so far."""
        return Bound(self.must, self.floors, self.score)

    def time_pairs(self, few: int) -> None:
        """Use the relaxation in which pairs with at most ``few`` slots are timed; prices at hand stay until better."""
        self.relaxation = relax(self.residual, few)

    def prune(self, rounds: int) -> Choice:
        """Price the relaxation without a solver, bound the score by that, and keep the pairs that may matter."""
        relaxation = self.relaxation
        prices = subgradient(relaxation, *self.further(self.must, self.floors), rounds, self.stop)
        self._score(prices, self.must, self.floors)
        choice = _choice(relaxation, None, prices)
        if relaxation.columns > self.columns:
            must = self.residual.problem.pair_must[self.residual.pairs]
            worth = np.where(must, np.inf, choice.worth)
            lowest = np.sort(worth)[max(0, len(worth) - self.columns)]
            self.kept = (worth >= lowest) | self._wanted_by_floors(worth)
        return choice

    def _wanted_by_floors(self, worth: FloatArray) -> BoolArray:
        """The best pairs of every party below its floor, a few more than it needs."""
        problem, pairs = self.residual.problem, self.residual.pairs
        wanted = np.zeros(len(pairs), dtype=np.bool_)
        for owner, need in (
            (problem.pair_project[pairs], self.residual.project_need),
            (problem.pair_counterparty[pairs], self.residual.counterparty_need),
        ):
            order = np.lexsort((-worth, owner))
            first = np.searchsorted(owner[order], np.arange(len(need)))
            rank = np.arange(len(order)) - first[owner[order]]
            lacking = need[owner[order]]
            wanted[order] |= (lacking > 0) & (rank < lacking + 4)
        return wanted

    def bound_musts(self, seconds: float) -> bool:
        """Lower the bound of the musts to what they alone allow, each with its slots; False where the time cut it."""
        return self._lower_must(time.monotonic() + seconds)

    def choose(self, method: Method, seconds: float) -> Choice | None:
        """Solve the relaxation level by level; None where the solver did not finish within ``seconds``.

        Where it says that not all musts or floors can be had, their bounds fall first.
        """
        ends = time.monotonic() + seconds
        answer = None
        while True:
            latest = self._solve("score", self.must, self.floors, method, ends)
            if latest is None:
                return None if answer is None else _choice(self._programme(), answer.values, answer.prices)
            answer = latest
            self._score(answer.prices, self.must, self.floors)
            before = (self.must, self.floors)
            if answer.must_missing >= 0.01:
                self._lower_must(ends)
            if answer.must_missing >= 0.01 or answer.floors_missing >= 0.01:
                self._lower_floors(self.must, method, ends)
            if (self.must, self.floors) == before:
                return _choice(self._programme(), answer.values, answer.prices)

    def pace(self) -> float:
        """Seconds of one round of :meth:`sharpen` just now; a few are tried."""
        _, method = self._all_timed()
        began = time.monotonic()
        method.prices(_TRIED_ROUNDS, self.stop)
        return (time.monotonic() - began) / _TRIED_ROUNDS

    def sharpen(self, rounds: int, whole: int, seconds: float, stop: Stop) -> tuple[Choice, bool] | None:
        """Price and choose with every pair timed, by a first order method of so many rounds for each.

        Only pairs that the prices make likely are looked at, more and more strictly, as in sifting (Bixby et al. 1992).
        Where ``seconds`` are too short there are fewer rounds, of which the second result tells; None where they are
        far too short, and where ``stop`` cuts it. What the prices certify until then is kept.
        """
        began = time.monotonic()
        full, method = self._all_timed()
        point, weight, pace, finished = method.start(), START_WEIGHT, 0.0, True

        def late() -> bool:
            return stop() or time.monotonic() - began > _PRICES_UNTIL * seconds

        for share, least in _SIFTED:
            before, asked = time.monotonic(), max(1, round(share * rounds))
            prices, point, weight = method.prices(asked, late, point, weight)
            self._score(prices, self.must, self.floors, full)
            worth, self.timed = _choice(full, None, prices).worth, (full, method, point)
            method, point = method.with_columns(restrict(full, self._likely(worth, least)), point)
            finished = finished and not late()
            pace = (time.monotonic() - before) / asked if finished else pace
        if not pace:
            return None
        possible = max(0, int((seconds - (time.monotonic() - began)) / pace))
        values = method.whole(point, min(whole, possible), stop)
        choice = _choice(method.relaxation, values, prices, worth)
        return None if stop() else (choice, finished and possible >= whole)

    def _all_timed(self) -> tuple[Relaxation, PrimalDual]:
        """The relaxation with all pairs timed, and its programme without the pairs that are hopeless by now."""
        full, likely = relax(self.residual, self.residual.problem.slots), self.kept
        if self.prices is not None:
            likely = likely & self._likely(_choice(self.priced, None, self.prices).worth, _HOPELESS)
        return full, PrimalDual(restrict(full, likely), *self.further(self.must, self.floors))

    def _likely(self, worth: FloatArray, least: float) -> BoolArray:
        """Pairs of a worth above the least, and all musts."""
        return (worth > least) | self.residual.problem.pair_must[self.residual.pairs]

    def lower(self, method: Method, seconds: float) -> bool:
        """Lower the bounds of musts and floors as far as the present relaxation says, floors by branch and bound too.

        That some floors exclude each other is seen only where they are reached or not. Such a programme with no score
        is easy, also where that of the score is far too large. False where ``seconds`` cut it.
        """
        ends = time.monotonic() + seconds
        finished = self._lower_must(ends) and self._lower_floors(self.must, method, ends)
        if not self.kept.all():
            return finished
        model = model_of(self.relaxation, "floors", self.further(self.must, 0)[0], 0)
        answer = solve_integer(model, ends - time.monotonic(), None, self.stop)
        self.adopt("floors", answer.bound)
        if answer.values is not None:
            self._exclude(self._below_floor(answer.values), ends)
        return finished and answer.optimal and time.monotonic() < ends

    def _below_floor(self, values: FloatArray) -> IntArray:
        """Parties, projects first, that do not reach their floor with these columns of the relaxation."""
        problem, pair = self.residual.problem, self.residual.pairs[self.relaxation.pair]
        met = [
            np.bincount(problem.pair_project[pair], values, problem.projects),
            np.bincount(problem.pair_counterparty[pair], values, problem.counterparties),
        ]
        need = np.concatenate([self.residual.project_need, self.residual.counterparty_need])
        return np.flatnonzero(np.concatenate(met) < need - 0.5)

    def _exclude(self, parties: IntArray, ends: float) -> None:
        """Leave out the floors of those of the parties that the musts alone keep from theirs.

        A floor reached in part would make the bound of the score believe that others need not be reached.
        """
        excluded = [party for party in parties.tolist() if not self._reaches_beside_musts(party, ends)]
        if excluded:
            kept = np.ones_like(self.residual.reachable)
            kept[excluded] = False
            self.residual = self.residual.with_floors(kept)
            self.excluded += len(excluded)
            self.excluded_under = max(self.excluded_under, self.must)

    def _reaches_beside_musts(self, party: int, ends: float) -> bool:
        """Whether a party could reach its floor if all gave way but the musts that can be had; True where not known."""
        residual = self.residual
        problem, pairs = residual.problem, residual.pairs
        own = (problem.pair_project[pairs] == party) | (problem.projects + problem.pair_counterparty[pairs] == party)
        alone = np.arange(problem.projects + problem.counterparties) == party
        few = residual.with_floors(alone).with_pairs(own | problem.pair_must[pairs])
        model = model_of(relax(few, problem.slots), "floors", self.further(self.must, 0)[0], 0)
        return solve_integer(model, ends - time.monotonic(), None, self.stop).bound > 1 - _TOLERANCE

    def tighten(self, must: int, floors: int, method: Method, seconds: float) -> None:
        """Make the bounds as good as the relaxation allows for an answer with these musts and floors.

        The bound of the score then holds for every schedule that is at least as good as the answer on both levels.
        """
        ends = time.monotonic() + seconds
        if must < self.must:
            self._lower_must(ends)
        self._forget_floors_above(must)
        if floors < self.floors:
            self._lower_floors(must, method, ends)
        wanted = (must, floors if must == self.must else 0)
        if self.conditions == wanted:
            return
        # Any prices certify something; those at hand do even if the solver does not finish.
        if self.prices is None:
            self._score(subgradient(self.relaxation, *self.further(*wanted), _FALLBACK_ROUNDS, self.stop), *wanted)
        self._speak_of(*wanted)
        if self.timed is not None:
            full, programme, point = self.timed
            prices, _, _ = programme.with_levels(*self.further(*wanted)).prices(_AGAIN_ROUNDS, self.stop, point)
            self._score(prices, *wanted, full)
        if self.priced.columns > self.relaxation.columns:
            return  # Fewer timed pairs have nothing to add.
        answer = self._solve("score", *wanted, method, ends)
        if answer is not None:
            self._score(answer.prices, *wanted)

    def adopt(self, level: Level, bound: float) -> None:
        """Take over what branch and bound proved about a level, for answers with the best of the levels above."""
        if not math.isfinite(bound):
            return
        value = math.floor(bound + _TOLERANCE)
        if level == "must":
            self._must_at_most(value + self.residual.locked_must)
        elif level == "floors":
            value += self.excluded if self.must < self.excluded_under else 0
            self.floors, self.floors_under = min(self.floors, value + self.residual.locked_floors), self.must
        elif self.conditions == (self.must, self.floors):
            self.score = min(self.score, value + self.residual.locked_score)

    def further(self, must: int, floors: int) -> tuple[int, int]:
        """Musts and floors beyond those that the locks give."""
        return max(0, must - self.residual.locked_must), max(0, floors - self.residual.locked_floors)

    def _programme(self) -> Relaxation:
        return self.relaxation if self.kept.all() else restrict(self.relaxation, self.kept)

    def _solve(self, level: Level, must: int, floors: int, method: Method, ends: float) -> LinearAnswer | None:
        model = model_of(self._programme(), level, *self.further(must, floors))
        return solve_linear(model, method, ends - time.monotonic(), self.stop)

    def _must_at_most(self, value: int) -> None:
        self.must = min(self.must, value)
        self._forget_floors_above(self.must)

    def _forget_floors_above(self, must: int) -> None:
        """Give up a bound of the floors that speaks of schedules with more musts only."""
        if must < self.floors_under:
            self.floors, self.floors_under = self.unconditional_floors, 0

    def _lower_must(self, ends: float) -> bool:
        """Lower the bound of the musts to what they alone allow: all other pairs can only stand in their way.

        False where the time was too short.
        """
        residual = self.residual
        alone = residual.with_pairs(residual.problem.pair_must[residual.pairs])
        if self.musts_bounded or not len(alone.pairs):
            return True
        relaxation = relax(alone.with_floors(np.zeros_like(residual.reachable)), residual.problem.slots)
        answer = solve_linear(model_of(relaxation, "must", 0, 0), "simplex", ends - time.monotonic(), self.stop)
        if answer is not None:
            prices = Prices(answer.prices.capacity, np.zeros(0, dtype=np.int64), 0, 0)
            value = certificate(relaxation, relaxation.must, prices, 0, 0)
            self._must_at_most(value + residual.locked_must)
            self.musts_bounded = True
        return self.musts_bounded

    def _lower_floors(self, must: int, method: Method, ends: float) -> bool:
        """Lower the bound of the floors of schedules with so many musts; False where the time was too short."""
        if self.lowered is not None and self.lowered[0] == must and self.lowered[1] is self.relaxation:
            return True
        answer = self._solve("floors", must, 0, method, ends)
        if answer is not None:
            self.lowered = (must, self.relaxation)
            # Every floor reached counts as one, which the price of all floors expresses.
            prices = Prices(answer.prices.capacity, answer.prices.floor, answer.prices.must, SCALE)
            nothing = np.zeros_like(self.relaxation.must)
            value = certificate(self.relaxation, nothing, prices, self.further(must, 0)[0], 0)
            value += self.excluded if must < self.excluded_under else 0
            if value + self.residual.locked_floors < self.floors:
                self.floors, self.floors_under = value + self.residual.locked_floors, must
        return answer is not None

    def _score(self, prices: Prices, must: int, floors: int, priced: Relaxation | None = None) -> None:
        """Keep the score bound of these prices, unless a better one for the same conditions is known."""
        self._speak_of(must, floors)
        self._keep(prices, priced or self.relaxation)

    def _speak_of(self, must: int, floors: int) -> None:
        """Let the score bound hold for schedules with at least so many musts and floors."""
        if must < self.excluded_under:
            floors = 0  # With fewer musts a floor left out may be reached in place of one that is asked for.
        if self.conditions == (must, floors):
            return
        if must < self.conditions[0] or floors < self.conditions[1]:
            self.score = self.every_score  # The bound so far does not speak of schedules that hold less.
        self.conditions = (must, floors)
        if self.prices is not None:
            self._keep(self.prices, self.priced)

    def _keep(self, prices: Prices, priced: Relaxation) -> None:
        """Keep what prices certify under the conditions, where it is as good as the bound so far, or the first."""
        value = certificate(priced, priced.score, prices, *self.further(*self.conditions)) + self.residual.locked_score
        if value <= self.score or self.prices is None:
            self.score, self.prices, self.priced = min(value, self.score), prices, priced


def widest(residual: Residual, columns: int) -> int:
    """The largest number of slots up to which pairs can be timed with at most so many columns."""
    few = 0
    for candidate in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, residual.problem.slots):
        if columns_if(residual, candidate) > columns:
            break
        few = candidate
    return few


def _choice(
    relaxation: Relaxation, values: AnyFloats | None, prices: Prices, worth: FloatArray | None = None
) -> Choice:
    """The shares of a solver's answer; without one, of the pairs that the prices make worthwhile."""
    if worth is None:
        largest, column = best_column(relaxation, reduced(relaxation, relaxation.score, prices))
        worth = np.full(relaxation.pairs, -np.inf)
        worth[relaxation.pair[column]] = largest / SCALE
    if values is None:
        return Choice((worth > 0).astype(np.float64), np.full(relaxation.pairs, -1, dtype=np.int64), worth)
    share = np.zeros(relaxation.pairs)
    np.add.at(share, relaxation.pair, values)
    slot = np.full(relaxation.pairs, -1, dtype=np.int64)
    timed = (values > 0.5) & (relaxation.slot >= 0)
    slot[relaxation.pair[timed]] = relaxation.slot[timed]
    return Choice(share, slot, worth)
