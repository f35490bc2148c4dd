"""Letters about meetings, each in its reader's language and only to those concerned, with an invitation or its end."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import i18n
from marketplace.database import session
from marketplace.gateways.calendar import Method
from marketplace.models import (
    Event,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingRequest,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    Publication,
    Registration,
    RequestState,
)
from marketplace.services import invites, outbox, wallclock
from marketplace.services.meetings import entries, setup

if TYPE_CHECKING:
    from marketplace.services.meetings.scheduling.publishing import Difference


def tell_made(meeting: Meeting) -> None:
    """Tell everybody who holds a new meeting, with an invitation."""
    _tell(meeting, "meeting.made", Method.REQUEST)


def tell_moved(meeting: Meeting, before: MeetingSlot | None = None, reason: str = "") -> None:
    """Tell who holds a meeting that its time or place changed, and why where somebody said it; and who was taken out
    of it."""
    _tell(meeting, "meeting.moved", Method.REQUEST, before=before, reason=reason)
    for person in meeting.people:
        if person.withdrawn_at is not None and person.withdrawn_at >= meeting.changed_at:
            _write(meeting, person, "meeting.cancelled", Method.CANCEL)


def tell_handed_over(meeting: Meeting, before: set[int]) -> None:
    """Tell who came into a meeting and who left it; the others' calendars learn nothing new, so they get no letter.

    `before` are the registrations of those who held it.
    """
    for person in meeting.people:
        is_in = person.withdrawn_at is None
        if is_in and person.registration_id not in before:
            _write(meeting, person, "meeting.made", Method.REQUEST)
        elif not is_in and person.registration_id in before:
            _write(meeting, person, "meeting.cancelled", Method.CANCEL)


def tell_cancelled(meeting: Meeting) -> None:
    """Tell everybody who held a meeting that it does not take place, and why."""
    _tell(meeting, "meeting.cancelled", Method.CANCEL, reason=meeting.reason)


def tell_published(
    event: Event, found: "Difference", new: Iterable[Meeting], *, is_final: bool, was_final: bool
) -> None:
    """Tell who is concerned by a publication what is new, moved and gone for them, and nobody else.

    A preliminary schedule comes as one letter a person, without invitations. When it becomes final, everybody's
    calendar gets all their meetings; after that, only what differs is told.
    """
    if not is_final and not was_final:
        with outbox.together():
            _tell_preliminary(event)
        return
    made = list(new)
    readers = _readers([*made, *(meeting for meeting, _seat in [*found.moved, *found.kept]), *found.dropped])
    with outbox.together():
        _tell_final(found, made, was_final=was_final)
    del readers


def _readers(meetings: Iterable[Meeting]) -> list[Registration]:
    """Read everybody who is written to at once; as long as they are kept, nobody is read again one by one."""
    identities = sorted({person.registration_id for meeting in meetings for person in meeting.people})
    return [
        reader
        for first in range(0, len(identities), 500)
        for reader in session().scalars(
            select(Registration)
            .where(Registration.id.in_(identities[first : first + 500]))
            .options(joinedload(Registration.user))
        )
    ]


def _tell_final(found: "Difference", new: list[Meeting], *, was_final: bool) -> None:
    for meeting in new:
        _tell(meeting, "meeting.made", Method.REQUEST, is_told=True)
    for meeting, _seat in found.moved:
        # Who gets a first invitation needs no word about where it was before.
        _tell(meeting, "meeting.moved" if was_final else "meeting.made", Method.REQUEST, is_told=True)
    if not was_final:
        for meeting, _seat in found.kept:
            if meeting.source is MeetingSource.ENGINE:
                _tell(meeting, "meeting.made", Method.REQUEST, is_told=True)
        return
    for meeting in found.dropped:
        _tell(meeting, "meeting.cancelled", Method.CANCEL, reason=meeting.reason, is_told=True)


def _tell_preliminary(event: Event) -> None:
    from marketplace.services.meetings.scheduling.publishing import scheduled

    readers: dict[int, Registration] = {}
    counts: dict[int, int] = {}
    for meeting in scheduled(event.id):
        for person in meeting.people:
            if person.withdrawn_at is None:
                readers[person.registration_id] = person.registration
                counts[person.registration_id] = counts.get(person.registration_id, 0) + 1
    for identity, reader in sorted(readers.items()):
        _queue(
            "meeting.preliminary",
            reader,
            registration=reader.uid,
            titles=event.titles,
            meetings=counts[identity],
            url=f"{invites.event_url(event)}/meetings",
        )


def _tell(
    meeting: Meeting,
    kind: str,
    method: Method,
    *,
    before: MeetingSlot | None = None,
    reason: str = "",
    is_told: bool = False,
) -> None:
    """Write to everybody who holds a meeting; `is_told` where it is known that the schedule is final."""
    if not is_told and meeting.source is MeetingSource.ENGINE and not _is_told(meeting):
        return
    with outbox.together():
        for person in meeting.people:
            if person.withdrawn_at is None:
                _write(meeting, person, kind, method, before=before, reason=reason)


def _is_told(meeting: Meeting) -> bool:
    """Tell whether a planned meeting is in calendars: only a final schedule is."""
    rules: MeetingSetup | None = setup.of(meeting.event_id)
    return rules is not None and rules.publication is Publication.FINAL


def _write(
    meeting: Meeting,
    person: MeetingPerson,
    kind: str,
    method: Method,
    *,
    before: MeetingSlot | None = None,
    reason: str = "",
) -> None:
    reader = person.registration or session().get_one(Registration, person.registration_id)
    own, other = entries.sides(meeting, person)
    with i18n.speaking(reader.locale):
        entry = entries.of(meeting, person)
        _queue(
            kind,
            reader,
            meeting=meeting.uid,
            titles=meeting.event.titles,
            party=_names(other),
            own=_names(own),
            moments=[meeting.slot.starts_at.isoformat(), meeting.slot.ends_at.isoformat()],
            before=[before.starts_at.isoformat(), before.ends_at.isoformat()] if before is not None else [],
            zones=_zones(meeting.event, reader, meeting.slot),
            place=entries.place(meeting),
            is_online=meeting.table is None,
            language=meeting.language,
            interpreter=meeting.interpreter.name if meeting.interpreter else "",
            reason=reason,
            url=entries.url(meeting),
            calendar=invites.stored(entry, method),
        )


def _queue(kind: str, reader: Registration, **context: Any) -> None:
    # Of an account only its id is needed where the registration says all else: nobody's account is read for it.
    is_known = bool(reader.email and reader.name and reader.locale)
    outbox.queue(
        kind,
        to=None if is_known else reader.user,
        user_id=reader.user_id,
        email=reader.email,
        name=reader.name,
        locale=reader.locale,
        what=kind.removeprefix("meeting."),
        **{**_NOTHING, **context},
    )


_NOTHING: dict[str, Any] = {
    "party": None,
    "own": None,
    "moments": [],
    "before": [],
    "zones": [],
    "place": "",
    "is_online": False,
    "language": "",
    "interpreter": "",
    "reason": "",
    "message": "",
    "expires": "",
    "meetings": 0,
    "calendar": None,
}
"""What a letter does not say, so that one set of templates serves them all."""


def _names(party: MeetingParty) -> dict[str, Any]:
    """Return how a party is called, per language, to be written in the reader's when the letter is rendered."""
    project = party.project.known_titles if party.project else {}
    body = (party.organisation.names or {"en": party.organisation.name}) if party.organisation else {"en": party.label}
    return {"project": project, "organisation": body}


