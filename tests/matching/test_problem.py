"""The format `cm-match/1`: what is accepted comes back unchanged, whatever else is refused by field and index."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.matching import LockConflict, Problem, ProblemError, load
from tests.matching.small_problems import document, small_documents


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document by hand with the value at a path such as ``pairs.score.2`` replaced."""
    content = copy.deepcopy(document())
    *parents, last = path.split(".")
    place: Any = content
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    place[int(last) if last.isdigit() else last] = value
    return content


@given(small_documents())
def test_document_comes_back_as_it_went_in(content: dict[str, Any]) -> None:
    assert Problem.from_json(content).to_json() == content


@pytest.mark.parametrize(
    ("path", "value", "field", "index"),
    [
        ("format", "cm-match/2", "format", None),
        ("name", 7, "name", None),
        ("slots", None, "slots", None),
        ("slots.tables", "222", "slots.tables", None),
        ("slots.tables.1", -1, "slots.tables", 1),
        ("slots.tables.1", 2.0, "slots.tables", 1),
        ("slots.day.2", True, "slots.day", 2),
        ("slots.session", [0, 1], "slots.session", None),
        ("slots.session", [0, 2, 1], "slots.session", 2),
        ("delegations.cap.0", "2", "delegations.cap", 0),
        ("projects.delegation.1", 1, "projects.delegation", 1),
        ("projects.in_person.0", 2, "projects.in_person", 0),
        ("projects.avail.1", "11", "projects.avail", 1),
        ("projects.avail.1", "1x1", "projects.avail", 1),
        ("projects.avail.0", [1, 1, 1], "projects.avail", 0),
        ("projects.min", [1], "projects.min", None),
        ("projects.max.0", None, "projects.max", 0),
        ("counterparties.reps.0", float("nan"), "counterparties.reps", 0),
        ("counterparties.max.1", 10**30, "counterparties.max", 1),
        ("counterparties.vendor.1", -1, "counterparties.vendor", 1),
        ("interpreters.pool.0", 1, "interpreters.pool", 0),
        ("interpreters.cap", [], "interpreters.cap", None),
        ("interpreters.cap.0", [1, 1], "interpreters.cap[0]", None),
        ("pairs.p", [0, 1, 0, 1], "pairs.p", 2),
        ("pairs.p.3", 2, "pairs.p", 3),
        ("pairs.f.1", 0, "pairs", 1),
        ("pairs.f.0", -1, "pairs.f", 0),
        ("pairs.score.2", 0, "pairs.score", 2),
        ("pairs.score.2", 1001, "pairs.score", 2),
        ("pairs.interp.1", 1, "pairs.interp", 1),
        ("pairs.must.0", "yes", "pairs.must", 0),
        ("pairs.rank_p.0", -1, "pairs.rank_p", 0),
        ("locked", [[0, 0]], "locked", 0),
        ("locked", [[0, 0, 3]], "locked", 0),
        ("published", [[0, 0, 0], [0, 0, 1]], "published", 1),
        ("published", {"0": 1}, "published", None),
    ],
)
def test_wrong_document_is_refused_by_field_and_index(path: str, value: Any, field: str, index: int | None) -> None:
    with pytest.raises(ProblemError) as refusal:
        Problem.from_json(changed(path, value))

    assert (refusal.value.field, refusal.value.index) == (field, index)


@pytest.mark.parametrize("missing", ["format", "slots", "delegations", "projects", "counterparties", "pairs"])
def test_document_without_a_part_is_refused(missing: str) -> None:
    content = document()
    del content[missing]

    with pytest.raises(ProblemError, match=missing):
        Problem.from_json(content)


@pytest.mark.parametrize(
    ("locks", "index"),
    [
        ([[0, 0, 0], [0, 0, 1]], 1),
        ([[0, 0, 0], [0, 1, 0]], 1),
        ([[0, 0, 0], [1, 0, 0]], 1),
        ([[1, 0, 2]], 0),
        ([[0, 1, 2]], 0),
        ([[0, 1, 0], [1, 1, 0]], 1),
    ],
)
def test_locks_that_contradict_are_refused(locks: list[list[int]], index: int) -> None:
    with pytest.raises(LockConflict) as refusal:
        Problem.from_json(document(locked=locks))

    assert (refusal.value.field, refusal.value.index) == ("locked", index)


def test_lock_of_a_pair_that_is_not_eligible_is_refused() -> None:
    content = document(locked=[[1, 1, 0]])
    content["pairs"] = {column: values[:3] for column, values in content["pairs"].items()}

    with pytest.raises(LockConflict, match="eligible"):
        Problem.from_json(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[1, 2",
        b'{"format": NaN}',
        b'{"format": "cm-match/1", "format": "cm-match/1"}',
        b"[" * 100_000,
        b"1" * 10_000,
        b"[]",
    ],
)
def test_file_that_is_no_document_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "problem.json"
    file.write_bytes(content)

    with pytest.raises(ProblemError):
        load(file)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_anything_in_a_place_is_refused_or_accepted_but_never_fails(value: Any) -> None:
    for path in ("slots", "projects.avail", "pairs.score", "interpreters.cap", "locked", "published.0"):
        content = document(published=[[0, 0, 0]])
        *parents, last = path.split(".")
        place: Any = content
        for part in parents:
            place = place[part]
        place[int(last) if last.isdigit() else last] = value
        with contextlib.suppress(ProblemError):
            Problem.from_json(content)


def test_floor_above_the_cap_is_allowed() -> None:
    problem = Problem.from_json(changed("projects.min.0", 9))

    assert problem.project_min.tolist() == [9, 1]


def test_hash_ignores_the_name_and_nothing_else() -> None:
    one = Problem.from_json(document())

    assert Problem.from_json(document(name="other")).input_hash == one.input_hash
    assert Problem.from_json(changed("pairs.score.0", 501)).input_hash != one.input_hash


def test_masks_have_a_bit_for_every_available_slot() -> None:
    problem = Problem.from_json(document())

    assert problem.project_mask == [0b111, 0b011]


def test_loaded_file_is_the_document(tmp_path: Path) -> None:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(document()), encoding="utf-8")

    assert load(file).to_json() == document()


def test_refusal_survives_the_way_out_of_a_process() -> None:
    refusal = ProblemError("pairs.score", 3, "an integer", "x" * 200)

    again = pickle.loads(pickle.dumps(refusal))

    assert (str(again), again.field, again.index) == (str(refusal), "pairs.score", 3)
