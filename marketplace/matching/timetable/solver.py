"""Solves timetable problems: starts the search in a process of its own, keeps its time limit, verifies its answers."""

from __future__ import annotations

from collections.abc import Callable

from marketplace.matching.child import Child
from marketplace.matching.errors import EngineBug
from marketplace.matching.timetable.checker import breaks_of, verify
from marketplace.matching.timetable.model import Answer, TimetableProblem
from marketplace.matching.timetable.search import Bound, Found, Infeasible, search

POLL_SECONDS = 0.05


def solve_timetable(
    problem: TimetableProblem,
    *,
    seconds: float,
    fairness: int | None = 2,
    seed: int = 0,
    progress: Callable[[int | None, int], None] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Answer:
    """The timetable with the fewest breaks found within `seconds` of wall time, and a proven bound.

    fairness: the numbers of breaks of any two participants differ by at most this; None for no such rule.
    progress: called with (breaks of the best timetable so far or None, proven lower bound) whenever one changes.
    cancel: asked about twenty times a second; once it says yes, the best so far is returned.
    The same problem, fairness and seed give the same answer while neither the limit nor a cancellation cuts the
    search short. Refuses (ValueError) a negative fairness; raises EngineBug when an answer does not verify.
    """
    if fairness is not None and fairness < 0:
        raise ValueError(f"fairness is a number of breaks from 0, or None, not {fairness}")
    state = Record(problem, fairness, progress)
    ending = "the time was over"
    with Child(search, problem, fairness, seed, seconds=seconds) as child:
        while child.outcome is None:
            for message in child.receive(POLL_SECONDS):
                state.take(message)
            if cancel is not None and child.outcome is None and cancel():
                ending = "it was cancelled"
                child.kill()
    if child.outcome.status == "failed":
        raise EngineBug(f"the timetable search failed:\n{child.outcome.detail}")
    if child.outcome.status == "died":
        ending = f"the solver's process died ({child.outcome.detail})"
    return state.answer(ending)


class Record:
    """What the search has reported so far, all of it verified."""

    def __init__(
        self, problem: TimetableProblem, fairness: int | None, progress: Callable[[int | None, int], None] | None
    ) -> None:
        self.problem = problem
        self.fairness = fairness
        self.progress = progress
        self.best: Answer | None = None
        self.bound = 0
        self.infeasible = ""

    def take(self, message: object) -> None:
        """Take over one message of the search."""
        if isinstance(message, Infeasible):
            self.infeasible = message.reason
            return
        if isinstance(message, Bound):
            self.bound = max(self.bound, message.breaks)
        elif isinstance(message, Found):
            breaks = sum(breaks_of(self.problem, message.slots))
            self.best = Answer(message.slots, breaks, "feasible", min(self.bound, breaks))
            self.check(self.best)
        if self.progress is not None:
            self.progress(None if self.best is None else self.best.breaks, self.bound)

    def answer(self, ending: str) -> Answer:
        """The answer with what is proved by now."""
        if self.infeasible and self.best is not None:
            raise EngineBug(f"a timetable was found where none should exist: {self.infeasible}")
        if self.infeasible:
            return self.check(Answer((), None, "infeasible", None, self.infeasible))
        if self.best is None or self.best.breaks is None:
            return self.check(
                Answer((), None, "unknown", self.bound, f"No timetable was found and none excluded before {ending}.")
            )
        if self.bound > self.best.breaks:
            raise EngineBug(f"a timetable with {self.best.breaks} breaks lies under the bound {self.bound}")
        if self.bound == self.best.breaks:
            return self.check(Answer(self.best.slots, self.best.breaks, "optimal", self.bound))
        reason = f"Between {self.bound} and {self.best.breaks} breaks when {ending}."
        return self.check(Answer(self.best.slots, self.best.breaks, "feasible", self.bound, reason))

    def check(self, answer: Answer) -> Answer:
        faults = verify(self.problem, answer, self.fairness)
        if faults:
            raise EngineBug(f"the timetable does not verify: {'; '.join(faults[:3])}")
        return answer
