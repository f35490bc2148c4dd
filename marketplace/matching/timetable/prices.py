"""A lower bound where tables are scarce: participants choose their slots alone, and pay for what others want too.

Relaxed: who meets whom. Kept: each participant's demand, and that a slot seats two per table. Participants then meet
in the slots' capacities only, which is a linear programme over paths; with a price per slot for that (Lagrange) it
falls apart into shortest paths. HiGHS finds the prices, and what they prove is computed here, in whole numbers, so no
tolerance enters it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from marketplace.matching.timetable.bounds import Demand, State, slot_capacities
from marketplace.matching.timetable.linear import Row, row_duals
from marketplace.matching.timetable.model import TimetableProblem

# Prices are whole multiples of this part of a break: it has many divisors, and prices are fractions of small numbers.
PARTS = 27_720
MAX_STEPS = 60_000


def bound_by_prices(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> int:
    """No timetable has fewer breaks than this; 0 where the programme is too large or takes too many steps."""
    people = [each for each in range(problem.participants) if problem.meetings_of[each]]
    demands = Counter(Demand.of(problem, allowed, each) for each in people)
    capacities = slot_capacities(problem, allowed)
    prices = _prices(demands, capacities)
    if prices is None:
        return 0
    return bound_at(prices, demands, capacities, len(problem.meetings))


def bound_at(prices: Sequence[int], demands: Mapping[Demand, int], capacities: Sequence[int], meetings: int) -> int:
    """The breaks that any prices of the slots (in parts of a break, any sign) prove, by weak duality."""
    paid = 0
    for demand, count in demands.items():
        cheapest = demand.cheapest(PARTS, prices)
        if cheapest is None:
            return 0
        paid += count * cheapest
    # All meetings are held, so the most that the slots can take in is from the dearest ones.
    left = meetings
    for price, capacity in sorted(zip(prices, capacities, strict=True), reverse=True):
        held = min(left, capacity)
        paid -= 2 * price * held
        left -= held
    return max(0, -(-paid // PARTS) - sum(demands.values()))


def _prices(demands: Mapping[Demand, int], capacities: Sequence[int]) -> list[int] | None:
    """The best prices of the slots, from the duals of the programme over all paths; None if that is too much."""
    # One row per slot and per state.
    rows: list[Row] = [[(slot, -2)] for slot in range(len(capacities))]
    sides: list[int] = [0] * len(capacities)
    costs = [0.0] * len(capacities)
    upper: list[int] = list(capacities)
    for demand, count in demands.items():
        index: dict[State, int] = {(0, False): len(rows)}
        rows.append([])
        sides.append(count)
        for slot, steps in enumerate(_useful(demand, len(capacities))):
            following: dict[State, int] = {}
            for before, after in steps:
                column = len(costs)
                costs.append(float(after[1] and not before[1]))
                upper.append(count)
                rows[index[before]].append((column, 1))
                if slot + 1 < len(capacities):
                    if after not in following:
                        following[after] = len(rows)
                        rows.append([])
                        sides.append(0)
                    rows[following[after]].append((column, -1))
                if after[1]:
                    rows[slot].append((column, 1))
            index = following
        if len(costs) > MAX_STEPS:
            return None
    duals = row_duals(costs, upper, rows, sides, sides)
    return None if duals is None else [round(-dual * PARTS) for dual in duals[: len(capacities)]]


def _useful(demand: Demand, slots: int) -> list[list[tuple[State, State]]]:
    """Per slot, the steps of paths that start and end as they should."""
    reached: list[State] = [(0, False)]
    steps = []
    for slot in range(slots):
        steps.append(list(demand.steps(slot, reached)))
        reached = list(dict.fromkeys(after for _, after in steps[-1]))
    wanted = {state for state in reached if state[0] == demand.count}
    for slot in reversed(range(slots)):
        steps[slot] = [step for step in steps[slot] if step[1] in wanted]
        wanted = {before for before, _ in steps[slot]}
    return steps
