"""Repair keeps what it can, honours what is frozen and the limit of moves, and says exactly what is different."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching import Problem, ProblemError, check, evaluate
from marketplace.matching.explain import explain
from marketplace.matching.repair import Changes, WalkIn, repair, walk_in
from tests.matching.random_problems import greedy, random_problem, seeds
from tests.matching.small_problems import online_document


def programme(**overrides):
    """Two projects and two counterparties, all eligible, two slots, two tables."""
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
        "counterparties": {
            "vendor": [0, 1],
            "reps": [1, 1],
            "in_person": [1, 1],
            "avail": ["11", "11"],
            "min": [0, 0],
            "max": [2, 2],
        },
        "interpreters": {"pool": [], "cap": []},
        "pairs": {
            "p": [0, 0, 1, 1],
            "f": [0, 1, 0, 1],
            "score": [900, 800, 700, 600],
            "interp": [-1] * 4,
            "must": [0] * 4,
            "rank_p": [1, 2, 1, 2],
            "rank_f": [1, 1, 2, 2],
        },
    }
    for path, value in overrides.items():
        section, _, key = path.partition("__")
        if key:
            document[section][key] = value
        else:
            document[section] = value
    return Problem.from_json(document)


FULL = [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]


def random_changes(problem, seed):
    rng = np.random.default_rng(seed)

    def some(n, share=0.3):
        return np.flatnonzero(rng.random(n) < share).tolist()

    return Changes(
        cancelled_projects=frozenset(some(problem.projects)),
        cancelled_counterparties=frozenset(some(problem.counterparties)),
        cancelled_meetings=frozenset(pair for pair in problem.pair_index if rng.random() < 0.1),
        lost_tables={t: int(rng.integers(0, 3)) for t in some(problem.slots)},
        project_away=frozenset((p, t) for p in range(problem.projects) for t in some(problem.slots, 0.1)),
        counterparty_away=frozenset((f, t) for f in range(problem.counterparties) for t in some(problem.slots, 0.1)),
    )


def test_cancelled_party_frees_its_places_for_others():
    problem = programme(counterparties__max=[1, 1])

    mended = repair(problem, [(0, 0, 0), (1, 1, 0)], Changes(cancelled_projects=frozenset({0})))

    assert mended.kept == ((1, 1, 0),)
    assert mended.dropped == ((0, 0, 0),)
    assert mended.new == ((1, 0, 1),)
    assert mended.moved == ()
    assert mended.difference() == {"kept": 1, "moved": [], "dropped": [[0, 0, 0]], "new": [[1, 0, 1]]}


def test_lost_room_moves_the_least_valuable_meetings_and_no_others():
    problem = programme(slots__tables=[2, 1])

    mended = repair(problem, [(0, 0, 0), (1, 1, 0)], Changes(lost_tables={0: 1}, cancelled_meetings={(0, 1), (1, 0)}))

    assert mended.kept == ((0, 0, 0),)
    assert mended.moved == ((1, 1, 0, 1),)


def test_without_moves_the_displaced_meeting_is_dropped():
    problem = programme(slots__tables=[2, 1])
    changes = Changes(lost_tables={0: 1}, cancelled_meetings={(0, 1), (1, 0)})

    mended = repair(problem, [(0, 0, 0), (1, 1, 0)], changes, max_moves=0)

    assert (mended.kept, mended.moved, mended.dropped) == (((0, 0, 0),), (), ((1, 1, 0),))


def test_one_move_admits_a_meeting_that_no_slot_was_free_for():
    problem = programme(projects__avail=["11", "10"], counterparties__avail=["11", "11"])

    mended = repair(problem, [(0, 1, 0)], Changes(cancelled_meetings={(0, 0), (1, 0)}), max_moves=1)

    assert mended.moved == ((0, 1, 0, 1),)
    assert mended.new == ((1, 1, 0),)


def test_meetings_that_were_cancelled_let_no_others_move():
    # Projects 1 and 3 could each meet if one meeting moved; project 4 cancels, which frees no move.
    content = online_document([(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)], reps=[1, 1, 1], slots=2)
    content["projects"] |= {"avail": ["11", "10", "11", "10", "11"]}
    problem = Problem.from_json(content)

    mended = repair(problem, [(0, 0, 0), (2, 1, 0), (4, 2, 0)], Changes(cancelled_projects={4}))

    assert len(mended.moved) == len(mended.new) == 1
    assert mended.dropped == ((4, 2, 0),)


def test_locks_of_a_cancelled_party_are_dropped_and_the_others_stay():
    problem = programme(locked=[[0, 0, 0], [1, 1, 0]])

    mended = repair(problem, FULL, Changes(cancelled_projects=frozenset({0})))

    assert mended.problem.locked == ((1, 1, 0),)
    assert mended.meetings == ((1, 0, 1), (1, 1, 0))


def test_what_is_past_stays_even_if_its_party_cancels():
    problem = programme()

    mended = repair(problem, FULL, Changes(cancelled_projects=frozenset({0}), lost_tables={0: 2}), frozen_until=1)

    assert mended.meetings == ((0, 0, 0), (1, 0, 1), (1, 1, 0))
    assert check(mended.problem, mended.meetings) == []


def test_late_arrival_is_served_without_touching_the_others():
    problem = programme(slots__tables=[3, 3], delegations__cap=[3])
    larger = replace(
        problem,
        project_delegation=np.array([0, 0, 0]),
        project_in_person=np.array([True, True, True]),
        project_avail=np.ones((3, 2), dtype=bool),
        project_min=np.array([0, 0, 1]),
        project_max=np.array([2, 2, 2]),
        counterparty_reps=np.array([2, 1]),
        counterparty_max=np.array([3, 2]),
        pair_project=np.array([0, 0, 1, 1, 2]),
        pair_counterparty=np.array([0, 1, 0, 1, 0]),
        pair_score=np.array([900, 800, 700, 600, 10]),
        pair_interp=np.full(5, -1),
        pair_must=np.zeros(5, dtype=bool),
        pair_rank_p=np.ones(5, dtype=int),
        pair_rank_f=np.ones(5, dtype=int),
    )

    mended = repair(larger, FULL)

    assert mended.kept == tuple(FULL)
    assert mended.new == ((2, 0, 0),)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(cancelled_projects=frozenset({2})), "cancelled_projects"),
        (Changes(cancelled_counterparties=frozenset({-1})), "cancelled_counterparties"),
        (Changes(cancelled_meetings=frozenset({(0, 7)})), "cancelled_meetings"),
        (Changes(lost_tables={2: 1}), "lost_tables"),
        (Changes(lost_tables={0: -1}), "lost_tables"),
        (Changes(project_away=frozenset({(0, 2)})), "project_away"),
        (Changes(counterparty_away=frozenset({(2, 0)})), "counterparty_away"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_changes_of_what_does_not_exist_are_refused(changes, field):
    problem = programme()

    with pytest.raises(ProblemError) as refused:
        repair(problem, FULL, changes)

    assert refused.value.field == field


def test_frozen_meeting_that_the_problem_does_not_allow_is_refused():
    problem = programme(counterparties__max=[0, 2])

    with pytest.raises(ProblemError, match=r"current\[0\]: expected a frozen meeting that the problem allows"):
        repair(problem, [(0, 0, 0)], frozen_until=1)


def test_nothing_at_all_is_mended_to_nothing():
    problem = programme(
        slots={"day": [], "session": [], "tables": []}, projects__avail=["", ""], counterparties__avail=["", ""]
    )

    assert repair(problem, []).meetings == ()


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(0, 3), st.sampled_from([None, 0, 1, 3]))
def test_repair_breaks_no_rule_and_honours_frozen_slots_and_moves(seed, frozen_until, max_moves):
    problem = random_problem(seed, locks=True)
    before = greedy(problem, seed)
    changes = random_changes(problem, seed)
    past = {meeting for meeting in before if meeting[2] < frozen_until}

    mended = repair(problem, before, changes, frozen_until=frozen_until, max_moves=max_moves, seconds=60)

    assert check(mended.problem, mended.meetings) == []
    assert {meeting for meeting in mended.meetings if meeting[2] < frozen_until} == past
    for p, f, _ in set(mended.meetings) - past:
        assert p not in changes.cancelled_projects
        assert f not in changes.cancelled_counterparties
        assert (p, f) not in changes.cancelled_meetings
    if max_moves is not None:
        assert len(mended.moved) <= max_moves


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(0, 2))
def test_difference_adds_up(seed, frozen_until):
    problem = random_problem(seed)
    before = greedy(problem, seed)

    mended = repair(problem, before, random_changes(problem, seed), frozen_until=frozen_until, seconds=60)

    was = [*mended.kept, *((p, f, t) for p, f, t, _ in mended.moved), *mended.dropped]
    now = [*mended.kept, *((p, f, t) for p, f, _, t in mended.moved), *mended.new]
    assert sorted(was) == sorted(before)
    assert sorted(now) == list(mended.meetings)
    assert all(t != u for _, _, t, u in mended.moved)
    assert mended.objective == evaluate(replace(mended.problem, published=tuple(before)), mended.meetings)
    assert (mended.objective.moved, mended.objective.dropped) == (len(mended.moved), len(mended.dropped))


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_cancellations_drop_nobody_elses_meeting(seed):
    problem = random_problem(seed)
    before = greedy(problem, seed)
    changes = replace(random_changes(problem, seed), lost_tables={}, project_away=(), counterparty_away=())

    mended = repair(problem, before, changes, seconds=60)

    for p, f, _ in mended.dropped:
        assert (
            p in changes.cancelled_projects
            or f in changes.cancelled_counterparties
            or (p, f) in changes.cancelled_meetings
        )


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_no_wish_is_left_that_could_simply_be_met(seed):
    problem = random_problem(seed)
    changes = replace(random_changes(problem, seed), cancelled_meetings=frozenset())

    mended = repair(problem, greedy(problem, seed), changes, seconds=60)

    assert "open" not in explain(mended.problem, mended.meetings).reasons


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_same_input_and_seed_give_the_same_repair(seed):
    problem = random_problem(seed)
    before, changes = greedy(problem, seed), random_changes(problem, seed)

    first, second = (repair(problem, before, changes, seconds=60, seed=5) for _ in range(2))

    assert replace(first, seconds=0, problem=problem) == replace(second, seconds=0, problem=problem)


def test_walk_in_ranks_must_meetings_then_needy_partners_then_value():
    problem = programme(
        counterparties={
            "vendor": [0, 0, 0, 0],
            "reps": [1] * 4,
            "in_person": [0] * 4,
            "avail": ["11", "11", "11", "01"],
            "min": [0, 1, 0, 0],
            "max": [2] * 4,
        },
        pairs={
            "p": [0, 0, 0, 0],
            "f": [0, 1, 2, 3],
            "score": [900, 800, 700, 600],
            "interp": [-1] * 4,
            "must": [0, 0, 1, 0],
            "rank_p": [1] * 4,
            "rank_f": [1] * 4,
        },
    )

    partners = walk_in(problem, [], 0, project=0)

    assert partners == [
        WalkIn(0, 2, 0, 700, True, False),
        WalkIn(0, 1, 0, 800, False, True),
        WalkIn(0, 0, 0, 900, False, False),
    ]


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_walk_in_offers_exactly_the_partners_the_checker_allows(seed):
    problem = random_problem(seed)
    meetings = greedy(problem, seed)[::2]

    for slot in range(problem.slots):
        for f in range(problem.counterparties):
            offered = {(w.project, w.counterparty) for w in walk_in(problem, meetings, slot, counterparty=f)}
            assert offered == {
                pair for pair in problem.pair_index if pair[1] == f and not check(problem, [*meetings, (*pair, slot)])
            }


def test_walk_in_of_an_unknown_party_is_refused():
    with pytest.raises(ProblemError, match="project: expected an index from 0 to 1"):
        walk_in(programme(), [], 0, project=2)
