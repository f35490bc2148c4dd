"""The commands of the engine: what they write, what they say, and how they refuse."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from marketplace.cli.match import match
from marketplace.matching import Problem, check, evaluate

ROOT = Path(__file__).resolve().parents[2]

DOCUMENT = {
    "format": "cm-match/1",
    "name": "two by two",
    "slots": {"day": [0, 0], "session": [0, 0], "tables": [2, 2]},
    "delegations": {"cap": [2]},
    "projects": {
        "delegation": [0, 0],
        "in_person": [1, 1],
        "avail": ["11", "11"],
        "min": [1, 1],
        "max": [2, 2],
    },
    "counterparties": {
        "vendor": [0, 1],
        "reps": [1, 1],
        "in_person": [1, 1],
        "avail": ["11", "10"],
        "min": [0, 0],
        "max": [2, 2],
    },
    "interpreters": {"pool": [], "cap": []},
    "pairs": {
        "p": [0, 0, 1, 1],
        "f": [0, 1, 0, 1],
        "score": [900, 800, 700, 600],
        "interp": [-1, -1, -1, -1],
        "must": [0, 0, 0, 0],
        "rank_p": [1, 2, 1, 2],
        "rank_f": [1, 1, 2, 2],
    },
    "locked": [],
    "published": [],
}
BEST = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]


def run(*arguments):
    return CliRunner().invoke(match, [str(argument) for argument in arguments])


def written(path, document):
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def answer(meetings, **objective):
    """A schedule document whose values are right unless stated otherwise."""
    right = evaluate(Problem.from_json(DOCUMENT), [tuple(meeting) for meeting in meetings]).to_json()
    return {
        "meetings": meetings,
        "objective": {**right, **objective},
        "bound": {"must": 0, "floors": 4, "score": 2400},
        "proven_optimal": True,
        "seed": 0,
        "seconds": 0.1,
    }


@pytest.fixture
def problem(tmp_path):
    return written(tmp_path / "problem.json", DOCUMENT)


@pytest.fixture
def schedule(tmp_path):
    return written(tmp_path / "schedule.json", answer(BEST))


def test_solve_writes_the_optimal_schedule_with_its_certificate(problem, tmp_path):
    output = tmp_path / "answer.json"

    result = run("solve", problem, "-o", output, "--seconds", "5", "--seed", "3")

    assert result.exit_code == 0, result.output
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["meetings"] == BEST
    assert document["objective"] == {"must": 0, "floors": 4, "score": 2400, "gaps": 0, "moved": 0, "dropped": 0}
    assert document["bound"] == {"must": 0, "floors": 4, "score": 2400}
    assert (document["proven_optimal"], document["seed"]) == (True, 3)
    assert run("check", problem, output).exit_code == 0


def test_solve_to_standard_output_leaves_it_to_the_answer(problem):
    result = run("solve", problem, "-o", "-", "--seconds", "5")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["meetings"] == BEST
    assert "value 2400" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "file: expected a JSON document"),
        ("[]", "document: expected an object, got []"),
        (json.dumps({**DOCUMENT, "format": "cm-match/2"}), "format: expected 'cm-match/1', got 'cm-match/2'"),
        (
            json.dumps({**DOCUMENT, "pairs": {**DOCUMENT["pairs"], "score": [900, 800, "x", 600]}}),
            "pairs.score[2]: expected an integer",
        ),
        (json.dumps({**DOCUMENT, "locked": [[0, 0, 0], [0, 1, 0]]}), "locked[1]: expected project 0 to have one"),
    ],
    ids=["not JSON", "not an object", "another format", "a word for a score", "locks that contradict each other"],
)
def test_bad_problem_is_refused_by_field_and_index_and_nothing_is_written(tmp_path, text, words):
    path, output = tmp_path / "bad.json", tmp_path / "answer.json"
    path.write_text(text, encoding="utf-8")

    result = run("solve", path, "-o", output)

    assert result.exit_code == 2
    assert f"{path}: {words}" in result.stderr
    assert not output.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["solve", "missing.json", "-o", "-"],
        ["solve", "{problem}", "-o", "missing/answer.json"],
        ["solve", "{problem}"],
        ["solve", "{problem}", "-o", "-", "--seconds", "-1"],
        ["repair", "{problem}", "{schedule}", "-o", "-", "--cancel-meeting", "0"],
        ["repair", "{problem}", "{schedule}", "-o", "-", "--cancel-project", "2"],
        ["repair", "{problem}", "{schedule}", "-o", "-", "--lost-tables", "9=1"],
        ["walk-in", "{problem}", "{schedule}", "--slot", "0"],
        ["walk-in", "{problem}", "{schedule}", "--slot", "9", "--project", "0"],
        ["check", "{problem}", "{problem}"],
        ["explain", "{problem}", "{schedule}", "--project", "2"],
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_bad_arguments_end_with_code_two(problem, schedule, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    result = run(*(argument.format(problem=problem, schedule=schedule) for argument in arguments))

    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_check_is_content_with_a_right_schedule(problem, schedule):
    result = run("check", problem, schedule)

    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (answer([[0, 0, 0], [0, 1, 0]]), "project_twice: project 0 used 2 times in slot 0, capacity 1"),
        (answer(BEST, score=2401), "objective.score: 2401 is stated, 2400 is right"),
        ({**answer(BEST), "bound": {"must": 0, "floors": 4, "score": 2399}}, "bound.score: 2399 is below the value"),
    ],
    ids=["a broken rule", "a wrong value", "a bound that is none"],
)
def test_check_names_what_is_wrong_and_ends_with_code_one(problem, tmp_path, document, words):
    result = run("check", problem, written(tmp_path / "wrong.json", document))

    assert result.exit_code == 1
    assert words in result.stdout


def test_explain_says_why_and_what_would_do(problem, schedule, tmp_path):
    output = tmp_path / "reasons.json"

    result = run("explain", problem, schedule, "--project", "1", "-o", output)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "project 1, counterparty 1 (value 600): in every common slot at least two things are taken at once; "
        "would do: counterparty 1 becomes available in slot 1.",
        "Reasons: several 1",
        "Smallest changes: counterparty_slot 1",
    ]
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["reasons"] == {"several": 1}
    assert [line["met"] for line in document["fairness"]["by_project"]] == [2, 1]


def test_explain_says_what_minimums_cost(problem, schedule, tmp_path):
    output = tmp_path / "reasons.json"

    result = run("explain", problem, schedule, "--price", "4", "-o", output)

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "Price of the minimums: 0.000 % of the value"
    assert json.loads(output.read_text(encoding="utf-8"))["price"] == {
        "with_floors": 2400,
        "without_floors": 2400,
        "bound_with": 2400,
        "bound_without": 2400,
        "share": 0.0,
    }


def test_explain_refuses_a_schedule_that_breaks_a_rule(problem, tmp_path):
    result = run("explain", problem, written(tmp_path / "wrong.json", answer([[0, 0, 0], [0, 1, 0]])))

    assert result.exit_code == 1
    assert "breaks a rule" in result.stderr


def test_repair_writes_the_difference_and_an_answer_that_checks_against_the_changed_problem(
    problem, schedule, tmp_path
):
    output, changed = tmp_path / "mended.json", tmp_path / "changed.json"

    result = run("repair", problem, schedule, "--cancel-project", "0", "-o", output, "--changed-problem", changed)

    assert result.exit_code == 0, result.output
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["meetings"] == [[1, 0, 1], [1, 1, 0]]
    assert document["difference"] == {
        "kept": 0,
        "moved": [[1, 0, 0, 1]],
        "dropped": [[0, 0, 1], [0, 1, 0]],
        "new": [[1, 1, 0]],
    }
    assert run("check", changed, output).exit_code == 0


def test_repair_takes_meetings_rooms_frozen_slots_and_the_limit_of_moves(problem, schedule):
    result = run(
        *("repair", problem, schedule, "--cancel-meeting", "0,1", "--lost-tables", "1=2"),
        *("--frozen-until", "1", "--max-moves", "0", "-o", "-"),
    )

    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["meetings"] == [[0, 1, 0], [1, 0, 0]]
    assert document["difference"]["dropped"] == [[0, 0, 1]]


def test_walk_in_lists_partners_the_best_first(problem, tmp_path):
    alone = written(tmp_path / "alone.json", answer([[1, 0, 1]]))

    result = run("walk-in", problem, alone, "--project", "0", "--slot", "0")

    assert (result.exit_code, result.stdout) == (0, "counterparty 0  value 900\ncounterparty 1  value 800\n")


def test_walk_in_without_a_free_partner_ends_with_code_one(problem, schedule):
    result = run("walk-in", problem, schedule, "--project", "0", "--slot", "0")

    assert (result.exit_code, result.stdout) == (1, "")


def test_interrupt_ends_the_search_with_the_best_answer_so_far(tmp_path):
    path, output = tmp_path / "large.json", tmp_path / "answer.json"
    subprocess.run([sys.executable, ROOT / "benchmarks" / "generate.py", "M", "-o", path], check=True)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from marketplace.cli.match import match; match()"
    command = [sys.executable, "-c", code, "solve", str(path), "-o", str(output), "--seconds", "60"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    process.stderr.readline()  # The first line of progress: the search has begun.
    time.sleep(0.2)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == 130
    document = json.loads(output.read_text(encoding="utf-8"))
    problem = Problem.from_json(json.loads(path.read_text(encoding="utf-8")))
    assert check(problem, document["meetings"]) == []
    assert document["complete"] is False


DZN = """
nBusiness = 3; nMeetings = 3; nTables = 1; nTotalSlots = 4; nMorningSlots = 2;
requested = [| 1, 2, 3 | 2, 3, 3 | 1, 3, 3 |];
forbidden = [{0}, {0}, {0}]; fixed = [0, 0, 0]; precedences = [{}, {}, {}];
"""


def test_timetable_is_written_with_its_proof_and_checks(tmp_path):
    meetings, output = tmp_path / "meetings.dzn", tmp_path / "timetable.json"
    meetings.write_text(DZN, encoding="utf-8")

    result = run("timetable", meetings, "-o", output, "--seconds", "10", "--fairness", "2")

    assert result.exit_code == 0, result.output
    document = json.loads(output.read_text(encoding="utf-8"))
    assert (document["status"], document["breaks"], document["bound"]) == ("optimal", 1, 1)
    assert sorted(document["slots"])[0] >= 1
    assert run("check", meetings, output).exit_code == 0
    assert run("check", meetings, output, "--fairness", "0").exit_code == 1


def test_impossible_timetable_ends_with_code_one_and_a_reason(tmp_path):
    meetings = tmp_path / "meetings.dzn"
    meetings.write_text(DZN.replace("nTotalSlots = 4", "nTotalSlots = 2"), encoding="utf-8")

    result = run("timetable", meetings, "-o", "-", "--seconds", "10")

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert (document["status"], document["slots"], document["breaks"]) == ("infeasible", [], None)
    assert document["reason"]


def test_bad_timetable_file_is_refused_by_field_and_nothing_is_written(tmp_path):
    meetings, output = tmp_path / "meetings.dzn", tmp_path / "timetable.json"
    meetings.write_text(DZN.replace("| 2, 3, 3 |", "| 2, 9, 3 |"), encoding="utf-8")

    result = run("timetable", meetings, "-o", output)

    assert result.exit_code == 2
    assert "requested[2]: expected participants from 1 to 3, got 9" in result.stderr
    assert not output.exists()
