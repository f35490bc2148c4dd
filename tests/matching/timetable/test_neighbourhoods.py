"""Neighbourhoods: seeded, around what has breaks, never empty, and of a size that follows what was found in them."""

from __future__ import annotations

from marketplace.matching.timetable.neighbourhoods import Neighbourhoods
from tests.matching.timetable.small_problems import problem

# Participant 0 has breaks between its three meetings; participants 4 to 7 have none.
PROBLEM = problem((0, 1), (0, 2), (0, 3), (4, 5), (6, 7), slots=9)
SLOTS = [0, 4, 8, 2, 6]


def test_neighbourhoods_free_a_meeting_beside_a_break_and_repeat_with_their_seed() -> None:
    picks = [Neighbourhoods(PROBLEM, seed) for seed in (1, 1)]

    streams = [[each.pick(SLOTS) for _ in range(20)] for each in picks]

    assert streams[0] == streams[1]
    assert all(free & {0, 1, 2} for free in streams[0])
    assert any(free != set(range(5)) for free in streams[0])


def test_neighbourhoods_grow_to_everything_while_they_hold_nothing_better() -> None:
    neighbourhoods = Neighbourhoods(PROBLEM, 1)

    for _ in range(50):
        neighbourhoods.learn(False)

    # Around slots it is all meetings, and of people all those that hang together with a break.
    assert {frozenset(neighbourhoods.pick(SLOTS)) for _ in range(20)} == {frozenset(range(5)), frozenset({0, 1, 2})}


def test_neighbourhoods_shrink_while_searching_them_takes_too_long() -> None:
    neighbourhoods = Neighbourhoods(PROBLEM, 1)

    for _ in range(200):
        neighbourhoods.learn(None)

    assert max(len(neighbourhoods.pick(SLOTS)) for _ in range(20)) <= 3
