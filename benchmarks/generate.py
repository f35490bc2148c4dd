"""Seeded generator of `cm-match/1` problems: five sizes, five profiles, parties as they register for real programmes.

Delegations bring several projects; counterparties differ widely in how sought after they are; people on site miss
an hour or an afternoon, people online have the window their time zone leaves; interpreters are few. A pair is
eligible when it shares a topic, the counterparty serves the region and the ticket fits. The locked meetings are
feasible together.

    python benchmarks/generate.py L --profile scarce-tables --seed 3 -o problem.json
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Size:
    """How many there are of everything. `density` is the share of all pairs that is eligible, `project_max` the
    smallest cap of a project (the largest is six more), `score` mean and deviation of the values."""

    projects: int
    counterparties: int
    slots: int
    days: int
    tables: int
    density: float
    project_max: int
    project_min: int
    counterparty_min: int
    musts_per_project: float
    score: tuple[float, float]
    topics: int


@dataclass(frozen=True)
class Profile:
    """What is scarce: factors on the base kind of problem."""

    tables: float = 1.0
    in_person: float = 0.77
    density: float = 1.0
    presence: float = 1.0


SIZES = {
    "tiny": Size(6, 7, 6, 1, 3, 0.36, 2, 1, 1, 0.6, (740, 110), 3),
    "S": Size(24, 30, 16, 2, 12, 0.21, 6, 3, 2, 0.5, (690, 145), 6),
    "M": Size(100, 120, 32, 2, 40, 0.14, 11, 4, 2, 0.45, (565, 170), 8),
    "L": Size(500, 400, 48, 3, 150, 0.079, 14, 4, 3, 0.35, (470, 170), 12),
    "XL": Size(2000, 1500, 60, 3, 500, 0.036, 14, 4, 3, 0.3, (430, 165), 16),
    "XXL": Size(10000, 5000, 80, 4, 2500, 0.014, 17, 4, 3, 0.25, (410, 165), 20),
}
PROFILES = {
    "base": Profile(),
    "scarce-tables": Profile(tables=0.45, in_person=0.9),
    "mostly-online": Profile(in_person=0.15),
    "dense-wishes": Profile(density=3.0),
    "scarce-availability": Profile(presence=0.45),
}
POOLS = ("en-fr", "en-es", "en-pt", "en-ar", "en-zh", "en-ru", "fr-es", "fr-ar", "es-pt")
LANGUAGES = ("en", "fr", "es", "pt", "ar", "zh", "ru")
REGIONS = 6


def generate(
    size: str, profile: str = "base", seed: int = 0, *, locked: float = 0.024, published: bool = False
) -> dict[str, Any]:
    """Return one problem as the plain mapping of the format.

    `locked` is the number of locked meetings as a share of the sum of the project caps. With `published` the problem
    carries a schedule from before, and a few parties have changed their availability since.
    """
    spec, kind = SIZES[size], PROFILES[profile]
    spec = replace(spec, density=min(0.8, spec.density * kind.density))
    rng = np.random.default_rng(seed)
    day, session = _calendar(spec)
    tables = _tables(rng, spec, kind, session)
    delegation, delegation_cap = _delegations(rng, spec.projects)
    p_in_person = _presence(rng, kind.in_person, len(delegation_cap))[delegation] ^ (rng.random(spec.projects) < 0.04)
    f_in_person = _presence(rng, kind.in_person, spec.counterparties)
    p_avail = _availability(rng, p_in_person, day, kind.presence)
    f_avail = _availability(rng, f_in_person, day, kind.presence)
    reps = rng.choice([1, 2, 3, 4], spec.counterparties, p=[0.58, 0.25, 0.12, 0.05])
    p_max = spec.project_max + rng.integers(0, 7, spec.projects)
    f_max = np.maximum(1, (reps * spec.slots * rng.uniform(0.3, 0.75, spec.counterparties)).astype(np.int64))

    p, f, score = _pairs(rng, spec, delegation)
    order = np.lexsort((f, p))
    p, f, score = p[order], f[order], score[order]
    common = _common(p_avail, f_avail, p, f)
    interp = _interpreters(rng, delegation, spec.counterparties, p, f)
    must = _musts(rng, spec, score, common)
    reachable_p = np.bincount(p[common > 0], minlength=spec.projects)
    reachable_f = np.bincount(f[common > 0], minlength=spec.counterparties)
    p_min = np.minimum.reduce([np.full(spec.projects, spec.project_min), reachable_p, p_avail.sum(1)])
    wants = np.where(rng.random(spec.counterparties) < 0.87, spec.counterparty_min, 0)
    f_min = np.minimum.reduce([wants, reachable_f, f_max, f_avail.sum(1)])

    problem: dict[str, Any] = {
        "format": "cm-match/1",
        "name": f"{size}-{profile}-{seed}",
        "slots": {"day": day.tolist(), "session": session.tolist(), "tables": tables.tolist()},
        "delegations": {"cap": delegation_cap.tolist()},
        "projects": {
            "delegation": delegation.tolist(),
            "in_person": p_in_person.astype(int).tolist(),
            "avail": _strings(p_avail),
            "min": p_min.tolist(),
            "max": p_max.tolist(),
        },
        "counterparties": {
            "vendor": (rng.random(spec.counterparties) < 0.38).astype(int).tolist(),
            "reps": reps.tolist(),
            "in_person": f_in_person.astype(int).tolist(),
            "avail": _strings(f_avail),
            "min": f_min.tolist(),
            "max": f_max.tolist(),
        },
        "interpreters": {"pool": list(POOLS), "cap": _pool_caps(rng, interp, session)},
        "pairs": {
            "p": p.tolist(),
            "f": f.tolist(),
            "score": score.tolist(),
            "interp": interp.tolist(),
            "must": must.astype(int).tolist(),
            "rank_p": _ranks(rng, p, score).tolist(),
            "rank_f": _ranks(rng, f, score).tolist(),
        },
        "locked": [],
        "published": [],
    }
    problem["locked"] = _place(rng, problem, round(locked * int(p_max.sum())))
    if published:
        problem["published"] = _place(rng, problem, len(p), start=problem["locked"])
        _change_availability(rng, problem)
    return problem


def _calendar(spec: Size) -> tuple[Ints, Ints]:
    """Two sessions a day, as even as the number of slots allows."""
    day = np.arange(spec.slots) * spec.days // spec.slots
    session = np.arange(spec.slots) * 2 * spec.days // spec.slots
    return day, session


def _tables(rng: np.random.Generator, spec: Size, kind: Profile, session: Ints) -> Ints:
    """Rooms change by half day, so the number of tables does."""
    factor = rng.uniform(0.85, 1.1, int(session.max()) + 1)
    return np.maximum(1, np.rint(spec.tables * kind.tables * factor)).astype(np.int64)[session]


def _delegations(rng: np.random.Generator, projects: int) -> tuple[Ints, Ints]:
    """Delegation of each project, in order, and how many meetings each delegation can hold at once."""
    sizes: list[int] = []
    while sum(sizes) < projects:
        sizes.append(int(rng.choice([1, 2, 3, 4, 5, 6, 8], p=[0.17, 0.14, 0.22, 0.19, 0.15, 0.09, 0.04])))
    sizes[-1] -= sum(sizes) - projects
    bring = np.array(sizes)
    cap = np.maximum(1, np.ceil(bring * rng.uniform(0.55, 1.0, len(bring)))).astype(np.int64)
    return np.repeat(np.arange(len(bring)), bring), cap


def _presence(rng: np.random.Generator, share: float, n: int) -> Flags:
    return rng.random(n) < share


def _availability(rng: np.random.Generator, in_person: Flags, day: Ints, presence: float) -> Flags:
    """Free slots, parties x slots: on site all but late arrivals, early departures and other appointments;
    online the same window every day. `presence` below one cuts the stay to about that share of the programme."""
    n, slots = len(in_person), len(day)
    t = np.arange(slots)
    arrive = np.where(rng.random(n) < 0.25, rng.integers(1, max(2, slots // 3), n), 0)
    leave = np.where(rng.random(n) < 0.25, slots - rng.integers(1, max(2, slots // 3), n), slots)
    on_site = (t >= arrive[:, None]) & (t < leave[:, None])
    for _ in range(2):
        busy = rng.integers(0, slots, n)
        length = np.where(rng.random(n) < 0.35, rng.integers(1, 5, n), 0)
        on_site &= (t < busy[:, None]) | (t >= (busy + length)[:, None])
    first = np.searchsorted(day, day)
    hour = (t - first + 0.5) / np.bincount(day)[day]
    centre = rng.uniform(0.15, 0.85, n)
    width = rng.uniform(0.15, 0.5, n)
    online = np.abs(hour[None, :] - centre[:, None]) <= width[:, None]
    away = (rng.random((n, int(day.max()) + 1)) < 0.12)[:, day]
    online &= ~away | (away.all(1)[:, None])
    avail: Flags = np.where(in_person[:, None], on_site, online)
    if presence < 1:
        stay = np.maximum(2, (slots * presence * rng.uniform(0.7, 1.3, n)).astype(np.int64))
        offset = rng.integers(0, slots, n)
        avail &= ((t[None, :] - offset[:, None]) % slots) < stay[:, None]
    nobody = ~avail.any(1)
    avail[nobody, rng.integers(0, slots, int(nobody.sum()))] = True
    return avail


def _pairs(rng: np.random.Generator, spec: Size, delegation: Ints) -> tuple[Ints, Ints, Ints]:
    """Eligible pairs and their values, in blocks of projects so that the largest size fits into memory."""
    popularity = 1 / np.arange(1, spec.topics + 1) ** 0.7
    popularity /= popularity.sum()
    p_topics = _topics(rng, spec.projects, popularity, 1, 3)
    f_topics = _topics(rng, spec.counterparties, popularity, 1, 4)
    region = rng.integers(0, REGIONS, int(delegation.max()) + 1)[delegation]
    serves = rng.random((spec.counterparties, REGIONS)) < rng.uniform(0.25, 1.0, spec.counterparties)[:, None]
    p_ticket = rng.normal(0, 1, spec.projects)
    f_ticket = rng.normal(0, 0.8, spec.counterparties)
    f_range = rng.uniform(0.4, 2.2, spec.counterparties)
    openness = np.exp(rng.normal(0, 0.9, spec.counterparties))
    breadth = np.exp(rng.normal(0, 0.35, spec.projects))
    quality_p, quality_f = rng.random(spec.projects), rng.random(spec.counterparties)

    blocks: list[tuple[Ints, Ints, NDArray[np.float64], NDArray[np.float64]]] = []
    for start in range(0, spec.projects, 500):
        rows = slice(start, min(start + 500, spec.projects))
        shared = p_topics[rows] @ f_topics.T
        distance = np.abs(p_ticket[rows, None] - f_ticket[None, :])
        fits = (shared > 0) & serves.T[region[rows]] & (distance <= f_range[None, :])
        i, f = np.nonzero(fits)
        p = i + start
        value = (
            0.4 * shared[i, f] / np.sqrt(p_topics[p].sum(1) * f_topics[f].sum(1))
            + 0.25 * (1 - distance[i, f] / f_range[f])
            + 0.15 * quality_p[p]
            + 0.2 * quality_f[f]
            + rng.normal(0, 0.08, len(p))
        )
        blocks.append((p, f, value, breadth[p] * openness[f] * rng.exponential(1, len(p))))
    p = np.concatenate([block[0] for block in blocks])
    f = np.concatenate([block[1] for block in blocks])
    value = np.concatenate([block[2] for block in blocks])
    interest = np.concatenate([block[3] for block in blocks])

    target = min(len(p), round(spec.density * spec.projects * spec.counterparties))
    threshold = np.partition(interest, len(p) - target)[len(p) - target] if target else np.inf
    keep = interest >= threshold
    # Nobody comes for one conversation: the best wishes of a project stay whatever the density.
    by_project = np.lexsort((-interest, p))
    place = np.empty(len(p), dtype=np.int64)
    place[by_project] = np.arange(len(p)) - np.searchsorted(p[by_project], p[by_project])
    keep |= place < 2 * spec.project_min
    p, f, value = p[keep], f[keep], value[keep]
    mean, deviation = spec.score
    spread = float(value.std()) or 1.0
    score = np.clip(np.rint(mean + deviation * (value - value.mean()) / spread), 1, 1000).astype(np.int64)
    return p, f, score


def _topics(
    rng: np.random.Generator, n: int, popularity: NDArray[np.float64], low: int, high: int
) -> NDArray[np.float32]:
    """Topics of each party as rows of zeros and ones; sampled without replacement by the exponential trick."""
    count = rng.integers(low, high + 1, n)
    order = np.argsort(rng.exponential(1, (n, len(popularity))) / popularity, axis=1)
    rows = np.zeros((n, len(popularity)), dtype=np.float32)
    np.put_along_axis(rows, order, (np.arange(len(popularity))[None, :] < count[:, None]).astype(np.float32), axis=1)
    return rows


def _interpreters(rng: np.random.Generator, delegation: Ints, counterparties: int, p: Ints, f: Ints) -> Ints:
    """Pool each pair needs, or -1 when it has a language in common (or none of the pools would help)."""
    usual = np.array([0.35, 0.15, 0.2, 0.12, 0.08, 0.05, 0.05])
    cities = int(delegation.max()) + 1
    home = rng.choice(len(LANGUAGES), cities, p=usual)
    english = rng.random(cities) < 0.75
    theirs = rng.choice(len(LANGUAGES), counterparties, p=[0.7, 0.08, 0.08, 0.04, 0.04, 0.03, 0.03])
    second = np.where(rng.random(counterparties) < 0.35, rng.choice(len(LANGUAGES), counterparties, p=usual), theirs)
    pool = np.full((len(LANGUAGES), len(LANGUAGES)), -1)
    for q, name in enumerate(POOLS):
        a, b = (LANGUAGES.index(code) for code in name.split("-"))
        pool[a, b] = pool[b, a] = q
    city = delegation[p]
    understood = (
        (home[city] == theirs[f]) | (home[city] == second[f]) | (english[city] & ((theirs[f] == 0) | (second[f] == 0)))
    )
    need = np.where(understood, -1, pool[home[city], theirs[f]])
    return need.astype(np.int64)


def _pool_caps(rng: np.random.Generator, interp: Ints, session: Ints) -> list[list[int]]:
    """Interpreters of each pool per slot: hired by half day, for about two wishes in five."""
    slots, halves = len(session), int(session.max()) + 1
    need = np.bincount(interp[interp >= 0], minlength=len(POOLS))
    caps = np.ceil(0.4 * need[:, None] / slots * rng.uniform(0.8, 1.25, (len(POOLS), halves))).astype(np.int64)
    return [[int(c) for c in row] for row in caps[:, session]]


def _musts(rng: np.random.Generator, spec: Size, score: Ints, common: Ints) -> Flags:
    """The programme insists on some of the best matches that can meet at all."""
    weight = np.where(common > 0, score.astype(float) ** 3, 0.0)
    count = min(round(spec.musts_per_project * spec.projects), int((weight > 0).sum()))
    must = np.zeros(len(score), dtype=bool)
    if count:
        must[np.argsort(rng.exponential(1, len(score)) / np.maximum(weight, 1e-9), kind="stable")[:count]] = True
    return must


def _ranks(rng: np.random.Generator, group: Ints, score: Ints) -> Ints:
    """Rank of each pair among the wishes of its party: by value, as people see it."""
    order = np.lexsort((-(score + rng.normal(0, 110, len(score))), group))
    ranks = np.empty(len(group), dtype=np.int64)
    ranks[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order]) + 1
    return ranks


def _common(p_avail: Flags, f_avail: Flags, p: Ints, f: Ints) -> Ints:
    """Number of slots in which both parties of a pair are free."""
    count = np.zeros(len(p), dtype=np.int64)
    for t in range(p_avail.shape[1]):
        count += p_avail[p, t] & f_avail[f, t]
    return count


def _strings(avail: Flags) -> list[str]:
    return [row.tobytes().decode("ascii") for row in avail.astype(np.uint8) + ord("0")]


def _place(
    rng: np.random.Generator, problem: dict[str, Any], count: int, start: list[list[int]] | None = None
) -> list[list[int]]:
    """Up to `count` feasible meetings in random order and random free slots, beside the meetings of `start`."""
    projects, counterparties, pairs = problem["projects"], problem["counterparties"], problem["pairs"]
    slots = len(problem["slots"]["day"])
    left = {
        "project": [1] * slots * len(projects["max"]),
        "counterparty": [r for r in counterparties["reps"] for _ in range(slots)],
        "delegation": [c for c in problem["delegations"]["cap"] for _ in range(slots)],
        "interpreter": [c for row in problem["interpreters"]["cap"] for c in row],
        "table": list(problem["slots"]["tables"]),
    }
    p_left, f_left = list(projects["max"]), list(counterparties["max"])
    interp = dict(zip(zip(pairs["p"], pairs["f"], strict=True), pairs["interp"], strict=True))
    meetings: list[list[int]] = []

    def seats(p: int, f: int, t: int) -> list[tuple[list[int], int]]:
        need = [
            (left["project"], p * slots + t),
            (left["counterparty"], f * slots + t),
            (left["delegation"], projects["delegation"][p] * slots + t),
        ]
        if interp[p, f] >= 0:
            need.append((left["interpreter"], interp[p, f] * slots + t))
        if projects["in_person"][p] and counterparties["in_person"][f]:
            need.append((left["table"], t))
        return need

    def hold(p: int, f: int, t: int) -> None:
        for row, index in seats(p, f, t):
            row[index] -= 1
        p_left[p] -= 1
        f_left[f] -= 1
        meetings.append([p, f, t])

    for p, f, t in start or []:
        hold(p, f, t)
    met = {(p, f) for p, f, _ in meetings}
    for k in rng.permutation(len(pairs["p"])).tolist():
        if len(meetings) >= count:
            break
        p, f = pairs["p"][k], pairs["f"][k]
        if (p, f) in met or not p_left[p] or not f_left[f]:
            continue
        both = int(projects["avail"][p], 2) & int(counterparties["avail"][f], 2)
        free = [t for t in range(slots) if both >> (slots - 1 - t) & 1]
        rng.shuffle(free)
        for t in free:
            if all(row[index] > 0 for row, index in seats(p, f, t)):
                hold(p, f, t)
                break
    return meetings


def _change_availability(rng: np.random.Generator, problem: dict[str, Any]) -> None:
    """Since publication three in a hundred parties became busy for up to three slots (locked meetings stay)."""
    for side, column in (("projects", 0), ("counterparties", 1)):
        avail = problem[side]["avail"]
        keep = {(meeting[column], meeting[2]) for meeting in problem["locked"]}
        for party in np.flatnonzero(rng.random(len(avail)) < 0.03).tolist():
            busy = set(rng.integers(0, len(avail[party]), 3).tolist())
            lost = {t for t in busy if (party, t) not in keep}
            avail[party] = "".join("0" if t in lost else free for t, free in enumerate(avail[party]))


def main(arguments: list[str] | None = None) -> None:
    """Write one problem to a file or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--profile", choices=PROFILES, default="base")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--locked", type=float, default=0.024, help="locked meetings as a share of the project caps")
    parser.add_argument("--published", action="store_true", help="with a schedule from before that needs small changes")
    parser.add_argument("-o", "--output", type=Path, help="file to write; standard output when missing")
    options = parser.parse_args(arguments)
    problem = generate(options.size, options.profile, options.seed, locked=options.locked, published=options.published)
    text = json.dumps(problem, separators=(",", ":"))
    if options.output is None:
        sys.stdout.write(text + "\n")
    else:
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
