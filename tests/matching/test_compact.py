"""Idle gaps go away, nobody's meetings do: moves along chains keep every rule and change what they say they change."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
from hypothesis import given, settings

from marketplace.matching import Problem, check, evaluate
from marketplace.matching.compact import Compactor
from marketplace.matching.draft import Draft
from tests.matching.random_problems import greedy, random_problem, seeds
from tests.matching.small_problems import document, online_document


def never() -> bool:
    return False


def filled(seed: int) -> tuple[Problem, Draft]:
    """A random problem with locks and a schedule before, and a draft that holds as much as fits at random."""
    problem = random_problem(seed, locks=True)
    problem = dataclasses.replace(problem, published=tuple(greedy(problem, seed + 1)))
    draft = Draft(problem, np.arange(problem.pairs), seed)
    order = list(range(problem.pairs))
    random.Random(seed).shuffle(order)
    for pair in order:
        if draft.slot[pair] < 0 and draft.has_room(pair) and draft.free(pair):
            draft.place(pair, draft.any_slot(draft.free(pair)))
    return problem, draft


def who_meets_whom(draft: Draft) -> list[tuple[int, int]]:
    return [(p, f) for p, f, _ in draft.meetings()]


@given(seeds)
@settings(max_examples=150, deadline=None)
def test_a_chain_keeps_every_rule_and_changes_the_cost_by_what_it_says(seed: int) -> None:
    problem, draft = filled(seed)
    compactor, together = Compactor(draft), who_meets_whom(draft)
    meetings = [pair for pair, t in enumerate(draft.slot) if t >= 0 and not draft.locked[pair]]

    for pair in meetings:
        for to in range(problem.slots):
            t = draft.slot[pair]
            if t == to or not compactor.possible[pair] >> to & 1:
                continue
            chain = compactor.chain(pair, t, to) or compactor.sidestep(pair, t, to)
            if chain is None:
                continue
            before, change = compactor.cost(), compactor.change(chain)
            compactor.apply(chain)

            assert draft.slot[pair] == to
            assert compactor.cost() == before + change
            assert check(problem, draft.meetings()) == []
    assert who_meets_whom(draft) == together


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_sweeps_and_annealing_never_make_it_worse(seed: int) -> None:
    problem, draft = filled(seed)
    compactor, together = Compactor(draft), who_meets_whom(draft)
    costs = [compactor.cost()]

    assert compactor.run(5, never)
    costs.append(compactor.cost())
    assert compactor.anneal(50, never)
    costs.append(compactor.cost())

    assert costs == sorted(costs, reverse=True)
    assert compactor.gaps() == evaluate(problem, draft.meetings()).gaps
    assert who_meets_whom(draft) == together
    assert check(problem, draft.meetings()) == []


def test_what_is_in_the_way_on_both_sides_goes_the_other_way() -> None:
    # Both projects meet both counterparties, the first in slots 0 and 2: only a chain of all four closes the gaps.
    content = document()
    content["slots"]["tables"] = [2, 2, 2]
    content["projects"] |= {"avail": ["111", "111"], "in_person": [0, 0]}
    content["counterparties"] |= {"reps": [1, 1], "max": [2, 2]}
    content["pairs"] |= {"interp": [-1] * 4}
    problem = Problem.from_json(content)
    draft = Draft(problem, np.arange(4), 0)
    for pair, t in ((0, 0), (1, 2), (2, 2), (3, 0)):
        draft.place(pair, t)
    compactor = Compactor(draft)
    assert compactor.gaps() == 4

    assert compactor.chain(1, 2, 0) == {1: 0, 0: 2, 3: 2, 2: 0}
    assert compactor.run(10, never)
    assert compactor.gaps() == 0


def test_a_meeting_that_holds_the_only_table_gives_way_with_it() -> None:
    content = document()
    content["slots"]["tables"] = [1, 1, 1]
    content["delegations"] = {"cap": [2]}
    content["projects"] |= {"avail": ["111", "111"]}
    content["counterparties"] |= {"in_person": [1, 1], "reps": [1, 1]}
    content["pairs"] |= {"interp": [-1] * 4}
    problem = Problem.from_json(content)
    draft = Draft(problem, np.arange(4), 0)
    draft.place(0, 0)
    draft.place(3, 1)

    assert Compactor(draft).chain(0, 0, 1) == {0: 1, 3: 0}


def test_two_that_come_to_two_representatives_push_out_the_third() -> None:
    # Pair 1 goes to slot 1. Its project's pair 0 goes back, and so does pair 2, which has the only interpreter there.
    content = online_document([(0, 0), (0, 1), (1, 0), (2, 0)], reps=[2, 1], slots=2)
    content["pairs"] |= {"interp": [-1, 0, 0, -1]}
    draft = Draft(Problem.from_json(content), np.arange(4), 0)
    for pair, t in ((0, 1), (1, 0), (2, 1), (3, 0)):
        draft.place(pair, t)

    assert Compactor(draft).chain(1, 0, 1) == {1: 1, 0: 0, 2: 0, 3: 1}


def test_what_cannot_go_back_goes_to_a_third_slot() -> None:
    # Counterparty 1 comes in slots 1 and 2 only, so that the meeting with it does not fit into slot 0.
    content = document()
    content["counterparties"] |= {"avail": ["111", "011"]}
    content["pairs"] |= {"interp": [-1] * 4}
    draft = Draft(Problem.from_json(content), np.arange(4), 0)
    draft.place(0, 0)
    draft.place(1, 1)
    compactor = Compactor(draft)

    assert compactor.chain(0, 0, 1) is None
    assert compactor.sidestep(0, 0, 1) == {0: 1, 1: 2}
    assert draft.slot[:2] == [0, 1]


def test_a_locked_meeting_is_not_pushed() -> None:
    problem = Problem.from_json(document(locked=[[0, 1, 1]]))
    draft = Draft(problem, np.arange(4), 0)
    draft.place(0, 0)

    compactor = Compactor(draft)
    assert compactor.chain(0, 0, 1) is compactor.sidestep(0, 0, 1) is None


def test_a_sweep_or_annealing_that_is_stopped_says_so() -> None:
    content = document()
    content["pairs"] |= {"interp": [-1] * 4}
    problem = Problem.from_json(content)
    draft = Draft(problem, np.arange(4), 0)
    draft.place(0, 0)
    draft.place(1, 2)
    compactor = Compactor(draft)

    assert not compactor.run(5, lambda: True)
    assert not compactor.anneal(50, lambda: True)
    assert compactor.gaps() > 0
