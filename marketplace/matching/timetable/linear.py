"""Linear programmes for their duals only, by HiGHS: whoever uses them computes in whole numbers what they prove."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

MAX_ITERATIONS = 50_000

# The entries of a row: column, value.
Row = list[tuple[int, int]]


def row_duals(
    costs: Sequence[float],
    upper: Sequence[float],
    rows: Sequence[Row],
    least: Sequence[float],
    most: Sequence[float],
) -> list[float] | None:
    """The dual of every row where the costs are least; None if that takes too many steps or nothing is feasible.

    Columns lie between 0 and `upper`, rows between `least` and `most`.
    """
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(costs), len(rows)
    programme.col_cost_ = np.array(costs, dtype=float)
    programme.col_lower_, programme.col_upper_ = np.zeros(len(costs)), np.array(upper, dtype=float)
    programme.row_lower_, programme.row_upper_ = np.array(least, dtype=float), np.array(most, dtype=float)
    matrix = programme.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.cumsum([0, *map(len, rows)])
    matrix.index_ = np.array([column for row in rows for column, _ in row])
    matrix.value_ = np.array([value for row in rows for _, value in row], dtype=float)
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("simplex_iteration_limit", MAX_ITERATIONS)
    highs.passModel(programme)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return list(highs.getSolution().row_dual)
