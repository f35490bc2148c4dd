"""A schedule while it is being changed by hand's breadths: what is free, who is where, and the way back.

Free slots are bits of an integer, so that a question about all slots is one AND. Meetings of the schedule before have
an origin; the plan counts how many of them it has moved and never exceeds its limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .problem import Problem


class Plan:
    """Meetings of a problem, by pair index. `open_slots` are the bits of the slots in which something may change."""

    def __init__(self, problem: Problem, open_slots: int) -> None:
        slots = problem.slots
        self.slots = slots
        self.open_slots = open_slots
        self.project: list[int] = problem.pair_project.tolist()
        self.counterparty: list[int] = problem.pair_counterparty.tolist()
        self.score: list[int] = problem.pair_score.tolist()
        self.pool: list[int] = problem.pair_interp.tolist()
        self.must: list[bool] = problem.pair_must.tolist()
        self.in_person: list[bool] = problem.pair_in_person.tolist()
        self.delegation: list[int] = problem.project_delegation[problem.pair_project].tolist()
        self.p_avail, self.f_avail = problem.project_mask, problem.counterparty_mask

        self.p_left = problem.project_max.tolist()
        self.f_left = problem.counterparty_max.tolist()
        self.p_free = list(self.p_avail)
        everything = (1 << slots) - 1
        self.d_free = [everything if cap else 0 for cap in problem.delegation_cap.tolist()]
        self.q_free = [_bits(row) for row in problem.interpreter_cap.tolist()]
        self.table_free = _bits(problem.slot_tables.tolist())
        self.reps = problem.counterparty_reps.tolist()
        self.f_free = [mask if reps else 0 for mask, reps in zip(self.f_avail, self.reps, strict=True)]
        self.d_cap = problem.delegation_cap.tolist()
        self.q_cap = problem.interpreter_cap.tolist()
        self.table_cap = problem.slot_tables.tolist()

        self.p_at: list[dict[int, int]] = [{} for _ in range(problem.projects)]
        self.f_at: list[dict[int, list[int]]] = [{} for _ in range(problem.counterparties)]
        self.d_at: list[dict[int, list[int]]] = [{} for _ in range(problem.delegations)]
        self.q_at: list[dict[int, list[int]]] = [{} for _ in range(problem.pools)]
        self.table_at: list[list[int]] = [[] for _ in range(slots)]
        self.slot_of: dict[int, int] = {}
        self.origin: dict[int, int] = {}
        self.fixed: set[int] = set()
        self.moved = 0
        self.move_limit = 0
        self.session_of = problem.slot_session.tolist()
        self._journal: list[tuple[int, int]] = []

    def hold(self, pair: int, t: int) -> None:
        """Place the pair into slot t, which must be free for it."""
        self._put(pair, t)
        self._journal.append((pair, -1))

    def drop(self, pair: int) -> None:
        """Take the pair out."""
        self._journal.append((pair, self._take(pair)))

    @property
    def mark(self) -> int:
        """A point to come back to by :meth:`undo`."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Take back everything since the mark."""
        while len(self._journal) > mark:
            pair, t = self._journal.pop()
            if t < 0:
                self._take(pair)
            else:
                self._put(pair, t)

    def forget(self) -> None:
        """Give up the way back."""
        self._journal.clear()

    def capped(self, pair: int) -> bool:
        """Whether one of the two has as many meetings as it may have."""
        return not (self.p_left[self.project[pair]] and self.f_left[self.counterparty[pair]])

    def free_slots(self, pair: int) -> int:
        """Bits of the open slots in which the pair could be put, caps aside."""
        p, q = self.project[pair], self.pool[pair]
        free = self.p_free[p] & self.f_free[self.counterparty[pair]] & self.d_free[self.delegation[pair]]
        free &= self._allowed(pair)
        if q >= 0:
            free &= self.q_free[q]
        return free & self.table_free if self.in_person[pair] else free

    def fits(self, pair: int, t: int) -> bool:
        """Whether the pair could be put into slot t now, be it open or not; caps included."""
        p, f, q, bit = self.project[pair], self.counterparty[pair], self.pool[pair], 1 << t
        free = self.p_free[p] & self.f_free[f] & self.d_free[self.delegation[pair]] & bit
        if q >= 0:
            free &= self.q_free[q]
        if self.in_person[pair]:
            free &= self.table_free
        return bool(free) and not self.capped(pair)

    def admit(self, pair: int, depth: int) -> bool:
        """Place the pair, caps aside: into a free slot, or by moving on up to `depth` meetings in a chain.

        Nothing changes where that fails. Fixed meetings stay, and so do origins once the limit of moves is reached.
        """
        if free := self.free_slots(pair):
            self.hold(pair, self.best_slot(pair, free))
            return True
        if not depth:
            return False
        common = self.p_avail[self.project[pair]] & self.f_avail[self.counterparty[pair]] & self._allowed(pair)
        for t in _slots(common):
            for other in self._in_the_way(pair, t):
                if other in self.fixed or (depth == 1 and not self.free_slots(other)):
                    continue
                mark = self.mark
                self.drop(other)
                self.hold(pair, t)
                if self.admit(other, depth - 1):
                    return True
                self.undo(mark)
        return False

    def best_slot(self, pair: int, free: int) -> int:
        """The slot of `free` that leaves the two with the fewest idle slots between meetings; the first of equals."""
        p, f = self.project[pair], self.counterparty[pair]
        if (origin := self.origin.get(pair)) is not None and free >> origin & 1:
            return origin
        busy = (self.p_at[p], self.f_at[f])
        avail = (self.p_avail[p], self.f_avail[f])
        return min(_slots(free), key=lambda t: self._idle(busy[0], avail[0], t) + self._idle(busy[1], avail[1], t))

    def _idle(self, busy: Iterable[int], avail: int, t: int) -> int:
        """Change of the number of idle slots of a party by one meeting more in slot t."""
        session = self.session_of
        before = after = -1
        for s in busy:
            if s == t:
                return 0
            if session[s] == session[t]:
                if s < t:
                    before = max(before, s)
                else:
                    after = s if after < 0 else min(after, s)
        if before >= 0 and after >= 0:
            return -1
        if before >= 0:
            return (avail & ((1 << t) - (1 << (before + 1)))).bit_count()
        if after >= 0:
            return (avail & ((1 << after) - (1 << (t + 1)))).bit_count()
        return 0

    def _allowed(self, pair: int) -> int:
        """Slots that neither the past nor the limit of moves forbids."""
        origin = self.origin.get(pair)
        if origin is None or self.moved < self.move_limit:
            return self.open_slots
        return self.open_slots & 1 << origin

    def _in_the_way(self, pair: int, t: int) -> list[int]:
        """Meetings in slot t any one of which, taken away, makes place for the pair there."""
        p, f, q, d = self.project[pair], self.counterparty[pair], self.pool[pair], self.delegation[pair]
        bit = 1 << t
        groups = []
        if not self.p_free[p] & bit:
            groups.append([self.p_at[p][t]])
        if not self.f_free[f] & bit:
            groups.append(self.f_at[f].get(t, []))
        if not self.d_free[d] & bit:
            groups.append(self.d_at[d].get(t, []))
        if q >= 0 and not self.q_free[q] & bit:
            groups.append(self.q_at[q].get(t, []))
        if self.in_person[pair] and not self.table_free & bit:
            groups.append(self.table_at[t])
        groups.sort(key=len)
        found = groups[0]
        for group in groups[1:]:
            found = [other for other in found if other in group]
        return list(found)

    def _put(self, pair: int, t: int) -> None:
        p, f, q, d = self.project[pair], self.counterparty[pair], self.pool[pair], self.delegation[pair]
        bit = 1 << t
        self.slot_of[pair] = t
        self.p_left[p] -= 1
        self.f_left[f] -= 1
        self.p_at[p][t] = pair
        self.p_free[p] &= ~bit
        if _join(self.f_at[f], t, pair) >= self.reps[f]:
            self.f_free[f] &= ~bit
        if _join(self.d_at[d], t, pair) >= self.d_cap[d]:
            self.d_free[d] &= ~bit
        if q >= 0 and _join(self.q_at[q], t, pair) >= self.q_cap[q][t]:
            self.q_free[q] &= ~bit
        if self.in_person[pair]:
            self.table_at[t].append(pair)
            if len(self.table_at[t]) >= self.table_cap[t]:
                self.table_free &= ~bit
        self.moved += self.origin.get(pair, t) != t

    def _take(self, pair: int) -> int:
        p, f, q, d = self.project[pair], self.counterparty[pair], self.pool[pair], self.delegation[pair]
        t = self.slot_of.pop(pair)
        bit = 1 << t
        self.p_left[p] += 1
        self.f_left[f] += 1
        del self.p_at[p][t]
        self.p_free[p] |= bit
        _leave(self.f_at[f], t, pair)
        self.f_free[f] |= bit
        _leave(self.d_at[d], t, pair)
        self.d_free[d] |= bit
        if q >= 0:
            _leave(self.q_at[q], t, pair)
            self.q_free[q] |= bit
        if self.in_person[pair]:
            self.table_at[t].remove(pair)
            self.table_free |= bit
        self.moved -= self.origin.get(pair, t) != t
        return t


def _join(at: dict[int, list[int]], t: int, pair: int) -> int:
    there = at.setdefault(t, [])
    there.append(pair)
    return len(there)


def _leave(at: dict[int, list[int]], t: int, pair: int) -> None:
    there = at[t]
    there.remove(pair)
    if not there:
        del at[t]


def _bits(capacities: list[int]) -> int:
    return sum(1 << t for t, capacity in enumerate(capacities) if capacity)


def _slots(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
