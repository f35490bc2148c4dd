"""The judge of every answer: rule by rule in plain loops, sharing no data structure with the solver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral

from .problem import Problem
from .schedule import Objective


@dataclass(frozen=True)
class Violation:
    """A broken rule: its code, the indices concerned by name, and the same in words."""

    code: str
    indices: dict[str, int]
    words: str

    def __str__(self) -> str:
        return f"{self.code}: {self.words}"


def check(problem: Problem, meetings: Iterable[Sequence[int]]) -> list[Violation]:
    """Every rule that the meetings (project, counterparty, slot) break; empty for a valid schedule.

    Codes: ``shape``, ``range``, ``not_eligible``, ``met_twice``, ``project_unavailable``,
    ``counterparty_unavailable``, ``project_twice``, ``representatives``, ``delegation``, ``tables``, ``interpreters``,
    ``project_cap``, ``counterparty_cap``, ``lock_broken``.
    """
    found: list[Violation] = []
    sound: list[tuple[int, int, int]] = []
    for index, meeting in enumerate(meetings):
        problem_with_it = _malformed(problem, index, meeting)
        if problem_with_it is None:
            sound.append((int(meeting[0]), int(meeting[1]), int(meeting[2])))
        else:
            found.append(problem_with_it)
    found += _each_meeting(problem, sound)
    found += _each_slot(problem, sound)
    found += _each_party(problem, sound)
    held = set(sound)
    for p, f, t in problem.locked:
        if (p, f, t) not in held:
            words = f"the locked meeting of project {p} and counterparty {f} in slot {t} is not held"
            found.append(Violation("lock_broken", {"project": p, "counterparty": f, "slot": t}, words))
    return found


def evaluate(problem: Problem, meetings: Iterable[Sequence[int]]) -> Objective:
    """The value of each level of a schedule; the meetings are taken to be valid (see :func:`check`)."""
    pair_of = problem.pair_index
    slot_of: dict[tuple[int, int], int] = {}
    slots_of_project: dict[int, set[int]] = defaultdict(set)
    slots_of_counterparty: dict[int, set[int]] = defaultdict(set)
    meetings_of_project: dict[int, int] = defaultdict(int)
    meetings_of_counterparty: dict[int, int] = defaultdict(int)
    must = score = 0
    for p, f, t in meetings:
        pair = pair_of[(p, f)]
        must += bool(problem.pair_must[pair])
        score += int(problem.pair_score[pair])
        slot_of[(p, f)] = t
        slots_of_project[p].add(t)
        slots_of_counterparty[f].add(t)
        meetings_of_project[p] += 1
        meetings_of_counterparty[f] += 1

    floors = 0
    for p, floor in enumerate(problem.project_min.tolist()):
        floors += meetings_of_project[p] >= floor
    for f, floor in enumerate(problem.counterparty_min.tolist()):
        floors += meetings_of_counterparty[f] >= floor

    gaps = 0
    session = problem.slot_session.tolist()
    for p, busy in slots_of_project.items():
        gaps += _gaps(busy, problem.project_avail[p].tolist(), session)
    for f, busy in slots_of_counterparty.items():
        gaps += _gaps(busy, problem.counterparty_avail[f].tolist(), session)

    moved = dropped = 0
    for p, f, t in problem.published:
        if (p, f) not in slot_of:
            dropped += 1
        elif slot_of[(p, f)] != t:
            moved += 1
    return Objective(must, floors, score, gaps, moved, dropped)


def _gaps(busy: set[int], available: list[bool], session: list[int]) -> int:
    """Slots in which a party is available and idle strictly between two of its meetings in one session."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for t in sorted(busy):
        first.setdefault(session[t], t)
        last[session[t]] = t
    gaps = 0
    for number in first:
        for t in range(first[number] + 1, last[number]):
            gaps += available[t] and t not in busy
    return gaps


def _malformed(problem: Problem, index: int, meeting: Sequence[int]) -> Violation | None:
    parts = list(meeting) if isinstance(meeting, Iterable) else []
    if len(parts) != 3 or any(isinstance(part, bool) or not isinstance(part, Integral) for part in parts):
        return Violation("shape", {"meeting": index}, f"meeting {index} is not three integers")
    sizes = (("project", problem.projects), ("counterparty", problem.counterparties), ("slot", problem.slots))
    for part, (what, size) in zip(parts, sizes, strict=True):
        if not 0 <= part < size:
            words = f"meeting {index} has no such {what}: {part}"
            return Violation("range", {"meeting": index, what: int(part)}, words)
    return None


