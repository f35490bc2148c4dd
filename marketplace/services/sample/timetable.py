"""When what happened to a sample pitch: days before the day of loading, at hours of its city."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from marketplace.models import ProjectState
from marketplace.services import wallclock
from marketplace.services.sample.pitch_sheets import Pitch

FIRST, SECOND = "marketplace-first-round", "marketplace-second-round"

_FIRST_ROUND = {ProjectState.PUBLISHED, ProjectState.DECLINED, ProjectState.WITHDRAWN}


@dataclass(frozen=True)
class Turn:
    """One version on its way: `decided` is None while the reviewers are at it."""

    submitted: datetime
    assigned: datetime
    due: datetime
    done: datetime
    settled: datetime
    decided: datetime | None = None


@dataclass(frozen=True)
class Timetable:
    """The life of one pitch so far; `edited` is the last change of its text."""

    begun: datetime
    edited: datetime
    turns: list[Turn] = field(default_factory=list)
    published: datetime | None = None
    withdrawn: datetime | None = None


def call_of(pitch: Pitch) -> str:
    """Return the call a pitch answers; '' for none yet."""
    state = ProjectState(pitch.facts["state"])
    return str(pitch.facts.get("call", FIRST if state in _FIRST_ROUND else SECOND))


def of(pitch: Pitch, zone: str, today: date) -> Timetable:
    """Return the timetable of a pitch that has reached its state."""
    place, mixed = pitch.place, pitch.place * 17 % 47

    def at(days: float) -> datetime:
        hour = time(9 + place % 8, place * 13 % 60)
        return wallclock.moment(today - timedelta(days=int(days)), hour, zone)

    state = ProjectState(pitch.facts["state"])
    if state is ProjectState.DRAFT:
        return Timetable(at(15 + place % 9), at(2 + place % 5))
    if state is ProjectState.SUBMITTED:
        sent = at(3 + place % 4)
        return Timetable(at(30), sent, [_turn(at, 3 + place % 4, None)])
    if state is ProjectState.IN_REVIEW:
        return Timetable(at(33), at(21 + place % 4), [_turn(at, 20 + place % 4, None)])
    if state is ProjectState.CHANGES_REQUESTED:
        return Timetable(at(33), at(4), [_turn(at, 31, 11)])
    if state is ProjectState.ACCEPTED:
        return Timetable(at(33), at(31), [_turn(at, 31, 7)])
    first = _turn(at, 152 + place % 8, 122 + place % 5)
    if state is ProjectState.WITHDRAWN:
        return Timetable(at(190), first.submitted, [first], withdrawn=at(149))
    if state is ProjectState.DECLINED:
        return Timetable(at(195), first.submitted, [first])
    if not pitch.facts.get("revised"):
        # The organisers publish a few a week, from all places.
        return Timetable(at(170 + place % 30), first.submitted, [first], published=at(118 - 2 * mixed))
    second = _turn(at, 104 + place % 6, 82)
    return Timetable(at(170 + place % 30), second.submitted, [first, second], published=at(78 - mixed))


def _turn(at: Callable[[float], datetime], sent: int, decided: int | None) -> Turn:
    return Turn(
        submitted=at(sent),
        assigned=at(sent - 6),
        due=at(sent - 24),
        done=at(sent - 13),
        settled=at(sent - 18),
        decided=None if decided is None else at(decided),
    )
