"""A meeting as the calendar of one of its people sees it: one UID for its life, SEQUENCE that only rises."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import joinedload

from marketplace import clock, config
from marketplace.database import session
from marketplace.gateways.calendar import Entry, Status
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language, language_name
from marketplace.models import (
    EventState,
    Interpreter,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingSetup,
    MeetingSource,
    MeetingState,
    Publication,
    Registration,
)
from marketplace.services import wallclock
from marketplace.services.meetings import interpreting, parties

CANCELLED_SHOWN = timedelta(days=30)
"""How long a meeting somebody no longer holds stays in their feed, as CANCELLED; then it is gone."""


def url(meeting: Meeting) -> str:
    """Return the address of a meeting's page."""
    return f"{config.current().public_url}/events/{meeting.event.slug}/meetings/{meeting.uid}"


def sides(meeting: Meeting, person: MeetingPerson) -> tuple[MeetingParty, MeetingParty]:
    """Return the side a person is of, and the other one."""
    if person.party_id == meeting.first_party_id:
        return meeting.first_party, meeting.second_party
    return meeting.second_party, meeting.first_party


def place(meeting: Meeting) -> str:
    """Write where a meeting is, in the reader's language: table and zone at the venue, or online."""
    if meeting.table is None:
        return _("Online")
    table = _("Table %(number)s", number=meeting.table.number)
    event = meeting.event
    parts = (table, meeting.table.zone, event.venue, event.address, in_language(event.places))
    return ", ".join(part for part in parts if part)


def of(meeting: Meeting, person: MeetingPerson) -> Entry:
    """Return a meeting as one of its people's calendars shows it, in the reader's language. Nothing in it is secret:
    the link to join stands on the meeting's page only."""
    _own, other = sides(meeting, person)
    event, registration = meeting.event, person.registration
    is_off = (
        meeting.state is MeetingState.CANCELLED
        or person.withdrawn_at is not None
        or event.state is EventState.CANCELLED
    )
    return Entry(
        uid=meeting.calendar_uid,
        sequence=meeting.calendar_sequence + person.calendar_sequence,
        changed_at=max(meeting.calendar_changed_at, person.calendar_changed_at),
        starts_at=meeting.slot.starts_at,
        ends_at=meeting.slot.ends_at,
        summary=_("Meeting: %(party)s", party=parties.title(other)),
        description=_description(meeting, other, registration),
        location=place(meeting),
        url=url(meeting),
        status=Status.CANCELLED if is_off else Status.CONFIRMED,
    )


def _description(meeting: Meeting, other: MeetingParty, registration: Registration) -> str:
    event = meeting.event
    spans = wallclock.spans(meeting.slot.starts_at, meeting.slot.ends_at, event.timezone, registration.timezone)
    lines = [
        "\n".join(part for part in (parties.title(other), parties.subtitle(other), in_language(event.titles)) if part),
        "\n".join(spans),
    ]
    if meeting.interpreter is not None:
        lines.append(_("With an interpreter: %(name)s", name=meeting.interpreter.name))
    elif meeting.language:
        lines.append(_("In %(language)s", language=language_name(meeting.language)))
    if meeting.table is None:
        lines.append(_("The link to join is on the page of the meeting."))
    lines.append(_("Changes and cancellations are made on the website, not by answering this invitation."))
    if event.is_illustrative:
        lines.append(_("This event is an illustration: it is part of a sample programme."))
    return "\n\n".join(lines)


def interpreted(meeting: Meeting) -> Entry:
    """Return a meeting as its interpreter's calendar shows it, in the reader's language. Nothing in it is secret."""
    event, first, second = meeting.event, meeting.first_party, meeting.second_party
    lines = [
        "\n".join(" · ".join(filter(None, (parties.title(side), parties.subtitle(side)))) for side in (first, second)),
        interpreting.between(meeting),
        "\n".join(wallclock.spans(meeting.slot.starts_at, meeting.slot.ends_at, event.timezone, event.timezone)),
        _("This event is an illustration: it is part of a sample programme.") if event.is_illustrative else "",
    ]
    return Entry(
        uid=meeting.calendar_uid,
        sequence=meeting.calendar_sequence,
        changed_at=max(meeting.calendar_changed_at, meeting.changed_at),
        starts_at=meeting.slot.starts_at,
        ends_at=meeting.slot.ends_at,
        summary=_("Interpreting: %(first)s – %(second)s", first=parties.title(first), second=parties.title(second)),
        description="\n\n".join(line for line in lines if line),
        location=place(meeting),
        url=f"{config.current().public_url}/events/{event.slug}",
        status=Status.CANCELLED if event.state is EventState.CANCELLED else Status.CONFIRMED,
    )


