"""Bounds that need no search: the fewest and most breaks of a participant, and the capacity of a slot."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.matching.timetable.model import TimetableProblem


def slot_capacities(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> list[int]:
    """Per slot, the most meetings it can hold: its tables, half of the participants that could meet, open meetings."""
    people: list[set[int]] = [set() for _ in range(problem.slots)]
    meetings = [0] * problem.slots
    for meeting, slots in zip(problem.meetings, allowed, strict=True):
        for slot in slots:
            people[slot].update(meeting.pair)
            meetings[slot] += 1
    return [min(problem.tables, len(present) // 2, count) for present, count in zip(people, meetings, strict=True)]


def fewest_breaks(problem: TimetableProblem, allowed: Sequence[frozenset[int]], participant: int) -> int | None:
    """A lower bound on the breaks of a participant in any timetable; None when it has no place for its meetings.

    The least number of runs of usable slots that hold its meetings, less one, by dynamic programming over the slots.
    State: slots used so far and whether the last one is used. Of the meetings themselves it keeps what prefixes of
    slots say: those that must be held by then have a slot, and no slot is taken before enough of them can be held.
    """
    own = [allowed[number] for number in problem.meetings_of[participant]]
    if not own:
        return 0
    if not all(own):
        return None
    usable = frozenset().union(*own)
    # A meeting with one slot left uses that slot.
    needed = {min(slots) for slots in own if len(slots) == 1}
    states: dict[tuple[int, bool], int] = {(0, False): 0}
    for slot in range(problem.slots):
        due = sum(max(slots) <= slot for slots in own)
        possible = sum(min(slots) <= slot for slots in own)
        following: dict[tuple[int, bool], int] = {}
        for (count, busy), runs in states.items():
            options = []
            if slot not in needed:
                options.append((count, False, runs))
            if slot in usable:
                options.append((count + 1, True, runs + (not busy)))
            for state_count, state_busy, state_runs in options:
                state = (state_count, state_busy)
                if due <= state_count <= possible and state_runs < following.get(state, state_runs + 1):
                    following[state] = state_runs
        states = following
    complete = [runs for (count, _), runs in states.items() if count == len(own)]
    return min(complete) - 1 if complete else None


def most_breaks(problem: TimetableProblem, allowed: Sequence[frozenset[int]], participant: int) -> int:
    """An upper bound on the breaks of a participant: one less than its meetings, and no more than its idle slots."""
    own = [allowed[number] for number in problem.meetings_of[participant]]
    if not own or not all(own):
        return 0
    span = max(map(max, own)) - min(map(min, own)) + 1
    return max(0, min(len(own) - 1, span - len(own)))
