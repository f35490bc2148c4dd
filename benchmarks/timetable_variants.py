"""Seeded variants of timetable problems: fewer tables, less freedom, more rules, and problems with no timetable.

    python benchmarks/timetable_variants.py FOLDER meetings.dzn other.dzn --kinds tables precede --seeds 1 2

Every kind but `tables` adds rules that a timetable drawn at random keeps, so that there is one (fair or not); a kind
with `blind` before its name draws the rules from a timetable that breaks others, and may well leave none. The files are
named `meetings-precede-40-s1.dzn`: what was done, to how many per cent of what it could be done to, and the seed.
For `tables` the number is what is added to the least that counting does not exclude.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from marketplace.matching.timetable import Session, TimetableProblem, load, render  # noqa: E402
from marketplace.matching.timetable.bounds import slot_capacities  # noqa: E402
from marketplace.matching.timetable.placing import Placing  # noqa: E402
from marketplace.matching.timetable.windows import order_twins, windows  # noqa: E402

STRENGTHS = {
    "tables": (0, 1, 2, 4),
    "forbid": (30, 60, 90),
    "fix": (10, 30, 60),
    "precede": (15, 40, 60, 100),
    "halve": (30, 70),
    "blindforbid": (8, 15),
    "blindfix": (2, 5),
    "blindprecede": (40, 100),
    "blindhalve": (50,),
}


def some_timetable(problem: TimetableProblem, chance: random.Random) -> list[int] | None:
    """Slots from 0 of a timetable that is far from the best, but mostly fair; None if placing finds none."""
    ordered = order_twins(problem)
    placing = Placing(ordered, windows(ordered), chance.randrange(1_000_000))
    if not placing.place_all(60_000):
        return None
    slots = list(placing.slot)
    for better in placing.improve(20_000, 2):
        slots = list(better)
    return slots


def variant(problem: TimetableProblem, kind: str, strength: int, seed: int) -> TimetableProblem | None:
    """The problem with more rules of a kind, or fewer tables; None if no timetable to start from was found."""
    chance = random.Random(f"{kind} {strength} {seed}")
    if kind == "tables":
        return fewer_tables(problem, strength)
    blind = kind.startswith("blind")
    slots = some_timetable(problem, chance)
    if slots is None:
        return None
    if blind:
        # Half of the meetings trade places: no timetable of this problem any more.
        for _ in range(len(slots) // 2):
            one, other = chance.randrange(len(slots)), chance.randrange(len(slots))
            slots[one], slots[other] = slots[other], slots[one]
    return {"forbid": forbid, "fix": fix, "precede": precede, "halve": halve}[kind.removeprefix("blind")](
        problem, slots, strength / 100, chance
    )


def fewer_tables(problem: TimetableProblem, more: int) -> TimetableProblem:
    """The least number of tables that leaves room for all meetings by counting slots, and some more."""
    tables = math.ceil(len(problem.meetings) / max(1, problem.slots))
    while sum(slot_capacities(replace(problem, tables=tables), windows(problem))) < len(problem.meetings):
        tables += 1
    return replace(problem, tables=tables + more)


def forbid(problem: TimetableProblem, slots: list[int], share: float, chance: random.Random) -> TimetableProblem:
    """Forbids that share of the slots in which participants are idle."""
    forbidden = []
    for own, before in zip(problem.meetings_of, problem.forbidden, strict=True):
        idle = set(range(problem.slots)) - {slots[number] for number in own}
        forbidden.append(before | {slot for slot in sorted(idle) if chance.random() < share})
    return replace(problem, forbidden=tuple(forbidden))


def fix(problem: TimetableProblem, slots: list[int], share: float, chance: random.Random) -> TimetableProblem:
    """Fixes that share of the meetings."""
    return replace(problem, fixed=tuple(slot if chance.random() < share else None for slot in slots))


def precede(problem: TimetableProblem, slots: list[int], share: float, chance: random.Random) -> TimetableProblem:
    """Makes that share of the meetings come after another one, of the same participants in half of the cases."""
    predecessors = []
    for number, slot in enumerate(slots):
        earlier = [other for other, before in enumerate(slots) if before < slot]
        near = [n for n in earlier if set(problem.meetings[n].pair) & set(problem.meetings[number].pair)]
        pool = near if near and chance.random() < 0.5 else earlier
        extra = {chance.choice(pool)} if pool and chance.random() < share else set()
        predecessors.append(problem.predecessors[number] | extra)
    return replace(problem, predecessors=tuple(predecessors))


def halve(problem: TimetableProblem, slots: list[int], share: float, chance: random.Random) -> TimetableProblem:
    """Ties that share of the free meetings to a half day; events of one half day get two."""
    morning = problem.morning if 0 < problem.morning < problem.slots else (problem.slots + 1) // 2
    tied = tuple(
        replace(meeting, session=Session.MORNING if slot < morning else Session.AFTERNOON)
        if meeting.session is Session.EITHER and chance.random() < share
        else meeting
        for meeting, slot in zip(problem.meetings, slots, strict=True)
    )
    return replace(problem, meetings=tied, morning=morning)


def variants(problem: TimetableProblem, kinds: list[str], seeds: list[int]) -> Iterator[tuple[str, TimetableProblem]]:
    """Name and problem of every variant."""
    for kind in kinds:
        for strength in STRENGTHS[kind]:
            for seed in seeds[:1] if kind == "tables" else seeds:
                if changed := variant(problem, kind, strength, seed):
                    yield f"{kind}-{strength}" + ("" if kind == "tables" else f"-s{seed}"), changed


def main() -> None:
    """Write the variants of every file into the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="MiniZinc data files")
    parser.add_argument("--kinds", nargs="+", choices=STRENGTHS, default=list(STRENGTHS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in options.paths:
        for name, changed in variants(load(path), options.kinds, options.seeds):
            target = options.folder / f"{path.name.removesuffix('.dzn').removesuffix('.original')}-{name}.dzn"
            target.write_text(render(changed), encoding="utf-8")


if __name__ == "__main__":
    main()
