"""Calendar entries: events and sessions as people's calendars see them, in mail, as files and as feeds.

One thing has one UID wherever it appears. Nothing here is secret: links to join are on the person's page only.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock, config, i18n, keys
from marketplace.database import atomic, lock, session
from marketplace.errors import NotFound
from marketplace.gateways import calendar
from marketplace.gateways.calendar import Entry, Method, Status
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import (
    AccountState,
    Attendance,
    Event,
    EventMode,
    EventState,
    FeedToken,
    ProgrammeSession,
    Registration,
    RegistrationState,
    SessionSignUp,
    SessionState,
    User,
)
from marketplace.services import audit, programme, wallclock
from marketplace.services.events import Standing
from marketplace.services.meetings import entries as meeting_entries

FEED = "calendar_feed"
"""The purpose of the secret in the address of a personal feed."""

CANCELLED_SHOWN = timedelta(days=30)
"""How long a cancelled registration stays in the personal feed, as CANCELLED; cancelled sessions stay with their event.

Calendars that read seldom learn of it all the same; then it is gone.
"""

DESCRIPTION_LIMIT = 1000


def event_url(event: Event) -> str:
    """Return the address of an event's page."""
    return f"{config.current().public_url}/events/{event.slug}"


def session_url(event: Event, entry: ProgrammeSession) -> str:
    """Return the address of a session's page."""
    return f"{event_url(event)}/sessions/{entry.uid}"


def place_of(event: Event, attendance: Attendance = Attendance.IN_PERSON) -> str:
    """Write where an event takes place, for somebody who is there or takes part from elsewhere."""
    # Who wanted to join an event from elsewhere that takes place in person only meanwhile has to come there.
    if event.mode is EventMode.ONLINE or (attendance is Attendance.ONLINE and event.mode is EventMode.HYBRID):
        return _("Online")
    return ", ".join(part for part in (event.venue, event.address, in_language(event.places)) if part)


def of_event(event: Event, registration: Registration | None = None) -> Entry:
    """Return an event as a calendar entry in the reader's language; a registration adds its own part."""
    attendance = registration.attendance if registration else Attendance.IN_PERSON
    is_off = event.state is EventState.CANCELLED or (
        registration is not None and registration.state is not RegistrationState.CONFIRMED
    )
    return Entry(
        uid=event.calendar_uid,
        sequence=event.calendar_sequence + (registration.calendar_sequence if registration else 0),
        changed_at=max(event.calendar_changed_at, registration.calendar_changed_at)
        if registration
        else event.calendar_changed_at,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        summary=in_language(event.titles),
        description=_description(
            event,
            wallclock.spans(event.starts_at, event.ends_at, event.timezone, _zone(event, registration)),
            in_language(event.themes),
            in_language(event.descriptions),
            is_registered=registration is not None,
        ),
        location=place_of(event, attendance),
        url=event_url(event),
        status=Status.CANCELLED if is_off else Status.CONFIRMED,
    )


def of_session(
    entry: ProgrammeSession,
    event: Event,
    sign_up: SessionSignUp | None = None,
    registration: Registration | None = None,
) -> Entry:
    """Return a session as a calendar entry in the reader's language; a sign-up adds its own part."""
    attendance = registration.attendance if registration else Attendance.IN_PERSON
    room = in_language(entry.room.names) if entry.room and attendance is Attendance.IN_PERSON else ""
    is_off = (
        event.state is EventState.CANCELLED
        or entry.state is SessionState.CANCELLED
        or (sign_up is not None and sign_up.withdrawn_at is not None)
    )
    return Entry(
        uid=entry.calendar_uid,
        sequence=entry.calendar_sequence + (sign_up.calendar_sequence if sign_up else 0),
        changed_at=max(entry.calendar_changed_at, sign_up.calendar_changed_at)
        if sign_up
        else entry.calendar_changed_at,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        summary=in_language(entry.titles),
        description=_description(
            event,
            wallclock.spans(entry.starts_at, entry.ends_at, event.timezone, _zone(event, registration)),
            in_language(event.titles),
            in_language(entry.descriptions),
            is_registered=registration is not None,
        ),
        location=", ".join(part for part in (room, place_of(event, attendance)) if part),
        url=session_url(event, entry),
        status=Status.CANCELLED if is_off else Status.CONFIRMED,
    )


def _zone(event: Event, registration: Registration | None) -> str:
    return registration.timezone if registration else event.timezone


