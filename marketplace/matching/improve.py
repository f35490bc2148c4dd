"""More value: pairs that were left out are inserted by eviction chains, parties below their floor first."""

from __future__ import annotations

from .child import Stop
from .draft import Draft
from .place import force_by_chain, insert_by_chain, place_by_chain

_CHAIN = 30  # evictions in one attempt
_HOPELESS = -40.0  # a pair worth less than this is left out
_OFTEN = 16  # attempts between two looks at the clock


def improve(draft: Draft, worth: list[float], target: int, passes: int, inserts: int, stop: Stop) -> bool:
    """Raise the draft's value towards ``target`` in up to ``passes`` passes; False where ``stop`` ended it.

    ``worth`` is the reduced value of each pair: what a relaxation says it adds beyond the capacity it takes. A pass
    tries up to ``inserts`` pairs that are left out, the most worthwhile first; passes without any gain end the search.
    """
    idle = 0
    for _ in range(passes):
        before = draft.value
        if not (_reach_floors(draft, stop) and _insert_left_out(draft, worth, target, inserts, stop)):
            return False
        draft.log.clear()
        idle = 0 if draft.value > before else idle + 1
        if draft.value >= target or idle >= 2:
            break
    return True


def _insert_left_out(draft: Draft, worth: list[float], target: int, inserts: int, stop: Stop) -> bool:
    waiting = [
        pair
        for pair, t in enumerate(draft.slot)
        if t < 0 and (worth[pair] > _HOPELESS or draft.must[pair]) and draft.common(pair)
    ]
    waiting.sort(key=lambda pair: (not draft.must[pair], -worth[pair]))
    for count, pair in enumerate(waiting[:inserts]):
        if count % _OFTEN == 0 and stop():
            return False
        if draft.value >= target:
            return True
        if draft.slot[pair] >= 0:
            continue
        if draft.has_room(pair) and place_by_chain(draft, pair, _CHAIN):
            continue
        insert_by_chain(draft, pair, _CHAIN)
    return True


def _reach_floors(draft: Draft, stop: Stop) -> bool:
    """For every party below its floor try to place as many further meetings as it lacks, all or none."""
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
            for _ in range(3):
                if _reach(draft, of[party], met, party, need):
                    break
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
