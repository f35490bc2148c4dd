"""Measure the compatibility model: all pairs by the fast path, against the plain one-pair function in the same run.

    python benchmarks/compatibility.py [--projects 2000] [--counterparties 1500] [--sample 40] [--rounds 3] [--seed 1]

Every kind of table runs in a process of its own on one thread. The profiles are random with a tenth of all fields
unknown; every project lies at a place of its own and every third funder has a circle of its own, so that nothing can be
remembered from pair to pair. The table is Markdown on standard output. On the pairs of the sample both paths are
compared, and a difference ends the run. The ratio is of CPU seconds, which a busy machine does not bend as much.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from marketplace.compatibility import Circle, explain_funder, explain_vendor  # noqa: E402 - the package is found only now.
from tests.compatibility.random_profiles import Maker  # noqa: E402

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def profiles(kind: str, projects: int, counterparties: int, seed: int) -> tuple[list[Any], list[Any]]:
    """Random profiles, all at places of their own."""
    maker, chance = Maker(seed, gaps=0.1), random.Random(seed)
    rows = [
        replace(maker.project(), latitude=chance.uniform(-35, 45), longitude=chance.uniform(-118, -35))
        for _ in range(projects)
    ]
    if kind == "vendor":
        return rows, [maker.solution() for _ in range(counterparties)]
    columns = [maker.mandate() for _ in range(counterparties)]
    for number in range(0, counterparties, 3):
        circle = Circle(chance.uniform(-35, 45), chance.uniform(-118, -35), chance.uniform(50, 2000))
        columns[number] = replace(columns[number], areas=(circle,))
    return rows, columns


def megabytes() -> float:
    """The largest memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(kind: str, projects: int, counterparties: int, sample: int, rounds: int, seed: int) -> dict[str, float]:
    """Seconds and memory of one kind of table, and of the plain function on a sample of its pairs."""
    from marketplace.compatibility.table import STATUSES, funder_table, vendor_table

    rows, columns = profiles(kind, projects, counterparties, seed)
    build, explain = (funder_table, explain_funder) if kind == "funder" else (vendor_table, explain_vendor)
    before = megabytes()

    def timed(some: list[Any], others: list[Any]) -> tuple[float, float, Any]:
        best, cpu, table = float("inf"), float("inf"), None
        for _ in range(rounds):
            began, worked = time.perf_counter(), time.process_time()
            table = build(some, others)  # type: ignore[operator]
            best, cpu = min(best, time.perf_counter() - began), min(cpu, time.process_time() - worked)
        return best, cpu, table

    whole, cpu, table = timed(rows, columns)
    memory = megabytes() - before
    one_row, _, _ = timed(rows[:1], columns)
    one_column, _, _ = timed(rows, columns[:1])
    chance = random.Random(seed)
    some = chance.sample(range(len(rows)), min(sample, len(rows)))
    others = chance.sample(range(len(columns)), min(sample, len(columns)))
    began = time.process_time()
    explained = [explain(rows[row], columns[column]) for row in some for column in others]  # type: ignore[operator]
    plain = (time.process_time() - began) / len(explained)
    for (row, column), found in zip(((row, column) for row in some for column in others), explained, strict=True):
        score = -1 if found.score is None else round(found.score * 10)
        if (score, found.status) != (table.score[row, column], STATUSES[table.status[row, column]]):
            raise SystemExit(f"{kind}: the paths differ at project {row} and counterparty {column}")
    return {
        "whole": whole,
        "cpu": cpu,
        "memory": memory,
        "one_row": one_row,
        "one_column": one_column,
        "plain": plain,
        "ratio": plain * len(rows) * len(columns) / cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=2000)
    parser.add_argument("--counterparties", type=int, default=1500)
    parser.add_argument("--sample", type=int, default=40, help="rows and columns of the sample for the plain function")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=("funder", "vendor"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind:
        measured = measure(
            options.kind, options.projects, options.counterparties, options.sample, options.rounds, options.seed
        )
        print(json.dumps(measured))
        return
    print(f"{options.projects:,} projects x {options.counterparties:,} counterparties, one thread\n")
    heads = ("", "all pairs, s", "CPU, s", "memory, MB", "plain pair, µs", "faster by", "1 project, ms", "1 other, ms")
    print(f"| {' | '.join(heads)} |\n| --- {'| ---: ' * (len(heads) - 1)}|")
    for kind in ("funder", "vendor"):
        command = [sys.executable, __file__, *sys.argv[1:], "--kind", kind]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        got = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
        cells = (
            *(f"{kind}s", f"{got['whole']:.2f}", f"{got['cpu']:.2f}", f"{got['memory']:.0f}"),
            *(f"{got['plain'] * 1e6:.0f}", f"{got['ratio']:.0f} x"),
            *(f"{got['one_row'] * 1e3:.0f}", f"{got['one_column'] * 1e3:.0f}"),
        )
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
