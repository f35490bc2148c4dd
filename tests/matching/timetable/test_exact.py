"""The exact part by itself: bounds that need no search, cores from below, models from above, and quick placing."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.matching.timetable import Answer, TimetableProblem, verify
from marketplace.matching.timetable.assignment import overfull
from marketplace.matching.timetable.bounds import fewest_breaks, most_breaks
from marketplace.matching.timetable.checker import breaks_of
from marketplace.matching.timetable.cores import CoreBound
from marketplace.matching.timetable.descent import Descent
from marketplace.matching.timetable.encoding import Encoding
from marketplace.matching.timetable.placing import Placing
from marketplace.matching.timetable.windows import order_twins, windows
from tests.matching.timetable.small_problems import optimum, problem, small_problems

slow = settings(max_examples=100, deadline=None)


def encoded(given_problem: TimetableProblem, fairness: int | None) -> tuple[Encoding, list[int]]:
    ordered = order_twins(given_problem)
    allowed = windows(ordered)
    assume(all(allowed))
    encoding = Encoding(ordered, allowed, fairness)
    return encoding, [literal for row in encoding.breaks for literal in row]


@slow
@given(small_problems(), st.sampled_from([None, 0, 1, 2]))
def test_cores_raise_the_bound_to_the_optimum(given_problem: TimetableProblem, fairness: int | None) -> None:
    best = optimum(given_problem, fairness)
    encoding, costs = encoded(given_problem, fairness)
    cores = CoreBound(encoding.clauses, encoding.top, costs)

    while cores.step(1_000) != "met":
        assert best is None or cores.bound <= best

    assert (cores.bound if cores.feasible else None) == best
    assert best is None or sum(breaks_of(given_problem, encoding.slots_of(cores.model))) == best
    cores.close()


@slow
@given(small_problems(), st.sampled_from([None, 0, 1, 2]))
def test_descent_finds_the_optimum_and_nothing_below(given_problem: TimetableProblem, fairness: int | None) -> None:
    best = optimum(given_problem, fairness)
    encoding, costs = encoded(given_problem, fairness)
    descent = Descent(encoding.clauses, encoding.top, costs, len(costs))

    found = [descent.search(most, 10_000) for most in range(len(costs) + 1)]

    assert found == [best is not None and most >= best for most in range(len(costs) + 1)]
    descent.close()


@slow
@given(small_problems())
def test_bounds_of_participants_hold_in_every_timetable(given_problem: TimetableProblem) -> None:
    best = optimum(given_problem, None)
    allowed = windows(given_problem)
    people = range(given_problem.participants)

    least = [fewest_breaks(given_problem, allowed, each) for each in people]
    most = [most_breaks(given_problem, allowed, each) for each in people]

    if best is not None:
        assert None not in least
        assert sum(each or 0 for each in least) <= best <= sum(most)


@slow
@given(small_problems(), st.integers(0, 3))
def test_placed_meetings_keep_every_rule(given_problem: TimetableProblem, seed: int) -> None:
    placing = Placing(given_problem, windows(given_problem), seed)

    if placing.place_all(500):
        slots = [list(placing.slot), *placing.improve(200, None)][-1]

        breaks = sum(breaks_of(given_problem, slots))
        answer = Answer(tuple(slot + 1 for slot in slots), breaks, "feasible", 0)
        assert verify(given_problem, answer, None) == []
    else:
        assert optimum(given_problem, None) is None


def test_fewest_breaks_counts_the_runs_of_free_slots_that_are_needed() -> None:
    # Free in slots 0, 2, 3, 6: three meetings fit into two runs, four need three.
    pairs = [(0, 1), (0, 2), (0, 3), (0, 4)]
    three = problem(*pairs[:3], slots=7, forbidden={0: [1, 4, 5]})
    four = problem(*pairs, slots=7, forbidden={0: [1, 4, 5]})

    assert fewest_breaks(three, windows(three), 0) == 1
    assert fewest_breaks(four, windows(four), 0) == 2


def test_windows_are_cut_along_chains_and_empty_in_circles() -> None:
    chain = problem((0, 1), (0, 2), (1, 2), slots=4, after={1: [0], 2: [1]})
    circle = problem((0, 1), (0, 2), slots=4, after={1: [0], 0: [1]})

    assert windows(chain) == [{0, 1}, {1, 2}, {2, 3}]
    assert windows(circle) == [set(), set()]


def test_overfull_names_the_items_that_have_too_few_places() -> None:
    assert overfull([{0, 1}, {2}, {1}, {0, 1}], [1, 1, 1]) == [0, 2, 3]
    assert overfull([{0, 1}, {2}, {1}, {0, 1}], [1, 2, 1]) is None
    assert overfull([{0}], [0]) == [0]
