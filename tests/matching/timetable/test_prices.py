"""The bound by prices: what it proves is never more than the optimum, at the best prices and at any others."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.timetable import TimetableProblem
from marketplace.matching.timetable.bounds import Demand, slot_capacities
from marketplace.matching.timetable.prices import PARTS, bound_at, bound_by_prices
from marketplace.matching.timetable.windows import windows
from tests.matching.timetable.small_problems import optimum, problem, small_problems


def test_bound_by_prices_counts_the_idle_ones_of_full_slots() -> None:
    # All pairs of five in five slots of two tables: somebody else is idle in each, in three of them between meetings.
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2), (1, 3), (2, 4), (3, 0), (4, 1)]
    given_problem = problem(*pairs, slots=5, tables=2)

    assert bound_by_prices(given_problem, windows(given_problem)) == 3


@settings(max_examples=100, deadline=None)
@given(small_problems(), st.lists(st.integers(-2 * PARTS, 2 * PARTS), min_size=5, max_size=5))
def test_no_prices_prove_more_than_the_optimum(given_problem: TimetableProblem, prices: list[int]) -> None:
    best = optimum(given_problem, None)
    if best is None:
        return
    allowed = windows(given_problem)
    people = [each for each in range(given_problem.participants) if given_problem.meetings_of[each]]
    demands = Counter(Demand.of(given_problem, allowed, each) for each in people)
    capacities = slot_capacities(given_problem, allowed)

    proved = bound_at(prices[: given_problem.slots], demands, capacities, len(given_problem.meetings))

    assert max(proved, bound_by_prices(given_problem, allowed)) <= best
