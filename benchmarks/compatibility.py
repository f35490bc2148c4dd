"""Measure the compatibility model: all pairs by the fast path, against the plain one-pair function in the same run.

    python benchmarks/compatibility.py [--projects 2000] [--counterparties 1500] [--sample 40] [--rounds 3] [--seed 1]
        [--database URL]

Every kind of table runs in a process of its own on one thread. The profiles are random with a tenth of all fields
unknown; every project lies at a place of its own and every third funder has a circle of its own, so that nothing can be
remembered from pair to pair. The tables are Markdown on standard output. On the pairs of the sample both paths are
compared, and a difference ends the run. The ratio is of CPU seconds, which a busy machine does not bend as much.

The second table is the whole work of the background worker, on an SQLite file: as many published projects and
counterparties (nine funders to one vendor) with their answers as people give them, read, compared and stored; then
once more, with nothing changed since; then one project and one counterparty after a change. With `--database URL` it is
done on an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
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


def answers(chance: random.Random) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The answers of a random pitch (changes of a whole one), mandate and solution, a tenth of them missing."""
    from marketplace.models import (
        Applicant,
        ClimateObjective,
        Currency,
        Guarantee,
        Instrument,
        Sector,
        Stage,
        Technology,
        UseOfFunds,
    )

    def some(kind: Any, least: int = 1, most: int = 4) -> list[str]:
        codes = [member.value for member in kind]
        return chance.sample(codes, chance.randint(least, min(most, len(codes))))

    def gaps(content: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in content.items() if chance.random() >= 0.1}

    countries = ["MX", "US", "CO", "BR", "CL", "AR", "EC", "GT", "JM", "BS"]
    sectors = some(Sector, most=3)
    ask = chance.choice([0.3, 0.9, 2, 4, 8, 12, 25, 40, 90]) * 1e6
    pitch = {
        "sector_primary": sectors[0],
        "sectors_secondary": sectors[1:],
        "climate_objective": some(ClimateObjective)[0],
        "stage": some(Stage)[0],
        "location": {"lat": chance.uniform(-35, 45), "lon": chance.uniform(-118, -35)},
        "instruments_sought": some(Instrument),
        "technology_needs": some(Technology),
        "applicant_type": some(Applicant)[0],
        "guarantee_available": [some(Guarantee)[0]],
        "uses_sought": some(UseOfFunds, most=2),
        "currency": some(Currency)[0],
        "ask_amount": f"{ask:.2f}",
        "capex": f"{ask * chance.choice([1.2, 2, 3]):.2f}",
        "pct_low_income": str(chance.randint(0, 100)),
        "understands": chance.sample(["en", "es", "pt"], 2),
    }
    least = chance.choice([0, 0.5, 1, 5, 10]) * 1e6
    mandate = {
        "instruments": some(Instrument, 2, 5),
        "ticket_currency": "USD",
        "ticket_min": f"{least:.2f}",
        "ticket_max": f"{least + chance.choice([1, 5, 20, 100]) * 1e6:.2f}",
        "allows_syndication": chance.choice(["yes", "no"]),
        "allows_bundling": chance.choice(["yes", "no"]),
        "min_cofinance_pct": chance.choice(["0", "10", "20", "30"]),
        "uses_funded": some(UseOfFunds, 2, 4),
        "currencies": some(Currency, 1, 3),
        "sectors": some(Sector, 2, 6),
        "excluded_sectors": some(Sector, 1, 2),
        "stages": some(Stage, 2, 4),
        "climate_focus": some(ClimateObjective)[0],
        "countries": chance.sample(countries, chance.randint(2, 8)),
        "priority_countries": chance.sample(countries, 2),
        "borrower_types": some(Applicant, 1, 4),
        "guarantee_required": chance.choice(["sovereign", "subnational", "any", "none", "none"]),
        "languages": chance.sample(["en", "es", "pt"], 2),
        "gender_marker_min": chance.choice(["0", "1", "2"]),
        "readiness_min": str(chance.randint(0, 70)),
    }
    if chance.random() < 0.33:
        circle = {"lat": chance.uniform(-35, 45), "lon": chance.uniform(-118, -35), "km": chance.uniform(50, 2000)}
        mandate["area"] = {"kind": "circle", **circle}
    solution = {
        "categories": some(Technology, 1, 5),
        "local_presence": chance.sample(countries, 3),
        "languages": chance.sample(["en", "es", "pt"], 2),
        "project_min": "100000.00",
        "project_max": f"{chance.choice([1, 10, 50]) * 1e6:.2f}",
        "is_debarred": "no",
        "has_conflict": "no",
        "market_sounding": "yes",
    }
    return pitch, gaps(mandate), gaps(solution)


