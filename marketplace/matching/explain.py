"""Why a wish was not met, and the smallest single change that would admit it, found by trying it on the schedule.

Every wish is held against every slot of the actual schedule, all other meetings kept. What stands in its way there is
a set of obstacles; a change that removes exactly this set admits the wish, any other change does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any

import numpy as np
import numpy.typing as npt

from .problem import BoolArray, IntArray, Meeting, Problem
from .schedule import Schedule

Obstacles = npt.NDArray[np.uint16]

PROJECT_AWAY, COUNTERPARTY_AWAY = 1, 2
PROJECT_BUSY, REPRESENTATIVES, DELEGATION, TABLE, INTERPRETER = 4, 8, 16, 32, 64
PROJECT_CAP, COUNTERPARTY_CAP = 128, 256

# The change that removes each obstacle, the smallest first: a party that agrees to one meeting more, a party that
# stays one slot longer, a table, an interpreter, a person more. No change lets a project be in two places at once.
CHANGES = (
    (PROJECT_CAP, "project_cap"),
    (COUNTERPARTY_CAP, "counterparty_cap"),
    (PROJECT_AWAY, "project_slot"),
    (COUNTERPARTY_AWAY, "counterparty_slot"),
    (TABLE, "table"),
    (INTERPRETER, "interpreter"),
    (REPRESENTATIVES, "representative"),
    (DELEGATION, "delegate"),
)
CELLS_AT_ONCE = 4_000_000  # wishes x slots looked at together, which bounds the memory
NOBODY = np.iinfo(np.int64).max

SENTENCES = {
    "no_common_slot": "the two are never free in the same slot",
    "project_full": "project {project} has reached its cap of {project_max} meetings",
    "counterparty_full": "counterparty {counterparty} has reached its cap of {counterparty_max} meetings",
    "both_full": "both have reached their caps ({project_max} and {counterparty_max} meetings)",
    "no_table": "no table is left where both could meet (as in slot {slot})",
    "no_interpreter": "no interpreter of pool {pool} is left where both could meet (as in slot {slot})",
    "delegation_full": "delegation {delegation} holds the {people} meetings it can hold at once (as in slot {slot})",
    "representatives_full": "counterparty {counterparty} has all its {reps} representatives taken (as in slot {slot})",
    "outbid": "project {project} meets somebody else whenever the counterparty could (as in slot {slot})",
    "several": "in every common slot at least two things are taken at once",
    "open": "nothing stands in the way of slot {slot}: the search ended before it got there",
    "project_cap": "one meeting more than {project_max} for project {project} (in slot {slot})",
    "counterparty_cap": "one meeting more than {counterparty_max} for counterparty {counterparty} (in slot {slot})",
    "project_slot": "project {project} becomes available in slot {slot}",
    "counterparty_slot": "counterparty {counterparty} becomes available in slot {slot}",
    "table": "one table more in slot {slot}",
    "interpreter": "one interpreter more of pool {pool} in slot {slot}",
    "representative": "one representative more than {reps} for counterparty {counterparty} (in slot {slot})",
    "delegate": "one delegate more than {people} at once for delegation {delegation} (in slot {slot})",
    "not_eligible": "the two are not eligible (rule: {rule})",
}
KEPT = {
    "locked": "locked",
    "must": "a must meeting",
    "value": "worth as much or more",
    "floor": "needed for a minimum of its parties",
    "search": "worth less, but the search did not come to exchange it",
}
# The parameters of each code are what its sentence names; a rule of eligibility brings its own.
PARAMETERS = {
    code: tuple(name for _, name, _, _ in Formatter().parse(sentence) if name)
    for code, sentence in SENTENCES.items()
    if code != "not_eligible"
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the problem: its code (of `CHANGES`) and parameters; `slot` is where the wish would then meet."""

    code: str
    parameters: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """The change in English; translations are rendered from code and parameters."""
        return SENTENCES[self.code].format_map(self.parameters)

    def applied(self, problem: Problem) -> Problem:
        """The problem with this change made."""
        at = self.parameters
        match self.code:
            case "project_cap":
                return replace(problem, project_max=_raised(problem.project_max, at["project"]))
            case "counterparty_cap":
                return replace(problem, counterparty_max=_raised(problem.counterparty_max, at["counterparty"]))
            case "project_slot":
                free = _freed(problem.project_avail, at["project"], at["slot"])
                return replace(problem, project_avail=free)
            case "counterparty_slot":
                free = _freed(problem.counterparty_avail, at["counterparty"], at["slot"])
                return replace(problem, counterparty_avail=free)
            case "table":
                return replace(problem, slot_tables=_raised(problem.slot_tables, at["slot"]))
            case "interpreter":
                return replace(problem, interpreter_cap=_raised(problem.interpreter_cap, (at["pool"], at["slot"])))
            case "representative":
                return replace(problem, counterparty_reps=_raised(problem.counterparty_reps, at["counterparty"]))
            case "delegate":
                return replace(problem, delegation_cap=_raised(problem.delegation_cap, at["delegation"]))
        raise ValueError(self.code)


