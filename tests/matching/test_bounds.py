"""Bounds hold whatever the prices are, and no solver is needed for that."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching import Problem
from marketplace.matching.bounds import Certifier, obvious
from marketplace.matching.relaxation import Prices, certificate, relax
from marketplace.matching.residual import after_locks
from tests.matching.small_problems import document, optimum, small_problems


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
    held_floors = problem.projects + problem.counterparties - relaxation.floor_rows

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

    reached = int((residual.project_need == 0).sum() + (residual.counterparty_need == 0).sum())
    assert best.must <= levels.must
    assert best.floors <= levels.floors + reached


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
