"""Linear and mixed-integer programmes of a relaxation, and the HiGHS solver behind a killable child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from . import child
from .problem import IntArray
from .relaxation import FloatArray, Prices, Relaxation, RowArray

Level = Literal["must", "floors", "score"]
Method = Literal["simplex", "ipm"]

# What a must meeting or a floor that the relaxation has to give up costs it; a floor can displace several meetings.
MUST_PENALTY = 60_000.0
FLOOR_PENALTY = 8_000.0


@dataclass(frozen=True, eq=False)
class Model:
    """Minimise cost x over row and column limits; the matrix is stored by columns. Columns after ``choosing`` are not
    meetings (floors reached, musts and floors given up)."""

    cost: FloatArray
    upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    start: npt.NDArray[np.int32]
    index: npt.NDArray[np.int32]
    value: npt.NDArray[Any]
    choosing: int
    capacity_rows: int
    floor_rows: int


@dataclass(frozen=True, eq=False)
class LinearAnswer:
    """Values and prices of a linear programme, and how far it stays below the musts and floors asked for."""

    values: FloatArray  # [columns of the relaxation]
    prices: Prices
    must_missing: float
    floors_missing: float


@dataclass(frozen=True, eq=False)
class IntegerAnswer:
    """Best values found (or None), the bound of the branch and bound, and whether both met."""

    values: FloatArray | None
    bound: float
    optimal: bool


def model_of(relaxation: Relaxation, level: Level, must: int, floors: int) -> Model:
    """The programme of one level: maximise it with at least ``must`` must meetings and ``floors`` floors.

    Missing musts and floors are possible at a penalty, so that the programme is always feasible.
    """
    columns, need = relaxation.columns, np.concatenate([family.capacity for family in relaxation.floors])
    row_parts: list[IntArray | RowArray] = []
    column_parts: list[IntArray] = []
    value_parts: list[FloatArray] = []

    def add(rows: IntArray | RowArray, at: IntArray, values: FloatArray | float) -> None:
        row_parts.append(rows)
        column_parts.append(at)
        value_parts.append(np.broadcast_to(np.asarray(values, dtype=np.float64), rows.shape))

    every = np.arange(columns)
    first = 0
    for family in relaxation.families:
        used = family.row >= 0
        add(family.row[used] + first, every[used], 1.0)
        first += len(family.capacity)
    capacity_rows = first
    several = np.bincount(relaxation.pair, minlength=relaxation.pairs) > 1
    once = np.flatnonzero(several)
    number = np.cumsum(several) - 1
    used = several[relaxation.pair] if columns else np.zeros(0, dtype=np.bool_)
    add(number[relaxation.pair[used]] + first, every[used], 1.0)
    first += len(once)
    floor_first = first
    for family in relaxation.floors:
        used = family.row >= 0
        add(family.row[used] + first, every[used], 1.0)
        first += len(family.capacity)
    reached = columns + np.arange(len(need))
    add(floor_first + np.arange(len(need)), reached, -need.astype(np.float64))
    no_must, no_floor = columns + len(need), columns + len(need) + 1
    musts = np.flatnonzero(relaxation.must)
    add(np.full(len(musts) + 1, first), np.append(musts, no_must), 1.0)
    add(np.full(len(need) + 1, first + 1), np.append(reached, no_floor), 1.0)

    cost = np.zeros(columns + len(need) + 2)
    if level == "score":
        # Among choices of equal score the one that keeps more of the schedule before.
        bonus = min(0.01, 0.5 / max(1, int(relaxation.published.sum())))
        cost[:columns] = -relaxation.score - bonus * relaxation.published
    elif level == "floors":
        cost[reached] = -1.0
    else:
        cost[musts] = -1.0
    cost[no_must], cost[no_floor] = MUST_PENALTY, FLOOR_PENALTY
    upper = np.ones(len(cost))
    upper[no_must], upper[no_floor] = max(must, 0), max(floors, 0)
    capacity = np.concatenate([family.capacity for family in relaxation.families]).astype(np.float64)
    none = np.full(capacity_rows + len(once), -np.inf)
    row_lower = np.concatenate([none, np.zeros(len(need)), [float(must), float(floors)]])
    row_upper = np.concatenate([capacity, np.ones(len(once)), np.full(len(need) + 2, np.inf)])

    rows, at, values = (np.concatenate(parts) for parts in (row_parts, column_parts, value_parts))
    order = np.lexsort((rows, at))
    start = np.searchsorted(at[order], np.arange(len(cost) + 1))
    return Model(
        cost=cost,
        upper=upper,
        row_lower=row_lower,
        row_upper=row_upper,
        start=start.astype(np.int32),
        index=rows[order].astype(np.int32),
        value=values[order],
        choosing=columns,
        capacity_rows=capacity_rows,
        floor_rows=len(need),
    )


def solve_linear(model: Model, method: Method, seconds: float, cancel: child.Stop | None = None) -> LinearAnswer | None:
    """Values and prices of a linear programme, or None where the solver did not finish in ``seconds``."""
    if seconds <= 0:
        return None
    outcome = child.run(highs_linear, model, method, seconds=seconds, cancel=cancel)
    if outcome.status != "done" or outcome.value is None:
        return None
    values, duals = outcome.value
    floor_first = len(model.row_lower) - 2 - model.floor_rows
    # A minimisation has non-positive duals on <= rows and non-negative ones on >= rows.
    prices = Prices.of(-duals[: model.capacity_rows], duals[floor_first:-2], duals[-2], duals[-1])
    return LinearAnswer(values[: model.choosing], prices, float(values[-2]), float(values[-1]))


def solve_integer(
    model: Model, seconds: float, start: FloatArray | None, cancel: child.Stop | None = None
) -> IntegerAnswer:
    """Branch and bound; ``start`` is a feasible point (all columns). Whatever was found in ``seconds`` is returned."""
    if seconds <= 0:
        return IntegerAnswer(None, np.inf, False)
    outcome = child.run(highs_integer, model, start, 0.9 * seconds, seconds=seconds, cancel=cancel)
    if outcome.status != "done" or outcome.value is None:
        return IntegerAnswer(None, np.inf, False)
    values, bound, optimal = outcome.value
    return IntegerAnswer(None if values is None else values[: model.choosing], bound, optimal)


def highs_linear(report: child.Report, model: Model, method: Method) -> tuple[FloatArray, FloatArray] | None:
    """The child's side of :func:`solve_linear`."""
    highs = load_model(model, integral=False)
    highs.setOptionValue("solver", method)
    highs.setOptionValue("run_crossover", "off")
    highs.setOptionValue("ipm_optimality_tolerance", 1e-6)
    highs.run()
    solution = highs.getSolution()
    if not solution.dual_valid:
        return None
    return np.array(solution.col_value), np.array(solution.row_dual)


def highs_integer(
    report: child.Report, model: Model, start: FloatArray | None, seconds: float
) -> tuple[FloatArray | None, float, bool]:
    """The child's side of :func:`solve_integer`."""
    import highspy

    highs = load_model(model, integral=True)
    highs.setOptionValue("time_limit", seconds)
    highs.setOptionValue("mip_max_nodes", 20_000)  # The answer does not depend on the clock unless that bites first.
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 0.99)  # The objective is an integer.
    if start is not None:
        point = highspy.HighsSolution()
        point.col_value = list(start)
        highs.setSolution(point)
    highs.run()
    info, solution = highs.getInfo(), highs.getSolution()
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    values = np.array(solution.col_value) if info.primal_solution_status == 2 else None
    return values, -float(info.mip_dual_bound), optimal


def load_model(model: Model, *, integral: bool) -> Any:
    """A HiGHS instance with the programme, on one thread and without output; for use within a child process."""
    import highspy

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.cost), len(model.row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = model.cost, np.zeros(len(model.cost)), model.upper
    lp.row_lower_, lp.row_upper_ = model.row_lower, model.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = model.start, model.index, model.value
    if integral:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(model.cost)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    highs.passModel(lp)
    return highs
