"""The fast path gives for every pair what the plain functions give: random profiles with gaps everywhere."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.compatibility import Circle, Outcome, explain_funder, explain_vendor
from marketplace.compatibility.geography import distance_km
from marketplace.compatibility.table import STATUSES, funder_blocks, funder_table, vendor_blocks, vendor_table
from tests.compatibility.random_profiles import Maker
from tests.compatibility.samples import mandate, project, solution


def tenths(value):
    return -1 if value is None else round(value * 10)


def expected(explanation):
    masks = {
        outcome: sum(1 << bit for bit, found in enumerate(explanation.findings) if found.outcome is outcome)
        for outcome in Outcome
    }
    return {
        "score": tenths(explanation.score),
        "confidence": round(explanation.confidence * 1000),
        "preference": tenths(explanation.preference),
        "mutual": tenths(explanation.mutual),
        "status": STATUSES.index(explanation.status),
        "failed": masks[Outcome.FAIL],
        "unknown": masks[Outcome.UNKNOWN],
        "private": explanation.private,
    }


def assert_equal_everywhere(table, explain, projects, counterparties):
    for row, one in enumerate(projects):
        for column, other in enumerate(counterparties):
            explanation = explain(one, other)
            got = {name: getattr(table, name)[row, column].item() for name in expected(explanation)}
            assert got == expected(explanation), (one, other, explanation)
            for value, line in zip(table.terms[row, column], explanation.lines, strict=True):
                if line.value is None:
                    assert math.isnan(value), line
                else:
                    assert value == np.float32(line.value), line


def sample(seed, gaps, projects, counterparties, kind):
    maker = Maker(seed, gaps)
    return [maker.project() for _ in range(projects)], [getattr(maker, kind)() for _ in range(counterparties)]


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.3, 0.9])
def test_funder_table_equals_the_plain_function(gaps):
    projects, mandates = sample(7, gaps, 70, 60, "mandate")

    assert_equal_everywhere(funder_table(projects, mandates, terms=True), explain_funder, projects, mandates)


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.3, 0.9])
def test_vendor_table_equals_the_plain_function(gaps):
    projects, solutions = sample(11, gaps, 70, 60, "solution")

    assert_equal_everywhere(vendor_table(projects, solutions, terms=True), explain_vendor, projects, solutions)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.5]), st.integers(1, 6), st.integers(1, 6))
def test_tables_equal_the_plain_functions_on_any_sample(seed, gaps, rows, columns):
    projects, mandates = sample(seed, gaps, rows, columns, "mandate")
    assert_equal_everywhere(funder_table(projects, mandates, terms=True), explain_funder, projects, mandates)

    projects, solutions = sample(seed, gaps, rows, columns, "solution")
    assert_equal_everywhere(vendor_table(projects, solutions, terms=True), explain_vendor, projects, solutions)


def test_circles_that_end_just_where_projects_lie_are_judged_as_by_the_plain_function():
    maker = Maker(5, gaps=0.0)
    places = [(-3.1, -60.0), (29.07, -110.96), (20.97, -89.62), (0.0, 179.9), (89.9, 10.0), (None, None)]
    projects = [replace(maker.project(), latitude=latitude, longitude=longitude) for latitude, longitude in places]
    circles = [
        Circle(-12.0, -77.0, max(0.0, distance_km(latitude, longitude, -12.0, -77.0) + more))
        for latitude, longitude in places[:-1]
        for more in (-0.002, -1e-9, 0.0, 1e-9, 0.002)
    ]
    mandates = [replace(maker.mandate(), areas=(circle,)) for circle in circles]

    assert_equal_everywhere(funder_table(projects, mandates, terms=True), explain_funder, projects, mandates)


def test_table_reproduces_the_test_vectors():
    large = project(ask_usd=80e6, total_cost_usd=100e6)

    table = funder_table([project(), large], [mandate(), mandate(allows_syndication=True)])

    assert table.score.tolist() == [[930, 930], [780, 874]]
    assert table.terms is None


@pytest.mark.parametrize("blocks", [funder_blocks, vendor_blocks])
def test_blocks_of_any_height_give_the_same_table(blocks):
    projects, others = sample(3, 0.2, 11, 5, "mandate" if blocks is funder_blocks else "solution")

    tall, low = list(blocks(projects, others, rows=11)), list(blocks(projects, others, rows=4))

    assert [start for start, _ in low] == [0, 4, 8]
    assert np.array_equal(tall[0][1].score, np.concatenate([table.score for _, table in low]))
    assert np.array_equal(tall[0][1].failed, np.concatenate([table.failed for _, table in low]))


@pytest.mark.parametrize(("build", "other"), [(funder_table, mandate()), (vendor_table, solution())])
def test_table_without_profiles_is_empty(build, other):
    assert build([], [other]).score.shape == (0, 1)
    assert build([project()], []).score.shape == (1, 0)
    assert build([], []).status.shape == (0, 0)


def test_plain_functions_do_not_load_numpy():
    program = "import sys, marketplace.compatibility; print('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
