"""Small matching problems for tests: a random strategy, one by hand, and the optimum by trying everything."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from marketplace.matching import Objective, Problem, check, evaluate


def document(**changes: Any) -> dict[str, Any]:
    """Two projects, two counterparties, three slots in one session, four pairs; ``changes`` replace whole keys."""
    content: dict[str, Any] = {
        "format": "cm-match/1",
        "name": "by hand",
        "slots": {"day": [0, 0, 0], "session": [0, 0, 0], "tables": [2, 1, 2]},
        "delegations": {"cap": [2]},
        "projects": {
            "delegation": [0, 0],
            "in_person": [1, 1],
            "avail": ["111", "110"],
            "min": [1, 1],
            "max": [2, 2],
        },
        "counterparties": {
            "vendor": [0, 1],
            "reps": [1, 2],
            "in_person": [1, 0],
            "avail": ["111", "111"],
            "min": [1, 0],
            "max": [2, 3],
        },
        "interpreters": {"pool": ["en-fr"], "cap": [[1, 1, 0]]},
        "pairs": {
            "p": [0, 0, 1, 1],
            "f": [0, 1, 0, 1],
            "score": [500, 400, 300, 200],
            "interp": [-1, 0, -1, 0],
            "must": [0, 0, 1, 0],
            "rank_p": [1, 2, 1, 2],
            "rank_f": [1, 1, 2, 2],
        },
        "locked": [],
        "published": [],
    }
    content.update(changes)
    return content


def online_document(pairs: list[tuple[int, int]], reps: list[int], slots: int) -> dict[str, Any]:
    """Everybody online and free in all slots of one session, without minimums; ``reps`` is per counterparty."""
    projects, counterparties, count = max(p for p, _ in pairs) + 1, len(reps), len(pairs)
    return document(
        slots={"day": [0] * slots, "session": [0] * slots, "tables": [0] * slots},
        delegations={"cap": [projects]},
        projects={
            "delegation": [0] * projects,
            "in_person": [0] * projects,
            "avail": ["1" * slots] * projects,
            "min": [0] * projects,
            "max": [slots] * projects,
        },
        counterparties={
            "vendor": [0] * counterparties,
            "reps": reps,
            "in_person": [0] * counterparties,
            "avail": ["1" * slots] * counterparties,
            "min": [0] * counterparties,
            "max": [slots * each for each in reps],
        },
        interpreters={"pool": ["en-fr"], "cap": [[1] * slots]},
        pairs={
            "p": [p for p, _ in pairs],
            "f": [f for _, f in pairs],
            "score": [500] * count,
            "interp": [-1] * count,
            "must": [0] * count,
            "rank_p": [1] * count,
            "rank_f": [1] * count,
        },
    )


@st.composite
def small_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A random valid document, small enough to try everything."""
    slots = draw(st.integers(1, 3))
    projects, counterparties = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    delegations, pools = draw(st.integers(1, 2)), draw(st.integers(0, 1))

    def column(size: int, low: int, high: int) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=size, max_size=size))

    def availability(size: int) -> list[str]:
        return ["".join("1" if draw(st.integers(0, 3)) else "0" for _ in range(slots)) for _ in range(size)]

    every = [(p, f) for p in range(projects) for f in range(counterparties)]
    chosen = sorted(draw(st.sets(st.sampled_from(every), max_size=5)))
    count = len(chosen)
    return {
        "format": "cm-match/1",
        "name": "random",
        "slots": {"day": [0] * slots, "session": sorted(column(slots, 0, 1)), "tables": column(slots, 0, 2)},
        "delegations": {"cap": column(delegations, 1, 2)},
        "projects": {
            "delegation": column(projects, 0, delegations - 1),
            "in_person": column(projects, 0, 1),
            "avail": availability(projects),
            "min": column(projects, 0, 2),
            "max": column(projects, 0, 3),
        },
        "counterparties": {
            "vendor": column(counterparties, 0, 1),
            "reps": column(counterparties, 0, 2),
            "in_person": column(counterparties, 0, 1),
            "avail": availability(counterparties),
            "min": column(counterparties, 0, 2),
            "max": column(counterparties, 0, 3),
        },
        "interpreters": {"pool": ["a"] * pools, "cap": [column(slots, 0, 1) for _ in range(pools)]},
        "pairs": {
            "p": [p for p, _ in chosen],
            "f": [f for _, f in chosen],
            "score": column(count, 1, 1000),
            "interp": column(count, -1, pools - 1),
            "must": column(count, 0, 1),
            "rank_p": [1] * count,
            "rank_f": [1] * count,
        },
        "locked": [],
        "published": [],
    }


small_problems = small_documents().map(Problem.from_json)


def optimum(problem: Problem) -> Objective:
    """The lexicographic optimum by trying every set of meetings."""
    pairs = list(zip(problem.pair_project.tolist(), problem.pair_counterparty.tolist(), strict=True))
    fixed = {(p, f): t for p, f, t in problem.locked}
    best: list[Objective] = []

    def extend(position: int, meetings: list[tuple[int, int, int]]) -> None:
        if any(violation.code != "lock_broken" for violation in check(problem, meetings)):
            return
        if position == len(pairs):
            best.append(evaluate(problem, meetings))
            return
        p, f = pairs[position]
        if (p, f) not in fixed:
            extend(position + 1, meetings)
        for t in [fixed[p, f]] if (p, f) in fixed else range(problem.slots):
            extend(position + 1, [*meetings, (p, f, t)])

    extend(0, [])
    return max(best, key=lambda objective: objective.key)
