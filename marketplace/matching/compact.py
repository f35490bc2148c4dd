"""Fewer idle gaps, then fewer changes against what was published, by moving and exchanging meetings between slots.

Nobody's meetings change, only their slots, so the first three levels of the objective stay as they are.
"""

from __future__ import annotations

import math

from .child import Stop
from .draft import Draft, gaps

_GAP = 1 << 20  # One gap outweighs any number of moved meetings in a comparison of two slots.
_HOT, _COLD = 0.5, 0.12  # temperatures in gaps
_PARTNERS_TRIED = 16  # of the hundreds of meetings that can hold the table that is missing
_OFTEN = 64  # meetings between two looks at the clock


class Compactor:
    """Sweeps over a draft; every accepted change lowers, or sometimes keeps, gaps and then moved meetings."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.published = draft.home

    def run(self, rounds: int, stop: Stop) -> bool:
        """Sweep up to ``rounds`` times, less when nothing is gained any more; False where ``stop`` ended it."""
        draft = self.draft
        meetings = [pair for pair, t in enumerate(draft.slot) if t >= 0 and not draft.locked[pair]]
        idle = 0
        for number in range(rounds):
            draft.rng.shuffle(meetings)
            gained = 0
            for count, pair in enumerate(meetings):
                if count % _OFTEN == 0 and stop():
                    return False
                gained += self._relocate(pair)
                if number and self._disturbs(pair):
                    gained += self._exchange(pair)
            draft.log.clear()
            idle = 0 if gained < 0 else idle + 1
            if idle >= 4:
                break
        return True

    def anneal(self, per_meeting: int, stop: Stop) -> bool:
        """Simulated annealing with random moves and exchanges (Kirkpatrick et al. 1983); the best state is kept."""
        draft, rng = self.draft, self.draft.rng
        meetings = [pair for pair, t in enumerate(draft.slot) if t >= 0 and not draft.locked[pair]]
        now = lowest = self.cost()
        best, steps = draft.copy_of(), per_meeting * len(meetings)
        for count in range(steps):
            if not lowest or (count % _OFTEN == 0 and stop()):
                break
            heat = _GAP * _HOT * (_COLD / _HOT) ** (count / steps)
            now += self._try(meetings[rng.randrange(len(meetings))], heat)
            if now < lowest:
                lowest, best = now, draft.copy_of()
        draft.restore(best)
        return not lowest or not stop()

    def cost(self) -> int:
        """Gaps of all parties and moved meetings, as one number."""
        pairs = zip(self.draft.slot, self.published, strict=True)
        return _GAP * self.gaps() + sum(t >= 0 and published not in (-1, t) for t, published in pairs)

    def gaps(self) -> int:
        """Gaps of all parties."""
        draft, total = self.draft, 0
        days = set(draft.session)
        for available, free in zip(draft.project_avail, draft.project_free, strict=True):
            total += sum(gaps(available & ~free & day, available) for day in days)
        for available, busy in zip(draft.counterparty_avail, draft.counterparty_busy, strict=True):
            total += sum(gaps(busy & day, available) for day in days)
        return total

    def _try(self, pair: int, heat: float) -> int:
        """One random move or exchange, accepted by the rule of Metropolis; the change that was made."""
        draft, rng, t = self.draft, self.draft.rng, self.draft.slot[pair]
        slots = draft.common(pair) & ~(1 << t)
        if not slots:
            return 0
        to = draft.any_slot(slots)
        change = self._change(pair, t, to)
        if draft.free(pair) >> to & 1:
            if change <= 0 or rng.random() < math.exp(-change / heat):
                draft.remove(pair)
                draft.place(pair, to)
                draft.log.clear()
                return change
            return 0
        partners = self._partners(pair, t, to)
        if not partners:
            return 0
        other = partners[rng.randrange(len(partners))]
        change = self._both(pair, other, t, to, change)
        accepted = change <= 0 or rng.random() < math.exp(-change / heat)
        if accepted and draft.common(other) >> t & 1 and self._exchangeable(pair, other, t, to):
            draft.remove(pair)
            draft.remove(other)
            draft.place(pair, to)
            draft.place(other, t)
            draft.log.clear()
            return change
        return 0

    def _disturbs(self, pair: int) -> bool:
        """Whether a party of the pair has a gap in the session of the meeting, or the meeting was moved."""
        draft, t = self.draft, self.draft.slot[pair]
        p, f, session = draft.project[pair], draft.counterparty[pair], draft.session[t]
        busy = draft.project_avail[p] & ~draft.project_free[p] & session
        if gaps(busy, draft.project_avail[p]) or gaps(
            draft.counterparty_busy[f] & session, draft.counterparty_avail[f]
        ):
            return True
        return self.published[pair] not in (-1, t)

    def _relocate(self, pair: int) -> int:
        """Move a meeting to the best free slot if that is no worse; the change, at most 0."""
        draft, t = self.draft, self.draft.slot[pair]
        best, target, ties, slots = 0, -1, 0, draft.free(pair)
        while slots:
            bit = slots & -slots
            slots ^= bit
            to = bit.bit_length() - 1
            change = self._change(pair, t, to)
            if change < best:
                best, target, ties = change, to, 1
            elif change == best:
                ties += 1
                if draft.rng.random() * ties < 1.0:
                    target = to
        if target >= 0:
            draft.remove(pair)
            draft.place(pair, target)
        return best

    def _exchange(self, pair: int) -> int:
        """Exchange slots with the meeting that stands in the way of a better one; the change, at most 0."""
        draft, t = self.draft, self.draft.slot[pair]
        slots = draft.common(pair) & ~(1 << t) & ~draft.free(pair)
        best, target, partner = 0, -1, -1
        while slots:
            bit = slots & -slots
            slots ^= bit
            to = bit.bit_length() - 1
            own = self._change(pair, t, to)
            for other in self._partners(pair, t, to):
                change = self._both(pair, other, t, to, own)
                if change < best and self._exchangeable(pair, other, t, to):
                    best, target, partner = change, to, other
        if target >= 0:
            draft.remove(pair)
            draft.remove(partner)
            draft.place(pair, target)
            draft.place(partner, t)
        return best

    def _partners(self, pair: int, t: int, to: int) -> list[int]:
        """Meetings in slot ``to`` one of which has to leave before the pair can come."""
        draft, slots = self.draft, self.draft.slots
        p, f = draft.project[pair], draft.counterparty[pair]
        own = draft.at_project[p * slots + to]
        if own >= 0:
            return [] if draft.locked[own] else [own]
        if not draft.counterparty_free[f] >> to & 1:
            return [other for other in draft.at_counterparty[f * slots + to] if not draft.locked[other]]
        if not draft.delegation_free[draft.delegation[pair]] >> to & 1:
            waiting = draft.at_delegation[draft.delegation[pair] * slots + to]
        elif draft.table[pair] and not draft.table_free >> to & 1:
            waiting = draft.at_table[to]
        else:
            waiting = draft.at_pool[draft.pool[pair] * slots + to]
        if len(waiting) > _PARTNERS_TRIED:
            waiting = dict.fromkeys(draft.rng.sample(list(waiting), _PARTNERS_TRIED))
        return [
            other
            for other in waiting
            if draft.project_free[draft.project[other]] >> t & 1
            and draft.counterparty_free[draft.counterparty[other]] >> t & 1
            and not draft.locked[other]
        ]

    def _exchangeable(self, pair: int, other: int, t: int, to: int) -> bool:
        draft, mark = self.draft, self.draft.mark()
        draft.remove(pair)
        draft.remove(other)
        possible = bool(draft.free(pair) >> to & 1 and draft.free(other) >> t & 1)
        if possible:
            draft.place(pair, to)
            possible = bool(draft.free(other) >> t & 1)
        draft.undo(mark)
        return possible

    def _both(self, pair: int, other: int, t: int, to: int, own: int) -> int:
        """The change when the two exchange slots; ``own`` is that of the pair alone."""
        draft = self.draft
        p, f, p2, f2 = draft.project[pair], draft.counterparty[pair], draft.project[other], draft.counterparty[other]
        if p == p2:
            return (
                _GAP * (self._counterparty(f, t, to) + self._counterparty(f2, to, t))
                + self._moved(pair, t, to)
                + self._moved(other, to, t)
            )
        if f == f2:
            return (
                _GAP * (self._project(p, t, to) + self._project(p2, to, t))
                + self._moved(pair, t, to)
                + self._moved(other, to, t)
            )
        return own + self._change(other, to, t)

    def _change(self, pair: int, t: int, to: int) -> int:
        """The change when one meeting moves."""
        draft = self.draft
        change = self._project(draft.project[pair], t, to) + self._counterparty(draft.counterparty[pair], t, to)
        return _GAP * change + self._moved(pair, t, to)

    def _moved(self, pair: int, t: int, to: int) -> int:
        published = self.published[pair]
        return 0 if published < 0 else (to != published) - (t != published)

    def _project(self, p: int, t: int, to: int) -> int:
        draft = self.draft
        available = draft.project_avail[p]
        return _shift(draft.session, available & ~draft.project_free[p], available, 1 << t, 1 << to, t, to)

    def _counterparty(self, f: int, t: int, to: int) -> int:
        draft = self.draft
        alone = len(draft.at_counterparty[f * draft.slots + t]) == 1
        leaves = 1 << t if alone else 0
        return _shift(draft.session, draft.counterparty_busy[f], draft.counterparty_avail[f], leaves, 1 << to, t, to)


def _shift(session: list[int], busy: int, available: int, leaves: int, comes: int, t: int, to: int) -> int:
    """The change of a party's gaps when ``leaves`` is no longer and ``comes`` is now busy."""
    after = busy & ~leaves | comes
    here, there = session[t], session[to]
    change = gaps(after & here, available) - gaps(busy & here, available)
    if here != there:
        change += gaps(after & there, available) - gaps(busy & there, available)
    return change
