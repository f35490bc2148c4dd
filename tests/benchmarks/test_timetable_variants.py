"""The variants of timetable problems that measurements use: seeded, different, and with a timetable where promised."""

from __future__ import annotations

import random

import pytest
from timetable_variants import STRENGTHS, some_timetable, variant

from marketplace.matching.timetable import Meeting, TimetableProblem, parse, render

PEOPLE = 8
PROBLEM = TimetableProblem(
    participants=PEOPLE,
    tables=4,
    slots=9,
    morning=9,
    meetings=tuple(Meeting(one, other) for one in range(PEOPLE) for other in range(one) if (one + other) % 3),
)


@pytest.mark.parametrize("kind", STRENGTHS)
def test_variant_is_another_problem_and_the_same_each_time(kind: str) -> None:
    strength = STRENGTHS[kind][-1]

    changed = variant(PROBLEM, kind, strength, seed=1)

    assert changed is not None
    assert changed != PROBLEM
    assert changed == variant(PROBLEM, kind, strength, seed=1)
    assert parse(render(changed)) == changed


@pytest.mark.parametrize("kind", [kind for kind in STRENGTHS if kind != "tables" and not kind.startswith("blind")])
def test_rules_are_drawn_from_a_timetable(kind: str) -> None:
    changed = variant(PROBLEM, kind, STRENGTHS[kind][-1], seed=1)

    assert changed is not None
    assert some_timetable(changed, random.Random(1)) is not None
