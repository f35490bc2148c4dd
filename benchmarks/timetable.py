"""Measure the timetable solver on files of given meetings, and CP-SAT's plain model beside it if ortools is there.

    python benchmarks/timetable.py meetings.dzn other.dzn --seconds 25 --fairness 0 1 2 3

The table is Markdown on standard output, progress is on standard error. Every run is a process of its own with one
thread; CPU time and peak memory include the solver's own child process. "at 2 s" is what was found after two seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from marketplace.matching.timetable import Answer, TimetableProblem, load, solve_timetable, verify  # noqa: E402

COLUMNS = ("instance", "d", "method", "breaks", "bound", "status", "at 2 s", "seconds", "CPU s", "peak MB")
EARLY = 2.0


def engine(problem: TimetableProblem, seconds: float, fairness: int | None) -> dict[str, Any]:
    """Run the solver and note what it had after two seconds."""
    started = time.perf_counter()
    early: list[int | None] = [None]

    def progress(breaks: int | None, bound: int) -> None:
        if time.perf_counter() - started <= EARLY:
            early[0] = breaks

    answer = solve_timetable(problem, seconds=seconds, fairness=fairness, progress=progress)
    return row(problem, answer, fairness, time.perf_counter() - started, early[0])


def row(
    problem: TimetableProblem, answer: Answer, fairness: int | None, seconds: float, early: int | None
) -> dict[str, Any]:
    """What a run found, used and took; an answer that does not verify ends the benchmark."""
    faults = verify(problem, answer, fairness)
    assert not faults, faults
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "breaks": answer.breaks,
        "bound": answer.bound,
        "status": answer.status,
        "at 2 s": early,
        "seconds": round(seconds, 2),
        "CPU s": round(sum(each.ru_utime + each.ru_stime for each in used), 2),
        "peak MB": round(max(each.ru_maxrss for each in used) / 1024),
    }


def cp_sat(problem: TimetableProblem, seconds: float, fairness: int | None) -> dict[str, Any]:
    """CP-SAT on the plain model: a Boolean per meeting and slot, breaks from prefix maxima, one worker."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    slots = range(problem.slots)
    held = [[model.new_bool_var("") for _ in slots] for _ in problem.meetings]
    for number, choice in enumerate(held):
        model.add_exactly_one(choice)
        for slot in set(slots) - problem.open_slots(number):
            model.add(choice[slot] == 0)
        for earlier in problem.predecessors[number]:
            model.add(
                sum(slot * choice[slot] for slot in slots) >= 1 + sum(slot * held[earlier][slot] for slot in slots)
            )
    for slot in slots:
        model.add(sum(choice[slot] for choice in held) <= problem.tables)
    breaks = []
    for own in problem.meetings_of:
        busy = [sum(held[number][slot] for number in own) for slot in slots]
        ends = []
        before = None
        for slot in slots:
            model.add(busy[slot] <= 1)
            if slot and before is not None:
                end = model.new_bool_var("")
                model.add(end >= busy[slot] - busy[slot - 1] + before - 1)
                model.add(end <= busy[slot])
                model.add(end <= 1 - busy[slot - 1])
                model.add(end <= before)
                ends.append(end)
            now = model.new_bool_var("")
            model.add_max_equality(now, [busy[slot], 0 if before is None else before])
            before = now
        breaks.append(sum(ends))
    if fairness is not None and breaks:
        least = model.new_int_var(0, problem.slots, "")
        for count in breaks:
            model.add(count >= least)
            model.add(count <= least + fairness)
    model.minimize(sum(breaks))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    started = time.perf_counter()
    outcome = solver.status_name(solver.solve(model)).lower()
    took = time.perf_counter() - started
    if outcome == "infeasible":
        return row(problem, Answer((), None, "infeasible", None, "CP-SAT says so"), fairness, took, None)
    bound = max(0, round(solver.best_objective_bound))
    if outcome not in ("optimal", "feasible"):
        return row(problem, Answer((), None, "unknown", bound, "CP-SAT found nothing"), fairness, took, None)
    found = tuple(next(slot for slot in slots if solver.value(choice[slot])) + 1 for choice in held)
    answer = Answer(found, round(solver.objective_value), outcome, bound)
    return row(problem, answer, fairness, took, None)


METHODS = {"engine": engine, "CP-SAT": cp_sat}


def main() -> None:
    """Run every method on every file and fairness, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", metavar="PATH", help="MiniZinc data files")
    parser.add_argument("--seconds", type=float, default=25.0, help="time limit of each run")
    parser.add_argument("--fairness", nargs="+", default=["2"], metavar="D", help="numbers from 0, or none")
    parser.add_argument("--methods", nargs="+", choices=METHODS, help="which to run; all that are installed by default")
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        fairness = None if options.fairness[0] == "none" else int(options.fairness[0])
        print(json.dumps(METHODS[options.one](load(options.paths[0]), options.seconds, fairness)))
        return
    installed = [name for name in METHODS if name != "CP-SAT" or importlib.util.find_spec("ortools")]
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for path, fairness, method in [
        (path, fairness, method)
        for path in options.paths
        for fairness in options.fairness
        for method in options.methods or installed
    ]:
        print(f"{method} on {path}, d = {fairness}", file=sys.stderr)
        command = [sys.executable, __file__, path, "--one", method, "--fairness", fairness]
        done = subprocess.run([*command, "--seconds", str(options.seconds)], check=True, stdout=subprocess.PIPE)
        cells = {"instance": Path(path).name.removesuffix(".dzn"), "d": fairness, "method": method}
        cells |= json.loads(done.stdout)
        shown = ("-" if cells[column] is None else str(cells[column]) for column in COLUMNS)
        print("| " + " | ".join(shown) + " |", flush=True)


if __name__ == "__main__":
    main()
