"""Meetings and letters as plain records, one each, for whoever audits an event from outside."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.models import Event, Letter, Meeting, MeetingPerson, Registration
from marketplace.services.meetings.self_booking import whole


def meetings(slug: str) -> Iterator[dict[str, Any]]:
    """Yield every meeting of an event, cancelled ones too, in order of their ids. Raises `NotFound`."""
    event_id = session().scalar(select(Event.id).where(Event.slug == slug))
    if event_id is None:
        raise NotFound
    people = defaultdict(list)
    for meeting_id, uid, email in session().execute(
        select(MeetingPerson.meeting_id, Registration.uid, Registration.email)
        .join(Registration, Registration.id == MeetingPerson.registration_id)
        .join(Meeting, Meeting.id == MeetingPerson.meeting_id)
        .where(Meeting.event_id == event_id, MeetingPerson.withdrawn_at.is_(None))
        .order_by(MeetingPerson.id)
    ):
        people[meeting_id].append({"id": uid, "email": email})
    for meeting in session().scalars(whole().where(Meeting.event_id == event_id).order_by(Meeting.id)).unique():
        sides = (meeting.first_party, meeting.second_party)
        yield {
            "id": meeting.uid,
            "state": meeting.state.value,
            "slot": meeting.slot.uid,
            "start": meeting.slot.starts_at.isoformat(),
            "end": meeting.slot.ends_at.isoformat(),
            "table": meeting.table.number if meeting.table else None,
            "interpreter": meeting.interpreter.name if meeting.interpreter else None,
            "people": people[meeting.id],
            "organisations": [side.organisation.slug if side.organisation else side.label for side in sides],
            "projects": [side.project.slug if side.project else None for side in sides],
            "sequence": meeting.calendar_sequence,
            "uid": meeting.calendar_uid,
            "source": meeting.source.value,
        }


def outbox() -> Iterator[dict[str, Any]]:
    """Yield every letter in order of its id: what it is about is the uid of a meeting, request or registration."""
    for letter in session().scalars(select(Letter).order_by(Letter.id)):
        about = next(filter(None, (letter.context.get(name) for name in ("meeting", "request", "registration"))), "")
        yield {
            "id": letter.uid,
            "kind": letter.kind,
            "recipient": letter.recipient,
            "about": about,
            "state": letter.state.value,
            "queued": letter.queued_at.isoformat(),
        }
