"""Prices and almost whole shares without a solver, held against the simplex method's optimum."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.generate import generate
from marketplace.matching import Problem
from marketplace.matching.linear import model_of, solve_linear
from marketplace.matching.primal_dual import PrimalDual
from marketplace.matching.relaxation import Relaxation, certificate, relax, restrict
from marketplace.matching.residual import after_locks


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def relaxation() -> Relaxation:
    residual = after_locks(Problem.from_json(generate("S", "scarce-availability", 1)))
    return relax(residual, residual.problem.slots)


def test_prices_come_close_to_the_optimum_and_stay_above_it(relaxation: Relaxation) -> None:
    answer = solve_linear(model_of(relaxation, "score", 0, 0), "simplex", 20.0)
    assert answer is not None
    optimum = int((answer.values * relaxation.score).sum())
    prices, _, _ = PrimalDual(relaxation, 0, 0).prices(1_000, never)
    bound = certificate(relaxation, relaxation.score, prices, 0, 0)
    assert optimum <= bound <= 1.002 * optimum


def test_the_floating_point_bound_is_the_certificate(relaxation: Relaxation) -> None:
    method = PrimalDual(relaxation, 3, 2)
    prices, (_, _, rows, _), _ = method.prices(50, never)
    bound = method.bound(rows)
    assert certificate(relaxation, relaxation.score, prices, 3, 2) <= bound + 50


def test_shares_become_whole_and_keep_the_capacities_nearly(relaxation: Relaxation) -> None:
    method = PrimalDual(relaxation, 0, 0)
    _, point, _ = method.prices(400, never)
    shares = method.whole(point, 600, never)
    assert ((shares < 0.1) | (shares > 0.9)).mean() > 0.95
    for family in relaxation.families:
        used = np.bincount(family.row[(family.row >= 0) & (shares > 0.5)], minlength=len(family.capacity))
        assert (used > family.capacity).mean() < 0.1 if len(used) else True


def test_stop_ends_it_with_prices_that_certify(relaxation: Relaxation) -> None:
    prices, _, _ = PrimalDual(relaxation, 0, 0).prices(1_000, lambda: True)
    assert certificate(relaxation, relaxation.score, prices, 0, 0) > 0


def test_a_point_is_carried_over_to_other_pairs(relaxation: Relaxation) -> None:
    half = np.arange(relaxation.pairs) % 2 == 0
    method = PrimalDual(restrict(relaxation, half), 0, 0)
    _, point, _ = method.prices(50, never)

    every, (x, _, rows, pairs) = method.with_columns(relaxation, point)

    assert np.array_equal(x[half[relaxation.pair]], point[0])
    assert not x[~half[relaxation.pair]].any()
    assert np.array_equal(rows, point[2])
    assert np.array_equal(pairs[half[relaxation.pair[every.first]]], point[3])


def test_what_columns_use_and_pay_is_what_their_families_say(relaxation: Relaxation) -> None:
    method = PrimalDual(relaxation, 0, 0)
    rng = np.random.default_rng(1)
    shares, prices = (rng.random(size).astype(np.float32) for size in (relaxation.columns, method.rows))

    used, gained = method._used(shares, np.zeros(len(method.need), dtype=np.float32)), method._gained(prices)

    rows = np.zeros(method.rows)
    paid = np.zeros(relaxation.columns)
    first = 0
    for family in (*relaxation.families, *relaxation.floors):
        sign = 1 if first < method.capacity_rows else -1
        size, held = len(family.capacity), family.row >= 0
        rows[first : first + size] = sign * np.bincount(family.row[held], weights=shares[held], minlength=size)
        paid[held] += sign * prices[first + family.row[held]]
        first += size
    rows[-2] = -shares[relaxation.must].sum()
    paid[relaxation.must] -= prices[-2]
    assert np.allclose(used, rows, rtol=1e-4)
    assert np.allclose(gained, relaxation.score - paid, rtol=1e-4)
