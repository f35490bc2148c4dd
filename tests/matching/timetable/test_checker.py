"""The checker finds every kind of fault, and nothing in a right answer."""

from __future__ import annotations

import dataclasses

import pytest

from marketplace.matching.timetable import Answer, verify
from tests.matching.timetable.small_problems import problem

# Meetings 0-1 and 0-2 in the morning, 1-2 in the afternoon after the first, 3-4 in slot 4.
GIVEN = problem(
    (0, 1, 1),
    (0, 2, 1),
    (1, 2, 2),
    (3, 4),
    slots=5,
    morning=3,
    tables=1,
    forbidden={2: [0]},
    fixed={3: 4},
    after={2: [0]},
)
RIGHT = Answer((1, 2, 4, 5), 2, "feasible", 1)


def test_right_answer_has_no_faults() -> None:
    assert verify(GIVEN, RIGHT, 1) == []


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"slots": (1, 2, 4)}, ["3 slots for 4 meetings"]),
        ({"slots": (0, 2, 6, 5)}, ["meeting 1 is in no slot that exists", "meeting 3 is in no slot that exists"]),
        (
            {"slots": (4, 2, 3, 5)},
            [
                "meeting 1 in slot 4 is not in the morning",
                "meeting 3 in slot 3 is not in the afternoon",
                "meeting 3 in slot 3 is not after meeting 1",
            ],
        ),
        ({"slots": (1, 2, 3, 5)}, ["meeting 3 in slot 3 is not in the afternoon"]),
        ({"slots": (1, 2, 4, 3)}, ["meeting 4 in slot 3 is fixed to slot 5"]),
        ({"slots": (2, 1, 4, 5)}, ["meeting 2 in slot 1 is forbidden for participant 3"]),
        ({"slots": (1, 2, 5, 5)}, ["slot 5 has 2 meetings on 1 tables"]),
        ({"slots": (2, 2, 4, 5)}, ["slot 2 has 2 meetings on 1 tables", "participant 1 has two meetings in slot 2"]),
        ({"breaks": 1}, ["2 breaks were counted as 1"]),
        ({"bound": 3}, ["bound 3 does not fit 2 breaks"]),
        ({"bound": None}, ["bound None does not fit 2 breaks"]),
        ({"status": "optimal"}, ["optimal with 2 breaks and bound 1"]),
        (
            {"status": "infeasible"},
            [
                "infeasible, and yet there is a timetable",
                "infeasible, and yet there is a bound",
                "infeasible without a reason",
            ],
        ),
        ({"status": "unknown", "slots": (), "breaks": None}, ["unknown without a reason"]),
    ],
)
def test_planted_fault_is_found(changes: dict[str, object], faults: list[str]) -> None:
    answer = dataclasses.replace(RIGHT, **changes)

    assert verify(GIVEN, answer, 1) == faults


def test_unfair_answer_is_found_unless_fairness_is_off() -> None:
    given = problem((0, 1), (0, 2), (0, 3), slots=5, tables=3)
    answer = Answer((1, 3, 5), 2, "feasible", 0)

    assert verify(given, answer, 1) == ["numbers of breaks differ by 2, more than 1"]
    assert verify(given, answer, 2) == verify(given, answer, None) == []
