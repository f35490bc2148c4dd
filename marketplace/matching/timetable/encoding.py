"""The timetable problem as clauses: who meets when, how many slots are used so far, and who has how many breaks.

The two implied constraints of Bofill et al. (JAIR 74, 2022) make it work: a participant uses exactly as many slots as
it has meetings, and at most 2 L participants are busy in a slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from pysat.card import CardEnc, EncType

from marketplace.matching.timetable.bounds import slot_capacities
from marketplace.matching.timetable.model import TimetableProblem
from marketplace.matching.timetable.windows import ancestors

PAIRWISE = 24
TOTALIZED = 200


class Encoding:
    """Clauses of a problem whose meetings may only take the `allowed` slots (from 0).

    clauses: lists of non-zero integers; top: the largest variable.
    meets[m][t]: meeting m is held in slot t. used[p][t]: participant p is busy in slot t.
    breaks[p]: the k-th literal (from 0) is true exactly when p has more than k breaks; the list ends where more
    breaks are impossible or unfair.
    rules[p]: with `separable`, the literal under which p has to keep to one meeting at a time.
    """

    def __init__(
        self,
        problem: TimetableProblem,
        allowed: Sequence[frozenset[int]],
        fairness: int | None,
        *,
        separable: bool = False,
    ) -> None:
        self.problem = problem
        self.clauses: list[list[int]] = []
        self.top = 0
        self._condition: list[int] = []
        self.true = self.new()
        self.clauses.append([self.true])
        self.meets = [{slot: self.new() for slot in sorted(slots)} for slots in allowed]
        for row in self.meets:
            self.clauses.append(list(row.values()))
            self._at_most_one(list(row.values()))
        self.rules = [self.new() if separable else self.true for _ in range(problem.participants)]
        self.used: list[list[int]] = []
        # Per participant and slot, the counter of the slots used before it; a last row for the end.
        self.seen: list[list[list[int]]] = []
        gaps: list[list[int]] = []
        for own, rule in zip(problem.meetings_of, self.rules, strict=True):
            self._condition = [-rule] if separable else []
            self.used.append(self._used(own))
            gaps.append(self._gaps(self.used[-1], len(own)))
        self._condition = []
        self._tables(allowed, separable)
        self._precedences()
        if not separable:
            self._ranks()
        self.breaks = self._breaks(gaps, fairness)

    def slots_of(self, model: Sequence[int]) -> list[int]:
        """The slot (from 0) of each meeting in a model, the list of true literals by variable."""
        return [next(slot for slot, variable in row.items() if model[variable - 1] > 0) for row in self.meets]

    def new(self) -> int:
        """A variable not used before."""
        self.top += 1
        return self.top

    def add(self, *literals: int) -> None:
        """A clause, without the constants in it."""
        if self.true not in literals:
            self.clauses.append([literal for literal in literals if literal != -self.true] + self._condition)

    def _at_most_one(self, literals: list[int]) -> None:
        """Pairwise while short, since that propagates best; longer lists by groups with a variable each."""
        while len(literals) > PAIRWISE:
            group, link = literals[: PAIRWISE // 2], self.new()
            for literal in group:
                self.add(-literal, link)
            self._at_most_one(group)
            literals = [*literals[PAIRWISE // 2 :], link]
        for one, other in combinations(literals, 2):
            self.clauses.append([-one, -other, *self._condition])

    def _at_most(self, literals: list[int], limit: int) -> None:
        if limit <= 0:
            self.clauses.extend([-literal] for literal in literals)
        elif limit < len(literals):
            # Totalizers propagate best, and grow with the square of their length.
            kind = EncType.totalizer if len(literals) <= TOTALIZED else EncType.cardnetwrk
            rule = CardEnc.atmost(literals, limit, top_id=self.top, encoding=kind)
            self.top = max(self.top, rule.nv)
            self.clauses.extend(rule.clauses)

    def _counts(self, literals: Iterable[int], limit: int) -> list[int]:
        """Literals equivalent to "more than k of `literals`" for each k below `limit`, by a sequential counter."""
        row = [-self.true] * limit
        for literal in literals:
            row = self._counted(row, literal)
        return row

    def _counted(self, row: list[int], literal: int) -> list[int]:
        """The counter `row` after one more literal: its k-th entry was and is "more than k so far"."""
        below = [self.true, *row[:-1]]
        return [self._step(literal, less, same) for less, same in zip(below, row, strict=False)]

    def _step(self, literal: int, less: int, same: int) -> int:
        """A literal equivalent to "same, or both literal and less", where same implies less."""
        if less == -self.true or literal == -self.true:
            return same
        if less == self.true and same == -self.true:
            return literal
        result = self.new()
        self.add(-same, result)
        self.add(-literal, -less, result)
        self.add(-result, same, literal)
        self.add(-result, less)
        return result

    def _used(self, meetings: Sequence[int]) -> list[int]:
        """Per slot, a literal for being busy with one of the meetings."""
        row = []
        own_meetings = [self.meets[number] for number in meetings]
        for slot in range(self.problem.slots):
            own = [meets[slot] for meets in own_meetings if slot in meets]
            if not own:
                row.append(-self.true)
                continue
            busy = self.new()
            row.append(busy)
            self.add(-busy, *own)
            for literal in own:
                self.add(-literal, busy)
            self._at_most_one(own)
        return row

    def _gaps(self, used: list[int], meetings: int) -> list[int]:
        """Literals for a break ending at a slot, and the rule that exactly `meetings` slots are used."""
        if not meetings:
            self.seen.append([])
            return []
        gaps = []
        seen = [-self.true] * meetings
        rows = [seen]
        self.seen.append(rows)
        for slot, busy in enumerate(used):
            started = seen[0]
            if busy != -self.true and started not in (-self.true, used[slot - 1]):
                gap = self.new()
                gaps.append(gap)
                self.add(-gap, busy)
                self.add(-gap, started)
                self.add(-gap, -used[slot - 1])
                self.add(gap, -busy, -started, used[slot - 1])
            self.add(-busy, -seen[-1])
            seen = self._counted(seen, busy)
            rows.append(seen)
        self.add(seen[-1])
        return gaps

    def _tables(self, allowed: Sequence[frozenset[int]], separable: bool) -> None:
        """At most 2 L participants are busy in a slot, and at least as many as the other slots leave over.

        The second follows from the rules of all participants together, so it is left out where they are separable.
        """
        capacities = slot_capacities(self.problem, allowed)
        spare = sum(capacities) - len(self.problem.meetings)
        for slot, capacity in enumerate(capacities):
            busy = [row[slot] for row in self.used if row[slot] != -self.true]
            self._at_most(busy, 2 * capacity)
            if spare < capacity and not separable:
                self._at_most([-literal for literal in busy], len(busy) - 2 * (capacity - spare))
            if not separable:
                self._even(busy)

    def _even(self, literals: list[int]) -> None:
        """An even number of them is true: busy participants come in pairs, which clauses alone hardly ever find out."""
        odd = -self.true
        for literal in literals:
            before, odd = odd, self.new()
            self.add(-odd, before, literal)
            self.add(-odd, -before, -literal)
            self.add(odd, -before, literal)
            self.add(odd, before, -literal)
        self.add(-odd)

    def _precedences(self) -> None:
        """Through order variables: by[m][t] says that meeting m is held in slot t or before."""
        ordered = {number for number, earlier in enumerate(self.problem.predecessors) if earlier}
        ordered = ordered.union(*self.problem.predecessors)
        by = {number: self._order(self.meets[number]) for number in sorted(ordered)}
        for number in sorted(ordered):
            for earlier in sorted(self.problem.predecessors[number]):
                for slot in range(self.problem.slots):
                    self.add(-by[number][slot], by[earlier][slot - 1] if slot else -self.true)

    def _ranks(self) -> None:
        """A meeting comes after as many others of a participant as must precede it, and before those that must follow.

        Implied, but only together with all order variables in between.
        """
        before = ancestors(self.problem)
        after: list[set[int]] = [set() for _ in before]
        for number, earlier in enumerate(before):
            for other in earlier:
                after[other].add(number)
        for participant, own in enumerate(self.problem.meetings_of):
            seen = self.seen[participant]
            for number in own:
                ahead, behind = len(before[number].intersection(own)), len(after[number].intersection(own))
                for slot, held in self.meets[number].items():
                    if ahead:
                        self.add(-held, seen[slot][ahead - 1])
                    if behind:
                        self.add(-held, -seen[slot + 1][len(own) - behind])

    def _order(self, row: dict[int, int]) -> list[int]:
        by = []
        before = -self.true
        for slot in range(self.problem.slots):
            if slot in row:
                now = self.new()
                self.add(-before, now)
                self.add(-row[slot], now)
                self.add(-row[slot], -before)
                self.add(-now, before, row[slot])
                before = now
            by.append(before)
        self.add(before)
        return by

    def _breaks(self, gaps: list[list[int]], fairness: int | None) -> list[list[int]]:
        """Counters of breaks. Fair means: if somebody has more than k + fairness of them, everybody has more than k."""
        limits = [min(len(gap), max(0, len(own) - 1)) for gap, own in zip(gaps, self.problem.meetings_of, strict=True)]
        if fairness is None or not limits:
            return [self._counts(gap, limit) for gap, limit in zip(gaps, limits, strict=True)]
        least = min(limits)
        ceiling = least + fairness
        breaks = [self._counts(gap, min(limit, ceiling + 1)) for gap, limit in zip(gaps, limits, strict=True)]
        for row in breaks:
            if len(row) > ceiling:
                self.add(-row.pop())
        for k in range(least):
            some = self.new()
            for row in breaks:
                self.add(-some, row[k])
                if k + fairness < len(row):
                    self.add(-row[k + fairness], some)
        return breaks
