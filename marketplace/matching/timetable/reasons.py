"""Why there is no timetable, in words. Participants, meetings and slots are counted from 1, as in the data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from marketplace.matching.timetable.assignment import overfull
from marketplace.matching.timetable.bounds import slot_capacities
from marketplace.matching.timetable.model import Session, TimetableProblem
from marketplace.matching.timetable.windows import windows

if TYPE_CHECKING:
    from marketplace.matching.timetable.covering import Cover

MAX_LISTED = 12
MAX_CHOICES = 500_000


def reason_by_counting(problem: TimetableProblem) -> str:
    """Why there can be no timetable, fair or not, if counting shows it; empty otherwise.

    Looks for, in this order: meetings without slots or tables, circles of precedences, a meeting or a chain of
    meetings without slots, fixed meetings that clash, a participant with more meetings than slots (a Hall violation),
    and meetings that their slots cannot hold.
    """
    for reason in (_nothing_there, _circle, _no_slot, _fixed_twice, _chain, _too_many_meetings):
        if found := reason(problem):
            return found
    allowed = windows(problem)
    return _hall(problem, allowed) or _too_full(problem, allowed)


def reason_by_fairness(least: Sequence[int], most: Sequence[int], fairness: int | None) -> str:
    """Why no timetable is fair, if the fewest and most breaks of single participants show it; empty otherwise."""
    if fairness is None or not least:
        return ""
    many, few = max(range(len(least)), key=least.__getitem__), min(range(len(most)), key=most.__getitem__)
    if least[many] - most[few] <= fairness:
        return ""
    return (
        f"Participant {many + 1} has at least {least[many]} breaks and participant {few + 1} at most {most[few]}; "
        f"they may differ by {fairness} at most."
    )


def meetings_left_over(problem: TimetableProblem, cover: Cover, most: int) -> str:
    """The reason for a problem of whose meetings at most so many can be held, as the cover shows."""
    held = f"At most {most} of the {len(problem.meetings)} meetings can be held"
    if not cover.whole:
        return f"{held}: tables and the slots of participants, weighed together, are too few (by linear programming)."
    slots = [slot for slot, mark in enumerate(cover.slots) if mark]
    people = {participant for participant, _ in cover.places}
    others = sum(map(bool, cover.open))
    parts = [f"{_slots(slots)} have room for {most - others - len(cover.places)}"] if slots else []
    if people:
        parts.append(f"{_people(people)} can be in {len(cover.places)}{' at other times' if slots else ''}")
    return f"{held}: {', '.join([*parts, f'and {others} can do without all of these'])}."


def participants_in_conflict(problem: TimetableProblem, participants: Sequence[int]) -> str:
    """The reason for a problem that is impossible already if only these participants keep to one meeting at a time."""
    number = sum(not set(meeting.pair).isdisjoint(participants) for meeting in problem.meetings)
    if not participants:
        return (
            f"Half days, free slots, fixed slots and precedences leave no timetable on {problem.tables} tables, "
            "even if participants could be in two meetings at once (proved by search)."
        )
    return (
        f"The {number} meetings of {_people(participants)} leave no timetable among themselves and "
        f"on {problem.tables} tables, "
        "each of these participants being in one meeting at a time (proved by search)."
    )


def _nothing_there(problem: TimetableProblem) -> str:
    for count, name in ((problem.slots, "slots"), (problem.tables, "tables")):
        if problem.meetings and not count:
            return f"There are {len(problem.meetings)} meetings, but no {name}."
    return ""


def _no_slot(problem: TimetableProblem) -> str:
    for number in range(len(problem.meetings)):
        if not problem.open_slots(number):
            return f"{_meeting(problem, number)} has no slot: {'; '.join(_limits(problem, number))}."
    return ""


def _limits(problem: TimetableProblem, number: int) -> Iterable[str]:
    meeting, fixed = problem.meetings[number], problem.fixed[number]
    if fixed is not None:
        yield f"it is fixed to slot {fixed + 1}"
    session = problem.session_slots(meeting.session)
    if meeting.session is not Session.EITHER:
        yield f"it is tied to the {meeting.session.name.lower()}, {_slots(session)}"
    for participant in meeting.pair:
        blocked = problem.forbidden[participant] & (set(session) if fixed is None else {fixed})
        if blocked:
            yield f"participant {participant + 1} cannot meet in {_slots(blocked)}"


def _fixed_twice(problem: TimetableProblem) -> str:
    in_slot: dict[int, list[int]] = defaultdict(list)
    for number, slot in enumerate(problem.fixed):
        if slot is not None:
            in_slot[slot].append(number)
    for slot, numbers in sorted(in_slot.items()):
        if len(numbers) > problem.tables:
            return f"{len(numbers)} meetings are fixed to slot {slot + 1}, which has {problem.tables} tables."
        for one, other in combinations(numbers, 2):
            shared = set(problem.meetings[one].pair) & set(problem.meetings[other].pair)
            if shared:
                return f"Participant {min(shared) + 1} has {_meetings((one, other))} both fixed to slot {slot + 1}."
    return ""


def _circle(problem: TimetableProblem) -> str:
    """A circle of precedences, by walking back and remembering the way."""
    done: set[int] = set()
    for start in range(len(problem.meetings)):
        path: list[int] = []
        pending: list[tuple[int, int]] = [(start, 0)]
        while pending:
            number, depth = pending.pop()
            del path[depth:]
            if number in path:
                circle = [*path[path.index(number) :], number]
                order = " before ".join(str(each + 1) for each in reversed(circle))
                return f"Meetings must precede each other in a circle: {order}."
            if number not in done:
                path.append(number)
                pending.extend((earlier, depth + 1) for earlier in sorted(problem.predecessors[number]))
                done.add(number)
    return ""


def _chain(problem: TimetableProblem) -> str:
    """A chain of precedences for which the slots do not suffice: each takes its first slot after those before it."""
    first: dict[int, int] = {}
    pending = list(range(len(problem.meetings)))
    while pending:
        number = pending[-1]
        missing = [earlier for earlier in problem.predecessors[number] if earlier not in first]
        if missing:
            pending.extend(missing)
            continue
        pending.pop()
        after = max((first[earlier] for earlier in problem.predecessors[number]), default=-1)
        later = [slot for slot in problem.open_slots(number) if slot > after]
        if not later:
            chain = [number]
            while problem.predecessors[chain[-1]]:
                chain.append(max(sorted(problem.predecessors[chain[-1]]), key=lambda earlier: first[earlier]))
            chain.reverse()
            order = ", ".join(str(each + 1) for each in chain)
            return (
                f"Meetings {order} must be held in this order; those before meeting {number + 1} take until slot "
                f"{after + 1} at least, and it can only be held in {_slots(problem.open_slots(number))}."
            )
        first[number] = min(later)
    return ""


def _too_many_meetings(problem: TimetableProblem) -> str:
    for participant, own in enumerate(problem.meetings_of):
        for session, when in ((Session.EITHER, ""), (Session.MORNING, "morning "), (Session.AFTERNOON, "afternoon ")):
            tied = [n for n in own if session is Session.EITHER or problem.meetings[n].session is session]
            free = set(problem.session_slots(session)) - problem.forbidden[participant]
            if len(tied) > len(free):
                return (
                    f"Participant {participant + 1} has {len(tied)} {when}meetings, "
                    f"but only {len(free)} free {when}slots."
                )
    return ""


def _hall(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> str:
    for participant, own in enumerate(problem.meetings_of):
        if len(own) == 1:
            continue
        crowd = overfull([allowed[number] for number in own], [1] * problem.slots)
        if crowd is not None:
            numbers = [own[index] for index in crowd]
            slots = frozenset().union(*(allowed[number] for number in numbers))
            return (
                f"Participant {participant + 1} has {len(numbers)} meetings that only {len(slots)} slots are open for: "
                f"{_meetings(numbers)} can only be held in {_slots(slots)}."
            )
    return ""


def _too_full(problem: TimetableProblem, allowed: Sequence[frozenset[int]]) -> str:
    if sum(map(len, allowed)) > MAX_CHOICES:
        return ""
    capacities = slot_capacities(problem, allowed)
    crowd = overfull(allowed, capacities)
    if crowd is None:
        return ""
    slots = frozenset().union(*(allowed[number] for number in crowd))
    crowd = [number for number, open_slots in enumerate(allowed) if open_slots <= slots]
    room = sum(capacities[slot] for slot in slots)
    which = "All" if len(crowd) == len(problem.meetings) else f"{_meetings(crowd).capitalize()}, these"
    return (
        f"{which} {len(crowd)} meetings can only be held in {_slots(slots)}, which hold {room} at most: no "
        f"slot more than its {problem.tables} tables or half of the participants that can meet then."
    )


def _meeting(problem: TimetableProblem, number: int) -> str:
    one, other = problem.meetings[number].pair
    return f"Meeting {number + 1} of participants {one + 1} and {other + 1}"


def _meetings(numbers: Collection[int]) -> str:
    return f"meetings {_list(numbers)}"


def _people(numbers: Collection[int]) -> str:
    return f"participant {min(numbers) + 1}" if len(numbers) == 1 else f"participants {_list(numbers)}"


def _slots(numbers: Collection[int]) -> str:
    if not numbers:
        return "no slot"
    return f"slot {min(numbers) + 1}" if len(numbers) == 1 else f"slots {_list(numbers)}"


def _list(numbers: Collection[int]) -> str:
    """Numbers from 1 in order, runs of them as 3-7, and not too many."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number:
            runs[-1][-1] = number + 1
        else:
            runs.append([number + 1, number + 1])
    parts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    if len(parts) > MAX_LISTED:
        parts = [*parts[:MAX_LISTED], "..."]
    return ", ".join(parts)
