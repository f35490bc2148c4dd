"""Grades of three agencies in one order; national scales are as good as unknown."""

import pytest

from marketplace.compatibility.ratings import at_least, is_national_scale, steps_below_top


@pytest.mark.parametrize(
    ("grade", "minimum"),
    [("B", "B/B2"), ("B2", "B/B2"), ("B1", "B/B2"), ("B+", "B2"), ("AAA", "B/B2"), ("Aaa", "AAA"), ("Baa3", "BBB-")],
)
def test_grade_at_the_minimum_or_better(grade, minimum):
    assert at_least(grade, minimum) is True


@pytest.mark.parametrize(
    ("grade", "minimum"), [("B-", "B/B2"), ("B3", "B/B2"), ("CCC+", "B2"), ("SD", "CCC-"), ("D", "C")]
)
def test_grade_below_the_minimum(grade, minimum):
    assert at_least(grade, minimum) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [("AA+", "Aa1"), ("A-", "A3"), ("BB-", "Ba3"), ("CCC", "Caa2"), ("BB-", "bb- (stable)"), ("BB−", "BB-/Negative")],
)
def test_agencies_meet_step_by_step(one, other):
    assert steps_below_top(one) == steps_below_top(other) is not None


def test_order_of_each_agency_is_kept():
    sp = ["AAA", "AA+", "AA", "AA-", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D"]
    moodys = ["Aaa", "Aa1", "Aa2", "Aa3", "A2", "Baa2", "Ba2", "B2", "Caa2", "Ca"]

    for scale in (sp, moodys):
        steps = [steps_below_top(grade) for grade in scale]
        assert steps == sorted(set(steps))


def test_of_two_grades_the_weaker_counts():
    assert steps_below_top("BB/B2") == steps_below_top("B2")


@pytest.mark.parametrize("grade", ["mxAAA", "brAA+", "AA(mex)", "AA-(col)", "AAA (bra)", "Aa2.mx", "A1.br"])
def test_national_scale_is_recognised_and_not_ranked(grade):
    assert is_national_scale(grade)
    assert steps_below_top(grade) is None
    assert at_least(grade, "B2") is None


@pytest.mark.parametrize("grade", ["", "none", "good", "B/", "/", "AAAA", "BB--", "1", "Baa", "😀", "AA" * 500])
def test_text_that_is_no_grade_is_unknown(grade):
    assert steps_below_top(grade) is None
    assert not is_national_scale(grade)