def _zones(event: Event, reader: Registration, slot: MeetingSlot) -> list[str]:
    here, there = event.timezone, reader.timezone
    same = wallclock.local(slot.starts_at, here).utcoffset() == wallclock.local(slot.starts_at, there).utcoffset()
    return [here] if same else [here, there]


def tell_request(request: MeetingRequest) -> None:
    """Tell the people of the side whose turn it is that somebody asks for a meeting, or proposes another time."""
    party = request.to_party if request.awaiting_id == request.to_party_id else request.from_party
    asker = request.from_party if party is request.to_party else request.to_party
    is_counter = party is request.from_party
    for reader in _people(party):
        _queue(
            "meeting.proposed" if is_counter else "meeting.requested",
            reader,
            **_request_facts(request, asker, party, reader),
            message=request.answer if is_counter else request.message,
        )


def tell_answer(request: MeetingRequest) -> None:
    """Tell how a request ended: declined and withdrawn to the side that waited, expired to both."""
    if request.state is RequestState.DECLINED:
        readers = [(request.from_party, request.to_party)]
    elif request.state is RequestState.WITHDRAWN:
        readers = [(request.to_party, request.from_party)]
    else:
        readers = [(request.from_party, request.to_party), (request.to_party, request.from_party)]
    for party, other in readers:
        for reader in _people(party):
            _queue(
                f"meeting.request_{request.state.value}",
                reader,
                **_request_facts(request, other, party, reader),
                message=request.answer if request.state is RequestState.DECLINED else "",
            )


def _people(party: MeetingParty) -> list[Registration]:
    """Return who reads a party's letters: its people, stand-ins left out where there is anybody else."""
    first = [member.registration for member in party.members if not member.is_stand_in]
    return first or [member.registration for member in party.members]


def _request_facts(
    request: MeetingRequest, other: MeetingParty, own: MeetingParty, reader: Registration
) -> dict[str, Any]:
    slot = request.slot
    return {
        "request": request.uid,
        "titles": request.event.titles,
        "party": _names(other),
        "own": _names(own),
        "moments": [slot.starts_at.isoformat(), slot.ends_at.isoformat()] if slot else [],
        "zones": _zones(request.event, reader, slot) if slot else [],
        "expires": request.expires_at.isoformat(),
        "zone": reader.timezone,
        "url": f"{invites.event_url(request.event)}/meetings/requests/{request.uid}",
    }


def tell_event_cancelled(event: Event) -> None:
    """End all meetings of an event that does not take place; each goes out of calendars."""
    from marketplace.services.meetings import booking
    from marketplace.services.meetings.self_booking import whole

    found = (
        session().scalars(whole().where(Meeting.event_id == event.id, Meeting.state == MeetingState.SCHEDULED)).unique()
    )
    for meeting in found.all():
        if booking.cancel(meeting, None):
            _tell(meeting, "meeting.cancelled", Method.CANCEL)
