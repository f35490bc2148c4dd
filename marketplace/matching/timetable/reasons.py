"""Why there is no timetable, in words."""

from marketplace.matching.timetable.model import TimetableProblem


def explain_by_counting(problem: TimetableProblem, fairness: int | None) -> str | None:
    return None


def explain_by_search(problem: TimetableProblem, fairness: int | None) -> str:
    return "x"
