"""Timetables without proof, in a moment: meetings are placed by evicting others, then breaks are swapped away.

Placing follows the partial colouring of Blöchliger and Zufferey (Computers & Operations Research 35, 2008): an
unplaced meeting takes the slot that evicts least, and what it evicted may not return there for a while. Improving
moves meetings along Kempe chains between two slots, which changes the busy slots of at most two participants.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from marketplace.matching.timetable.model import TimetableProblem

# The last temperature of the annealing, in breaks, and the share of its moves that start at a break; found by trying.
COLD = 0.12
MENDING = 0.8
SHOW_EVERY = 4_000
LOOK_EVERY = 500


class Placing:
    """A partial timetable of `problem` in which every rule holds, except that meetings may be unplaced.

    slot[m]: slot of meeting m from 0, or -1. held[p][t]: the meeting of participant p in slot t, or -1.
    """

    def __init__(self, problem: TimetableProblem, allowed: Sequence[frozenset[int]], seed: int) -> None:
        self.problem = problem
        self.random = random.Random(seed)
        self.pairs = [meeting.pair for meeting in problem.meetings]
        self.allowed = allowed
        self.choices = [sorted(slots) for slots in allowed]
        self.slot = [-1] * len(problem.meetings)
        self.held = [[-1] * problem.slots for _ in range(problem.participants)]
        self.busy = [0] * problem.participants
        self.in_slot: list[list[int]] = [[] for _ in range(problem.slots)]
        self.before = [sorted(earlier) for earlier in problem.predecessors]
        self.after: list[list[int]] = [[] for _ in problem.meetings]
        for number, earlier in enumerate(self.before):
            for other in earlier:
                self.after[other].append(number)

    def place_all(self, rounds: int) -> bool:
        """Place every meeting within that many evictions; whether it worked."""
        unplaced = sorted(range(len(self.slot)), key=lambda number: (len(self.choices[number]), number))
        unplaced = [number for number in unplaced if self.slot[number] < 0]
        tabu: dict[tuple[int, int], int] = {}
        evicted_often = [0] * len(self.slot)
        if not all(self.choices) or (unplaced and not self.problem.tables):
            return False
        for turn in range(rounds):
            if not unplaced:
                return True
            # The hardest first: few slots, evicted often.
            number = unplaced.pop(self._pick(unplaced, evicted_often) if turn >= len(self.slot) else 0)
            best: tuple[float, int, list[int]] | None = None
            for slot in self.choices[number]:
                evicted = self._in_the_way(number, slot)
                cost = sum(1 + evicted_often[other] * 0.05 for other in evicted) * 1000
                cost += 10 * self._run_cost(number, slot) + self.random.random()
                if tabu.get((number, slot), -1) > turn:
                    cost += 100_000
                if best is None or cost < best[0]:
                    best = (cost, slot, evicted)
            assert best is not None
            _, slot, evicted = best
            for other in evicted:
                tabu[other, self.slot[other]] = turn + 5 + len(unplaced) + self.random.randrange(10)
                evicted_often[other] += 1
                self._remove(other)
                unplaced.append(other)
            self._put(number, slot)
        return not unplaced

    def _pick(self, unplaced: list[int], evicted_often: list[int]) -> int:
        if len(unplaced) == 1:
            return 0
        tries = [self.random.randrange(len(unplaced)) for _ in range(3)]
        return max(tries, key=lambda index: evicted_often[unplaced[index]] / len(self.choices[unplaced[index]]))

    def _in_the_way(self, number: int, slot: int) -> list[int]:
        """The meetings that have to leave if the meeting takes the slot."""
        found = [other for participant in self.pairs[number] if (other := self.held[participant][slot]) >= 0]
        if len(found) == 2 and found[0] == found[1]:
            found.pop()
        found += [other for other in self.before[number] if self.slot[other] >= slot and other not in found]
        found += [other for other in self.after[number] if 0 <= self.slot[other] <= slot and other not in found]
        leaving = sum(self.slot[other] == slot for other in found)
        if len(self.in_slot[slot]) - leaving >= self.problem.tables:
            staying = [other for other in self.in_slot[slot] if other not in found]
            found.append(max(self.random.sample(staying, min(4, len(staying))), key=lambda m: len(self.choices[m])))
        return found

    def _run_cost(self, number: int, slot: int) -> int:
        """Prefers slots beside others of the same participants."""
        cost = 0
        for participant in self.pairs[number]:
            busy = self.busy[participant]
            if busy and not (busy >> (slot + 1) & 1 or (slot and busy >> (slot - 1) & 1)):
                cost += 1
        return cost

    def _put(self, number: int, slot: int) -> None:
        self.slot[number] = slot
        self.in_slot[slot].append(number)
        for participant in self.pairs[number]:
            self.held[participant][slot] = number
            self.busy[participant] |= 1 << slot

    def _remove(self, number: int) -> None:
        slot = self.slot[number]
        self.slot[number] = -1
        self.in_slot[slot].remove(number)
        for participant in self.pairs[number]:
            self.held[participant][slot] = -1
            self.busy[participant] &= ~(1 << slot)

    def start_from(self, slots: Sequence[int]) -> None:
        """Take over a complete timetable (slots from 0)."""
        for number in range(len(self.slot)):
            if self.slot[number] >= 0:
                self._remove(number)
        for number, slot in enumerate(slots):
            self._put(number, slot)

    def improve(self, moves: int, fairness: int | None, *, target: int = 0, warm: float = 0.7) -> Iterator[list[int]]:
        """Ever better slots on the way through that many moves of simulated annealing from a complete timetable.

        It starts at the temperature `warm`, in breaks, and ends early at `target` breaks. Breaks of one participant
        beyond `fairness` weigh much more than others.
        """
        cost = sum(self._cost(busy, fairness) for busy in self.busy)
        best_cost, best, shown = cost, list(self.slot), cost
        numbers = len(self.slot)
        if numbers == 0 or self.problem.slots < 2:
            return
        broken: list[int] = []
        unfair: list[int] = []
        for move in range(moves):
            if best_cost <= target:
                break
            if move % SHOW_EVERY == 0 and best_cost < shown:
                shown = best_cost
                yield best
            temperature = warm * (COLD / warm) ** (move / moves)
            if move % LOOK_EVERY == 0:
                broken = [each for each, busy in enumerate(self.busy) if _breaks(busy)]
                unfair = [each for each in broken if fairness is not None and _breaks(self.busy[each]) > fairness]
            number = self._restless(unfair, broken)
            options = self.choices[number]
            source, goal = self.slot[number], options[int(self.random.random() * len(options))]
            if source == goal:
                continue
            chain = self._chain(number, source, goal)
            if chain is None:
                continue
            change = self._change(chain, source, goal, fairness)
            if change <= 0 or self.random.random() < math.exp(-change / temperature):
                self._swap(chain, source, goal)
                cost += change
                if cost < best_cost:
                    best_cost, best = cost, list(self.slot)
        if best_cost < shown:
            yield best

    def _restless(self, unfair: list[int], broken: list[int]) -> int:
        """A meeting to move: one of a participant with too many breaks, or mostly of one that has breaks."""
        chance = self.random.random
        people = unfair if unfair and chance() < 0.5 else broken
        if people and chance() < MENDING:
            own = self.problem.meetings_of[people[int(chance() * len(people))]]
            return own[int(chance() * len(own))]
        return int(chance() * len(self.slot))

    @staticmethod
    def _cost(busy: int, ceiling: int | None) -> int:
        breaks = _breaks(busy)
        return breaks if ceiling is None or breaks <= ceiling else breaks + 5 * (breaks - ceiling)

    def _chain(self, number: int, source: int, goal: int) -> set[int] | None:
        """The meetings of both slots that have to change places if one does; None if they may not."""
        chain = {number}
        pending = [number]
        balance = 0
        while pending:
            current = pending.pop()
            here = self.slot[current]
            there = goal if here == source else source
            if there not in self.allowed[current] or len(chain) > 60:
                return None
            balance += 1 if there == goal else -1
            for participant in self.pairs[current]:
                other = self.held[participant][there]
                if other >= 0 and other not in chain:
                    chain.add(other)
                    pending.append(other)
        tables = self.problem.tables
        if balance > 0 and len(self.in_slot[goal]) + balance > tables:
            return None
        if balance < 0 and len(self.in_slot[source]) - balance > tables:
            return None
        return chain if self._in_order(chain, source, goal) else None

    def _in_order(self, chain: set[int], source: int, goal: int) -> bool:
        for number in chain:
            if not self.before[number] and not self.after[number]:
                continue
            slot = source + goal - self.slot[number]
            for other in self.before[number]:
                if (source + goal - self.slot[other] if other in chain else self.slot[other]) >= slot:
                    return False
            for other in self.after[number]:
                if (source + goal - self.slot[other] if other in chain else self.slot[other]) <= slot:
                    return False
        return True

    def _change(self, chain: set[int], source: int, goal: int, ceiling: int | None) -> int:
        change = 0
        both = 1 << source | 1 << goal
        for number in chain:
            for participant in self.pairs[number]:
                busy = self.busy[participant]
                if busy & both != both:
                    change += self._cost(busy ^ both, ceiling) - self._cost(busy, ceiling)
        return change

    def _swap(self, chain: set[int], source: int, goal: int) -> None:
        moved = [(number, source + goal - self.slot[number]) for number in chain]
        for number, _ in moved:
            self._remove(number)
        for number, slot in moved:
            self._put(number, slot)


def _breaks(busy: int) -> int:
    """Breaks of a participant whose busy slots are the bits of `busy`: its runs of ones, less one."""
    return max(0, (busy & ~(busy << 1)).bit_count() - 1)
