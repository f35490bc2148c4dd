"""The search for a best timetable, as it runs in a process of its own; what it finds or proves is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.matching.timetable.bounds import fewest_breaks, most_breaks, slot_capacities
from marketplace.matching.timetable.checker import breaks_of
from marketplace.matching.timetable.model import TimetableProblem
from marketplace.matching.timetable.neighbourhoods import Neighbourhoods
from marketplace.matching.timetable.placing import Placing
from marketplace.matching.timetable.reasons import (
    meetings_left_over,
    participants_in_conflict,
    reason_by_counting,
    reason_by_fairness,
)
from marketplace.matching.timetable.windows import order_twins, windows

if TYPE_CHECKING:
    from marketplace.matching.timetable.descent import Descent
    from marketplace.matching.timetable.encoding import Encoding

# Found by trying; temperatures are in breaks.
FIRST_CONFLICTS = 4_000
FIRST_EVICTIONS = 4_000
EVICTIONS = 40_000
FIRST_MOVES = 120_000
LATER_MOVES = 15_000
WARM = 0.7
LATER_WARM = 0.3
MOVES_PER_MEETING = 100
ROUNDS_WITHOUT_GAIN = 3
MAX_CHOICES = 150_000
# Where a search aims once the bound itself was out of reach, as a share of the way from the bound to the best.
CAUTIOUS = 0.9
NEIGHBOURHOOD_CONFLICTS = 400
# Neighbourhoods are for what the first rounds of cores and descents did not solve.
LATE_CONFLICTS = 9_000


@dataclass(frozen=True)
class Found:
    """A timetable: the slot of each meeting, from 1."""

    slots: tuple[int, ...]


@dataclass(frozen=True)
class Bound:
    """No timetable has fewer breaks."""

    breaks: int


@dataclass(frozen=True)
class Infeasible:
    """There is no timetable, and why."""

    reason: str


Report = Callable[[object], None]


def search(report: Report, problem: TimetableProblem, fairness: int | None, seed: int) -> None:
    """Report `Found`, `Bound` and `Infeasible` messages until a timetable is proved to be best, or none to exist.

    Problems of more than MAX_CHOICES pairs of meeting and slot are only searched, which ends without a proof.
    """
    _Search(report, problem, fairness, seed).run()


class _Search:
    """The state of one search: the best timetable and the bound so far."""

    def __init__(self, report: Report, problem: TimetableProblem, fairness: int | None, seed: int) -> None:
        self.report = report
        self.original = problem
        self.fairness = fairness
        self.problem = order_twins(problem)
        self.allowed = windows(self.problem)
        self.placing = Placing(self.problem, self.allowed, seed)
        self.placed = False
        self.best: int | None = None
        self.best_slots: list[int] = []
        self.neighbourhoods = Neighbourhoods(self.problem, seed)
        self.least: list[int] = []
        self.bound = 0
        self.caution = 0.0

    def run(self) -> None:
        self.placed = self.placing.place_all(FIRST_EVICTIONS)
        reason = "" if self.placed else self.reason_for_none()
        if not self.placed and not reason:
            self.placed = self.placing.place_all(EVICTIONS)
        if self.placed:
            self.offer(self.placing.slot)
        if not reason:
            people = range(self.problem.participants)
            self.least = [fewest_breaks(self.problem, self.allowed, each) or 0 for each in people]
            most = [most_breaks(self.problem, self.allowed, each) for each in people]
            reason = reason_by_fairness(self.least, most, self.fairness)
        if reason:
            self.report(Infeasible(reason))
            return
        self.raise_bound(sum(self.least))
        if self.placed:
            self.polish(self.placing.slot, max(FIRST_MOVES, MOVES_PER_MEETING * len(self.problem.meetings)))
        if not self.finished():
            from marketplace.matching.timetable.prices import bound_by_prices

            self.raise_bound(bound_by_prices(self.problem, self.allowed))
        if sum(map(len, self.allowed)) > MAX_CHOICES:
            self.polish_on()
        elif not self.finished():
            self.prove()

    def reason_for_none(self) -> str:
        """Why there is no timetable, if some count shows it; empty otherwise."""
        if reason := reason_by_counting(self.original):
            return reason
        from marketplace.matching.timetable.covering import least_cover

        cover = least_cover(self.problem, self.allowed)
        if cover is None:
            return ""
        most = cover.most(slot_capacities(self.problem, self.allowed))
        return meetings_left_over(self.problem, cover, most) if most < len(self.problem.meetings) else ""

    def polish_on(self) -> None:
        """Improve a problem too large for proofs, until several rounds have found nothing better."""
        patience = ROUNDS_WITHOUT_GAIN
        while self.placed and patience and not self.finished():
            before = self.best
            self.polish(list(self.placing.slot), MOVES_PER_MEETING * len(self.problem.meetings))
            patience = ROUNDS_WITHOUT_GAIN if self.best != before else patience - 1

    def finished(self) -> bool:
        return self.best is not None and self.best <= self.bound

    def offer(self, slots: Sequence[int]) -> None:
        """Report a timetable (slots from 0) if it is fair and the best so far."""
        breaks = breaks_of(self.problem, slots)
        fair = self.fairness is None or not breaks or max(breaks) - min(breaks) <= self.fairness
        if fair and (self.best is None or sum(breaks) < self.best):
            self.best, self.best_slots = sum(breaks), list(slots)
            self.report(Found(tuple(slot + 1 for slot in slots)))

    def polish(self, slots: Sequence[int], moves: int, warm: float = WARM) -> None:
        self.placing.start_from(list(slots))
        for better in self.placing.improve(moves, self.fairness, target=self.bound, warm=warm):
            self.offer(better)

    def raise_bound(self, bound: int) -> None:
        if bound > self.bound:
            self.bound = bound
            self.report(Bound(bound))

    def prove(self) -> None:
        """Cores raise the bound, models under a limit lower the best, in turn and by conflicts, never by the clock."""
        # These load the solver library, which a timetable at its bound does not need.
        from marketplace.matching.timetable.cores import CoreBound
        from marketplace.matching.timetable.descent import Descent
        from marketplace.matching.timetable.encoding import Encoding

        encoding = Encoding(self.problem, self.allowed, self.fairness)
        for row, least in zip(encoding.breaks, self.least, strict=True):
            for literal in row[:least]:
                encoding.add(literal)
        costs = [literal for row, least in zip(encoding.breaks, self.least, strict=True) for literal in row[least:]]
        offset = sum(self.least)
        cores = CoreBound(encoding.clauses, encoding.top, costs)
        descent: Descent | None = None
        conflicts = FIRST_CONFLICTS
        while not self.finished():
            step = cores.step(conflicts)
            feasible = cores.feasible
            self.raise_bound(offset + cores.bound if feasible else 0)
            if feasible and step in ("model", "met"):
                self.take_model(encoding.slots_of(cores.model))
            if feasible and not self.finished() and (self.best is None or step == "exhausted"):
                if descent is None:
                    most = len(costs) if self.best is None else self.best - offset
                    descent = Descent(encoding.clauses, encoding.top, costs, most)
                feasible = self.descend(descent, encoding, offset, conflicts)
                while conflicts >= LATE_CONFLICTS and self.rearrange(descent, encoding, offset, conflicts):
                    pass
                conflicts = conflicts * 3 // 2
            if not feasible:
                self.explain()
                return

    def take_model(self, slots: Sequence[int]) -> None:
        self.offer(slots)
        if not self.finished():
            self.polish(slots, LATER_MOVES, LATER_WARM)

    def descend(self, descent: Descent, encoding: Encoding, offset: int, conflicts: int) -> bool:
        """Searches for better timetables, or any, while that succeeds; False when there is none at all.

        They aim at the bound first, closer to the best after each that took too long, and further down after a success.
        """
        while not self.finished():
            target = len(encoding.clauses) if self.best is None else self.target()
            found = descent.search(target - offset, conflicts)
            if found:
                self.take_model(encoding.slots_of(descent.model))
                self.caution = max(0.0, 2 * self.caution - 1)
            elif self.best is None:
                return found is None
            elif found is None:
                self.caution = max(CAUTIOUS, (self.caution + 1) / 2)
                return True
            else:
                self.raise_bound(target + 1)
        return True

    def rearrange(self, descent: Descent, encoding: Encoding, offset: int, conflicts: int) -> bool:
        """Searches of neighbourhoods of the best timetable, for that many conflicts in all; whether one is better."""
        before = self.best
        # What is easy takes no conflicts but time, so there is a share of them to pay for each search.
        end = descent.conflicts + conflicts
        while self.best is not None and not self.finished() and descent.conflicts < end:
            end -= NEIGHBOURHOOD_CONFLICTS // 4
            free = self.neighbourhoods.pick(self.best_slots)
            keep = [
                row[slot]
                for n, (row, slot) in enumerate(zip(encoding.meets, self.best_slots, strict=True))
                if n not in free
            ]
            found = descent.search(self.best - 1 - offset, NEIGHBOURHOOD_CONFLICTS, keep)
            self.neighbourhoods.learn(found)
            if found:
                self.offer(encoding.slots_of(descent.model))
        return self.best != before

    def target(self) -> int:
        """The breaks to aim at next, from the bound to one less than the best."""
        assert self.best is not None
        return self.bound + int((self.best - 1 - self.bound) * self.caution)

    def explain(self) -> None:
        """Report that there is no timetable: at once in general, then more closely if some search can tell."""
        from marketplace.matching.timetable.conflict import conflicting_participants

        unfair = (
            f"There are timetables, but in none do the numbers of breaks of all participants lie within {self.fairness}"
            " of each other (proved by search)."
        )
        if self.placed:
            self.report(Infeasible(unfair))
            return
        self.report(Infeasible("The solver proved that there is no timetable; no single rule tells why."))
        participants = conflicting_participants(self.problem, self.allowed)
        if participants is not None:
            self.report(Infeasible(participants_in_conflict(self.problem, participants)))
