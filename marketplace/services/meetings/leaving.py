"""What becomes of meetings when a person, an event or its days change."""

from datetime import datetime

from sqlalchemy import delete, select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Refusal
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    Interpreter,
    InterpreterShift,
    Meeting,
    MeetingPerson,
    MeetingSession,
    MeetingSlot,
    MeetingState,
    PartyMember,
    Registration,
    User,
)
from marketplace.services import wallclock
from marketplace.services.meetings import booking, holds, letters, settling
from marketplace.services.meetings.self_booking import whole


def leave(registration: Registration, by: User | None) -> None:
    """Take a person who does not come any more out of their meetings.

    A colleague who is free takes each over; where nobody is, the meeting is cancelled and the other side is told. What
    they interpret stays theirs until the organisers find somebody else, who read of it among what cannot work.
    """
    found = session().scalars(
        whole()
        .join(MeetingPerson, MeetingPerson.meeting_id == Meeting.id)
        .where(
            MeetingPerson.registration_id == registration.id,
            MeetingPerson.withdrawn_at.is_(None),
            Meeting.state == MeetingState.SCHEDULED,
        )
        .order_by(Meeting.id)
    )
    for meeting in found.unique().all():
        part = next(person for person in meeting.people if person.registration_id == registration.id)
        others = [
            person.registration_id
            for person in meeting.people
            if person.party_id == part.party_id and person.withdrawn_at is None and person is not part
        ]
        before = {person.registration_id for person in meeting.people if person.withdrawn_at is None}
        free = [one for one in settling.free_people(part.party, meeting.slot) if one != registration.id]
        try:
            booking.hand_over(meeting, part.party, others or free[:1], by)
            letters.tell_handed_over(meeting, before)
        except Refusal:
            reason = str(lazy_gettext("Nobody of this team can come."))
            if booking.cancel(meeting, by, reason, part.party):
                letters.tell_cancelled(meeting)
    session().execute(delete(PartyMember).where(PartyMember.registration_id == registration.id))
    # Who interpreted works in no slot any more: nothing new is planned with them, and a repair finds others.
    known = select(Interpreter.id).where(Interpreter.registration_id == registration.id)
    session().execute(delete(InterpreterShift).where(InterpreterShift.interpreter_id.in_(known)))


def shift(event: Event, days: int) -> None:
    """Move the meeting sessions of an event with it, by whole days on its clock; every meeting keeps its slot.

    The caller has locked the event and moves it too.
    """
    with atomic() as current:
        sessions = list(current.scalars(select(MeetingSession).where(MeetingSession.event_id == event.id)))
        found = list(
            current.scalars(
                whole().where(Meeting.event_id == event.id, Meeting.state == MeetingState.SCHEDULED)
            ).unique()
        )
        holds.release([meeting.id for meeting in found])
        slots = list(current.scalars(select(MeetingSlot).where(MeetingSlot.event_id == event.id)))
        things: list[MeetingSession | MeetingSlot] = [*sessions, *slots]
        for thing in things:
            thing.starts_at = wallclock.shifted(thing.starts_at, days, event.timezone)
            thing.ends_at = wallclock.shifted(thing.ends_at, days, event.timezone)
        for one in sessions:
            one.breaks = [
                {
                    name: wallclock.shifted(datetime.fromisoformat(at), days, event.timezone).isoformat()
                    for name, at in pause.items()
                }
                for pause in one.breaks
            ]
        current.flush()
        for meeting in found:
            holds.take(meeting, settling.resources_of(meeting), meeting.slot.starts_at, meeting.slot.ends_at)
            meeting.calendar_sequence += 1
            meeting.changed_at = meeting.calendar_changed_at = clock.now()
        current.flush()
        for meeting in found:
            letters.tell_moved(meeting)
