"""Figures of fairness against counting by hand, on fixed cases and on random ones."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from marketplace.matching import Bound, Problem, Schedule, check, evaluate
from marketplace.matching.explain import Change
from marketplace.matching.fairness import Price, RankLine, Shortfall, Spread, fairness, price_of_fairness
from tests.matching.random_problems import greedy, random_problem, seeds


def three_by_two(**overrides):
    """Three projects, a funder and a vendor, everybody wants everybody, two slots, three tables."""
    document = {
        "format": "cm-match/1",
        "slots": {"day": [0, 0], "session": [0, 0], "tables": [3, 3]},
        "delegations": {"cap": [3]},
        "projects": {
            "delegation": [0, 0, 0],
            "in_person": [1, 1, 1],
            "avail": ["11", "11", "11"],
            "min": [1, 1, 1],
            "max": [2, 2, 2],
        },
        "counterparties": {
            "vendor": [0, 1],
            "reps": [1, 1],
            "in_person": [1, 1],
            "avail": ["11", "11"],
            "min": [2, 1],
            "max": [2, 2],
        },
        "interpreters": {"pool": [], "cap": []},
        "pairs": {
            "p": [0, 0, 1, 1, 2, 2],
            "f": [0, 1, 0, 1, 0, 1],
            "score": [900, 800, 700, 600, 500, 400],
            "interp": [-1] * 6,
            "must": [0] * 6,
            "rank_p": [1, 2, 1, 2, 2, 1],
            "rank_f": [1, 1, 2, 2, 3, 0],
        },
    }
    for path, value in overrides.items():
        section, key = path.split("__")
        document[section][key] = value
    return Problem.from_json(document)


def test_fairness_counts_meetings_and_ranks_of_both_sides():
    problem = three_by_two()

    figures = fairness(problem, [(0, 0, 0), (0, 1, 1), (1, 0, 1)])

    assert figures.spreads == (
        Spread("project", parties=3, meetings=3, least=0, median=1.0, most=2, none=1),
        Spread("funder", parties=1, meetings=2, least=2, median=2.0, most=2, none=0),
        Spread("vendor", parties=1, meetings=1, least=1, median=1.0, most=1, none=0),
    )
    assert figures.by_project == (RankLine(1, wishes=3, met=2), RankLine(2, wishes=3, met=1))
    assert figures.by_counterparty == (
        RankLine(1, wishes=2, met=2),
        RankLine(2, wishes=2, met=1),
        RankLine(3, wishes=1, met=0),
        RankLine(0, wishes=1, met=0),
    )


def test_party_under_its_floor_is_named_with_the_smallest_change():
    problem = three_by_two()

    figures = fairness(problem, [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)])

    assert figures.shortfalls == (
        Shortfall("project", 2, held=0, floor=1, code="crowded", reason="counterparty_full", change=None),
    )


def test_shortfall_with_room_behind_a_cap_proposes_the_cap():
    problem = three_by_two(counterparties__max=[2, 1])

    figures = fairness(problem, [(0, 0, 0), (0, 1, 1), (1, 0, 1)])

    cap = Change("counterparty_cap", {"counterparty_max": 1, "counterparty": 1, "slot": 0})
    assert figures.shortfalls == (
        Shortfall("project", 2, held=0, floor=1, code="crowded", reason="counterparty_full", change=cap),
    )


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"projects__max": [0, 2, 2]}, "cap"),
        ({"projects__avail": ["00", "11", "11"]}, "slots"),
        ({"projects__min": [3, 0, 0], "projects__max": [9, 2, 2], "projects__avail": ["11", "11", "11"]}, "slots"),
        ({"projects__avail": ["10", "11", "11"], "counterparties__avail": ["01", "01"]}, "common"),
    ],
    ids=["cap below the floor", "never there", "more than there are slots", "nobody there at the same time"],
)
def test_floor_out_of_reach_is_explained_without_the_schedule(overrides, code):
    problem = three_by_two(**overrides)

    (shortfall, *_) = fairness(problem, []).shortfalls

    assert (shortfall.role, shortfall.party, shortfall.code) == ("project", 0, code)


def test_party_with_fewer_wishes_than_its_floor_says_so():
    problem = three_by_two(
        counterparties__min=[0, 2],
        pairs__p=[0, 1, 2, 2],
        pairs__f=[0, 0, 0, 1],
        **{f"pairs__{column}": [1] * 4 for column in ("score", "rank_p", "rank_f")},
        **{f"pairs__{column}": [0] * 4 for column in ("must",)},
        pairs__interp=[-1] * 4,
    )

    codes = {(short.role, short.party): short.code for short in fairness(problem, []).shortfalls}

    assert codes[("vendor", 1)] == "wishes"


def test_price_of_fairness_solves_with_and_without_floors():
    problem = three_by_two()
    asked = []

    def solve(variant):
        asked.append((int(variant.project_min.sum()), int(variant.counterparty_min.sum())))
        worth = 90 if variant.project_min.any() else 100
        return Schedule(
            (), replace(evaluate(variant, []), score=worth), Bound(0, 0, worth), True, 0, 0.0, "1.0", variant.input_hash
        )

    price = price_of_fairness(problem, solve)

    assert asked == [(3, 3), (0, 0)]
    assert price == Price(90, 100, 90, 100)
    assert price.share == pytest.approx(0.1)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_figures_add_up(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)

    figures = fairness(problem, meetings)

    project, funder, vendor = figures.spreads
    assert project.meetings == funder.meetings + vendor.meetings == len(meetings)
    assert sum(line.met for line in figures.by_project) == len(meetings)
    assert sum(line.wishes for line in figures.by_counterparty) == problem.pairs
    reached = evaluate(problem, meetings).floors
    assert problem.projects + problem.counterparties - reached == len(figures.shortfalls)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_change_for_a_shortfall_gives_the_party_one_meeting_more(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)

    for short in fairness(problem, meetings).shortfalls:
        if short.change is None:
            continue
        changed, side = short.change.applied(problem), 0 if short.role == "project" else 1
        slot = short.change.parameters["slot"]
        assert any(
            pair[side] == short.party and not check(changed, [*meetings, (*pair, slot)])
            for pair in problem.pair_index
            if pair not in {(p, f) for p, f, _ in meetings}
        )
