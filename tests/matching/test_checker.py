"""The checker finds every planted violation and nothing else; the evaluation is what it is by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.matching import Objective, Problem, check, evaluate
from tests.matching.small_problems import document, small_problems


def codes(problem: Problem, meetings: list[Any]) -> set[str]:
    return {violation.code for violation in check(problem, meetings)}


def with_change(part: str, column: str, value: list[Any]) -> Problem:
    content = copy.deepcopy(document())
    content[part][column] = value
    return Problem.from_json(content)


def test_valid_meetings_break_nothing() -> None:
    assert check(Problem.from_json(document()), [[0, 0, 2], [1, 0, 0], [0, 1, 1]]) == []


def test_no_meetings_break_nothing() -> None:
    assert check(Problem.from_json(document()), []) == []


@pytest.mark.parametrize(
    ("meetings", "planted"),
    [
        ([[0, 0]], {"shape"}),
        ([[0, 0, True]], {"shape"}),
        ([[0, 0, 1.5]], {"shape"}),
        ([[0, 0, "one"]], {"shape"}),
        ([7], {"shape"}),
        ([[2, 0, 0]], {"range"}),
        ([[0, -1, 0]], {"range"}),
        ([[0, 0, 3]], {"range"}),
        ([[0, 0, 0], [0, 0, 1]], {"met_twice"}),
        ([[1, 0, 2]], {"project_unavailable"}),
        ([[0, 0, 0], [0, 1, 0]], {"project_twice"}),
        ([[0, 0, 0], [1, 0, 0]], {"representatives"}),
        ([[0, 1, 2]], {"interpreters"}),
        ([[0, 1, 0], [1, 1, 0]], {"interpreters"}),
    ],
)
def test_planted_violation_is_found(meetings: list[Any], planted: set[str]) -> None:
    assert codes(Problem.from_json(document()), meetings) == planted


@pytest.mark.parametrize(
    ("part", "column", "value", "meetings", "planted"),
    [
        ("counterparties", "avail", ["011", "111"], [[0, 0, 0]], {"counterparty_unavailable"}),
        ("delegations", "cap", [1], [[0, 0, 0], [1, 1, 0]], {"delegation"}),
        ("slots", "tables", [0, 1, 2], [[0, 0, 0]], {"tables"}),
        ("projects", "max", [1, 2], [[0, 0, 0], [0, 1, 1]], {"project_cap"}),
        ("counterparties", "max", [1, 3], [[0, 0, 0], [1, 0, 1]], {"counterparty_cap"}),
    ],
)
def test_planted_overuse_is_found(
    part: str, column: str, value: list[Any], meetings: list[Any], planted: set[str]
) -> None:
    assert codes(with_change(part, column, value), meetings) == planted


def test_pair_that_is_not_eligible_is_found() -> None:
    content = document()
    content["pairs"] = {column: values[:3] for column, values in content["pairs"].items()}

    assert codes(Problem.from_json(content), [[1, 1, 0]]) == {"not_eligible"}


def test_lock_that_is_not_held_is_found() -> None:
    violations = check(Problem.from_json(document(locked=[[0, 0, 1]])), [[0, 0, 2]])

    assert [(violation.code, violation.indices) for violation in violations] == [
        ("lock_broken", {"project": 0, "counterparty": 0, "slot": 1})
    ]
    assert "not held" in violations[0].words


@given(small_problems, st.data())
def test_online_meetings_need_no_table(problem: Problem, data: st.DataObject) -> None:
    pairs = list(problem.pair_index)
    if not pairs:
        return
    p, f = data.draw(st.sampled_from(pairs))
    t = data.draw(st.integers(0, problem.slots - 1))

    found = codes(problem, [[p, f, t]])

    together = bool(problem.project_in_person[p] and problem.counterparty_in_person[f])
    assert ("tables" in found) == (together and problem.slot_tables[t] == 0)


def test_evaluation_counts_every_level() -> None:
    problem = Problem.from_json(document(published=[[0, 0, 1], [1, 0, 1], [1, 1, 0]]))

    objective = evaluate(problem, [[0, 0, 0], [0, 1, 2], [1, 0, 1]])

    # Project 0 and counterparty 0 (meetings in 0, 1: none; 0, 2: slot 1 between them is idle) give one gap.
    assert objective == Objective(must=1, floors=4, score=1200, gaps=1, moved=1, dropped=1)


def test_gap_ends_with_the_session_and_needs_availability() -> None:
    two_sessions = with_change("slots", "session", [0, 0, 1])
    away_between = with_change("projects", "avail", ["101", "110"])
    meetings = [[0, 0, 0], [0, 1, 2]]

    gaps = [evaluate(problem, meetings).gaps for problem in (two_sessions, away_between)]

    assert gaps == [0, 0]