def _each_meeting(problem: Problem, meetings: list[tuple[int, int, int]]) -> list[Violation]:
    """Eligible, once only, both available."""
    found = []
    met: set[tuple[int, int]] = set()
    for p, f, t in meetings:
        who = {"project": p, "counterparty": f, "slot": t}
        if (p, f) not in problem.pair_index:
            words = f"project {p} and counterparty {f} are not an eligible pair"
            found.append(Violation("not_eligible", who, words))
        if (p, f) in met:
            found.append(Violation("met_twice", who, f"project {p} and counterparty {f} meet more than once"))
        met.add((p, f))
        if not problem.project_avail[p, t]:
            found.append(Violation("project_unavailable", who, f"project {p} is not available in slot {t}"))
        if not problem.counterparty_avail[f, t]:
            words = f"counterparty {f} is not available in slot {t}"
            found.append(Violation("counterparty_unavailable", who, words))
    return found


def _each_slot(problem: Problem, meetings: list[tuple[int, int, int]]) -> list[Violation]:
    """Nobody and nothing is used more often at once than it can be."""
    project_use: dict[tuple[int, int], int] = defaultdict(int)
    counterparty_use: dict[tuple[int, int], int] = defaultdict(int)
    delegation_use: dict[tuple[int, int], int] = defaultdict(int)
    interpreter_use: dict[tuple[int, int], int] = defaultdict(int)
    table_use: dict[tuple[int, int], int] = defaultdict(int)
    for p, f, t in meetings:
        project_use[(p, t)] += 1
        counterparty_use[(f, t)] += 1
        delegation_use[(int(problem.project_delegation[p]), t)] += 1
        if problem.project_in_person[p] and problem.counterparty_in_person[f]:
            table_use[(0, t)] += 1
        pair = problem.pair_index.get((p, f))
        if pair is not None and problem.pair_interp[pair] >= 0:
            interpreter_use[(int(problem.pair_interp[pair]), t)] += 1

    reps, people = problem.counterparty_reps.tolist(), problem.delegation_cap.tolist()
    found = _overused("project_twice", "project", project_use, lambda p, t: 1)
    found += _overused("representatives", "counterparty", counterparty_use, lambda f, t: int(reps[f]))
    found += _overused("delegation", "delegation", delegation_use, lambda d, t: int(people[d]))
    found += _overused("tables", "all tables", table_use, lambda _, t: int(problem.slot_tables[t]))
    found += _overused("interpreters", "pool", interpreter_use, lambda q, t: int(problem.interpreter_cap[q, t]))
    return found


def _overused(
    code: str, what: str, use: dict[tuple[int, int], int], capacity: Callable[[int, int], int]
) -> list[Violation]:
    """A violation for every (index, slot) that is used more often than its capacity."""
    found = []
    for (index, t), used in use.items():
        if used > capacity(index, t):
            words = f"{what} {index}" if code != "tables" else what
            words = f"{words} used {used} times in slot {t}, capacity {capacity(index, t)}"
            found.append(Violation(code, {what: index, "slot": t} if code != "tables" else {"slot": t}, words))
    return found


def _each_party(problem: Problem, meetings: list[tuple[int, int, int]]) -> list[Violation]:
    """Nobody has more meetings than its cap."""
    of_project: dict[int, int] = defaultdict(int)
    of_counterparty: dict[int, int] = defaultdict(int)
    for p, f, _ in meetings:
        of_project[p] += 1
        of_counterparty[f] += 1
    found = []
    for p, held in of_project.items():
        if held > problem.project_max[p]:
            words = f"project {p} has {held} meetings for a cap of {problem.project_max[p]}"
            found.append(Violation("project_cap", {"project": p}, words))
    for f, held in of_counterparty.items():
        if held > problem.counterparty_max[f]:
            words = f"counterparty {f} has {held} meetings for a cap of {problem.counterparty_max[f]}"
            found.append(Violation("counterparty_cap", {"counterparty": f}, words))
    return found