def _description(event: Event, spans: list[str], heading: str, text: str, *, is_registered: bool) -> str:
    paragraphs = [heading, "\n".join(spans)]
    if len(text) > DESCRIPTION_LIMIT:
        text = text[: DESCRIPTION_LIMIT - 1].rsplit(" ", 1)[0] + "…"
    paragraphs.append(text)
    if event.mode is not EventMode.IN_PERSON:
        paragraphs.append(_("Participants find the link to join on their page of the event."))
    if is_registered:
        paragraphs.append(_("Changes and cancellations are made on the website, not by answering this invitation."))
    if event.is_illustrative:
        paragraphs.append(_("This event is an illustration: it is part of a sample programme."))
    return "\n\n".join(part for part in paragraphs if part)


def stored(entry: Entry, method: Method) -> dict[str, Any]:
    """Write an invitation as plain values, to be queued with a letter."""
    return {
        "method": method.value,
        "uid": entry.uid,
        "sequence": entry.sequence,
        "changed_at": entry.changed_at.isoformat(),
        "starts_at": entry.starts_at.isoformat(),
        "ends_at": entry.ends_at.isoformat(),
        "summary": entry.summary,
        "description": entry.description,
        "location": entry.location,
        "url": entry.url,
    }


def event_file(event: Event, registration: Registration | None = None) -> bytes:
    """Return an event as a file, with the entry of the registration where the reader has one."""
    return calendar.file([of_event(event, registration)])


def session_file(event: Event, entry: ProgrammeSession, registration: Registration | None = None) -> bytes:
    """Return one session as a file."""
    sign_up = _sign_up(entry, registration)
    return calendar.file([of_session(entry, event, sign_up, registration)])


def _sign_up(entry: ProgrammeSession, registration: Registration | None) -> SessionSignUp | None:
    if registration is None:
        return None
    return session().scalar(
        select(SessionSignUp).where(
            SessionSignUp.session_id == entry.id, SessionSignUp.registration_id == registration.id
        )
    )


def programme_file(registration: Registration) -> bytes:
    """Return somebody's own programme as a file: the event, the sessions they chose, and their meetings."""
    entries = [of_event(registration.event, registration)]
    entries += [
        of_session(sign_up.session, registration.event, sign_up, registration) for sign_up in _chosen([registration.id])
    ]
    entries += _of_meetings([registration.id])
    return calendar.file(entries)


def _of_meetings(registration_ids: Iterable[int]) -> list[Entry]:
    """Return the meetings people hold, and those they interpret."""
    identities = list(registration_ids)
    held = [meeting_entries.of(part.meeting, part) for part in meeting_entries.for_people(identities)]
    return held + [meeting_entries.interpreted(meeting) for meeting in meeting_entries.interpreted_by(identities)]


def _chosen(registration_ids: Iterable[int]) -> list[SessionSignUp]:
    statement = (
        select(SessionSignUp)
        .join(ProgrammeSession)
        .where(
            SessionSignUp.registration_id.in_(list(registration_ids)),
            SessionSignUp.withdrawn_at.is_(None),
            ProgrammeSession.state != SessionState.DRAFT,
        )
        .options(joinedload(SessionSignUp.session).joinedload(ProgrammeSession.room))
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
    )
    return list(session().scalars(statement))


def event_feed_tag(event: Event | Standing) -> str:
    """Return the ETag of an event's public feed in the reader's language: another one after every change."""
    return f"{event.uid}-{event.revision}-{i18n.locale()}"


def event_feed_url(event: Event, locale: str) -> str:
    """Return the address of an event's public feed."""
    return f"{event_url(event)}/calendar.{locale}.ics"


def event_feed(event: Event) -> bytes:
    """Return the public feed of an event in the reader's language: its sessions; without any, the event itself."""
    entries = [of_session(entry, event) for entry in programme.sessions(event)]
    return calendar.feed(
        entries or [of_event(event)], name=in_language(event.titles), url=event_feed_url(event, i18n.locale())
    )


def personal_feed_url(feed: FeedToken) -> str:
    """Return the secret address of a personal feed; for its owner's eyes only."""
    return f"{config.current().public_url}/calendar/{keys.sign(FEED, feed.uid)}.ics"


def feed_of(owner: User | Registration) -> FeedToken:
    """Return the personal feed of a person with an account, or of one registration; made when it is first asked for."""
    found = known_feed(owner)
    if found is not None:
        return found
    with atomic():
        lock(type(owner), owner.id)
        found = known_feed(owner)
        if found is None:
            found = _new_feed(owner)
        return found


def known_feed(owner: User | Registration) -> FeedToken | None:
    """Return the personal feed somebody has now, or None; for pages, which change nothing."""
    return session().scalar(_feeds(owner).where(FeedToken.revoked_at.is_(None)))


def _feeds(owner: User | Registration) -> Select[FeedToken]:
    column = FeedToken.user_id if isinstance(owner, User) else FeedToken.registration_id
    return select(FeedToken).where(column == owner.id)


