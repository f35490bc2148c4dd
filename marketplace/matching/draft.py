"""A schedule under construction: every capacity as bits of slots, every change logged so that it can be taken back."""

from __future__ import annotations

import random
from collections.abc import Iterable

from .problem import IntArray, Meeting, Problem, bit_masks

FLOOR_VALUE: int = 1 << 34  # More than any sum of scores.
MUST_VALUE: int = 1 << 54  # More than any number of floors.


class Draft:
    """Meetings in slots, never breaking a rule; starts with the locked meetings.

    Works on ``candidates``, positions of pairs in the problem; below, *pair* is a position in ``candidates``. Sets of
    slots are integers whose bit t is slot t. ``value`` is the first three levels of the objective in one integer.
    Capacities per slot cannot be exceeded by :meth:`place` on a slot out of :meth:`free`; caps per party are asked for
    with :meth:`has_room`.
    """

    def __init__(self, problem: Problem, candidates: IntArray, seed: int) -> None:
        slots = problem.slots
        everywhere = (1 << slots) - 1
        self.problem, self.candidates, self.slots = problem, candidates, slots
        self.rng = random.Random(seed)
        self.project: list[int] = problem.pair_project[candidates].tolist()
        self.counterparty: list[int] = problem.pair_counterparty[candidates].tolist()
        self.delegation: list[int] = problem.project_delegation[problem.pair_project[candidates]].tolist()
        self.table: list[bool] = problem.pair_in_person[candidates].tolist()
        self.pool: list[int] = problem.pair_interp[candidates].tolist()
        self.must: list[bool] = problem.pair_must[candidates].tolist()
        score = problem.pair_score[candidates]
        self.weight: list[int] = [s + MUST_VALUE if m else s for s, m in zip(score.tolist(), self.must, strict=True)]

        self.reps: list[int] = problem.counterparty_reps.tolist()
        self.people: list[int] = problem.delegation_cap.tolist()
        self.tables: list[int] = problem.slot_tables.tolist()
        self.interpreters: list[int] = problem.interpreter_cap.ravel().tolist()
        self.project_max: list[int] = problem.project_max.tolist()
        self.project_min: list[int] = problem.project_min.tolist()
        self.counterparty_max: list[int] = problem.counterparty_max.tolist()
        self.counterparty_min: list[int] = problem.counterparty_min.tolist()

        self.project_avail = problem.project_mask
        self.counterparty_avail = [m if r > 0 else 0 for m, r in zip(problem.counterparty_mask, self.reps, strict=True)]
        self.project_free = list(self.project_avail)
        self.counterparty_free = list(self.counterparty_avail)
        self.delegation_free = [everywhere if people > 0 else 0 for people in self.people]
        self.table_free = bit_masks((problem.slot_tables > 0)[None, :])[0]
        # The last entry serves pairs that need no interpreter (pool -1).
        self.pool_free = [*bit_masks(problem.interpreter_cap > 0), everywhere]
        self.pool_has = list(self.pool_free)

        self.slot = [-1] * len(candidates)
        self.locked = [False] * len(candidates)
        self.at_project = [-1] * (problem.projects * slots)
        self.at_counterparty: list[list[int]] = [[] for _ in range(problem.counterparties * slots)]
        self.at_delegation: list[dict[int, None]] = [{} for _ in range(problem.delegations * slots)]
        self.at_table: list[dict[int, None]] = [{} for _ in range(slots)]
        self.at_pool: list[dict[int, None]] = [{} for _ in range(problem.pools * slots)]
        self.counterparty_busy = [0] * problem.counterparties
        self.project_met = [0] * problem.projects
        self.counterparty_met = [0] * problem.counterparties
        self.of_project: list[list[int]] = [[] for _ in range(problem.projects)]
        self.of_counterparty: list[list[int]] = [[] for _ in range(problem.counterparties)]
        for pair, (p, f) in enumerate(zip(self.project, self.counterparty, strict=True)):
            self.of_project[p].append(pair)
            self.of_counterparty[f].append(pair)

        self.home = [-1] * len(candidates)  # slot in the schedule before
        position = {pair: at for at, pair in enumerate(zip(self.project, self.counterparty, strict=True))}
        for p, f, t in problem.published:
            if (p, f) in position:
                self.home[position[(p, f)]] = t

        self.session = _session_masks(problem)
        self.log: list[tuple[int, int]] = []  # (pair, slot before), undone from the end
        floors = self.project_min.count(0) + self.counterparty_min.count(0)
        self.value: int = FLOOR_VALUE * floors
        self._hold_locks()

    def _hold_locks(self) -> None:
        local = {pair: position for position, pair in enumerate(self.candidates.tolist())}
        for p, f, t in self.problem.locked:
            pair = local[self.problem.pair_index[(p, f)]]
            self.place(pair, t)
            self.locked[pair] = True
        self.log.clear()

    def meetings(self) -> list[Meeting]:
        """The meetings held, as (project, counterparty, slot), sorted."""
        held = ((p, f, t) for p, f, t in zip(self.project, self.counterparty, self.slot, strict=True) if t >= 0)
        return sorted(held)

    def levels(self) -> tuple[int, int, int]:
        """Must meetings, floors and score."""
        must, rest = divmod(self.value, MUST_VALUE)
        floors, score = divmod(rest, FLOOR_VALUE)
        return must, floors, score

    def copy_of(self) -> list[int]:
        """The slots of all pairs, for :meth:`restore`."""
        return list(self.slot)

    def restore(self, slots: list[int]) -> None:
        """Hold exactly the meetings of an earlier :meth:`copy_of`."""
        for pair, t in enumerate(slots):
            if self.slot[pair] >= 0 and self.slot[pair] != t:
                self.remove(pair)
        for pair, t in enumerate(slots):
            if t >= 0 and self.slot[pair] < 0:
                self.place(pair, t)
        self.log.clear()

    def common(self, pair: int) -> int:
        """Slots in which both parties are available and an interpreter exists, if one is needed."""
        return (
            self.project_avail[self.project[pair]]
            & self.counterparty_avail[self.counterparty[pair]]
            & self.pool_has[self.pool[pair]]
        )

    def free(self, pair: int) -> int:
        """Slots in which the pair could be placed now as far as capacities per slot go."""
        slots = (
            self.project_free[self.project[pair]]
            & self.counterparty_free[self.counterparty[pair]]
            & self.delegation_free[self.delegation[pair]]
            & self.pool_free[self.pool[pair]]
        )
        return slots & self.table_free if self.table[pair] else slots

    def has_room(self, pair: int) -> bool:
        """Whether both parties are below their caps."""
        p, f = self.project[pair], self.counterparty[pair]
        return self.project_met[p] < self.project_max[p] and self.counterparty_met[f] < self.counterparty_max[f]

    def place(self, pair: int, t: int) -> None:
        """Hold the pair's meeting in slot t, which must be free for it."""
        bit, slots, f, d, pool = 1 << t, self.slots, self.counterparty[pair], self.delegation[pair], self.pool[pair]
        p = self.project[pair]
        self.log.append((pair, -1))
        self.slot[pair] = t
        self.at_project[p * slots + t] = pair
        self.project_free[p] ^= bit
        there = self.at_counterparty[f * slots + t]
        there.append(pair)
        if len(there) == self.reps[f]:
            self.counterparty_free[f] ^= bit
        self.counterparty_busy[f] |= bit
        team = self.at_delegation[d * slots + t]
        team[pair] = None
        if len(team) == self.people[d]:
            self.delegation_free[d] ^= bit
        if self.table[pair]:
            seated = self.at_table[t]
            seated[pair] = None
            if len(seated) == self.tables[t]:
                self.table_free ^= bit
        if pool >= 0:
            helped = self.at_pool[pool * slots + t]
            helped[pair] = None
            if len(helped) == self.interpreters[pool * slots + t]:
                self.pool_free[pool] ^= bit
        self.project_met[p] += 1
        self.counterparty_met[f] += 1
        self.value += self.weight[pair]
        if self.project_met[p] == self.project_min[p]:
            self.value += FLOOR_VALUE
        if self.counterparty_met[f] == self.counterparty_min[f]:
            self.value += FLOOR_VALUE

    def remove(self, pair: int) -> None:
        """Take the pair's meeting, which must not be locked, out of its slot."""
        t, slots, f, d, pool = (
            self.slot[pair],
            self.slots,
            self.counterparty[pair],
            self.delegation[pair],
            self.pool[pair],
        )
        p, bit = self.project[pair], 1 << t
        self.log.append((pair, t))
        self.slot[pair] = -1
        self.at_project[p * slots + t] = -1
        self.project_free[p] |= bit
        there = self.at_counterparty[f * slots + t]
        there.remove(pair)
        self.counterparty_free[f] |= bit
        if not there:
            self.counterparty_busy[f] ^= bit
        del self.at_delegation[d * slots + t][pair]
        self.delegation_free[d] |= bit
        if self.table[pair]:
            del self.at_table[t][pair]
            self.table_free |= bit
        if pool >= 0:
            del self.at_pool[pool * slots + t][pair]
            self.pool_free[pool] |= bit
        if self.project_met[p] == self.project_min[p]:
            self.value -= FLOOR_VALUE
        if self.counterparty_met[f] == self.counterparty_min[f]:
            self.value -= FLOOR_VALUE
        self.project_met[p] -= 1
        self.counterparty_met[f] -= 1
        self.value -= self.weight[pair]

    def mark(self) -> int:
        """The present moment, for :meth:`undo`."""
        return len(self.log)

    def undo(self, mark: int) -> None:
        """Take back every change since the mark."""
        log = self.log
        while len(log) > mark:
            pair, before = log.pop()
            if before < 0:
                self.remove(pair)
            else:
                self.place(pair, before)
            log.pop()

    def any_slot(self, slots: int) -> int:
        """A random slot out of a non-empty set."""
        turn = self.rng.randrange(self.slots)
        later = slots >> turn
        if later:
            return turn + (later & -later).bit_length() - 1
        return (slots & -slots).bit_length() - 1

    def likely_slot(self, pair: int, slots: int) -> int:
        """The slot of the schedule before if it is in a non-empty set, else a random one."""
        home = self.home[pair]
        return home if home >= 0 and slots >> home & 1 else self.any_slot(slots)

    def compact_slot(self, pair: int, slots: int) -> int:
        """The slot out of a non-empty set that adds the fewest idle gaps, next to another meeting if possible."""
        p, f = self.project[pair], self.counterparty[pair]
        p_avail, f_avail = self.project_avail[p], self.counterparty_avail[f]
        p_busy, f_busy = p_avail & ~self.project_free[p], self.counterparty_busy[f]
        session, rng = self.session, self.rng
        best, best_cost = -1, 1 << 30
        while slots:
            bit = slots & -slots
            slots ^= bit
            t = bit.bit_length() - 1
            around = bit << 1 | bit >> 1
            day = session[t]
            busy = p_busy & day
            cost = 0 if not busy else 8 * (gaps(busy | bit, p_avail) - gaps(busy, p_avail)) - bool(busy & around)
            busy = f_busy & day
            if busy & bit:
                cost -= 1
            elif busy:
                cost += 8 * (gaps(busy | bit, f_avail) - gaps(busy, f_avail)) - bool(busy & around)
            if cost < best_cost or (cost == best_cost and rng.random() < 0.3):
                best, best_cost = t, cost
        return best


def gaps(busy: int, available: int) -> int:
    """Available idle slots strictly between the first and the last busy slot; both sets within one session."""
    return (available & ~busy & ((1 << busy.bit_length()) - (busy & -busy))).bit_count() if busy else 0


def slots_in(mask: int) -> Iterable[int]:
    """The slots of a set, ascending."""
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit


def _session_masks(problem: Problem) -> list[int]:
    """For each slot the set of slots of its session."""
    sets: dict[int, int] = {}
    numbers = problem.slot_session.tolist()
    for t, number in enumerate(numbers):
        sets[number] = sets.get(number, 0) | 1 << t
    return [sets[number] for number in numbers]
