"""The matching problem ``cm-match/1``: its arrays, its file format, and the refusal of every file that is not one."""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import LockConflict, ProblemError

FORMAT = "cm-match/1"

MAX_SLOTS = 1_000
MAX_PARTIES = 100_000  # on each side
MAX_POOLS = 1_000
MAX_PAIRS = 5_000_000
MAX_COUNT = 1_000_000  # any capacity, cap or floor
MAX_SCORE = 1_000
MAX_FILE_BYTES = 512 * 1024 * 1024
_PARTY_BITS = MAX_PARTIES.bit_length()

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Meeting = tuple[int, int, int]


class PairIndex(Mapping[tuple[int, int], int]):
    """Positions of pairs by bisection: of a dictionary, millions of pairs would take some hundred megabytes."""

    def __init__(self, project: IntArray, counterparty: IntArray) -> None:
        self._pairs = project, counterparty
        keys = (project << _PARTY_BITS) | counterparty
        order = np.argsort(keys, kind="stable")
        self._keys, self._places = array("q", keys[order].tobytes()), array("q", order.astype(np.int64).tobytes())

    def __getitem__(self, pair: tuple[int, int]) -> int:
        key = (int(pair[0]) << _PARTY_BITS) | int(pair[1])
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            raise KeyError(pair)
        return self._places[at]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(*(column.tolist() for column in self._pairs), strict=True)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True, eq=False)
