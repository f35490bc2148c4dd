"""Reasons for impossible timetables name the participants, meetings and slots, counted from 1."""

from __future__ import annotations

import pytest

from marketplace.matching.timetable import TimetableProblem
from tests.matching.timetable.small_problems import problem, solve_here


@pytest.mark.parametrize(
    ("given_problem", "reason"),
    [
        pytest.param(problem((0, 1), slots=0), "There are 1 meetings, but no slots.", id="no slots"),
        pytest.param(problem((0, 1), tables=0), "There are 1 meetings, but no tables.", id="no tables"),
        pytest.param(
            problem((0, 1, 1), morning=2, forbidden={0: [0, 3], 1: [1]}),
            "Meeting 1 of participants 1 and 2 has no slot: it is tied to the morning, slots 1-2; "
            "participant 1 cannot meet in slot 1; participant 2 cannot meet in slot 2.",
            id="no common slot",
        ),
        pytest.param(
            problem((0, 1, 2), morning=2, fixed={0: 1}),
            "Meeting 1 of participants 1 and 2 has no slot: "
            "it is fixed to slot 2; it is tied to the afternoon, slots 3-4.",
            id="fixed outside its session",
        ),
        pytest.param(
            problem((0, 1), morning=0, forbidden={1: [2]}, fixed={0: 2}),
            "Meeting 1 of participants 1 and 2 has no slot: it is fixed to slot 3; "
            "participant 2 cannot meet in slot 3.",
            id="fixed to a forbidden slot",
        ),
        pytest.param(
            problem((0, 1), (2, 0), fixed={0: 1, 1: 1}),
            "Participant 1 has meetings 1-2 both fixed to slot 2.",
            id="two fixed to one slot",
        ),
        pytest.param(
            problem((0, 1), (2, 3), tables=1, fixed={0: 1, 1: 1}),
            "2 meetings are fixed to slot 2, which has 1 tables.",
            id="more fixed than tables",
        ),
        pytest.param(
            problem((0, 1), (2, 3), (4, 5), after={0: [1], 1: [2], 2: [0]}),
            "Meetings must precede each other in a circle: 1 before 3 before 2 before 1.",
            id="circle",
        ),
        pytest.param(
            problem((0, 1), after={0: [0]}), "Meetings must precede each other in a circle: 1 before 1.", id="itself"
        ),
        pytest.param(
            problem((0, 1), (2, 3), (4, 5), slots=3, forbidden={4: [2]}, after={1: [0], 2: [1]}),
            "Meetings 1, 2, 3 must be held in this order; those before meeting 3 take until slot 2 at least, "
            "and it can only be held in slots 1-2.",
            id="chain",
        ),
        pytest.param(
            problem((0, 1), (0, 2), (0, 3), forbidden={0: [0, 1]}),
            "Participant 1 has 3 meetings, but only 2 free slots.",
            id="more meetings than slots",
        ),
        pytest.param(
            problem((0, 1, 1), (0, 2, 1), morning=1),
            "Participant 1 has 2 morning meetings, but only 1 free morning slots.",
            id="more meetings than mornings",
        ),
        pytest.param(
            problem(
                (0, 1), (0, 2), (0, 3), slots=6, forbidden={1: [2, 3, 4, 5], 2: [0, 2, 3, 4, 5], 3: [1, 2, 3, 4, 5]}
            ),
            "Participant 1 has 3 meetings that only 2 slots are open for: meetings 1-3 can only be held in slots 1-2.",
            id="Hall",
        ),
        pytest.param(
            problem((0, 1), (2, 3), (4, 5), (6, 7), (8, 9), slots=2, tables=2),
            "All 5 meetings can only be held in slots 1-2, which hold 4 at most: no slot more than its 2 tables or "
            "half of the participants that can meet then.",
            id="tables",
        ),
        pytest.param(
            problem((0, 1, 1), (2, 3, 1), (4, 5), (1, 2, 1), slots=4, tables=1, morning=2),
            "Meetings 1-2, 4, these 3 meetings can only be held in slots 1-2, which hold 2 at most: no slot more than "
            "its 1 tables or half of the participants that can meet then.",
            id="tables of the morning",
        ),
    ],
)
def test_reason_by_counting_names_what_clashes(given_problem: TimetableProblem, reason: str) -> None:
    answer = solve_here(given_problem)

    assert (answer.status, answer.slots, answer.reason) == ("infeasible", (), reason)


def test_reason_by_search_names_the_participants_in_conflict() -> None:
    # Three pairs of three participants need three slots; nobody has more than two meetings, and half of three is one.
    triangle = problem((0, 1), (1, 2), (2, 0), (3, 4), (5, 6), (4, 5), slots=2, tables=3)

    answer = solve_here(triangle, None)

    assert answer.reason == (
        "The 3 meetings of participants 1-3 leave no timetable among themselves and on 3 tables, "
        "each of these participants being in one meeting at a time (proved by search)."
    )


def test_reason_is_fairness_where_only_fairness_is_in_the_way() -> None:
    # All pairs of five in five slots: each is idle once, only two of them in the first or the last slot.
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2), (1, 3), (2, 4), (3, 0), (4, 1)]
    given_problem = problem(*pairs, (5, 6), slots=5, tables=3)

    answers = [solve_here(given_problem, fairness) for fairness in (None, 0)]

    assert (answers[0].status, answers[0].breaks) == ("optimal", 3)
    assert answers[1].reason == (
        "There are timetables, but in none do the numbers of breaks of all participants lie within 0 of each other "
        "(proved by search)."
    )
