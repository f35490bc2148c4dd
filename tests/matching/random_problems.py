"""Small random problems in which everything is scarce now and then, for property-based tests."""

import numpy as np
from hypothesis import strategies as st

from marketplace.matching import Problem, check

seeds = st.integers(0, 2**32 - 1)


def random_problem(seed, *, locks=False):
    """A problem of at most 7 projects, 6 counterparties and 7 slots; with `locks` some feasible locked meetings."""
    rng = np.random.default_rng(seed)
    projects, counterparties, slots = (int(rng.integers(1, n)) for n in (8, 7, 8))
    delegations, pools = int(rng.integers(1, projects + 1)), int(rng.integers(0, 3))
    eligible = np.argwhere(rng.random((projects, counterparties)) < rng.choice([0.4, 0.8, 1.0]))
    n = len(eligible)
    free = rng.choice([0.5, 0.8, 1.0])
    document = {
        "format": "cm-match/1",
        "slots": {
            "day": [0] * slots,
            "session": np.sort(rng.integers(0, 2, slots)).tolist(),
            "tables": rng.integers(0, 4, slots).tolist(),
        },
        "delegations": {"cap": rng.integers(1, 4, delegations).tolist()},
        "projects": {
            "delegation": rng.integers(0, delegations, projects).tolist(),
            "in_person": rng.integers(0, 2, projects).tolist(),
            "avail": _avail(rng, projects, slots, free),
            "min": rng.integers(0, 3, projects).tolist(),
            "max": rng.integers(0, 5, projects).tolist(),
        },
        "counterparties": {
            "vendor": rng.integers(0, 2, counterparties).tolist(),
            "reps": rng.integers(1, 3, counterparties).tolist(),
            "in_person": rng.integers(0, 2, counterparties).tolist(),
            "avail": _avail(rng, counterparties, slots, free),
            "min": rng.integers(0, 3, counterparties).tolist(),
            "max": rng.integers(0, 6, counterparties).tolist(),
        },
        "interpreters": {
            "pool": [f"pool-{q}" for q in range(pools)],
            "cap": rng.integers(0, 2, (pools, slots)).tolist(),
        },
        "pairs": {
            "p": eligible[:, 0].tolist(),
            "f": eligible[:, 1].tolist(),
            "score": rng.integers(1, 1001, n).tolist(),
            "interp": rng.integers(-1, pools, n).tolist(),
            "must": (rng.random(n) < 0.15).astype(int).tolist(),
            "rank_p": rng.integers(1, 5, n).tolist(),
            "rank_f": rng.integers(1, 5, n).tolist(),
        },
    }
    problem = Problem.from_json(document)
    if not locks:
        return problem
    document["locked"] = [list(meeting) for meeting in greedy(problem, seed)[:2]]
    return Problem.from_json(document)


def greedy(problem, seed):
    """Meetings in random order, each put where the checker finds nothing against it."""
    rng = np.random.default_rng(seed)
    meetings = list(problem.locked)
    met = {(p, f) for p, f, _ in meetings}
    for k in rng.permutation(problem.pairs).tolist():
        p, f = int(problem.pair_project[k]), int(problem.pair_counterparty[k])
        for t in rng.permutation(problem.slots).tolist():
            if (p, f) not in met and not check(problem, [*meetings, (p, f, t)]):
                meetings.append((p, f, t))
                met.add((p, f))
    return meetings


def _avail(rng, parties, slots, share):
    return ["".join(map(str, row)) for row in (rng.random((parties, slots)) < share).astype(int).tolist()]
