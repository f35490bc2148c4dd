"""Reasons and changes are true statements about the schedule: everything is tried out by the checker."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from marketplace.matching import Problem, check
from marketplace.matching.explain import CHANGES, Change, Ineligible, Wish, explain
from tests.matching.random_problems import greedy, random_problem, seeds

CODES = [code for _, code in CHANGES]


def one_pair(**overrides):
    """One project and one counterparty that want to meet, and a second project as the rival, in two slots."""
    document = {
        "format": "cm-match/1",
        "slots": {"day": [0, 0], "session": [0, 0], "tables": [2, 2]},
        "delegations": {"cap": [2]},
        "projects": {
            "delegation": [0, 0],
            "in_person": [1, 1],
            "avail": ["11", "11"],
            "min": [0, 0],
            "max": [2, 2],
        },
        "counterparties": {"vendor": [0], "reps": [1], "in_person": [1], "avail": ["11"], "min": [0], "max": [2]},
        "interpreters": {"pool": ["en-fr"], "cap": [[2, 2]]},
        "pairs": {
            "p": [0, 1],
            "f": [0, 0],
            "score": [500, 800],
            "interp": [-1, -1],
            "must": [0, 0],
            "rank_p": [1, 1],
            "rank_f": [2, 1],
        },
    }
    for path, value in overrides.items():
        section, key = path.split("__")
        document[section][key] = value
    return Problem.from_json(document)


@pytest.mark.parametrize(
    ("overrides", "code", "changes"),
    [
        ({"projects__avail": ["00", "11"]}, "no_common_slot", ["project_slot"]),
        ({"projects__max": [0, 2]}, "project_full", ["project_cap"]),
        ({"counterparties__max": [1]}, "counterparty_full", ["counterparty_cap"]),
        ({"projects__max": [0, 2], "counterparties__max": [1]}, "both_full", []),
        ({"counterparties__avail": ["10"]}, "representatives_full", ["counterparty_slot", "representative"]),
        ({"slots__tables": [1, 0]}, "no_table", ["table"]),
        ({"pairs__interp": [0, -1], "interpreters__cap": [[0, 0]]}, "no_interpreter", ["interpreter"]),
        ({"slots__tables": [1, 0], "pairs__interp": [0, -1], "interpreters__cap": [[0, 0]]}, "several", []),
        (
            {"counterparties__reps": [2], "counterparties__avail": ["10"], "delegations__cap": [1]},
            "delegation_full",
            ["counterparty_slot", "delegate"],
        ),
        ({}, "open", []),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_reason_of_a_wish_names_what_is_scarce(overrides, code, changes):
    problem = one_pair(**overrides)
    meetings = [(1, 0, 0)]

    (wish,) = explain(problem, meetings).wishes

    assert (wish.code, [change.code for change in wish.changes]) == (code, changes)


def test_outbid_names_the_meeting_that_took_the_place():
    problem = one_pair(counterparties__max=[1])

    (wish,) = explain(problem, [(1, 0, 0)]).wishes

    assert wish == Wish(
        project=0,
        counterparty=0,
        score=500,
        must=False,
        code="counterparty_full",
        parameters={"counterparty": 0, "counterparty_max": 1},
        outbid=wish.outbid,
        changes=(Change("counterparty_cap", {"counterparty_max": 1, "counterparty": 0, "slot": 1}),),
    )
    assert (wish.outbid.project, wish.outbid.counterparty, wish.outbid.slot) == (1, 0, 0)
    assert (wish.outbid.score, wish.outbid.why) == (800, "value")
    assert wish.sentence == (
        "counterparty 0 has reached its cap of 1 meetings; in the way is the meeting of project 1 and counterparty 0 "
        "in slot 0 (value 800, worth as much or more); would do: one meeting more than 1 for counterparty 0 "
        "(in slot 1)."
    )


def test_cheaper_rival_is_explained_by_the_floor_it_keeps():
    problem = replace(one_pair(counterparties__max=[1], pairs__score=[800, 500]), project_min=np.array([0, 1]))

    (wish,) = explain(problem, [(1, 0, 0)]).wishes

    assert wish.outbid.why == "floor"


def test_ineligible_wishes_are_passed_through_with_their_rule():
    problem = one_pair()

    explanation = explain(
        problem, [(0, 0, 1), (1, 0, 0)], ineligible=[Ineligible(1, 0, "ticket_too_small", {"least": 5})]
    )

    assert [wish.to_json() for wish in explanation.wishes] == [
        {
            "project": 1,
            "counterparty": 0,
            "score": 0,
            "must": False,
            "reason": {"code": "not_eligible", "rule": "ticket_too_small", "least": 5},
            "outbid": None,
            "changes": [],
            "sentence": "the two are not eligible (rule: ticket_too_small).",
        }
    ]


def test_empty_problem_has_nothing_to_explain():
    empty = Problem.from_json(
        {
            "format": "cm-match/1",
            "slots": {"day": [], "session": [], "tables": []},
            "delegations": {"cap": []},
            "projects": {"delegation": [], "in_person": [], "avail": [], "min": [], "max": []},
            "counterparties": {"vendor": [], "reps": [], "in_person": [], "avail": [], "min": [], "max": []},
            "interpreters": {"pool": [], "cap": []},
            "pairs": {"p": [], "f": [], "score": [], "interp": [], "must": [], "rank_p": [], "rank_f": []},
        }
    )

    assert explain(empty, []).wishes == ()


def test_no_slots_means_no_common_slot():
    problem = one_pair(
        slots__day=[],
        slots__session=[],
        slots__tables=[],
        projects__avail=["", ""],
        counterparties__avail=[""],
        interpreters__cap=[[]],
    )

    assert explain(problem, []).reasons == {"no_common_slot": 2}


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_every_wish_is_explained_and_each_change_admits_it_by_the_checker(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)

    wishes = explain(problem, meetings).wishes

    met = {(p, f) for p, f, _ in meetings}
    pairs = list(zip(problem.pair_project.tolist(), problem.pair_counterparty.tolist(), strict=True))
    assert [(wish.project, wish.counterparty) for wish in wishes] == [pair for pair in pairs if pair not in met]
    assert all(wish.code != "open" for wish in wishes)
    for wish in wishes:
        for change in wish.changes:
            meeting = (wish.project, wish.counterparty, change.parameters["slot"])
            assert check(problem, [*meetings, meeting])
            assert check(change.applied(problem), [*meetings, meeting]) == []


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_no_single_change_is_overlooked(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)

    for wish in explain(problem, meetings).wishes:
        found = {change.code for change in wish.changes}
        tried = {
            change.code
            for change in every_change(problem, wish)
            for t in range(problem.slots)
            if not check(change.applied(problem), [*meetings, (wish.project, wish.counterparty, t)])
        }
        assert found == tried


def every_change(problem, wish):
    """All single changes that could concern a wish, in every slot."""
    p, f = wish.project, wish.counterparty
    who = {
        "project": p,
        "counterparty": f,
        "delegation": int(problem.project_delegation[p]),
        "pool": int(problem.pair_interp[problem.pair_index[p, f]]),
    }
    for code in CODES:
        if code != "interpreter" or who["pool"] >= 0:
            for t in range(problem.slots):
                yield Change(code, {**who, "slot": t})


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_outbid_is_the_meeting_that_counts_least_of_all_that_would_make_room(seed):
    problem = random_problem(seed, locks=True)
    meetings = greedy(problem, seed)
    unlocked = replace(problem, locked=())

    def weight(meeting):
        pair = problem.pair_index[meeting[:2]]
        return meeting in problem.locked, bool(problem.pair_must[pair]), int(problem.pair_score[pair])

    for wish in explain(problem, meetings).wishes:
        in_the_way = [
            meeting
            for meeting in meetings
            if any(
                not check(unlocked, [*(m for m in meetings if m != meeting), (wish.project, wish.counterparty, t)])
                for t in range(problem.slots)
            )
        ]
        found = wish.outbid and (wish.outbid.project, wish.outbid.counterparty, wish.outbid.slot)
        if in_the_way:
            assert weight(found) == min(weight(meeting) for meeting in in_the_way)
        else:
            assert found is None


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_selection_of_pairs_gives_the_same_words(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)
    wishes = explain(problem, meetings).wishes

    chosen = [problem.pair_index[wish.project, wish.counterparty] for wish in wishes[::2]]

    assert explain(problem, meetings, pairs=chosen).wishes == wishes[::2]
