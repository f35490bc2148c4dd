"""More value by exact exchange: parties or slots are emptied, all else stays, and HiGHS fills them in the best way.

Large neighbourhood search (Shaw 1998) whose neighbourhoods are time-indexed programmes of some thousand columns. Their
linear relaxations are integral or nearly so: what is whole is kept, branch and bound settles the rest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from . import child
from .construct import positions
from .draft import FLOOR_VALUE, MUST_VALUE, Draft
from .linear import Model, load_model
from .problem import BoolArray, IntArray
from .relaxation import FloatArray
from .residual import Residual, Words, slot_bits

FAMILIES = 7  # capacity rows of a column: project, counterparty, delegation, table, interpreter, and the two caps
_MUST, _FLOOR = 60_000.0, 8_000.0  # in score, within a neighbourhood; the draft compares the levels exactly
_PROJECTS, _COUNTERPARTIES, _SLOTS = 60, 40, 8  # emptied in a round
_MOST_COLUMNS = 7_000
_LIKELY, _POSSIBLE, _FOR_FLOORS = -10.0, -60.0, -700.0  # worth from which a pair is followed, tried, tried for a floor
_LACKING_FIRST = 0.5  # of the rounds start at a must or a floor that is missing
_WHOLE = 1e-6
LEVEL_VALUES = (MUST_VALUE, FLOOR_VALUE, 1)
_NODES = 200  # of branch and bound
_SECONDS_BETWEEN_REPORTS = 0.3


@dataclass(eq=False)
class Board:
    """All that a child needs to know: pairs, what each takes, and what is left of every capacity.

    Capacities lie in one array; ``taken`` says which of them a pair takes in a slot. ``slot`` is where each pair meets
    (-1: nowhere), ``met`` and ``need`` are per party, projects first.
    """

    slots: int
    projects: int
    project: IntArray  # [n]
    counterparty: IntArray  # [n]
    delegation: IntArray  # [n]
    table: BoolArray  # [n]
    pool: IntArray  # [n]
    score: IntArray  # [n]
    must: BoolArray  # [n]
    worth: FloatArray  # [n]
    words: Words  # [n, words], common free slots
    home: IntArray  # [n], slot in the schedule before, or -1
    first: IntArray  # [FAMILIES], where the capacities of each kind begin
    left: IntArray
    need: IntArray  # [parties]
    met: IntArray  # [parties]
    slot: IntArray  # [n]

    def taken(self, pairs: IntArray, t: IntArray) -> IntArray:
        """[FAMILIES, columns], the capacities that pairs take in slots; -1 for none."""
        p, f, pool, slots = self.project[pairs], self.counterparty[pairs], self.pool[pairs], self.slots
        return np.stack(
            [
                self.first[0] + p * slots + t,
                self.first[1] + f * slots + t,
                self.first[2] + self.delegation[pairs] * slots + t,
                np.where(self.table[pairs], self.first[3] + t, -1),
                np.where(pool >= 0, self.first[4] + pool * slots + t, -1),
                self.first[5] + p,
                self.first[6] + f,
            ]
        )

    def hold(self, pairs: IntArray, t: IntArray, sign: int) -> None:
        """Let pairs meet in slots (sign 1) or take their meetings out (-1)."""
        taken = self.taken(pairs, t)
        np.subtract.at(self.left, taken[taken >= 0], sign)
        np.add.at(self.met, self.project[pairs], sign)
        np.add.at(self.met, self.projects + self.counterparty[pairs], sign)
        self.slot[pairs] = t if sign > 0 else -1

    def value(self, pairs: IntArray) -> tuple[int, int, int]:
        """Musts and score of these pairs, as far as they meet, and the floors reached by all."""
        held = pairs[self.slot[pairs] >= 0]
        return int(self.must[held].sum()), int((self.met >= self.need).sum()), int(self.score[held].sum())


def exchange(
    draft: Draft, residual: Residual, worth: FloatArray, target: int, rounds: int, seconds: float, stop: child.Stop
) -> bool:
    """Raise the draft's value towards ``target`` in up to ``rounds`` rounds; False where the time cut it.

    ``worth`` [n] is the reduced value of the residual's pairs: the worthless are left out of the programmes.
    """
    if seconds <= 0:
        return False
    board = board_of(draft, residual, worth)
    local = positions(draft, residual)
    missing = target - draft.value
    outcome = child.run(rounds_of, board, missing, rounds, draft.rng.randrange(1 << 30), seconds=seconds, cancel=stop)
    slots = outcome.value if outcome.status == "done" else outcome.last
    if slots is not None:
        before, value = draft.copy_of(), draft.value
        wanted = list(before)
        for pair, t in zip(local.tolist(), slots.tolist(), strict=True):
            wanted[pair] = t
        draft.restore(wanted)
        if draft.value < value:
            draft.restore(before)
    return outcome.status == "done"


def board_of(draft: Draft, residual: Residual, worth: FloatArray) -> Board:
    """The pairs of the residual that the draft works on, and their meetings."""
    problem, slots = residual.problem, residual.problem.slots
    kept = np.isin(residual.pairs, draft.candidates, assume_unique=True)
    pairs = residual.pairs[kept]
    project = problem.pair_project[pairs]
    capacities = (
        residual.project_free.astype(np.int64),
        residual.counterparty_room_at,
        residual.delegation_room_at,
        residual.tables_at,
        residual.interpreters_at,
        residual.project_room,
        residual.counterparty_room,
    )
    local = positions(draft, residual)
    board = Board(
        slots=slots,
        projects=problem.projects,
        project=project,
        counterparty=problem.pair_counterparty[pairs],
        delegation=problem.project_delegation[project],
        table=problem.pair_in_person[pairs],
        pool=problem.pair_interp[pairs],
        score=problem.pair_score[pairs],
        must=problem.pair_must[pairs],
        worth=worth[kept],
        words=residual.words[kept],
        home=np.array(draft.home, dtype=np.int64)[local],
        first=np.cumsum([0, *(capacity.size for capacity in capacities[:-1])]),
        left=np.concatenate([capacity.ravel() for capacity in capacities]),
        need=np.concatenate([residual.project_need, residual.counterparty_need]),
        met=np.zeros(problem.projects + problem.counterparties, dtype=np.int64),
        slot=np.full(len(pairs), -1, dtype=np.int64),
    )
    held = np.array(draft.slot, dtype=np.int64)[local]
    board.hold(np.flatnonzero(held >= 0), held[held >= 0], 1)
    return board


def rounds_of(report: child.Report, board: Board, missing: int, rounds: int, seed: int) -> npt.NDArray[np.int16]:
    """The child's side of :func:`exchange`: the slots of all pairs at the end; they are reported on the way, too."""
    picker = _Picker(board, np.random.default_rng(seed))
    reported = time.monotonic()
    for number in range(rounds):
        if missing <= 0:
            break
        pairs, open_slots = picker.pick(number, missing)
        missing -= refilled(board, pairs, open_slots)
        if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
            report(board.slot.astype(np.int16))
            reported = time.monotonic()
    return board.slot.astype(np.int16)


