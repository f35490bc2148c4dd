"""The answer of the engine: meetings, the value of each level, and the certified bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import ProblemError
from .problem import Meeting, Problem, parse_meetings

VERSION = "1.4"  # of the engine: the same problem, seed and version give the same schedule


@dataclass(frozen=True)
class Objective:
    """The value of a schedule, level by level; must, floors and score are to be large, the others small."""

    must: int  # must pairs that meet
    floors: int  # parties, on both sides, with at least their minimum of meetings (a minimum of 0 is always reached)
    score: int  # sum of the scores of the pairs that meet
    gaps: int = 0  # slots in which a party is available and idle between two of its meetings in one session
    moved: int = 0  # published pairs that meet in another slot
    dropped: int = 0  # published pairs that do not meet

    @property
    def key(self) -> tuple[int, int, int, int, int]:
        """The five levels as a tuple: the lexicographically larger one is the better schedule."""
        return (self.must, self.floors, self.score, -self.gaps, -self.moved - self.dropped)

    def to_json(self) -> dict[str, int]:
        """The levels by name."""
        return {
            "must": self.must,
            "floors": self.floors,
            "score": self.score,
            "gaps": self.gaps,
            "moved": self.moved,
            "dropped": self.dropped,
        }


@dataclass(frozen=True)
class Bound:
    """Certified upper bounds of the first three levels.

    ``must`` holds for every schedule; ``floors`` for every schedule with at least as many must meetings as the answer;
    ``score`` for every schedule that is at least as good as the answer on the levels above. Hence the lexicographic
    optimum respects all three.
    """

    must: int
    floors: int
    score: int

    def to_json(self) -> dict[str, int]:
        """The bounds by name."""
        return {"must": self.must, "floors": self.floors, "score": self.score}


@dataclass(frozen=True)
class Schedule:
    """Meetings (project, counterparty, slot) sorted, with their certificate."""

    meetings: tuple[Meeting, ...]
    objective: Objective
    bound: Bound
    proven_optimal: bool  # the first three levels are proven to be the best possible
    seed: int
    seconds: float
    version: str
    input_hash: str
    complete: bool = True  # False where the clock or a cancel ended the search, so another run may differ

    @property
    def gap(self) -> float:
        """(bound - score) / bound, from 0 to 1."""
        return (self.bound.score - self.objective.score) / self.bound.score if self.bound.score else 0.0

    def to_json(self) -> dict[str, Any]:
        """The answer as a document of plain values."""
        return {
            "meetings": [list(meeting) for meeting in self.meetings],
            "objective": self.objective.to_json(),
            "bound": self.bound.to_json(),
            "gap": {
                "must": self.bound.must - self.objective.must,
                "floors": self.bound.floors - self.objective.floors,
                "score": self.bound.score - self.objective.score,
                "relative": round(self.gap, 8),
            },
            "proven_optimal": self.proven_optimal,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "version": self.version,
            "input_hash": self.input_hash,
            "complete": self.complete,
        }

    @classmethod
    def from_json(cls, document: object, problem: Problem) -> Schedule:
        """The answer in a parsed document, its meetings checked for range against the problem (and no further)."""
        top = _object(document, "answer")
        meetings = parse_meetings(
            top.get("meetings"), "meetings", problem.projects, problem.counterparties, problem.slots
        )
        objective, bound = _object(top.get("objective"), "objective"), _object(top.get("bound"), "bound")
        levels = ("must", "floors", "score", "gaps", "moved", "dropped")
        seconds, proven = top.get("seconds", 0.0), top.get("proven_optimal", False)
        if type(seconds) not in (int, float) or not 0 <= seconds < float("inf"):
            raise ProblemError("seconds", None, "a duration in seconds", seconds)
        if type(proven) is not bool:
            raise ProblemError("proven_optimal", None, "true or false", proven)
        return cls(
            meetings=meetings,
            objective=Objective(*(_count(objective.get(level), f"objective.{level}") for level in levels)),
            bound=Bound(*(_count(bound.get(level), f"bound.{level}") for level in levels[:3])),
            proven_optimal=proven,
            seed=_count(top.get("seed", 0), "seed"),
            seconds=float(seconds),
            version=str(top.get("version", "")),
            input_hash=str(top.get("input_hash", "")),
            complete=top.get("complete", True) is True,
        )


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProblemError(field, None, "an object", value)
    return value


def _count(value: object, field: str) -> int:
    if type(value) is not int or value < 0:
        raise ProblemError(field, None, "an integer of at least 0", value)
    return value