class Problem:
    """Who may meet whom, when, and what it is worth.

    T slots, D delegations, P projects, F counterparties, Q interpreter pools, N eligible pairs; all indices from 0.
    Build one with :meth:`from_json` or :func:`load`, which check everything; a changed copy comes from
    ``dataclasses.replace``. The arrays are not to be written to.
    """

    slot_day: IntArray  # [T]
    slot_session: IntArray  # [T], number of the half day, never decreasing
    slot_tables: IntArray  # [T], in-person meetings the slot can hold
    delegation_cap: IntArray  # [D], meetings of a delegation at once
    project_delegation: IntArray  # [P]
    project_in_person: BoolArray  # [P]
    project_avail: BoolArray  # [P, T]
    project_min: IntArray  # [P], floor; a floor above the cap is allowed and simply cannot be reached
    project_max: IntArray  # [P], cap
    counterparty_vendor: BoolArray  # [F], False for a funder
    counterparty_reps: IntArray  # [F], meetings of a counterparty at once
    counterparty_in_person: BoolArray  # [F]
    counterparty_avail: BoolArray  # [F, T]
    counterparty_min: IntArray  # [F]
    counterparty_max: IntArray  # [F]
    interpreter_pool: tuple[str, ...]  # [Q]
    interpreter_cap: IntArray  # [Q, T]
    pair_project: IntArray  # [N], never decreasing
    pair_counterparty: IntArray  # [N]
    pair_score: IntArray  # [N], 1..1000
    pair_interp: IntArray  # [N], -1 or the pool the pair needs
    pair_must: BoolArray  # [N]
    pair_rank_p: IntArray  # [N], 1 is the project's favourite, 0 no rank
    pair_rank_f: IntArray  # [N], 1 is the counterparty's favourite, 0 no rank
    locked: tuple[Meeting, ...] = ()  # (project, counterparty, slot) that must stay
    published: tuple[Meeting, ...] = ()  # the schedule before, which should change little
    name: str = ""

    @property
    def slots(self) -> int:
        """T, the number of slots."""
        return len(self.slot_tables)

    @property
    def projects(self) -> int:
        """P, the number of projects."""
        return len(self.project_max)

    @property
    def counterparties(self) -> int:
        """F, the number of counterparties."""
        return len(self.counterparty_max)

    @property
    def delegations(self) -> int:
        """D, the number of delegations."""
        return len(self.delegation_cap)

    @property
    def pools(self) -> int:
        """Q, the number of interpreter pools."""
        return len(self.interpreter_pool)

    @property
    def pairs(self) -> int:
        """N, the number of eligible pairs."""
        return len(self.pair_project)

    @cached_property
    def project_mask(self) -> list[int]:
        """Availability of each project as an integer whose bit t is slot t."""
        return bit_masks(self.project_avail)

    @cached_property
    def counterparty_mask(self) -> list[int]:
        """Availability of each counterparty as an integer whose bit t is slot t."""
        return bit_masks(self.counterparty_avail)

    @cached_property
    def pair_in_person(self) -> BoolArray:
        """[N], whether the pair's meeting takes a table: exactly when both parties are in person."""
        together = self.project_in_person[self.pair_project] & self.counterparty_in_person[self.pair_counterparty]
        return np.asarray(together, dtype=np.bool_)

    @cached_property
    def pair_index(self) -> PairIndex:
        """Position of each eligible pair (project, counterparty) in the pair arrays."""
        return PairIndex(self.pair_project, self.pair_counterparty)

    @cached_property
    def input_hash(self) -> str:
        """SHA-256 (hexadecimal) over everything but the name: equal problems have equal hashes."""
        content = self.to_json()
        del content["name"]
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @classmethod
    def from_json(cls, document: object) -> Problem:
        """The problem in a parsed ``cm-match/1`` document.

        Refuses with :class:`ProblemError` whatever is not exactly that format (types, lengths, ranges, unknown
        indices, unsorted or double pairs) and with :class:`LockConflict` locked meetings that cannot all be held.
        ``locked``, ``published`` and ``name`` may be absent; keys the format does not know are ignored.
        """
        problem = _parse(document)
        problem.check_locks()
        return problem

    def to_json(self) -> dict[str, Any]:
        """The problem as a ``cm-match/1`` document of plain lists, such as :meth:`from_json` accepts."""
        return {
            "format": FORMAT,
            "name": self.name,
            "slots": {
                "day": self.slot_day.tolist(),
                "session": self.slot_session.tolist(),
                "tables": self.slot_tables.tolist(),
            },
            "delegations": {"cap": self.delegation_cap.tolist()},
            "projects": {
                "delegation": self.project_delegation.tolist(),
                "in_person": self.project_in_person.astype(int).tolist(),
                "avail": _bit_strings(self.project_avail),
                "min": self.project_min.tolist(),
                "max": self.project_max.tolist(),
            },
            "counterparties": {
                "vendor": self.counterparty_vendor.astype(int).tolist(),
                "reps": self.counterparty_reps.tolist(),
                "in_person": self.counterparty_in_person.astype(int).tolist(),
                "avail": _bit_strings(self.counterparty_avail),
                "min": self.counterparty_min.tolist(),
                "max": self.counterparty_max.tolist(),
            },
            "interpreters": {"pool": list(self.interpreter_pool), "cap": self.interpreter_cap.tolist()},
            "pairs": {
                "p": self.pair_project.tolist(),
                "f": self.pair_counterparty.tolist(),
                "score": self.pair_score.tolist(),
                "interp": self.pair_interp.tolist(),
                "must": self.pair_must.astype(int).tolist(),
                "rank_p": self.pair_rank_p.tolist(),
                "rank_f": self.pair_rank_f.tolist(),
            },
            "locked": [list(meeting) for meeting in self.locked],
            "published": [list(meeting) for meeting in self.published],
        }

    def check_locks(self) -> None:
        """Refuse (:class:`LockConflict`, naming the first one at fault) locked meetings that cannot all be held."""
        used: Counter[tuple[str, int, int]] = Counter()
        for index, (p, f, t) in enumerate(self.locked):

            def refuse(expected: str, index: int = index, lock: Meeting = (p, f, t)) -> None:
                raise LockConflict("locked", index, expected, list(lock))

            pair = self.pair_index.get((p, f))
            if pair is None:
                refuse("an eligible pair")
                continue
            if not self.project_avail[p, t]:
                refuse(f"a slot in which project {p} is available")
            if not self.counterparty_avail[f, t]:
                refuse(f"a slot in which counterparty {f} is available")
            delegation, pool = int(self.project_delegation[p]), int(self.pair_interp[pair])
            capacities = [
                (("pair", pair, 0), 1, f"project {p} and counterparty {f} to meet once only"),
                (("project", p, t), 1, f"project {p} to have one meeting in slot {t}"),
                (("counterparty", f, t), int(self.counterparty_reps[f]), f"representatives of counterparty {f} left"),
                (("delegation", delegation, t), int(self.delegation_cap[delegation]), f"delegation {delegation} free"),
                (("project cap", p, 0), int(self.project_max[p]), f"no more locks than the cap of project {p}"),
                (("counterparty cap", f, 0), int(self.counterparty_max[f]), f"no more than the cap of party {f}"),
            ]
            if self.pair_in_person[pair]:
                capacities.append((("table", 0, t), int(self.slot_tables[t]), f"a table left in slot {t}"))
            if pool >= 0:
                left = int(self.interpreter_cap[pool, t])
                capacities.append((("interpreter", pool, t), left, f"an interpreter of pool {pool} left in slot {t}"))
            for key, capacity, expected in capacities:
                used[key] += 1
                if used[key] > capacity:
                    refuse(f"{expected} (capacity {capacity})")


