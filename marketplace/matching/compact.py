"""Fewer idle gaps, then fewer changes against what was published, by moving meetings that are in each other's way.

Nobody's meetings change, only their slots, so the first three levels of the objective stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from .child import Stop
from .draft import Draft, gaps

Chain = dict[int, int]
"""Meetings, and the slot to which each goes."""

_GAP = 1 << 20  # One gap outweighs any number of moved meetings in a comparison of two slots.
_HOT, _COLD = 0.3, 0.1  # temperatures in gaps
_LONGEST = 16  # meetings of a chain
_HOLDERS_TRIED = 16  # of the hundreds of meetings that can hold the table that is missing
_TROUBLED, _AIMED = 0.5, 0.5  # of the steps of annealing: from a meeting that has something to gain; into a gap
_OFTEN = 64  # meetings between two looks at the clock


class Compactor:
    """Moves meetings of a draft.

    A meeting that goes to another slot pushes out what its parties have there. That goes the other way and may push
    further meetings to and fro: a Kempe chain, the exchange of colours along a component of two colours, which serves
    timetabling well (Thompson and Dowsland 1998). Where that is not possible, what is in the way may find a third slot.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.published = draft.home
        self.sessions = list(dict.fromkeys(draft.session))
        # Per pair the slots to which its parties' availability lets it go.
        self.possible = [0 if draft.locked[pair] else draft.common(pair) for pair in range(len(draft.slot))]

    def run(self, rounds: int, stop: Stop) -> bool:
        """Sweep over meetings that have something to gain up to ``rounds`` times; False where ``stop`` ended it.

        Every change that is accepted lowers, or sometimes keeps, gaps and then moved meetings.
        """
        meetings = self._meetings()
        idle = 0
        for _ in range(rounds):
            self.draft.rng.shuffle(meetings)
            gained = 0
            for count, pair in enumerate(meetings):
                if count % _OFTEN == 0 and stop():
                    return False
                if self._troubled(pair):
                    gained += self._improve(pair)
            idle = 0 if gained < 0 else idle + 1
            if idle >= 4:
                break
        return True

    def anneal(self, per_meeting: int, stop: Stop) -> bool:
        """Simulated annealing with random chains (Kirkpatrick et al. 1983); the best state is kept.

        Half of the steps start from meetings beside a gap and half lead into one: few meetings matter in the end.
        """
        draft, random = self.draft, self.draft.rng.random
        meetings = self._meetings()
        now = lowest = self.cost()
        best, steps = draft.copy_of(), per_meeting * len(meetings)
        troubled: list[int] = []
        for count in range(steps):
            if not lowest or (count % _OFTEN == 0 and stop()):
                break
            if count % len(meetings) == 0:
                troubled = [pair for pair in meetings if self._troubled(pair)]
            heat = _GAP * _HOT * (_COLD / _HOT) ** (count / steps)
            among = troubled if troubled and random() < _TROUBLED else meetings
            now += self._try(among[int(random() * len(among))], heat)
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
        for available, free in zip(draft.project_avail, draft.project_free, strict=True):
            total += sum(gaps(available & ~free & session, available) for session in self.sessions)
        for available, busy in zip(draft.counterparty_avail, draft.counterparty_busy, strict=True):
            total += sum(gaps(busy & session, available) for session in self.sessions)
        return total

    def chain(self, pair: int, t: int, to: int) -> Chain | None:
        """What moves when the pair goes from slot ``t`` to slot ``to``; None where that is not possible."""
        draft, chain = self.draft, {pair: to}
        if draft.free(pair) >> to & 1:
            return chain
        own = draft.at_project[draft.project[pair] * draft.slots + to]
        if own >= 0 and not self.possible[own] >> t & 1:
            return None  # As most chains end.
        if not self._follow(chain, pair, t, to):
            return None
        in_the_way = self._in_the_way(chain, t, to)
        if in_the_way is None:
            return chain
        # One further meeting that holds what is lacking goes the other way, with those that it pushes.
        if len(in_the_way) > _HOLDERS_TRIED:
            in_the_way = draft.rng.sample(list(in_the_way), _HOLDERS_TRIED)
        slot, possible = draft.slot, self.possible
        others = [other for other in in_the_way if other not in chain and possible[other] >> t + to - slot[other] & 1]
        if not others:
            return None
        other = others[int(draft.rng.random() * len(others))]
        chain[other] = t + to - slot[other]
        if self._follow(chain, other, t, to) and self._in_the_way(chain, t, to) is None:
            return chain
        return None

    def sidestep(self, pair: int, t: int, to: int) -> Chain | None:
        """What moves when the pair goes to slot ``to`` and the one meeting in its way there to a free third slot."""
        draft, slots = self.draft, self.draft.slots
        other = draft.at_project[draft.project[pair] * slots + to]
        if other < 0:
            held = draft.at_counterparty[draft.counterparty[pair] * slots + to]
            other = held[int(draft.rng.random() * len(held))] if held else -1
        if other < 0 or not (free := draft.free(other) & self.possible[other] & ~(1 << t)):
            return None
        third, mark = draft.any_slot(free), draft.mark()
        draft.remove(other)
        fits = draft.free(pair) >> to & 1
        if fits:
            draft.remove(pair)
            draft.place(pair, to)
            fits = draft.free(other) >> third & 1
        draft.undo(mark)
        return {pair: to, other: third} if fits else None

    def change(self, chain: Chain) -> int:
        """The change of the cost when the meetings of the chain go where it says."""
        draft, slots, moved = self.draft, self.draft.slots, 0
        left: dict[int, int] = {}  # slots in which a project no longer meets, unless another meeting comes there
        taken: dict[int, int] = {}
        more: dict[int, int] = {}  # meetings of a counterparty in a slot
        for pair, slot in chain.items():
            was, p, f, published = draft.slot[pair], draft.project[pair], draft.counterparty[pair], self.published[pair]
            left[p] = left.get(p, 0) | 1 << was
            taken[p] = taken.get(p, 0) | 1 << slot
            more[f * slots + was] = more.get(f * slots + was, 0) - 1
            more[f * slots + slot] = more.get(f * slots + slot, 0) + 1
            if published >= 0:
                moved += (slot != published) - (was != published)
        change = 0
        for p, gone in left.items():
            available = draft.project_avail[p]
            busy = available & ~draft.project_free[p]
            change += self._gained(available, busy, busy & ~gone | taken[p])
        flips: dict[int, int] = {}
        for at, number in more.items():
            before = len(draft.at_counterparty[at])
            if (before > 0) != (before + number > 0):
                flips[at // slots] = flips.get(at // slots, 0) | 1 << at % slots
        for f, flip in flips.items():
            busy = draft.counterparty_busy[f]
            change += self._gained(draft.counterparty_avail[f], busy, busy ^ flip)
        return _GAP * change + moved

    def apply(self, chain: Chain) -> None:
        """Let the meetings of the chain go where it says."""
        draft = self.draft
        for pair in chain:
            draft.remove(pair)
        for pair, slot in chain.items():
            draft.place(pair, slot)
        draft.log.clear()

    def _meetings(self) -> list[int]:
        """The meetings that may move."""
        return [pair for pair, t in enumerate(self.draft.slot) if t >= 0 and not self.draft.locked[pair]]

    def _try(self, pair: int, heat: float) -> int:
        """One random chain, accepted by the rule of Metropolis; the change that was made."""
        draft, rng, t = self.draft, self.draft.rng, self.draft.slot[pair]
        slots = self.possible[pair] & ~(1 << t)
        if not slots:
            return 0
        if rng.random() < _AIMED:
            slots = slots & self._wanted(pair) or slots
        to = draft.any_slot(slots)
        chain = self.chain(pair, t, to) or self.sidestep(pair, t, to)
        if chain is None:
            return 0
        change = self.change(chain)
        if change > 0 and rng.random() >= math.exp(-change / heat):
            return 0
        self.apply(chain)
        return change

    def _improve(self, pair: int) -> int:
        """Move a meeting to the best slot if that is no worse; the change, at most 0."""
        t, best, ties = self.draft.slot[pair], 0, 0
        target: Chain | None = None
        slots = self.possible[pair] & ~(1 << t)
        while slots:
            bit = slots & -slots
            slots ^= bit
            to = bit.bit_length() - 1
            chain = self.chain(pair, t, to)
            if chain is None:
                continue
            change = self.change(chain)
            if change < best:
                best, target, ties = change, chain, 1
            elif change == best:
                ties += 1
                if self.draft.rng.random() * ties < 1.0:
                    target = chain
        if target is not None:
            self.apply(target)
        return best

    def _troubled(self, pair: int) -> bool:
        """Whether a party of the pair has a gap in the session of the meeting, or the meeting was moved."""
        draft, t = self.draft, self.draft.slot[pair]
        p, f, session = draft.project[pair], draft.counterparty[pair], draft.session[t]
        busy = draft.project_avail[p] & ~draft.project_free[p] & session
        if gaps(busy, draft.project_avail[p]) or gaps(
            draft.counterparty_busy[f] & session, draft.counterparty_avail[f]
        ):
            return True
        return self.published[pair] not in (-1, t)

    def _wanted(self, pair: int) -> int:
        """Slots that are gaps of one of the two parties, and that of the schedule before."""
        draft, home = self.draft, self.published[pair]
        wanted = 1 << home if home >= 0 else 0
        p, f = draft.project[pair], draft.counterparty[pair]
        for available, busy in (
            (draft.project_avail[p], draft.project_avail[p] & ~draft.project_free[p]),
            (draft.counterparty_avail[f], draft.counterparty_busy[f]),
        ):
            for session in self.sessions:
                held = busy & session
                if held:
                    wanted |= available & ~held & ((1 << held.bit_length()) - (held & -held))
        return wanted

    def _follow(self, chain: Chain, first: int, t: int, to: int) -> bool:
        """Let all that the first pushes out of its parties' way join the chain; False where something cannot move."""
        draft, slots, possible = self.draft, self.draft.slots, self.possible
        waiting = [first]
        for pair in waiting:
            there = chain[pair]
            back = t if there == to else to
            pushed = draft.at_project[draft.project[pair] * slots + there]
            if pushed >= 0 and pushed not in chain:
                if not possible[pushed] >> back & 1:
                    return False
                chain[pushed] = back
                waiting.append(pushed)
            f = draft.counterparty[pair]
            meetings = draft.at_counterparty[f * slots + there]
            if meetings:
                staying = [other for other in meetings if other not in chain]
                coming = [other for other in draft.at_counterparty[f * slots + back] if other in chain]
                if len(staying) + len(coming) > draft.reps[f]:
                    pushed = next((other for other in staying if possible[other] >> back & 1), -1)
                    if pushed < 0:
                        return False
                    chain[pushed] = back
                    waiting.append(pushed)
            if len(chain) > _LONGEST:
                return False
        return True

    def _in_the_way(self, chain: Chain, t: int, to: int) -> Collection[int] | None:
        """The meetings that hold the tables, delegates or interpreters that the chain lacks; None if it lacks none."""
        draft, slots = self.draft, self.draft.slots
        seats = 0
        delegates: dict[int, int] = {}
        interpreters: dict[int, int] = {}
        for pair, slot in chain.items():
            more = 1 if slot == to else -1
            d, pool = draft.delegation[pair], draft.pool[pair]
            delegates[d] = delegates.get(d, 0) + more
            if draft.table[pair]:
                seats += more
            if pool >= 0:
                interpreters[pool] = interpreters.get(pool, 0) + more
        if seats:
            slot = to if seats > 0 else t
            if len(draft.at_table[slot]) + abs(seats) > draft.tables[slot]:
                return draft.at_table[slot]
        for d, more in delegates.items():
            team = draft.at_delegation[d * slots + (to if more > 0 else t)]
            if more and len(team) + abs(more) > draft.people[d]:
                return team
        for pool, more in interpreters.items():
            at = pool * slots + (to if more > 0 else t)
            if more and len(draft.at_pool[at]) + abs(more) > draft.interpreters[at]:
                return draft.at_pool[at]
        return None

    def _gained(self, available: int, before: int, after: int) -> int:
        """The change of a party's gaps when the slots in which it is busy change."""
        change, differing = 0, before ^ after
        while differing:
            session = self.draft.session[differing.bit_length() - 1]
            change += gaps(after & session, available) - gaps(before & session, available)
            differing &= ~session
        return change
