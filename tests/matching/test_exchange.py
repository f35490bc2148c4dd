"""Exact exchange never loses value, is repeatable, and leaves a draft as it was when its child does not finish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings

from benchmarks.generate import generate
from marketplace.matching import Problem, check
from marketplace.matching.construct import greedy
from marketplace.matching.draft import FLOOR_VALUE, MUST_VALUE, Draft
from marketplace.matching.exchange import _Picker, board_of, exchange, refilled, rounds_of
from marketplace.matching.residual import after_locks
from tests.matching.random_problems import random_problem, seeds


def greedy_draft(problem: Problem) -> Draft:
    draft = Draft(problem, np.arange(problem.pairs), 1)
    greedy(draft, lambda: False)
    return draft


def scarce() -> Problem:
    return Problem.from_json(generate("S", "scarce-availability", 3))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_refilling_everything_never_loses_value_or_breaks_a_rule(seed: int) -> None:
    problem = random_problem(seed, locks=True)
    draft, residual = greedy_draft(problem), after_locks(problem)
    if not len(residual.pairs):
        return
    before = draft.value
    board = board_of(draft, residual, np.zeros(len(residual.pairs)))

    gain = refilled(board, np.arange(len(board.slot)), np.ones(problem.slots, dtype=np.bool_))

    assert gain >= 0
    meetings = [*problem.locked]
    meetings += [
        (int(board.project[pair]), int(board.counterparty[pair]), int(board.slot[pair]))
        for pair in np.flatnonzero(board.slot >= 0)
    ]
    assert not check(problem, meetings)
    again = Draft(problem, np.arange(problem.pairs), 1)
    for p, f, t in meetings[len(problem.locked) :]:
        again.place(problem.pair_index[p, f], t)
    assert again.value == before + gain


def test_exchange_raises_a_greedy_draft_the_same_way_twice() -> None:
    problem = scarce()
    residual = after_locks(problem)
    values = []
    for _ in range(2):
        draft = greedy_draft(problem)
        before = draft.value
        worth = np.zeros(len(residual.pairs))
        assert exchange(draft, residual, worth, 1 << 62, 12, 60.0, lambda: False)
        assert not check(problem, draft.meetings())
        assert draft.value > before
        values.append((draft.value, draft.copy_of()))
    assert values[0] == values[1]


def test_exchange_without_time_changes_nothing() -> None:
    problem = scarce()
    draft = greedy_draft(problem)
    before = draft.copy_of()
    residual = after_locks(problem)

    assert not exchange(draft, residual, np.zeros(len(residual.pairs)), 1 << 62, 12, 0.0, lambda: False)
    assert not exchange(draft, residual, np.zeros(len(residual.pairs)), 1 << 62, 12, 9.0, lambda: True)
    assert draft.copy_of() == before


def test_rounds_end_when_nothing_is_missing() -> None:
    problem = scarce()
    residual = after_locks(problem)
    board = board_of(greedy_draft(problem), residual, np.zeros(len(residual.pairs)))
    before = board.slot.copy()

    assert (rounds_of(lambda message: None, board, 0, 12, 1) == before).all()


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_pairs_are_found_by_their_parties(seed: int) -> None:
    problem = random_problem(seed)
    index = problem.pair_index
    assert [index[pair] for pair in index] == list(range(problem.pairs))
    assert (problem.projects, 0) not in index
    assert index.get((0, problem.counterparties)) is None


def test_rounds_start_at_a_floor_only_where_one_is_missing() -> None:
    problem = scarce()
    residual = after_locks(problem)
    board = board_of(Draft(problem, np.arange(problem.pairs), 1), residual, np.zeros(len(residual.pairs)))
    picker = _Picker(board, np.random.default_rng(1))

    starts = {picker._lacking(2 * FLOOR_VALUE + 900) for _ in range(200)}
    assert None in starts
    assert len(starts) > 10
    parties = {board.project[pair] for pair in starts - {None}}
    parties |= {board.projects + board.counterparty[pair] for pair in starts - {None}}
    assert any(board.need[party] for party in parties)
    assert all(board.must[pair] for _ in range(50) if (pair := picker._lacking(MUST_VALUE)) is not None)
    assert {picker._lacking(missing) for missing in (900, 0, -700) for _ in range(20)} == {None}


def test_a_floor_that_cannot_be_reached_is_none() -> None:
    problem = scarce()
    first = int(problem.pair_project[0])
    floors = problem.project_min.copy()
    floors[first] = 1 + int((problem.pair_project == first).sum())
    residual = after_locks(replace(problem, project_min=floors))
    draft = Draft(residual.problem, np.arange(problem.pairs), 1)

    assert board_of(draft, residual, np.zeros(len(residual.pairs))).need[first] == 0
