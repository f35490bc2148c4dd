"""Generated problems are valid, feasible, seeded, and scarce in what their profile says."""

import json
import subprocess
import sys
from pathlib import Path

import generate as generator
import numpy as np
import pytest
from generate import PROFILES, SIZES, generate

from marketplace.matching import Problem, check


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("size", ["tiny", "S", "M", "L"])
def test_generated_problem_has_its_size_and_locks_that_can_be_held(size, profile):
    spec = SIZES[size]

    problem = Problem.from_json(generate(size, profile, seed=4))

    assert (problem.projects, problem.counterparties, problem.slots) == (spec.projects, spec.counterparties, spec.slots)
    assert problem.name == f"{size}-{profile}-4"
    assert check(problem, problem.locked) == []
    assert problem.pairs > 2 * problem.projects


def test_same_seed_gives_the_same_problem_and_another_seed_another():
    first, again, other = generate("M", "base", 1), generate("M", "base", 1), generate("M", "base", 2)

    assert first == again
    assert first["pairs"] != other["pairs"]


def test_profiles_make_scarce_what_they_are_named_after():
    problems = {profile: Problem.from_json(generate("L", profile, 3)) for profile in PROFILES}

    def ratio(profile, measure):
        return measure(problems[profile]) / measure(problems["base"])

    assert ratio("scarce-tables", lambda p: p.slot_tables.sum()) == pytest.approx(0.45, abs=0.02)
    assert ratio("mostly-online", lambda p: p.pair_in_person.mean()) < 0.15
    assert ratio("dense-wishes", lambda p: p.pairs) > 2
    assert ratio("scarce-availability", lambda p: p.project_avail.mean()) < 0.55


def test_locked_and_published_variants_hold_together():
    document = generate("M", "base", 5, locked=0.2, published=True)

    problem = Problem.from_json(document)

    assert len(problem.locked) == round(0.2 * int(problem.project_max.sum()))
    assert set(problem.locked) <= set(problem.published)
    codes = {violation.code for violation in check(problem, problem.published)}
    assert codes <= {"project_unavailable", "counterparty_unavailable"}
    assert codes


def test_larger_sizes_keep_the_density_of_their_specification():
    document = generate("XL", "base", 1)

    assert len(document["pairs"]["p"]) == pytest.approx(0.036 * 2000 * 1500, rel=0.03)
    assert np.all(np.diff(np.array(document["pairs"]["p"])) >= 0)


def test_script_writes_a_problem_file(tmp_path):
    path = tmp_path / "problem.json"

    subprocess.run(
        [sys.executable, generator.__file__, "tiny", "--profile", "scarce-tables", "--seed", "3", "-o", str(path)],
        check=True,
        cwd=Path(tmp_path),
    )

    assert json.loads(path.read_text(encoding="utf-8")) == generate("tiny", "scarce-tables", 3)