def _new_feed(owner: User | Registration) -> FeedToken:
    feed = FeedToken(created_at=clock.now())
    if isinstance(owner, User):
        feed.user_id = owner.id
    else:
        feed.registration_id = owner.id
    session().add(feed)
    session().flush()
    return feed


def renew_feed(owner: User | Registration, by: User | None) -> FeedToken:
    """Give somebody a new secret address; the old one answers 404 from now on."""
    with atomic():
        revoke_feed(owner, by)
        return _new_feed(owner)


def revoke_feed(owner: User | Registration, by: User | None) -> None:
    """Make the secret address of somebody's feed worthless."""
    with atomic() as current:
        lock(type(owner), owner.id)
        for feed in current.scalars(_feeds(owner).where(FeedToken.revoked_at.is_(None))):
            feed.revoked_at = clock.now()
            audit.record("calendar_feed.revoked", by, feed)
        current.flush()


def find_feed(token: str) -> FeedToken:
    """Return the feed of a secret address; raises `NotFound` for one that is wrong, revoked or of a closed account."""
    uid = keys.unsign(FEED, token)
    feed = session().scalar(
        select(FeedToken)
        .where(FeedToken.uid == (uid or ""), FeedToken.revoked_at.is_(None))
        .options(joinedload(FeedToken.user), joinedload(FeedToken.registration))
    )
    if feed is None or (feed.user is not None and feed.user.state is not AccountState.ACTIVE):
        raise NotFound
    return feed


class Reader(NamedTuple):
    """In which language and zone a personal feed speaks."""

    locale: str
    timezone: str


def reader_of(feed: FeedToken) -> Reader:
    """Return language and zone of a feed's owner."""
    owner = feed.user or feed.registration
    if owner is None:
        raise NotFound
    return Reader(owner.locale, owner.timezone)


def _shown(feed: FeedToken) -> Any:
    """Return the condition of what a personal feed shows: confirmed, and cancelled not long ago after having been."""
    mine = Registration.user_id == feed.user_id if feed.user_id is not None else Registration.id == feed.registration_id
    recently_ended = (
        (Registration.state == RegistrationState.CANCELLED)
        & Registration.confirmed_at.is_not(None)
        & (Registration.ended_at > clock.now() - CANCELLED_SHOWN)
    )
    return mine & or_(Registration.state == RegistrationState.CONFIRMED, recently_ended)


def personal_feed_tag(feed: FeedToken) -> str:
    """Return the ETag of a personal feed, without rendering it: two statements, whatever it holds."""
    rows = (
        session()
        .execute(
            select(
                Registration.id,
                Registration.state,
                Registration.calendar_sequence,
                Registration.calendar_changed_at,
                Registration.timezone,
                Event.revision,
                func.count(SessionSignUp.id),
                func.sum(SessionSignUp.calendar_sequence),
                func.max(SessionSignUp.calendar_changed_at),
            )
            .join(Event, Event.id == Registration.event_id)
            .outerjoin(SessionSignUp, SessionSignUp.registration_id == Registration.id)
            .where(_shown(feed))
            .group_by(
                Registration.id,
                Registration.state,
                Registration.calendar_sequence,
                Registration.calendar_changed_at,
                Registration.timezone,
                Event.revision,
            )
            .order_by(Registration.id)
        )
        .all()
    )
    meetings = meeting_entries.tag(row[0] for row in rows)
    facts = [feed.uid, *reader_of(feed), *(str(value) for row in rows for value in row), meetings]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


def personal_feed(feed: FeedToken) -> bytes:
    """Return somebody's personal feed: the events they take part in, the sessions they chose, and their meetings."""
    reader = reader_of(feed)
    registrations = (
        session()
        .scalars(
            select(Registration)
            .join(Event)
            .where(_shown(feed))
            .options(joinedload(Registration.event))
            .order_by(Event.starts_at, Registration.id)
        )
        .all()
    )
    # Of an event somebody left and came back to, only the last registration counts: one UID, one entry.
    latest = {registration.event_id: registration for registration in sorted(registrations, key=lambda one: one.id)}
    kept = [registration for registration in registrations if latest[registration.event_id] is registration]
    by_id = {registration.id: registration for registration in kept}
    with i18n.speaking(reader.locale):
        entries = [of_event(registration.event, registration) for registration in kept]
        entries += [
            of_session(sign_up.session, by_id[sign_up.registration_id].event, sign_up, by_id[sign_up.registration_id])
            for sign_up in _chosen(by_id)
        ]
        entries += _of_meetings(by_id)
        name = _("My %(programme)s programme", programme=i18n.programme_name())
        return calendar.feed(entries, name=name)