def measure_stored(database: str | None, projects: int, counterparties: int, seed: int) -> dict[str, float]:
    """Seconds, memory and rows of comparing and storing all pairs, one project's and one counterparty's.

    Both single ones have changed, so that all their pairs are written again.
    """
    from flask_migrate import upgrade
    from sqlalchemy import func, select, update

    from marketplace import create_app
    from marketplace.config import Settings
    from marketplace.database import atomic, session
    from marketplace.models import CounterpartyProfile, Fit, OrganisationKind, Project
    from marketplace.services import jobs
    from marketplace.services.fits import rescoring
    from tests.make import Make

    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(
                database_url=database or f"sqlite:///{folder}/benchmark.db",
                secret_key="a key for a benchmark that is long enough",
                public_url="http://localhost",
                smtp_url=None,
                build_dir=Path(folder) / "build",
                testing=True,
            )
        )
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))

            class Stored(Make):
                """All in one transaction."""

                def store(self, thing: Any) -> Any:
                    session().add(thing)
                    session().flush()
                    return thing

            make = Stored()
            with atomic():
                cities = [make.city(country=code) for code in ("MX", "US", "CO", "BR", "CL", "AR", "EC", "GT")]
                shown = [
                    make.published(chance.choice(cities), content=answers(chance)[0], readiness=chance.uniform(20, 95))
                    for _ in range(projects)
                ]
                others = []
                for number in range(counterparties):
                    is_vendor = number % 10 == 0
                    kind = OrganisationKind.VENDOR if is_vendor else OrganisationKind.FUNDER
                    content = answers(chance)[2 if is_vendor else 1]
                    others.append(make.organisation(kind=kind))
                    make.profile(others[-1], content=content)
                one_project, one_other = shown[0].id, others[1].id
            session().close()
            before = megabytes()

            def timed(work: Any, *things: Any) -> tuple[float, float]:
                work(*things)
                began, worked = time.perf_counter(), time.process_time()
                run = jobs.claim()
                assert run is not None
                jobs.perform(run)
                return time.perf_counter() - began, time.process_time() - worked

            first, cpu = timed(rescoring.everything)
            memory = megabytes() - before
            again, cpu_again = timed(rescoring.everything)

            def change_project() -> None:
                with atomic() as current:
                    current.execute(update(Project).where(Project.id == one_project).values(readiness=99))
                    rescoring.project(one_project)

            def change_other() -> None:
                mine = update(CounterpartyProfile).where(CounterpartyProfile.organisation_id == one_other)
                with atomic() as current:
                    current.execute(mine.values(revision=CounterpartyProfile.revision + 1))
                    rescoring.counterparty(one_other)

            project, project_cpu = timed(change_project)
            other, other_cpu = timed(change_other)
            kept = session().scalar(select(func.count()).select_from(Fit)) or 0
    return {
        "first": first,
        "cpu": cpu,
        "again": again,
        "cpu_again": cpu_again,
        "memory": memory,
        "project": project,
        "project_cpu": project_cpu,
        "other": other,
        "other_cpu": other_cpu,
        "rows": kept,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=2000)
    parser.add_argument("--counterparties", type=int, default=1500)
    parser.add_argument("--sample", type=int, default=40, help="rows and columns of the sample for the plain function")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database (else SQLite in a folder of its own)")
    parser.add_argument("--kind", choices=("funder", "vendor", "stored"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind == "stored":
        print(json.dumps(measure_stored(options.database, options.projects, options.counterparties, options.seed)))
        return
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
        got = in_a_process(kind)
        cells = (
            *(f"{kind}s", f"{got['whole']:.2f}", f"{got['cpu']:.2f}", f"{got['memory']:.0f}"),
            *(f"{got['plain'] * 1e6:.0f}", f"{got['ratio']:.0f} x"),
            *(f"{got['one_row'] * 1e3:.0f}", f"{got['one_column'] * 1e3:.0f}"),
        )
        print(f"| {' | '.join(cells)} |")
    got = in_a_process("stored")
    heads = (
        "",
        "first time, s",
        "CPU, s",
        "again, s",
        "CPU, s",
        "memory, MB",
        "rows kept",
        "1 project, ms",
        "CPU, ms",
        "1 counterparty, ms",
        "CPU, ms",
    )
    print(f"\n| {' | '.join(heads)} |\n| --- {'| ---: ' * (len(heads) - 1)}|")
    cells = (
        *("read, compared and stored", f"{got['first']:.2f}", f"{got['cpu']:.2f}", f"{got['again']:.2f}"),
        *(f"{got['cpu_again']:.2f}", f"{got['memory']:.0f}"),
        *(f"{got['rows']:,.0f}", f"{got['project'] * 1e3:.0f}", f"{got['project_cpu'] * 1e3:.0f}"),
        *(f"{got['other'] * 1e3:.0f}", f"{got['other_cpu'] * 1e3:.0f}"),
    )
    print(f"| {' | '.join(cells)} |")


def in_a_process(kind: str) -> dict[str, float]:
    """What a process of its own measures."""
    command = [sys.executable, __file__, *sys.argv[1:], "--kind", kind]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    found = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, float] = json.loads(found.strip().splitlines()[-1])
    return measured


if __name__ == "__main__":
    main()
