"""Bounds hold whatever the prices are, and no solver is needed for that."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.generate import generate
from marketplace.matching import Problem, exact, solve
from marketplace.matching.bounds import Certifier, obvious
from marketplace.matching.child import Stop
from marketplace.matching.draft import Draft
from marketplace.matching.linear import IntegerAnswer, Model, solve_integer
from marketplace.matching.relaxation import FloatArray, Prices, certificate, relax
from marketplace.matching.residual import after_locks
from marketplace.matching.schedule import Bound
from tests.matching.small_problems import document, online_document, optimum, small_problems


def never() -> bool:
    return False


def bound_without_solver(problem: Problem, few: int) -> Certifier:
    certifier = Certifier(after_locks(problem), 1_000, never)
    certifier.time_pairs(few)
    certifier.prune(40)
    return certifier


@given(small_problems, st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_bound_holds_for_any_prices(problem: Problem, few: int, random: object) -> None:
    best = optimum(problem)
    relaxation = relax(after_locks(problem), few)
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    prices = Prices.of(
        rng.normal(100.0, 300.0, relaxation.rows),
        rng.normal(0.0, 300.0, relaxation.floor_rows),
        rng.normal(0.0, 300.0),
        rng.normal(0.0, 300.0),
    )
    held_floors = relaxation.residual.locked_floors

    bound = certificate(relaxation, relaxation.score, prices, best.must, best.floors - held_floors)

    assert best.score <= bound


@given(small_problems, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_optimum_is_within_the_bounds(problem: Problem, few: int) -> None:
    best = optimum(problem)

    bound = bound_without_solver(problem, few).bound

    assert best.must <= bound.must
    assert best.must < bound.must or best.floors <= bound.floors
    # The bound of the score speaks of schedules that reach the bounds of the levels above.
    assert (best.must, best.floors) < (bound.must, bound.floors) or best.score <= bound.score


@given(small_problems)
@settings(max_examples=60, deadline=None)
def test_obvious_bounds_hold(problem: Problem) -> None:
    best = optimum(problem)
    residual = after_locks(problem)

    levels = obvious(residual)

    assert best.must <= levels.must
    assert best.floors <= levels.floors + residual.locked_floors


def test_absurd_prices_are_made_harmless() -> None:
    prices = Prices.of(np.array([-1.0, np.nan, np.inf, 2.0]), np.array([-np.inf]), float("nan"), -3.0)

    assert (prices.capacity >= 0).all()
    assert (prices.floor.tolist(), prices.must, prices.floors) == ([0], 0, 0)


def test_one_slot_for_two_wishes_cannot_reach_a_floor_of_two() -> None:
    content = document()
    content["projects"] |= {"avail": ["110", "110"], "min": [2, 0]}
    content["counterparties"] |= {"avail": ["100", "100"], "min": [0, 0]}
    problem = Problem.from_json(content)

    assert obvious(after_locks(problem)).floors == 0


def test_locks_are_taken_out_of_every_capacity() -> None:
    residual = after_locks(Problem.from_json(document(locked=[[0, 1, 1], [1, 0, 0]])))

    assert residual.project_free.tolist() == [[True, False, True], [False, True, False]]
    assert residual.counterparty_room_at.tolist() == [[0, 1, 1], [2, 1, 2]]
    assert residual.tables_at.tolist() == [1, 1, 2]
    assert residual.interpreters_at.tolist() == [[1, 0, 0]]
    assert residual.pairs.tolist() == [0]
    assert residual.choices.tolist() == [1]
    assert (residual.locked_must, residual.locked_score) == (1, 700)


@given(small_problems)
@settings(max_examples=30, deadline=None)
def test_another_table_never_lowers_the_obvious_bounds(problem: Problem) -> None:
    more = dataclasses.replace(problem, slot_tables=problem.slot_tables + 1)

    before, after = obvious(after_locks(problem)), obvious(after_locks(more))

    assert (before.must, before.floors) <= (after.must, after.floors)


def scarce() -> Certifier:
    """The bounds of a small problem that the programme without time has priced."""
    certifier = Certifier(after_locks(Problem.from_json(generate("S", "scarce-availability", 1))), 8_000, never)
    certifier.time_pairs(0)
    assert certifier.choose("simplex", 20.0) is not None
    return certifier


@pytest.mark.parametrize("fewer_floors", [0, 2])
def test_a_second_programme_that_is_cut_leaves_the_bound_as_it_was(fewer_floors: int) -> None:
    certifier, untouched = scarce(), scarce()
    levels = certifier.must, certifier.floors - fewer_floors

    certifier.time_pairs(16)
    assert certifier.choose("simplex", 0.0) is None
    certifier.tighten(*levels, "simplex", 0.0)
    untouched.tighten(*levels, "simplex", 0.0)

    assert certifier.bound == untouched.bound


def test_no_programme_makes_a_bound_worse() -> None:
    certifier = scarce()
    first = certifier.bound
    assert certifier.sharpen(600, 100, 60.0, never) is not None
    sharpened = certifier.bound

    certifier.time_pairs(0)
    assert certifier.choose("simplex", 20.0) is not None
    certifier.prune(5)

    assert sharpened.score < first.score
    assert certifier.bound == sharpened


def test_sharpening_gives_up_where_there_is_no_time_and_keeps_the_bound() -> None:
    certifier = scarce()
    before = certifier.bound

    assert certifier.sharpen(600, 100, 0.0, never) is None
    assert certifier.bound == before


def test_a_bound_for_fewer_floors_holds_for_more() -> None:
    certifier = scarce()
    levels = certifier.must, certifier.floors

    certifier.tighten(levels[0], levels[1] - 2, "simplex", 0.0)
    loose = certifier.score
    certifier.tighten(*levels, "simplex", 0.0)

    assert certifier.score <= loose


def test_a_level_that_is_cut_leaves_the_one_above_with_meetings_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    certifier, solved = scarce(), []

    def cut_second(model: Model, seconds: float, start: FloatArray, stop: Stop) -> IntegerAnswer:
        solved.append(model)
        return solve_integer(model, seconds, start, stop) if len(solved) == 1 else IntegerAnswer(None, np.inf, False)

    monkeypatch.setattr(exact, "solve_integer", cut_second)
    problem = certifier.residual.problem

    draft, finished = exact.prove(certifier, Draft(problem, np.arange(problem.pairs), 0), 20.0, never)

    assert (len(solved), finished) == (2, False)
    assert draft.levels()[0] == certifier.must
    assert draft.levels()[2] > 0.6 * certifier.score


@given(small_problems)
@settings(max_examples=25, deadline=None)
def test_lowered_bounds_hold(problem: Problem) -> None:
    best = optimum(problem)
    certifier = Certifier(after_locks(problem), 1_000, never)

    certifier.lower("simplex", 20.0)
    certifier.prune(40)
    certifier.tighten(best.must, best.floors, "simplex", 20.0)
    bound = certifier.bound

    assert best.must <= bound.must
    assert best.must < bound.must or best.floors <= bound.floors
    assert best.score <= bound.score


def test_musts_that_meet_in_the_same_slot_are_seen_before_anything_else() -> None:
    # Both counterparties want project 0 in its only slot; without time nothing speaks against that.
    content = document()
    content["projects"] |= {"avail": ["100", "110"], "in_person": [0, 0]}
    content["pairs"] |= {"must": [1, 1, 0, 0], "interp": [-1] * 4}
    certifier = Certifier(after_locks(Problem.from_json(content)), 8_000, never)
    assert certifier.bound.must == 2

    certifier.bound_musts(20.0)

    assert certifier.bound.must == 1


@given(small_problems)
@settings(max_examples=25, deadline=None)
def test_the_bound_of_the_musts_holds(problem: Problem) -> None:
    certifier = Certifier(after_locks(problem), 1_000, never)

    certifier.bound_musts(20.0)

    assert optimum(problem).must <= certifier.bound.must


def beside_a_must() -> Problem:
    """Project 1 needs both counterparties for its minimum; one comes in a single slot, which a must meeting takes."""
    content = document()
    content["projects"] |= {"avail": ["110", "110"], "min": [0, 2], "in_person": [0, 0]}
    content["counterparties"] |= {"avail": ["100", "110"], "min": [0, 0], "reps": [1, 1], "max": [2, 2]}
    content["pairs"] |= {"must": [1, 0, 0, 0], "interp": [-1] * 4}
    return Problem.from_json(content)


def test_a_floor_that_the_musts_exclude_is_left_out() -> None:
    certifier = Certifier(after_locks(beside_a_must()), 8_000, never)

    certifier.lower("simplex", 20.0)

    assert certifier.excluded == 1
    assert not certifier.residual.reachable.any()
    assert certifier.bound.floors == 3


def test_with_fewer_musts_such_a_floor_may_be_reached() -> None:
    certifier = Certifier(after_locks(beside_a_must()), 8_000, never)

    certifier.lower("simplex", 20.0)
    certifier.tighten(0, 3, "simplex", 20.0)

    assert certifier.bound.floors == 4
    assert certifier.bound.score >= 300 + 200


def test_lowering_again_forgets_no_floor_that_was_left_out() -> None:
    certifier = Certifier(after_locks(beside_a_must()), 8_000, never)

    assert certifier.lower("simplex", 20.0)
    certifier.time_pairs(3)
    assert certifier.lower("simplex", 20.0)
    certifier.tighten(0, 3, "simplex", 20.0)

    assert certifier.excluded == 1
    assert certifier.bound.floors == 4


def test_a_bound_of_the_floors_falls_with_the_musts_it_speaks_of() -> None:
    # Three musts of two slots that exclude each other in pairs; the linear programme holds each of them by half.
    content = online_document([(0, 0), (0, 1), (1, 1), (2, 1)], reps=[1, 1], slots=2)
    content["projects"] |= {"min": [0, 0, 1]}
    content["pairs"] |= {"must": [1, 1, 1, 0], "interp": [0, -1, 0, -1]}

    schedule = solve(Problem.from_json(content), seconds=20.0)

    assert schedule.bound == Bound(must=2, floors=5, score=1500)
    assert schedule.proven_optimal


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_prices_with_all_pairs_timed_serve_other_levels_too(seconds: float) -> None:
    certifier = scarce()
    certifier.sharpen(200, 50, seconds, never)

    certifier.tighten(certifier.must, certifier.floors - 2, "simplex", 0.0)

    schedule = solve(certifier.residual.problem, seconds=20.0)
    assert schedule.objective.score <= certifier.score


def test_a_floor_that_cannot_be_reached_makes_no_room_for_others() -> None:
    # Project 0 has one counterparty too few for its minimum; the meeting that project 1 needs costs the better ones.
    content = document()
    content["projects"] |= {"min": [3, 2], "in_person": [0, 0], "avail": ["110", "110"]}
    content["counterparties"] |= {"avail": ["110", "110"], "min": [0, 0], "reps": [1, 1], "max": [1, 1]}
    content["pairs"] |= {"must": [0] * 4, "interp": [-1] * 4}
    problem = Problem.from_json(content)
    certifier = Certifier(after_locks(problem), 8_000, never)

    assert certifier.choose("simplex", 20.0) is not None

    assert certifier.bound == Bound(must=0, floors=3, score=300 + 200)


def test_floors_that_exclude_each_other_are_seen_by_branch_and_bound() -> None:
    # Two triangles: every project needs two of three counterparties, each of which has a single meeting.
    pairs = [(p, 3 * (p // 3) + f) for p in range(6) for f in sorted((p % 3, (p + 1) % 3))]
    content = online_document(pairs, reps=[1] * 6, slots=3)
    content["projects"] |= {"min": [2] * 6}
    content["counterparties"] |= {"max": [1] * 6}
    certifier = Certifier(after_locks(Problem.from_json(content)), 1_000, never)
    assert certifier.floors == 12  # six counterparties without a minimum, and every project as if alone

    certifier.lower("simplex", 20.0)

    assert certifier.floors == 8  # the programme without branching allows three projects
