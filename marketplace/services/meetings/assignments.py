"""What interpreters interpret: which meetings, where, between which languages, and when they rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from marketplace.database import session
from marketplace.models import Interpreter, Meeting, MeetingSlot, MeetingState, Registration
from marketplace.services import wallclock
from marketplace.services.meetings import interpreting
from marketplace.services.meetings.self_booking import whole


@dataclass(frozen=True)
class Stretch:
    """A meeting to interpret or, without one, a rest between two of them."""

    starts_at: datetime
    ends_at: datetime
    meeting: Meeting | None = None
    languages: str = ""


def of(interpreters: Iterable[Interpreter]) -> list[Meeting]:
    """Return the scheduled meetings that these interpret, in order of time."""
    found = session().scalars(
        whole()
        .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
        .where(Meeting.interpreter_id.in_([one.id for one in interpreters]), Meeting.state == MeetingState.SCHEDULED)
        .order_by(MeetingSlot.starts_at, Meeting.id)
    )
    return list(found.unique())


def counts(event_id: int) -> dict[int, int]:
    """Return how many scheduled meetings each interpreter of an event has, by id."""
    return {
        identity: number
        for identity, number in session().execute(
            select(Meeting.interpreter_id, func.count())
            .where(
                Meeting.event_id == event_id,
                Meeting.interpreter_id.is_not(None),
                Meeting.state == MeetingState.SCHEDULED,
            )
            .group_by(Meeting.interpreter_id)
        )
        if identity is not None
    }


def days(meetings: Sequence[Meeting], zone: str) -> list[tuple[date, list[Stretch]]]:
    """Return meetings under the days of a zone, with the rests between those of a day.

    A rest is what is longer than the turn-over between two slots of the session.
    """
    found: dict[date, list[Stretch]] = {}
    for meeting in meetings:
        slot = meeting.slot
        here = found.setdefault(wallclock.day(slot.starts_at, zone), [])
        if here:
            pause = (slot.starts_at - here[-1].ends_at).total_seconds()
            if pause > slot.session.turnover_minutes * 60:
                here.append(Stretch(here[-1].ends_at, slot.starts_at))
        here.append(Stretch(slot.starts_at, slot.ends_at, meeting, interpreting.between(meeting)))
    return list(found.items())


def known_as(registration: Registration) -> list[Interpreter]:
    """Return whom the organisers know somebody registered as: nobody, or one interpreter."""
    return list(
        session().scalars(
            select(Interpreter).where(
                Interpreter.registration_id == registration.id,
                Interpreter.event_id == registration.event_id,
                Interpreter.retired_at.is_(None),
            )
        )
    )