def load(path: str | Path) -> Problem:
    """The problem in a ``cm-match/1`` file.

    Refuses with :class:`ProblemError` a file that is too large, not UTF-8, not JSON or not a problem; a file that
    cannot be opened is the caller's ``OSError``.
    """
    size = Path(path).stat().st_size
    if size > MAX_FILE_BYTES:
        raise ProblemError("file", None, f"at most {MAX_FILE_BYTES} bytes", size)
    return Problem.from_json(parse_json(Path(path).read_bytes()))


def parse_json(content: bytes) -> object:
    """A JSON document out of untrusted bytes; NaN, infinities, double keys and absurd nesting are refused."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_no_double_key)
    except UnicodeDecodeError as error:
        raise ProblemError("file", None, "UTF-8 text", f"byte {content[error.start]:#x} at {error.start}") from None
    except json.JSONDecodeError as error:
        got = f"{error.msg} in line {error.lineno}, column {error.colno}"
        raise ProblemError("file", None, "a JSON document", got) from None
    except RecursionError:
        raise ProblemError("file", None, "a JSON document", "a document nested too deeply") from None
    except ProblemError:
        raise
    except ValueError:
        raise ProblemError("file", None, "a JSON document", "a number with too many digits") from None


def bit_masks(matrix: BoolArray) -> list[int]:
    """Each row of a boolean [n, T] matrix as an integer whose bit t is column t."""
    packed = np.packbits(matrix, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _no_constant(text: str) -> object:
    raise ProblemError("file", None, "finite numbers only", text)


def _no_double_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        double = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ProblemError("file", None, "every key of an object once", f"{double!r} twice")
    return document


def _bit_strings(matrix: BoolArray) -> list[str]:
    characters = matrix.astype(np.uint8) + ord("0")
    return [row.tobytes().decode("ascii") for row in characters]


def _parse(document: object) -> Problem:
    """The problem of a document, checked but for its locks."""
    top = _object(document, "document")
    if top.get("format") != FORMAT:
        raise ProblemError("format", None, repr(FORMAT), top.get("format"))
    name = top.get("name", "")
    if not isinstance(name, str):
        raise ProblemError("name", None, "text", name)

    slots, delegations = _object(top.get("slots"), "slots"), _object(top.get("delegations"), "delegations")
    projects, counters = _object(top.get("projects"), "projects"), _object(top.get("counterparties"), "counterparties")
    interpreters, pairs = _object(top.get("interpreters"), "interpreters"), _object(top.get("pairs"), "pairs")

    tables = _integers(slots.get("tables"), "slots.tables", None, 0, MAX_COUNT, longest=MAX_SLOTS)
    n_slots = len(tables)
    session = _integers(slots.get("session"), "slots.session", n_slots, 0, MAX_COUNT)
    _never_decreasing(session, "slots.session", "session numbers that never decrease")
    cap = _integers(delegations.get("cap"), "delegations.cap", None, 0, MAX_COUNT, longest=MAX_PARTIES)
    p_max = _integers(projects.get("max"), "projects.max", None, 0, MAX_COUNT, longest=MAX_PARTIES)
    f_max = _integers(counters.get("max"), "counterparties.max", None, 0, MAX_COUNT, longest=MAX_PARTIES)
    n_projects, n_counters = len(p_max), len(f_max)
    pools, pool_cap = _interpreters(interpreters, n_slots)

    pair_p = _integers(pairs.get("p"), "pairs.p", None, 0, n_projects - 1, "a project", MAX_PAIRS)
    n_pairs = len(pair_p)
    pair_f = _integers(pairs.get("f"), "pairs.f", n_pairs, 0, n_counters - 1, "a counterparty")
    _never_decreasing(pair_p, "pairs.p", "pairs sorted by project")
    key = pair_p * max(1, n_counters) + pair_f
    order = np.argsort(key, kind="stable")
    double = np.flatnonzero(np.diff(key[order]) == 0)
    if len(double):
        at = int(order[double[0] + 1])
        raise ProblemError("pairs", at, "every pair once", f"project {pair_p[at]} and counterparty {pair_f[at]} again")

    return Problem(
        slot_day=_integers(slots.get("day"), "slots.day", n_slots, 0, MAX_COUNT),
        slot_session=session,
        slot_tables=tables,
        delegation_cap=cap,
        project_delegation=_integers(
            projects.get("delegation"), "projects.delegation", n_projects, 0, len(cap) - 1, "a delegation"
        ),
        project_in_person=_flags(projects.get("in_person"), "projects.in_person", n_projects),
        project_avail=_availability(projects.get("avail"), "projects.avail", n_projects, n_slots),
        project_min=_integers(projects.get("min"), "projects.min", n_projects, 0, MAX_COUNT),
        project_max=p_max,
        counterparty_vendor=_flags(counters.get("vendor"), "counterparties.vendor", n_counters),
        counterparty_reps=_integers(counters.get("reps"), "counterparties.reps", n_counters, 0, MAX_COUNT),
        counterparty_in_person=_flags(counters.get("in_person"), "counterparties.in_person", n_counters),
        counterparty_avail=_availability(counters.get("avail"), "counterparties.avail", n_counters, n_slots),
        counterparty_min=_integers(counters.get("min"), "counterparties.min", n_counters, 0, MAX_COUNT),
        counterparty_max=f_max,
        interpreter_pool=pools,
        interpreter_cap=pool_cap,
        pair_project=pair_p,
        pair_counterparty=pair_f,
        pair_score=_integers(pairs.get("score"), "pairs.score", n_pairs, 1, MAX_SCORE),
        pair_interp=_integers(pairs.get("interp"), "pairs.interp", n_pairs, -1, len(pools) - 1, "-1 or a pool"),
        pair_must=_flags(pairs.get("must"), "pairs.must", n_pairs),
        pair_rank_p=_integers(pairs.get("rank_p"), "pairs.rank_p", n_pairs, 0, MAX_COUNT),
        pair_rank_f=_integers(pairs.get("rank_f"), "pairs.rank_f", n_pairs, 0, MAX_COUNT),
        locked=parse_meetings(top.get("locked", []), "locked", n_projects, n_counters, n_slots),
        published=_published(top.get("published", []), n_projects, n_counters, n_slots),
        name=name,
    )


def parse_meetings(value: object, field: str, projects: int, counterparties: int, slots: int) -> tuple[Meeting, ...]:
    """A list of ``[project, counterparty, slot]`` with every index in range, as tuples."""
    meetings = []
    for index, entry in enumerate(_list(value, field, None, MAX_PAIRS)):
        if not isinstance(entry, list | tuple) or len(entry) != 3 or any(type(part) is not int for part in entry):
            raise ProblemError(field, index, "three integers [project, counterparty, slot]", entry)
        for part, size, what in zip(entry, (projects, counterparties, slots), ("project", "counterparty", "slot")):  # noqa: B905
            if not 0 <= part < size:
                raise ProblemError(field, index, f"a {what} index {_range(0, size - 1)}", part)
        meetings.append((entry[0], entry[1], entry[2]))
    return tuple(meetings)


def _published(value: object, projects: int, counterparties: int, slots: int) -> tuple[Meeting, ...]:
    meetings = parse_meetings(value, "published", projects, counterparties, slots)
    seen: set[tuple[int, int]] = set()
    for index, (p, f, _) in enumerate(meetings):
        if (p, f) in seen:
            raise ProblemError("published", index, "every pair once", f"project {p} and counterparty {f} again")
        seen.add((p, f))
    return meetings


def _interpreters(interpreters: dict[str, Any], slots: int) -> tuple[tuple[str, ...], IntArray]:
    pools = _list(interpreters.get("pool"), "interpreters.pool", None, MAX_POOLS)
    for index, pool in enumerate(pools):
        if not isinstance(pool, str):
            raise ProblemError("interpreters.pool", index, "the name of a pool", pool)
    rows = _list(interpreters.get("cap"), "interpreters.cap", len(pools))
    cap = np.zeros((len(pools), slots), dtype=np.int64)
    for index, row in enumerate(rows):
        cap[index] = _integers(row, f"interpreters.cap[{index}]", slots, 0, MAX_COUNT)
    return tuple(pools), cap


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProblemError(field, None, "an object", value)
    return value


def _list(value: object, field: str, length: int | None, longest: int = MAX_PAIRS) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ProblemError(field, None, "a list", value)
    if length is not None and len(value) != length:
        raise ProblemError(field, None, f"a list of {length} entries", f"{len(value)} entries")
    if len(value) > longest:
        raise ProblemError(field, None, f"at most {longest} entries", f"{len(value)} entries")
    return list(value)


def _range(low: int, high: int) -> str:
    return f"from {low} to {high}" if high >= low else "(there are none)"


def _integers(
    value: object, field: str, size: int | None, low: int, high: int, what: str = "an integer", longest: int = MAX_PAIRS
) -> IntArray:
    """A column of integers from ``low`` to ``high``; booleans and floating point numbers are not integers."""
    column = _list(value, field, size, longest)
    if set(map(type, column)) - {int}:
        index = next(i for i, entry in enumerate(column) if type(entry) is not int)
        raise ProblemError(field, index, f"{what} {_range(low, high)}", column[index])
    if column and (min(column) < low or max(column) > high):
        index = next(i for i, entry in enumerate(column) if not low <= entry <= high)
        raise ProblemError(field, index, f"{what} {_range(low, high)}", column[index])
    return np.array(column, dtype=np.int64)


def _flags(value: object, field: str, length: int) -> BoolArray:
    return _integers(value, field, length, 0, 1).astype(np.bool_)


def _never_decreasing(column: IntArray, field: str, expected: str) -> None:
    falls = np.flatnonzero(np.diff(column) < 0)
    if len(falls):
        at = int(falls[0]) + 1
        raise ProblemError(field, at, expected, f"{column[at]} after {column[at - 1]}")


def _availability(value: object, field: str, parties: int, slots: int) -> BoolArray:
    """[parties, slots] out of one text of 0 and 1 a party."""
    rows = _list(value, field, parties)
    for index, row in enumerate(rows):
        if not isinstance(row, str) or len(row) != slots or row.count("0") + row.count("1") != slots:
            raise ProblemError(field, index, f"a text of {slots} characters 0 or 1", row)
    characters = np.frombuffer("".join(rows).encode("ascii"), dtype=np.uint8)
    return np.asarray(characters.reshape(parties, slots) == ord("1"), dtype=np.bool_)
