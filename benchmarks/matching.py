"""Measure the engine against its peers and against its own certified bound, every run in a process of its own.

    python benchmarks/matching.py problem.json other.json
    python benchmarks/matching.py --sizes S M L --profiles base scarce-tables --seeds 1 2 --svg docs/img

The tables are Markdown on standard output, progress is on standard error. A row says what a method reached of the bound
that the engine certified for the same problem in the same run. CP-SAT joins in at size S when ortools is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the package is found only now.
from generate import PROFILES, SIZES, generate  # noqa: E402
from peers import PEERS, cp_sat  # noqa: E402
from plot import dots  # noqa: E402

from marketplace.matching import Problem, check, evaluate, load  # noqa: E402
from marketplace.matching.repair import Repair  # noqa: E402

ENGINE, CP_SAT = "engine", "CP-SAT plain model"
SECONDS = {"tiny": 2.0, "S": 2.0, "M": 5.0, "L": 20.0, "XL": 60.0, "XXL": 180.0}
CP_SAT_SECONDS = 60.0
MOST_SECONDS = 120.0  # for the bound of what a repair can reach
LOOK_SECONDS = 0.05  # between two looks at the memory


@dataclass(frozen=True)
class Row:
    """One method on one problem."""

    problem: str
    method: str
    meetings: int
    must: int
    floors: int
    score: int
    gaps: int
    bound: tuple[int, int, int] | None
    proven: bool
    seconds: float
    cpu: float
    megabytes: float


def run(method: str, path: str, seconds: float, seed: int) -> dict[str, Any]:
    """Run one method in this process and return what it reached and used, as plain values."""
    problem = load(path)
    bound, proven = None, False
    started = time.monotonic()
    if method == ENGINE:
        from marketplace.matching import solve

        schedule = solve(problem, seconds=seconds, seed=seed)
        meetings = list(schedule.meetings)
        bound = (schedule.bound.must, schedule.bound.floors, schedule.bound.score)
        proven = schedule.proven_optimal
    elif method == CP_SAT:
        meetings, proven = cp_sat(problem, seed, CP_SAT_SECONDS)
    else:
        meetings = PEERS[method](problem, seed)
    elapsed = time.monotonic() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    if broken := check(problem, meetings):
        raise SystemExit(f"{method} on {path}: {broken[0]}")
    value = evaluate(problem, meetings)
    return {
        "problem": Path(path).stem,
        "method": method,
        "meetings": len(meetings),
        "must": value.must,
        "floors": value.floors,
        "score": value.score,
        "gaps": value.gaps,
        "bound": bound,
        "proven": proven,
        "seconds": elapsed,
        "cpu": sum(times.ru_utime + times.ru_stime for times in used),
    }


def run_apart(method: str, path: str, seconds: float, seed: int) -> Row:
    """Run one method in a fresh interpreter."""
    command = [sys.executable, __file__, "--run", method, path, "--seconds", str(seconds), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, megabytes_of(process.pid))
            time.sleep(LOOK_SECONDS)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(process.returncode)
    values = json.loads(output.splitlines()[-1])
    values["bound"] = values["bound"] and tuple(values["bound"])
    row = Row(**values, megabytes=peak)
    print(f"{row.problem:32} {row.method:22} {row.score:10} {row.seconds:8.2f} s", file=sys.stderr)
    return row


def megabytes_of(pid: int) -> float:
    """The memory that a process and its descendants hold just now, what they share counted once (Linux; else 0).

    The kernel's own peak of a child is of no use here: it begins with what its parent held when it was started.
    """
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    share = next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(share) / 1024 + sum(megabytes_of(int(child)) for child in children)


def measured(path: str, size: str | None, options: argparse.Namespace) -> list[Row]:
    """All methods on one problem, the engine first."""
    seconds = options.seconds or SECONDS[size or _size_like(path)]
    methods = [ENGINE]
    if not options.no_peers:
        methods += PEERS
        if (size or _size_like(path)) in ("tiny", "S") and importlib.util.find_spec("ortools"):
            methods.append(CP_SAT)
    return [run_apart(method, path, seconds, options.seed) for method in methods]


def _size_like(path: str) -> str:
    """The smallest size with at least as many projects."""
    projects = load(path).projects
    return next((name for name, size in SIZES.items() if size.projects >= projects), "XXL")


def table(rows: list[Row]) -> str:
    """The engine's rows as a Markdown table."""
    lines = [
        "| problem | value, % of bound | musts | floors | idle gaps per meeting | seconds | CPU s | MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        if row.method == ENGINE and row.bound is not None:
            must, floors, score = row.bound
            share = "100 (proven)" if row.proven else f"{100 * row.score / max(1, score):.3f}"
            lines.append(
                f"| {row.problem} | {share} | {row.must}/{must} | {row.floors}/{floors} "
                f"| {row.gaps / max(1, row.meetings):.3f} | {row.seconds:.1f} | {row.cpu:.1f} | {row.megabytes:.0f} |"
            )
    return "\n".join(lines)


def comparison(rows: list[Row]) -> str:
    """All methods as a Markdown table: value in per cent of the bound, musts lost, parties under their floor, gaps."""
    methods = list(dict.fromkeys(row.method for row in rows))
    bounds = {row.problem: row.bound for row in rows if row.bound}
    lines = [
        f"| problem | {' | '.join(methods)} |",
        f"|---|{'---|' * len(methods)}",
    ]
    for problem, (must, floors, score) in bounds.items():
        cells = {
            row.method: f"{100 * row.score / max(1, score):.2f}; {must - row.must}; {floors - row.floors}; "
            f"{row.gaps / max(1, row.meetings):.2f}" + (" (optimum)" if row.proven and row.method == CP_SAT else "")
            for row in rows
            if row.problem == problem
        }
        lines.append(f"| {problem} | {' | '.join(cells.get(method, '-') for method in methods)} |")
    return "\n".join(lines)


def plots(rows: list[Row]) -> dict[str, str]:
    """Value in per cent of the bound and idle gaps per meeting, one row a problem; SVG texts by file name."""
    bounds = {row.problem: row.bound for row in rows if row.bound}
    problems = list(dict.fromkeys(row.problem for row in rows))

    def lines(measure: Callable[[Row], float]) -> list[tuple[str, dict[str, float]]]:
        return [(name, {row.method: measure(row) for row in rows if row.problem == name}) for name in problems]

    value = lines(lambda row: 100 * row.score / max(1, bounds[row.problem][2]))
    gaps = lines(lambda row: row.gaps / max(1, row.meetings))
    return {
        "matching-value.svg": dots("Value reached", "per cent of the certified upper bound", value, 60, 100, 5),
        "matching-gaps.svg": dots("Waiting between meetings", "idle gaps per meeting", gaps, 0, 0.8, 0.1),
    }


def most_with_few_moves(problem: Problem, mended: Repair) -> float | None:
    """The linear bound of the score of a schedule that drops nothing of what still holds and moves at most 0.5 % of it.

    ``problem`` is the changed one. The programme has all pairs timed; musts and floors are left out, so no schedule
    with the same freedom of movement has more. None where the simplex method does not finish it in
    ``MOST_SECONDS``.
    """
    import highspy

    from marketplace.matching.linear import load_model, model_of
    from marketplace.matching.relaxation import relax
    from marketplace.matching.repair import VOLUNTARY_MOVES
    from marketplace.matching.residual import after_locks

    residual = after_locks(problem)
    relaxation = relax(residual, problem.slots)
    before = np.full(problem.pairs, -1)
    for p, f, t in [*mended.kept, *((p, f, t) for p, f, t, _ in mended.moved)]:
        before[problem.pair_index[p, f]] = t
    before = before[residual.pairs]
    model = model_of(relaxation, "score", 0, 0)
    highs = load_model(model, integral=False)
    was = before[relaxation.pair]
    moves = np.flatnonzero((was >= 0) & (relaxation.slot != was)).astype(np.int32)
    highs.addRow(-highspy.kHighsInf, VOLUNTARY_MOVES * (before >= 0).sum(), len(moves), moves, np.ones(len(moves)))
    columns = np.bincount(relaxation.pair, minlength=relaxation.pairs)
    once = model.capacity_rows + np.cumsum(columns > 1) - 1  # the row in which a pair with several slots meets once
    for pair in np.flatnonzero(before >= 0).tolist():
        if columns[pair] > 1:
            highs.changeRowBounds(int(once[pair]), 1.0, 1.0)
        else:
            highs.changeColBounds(int(np.searchsorted(relaxation.pair, pair)), 1.0, 1.0)
    highs.setOptionValue("solver", "simplex")
    highs.setOptionValue("time_limit", MOST_SECONDS)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return -float(highs.getInfo().objective_function_value) + residual.locked_score


def repair_table(paths: list[str], seconds: float | None, seed: int) -> str:
    """Cancel five per cent of the parties of a good schedule, mend it, and solve afresh to compare."""
    lines = [
        "| problem | value, % of fresh | at most so | moved, % of kept | kept | dropped | new | seconds | CPU s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    from marketplace.matching import solve
    from marketplace.matching.repair import Changes, repair

    for path in paths:
        problem = load(path)
        limit = seconds or SECONDS[_size_like(path)]
        schedule = solve(problem, seconds=limit, seed=seed)
        rng = np.random.default_rng(seed)
        changes = Changes(
            cancelled_projects=frozenset(rng.choice(problem.projects, problem.projects // 20, False).tolist()),
            cancelled_counterparties=frozenset(
                rng.choice(problem.counterparties, problem.counterparties // 20, False).tolist()
            ),
        )
        repair(problem, schedule, changes, seed=seed)  # Libraries are imported by the first call.
        began = time.process_time()
        mended = repair(problem, schedule, changes, seed=seed)
        cpu = time.process_time() - began
        changed = replace(changes.applied(problem), locked=mended.problem.locked)
        value = max(1, solve(changed, seconds=limit, seed=seed).objective.score) / 100
        most = most_with_few_moves(changed, mended)
        moved = len(mended.moved) / max(1, len(mended.kept))
        lines.append(
            f"| {Path(path).stem} | {mended.objective.score / value:.2f} "
            f"| {'-' if most is None else format(most / value, '.2f')} | {100 * moved:.2f} "
            f"| {len(mended.kept)} | {len(mended.dropped)} | {len(mended.new)} | {mended.seconds:.2f} | {cpu:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the tables, write the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="problems to measure")
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=[], help="generated problems to measure as well")
    parser.add_argument("--profiles", nargs="*", choices=PROFILES, default=["base"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1], help="seeds of the generated problems")
    parser.add_argument("--seed", type=int, default=1, help="seed of the methods")
    parser.add_argument("--seconds", type=float, help="limit of the engine; the goal of the size by default")
    parser.add_argument("--no-peers", action="store_true", help="the engine only")
    parser.add_argument("--repair", action="store_true", help="measure repair after five per cent have cancelled")
    parser.add_argument("--svg", type=Path, help="folder to write the plots to")
    parser.add_argument("--json", type=Path, help="add the rows to this file, one JSON object a line")
    parser.add_argument("--from-json", type=Path, help="measure nothing; tables and plots of rows written before")
    parser.add_argument("--run", nargs=2, metavar=("METHOD", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.run:
        print(json.dumps(run(options.run[0], options.run[1], options.seconds, options.seed)))
        return
    rows = read_rows(options.from_json) if options.from_json else measure_all(options)
    if options.repair:
        return
    print(table(rows), comparison(rows), sep="\n\n")
    if options.json:
        with options.json.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row.__dict__) + "\n" for row in rows)
    if options.svg:
        options.svg.mkdir(parents=True, exist_ok=True)
        for name, text in plots(rows).items():
            (options.svg / name).write_text(text, encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """The rows of a file that `--json` wrote."""
    rows = [Row(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return [replace(row, bound=row.bound and (row.bound[0], row.bound[1], row.bound[2])) for row in rows]


def measure_all(options: argparse.Namespace) -> list[Row]:
    """Generate what is asked for and measure it and the given files."""
    with tempfile.TemporaryDirectory() as folder:
        problems: list[tuple[str, str | None]] = [(path, None) for path in options.paths]
        for size in options.sizes:
            for profile in options.profiles:
                for seed in options.seeds:
                    path = Path(folder) / f"{size}-{profile}-{seed}.json"
                    path.write_text(json.dumps(generate(size, profile, seed)), encoding="utf-8")
                    problems.append((str(path), size))
        if options.repair:
            print(repair_table([path for path, _ in problems], options.seconds, options.seed))
            return []
        return [row for path, size in problems for row in measured(path, size, options)]


if __name__ == "__main__":
    main()
