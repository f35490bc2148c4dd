"""Every peer holds every rule, and keeps the locks; the comparison would be worthless otherwise."""

import importlib.util

import pytest
from generate import PROFILES, generate
from peers import PEERS, cp_sat

from marketplace.matching import Problem, check, evaluate, solve


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("peer", PEERS)
def test_peer_breaks_no_rule(peer, profile):
    problem = Problem.from_json(generate("M", profile, 7))

    meetings = PEERS[peer](problem, 1)

    assert check(problem, meetings) == []
    assert len(meetings) > len(problem.locked)


def test_first_fit_holds_must_meetings_that_first_come_loses():
    problem = Problem.from_json(generate("M", "base", 7))

    by_value, by_chance = (evaluate(problem, PEERS[peer](problem, 1)) for peer in ("first fit by value", "first come"))

    assert by_value.must > by_chance.must
    assert by_value.score > by_chance.score


@pytest.mark.skipif(importlib.util.find_spec("ortools") is None, reason="the bench dependency group is not installed")
def test_plain_model_proves_the_optimum_the_engine_finds():
    problem = Problem.from_json(generate("tiny", "base", 2))

    meetings, proven = cp_sat(problem, 1)

    value, best = evaluate(problem, meetings), solve(problem, seconds=5).objective
    assert proven
    assert check(problem, meetings) == []
    assert (value.must, value.floors, value.score) == (best.must, best.floors, best.score)
