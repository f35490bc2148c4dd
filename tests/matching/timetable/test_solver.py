"""The solver: the true optimum by brute force, every rule, its limits of time, and what becomes of its process."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from marketplace.matching import EngineBug
from marketplace.matching.timetable import Answer, TimetableProblem, solve_timetable, verify
from marketplace.matching.timetable.search import Found
from marketplace.matching.timetable.solver import Record
from tests.matching.timetable.small_problems import optimum, problem, small_problems, solve_here

slow = settings(max_examples=150, deadline=None)


def crowded(people: int = 24, slots: int = 12, tables: int = 8, seed: int = 1) -> TimetableProblem:
    """A full event whose optimum takes long to prove: as many meetings as the tables hold, less three."""
    chance = random.Random(seed)
    timetable = []
    for slot in range(slots):
        order = list(range(people))
        chance.shuffle(order)
        timetable += [(order[2 * table], order[2 * table + 1], slot) for table in range(tables)]
    return problem(*[(one, other) for one, other, _ in timetable[3:]], slots=slots, tables=tables)


@slow
@given(small_problems(), st.sampled_from([None, 0, 1, 2]))
def test_solver_finds_the_optimum_or_that_there_is_none(given_problem: TimetableProblem, fairness: int | None) -> None:
    best = optimum(given_problem, fairness)

    answer = solve_here(given_problem, fairness)

    expected = ("infeasible", None, None) if best is None else ("optimal", best, best)
    assert (answer.status, answer.breaks, answer.bound) == expected
    assert verify(given_problem, answer, fairness) == []
    assert (answer.reason != "") == (best is None)


@slow
@given(small_problems(), st.randoms(use_true_random=False))
def test_renaming_participants_and_meetings_changes_no_value(
    given_problem: TimetableProblem, chance: random.Random
) -> None:
    people = list(range(given_problem.participants))
    chance.shuffle(people)
    order = list(range(len(given_problem.meetings)))
    chance.shuffle(order)
    place = {number: index for index, number in enumerate(order)}
    renamed = dataclasses.replace(
        given_problem,
        meetings=tuple(
            dataclasses.replace(
                given_problem.meetings[number],
                first=people[given_problem.meetings[number].second],
                second=people[given_problem.meetings[number].first],
            )
            for number in order
        ),
        forbidden=tuple(given_problem.forbidden[people.index(each)] for each in range(given_problem.participants)),
        fixed=tuple(given_problem.fixed[number] for number in order),
        predecessors=tuple(frozenset(place[each] for each in given_problem.predecessors[number]) for number in order),
    )

    before, after = solve_here(given_problem), solve_here(renamed)

    assert (after.status, after.breaks) == (before.status, before.breaks)


@slow
@given(small_problems())
@example(problem((0, 1), (0, 1), (0, 2), slots=5, tables=1, after={0: [1]}))
def test_another_table_never_makes_a_timetable_worse(given_problem: TimetableProblem) -> None:
    before = solve_here(given_problem, None)

    after = solve_here(dataclasses.replace(given_problem, tables=given_problem.tables + 1), None)

    assert before.breaks is None or (after.breaks is not None and after.breaks <= before.breaks)


@pytest.mark.parametrize(
    ("given_problem", "fairness", "expected"),
    [
        pytest.param(problem(slots=0, tables=0), 2, Answer((), 0, "optimal", 0), id="nothing at all"),
        pytest.param(problem(participants=1), 0, Answer((), 0, "optimal", 0), id="one participant, no meeting"),
        pytest.param(problem((0, 1), slots=1, tables=1), 0, Answer((1,), 0, "optimal", 0), id="one meeting, one slot"),
        pytest.param(problem((0, 1, 2), morning=3), 2, Answer((4,), 0, "optimal", 0), id="the afternoon"),
        pytest.param(problem((0, 1), (0, 2), fixed={0: 0}), 2, Answer((1, 2), 0, "optimal", 0), id="fixed"),
        pytest.param(
            problem((0, 1), (1, 2), slots=2, after={0: [1]}), 2, Answer((2, 1), 0, "optimal", 0), id="precedence"
        ),
        pytest.param(
            problem((0, 1), (0, 2), slots=3, forbidden={0: [1]}, after={1: [0]}),
            2,
            Answer((1, 3), 1, "optimal", 1),
            id="a break that cannot be avoided",
        ),
        pytest.param(
            problem((0, 1), (0, 1), slots=2, tables=1, forbidden={1: []}, after={1: [0]}),
            0,
            Answer((1, 2), 0, "optimal", 0),
            id="a pair that meets twice",
        ),
    ],
)
def test_answer_of_a_plain_case(given_problem: TimetableProblem, fairness: int | None, expected: Answer) -> None:
    answer = solve_timetable(given_problem, seconds=30, fairness=fairness)

    assert answer == expected


def test_pair_that_meets_often_is_placed_in_order() -> None:
    given_problem = problem(*[(0, 1)] * 6, (0, 2), slots=7, tables=1)

    answer = solve_here(given_problem, 0)

    assert (answer.status, answer.breaks) == ("optimal", 0)
    assert list(answer.slots[:6]) == sorted(answer.slots[:6])


def test_fairness_costs_breaks_or_is_impossible() -> None:
    # Participant 0 meets in slots 1, 3 and 5 and has two breaks; the others have one meeting each.
    given_problem = problem((0, 1), (0, 2), (0, 3), slots=5, tables=2, forbidden={0: [1, 3]})

    answers = [solve_here(given_problem, fairness) for fairness in (None, 2, 1)]

    assert [(answer.status, answer.breaks) for answer in answers] == [
        ("optimal", 2),
        ("optimal", 2),
        ("infeasible", None),
    ]
    assert answers[2].reason == (
        "Participant 1 has at least 2 breaks and participant 2 at most 0; they may differ by 1 at most."
    )


def test_solving_twice_gives_the_same_answer_and_progress() -> None:
    given_problem = crowded(people=12, slots=6, tables=5)
    runs = []

    for _ in range(2):
        steps: list[tuple[int | None, int]] = []
        answer = solve_timetable(
            given_problem, seconds=60, seed=7, progress=lambda breaks, bound, steps=steps: steps.append((breaks, bound))
        )
        runs.append((answer, steps))

    assert runs[0] == runs[1]
    assert runs[0][0].status == "optimal"


def test_progress_only_gets_better_and_ends_with_the_answer() -> None:
    given_problem = crowded()
    steps: list[tuple[int | None, int]] = []

    answer = solve_timetable(given_problem, seconds=3, progress=lambda breaks, bound: steps.append((breaks, bound)))

    breaks = [breaks for breaks, _ in steps if breaks is not None]
    bounds = [bound for _, bound in steps]
    assert breaks == sorted(breaks, reverse=True)
    assert bounds == sorted(bounds)
    assert (breaks[-1], bounds[-1]) == (answer.breaks, answer.bound)


def test_time_limit_ends_the_search_with_the_best_so_far() -> None:
    given_problem = crowded()

    answer = solve_timetable(given_problem, seconds=3)

    assert answer.status == "feasible"
    assert verify(given_problem, answer, 2) == []
    assert answer.reason == f"Between {answer.bound} and {answer.breaks} breaks when the time was over."


def test_time_limit_too_short_for_anything_is_said() -> None:
    answer = solve_timetable(crowded(), seconds=0)

    assert answer == Answer(
        (), None, "unknown", 0, "No timetable was found and none excluded before the time was over."
    )


def test_cancelling_ends_the_search_with_the_best_so_far() -> None:
    given_problem = crowded()
    found = threading.Event()

    def progress(breaks: int | None, bound: int) -> None:
        if breaks is not None:
            found.set()

    answer = solve_timetable(given_problem, seconds=600, progress=progress, cancel=found.is_set)

    assert answer.status == "feasible"
    assert answer.reason.endswith("breaks when it was cancelled.")


def test_killed_process_leaves_the_best_so_far() -> None:
    given_problem = crowded()
    found = threading.Event()
    killer = threading.Thread(target=_kill_child_after, args=(found,))
    killer.start()

    answer = solve_timetable(
        given_problem, seconds=600, progress=lambda breaks, bound: found.set() if breaks is not None else None
    )
    killer.join()

    assert answer.status == "feasible"
    assert "breaks when the solver's process died" in answer.reason
    assert verify(given_problem, answer, 2) == []


def _kill_child_after(found: threading.Event) -> None:
    found.wait(60)
    time.sleep(0.5)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The parent is the second field after the name, which is in brackets and may hold blanks.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            ours = parent == os.getpid() and b"matching.child" in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if ours:
            os.kill(int(entry.name), signal.SIGKILL)


def test_wrong_timetable_is_raised_and_not_returned() -> None:
    record = Record(problem((0, 1), (0, 2), tables=1), 2, None)

    with pytest.raises(EngineBug, match="participant 1 has two meetings in slot 1"):
        record.take(Found((1, 1)))


def test_negative_fairness_is_refused() -> None:
    with pytest.raises(ValueError, match="fairness"):
        solve_timetable(problem((0, 1)), seconds=1, fairness=-1)
