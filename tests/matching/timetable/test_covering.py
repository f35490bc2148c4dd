"""Covers: no marks leave room for fewer meetings than a timetable holds, and they show what single counts do not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.timetable import TimetableProblem
from marketplace.matching.timetable.bounds import slot_capacities
from marketplace.matching.timetable.covering import PARTS, cover_of, least_cover
from marketplace.matching.timetable.reasons import meetings_left_over, reason_by_counting
from marketplace.matching.timetable.windows import windows
from tests.matching.timetable.small_problems import optimum, problem, small_problems, solve_here


def test_least_cover_combines_tables_and_participants() -> None:
    given_problem = problem((1, 2, 1), (3, 4, 1), (5, 6, 1), (0, 7), (0, 8), (0, 9), (0, 10), tables=2, morning=2)

    assert reason_by_counting(given_problem) == ""
    assert solve_here(given_problem).reason == (
        "At most 6 of the 7 meetings can be held: slots 1-2 have room for 4, participant 1 can be in 2 at other times, "
        "and 0 can do without all of these."
    )


def test_cover_in_fractions_is_not_put_into_numbers_of_places() -> None:
    triangle = problem((0, 1), (1, 2), (2, 0), slots=1)
    cover = cover_of(triangle, windows(triangle), [0], {(each, 0): PARTS // 2 for each in range(3)})

    assert not cover.whole
    assert cover.most([3]) == 1
    assert meetings_left_over(triangle, cover, 1) == (
        "At most 1 of the 3 meetings can be held: tables and the slots of participants, weighed together, are too few "
        "(by linear programming)."
    )


@settings(max_examples=100, deadline=None)
@given(small_problems(), st.lists(st.integers(0, 2 * PARTS), min_size=30, max_size=30))
def test_no_marks_leave_room_for_fewer_than_all_meetings_of_a_timetable(
    given_problem: TimetableProblem, marks: list[int]
) -> None:
    if not given_problem.meetings or optimum(given_problem, None) is None:
        return
    allowed = windows(given_problem)
    capacities = slot_capacities(given_problem, allowed)
    places = {(each, slot): marks[5 * each + slot] for each in range(5) for slot in range(5)}

    covers = [cover_of(given_problem, allowed, marks[25 : 25 + given_problem.slots], places)]
    covers += [cover for cover in [least_cover(given_problem, allowed)] if cover]

    assert len(covers) == 2
    assert all(cover.most(capacities) >= len(given_problem.meetings) for cover in covers)
