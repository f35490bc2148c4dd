"""The proven optimum of small problems: branch and bound on the relaxation in which every pair has its slots."""

from __future__ import annotations

import time

import numpy as np

from .bounds import Certifier
from .child import Stop
from .construct import greedy, positions
from .draft import Draft
from .linear import Level, model_of, solve_integer
from .relaxation import FloatArray, Relaxation, relax


def prove(certifier: Certifier, draft: Draft, seconds: float, stop: Stop) -> tuple[Draft, bool]:
    """Raise the draft to the optimum of must, floors and score, or as far as ``seconds`` allow, and lower the bounds.

    The levels are solved one after the other, each with those above fixed; a level whose bound is already met is
    skipped. Returns the better draft, and whether every programme was solved to the end.
    """
    ends = time.monotonic() + seconds
    relaxation = relax(certifier.residual, certifier.residual.problem.slots)
    levels: tuple[Level, ...] = ("must", "floors", "score")
    for level in levels:
        must, floors, score = draft.levels()
        if level == "score":
            certifier.tighten(must, floors, "simplex", ends - time.monotonic())
        reached = {"must": must == certifier.must, "floors": floors == certifier.floors}
        if reached.get(level, score == certifier.score):
            continue
        least = certifier.further(must if level != "must" else 0, floors if level == "score" else 0)
        model = model_of(relaxation, level, *least)
        start = _point(relaxation, draft, certifier)
        answer = solve_integer(model, ends - time.monotonic(), start, stop)
        certifier.adopt(level, answer.bound)
        if answer.values is not None:
            better = _draft_of(relaxation, answer.values, draft, certifier)
            # Musts and floors alone leave much undone, which would stay so if the next level were cut.
            greedy(better, stop)
            if better.value > draft.value:
                draft = better
        if not answer.optimal:
            return draft, False
    return draft, True


def _point(relaxation: Relaxation, draft: Draft, certifier: Certifier) -> FloatArray:
    """The draft as column values: meetings, floors reached beyond the locks, nothing given up."""
    slots = np.array(draft.slot)[positions(draft, certifier.residual)]
    held = (relaxation.slot == slots[relaxation.pair]).astype(np.float64)
    reached = []
    for family in relaxation.floors:
        used = family.row >= 0
        count = np.bincount(family.row[used], weights=held[used], minlength=len(family.capacity))
        reached.append((count >= family.capacity).astype(np.float64))
    return np.concatenate([held, *reached, [0.0, 0.0]])


def _draft_of(relaxation: Relaxation, values: FloatArray, like: Draft, certifier: Certifier) -> Draft:
    """A draft with the meetings of column values, and those of another draft that can stay beside them."""
    draft = Draft(like.problem, like.candidates, 0)
    draft.rng = like.rng
    local = positions(draft, certifier.residual)
    for column in np.flatnonzero(values > 0.5).tolist():
        pair, t = int(local[relaxation.pair[column]]), int(relaxation.slot[column])
        if draft.free(pair) >> t & 1 and draft.has_room(pair) and draft.slot[pair] < 0:
            draft.place(pair, t)
    for pair, t in enumerate(like.slot):
        if t >= 0 and draft.slot[pair] < 0 and draft.free(pair) >> t & 1 and draft.has_room(pair):
            draft.place(pair, t)
    draft.log.clear()
    return draft
