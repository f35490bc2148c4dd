"""The house rules that a machine can check: layers, types, style."""

import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.config import ROOT

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["lint-imports", "--no-cache"],
        ["mypy"],
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        ["djlint", "templates", "--lint", "--quiet"],
    ],
    ids=["layers", "types", "lint", "format", "templates"],
)
def test_house_rule_holds(command):
    result = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_repository_names_no_registry_and_no_foreign_file():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )

    minified = [name for name in listed if name.endswith((".min.js", ".min.css")) or "/vendor/" in name]
    locks = [(ROOT / name).read_text() for name in listed if name.startswith("requirements")]

    assert minified == []
    assert all("index-url" not in text and "https://" not in text for text in locks)
