"""Timetables for given meetings: `load` a problem, `solve_timetable` it exactly, `verify` what comes out."""

from marketplace.matching.timetable.checker import verify
from marketplace.matching.timetable.dzn import DataFileError
from marketplace.matching.timetable.files import load, parse, render
from marketplace.matching.timetable.model import Answer, Meeting, Session, TimetableProblem
from marketplace.matching.timetable.solver import solve_timetable

__all__ = [
    "Answer",
    "DataFileError",
    "Meeting",
    "Session",
    "TimetableProblem",
    "load",
    "parse",
    "render",
    "solve_timetable",
    "verify",
]
