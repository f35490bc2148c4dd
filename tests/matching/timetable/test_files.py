"""Data files: every form of them gives the same problem, and every fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.matching.timetable import DataFileError, TimetableProblem, load, parse, render
from tests.matching.timetable.small_problems import problem, small_problems

PLAIN = """
nBusiness = 3; nMeetings = 2; nTables = 1; nTotalSlots = 4; nMorningSlots = 2;
requested = [|1, 2, 3, |2, 3, 1, |];
forbidden = [{0}, {0, 4}, {0}];
fixed = [0, 2];
precedences = [{2}, {}];
"""
EXPECTED = problem((0, 1), (1, 2, 1), tables=1, morning=2, forbidden={1: [3]}, fixed={1: 1}, after={0: [1]})


@given(small_problems())
def test_data_file_of_a_problem_gives_the_problem_back(given_problem: TimetableProblem) -> None:
    text = render(given_problem)

    assert parse(text) == given_problem


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("nBusiness = 3;", "% three\nnBusiness\n=3 ;/* of\nthem */", id="comments and blanks"),
        pytest.param("[|1, 2, 3, |2, 3, 1, |]", "[|1,2,3|2,3,1|]", id="no trailing separators"),
        pytest.param("[|1, 2, 3, |2, 3, 1, |]", "array2d(1..2, 1..3, [1,2,3,2,3,1])", id="array2d"),
        pytest.param("[|1, 2, 3, |2, 3, 1, |]", "[[1, 2], [2, 3, 1]]", id="rows without a session"),
        pytest.param("fixed = [0, 2]", "fixed = array1d(1..2, [0, 2])", id="array1d"),
        pytest.param("[{0}, {0, 4}, {0}]", "[|0, 0|0, 4|0, 0|]", id="rows for sets"),
        pytest.param("[{0}, {0, 4}, {0}]", "[{}, 4..4, {}]", id="range for a set"),
        pytest.param("precedences = [{2}, {}]", "precedences = [|2 | 0|]", id="rows of precedences"),
        pytest.param("nMeetings = 2;", "", id="without the number of meetings"),
        pytest.param("nTotalSlots", "\ufeffunknown = [true, {1..3}]; nTotalSlots".lstrip("\ufeff"), id="other field"),
        pytest.param("precedences = [{2}, {}];", "precedences = [{2}, {}]", id="no final semicolon"),
        pytest.param(
            "fixed", "nMeetingsBusiness = [1,2,1]; meetingsxBusiness = [{1,2},{1,2,3},{3}]; fixed", id="twice"
        ),
    ],
)
def test_file_in_another_form_gives_the_same_problem(before: str, after: str) -> None:
    assert before in PLAIN

    found = parse(PLAIN.replace(before, after))

    assert found == EXPECTED


def test_file_with_only_what_is_needed_has_free_meetings_in_one_session() -> None:
    found = parse("nBusiness=2; nTables=1; nTotalSlots=3; requested=[|1,2|2,1|];")

    assert found == problem((0, 1), (1, 0), slots=3, tables=1)


def test_file_without_meetings_is_a_problem() -> None:
    found = parse("nBusiness=0; nMeetings=0; nTables=0; nTotalSlots=0; nMorningSlots=0; requested=[||]; fixed=[];")

    assert found == problem(slots=0, tables=0)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("nTables = 1;", "", "nTables: expected this field in the file, got 'nothing'"),
        ("nTables = 1;", "nTables = -1;", "nTables: expected a number from 0 to 1000000, got -1"),
        ("nTables = 1;", "nTables = true;", "nTables: expected a number from 0 to 1000000, got True"),
        ("nTables = 1;", "nTables = 1 + 1;", "nTables: expected ';' in line 2, got '+'"),
        ("nTables = 1;", "nTables = 1; nTables = 2;", "nTables: expected one value only, got 'a second one in line 2'"),
        ("nTables = 1;", "= 1;", "the file: expected the name of a field in line 2, got '='"),
        ("nTables = 1;", f"nTables = {'9' * 5000};", "nTables: expected a number of at most 9 digits in line 2, got"),
        ("nMorningSlots = 2", "nMorningSlots = 5", "nMorningSlots: expected a number from 0 to 4, got 5"),
        (
            "nMeetings = 2",
            "nMeetings = 3",
            "requested: expected 3 entries, one per meeting (nMeetings), got '2 entries'",
        ),
        ("|2, 3, 1, |", "|2, 4, 1, |", "requested[2]: expected participants from 1 to 3, got 4"),
        ("|2, 3, 1, |", "|2, 2, 1, |", "requested[2]: expected two different participants, got '2 twice'"),
        (
            "|2, 3, 1, |",
            "|2, 3, 4, |",
            "requested[2]: expected session 1 (morning), 2 (afternoon) or 3 (either), got 4",
        ),
        ("|2, 3, 1, |", "|2, |", "requested[2]: expected a row of two participants and a session, got [2]"),
        ("|2, 3, 1, |", "|{2}, 3, 1, |", "requested[2]: expected participants from 1 to 3, got [2]"),
        ("{0, 4}", "{0, 5}", "forbidden[2]: expected slots from 1 to 4, or 0 as a filler, got 5"),
        ("{0, 4}", "4", "forbidden[2]: expected a set, got 4"),
        ("{0, 4}", "{0, {true}}", "forbidden: expected only integers in a set in line 4, got 'others'"),
        ("{0, 4}, ", "", "forbidden: expected 3 entries, one per participant, got '2 entries'"),
        ("fixed = [0, 2]", "fixed = [0, 5]", "fixed[2]: expected a slot from 1 to 4, or 0 for none, got 5"),
        ("fixed = [0, 2]", "fixed = {0, 2}", "fixed: expected an array, got [0, 2]"),
        ("fixed = [0, 2]", "fixed = array2d(1..2, 1..2, [0, 2])", "fixed: expected one or two dimensions, and as many"),
        ("fixed = [0, 2]", "fixed = [0, 2", "fixed: expected ',' in line 5, got ';'"),
        ("[{2}, {}]", "[{3}, {}]", "precedences[1]: expected meetings from 1 to 2, or 0 as a filler, got 3"),
        ("[{2}, {}]", "[1..999999999, {}]", "precedences: expected a range of at most 100000 numbers in line 6"),
        ("[{2}, {}]", "[" * 5000, "precedences: expected at most 8 levels of brackets in line 6, got '['"),
        ("fixed", "nMeetingsBusiness = [1, 1, 1]; fixed", "nMeetingsBusiness[2]: expected 2 as in requested, got 1"),
        (
            "fixed",
            "meetingsxBusiness = [{1,2},{1,2},{3}]; fixed",
            "meetingsxBusiness[2]: expected its meetings in requested, each plus one, [2, 3], got [2]",
        ),
    ],
)
def test_file_with_a_fault_is_refused_by_field_entry_and_expectation(before: str, after: str, message: str) -> None:
    assert before in PLAIN

    with pytest.raises(DataFileError) as refusal:
        parse(PLAIN.replace(before, after, 1))

    assert str(refusal.value).startswith(message)


@given(st.text(alphabet='[]{}|(),;=.%/*"-019anBusiness \n', max_size=60))
def test_text_of_any_kind_is_refused_by_name(text: str) -> None:
    with pytest.raises(DataFileError) as refusal:
        parse("nBusiness = 2; " + text)

    assert refusal.value.expected


def test_load_of_a_file_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "meetings.dzn"
    path.write_bytes(b"\xef\xbb\xbf" + PLAIN.encode())

    assert load(path) == EXPECTED


@pytest.mark.parametrize("content", [None, b"nBusiness = \xff;", b"%" * 16_000_001], ids=["none", "bytes", "large"])
def test_load_of_an_unreadable_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "meetings.dzn"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DataFileError, match=r"^the file: expected"):
        load(path)