@dataclass(frozen=True, slots=True)
class Outbid:
    """The meeting in the way: of all meetings whose removal alone would admit the wish, the one that counts least.

    `why` it was kept: ``locked``, ``must``, ``value`` (worth at least as much as the wish), ``floor`` (one of its
    parties would fall under its minimum) or ``search`` (the exchange would pay; the search ended before).
    """

    project: int
    counterparty: int
    slot: int
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish without a meeting: the reason (a code and its parameters), who outbid it, and what would admit it.

    `changes` are all kinds of single change that admit the wish with every other meeting kept, the smallest first;
    empty where no single change does.
    """

    project: int
    counterparty: int
    score: int  # 0 where the pair is not eligible
    must: bool
    code: str
    parameters: Mapping[str, Any]
    outbid: Outbid | None = None
    changes: tuple[Change, ...] = ()

    @property
    def change(self) -> Change | None:
        """The smallest single change, if there is one."""
        return self.changes[0] if self.changes else None

    @property
    def sentence(self) -> str:
        """The reason and the change in one English sentence."""
        text = SENTENCES[self.code].format_map(self.parameters)
        if self.outbid is not None:
            other = self.outbid
            text += (
                f"; in the way is the meeting of project {other.project} and counterparty {other.counterparty}"
                f" in slot {other.slot} (value {other.score}, {KEPT[other.why]})"
            )
        if self.code in ("not_eligible", "open"):
            return text + "."
        return text + (f"; would do: {self.change.sentence}." if self.change else "; no single change would do.")

    def to_json(self) -> dict[str, Any]:
        """The wish as plain values."""
        return {
            "project": self.project,
            "counterparty": self.counterparty,
            "score": self.score,
            "must": self.must,
            "reason": {"code": self.code, **self.parameters},
            "outbid": None
            if self.outbid is None
            else {
                "meeting": [self.outbid.project, self.outbid.counterparty, self.outbid.slot],
                "score": self.outbid.score,
                "why": self.outbid.why,
            },
            "changes": [{"code": change.code, **change.parameters} for change in self.changes],
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Ineligible:
    """A wish that the hard rules refuse, with the code of the rule; it is only passed through."""

    project: int
    counterparty: int
    rule: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All wishes without a meeting, in the order of the pairs, the ineligible ones last."""

    wishes: tuple[Wish, ...]

    @property
    def reasons(self) -> dict[str, int]:
        """How many wishes have each reason, the most frequent first."""
        return dict(Counter(wish.code for wish in self.wishes).most_common())

    @property
    def remedies(self) -> dict[str, int]:
        """How many wishes each kind of smallest change would admit, taken one at a time; ``none`` where none does."""
        return dict(Counter(wish.change.code if wish.change else "none" for wish in self.wishes).most_common())

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain values."""
        return {
            "reasons": self.reasons,
            "remedies": self.remedies,
            "wishes": [wish.to_json() for wish in self.wishes],
        }


def explain(
    problem: Problem,
    schedule: Schedule | Iterable[Meeting],
    *,
    pairs: Iterable[int] | None = None,
    ineligible: Iterable[Ineligible] = (),
) -> Explanation:
    """Say for every wish without a meeting why, and what would admit it.

    `schedule` must be valid (see `check`). `pairs` limits the answer to these eligible pairs (indices into the pair
    arrays; those that do meet are left out), which is advisable from some hundred thousand pairs on.
    """
    state = _State(problem, schedule.meetings if isinstance(schedule, Schedule) else schedule)
    chosen = np.arange(problem.pairs) if pairs is None else np.unique(np.fromiter(pairs, dtype=np.int64))
    chosen = chosen[~state.met[chosen]]
    wishes: list[Wish] = []
    step = max(1, CELLS_AT_ONCE // max(1, problem.slots))
    for start in range(0, len(chosen), step):
        wishes += _explained(state, chosen[start : start + step])
    for wish in ineligible:
        parameters = {"rule": wish.rule, **wish.parameters}
        wishes.append(Wish(wish.project, wish.counterparty, 0, False, "not_eligible", parameters))
    return Explanation(tuple(wishes))


class _State:
    """The schedule as counts: who and what is taken in which slot, and the meetings grouped by whom they occupy."""

    def __init__(self, problem: Problem, meetings: Iterable[Meeting]) -> None:
        self.problem = problem
        held = sorted({(int(p), int(f), int(t)) for p, f, t in meetings})
        self.meetings = held
        columns = np.array(held, dtype=np.int64).reshape(-1, 3)
        self.p, self.f, self.t = columns[:, 0], columns[:, 1], columns[:, 2]
        self.pair = np.array([problem.pair_index[p, f] for p, f, _ in held], dtype=np.int64)
        self.delegation = problem.project_delegation[self.p]
        self.pool = problem.pair_interp[self.pair]
        self.in_person = problem.pair_in_person[self.pair]
        self.met = np.zeros(problem.pairs, dtype=np.bool_)
        self.met[self.pair] = True

        slots = problem.slots
        self.p_held = np.bincount(self.p, minlength=problem.projects)
        self.f_held = np.bincount(self.f, minlength=problem.counterparties)
        self.p_busy = _used(self.p, self.t, problem.projects, slots) > 0
        self.f_full = _used(self.f, self.t, problem.counterparties, slots) >= problem.counterparty_reps[:, None]
        in_delegation = _used(self.delegation, self.t, problem.delegations, slots)
        self.d_full = in_delegation >= problem.delegation_cap[:, None]
        self.table_full = np.bincount(self.t[self.in_person], minlength=slots) >= problem.slot_tables
        translated = self.pool >= 0
        # One row more, for no pool at all, which is never full.
        self.q_full = np.zeros((problem.pools + 1, slots), dtype=np.bool_)
        in_pool = _used(self.pool[translated], self.t[translated], problem.pools, slots)
        self.q_full[:-1] = in_pool >= problem.interpreter_cap
        self._rank_meetings()

    def _rank_meetings(self) -> None:
        """Meetings from the one that is given up first to the locked ones, as ranks that compare as integers."""
        problem = self.problem
        locks = set(problem.locked)
        self.locked = np.array([meeting in locks for meeting in self.meetings], dtype=np.bool_)
        self.must = problem.pair_must[self.pair]
        self.score = problem.pair_score[self.pair]
        order = np.lexsort((np.arange(len(self.pair)), self.score, self.must, self.locked))
        self.by_rank = order
        self.rank = np.empty(len(order), dtype=np.int64)
        self.rank[order] = np.arange(len(order))
        self.of_project = _Groups(self.p, problem.projects)
        self.of_counterparty = _Groups(self.f, problem.counterparties)
        self.of_delegation = _Groups(self.delegation * problem.slots + self.t, problem.delegations * problem.slots)

    def obstacles(self, pairs: IntArray) -> Obstacles:
        """What stands in the way of each pair in each slot, [pairs, slots]."""
        problem = self.problem
        p, f = problem.pair_project[pairs], problem.pair_counterparty[pairs]
        found = np.zeros((len(pairs), problem.slots), dtype=np.uint16)

        def add(bit: int, where: npt.NDArray[np.bool_]) -> None:
            np.bitwise_or(found, np.uint16(bit), out=found, where=where)

        add(PROJECT_AWAY, ~problem.project_avail[p])
        add(COUNTERPARTY_AWAY, ~problem.counterparty_avail[f])
        add(PROJECT_BUSY, self.p_busy[p])
        add(REPRESENTATIVES, self.f_full[f])
        add(DELEGATION, self.d_full[problem.project_delegation[p]])
        add(TABLE, self.table_full[None, :] & problem.pair_in_person[pairs][:, None])
        add(INTERPRETER, self.q_full[problem.pair_interp[pairs]])
        add(PROJECT_CAP, (self.p_held[p] >= problem.project_max[p])[:, None])
        add(COUNTERPARTY_CAP, (self.f_held[f] >= problem.counterparty_max[f])[:, None])
        return found

    def outbid(self, pairs: IntArray, obstacles: Obstacles) -> IntArray:
        """For each pair the meeting that counts least among those whose removal alone admits it, or -1."""
        best = np.full(len(pairs), NOBODY)
        problem = self.problem
        pools = problem.pair_interp[pairs]
        delegations = problem.project_delegation[problem.pair_project[pairs]]
        sides = (
            (self.of_project, problem.pair_project[pairs], PROJECT_BUSY | DELEGATION | PROJECT_CAP, PROJECT_CAP),
            (
                self.of_counterparty,
                problem.pair_counterparty[pairs],
                REPRESENTATIVES | COUNTERPARTY_CAP,
                COUNTERPARTY_CAP,
            ),
        )
        for groups, party, relieved_there, cap in sides:
            row, meeting = groups.join(party)
            relieved = np.full(len(row), relieved_there)
            relieved |= np.where(self.in_person[meeting], TABLE, 0)
            relieved |= np.where(self.pool[meeting] == pools[row], INTERPRETER, 0)
            relieved |= np.where(self.delegation[meeting] == delegations[row], DELEGATION, 0)
            there = (obstacles[row, self.t[meeting]] & ~relieved) == 0
            elsewhere = (obstacles == cap).any(axis=1)[row]
            admits = there | elsewhere
            np.minimum.at(best, row[admits], self.rank[meeting[admits]])

        # Somebody else's meeting that holds the table, the interpreter or the delegate.
        row, slot = np.nonzero((obstacles != 0) & (obstacles & ~np.uint16(DELEGATION | TABLE | INTERPRETER) == 0))
        there = obstacles[row, slot]
        shared = (there & DELEGATION) != 0
        least = self._least_by_slot(pools[row[~shared]], slot[~shared], there[~shared])
        np.minimum.at(best, row[~shared], least)
        row, slot, there = row[shared], slot[shared], there[shared]
        which, meeting = self.of_delegation.join(delegations[row] * problem.slots + slot)
        relieved = DELEGATION | np.where(self.in_person[meeting], TABLE, 0)
        relieved |= np.where(self.pool[meeting] == pools[row[which]], INTERPRETER, 0)
        admits = (there[which] & ~relieved) == 0
        np.minimum.at(best, row[which[admits]], self.rank[meeting[admits]])
        found = np.full(len(pairs), -1)
        found[best < NOBODY] = self.by_rank[best[best < NOBODY]]
        return found

    def _least_by_slot(self, pools: IntArray, slots: IntArray, obstacles: Obstacles) -> IntArray:
        """Least rank of a meeting in the slot that holds a table, an interpreter of the pool, or both, as needed."""
        n = self.problem.slots
        table = np.full(n, NOBODY)
        np.minimum.at(table, self.t[self.in_person], self.rank[self.in_person])
        pool = np.full((self.problem.pools + 1, n), NOBODY)
        np.minimum.at(pool, (self.pool, self.t), self.rank)
        both = np.full((self.problem.pools + 1, n), NOBODY)
        np.minimum.at(both, (self.pool[self.in_person], self.t[self.in_person]), self.rank[self.in_person])
        return np.where(
            obstacles == TABLE,
            table[slots],
            np.where(obstacles == INTERPRETER, pool[pools, slots], both[pools, slots]),
        )

    def why_kept(self, meeting: int, pair: int) -> str:
        """Why the meeting stayed although the wish wanted its place (the values of `Outbid.why`)."""
        problem = self.problem
        if self.locked[meeting]:
            return "locked"
        if self.must[meeting] and not problem.pair_must[pair]:
            return "must"
        p, f = int(self.p[meeting]), int(self.f[meeting])
        if self.score[meeting] >= problem.pair_score[pair]:
            return "value"
        p_falls = p != problem.pair_project[pair] and self.p_held[p] <= problem.project_min[p]
        f_falls = f != problem.pair_counterparty[pair] and self.f_held[f] <= problem.counterparty_min[f]
        return "floor" if p_falls or f_falls else "search"


class _Groups:
    """Meetings by the group they belong to."""

    def __init__(self, group: IntArray, groups: int) -> None:
        self.order = np.argsort(group, kind="stable")
        self.count = np.bincount(group, minlength=groups)
        self.start = np.concatenate(([0], np.cumsum(self.count)[:-1])) if groups else np.zeros(0, dtype=np.int64)

    def join(self, wanted: IntArray) -> tuple[IntArray, IntArray]:
        """(position in `wanted`, meeting) for every meeting of every wanted group."""
        count = self.count[wanted]
        row = np.repeat(np.arange(len(wanted)), count)
        within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return row, self.order[self.start[wanted][row] + within]


def _explained(state: _State, pairs: IntArray) -> list[Wish]:
    problem = state.problem
    obstacles = state.obstacles(pairs)
    outbid = state.outbid(pairs, obstacles)
    codes, at = _reasons(obstacles)
    remedies = [(code, *_first(obstacles == bit)) for bit, code in CHANGES]
    wishes = []
    for i, pair in enumerate(pairs.tolist()):
        p, f = int(problem.pair_project[pair]), int(problem.pair_counterparty[pair])
        changes = tuple(
            Change(code, _parameters(problem, code, pair, int(slot[i]))) for code, exists, slot in remedies if exists[i]
        )
        other = None
        if outbid[i] >= 0 and codes[i] != "open":
            meeting = int(outbid[i])
            other = Outbid(*state.meetings[meeting], int(state.score[meeting]), state.why_kept(meeting, pair))
        wishes.append(
            Wish(
                p,
                f,
                int(problem.pair_score[pair]),
                bool(problem.pair_must[pair]),
                codes[i],
                _parameters(problem, codes[i], pair, int(at[i])),
                other,
                changes if codes[i] != "open" else (),
            )
        )
    return wishes


def _reasons(obstacles: Obstacles) -> tuple[list[str], IntArray]:
    """The code of the reason of each wish, and the slot it speaks of where it speaks of one."""
    common = (obstacles & (PROJECT_AWAY | COUNTERPARTY_AWAY)) == 0
    caps = (PROJECT_CAP, "project_full"), (COUNTERPARTY_CAP, "counterparty_full")
    n = len(obstacles)
    codes = np.full(n, "several", dtype=object)
    at = np.zeros(n, dtype=np.int64)
    alone = (
        (PROJECT_BUSY, "outbid"),
        (REPRESENTATIVES, "representatives_full"),
        (DELEGATION, "delegation_full"),
        (INTERPRETER, "no_interpreter"),
        (TABLE, "no_table"),
        (0, "open"),
    )
    for bits, code in alone:
        exists, slot = _first(obstacles == bits)
        codes[exists], at[exists] = code, slot[exists]
    # A cap is the same in every slot, so the first one tells.
    cap = obstacles[:, 0] if obstacles.shape[1] else np.zeros(n, dtype=np.uint16)
    for bit, code in caps:
        codes[(cap & bit) != 0] = code
    codes[(cap & (PROJECT_CAP | COUNTERPARTY_CAP)) == PROJECT_CAP | COUNTERPARTY_CAP] = "both_full"
    codes[~common.any(axis=1)] = "no_common_slot"
    return codes.tolist(), at


def _parameters(problem: Problem, code: str, pair: int, slot: int) -> dict[str, int]:
    """What the sentence of a reason or of a change names, by name."""
    p, f = int(problem.pair_project[pair]), int(problem.pair_counterparty[pair])
    d = int(problem.project_delegation[p])
    facts = {
        "project": p,
        "counterparty": f,
        "delegation": d,
        "pool": int(problem.pair_interp[pair]),
        "slot": slot,
        "project_max": int(problem.project_max[p]),
        "counterparty_max": int(problem.counterparty_max[f]),
        "reps": int(problem.counterparty_reps[f]),
        "people": int(problem.delegation_cap[d]),
    }
    return {name: facts[name] for name in PARAMETERS[code]}


def _first(where: BoolArray) -> tuple[BoolArray, IntArray]:
    """Whether a row has a true column at all, and the first one."""
    if not where.shape[1]:
        return np.zeros(len(where), dtype=np.bool_), np.zeros(len(where), dtype=np.int64)
    return np.asarray(where.any(axis=1)), where.argmax(axis=1)


def _used(group: IntArray, slot: IntArray, groups: int, slots: int) -> IntArray:
    """Meetings of each group in each slot, [groups, slots]."""
    return np.bincount(group * slots + slot, minlength=groups * slots).reshape(groups, slots)


def _raised(values: IntArray, at: int | tuple[int, int]) -> IntArray:
    changed = values.copy()
    changed[at] += 1
    return changed


def _freed(avail: BoolArray, party: int, slot: int) -> BoolArray:
    changed = avail.copy()
    changed[party, slot] = True
    return changed
