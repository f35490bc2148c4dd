"""The solver against brute force, under relabelling, against the clock, cancelled, and with its child killed."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.generate import generate
from marketplace.matching import LockConflict, Problem, Schedule, check, evaluate, solve
from marketplace.matching import solver as engine
from tests.matching.small_problems import document, optimum, small_problems

slow = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def generated(size: str, profile: str = "base", seed: int = 5, **changes: Any) -> Problem:
    return Problem.from_json(generate(size, profile, seed, **changes))


def levels(schedule: Schedule) -> tuple[int, int, int]:
    return schedule.objective.must, schedule.objective.floors, schedule.objective.score


def relabelled(problem: Problem, seed: int) -> Problem:
    """The same problem with projects and counterparties under other numbers."""
    rng = np.random.default_rng(seed)
    p_new, f_new = rng.permutation(problem.projects), rng.permutation(problem.counterparties)
    content = problem.to_json()
    for side, new in (("projects", p_new), ("counterparties", f_new)):
        for column, values in content[side].items():
            content[side][column] = [values[old] for old in np.argsort(new)]
    rows = sorted(zip(p_new[problem.pair_project], f_new[problem.pair_counterparty], range(problem.pairs), strict=True))
    old = [row[2] for row in rows]
    content["pairs"] = {column: [values[i] for i in old] for column, values in content["pairs"].items()}
    content["pairs"]["p"], content["pairs"]["f"] = [int(row[0]) for row in rows], [int(row[1]) for row in rows]
    for meetings in ("locked", "published"):
        content[meetings] = [[int(p_new[p]), int(f_new[f]), t] for p, f, t in content[meetings]]
    return Problem.from_json(content)


@given(small_problems)
@slow
def test_solver_reaches_the_optimum_it_proves_and_bounds_it_otherwise(problem: Problem) -> None:
    best = optimum(problem)

    schedule = solve(problem, seconds=30)

    assert check(problem, schedule.meetings) == []
    assert schedule.objective == evaluate(problem, schedule.meetings)
    assert levels(schedule) <= (best.must, best.floors, best.score)
    if schedule.proven_optimal:
        assert levels(schedule) == (best.must, best.floors, best.score)
    assert best.must <= schedule.bound.must
    if best.must == schedule.bound.must:
        assert best.floors <= schedule.bound.floors
    assert best.score <= schedule.bound.score or (best.must, best.floors) < levels(schedule)[:2]


@pytest.mark.parametrize(("profile", "seed"), [("base", 5), ("scarce-availability", 5), ("scarce-availability", 3)])
def test_small_problem_is_solved_to_proven_optimality(profile: str, seed: int) -> None:
    schedule = solve(generated("S", profile, seed), seconds=60)

    assert schedule.proven_optimal
    assert levels(schedule) == (schedule.bound.must, schedule.bound.floors, schedule.bound.score)


@given(small_problems, st.integers(0, 9))
@settings(slow, max_examples=5)
def test_relabelling_changes_no_proven_value(problem: Problem, seed: int) -> None:
    one, other = solve(problem, seconds=30), solve(relabelled(problem, seed), seconds=30)

    assert one.proven_optimal is False or other.proven_optimal is False or levels(one) == levels(other)


def test_another_table_never_lowers_the_bound() -> None:
    problem = generated("S", "scarce-tables")
    more = dataclasses.replace(problem, slot_tables=problem.slot_tables + 1)

    before, after = solve(problem, seconds=60).bound, solve(more, seconds=60).bound

    assert (before.must, before.floors, before.score) <= (after.must, after.floors, after.score)


def test_same_problem_and_seed_give_the_same_schedule() -> None:
    problem = generated("S", "mostly-online")

    one, other = solve(problem, seed=3, seconds=60), solve(problem, seed=3, seconds=60)

    assert one.complete
    assert dataclasses.replace(one, seconds=0.0) == dataclasses.replace(other, seconds=0.0)


def test_locked_meetings_are_held_and_published_ones_kept() -> None:
    problem = generated("S")
    first = solve(problem, seconds=60)
    locked = tuple(sorted({*problem.locked, *first.meetings[:5]}))
    again = dataclasses.replace(problem, published=first.meetings, locked=locked)

    second = solve(again, seconds=60)

    assert set(locked) <= set(second.meetings)
    assert levels(second) == levels(first)
    assert second.objective.gaps <= first.objective.gaps


def test_answer_comes_back_from_its_document() -> None:
    problem = Problem.from_json(document())
    schedule = solve(problem, seconds=30)

    again = Schedule.from_json(json.loads(json.dumps(schedule.to_json())), problem)

    assert dataclasses.replace(again, seconds=0.0) == dataclasses.replace(schedule, seconds=0.0)


@pytest.mark.parametrize("seconds", [0.0, 0.5])
def test_little_time_still_gives_a_valid_schedule(seconds: float) -> None:
    problem = generated("M")

    schedule = solve(problem, seconds=seconds)

    assert check(problem, schedule.meetings) == []
    assert not schedule.complete
    assert schedule.objective.score <= schedule.bound.score


def test_progress_tells_phases_with_a_bound_above_the_value() -> None:
    calls: list[tuple[str, int, int, float, float]] = []

    solve(generated("S"), seconds=60, progress=lambda *call: calls.append(call))

    assert calls[0][0] == "greedy"
    assert calls[-1][0] == "compact"
    assert [call[4] for call in calls] == sorted(call[4] for call in calls)
    assert calls[-1][1] <= calls[-1][2]


def test_cancel_returns_the_best_so_far() -> None:
    phases: list[str] = []
    problem = generated("M", "mostly-online")

    schedule = solve(
        problem, seconds=120, progress=lambda phase, *_: phases.append(phase), cancel=lambda: "greedy" in phases
    )

    assert schedule.meetings
    assert check(problem, schedule.meetings) == []
    assert not schedule.complete


def test_answer_comes_when_the_child_is_killed() -> None:
    problem, done = generated("M"), threading.Event()

    def kill_children() -> None:
        while not done.is_set():
            for task in Path(f"/proc/{os.getpid()}/task").iterdir():
                for pid in (task / "children").read_text(encoding="ascii").split():
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_children)
    killer.start()
    try:
        schedule = solve(problem, seconds=20)
    finally:
        done.set()
        killer.join()

    assert schedule.meetings
    assert check(problem, schedule.meetings) == []
    assert schedule.objective.score <= schedule.bound.score
    assert not schedule.complete


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": {key: [] for key in ("p", "f", "score", "interp", "must", "rank_p", "rank_f")}},
        {
            "slots": {"day": [], "session": [], "tables": []},
            "projects": document()["projects"] | {"avail": ["", ""]},
            "counterparties": document()["counterparties"] | {"avail": ["", ""]},
            "interpreters": {"pool": ["en-fr"], "cap": [[]]},
        },
        {"slots": document()["slots"] | {"tables": [0, 0, 0]}},
        {"projects": document()["projects"] | {"min": [9, 9]}},
        {"projects": document()["projects"] | {"max": [0, 0]}},
        {"counterparties": document()["counterparties"] | {"reps": [0, 0]}},
        {"projects": document()["projects"] | {"avail": ["000", "000"]}},
        {"interpreters": {"pool": ["en-fr"], "cap": [[0, 0, 0]]}},
        {"locked": [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]][:3]},
    ],
)
def test_degenerate_problem_is_solved_to_its_optimum(changes: dict[str, Any]) -> None:
    problem = Problem.from_json(document(**changes))
    best = optimum(problem)

    schedule = solve(problem, seconds=30)

    assert schedule.proven_optimal
    assert levels(schedule) == (best.must, best.floors, best.score)


def test_nobody_at_all_is_an_empty_schedule() -> None:
    nothing = {
        "format": "cm-match/1",
        "slots": {"day": [], "session": [], "tables": []},
        "delegations": {"cap": []},
        "projects": {column: [] for column in ("delegation", "in_person", "avail", "min", "max")},
        "counterparties": {column: [] for column in ("vendor", "reps", "in_person", "avail", "min", "max")},
        "interpreters": {"pool": [], "cap": []},
        "pairs": {column: [] for column in ("p", "f", "score", "interp", "must", "rank_p", "rank_f")},
    }

    schedule = solve(Problem.from_json(nothing))

    assert (schedule.meetings, schedule.proven_optimal, schedule.bound.score) == ((), True, 0)


def test_contradictory_locks_are_refused() -> None:
    problem = dataclasses.replace(Problem.from_json(document()), locked=((0, 0, 0), (0, 1, 0)))

    with pytest.raises(LockConflict):
        solve(problem)


def test_every_size_has_a_limit() -> None:
    assert [effort.seconds for effort in engine.EFFORTS] == [2.0, 5.0, 20.0, 60.0, 180.0]
