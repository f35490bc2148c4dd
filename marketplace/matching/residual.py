"""What the locked meetings leave: free slots, remaining capacities, and the pairs that can still meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .problem import BoolArray, IntArray, Problem

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Residual:
    """A problem without its locked meetings; every capacity is what they leave.

    ``pairs`` are the positions of the n pairs that are not locked and still have a slot in which both are free and an
    interpreter, if the pair needs one, and a table, if it needs one, exist at all.
    """

    problem: Problem
    project_free: BoolArray  # [P, T]
    project_room: IntArray  # [P], meetings below the cap and the free slots
    project_need: IntArray  # [P], meetings missing to a floor that can be reached, else 0
    counterparty_room_at: IntArray  # [F, T], representatives left
    counterparty_room: IntArray  # [F]
    counterparty_need: IntArray  # [F]
    delegation_room_at: IntArray  # [D, T]
    tables_at: IntArray  # [T]
    interpreters_at: IntArray  # [Q, T]
    pairs: IntArray  # [n]
    words: Words  # [n, ceil(T / 64)], common free slots of the pair as bits
    choices: IntArray  # [n], number of common free slots
    locked_must: int
    locked_score: int
    locked_floors: int  # parties at their floor by the locks alone

    @property
    def reachable(self) -> BoolArray:
        """[parties], projects first: below its floor, and could reach it as far as is known."""
        return np.concatenate([self.project_need, self.counterparty_need]) > 0

    def with_floors(self, kept: BoolArray) -> Residual:
        """The same where only these parties (a boolean [parties], projects first) have a floor to reach."""
        projects, counterparties = np.split(kept, [self.problem.projects])
        return replace(
            self,
            project_need=np.where(projects, self.project_need, 0),
            counterparty_need=np.where(counterparties, self.counterparty_need, 0),
        )

    def with_pairs(self, kept: BoolArray) -> Residual:
        """The same where only these pairs (a boolean [n]) can meet."""
        return replace(self, pairs=self.pairs[kept], words=self.words[kept], choices=self.choices[kept])

    def common(self, rows: IntArray) -> BoolArray:
        """[len(rows), T], the common free slots of the pairs at these positions of ``pairs``."""
        return slot_bits(self.words[rows], self.problem.slots)


def after_locks(problem: Problem) -> Residual:
    """What the locked meetings of a problem leave."""
    project_free = problem.project_avail.copy()
    counterparty_at = problem.counterparty_avail * problem.counterparty_reps[:, None]
    people = np.zeros((problem.delegations, problem.slots), dtype=np.int64)
    delegation_at = np.repeat(problem.delegation_cap[:, None], problem.slots, axis=1)
    tables_at = problem.slot_tables.copy()
    interpreters_at = problem.interpreter_cap.copy()
    project_met = np.zeros(problem.projects, dtype=np.int64)
    counterparty_met = np.zeros(problem.counterparties, dtype=np.int64)
    open_pairs = np.ones(problem.pairs, dtype=np.bool_)
    for p, f, t in problem.locked:
        pair = problem.pair_index[(p, f)]
        open_pairs[pair] = False
        project_free[p, t] = False
        counterparty_at[f, t] -= 1
        delegation_at[problem.project_delegation[p], t] -= 1
        tables_at[t] -= int(problem.pair_in_person[pair])
        if problem.pair_interp[pair] >= 0:
            interpreters_at[problem.pair_interp[pair], t] -= 1
        project_met[p] += 1
        counterparty_met[f] += 1
    np.add.at(people, problem.project_delegation, project_free.astype(np.int64))
    locked = ~open_pairs

    project_bits = _words(project_free & (delegation_at > 0)[problem.project_delegation])
    counterparty_bits = _words(counterparty_at > 0)
    words = project_bits[problem.pair_project] & counterparty_bits[problem.pair_counterparty]
    needs = problem.pair_interp >= 0
    words[needs] &= _words(interpreters_at > 0)[problem.pair_interp[needs]]
    words[problem.pair_in_person] &= _words((tables_at > 0)[None, :])
    choices = np.bitwise_count(words).sum(axis=1).astype(np.int64)

    project_room = np.minimum(problem.project_max - project_met, project_free.sum(axis=1))
    counterparty_room = np.minimum(problem.counterparty_max - counterparty_met, counterparty_at.sum(axis=1))
    usable = open_pairs & (choices > 0)
    usable &= (project_room[problem.pair_project] > 0) & (counterparty_room[problem.pair_counterparty] > 0)
    pairs = np.flatnonzero(usable)
    project_need = np.maximum(0, problem.project_min - project_met)
    counterparty_need = np.maximum(0, problem.counterparty_min - counterparty_met)
    left = Residual(
        problem=problem,
        project_free=project_free,
        project_room=project_room,
        project_need=project_need,
        counterparty_room_at=counterparty_at,
        counterparty_room=counterparty_room,
        counterparty_need=counterparty_need,
        delegation_room_at=np.minimum(delegation_at, people),
        tables_at=tables_at,
        interpreters_at=interpreters_at,
        pairs=pairs,
        words=words[pairs],
        choices=choices[pairs],
        locked_must=int(problem.pair_must[locked].sum()),
        locked_score=int(problem.pair_score[locked].sum()),
        locked_floors=int((project_need == 0).sum() + (counterparty_need == 0).sum()),
    )
    return left.with_floors(np.concatenate([_reachable(left, side) for side in ("project", "counterparty")]))


def _reachable(residual: Residual, side: str) -> BoolArray:
    """[parties of a side], below its floor, and could reach it if all others gave way."""
    problem = residual.problem
    if side == "project":
        owner, need, room = problem.pair_project[residual.pairs], residual.project_need, residual.project_room
        places = residual.project_free.astype(np.int64)
    else:
        owner = problem.pair_counterparty[residual.pairs]
        need, room = residual.counterparty_need, residual.counterparty_room
        places = residual.counterparty_room_at
    enough = (need > 0) & (room >= need) & (np.bincount(owner, minlength=len(need)) >= need)
    # A party with as many pairs as it needs, each with at least as many slots, surely can: slots never run out.
    wide = np.bincount(owner[residual.choices >= need[owner]], minlength=len(need)) >= need
    found = enough & wide
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(len(need) + 1))
    for party in np.flatnonzero(enough & ~wide).tolist():
        own = order[first[party] : first[party + 1]]
        found[party] = _matching(residual.common(own).tolist(), places[party].tolist()) >= need[party]
    return found


def _matching(wishes: list[list[bool]], places: list[int]) -> int:
    """The largest number of pairs that can be given slots, each slot holding so many (Kuhn 1955, augmenting paths)."""
    holders: list[list[int]] = [[] for _ in places]

    def seat(pair: int, seen: set[int]) -> bool:
        for t, possible in enumerate(wishes[pair]):
            if possible and t not in seen and places[t] > 0:
                seen.add(t)
                if len(holders[t]) < places[t]:
                    holders[t].append(pair)
                    return True
                for position, other in enumerate(holders[t]):
                    if seat(other, seen):
                        holders[t][position] = pair
                        return True
        return False

    return sum(seat(pair, set()) for pair in range(len(wishes)))


def slot_bits(words: Words, slots: int) -> BoolArray:
    """[rows, slots], sets of slots in 64-bit words as booleans."""
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little", count=max(1, slots))
    return np.asarray(bits[:, :slots], dtype=np.bool_)


def _words(matrix: BoolArray) -> Words:
    """Each row of a boolean matrix as bits in 64-bit words."""
    rows, columns = matrix.shape
    padded = np.zeros((rows, max(1, -(-columns // 64)) * 64), dtype=np.bool_)
    padded[:, :columns] = matrix
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
