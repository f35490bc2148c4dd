"""The matching engine: who meets whom and when, with a certificate of how good that is. Plain values in and out."""

from .checker import Violation, check, evaluate
from .errors import EngineBug, LockConflict, MatchingError, ProblemError
from .problem import Problem, load
from .schedule import VERSION, Bound, Objective, Schedule
from .solver import solve

__all__ = [
    "VERSION",
    "Bound",
    "EngineBug",
    "LockConflict",
    "MatchingError",
    "Objective",
    "Problem",
    "ProblemError",
    "Schedule",
    "Violation",
    "check",
    "evaluate",
    "load",
    "solve",
]
