"""The timetable problem with given meetings (B2BSP) and its answer, as plain frozen values.

Source: Bofill, Coll, Garcia, Giráldez-Cru, Pesant, Suy and Villaret, "Constraint Solving Approaches to the
Business-to-Business Meeting Scheduling Problem", JAIR 74 (2022) 263-301.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Literal

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


class Session(IntEnum):
    """The half day a meeting is tied to; the numbers are those of the public data format."""

    MORNING = 1
    AFTERNOON = 2
    EITHER = 3


@dataclass(frozen=True)
class Meeting:
    """One given meeting: two different participants (from 0) and the half day it is tied to."""

    first: int
    second: int
    session: Session = Session.EITHER

    @property
    def pair(self) -> tuple[int, int]:
        """Both participants, the smaller number first."""
        return (self.first, self.second) if self.first < self.second else (self.second, self.first)


@dataclass(frozen=True)
class TimetableProblem:
    """Meetings to be placed in slots. All numbers in here count from 0.

    participants, tables, slots: how many there are; at most `tables` meetings are held in one slot.
    morning: how many of the first slots are the morning.
    meetings: all of them have to be placed.
    forbidden: per participant, the slots in which it cannot meet.
    fixed: per meeting, the slot it is fixed to, or None.
    predecessors: per meeting, the meetings that have to be held in a strictly earlier slot.

    Refuses (ValueError) lists of the wrong length and numbers out of range; an impossible problem is no error.
    """

    participants: int
    tables: int
    slots: int
    morning: int
    meetings: tuple[Meeting, ...]
    forbidden: tuple[frozenset[int], ...] = ()
    fixed: tuple[int | None, ...] = ()
    predecessors: tuple[frozenset[int], ...] = ()

    def __post_init__(self) -> None:
        count = len(self.meetings)
        object.__setattr__(self, "forbidden", self.forbidden or (frozenset(),) * self.participants)
        object.__setattr__(self, "fixed", self.fixed or (None,) * count)
        object.__setattr__(self, "predecessors", self.predecessors or (frozenset(),) * count)
        if min(self.participants, self.tables, self.slots) < 0 or not 0 <= self.morning <= self.slots:
            raise ValueError("a timetable problem needs counts from 0 and a morning within its slots")
        if len(self.forbidden) != self.participants or len(self.fixed) != count or len(self.predecessors) != count:
            raise ValueError("forbidden has one entry per participant, fixed and predecessors one per meeting")
        self._check_ranges()

    def _check_ranges(self) -> None:
        people, slots, meetings = range(self.participants), range(self.slots), range(len(self.meetings))
        for number, meeting in enumerate(self.meetings):
            if meeting.first not in people or meeting.second not in people or meeting.first == meeting.second:
                raise ValueError(f"meeting {number} needs two different participants")
        if any(slot not in slots for entry in self.forbidden for slot in entry):
            raise ValueError("a forbidden slot does not exist")
        if any(slot is not None and slot not in slots for slot in self.fixed):
            raise ValueError("a fixed slot does not exist")
        if any(other not in meetings for entry in self.predecessors for other in entry):
            raise ValueError("a predecessor does not exist")

    @cached_property
    def meetings_of(self) -> tuple[tuple[int, ...], ...]:
        """Per participant, the numbers of its meetings in increasing order."""
        lists: list[list[int]] = [[] for _ in range(self.participants)]
        for number, meeting in enumerate(self.meetings):
            lists[meeting.first].append(number)
            lists[meeting.second].append(number)
        return tuple(tuple(numbers) for numbers in lists)

    def session_slots(self, session: Session) -> range:
        """The slots of a half day, or all of them."""
        if session is Session.MORNING:
            return range(self.morning)
        if session is Session.AFTERNOON:
            return range(self.morning, self.slots)
        return range(self.slots)

    def open_slots(self, number: int) -> frozenset[int]:
        """Slots meeting `number` may take by itself: its half day, its fixed slot, both participants' free slots."""
        meeting = self.meetings[number]
        taken = self.forbidden[meeting.first] | self.forbidden[meeting.second]
        slots = frozenset(self.session_slots(meeting.session)) - taken
        fixed = self.fixed[number]
        return slots if fixed is None else slots & {fixed}


@dataclass(frozen=True)
class Answer:
    """What the solver found and proved.

    slots: slot of each meeting, counted from 1 as in the public data; empty when there is no timetable to show.
    breaks: the total number of breaks of that timetable; None without one.
    status: optimal (bound equals breaks, or proved so), feasible, infeasible (proved), or unknown.
    bound: no timetable has fewer breaks than this; None when there is none at all.
    reason: for infeasible and unknown, why, in words; participants, meetings and slots are counted from 1.
    """

    slots: tuple[int, ...]
    breaks: int | None
    status: Status
    bound: int | None
    reason: str = ""

    def to_json(self) -> dict[str, object]:
        """The answer as plain values, in the form the command line writes."""
        return {
            "slots": list(self.slots),
            "breaks": self.breaks,
            "status": self.status,
            "bound": self.bound,
            "reason": self.reason,
        }