_IS_KNOWN = or_(MeetingSetup.publication != Publication.NONE, Meeting.source != MeetingSource.ENGINE)
"""The condition that those concerned know of a meeting: nobody does of what is planned before it is published."""

_NEEDED = (
    joinedload(Meeting.event),
    joinedload(Meeting.slot),
    joinedload(Meeting.table),
    joinedload(Meeting.interpreter),
    joinedload(Meeting.first_party).options(joinedload(MeetingParty.organisation), joinedload(MeetingParty.project)),
    joinedload(Meeting.second_party).options(joinedload(MeetingParty.organisation), joinedload(MeetingParty.project)),
)
"""What the entry of a meeting needs of it."""


def whole(statement: Any) -> Any:
    """Load people with all their meetings' entries need."""
    return statement.options(
        joinedload(MeetingPerson.registration), joinedload(MeetingPerson.meeting).options(*_NEEDED)
    )


def _interpreted_by(statement: Any, registration_ids: list[int]) -> Any:
    """Narrow meetings to those of published schedules that people registered interpret. What somebody no longer
    interprets is gone from their calendar."""
    return (
        statement.select_from(Meeting)
        .join(Interpreter, Interpreter.id == Meeting.interpreter_id)
        .join(MeetingSetup, MeetingSetup.event_id == Meeting.event_id)
        .where(
            Interpreter.registration_id.in_(registration_ids),
            Meeting.state == MeetingState.SCHEDULED,
            _IS_KNOWN,
        )
    )


def interpreted_by(registration_ids: Iterable[int]) -> list[Meeting]:
    """Return the meetings that calendars of these registrations show because they interpret them, in order of time."""
    identities = list(registration_ids)
    if not identities:
        return []
    found = session().scalars(_interpreted_by(select(Meeting), identities).options(*_NEEDED)).unique()
    return sorted(found, key=lambda one: (one.slot.starts_at, one.id))


def _shown(registration_ids: list[int]) -> Any:
    """The condition of what a feed shows: meetings of a published schedule, and recently those somebody left."""
    ended = clock.now() - CANCELLED_SHOWN
    return (
        MeetingPerson.registration_id.in_(registration_ids)
        & _IS_KNOWN
        & or_(
            (Meeting.state == MeetingState.SCHEDULED) & MeetingPerson.withdrawn_at.is_(None),
            Meeting.cancelled_at > ended,
            MeetingPerson.withdrawn_at > ended,
        )
    )


def for_people(registration_ids: Iterable[int]) -> list[MeetingPerson]:
    """Return the parts in meetings that calendars of these registrations show, in order of time."""
    identities = list(registration_ids)
    if not identities:
        return []
    statement = whole(
        select(MeetingPerson)
        .join(Meeting, Meeting.id == MeetingPerson.meeting_id)
        .join(MeetingSetup, MeetingSetup.event_id == Meeting.event_id)
        .where(_shown(identities))
    )
    found: list[MeetingPerson] = list(session().scalars(statement).unique())
    return sorted(found, key=lambda one: (one.meeting.slot.starts_at, one.meeting_id))


def tag(registration_ids: Iterable[int]) -> str:
    """Return what differs after every change of what `for_people` and `interpreted_by` give; one statement, nothing
    rendered."""
    identities = list(registration_ids)
    if not identities:
        return ""
    held = (
        select(
            literal("held"),
            MeetingSetup.event_id,
            MeetingSetup.publication,
            func.count(MeetingPerson.id),
            func.sum(MeetingPerson.calendar_sequence + Meeting.calendar_sequence),
            func.max(MeetingPerson.calendar_changed_at),
            func.max(Meeting.changed_at),
        )
        .join(Meeting, Meeting.id == MeetingPerson.meeting_id)
        .join(MeetingSetup, MeetingSetup.event_id == Meeting.event_id)
        .where(_shown(identities))
        .group_by(MeetingSetup.event_id, MeetingSetup.publication)
    )
    interprets = _interpreted_by(
        select(
            literal("interpreted"),
            MeetingSetup.event_id,
            MeetingSetup.publication,
            func.count(Meeting.id),
            func.sum(Meeting.calendar_sequence),
            func.max(Meeting.calendar_changed_at),
            func.max(Meeting.changed_at),
        ),
        identities,
    ).group_by(MeetingSetup.event_id, MeetingSetup.publication)
    told = sorted("|".join(map(str, row)) for row in session().execute(union_all(held, interprets)))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
