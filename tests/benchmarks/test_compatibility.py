"""The benchmark of the compatibility model runs, compares both paths and prints what it measured."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "compatibility.py"


def test_benchmark_prints_a_row_for_funders_for_vendors_and_for_the_worker():
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

    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout

    assert "7 projects x 6 counterparties" in printed
    rows = [line.split("|")[1].strip() for line in printed.splitlines() if line.endswith("|")]
    assert [row for row in rows if row and not row.startswith("-")] == [
        "funders",
        "vendors",
        "read, compared and stored",
    ]
