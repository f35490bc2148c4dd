"""Placing one meeting by an eviction chain: it may push others to other slots, and those push further ones."""

from __future__ import annotations

from collections.abc import Iterable

from .draft import FLOOR_VALUE, Draft

_SLOTS_TRIED = 24  # slots of a step in which a victim with another free slot is looked for
_VICTIMS_TRIED = 8  # in each of them; hundreds of meetings can hold a table, and any of them will do


def place_by_chain(draft: Draft, pair: int, budget: int, *, compact: bool = False) -> bool:
    """Place a pair, moving others within at most ``budget`` evictions; False, and nothing changed, where that fails.

    No meeting is lost: each evicted one is placed again, never in a slot it was evicted from in this chain. Ejection
    chains: Glover, Discrete Applied Mathematics 65 (1996).
    """
    mark = draft.mark()
    if _chain(draft, pair, budget, compact) is None:
        return True
    draft.undo(mark)
    return False


def force_by_chain(draft: Draft, pair: int, budget: int, worst: int = -FLOOR_VALUE // 2) -> bool:
    """Place a pair at the loss of others, which are replaced at once where others fit; else nothing changes.

    ``worst`` is the change of value that is still accepted: as a rule no must meeting and no floor is given up.
    """
    mark, value = draft.mark(), draft.value
    if _make_room(draft, pair):
        _chain(draft, pair, budget, compact=False)
        if draft.slot[pair] >= 0:
            for changed in dict(draft.log[mark:]):
                if draft.slot[changed] < 0:
                    refill(draft, changed)
            if draft.value >= value + worst:
                return True
    draft.undo(mark)
    return False


def _make_room(draft: Draft, pair: int) -> bool:
    """Drop the cheapest meeting of each party of the pair that is at its cap; False where all of them are locked."""
    p, f = draft.project[pair], draft.counterparty[pair]
    if draft.project_met[p] >= draft.project_max[p] and not _drop_cheapest(draft, draft.of_project[p]):
        return False
    return draft.counterparty_met[f] < draft.counterparty_max[f] or _drop_cheapest(draft, draft.of_counterparty[f])


def refill(draft: Draft, dropped: int) -> None:
    """Give the two parties of a meeting that was dropped other meetings that fit at once, the best first."""
    for own in (draft.of_project[draft.project[dropped]], draft.of_counterparty[draft.counterparty[dropped]]):
        waiting = [pair for pair in own if draft.slot[pair] < 0 and draft.free(pair)]
        for pair in sorted(waiting, key=draft.weight.__getitem__, reverse=True):
            if draft.has_room(pair) and (slots := draft.free(pair)):
                draft.place(pair, draft.likely_slot(pair, slots))


def _drop_cheapest(draft: Draft, pairs: Iterable[int]) -> bool:
    held = [pair for pair in pairs if draft.slot[pair] >= 0 and not draft.locked[pair]]
    if not held:
        return False
    draft.remove(min(held, key=lambda pair: _loss(draft, pair)))
    return True


def _loss(draft: Draft, pair: int) -> int:
    before = draft.value
    draft.remove(pair)
    loss = before - draft.value
    draft.undo(draft.mark() - 1)
    return loss


def _chain(draft: Draft, pair: int, budget: int, compact: bool) -> int | None:
    """None where everybody was placed, else the pair that was left without a slot (others may be, too)."""
    homeless, left = [pair], {pair: 0}
    while homeless:
        current = homeless.pop()
        slots = draft.free(current) & ~left.get(current, 0)
        if slots:
            draft.place(current, draft.compact_slot(current, slots) if compact else draft.likely_slot(current, slots))
            continue
        budget -= 1
        if budget < 0:
            return current
        if not _push(draft, current, homeless, left):
            return current
    return None


def _push(draft: Draft, pair: int, homeless: list[int], left: dict[int, int]) -> bool:
    """Place a pair in a slot where one thing is in the way, evicting what is; two things if there is no such slot."""
    blocked = _blocks(draft, pair, draft.common(pair) & ~left.get(pair, 0))
    once = twice = 0
    for mask in blocked:
        twice |= once & mask
        once |= mask
    once &= ~twice
    options: list[tuple[int, int]] = []
    tried = 0
    while once and tried < _SLOTS_TRIED:
        t = draft.any_slot(once)
        once ^= 1 << t
        tried += 1
        victims = _in_the_way(draft, pair, t, blocked)
        if len(victims) > _VICTIMS_TRIED:
            victims = draft.rng.sample(victims, _VICTIMS_TRIED)
        for victim in victims:
            if draft.locked[victim]:
                continue
            slots = draft.free(victim) & ~left.get(victim, 0)
            if slots:
                draft.remove(victim)
                draft.place(pair, t)
                draft.place(victim, draft.likely_slot(victim, slots))
                return True
            options.append((t, victim))
    if options:
        # The cheaper of a few, because the last one of a chain that fails is lost.
        sample = [options[draft.rng.randrange(len(options))] for _ in range(3)]
        t, victim = min(sample, key=lambda option: draft.weight[option[1]])
        _evict(draft, victim, homeless, left)
        draft.place(pair, t)
        return True
    return _push_two(draft, pair, twice, blocked, homeless, left)


def _push_two(
    draft: Draft, pair: int, slots: int, blocked: tuple[int, ...], homeless: list[int], left: dict[int, int]
) -> bool:
    while slots:
        t = draft.any_slot(slots)
        slots ^= 1 << t
        mark, kept = draft.mark(), len(homeless)
        while not draft.free(pair) >> t & 1:
            still = _blocks(draft, pair, 1 << t)
            victims = [victim for victim in _in_the_way(draft, pair, t, still) if not draft.locked[victim]]
            if not victims or len(homeless) - kept >= 3:
                break
            _evict(draft, victims[draft.rng.randrange(len(victims))], homeless, left)
        else:
            draft.place(pair, t)
            return True
        draft.undo(mark)
        del homeless[kept:]
    return False


def _evict(draft: Draft, victim: int, homeless: list[int], left: dict[int, int]) -> None:
    left[victim] = left.get(victim, 0) | 1 << draft.slot[victim]
    homeless.append(victim)
    draft.remove(victim)


def _blocks(draft: Draft, pair: int, slots: int) -> tuple[int, ...]:
    """Out of ``slots`` those in which the project, counterparty, delegation, table, interpreter stands in the way."""
    project = slots & ~draft.project_free[draft.project[pair]]
    return (
        project,
        slots & ~draft.counterparty_free[draft.counterparty[pair]],
        # A project that leaves its own meeting frees its delegation as well.
        slots & ~draft.delegation_free[draft.delegation[pair]] & ~project,
        slots & ~draft.table_free if draft.table[pair] else 0,
        slots & ~draft.pool_free[draft.pool[pair]],
    )


def _in_the_way(draft: Draft, pair: int, t: int, blocked: tuple[int, ...]) -> list[int]:
    """The meetings one of which has to leave slot t for the first thing that stands in the way there."""
    slots = draft.slots
    if blocked[0] >> t & 1:
        return [draft.at_project[draft.project[pair] * slots + t]]
    if blocked[1] >> t & 1:
        return list(draft.at_counterparty[draft.counterparty[pair] * slots + t])
    if blocked[2] >> t & 1:
        return list(draft.at_delegation[draft.delegation[pair] * slots + t])
    if blocked[3] >> t & 1:
        return list(draft.at_table[t])
    return list(draft.at_pool[draft.pool[pair] * slots + t])