class _Picker:
    """Chooses what is emptied: by turns related projects, random slots, related counterparties."""

    def __init__(self, board: Board, rng: np.random.Generator) -> None:
        self.board, self.rng = board, rng
        self.slots: list[int] = []
        self.by_project = _grouped(board.project, len(board.need))
        self.by_counterparty = _grouped(board.counterparty, len(board.need))

    def pick(self, number: int, missing: int) -> tuple[IntArray, BoolArray]:
        """Pairs and slots that are open in a round, where so much of the three levels is missing to the target."""
        board, rng = self.board, self.rng
        open_slots = np.ones(board.slots, dtype=np.bool_)
        lacking = self._lacking(missing)
        if number % 3 == 1 and board.slots > 2 * _SLOTS:
            if len(self.slots) < _SLOTS:
                self.slots = rng.permutation(board.slots).tolist()
            open_slots[:] = False
            open_slots[[self.slots.pop() for _ in range(_SLOTS)]] = True
            if lacking is not None:
                own = np.flatnonzero(slot_bits(board.words[[lacking]], board.slots)[0])
                open_slots[rng.choice(own, min(len(own), _SLOTS // 2), replace=False)] = True
            pairs = np.arange(len(board.slot))
        elif number % 3 == 2:
            pairs = _members(self.by_counterparty, self._related(_COUNTERPARTIES, lacking, projects=False))
        else:
            pairs = _members(self.by_project, self._related(_PROJECTS, lacking, projects=True))
        short = board.met < board.need + 1
        short &= board.need > 0
        helps = short[board.project[pairs]] | short[board.projects + board.counterparty[pairs]]
        worth, held = board.worth[pairs], board.slot[pairs]
        tried = (worth > _POSSIBLE) | (held >= 0) | (helps & (worth > _FOR_FLOORS)) | board.must[pairs]
        pairs = pairs[tried & ((held < 0) | open_slots[held])]
        return self._fewer(pairs, open_slots, lacking), open_slots

    def _lacking(self, missing: int) -> int | None:
        """By turns a pair that helps a must or a floor which is missing, and none."""
        board, rng = self.board, self.rng
        musts = (missing + MUST_VALUE // 2) // MUST_VALUE
        floors = (missing - musts * MUST_VALUE + FLOOR_VALUE // 2) // FLOOR_VALUE
        if rng.random() >= _LACKING_FIRST or (musts <= 0 and floors <= 0):
            return None
        below = board.met < board.need
        helps = below[board.project] | below[board.projects + board.counterparty]
        pairs = np.flatnonzero((board.slot < 0) & (board.must if musts > 0 else helps))
        return int(rng.choice(pairs)) if len(pairs) else None

    def _fewer(self, pairs: IntArray, open_slots: BoolArray, lacking: int | None) -> IntArray:
        """Pairs of as many random projects as the size of a programme allows, those around a defect first."""
        board = self.board
        columns = (slot_bits(board.words[pairs], board.slots) & open_slots).sum(axis=1)
        if columns.sum() <= _MOST_COLUMNS:
            return pairs
        turn = self.rng.permutation(len(board.need))
        if lacking is not None:
            turn[board.project[board.counterparty == board.counterparty[lacking]]] = -1
            turn[board.project[lacking]] = -2
        place = turn[board.project[pairs]]
        order = np.argsort(place, kind="stable")
        return np.sort(pairs[order[np.cumsum(columns[order]) <= _MOST_COLUMNS]])

    def _related(self, count: int, lacking: int | None, *, projects: bool) -> IntArray:
        """Parties of one side that compete with each other: a random walk along likely pairs, from a defect."""
        board, rng = self.board, self.rng
        held = board.slot >= 0
        defects = np.flatnonzero(np.where(held, board.worth < -0.5, board.worth > 0.5))
        if lacking is not None:
            pair = lacking
        else:
            pair = int(rng.choice(defects)) if len(defects) else int(rng.integers(len(held)))
        found = {int(board.project[pair] if projects else board.counterparty[pair]): None}
        for jump, turn, other in rng.random((20 * count, 3)).tolist():
            if len(found) >= count:
                break
            if jump < 0.1:
                start = list(found)[int(jump * 10 * len(found))]
                pair = self._another(self.by_project if projects else self.by_counterparty, start, turn, pair)
            pair = self._another(self.by_project, int(board.project[pair]), turn, pair)
            pair = self._another(self.by_counterparty, int(board.counterparty[pair]), other, pair)
            found[int(board.project[pair] if projects else board.counterparty[pair])] = None
        return np.array(list(found), dtype=np.int64)

    def _another(self, groups: tuple[IntArray, IntArray], party: int, turn: float, pair: int) -> int:
        """A random pair of a party that is likely to meet; the given one where there is none."""
        order, first = groups
        own = order[first[party] : first[party + 1]]
        likely = own[(self.board.worth[own] > _LIKELY) | (self.board.slot[own] >= 0)]
        return int(likely[int(turn * len(likely))]) if len(likely) else pair


def _grouped(owner: IntArray, parties: int) -> tuple[IntArray, IntArray]:
    order = np.argsort(owner, kind="stable")
    return order, np.searchsorted(owner[order], np.arange(parties + 1))


def _members(groups: tuple[IntArray, IntArray], parties: IntArray) -> IntArray:
    order, first = groups
    return np.sort(np.concatenate([order[first[party] : first[party + 1]] for party in parties.tolist()]))


def refilled(board: Board, pairs: IntArray, open_slots: BoolArray) -> int:
    """Take out the meetings of the pairs in open slots and hold the best ones instead; the gain as a draft counts it.

    Nothing changes where that would be worse.
    """
    before, was = board.value(pairs), board.slot[pairs]
    out = pairs[was >= 0]
    came_from = board.slot[out]
    board.hold(out, came_from, -1)
    at, t = np.nonzero(slot_bits(board.words[pairs], board.slots) & open_slots)
    taken = board.taken(pairs[at], t)
    fits = ((taken < 0) | (board.left[taken] > 0)).all(axis=0)
    at, t, taken = at[fits], t[fits], taken[:, fits]
    chosen = _best(board, pairs[at], t, taken) if len(at) else np.zeros(0, dtype=np.int64)
    if chosen is not None:
        new, slots = pairs[at[chosen]], t[chosen]
        board.hold(new, slots, 1)
        after = board.value(pairs)
        if after >= before and (board.left[np.unique(taken[taken >= 0])] >= 0).all():
            gain = [now - then for now, then in zip(after, before, strict=True)]
            return sum(level * value for level, value in zip(gain, LEVEL_VALUES, strict=True))
        board.hold(new, slots, -1)
    board.hold(out, came_from, 1)
    return 0


def _best(board: Board, pair: IntArray, t: IntArray, taken: IntArray) -> IntArray | None:
    """The columns (pair, slot) that are best held together; None where the solver has no answer."""
    import highspy

    model = _model(board, pair, t, taken)
    highs = load_model(model, integral=False)
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("solver", "simplex")
    highs.run()
    values = np.array(highs.getSolution().col_value)
    if len(values) == 0:
        return None
    whole = values > 1 - _WHOLE
    if ((values > _WHOLE) & ~whole).any():
        highs = load_model(_rest(model, whole), integral=True)
        highs.setOptionValue("mip_max_nodes", _NODES)
        highs.setOptionValue("mip_abs_gap", 0.99)
        highs.run()
        if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        values[~whole] = highs.getSolution().col_value
    return np.flatnonzero(values[: len(pair)] > 0.5)


def _model(board: Board, pair: IntArray, t: IntArray, taken: IntArray) -> Model:
    """The programme of one round; columns beyond the meetings are the floors that can be reached."""
    columns = len(pair)
    key, row, use = np.unique(taken, return_inverse=True, return_counts=True)
    left = np.where(key >= 0, board.left[key], taken.size)
    binding = use > left
    number = np.where(binding, np.cumsum(binding) - 1, -1)[row.reshape(taken.shape)]
    rows = [number[number >= 0]]
    at = [np.broadcast_to(np.arange(columns), taken.shape)[number >= 0]]
    height = int(binding.sum())
    _, which, several = np.unique(pair, return_inverse=True, return_counts=True)
    rows.append(height + which)
    at.append(np.arange(columns))
    height += len(several)
    party = np.stack([board.project[pair], board.projects + board.counterparty[pair]])
    lack = board.need - board.met
    reachable = (lack > 0) & (np.bincount(party.ravel(), minlength=len(lack)) >= lack)
    floor = np.where(reachable, np.cumsum(reachable) - 1, -1)[party]
    rows.append(height + floor[floor >= 0])
    at.append(np.broadcast_to(np.arange(columns), party.shape)[floor >= 0])
    floors = int(reachable.sum())
    rows.append(height + np.arange(floors))
    at.append(columns + np.arange(floors))
    values = np.ones(sum(map(len, rows)))
    if floors:
        values[-floors:] = -lack[reachable]
    cost = np.concatenate([-board.score[pair] - _MUST * board.must[pair], np.full(floors, -_FLOOR)])
    cost[:columns] -= 1e-3 * (board.home[pair] == t)
    order = np.lexsort((np.concatenate(rows), np.concatenate(at)))
    upper = np.concatenate([left[binding], np.ones(len(several)), np.full(floors, np.inf)])
    return Model(
        cost=cost,
        upper=np.ones(columns + floors),
        row_lower=np.concatenate([np.full(height, -np.inf), np.zeros(floors)]),
        row_upper=upper,
        start=np.searchsorted(np.concatenate(at)[order], np.arange(columns + floors + 1)).astype(np.int32),
        index=np.concatenate(rows)[order].astype(np.int32),
        value=values[order],
        choosing=columns,
        capacity_rows=height,
        floor_rows=floors,
    )


def _rest(model: Model, held: BoolArray) -> Model:
    """The programme of the columns that are not held, with what the others leave."""
    column = np.repeat(np.arange(len(held)), np.diff(model.start))
    used = np.bincount(model.index, weights=model.value * held[column], minlength=len(model.row_upper))
    open_columns, entries = ~held, ~held[column]
    length = np.diff(model.start)[open_columns]
    return replace(
        model,
        cost=model.cost[open_columns],
        upper=model.upper[open_columns],
        row_lower=model.row_lower - used,
        row_upper=model.row_upper - used,
        start=np.concatenate([[0], np.cumsum(length)]).astype(np.int32),
        index=model.index[entries],
        value=model.value[entries],
    )
