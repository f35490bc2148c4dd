"""Parties below their floor get all the meetings that they lack, by eviction chains, or none."""

from __future__ import annotations

from .child import Stop
from .draft import Draft
from .place import force_by_chain

_CHAIN = 30  # evictions in one attempt
_ATTEMPTS = 3


def reach_floors(draft: Draft, stop: Stop) -> bool:
    """For every party below its floor try to place as many further meetings as it lacks, all or none.

    False where ``stop`` ended it.
    """
    sides = (
        (draft.of_project, draft.project_met, draft.project_min),
        (draft.of_counterparty, draft.counterparty_met, draft.counterparty_min),
    )
    for of, met, least in sides:
        for party, need in enumerate(least):
            if met[party] >= need or len(of[party]) < need:
                continue
            if stop():
                return False
            for _ in range(_ATTEMPTS):
                if _reach(draft, of[party], met, party, need):
                    break
    draft.log.clear()
    return True


def _reach(draft: Draft, own: list[int], met: list[int], party: int, need: int) -> bool:
    mark, before = draft.mark(), draft.value
    waiting = [pair for pair in own if draft.slot[pair] < 0]
    draft.rng.shuffle(waiting)
    for pair in waiting:
        if met[party] >= need:
            break
        if draft.slot[pair] < 0:
            force_by_chain(draft, pair, _CHAIN)
    if draft.value > before:
        return True
    draft.undo(mark)
    return False
