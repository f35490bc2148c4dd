"""A first schedule: greedy at once, or the meetings the relaxation chose, placed by eviction chains."""

from __future__ import annotations

import numpy as np

from .bounds import Choice
from .child import Stop
from .draft import Draft
from .place import place_by_chain
from .problem import IntArray
from .residual import Residual

_CHAIN = 40  # evictions allowed to place one chosen meeting
_OFTEN = 32  # placements between two looks at the clock


def greedy(draft: Draft, stop: Stop) -> bool:
    """Place pairs by must, then by score, wherever both have a slot and room, moving nobody; False if stopped."""
    order = sorted(range(len(draft.slot)), key=draft.weight.__getitem__, reverse=True)
    for count, pair in enumerate(order):
        if count % _OFTEN == 0 and stop():
            return False
        if draft.slot[pair] < 0 and draft.has_room(pair) and (slots := draft.free(pair)):
            draft.place(pair, draft.compact_slot(pair, slots))
    draft.log.clear()
    return True


def construct(
    draft: Draft, residual: Residual, choice: Choice, stop: Stop, *, compact: bool, stay: bool = False
) -> bool:
    """Place what the relaxation chose, then whatever else still fits, the most worthwhile first.

    Musts go first, then pairs whose slot is given by the relaxation or, to ``stay``, by the schedule before, then those
    with the fewest common slots: what comes late finds the most ways round. False where ``stop`` ended it.
    """
    share, slot, worth, choices = (np.zeros(len(draft.slot)) for _ in range(4))
    local = positions(draft, residual)
    kept = np.isin(residual.pairs, draft.candidates, assume_unique=True)
    share[local], slot[local] = choice.share[kept], choice.slot[kept] + 1.0
    worth[local], choices[local] = choice.worth[kept], residual.choices[kept]
    if stay:
        home = np.array(draft.home)
        slot = np.where(home >= 0, home + 1.0, slot)
    must = np.array(draft.must, dtype=np.bool_)
    chosen = np.flatnonzero(share > 0.5)
    order = chosen[np.lexsort((-worth[chosen], choices[chosen], slot[chosen] == 0, ~must[chosen]))]
    given = (slot.astype(np.int64) - 1).tolist()
    failed = []
    for count, pair in enumerate(order.tolist()):
        if count % _OFTEN == 0 and stop():
            return False
        if draft.slot[pair] >= 0 or not draft.has_room(pair):
            continue
        slots = draft.free(pair)
        if given[pair] >= 0 and slots >> given[pair] & 1:
            draft.place(pair, given[pair])
        elif slots:
            draft.place(pair, draft.compact_slot(pair, slots) if compact else draft.any_slot(slots))
        elif not place_by_chain(draft, pair, _CHAIN, compact=compact):
            failed.append(pair)
        draft.log.clear()
    others = np.flatnonzero(share <= 0.5)
    others = others[np.lexsort((-worth[others], ~must[others]))]
    for count, pair in enumerate(failed + others.tolist()):
        if count % _OFTEN == 0 and stop():
            return False
        if draft.slot[pair] < 0 and draft.has_room(pair):
            slots = draft.free(pair)
            if slots:
                draft.place(pair, draft.compact_slot(pair, slots) if compact else draft.any_slot(slots))
    draft.log.clear()
    return True


def positions(draft: Draft, residual: Residual) -> IntArray:
    """For each pair of the residual that is a candidate of the draft its position there."""
    kept = residual.pairs[np.isin(residual.pairs, draft.candidates, assume_unique=True)]
    return np.searchsorted(draft.candidates, kept).astype(np.int64)
