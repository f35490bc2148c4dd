"""The benchmark of the compatibility model runs, compares both paths and prints a row per kind."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "compatibility.py"


def test_benchmark_prints_a_row_for_funders_and_vendors():
    command = [
        sys.executable,
        str(SCRIPT),
        "--projects",
        "7",
        "--counterparties",
        "6",
        "--sample",
        "5",
        "--rounds",
        "1",
    ]

    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "7 projects x 6 counterparties" in printed
    assert [line.split("|")[1].strip() for line in printed.splitlines() if line.endswith("|")][2:] == [
        "funders",
        "vendors",
    ]
