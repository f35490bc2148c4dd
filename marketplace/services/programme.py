"""The programme of an event: rooms, tracks, speakers and sessions, what clashes in it, and copying and moving it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import joinedload, selectinload

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    EventState,
    ProgrammeSession,
    Room,
    SessionKind,
    SessionSignUp,
    SessionSpeaker,
    SessionState,
    Speaker,
    SpeakerRole,
    Track,
    User,
)
from marketplace.services import audit, events, texts, wallclock
from marketplace.services.seen import require

NOTICED = ("starts_at", "ends_at", "room_id", "online_link", "state")
"""What a calendar must notice of a session: a change of one of these raises SEQUENCE."""

SESSION_MOVES: dict[SessionState, frozenset[SessionState]] = {
    SessionState.DRAFT: frozenset({SessionState.PUBLISHED}),
    SessionState.PUBLISHED: frozenset({SessionState.DRAFT, SessionState.CANCELLED}),
    SessionState.CANCELLED: frozenset({SessionState.PUBLISHED}),
}
"""Which state may follow which. Back to a draft only while nobody has signed up."""

Part = TypeVar("Part", Room, Track, Speaker)


@dataclass(frozen=True)
class RoomDetails:
    """A room as the organiser describes it; without a capacity nothing is checked."""

    names: dict[str, str]
    capacity: int | None = None
    position: int = 0


@dataclass(frozen=True)
class TrackDetails:
    """A track as the organiser describes it."""

    names: dict[str, str]
    position: int = 0


@dataclass(frozen=True)
class SpeakerDetails:
    """A speaker as the organiser describes them."""

    name: str
    job_title: str = ""
    organisation: str = ""
    biographies: dict[str, str] = field(default_factory=dict)
    photo_alts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionDetails:
    """A session as the organiser describes it; room, track and speakers by uid, languages as ISO 639-1 codes."""

    kind: SessionKind
    titles: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    descriptions: dict[str, str] = field(default_factory=dict)
    room: str = ""
    track: str = ""
    speakers: tuple[tuple[str, SpeakerRole], ...] = ()
    languages: tuple[str, ...] = ()
    interpretation: tuple[str, ...] = ()
    online_link: str = ""
    needs_sign_up: bool = False
    capacity: int | None = None


def rooms(event: Event) -> list[Room]:
    """Return the rooms of an event in their order."""
    return list(session().scalars(select(Room).where(Room.event_id == event.id).order_by(Room.position, Room.id)))


def tracks(event: Event) -> list[Track]:
    """Return the tracks of an event in their order."""
    return list(session().scalars(select(Track).where(Track.event_id == event.id).order_by(Track.position, Track.id)))


def speakers(event: Event) -> list[Speaker]:
    """Return the speakers of an event by name."""
    return list(
        session().scalars(select(Speaker).where(Speaker.event_id == event.id).order_by(Speaker.name, Speaker.id))
    )


def public_speaker(event: Event, uid: str) -> Speaker:
    """Return one speaker of an event; raises `NotFound`."""
    return _part(Speaker, event, uid)


def part_details(part: Room | Track | Speaker) -> RoomDetails | TrackDetails | SpeakerDetails:
    """Return what was decided about a room, a track or a speaker, to fill a form."""
    if isinstance(part, Room):
        return RoomDetails(part.names, part.capacity, part.position)
    if isinstance(part, Track):
        return TrackDetails(part.names, part.position)
    return SpeakerDetails(part.name, part.job_title, part.organisation, part.biographies, part.photo_alts)


def save_room(slug: str, details: RoomDetails, by: User, uid: str = "", *, seen: str = "") -> Room:
    """Add a room, or change the one named by `uid`; a new name is a new place for the sessions in it.

    With the mark of what was `seen`, raises `Overtaken` where somebody else has changed it since; of tracks and
    speakers too.
    """
    names = texts.checked(details.names, "names", 120, is_required=True)
    capacity = _capacity(details.capacity)
    with atomic() as current:
        event = events.editable(slug, by)
        room = _seen_part(Room, event, uid, seen) if uid else Room(event_id=event.id)
        renamed = bool(uid) and room.names != names
        room.names, room.capacity, room.position = names, capacity, details.position
        current.add(room)
        current.flush()
        if renamed:
            current.execute(
                update(ProgrammeSession)
                .where(ProgrammeSession.room_id == room.id, ProgrammeSession.state != SessionState.DRAFT)
                .values(
                    calendar_sequence=ProgrammeSession.calendar_sequence + 1,
                    calendar_changed_at=clock.now(),
                )
            )
        _note(event, by, "room.saved", room)
        return room


def save_track(slug: str, details: TrackDetails, by: User, uid: str = "", *, seen: str = "") -> Track:
    """Add a track, or change the one named by `uid`, as it was `seen`."""
    names = texts.checked(details.names, "names", 120, is_required=True)
    with atomic() as current:
        event = events.editable(slug, by)
        track = _seen_part(Track, event, uid, seen) if uid else Track(event_id=event.id)
        track.names, track.position = names, details.position
        current.add(track)
        current.flush()
        _note(event, by, "track.saved", track)
        return track


def save_speaker(slug: str, details: SpeakerDetails, by: User, uid: str = "", *, seen: str = "") -> Speaker:
    """Add a speaker, or change the one named by `uid`, as they were `seen`."""
    name = texts.line(details.name, "name", 160, is_required=True)
    job_title = texts.line(details.job_title, "job_title", 160)
    organisation = texts.line(details.organisation, "organisation", 160)
    biographies = texts.checked(details.biographies, "biographies", 3000)
    photo_alts = texts.checked(details.photo_alts, "photo_alts", 250)
    with atomic() as current:
        event = events.editable(slug, by)
        speaker = _seen_part(Speaker, event, uid, seen) if uid else Speaker(event_id=event.id)
        speaker.name, speaker.job_title, speaker.organisation = name, job_title, organisation
        speaker.biographies, speaker.photo_alts = biographies, photo_alts
        current.add(speaker)
        current.flush()
        _note(event, by, "speaker.saved", speaker)
        return speaker


def remove_room(slug: str, uid: str, by: User) -> None:
    """Remove a room in which no session takes place; raises `Conflict` for another."""
    _remove(Room, ProgrammeSession.room_id, slug, uid, by)


def remove_track(slug: str, uid: str, by: User) -> None:
    """Remove a track to which no session belongs; raises `Conflict` for another."""
    _remove(Track, ProgrammeSession.track_id, slug, uid, by)


def remove_speaker(slug: str, uid: str, by: User) -> None:
    """Remove a speaker who speaks in no session; raises `Conflict` for another."""
    _remove(Speaker, SessionSpeaker.speaker_id, slug, uid, by)


def _remove(model: type[Part], column: Any, slug: str, uid: str, by: User) -> None:
    with atomic() as current:
        event = events.editable(slug, by)
        part = _part(model, event, uid)
        if current.scalar(select(func.count()).where(column == part.id)):
            raise Conflict(lazy_gettext("This is still part of a session. Take it out there first."))
        _note(event, by, f"{model.__name__.lower()}.removed", part)
        current.delete(part)


def _part(model: type[Part], event: Event, uid: str) -> Part:
    part = session().scalar(select(model).where(model.uid == uid, model.event_id == event.id))
    if part is None:
        raise NotFound
    return part


def _seen_part(model: type[Part], event: Event, uid: str, seen: str) -> Part:
    part = _part(model, event, uid)
    require(part_details(part), seen)
    return part


def _note(event: Event, by: User, act: str, about: Any, **details: Any) -> None:
    events.touch(event)
    audit.record(act, by, about, event=event.slug, **details)


def _capacity(capacity: int | None) -> int | None:
    if capacity is not None and not 0 <= capacity <= 1_000_000:
        raise Invalid("capacity", lazy_gettext("Please enter a number of places, or nothing for no limit."))
    return capacity


def add_session(
    slug: str, details: SessionDetails, by: User, *, state: SessionState = SessionState.PUBLISHED
) -> ProgrammeSession:
    """Add a session. What it clashes with is not refused but told by `clashes`."""
    with atomic() as current:
        event = events.editable(slug, by)
        now = clock.now()
        entry = ProgrammeSession(event_id=event.id, state=state, created_at=now, calendar_changed_at=now)
        _fill(event, entry, details)
        current.add(entry)
        current.flush()
        _set_speakers(event, entry, details.speakers)
        _note(event, by, "session.added", entry)
        return entry


def edit_session(
    slug: str, uid: str, details: SessionDetails, by: User, *, tell: bool = True, seen: str = ""
) -> ProgrammeSession:
    """Change a session. Time, room and link raise SEQUENCE; with `tell`, who has it in their programme is told.

    With the mark of what was `seen`, raises `Overtaken` where somebody else has changed it since.
    """
    from marketplace.services import letters

    with atomic() as current:
        event = events.editable(slug, by)
        entry = _locked(event, uid)
        require(details_of(entry), seen)
        before = _values(entry)
        _fill(event, entry, details)
        current.flush()
        _set_speakers(event, entry, details.speakers)
        current.refresh(entry)
        changed = [name for name, value in _values(entry).items() if value != before[name]]
        if not changed:
            return entry
        noticed = [name for name in NOTICED if name in changed]
        entry.calendar_sequence += 1 if noticed else 0
        entry.calendar_changed_at = clock.now()
        _note(event, by, "session.edited", entry, changed=changed)
        if {"starts_at", "ends_at"} & set(changed):
            _follow([entry])
        if tell and noticed and entry.state is SessionState.PUBLISHED and event.state is EventState.PUBLISHED:
            letters.tell_session(
                entry, "registration.session_changed", {name: _words(before, name) for name in noticed}
            )
        return entry


def _words(before: dict[str, Any], name: str) -> Any:
    value = before[name]
    if name == "room_id":
        room = session().get(Room, value) if value is not None else None
        return room.names if room else {}
    return value.isoformat() if isinstance(value, datetime) else value


def set_session_state(slug: str, uid: str, state: SessionState, by: User, *, tell: bool = True) -> ProgrammeSession:
    """Publish, withdraw or cancel a session, or let a cancelled one take place after all."""
    from marketplace.services import letters

    with atomic():
        event = events.editable(slug, by)
        entry = _locked(event, uid)
        if state not in SESSION_MOVES[entry.state]:
            raise Conflict
        if state is SessionState.DRAFT and sign_up_count(entry):
            raise Conflict(lazy_gettext("People have signed up already. You can cancel the session instead."))
        was = entry.state
        entry.state = state
        entry.calendar_sequence += 1
        entry.calendar_changed_at = clock.now()
        _note(event, by, f"session.{state.value}", entry)
        _follow([entry])
        if tell and event.state is EventState.PUBLISHED and not wallclock.is_past(entry.ends_at):
            if state is SessionState.CANCELLED:
                letters.tell_session(entry, "registration.session_cancelled", {})
            elif was is SessionState.CANCELLED:
                letters.tell_session(entry, "registration.session_changed", {"state": was.value})
        return entry


def remove_session(slug: str, uid: str, by: User) -> None:
    """Remove a session nobody ever signed up for; raises `Conflict` for another, which can be cancelled."""
    with atomic() as current:
        event = events.editable(slug, by)
        entry = _locked(event, uid)
        if current.scalar(select(func.count()).where(SessionSignUp.session_id == entry.id)):
            raise Conflict(lazy_gettext("People have signed up already. You can cancel the session instead."))
        _note(event, by, "session.removed", entry)
        current.delete(entry)


def _locked(event: Event, uid: str) -> ProgrammeSession:
    identity = session().scalar(
        select(ProgrammeSession.id).where(ProgrammeSession.uid == uid, ProgrammeSession.event_id == event.id)
    )
    if identity is None:
        raise NotFound
    return lock(ProgrammeSession, identity)[0]


_PLAIN = (
    "kind",
    "starts_at",
    "ends_at",
    "titles",
    "descriptions",
    "languages",
    "interpretation",
    "online_link",
    "needs_sign_up",
    "capacity",
)


def details_of(entry: ProgrammeSession) -> SessionDetails:
    """Return what was decided about a session, to fill a form or to copy it."""
    values = {name: getattr(entry, name) for name in _PLAIN}
    values["languages"], values["interpretation"] = tuple(entry.languages), tuple(entry.interpretation)
    return SessionDetails(
        **values,
        room=entry.room.uid if entry.room else "",
        track=entry.track.uid if entry.track else "",
        speakers=tuple((tie.speaker.uid, tie.role) for tie in entry.speakers),
    )


def _values(entry: ProgrammeSession) -> dict[str, Any]:
    return {
        **{name: getattr(entry, name) for name in (*_PLAIN, "state", "room_id", "track_id")},
        "speakers": [(tie.speaker_id, tie.role) for tie in entry.speakers],
    }


def _fill(event: Event, entry: ProgrammeSession, details: SessionDetails) -> None:
    if details.ends_at <= details.starts_at:
        raise Invalid("ends_at", lazy_gettext("The end must be after the beginning."))
    for name, codes in (("languages", details.languages), ("interpretation", details.interpretation)):
        if not set(codes) <= {*i18n.LANGUAGES, "fr"}:
            raise Invalid(name, lazy_gettext("Please choose from the list."))
    entry.kind = details.kind
    entry.titles = texts.checked(details.titles, "titles", 200, is_required=True)
    entry.descriptions = texts.checked(details.descriptions, "descriptions", 4000)
    entry.starts_at, entry.ends_at = details.starts_at, details.ends_at
    entry.room_id = _part(Room, event, details.room).id if details.room else None
    entry.track_id = _part(Track, event, details.track).id if details.track else None
    entry.languages, entry.interpretation = list(details.languages), list(details.interpretation)
    entry.online_link = texts.web_address(details.online_link, "online_link")
    entry.needs_sign_up, entry.capacity = details.needs_sign_up, _capacity(details.capacity)


def _set_speakers(event: Event, entry: ProgrammeSession, wanted: Iterable[tuple[str, SpeakerRole]]) -> None:
    roles = dict(wanted)
    found = {
        speaker.uid: speaker
        for speaker in session().scalars(
            select(Speaker).where(Speaker.event_id == event.id, Speaker.uid.in_(list(roles)))
        )
    }
    if len(found) != len(roles):
        raise Invalid("speakers", lazy_gettext("Please choose from the list."))
    pairs = [(found[uid].id, role) for uid, role in roles.items()]
    if [(tie.speaker_id, tie.role) for tie in entry.speakers] == pairs:
        return
    entry.speakers.clear()
    session().flush()
    for position, (speaker_id, role) in enumerate(pairs):
        entry.speakers.append(SessionSpeaker(speaker_id=speaker_id, role=role, position=position))
    session().flush()


@dataclass(frozen=True)
class Filter:
    """Which sessions a programme page shows; empty values mean no restriction. `day` is an ISO date at the venue."""

    day: str = ""
    track: str = ""
    room: str = ""
    kind: SessionKind | None = None
    language: str = ""
    query: str = ""


def sessions(event: Event, *, with_drafts: bool = False) -> list[ProgrammeSession]:
    """Return all sessions in order of time, with room, track and speakers: three statements, however many there are."""
    return list(session().scalars(_statement(event, with_drafts)))


def _statement(event: Event, with_drafts: bool) -> Select[ProgrammeSession]:
    statement = (
        select(ProgrammeSession)
        .where(ProgrammeSession.event_id == event.id)
        .options(
            joinedload(ProgrammeSession.room),
            joinedload(ProgrammeSession.track),
            selectinload(ProgrammeSession.speakers).joinedload(SessionSpeaker.speaker),
        )
        .order_by(ProgrammeSession.starts_at, ProgrammeSession.room_id, ProgrammeSession.id)
    )
    return statement if with_drafts else statement.where(ProgrammeSession.state != SessionState.DRAFT)


def chosen(event: Event, entries: Iterable[ProgrammeSession], wanted: Filter) -> list[ProgrammeSession]:
    """Return those of the sessions that a reader's filter asks for."""
    from marketplace.services.search import fold

    words = fold(wanted.query[:200]).split()

    def fits(entry: ProgrammeSession) -> bool:
        if wanted.day and wallclock.day(entry.starts_at, event.timezone).isoformat() != wanted.day:
            return False
        if wanted.track and (entry.track is None or entry.track.uid != wanted.track):
            return False
        if wanted.room and (entry.room is None or entry.room.uid != wanted.room):
            return False
        if wanted.kind is not None and entry.kind is not wanted.kind:
            return False
        if wanted.language and wanted.language not in {*entry.languages, *entry.interpretation}:
            return False
        said = fold(*entry.titles.values(), *(tie.speaker.name for tie in entry.speakers)) if words else ""
        return all(word in said for word in words)

    return [entry for entry in entries if fits(entry)]


def by_day(event: Event, entries: Iterable[ProgrammeSession]) -> dict[str, list[ProgrammeSession]]:
    """Group sessions by their day at the venue (ISO date), in order."""
    days: dict[str, list[ProgrammeSession]] = defaultdict(list)
    for entry in entries:
        days[wallclock.day(entry.starts_at, event.timezone).isoformat()].append(entry)
    return dict(days)


def public_session(event: Event, uid: str) -> ProgrammeSession:
    """Return one session that everybody may see; raises `NotFound`."""
    entry = session().scalar(_statement(event, with_drafts=False).where(ProgrammeSession.uid == uid))
    if entry is None:
        raise NotFound
    return entry


def managed_session(slug: str, uid: str, by: User) -> ProgrammeSession:
    """Return one session, a draft too, to somebody who organises its event."""
    event = events.managed(slug, by)
    entry = session().scalar(_statement(event, with_drafts=True).where(ProgrammeSession.uid == uid))
    if entry is None:
        raise NotFound
    return entry


def sign_up_count(entry: ProgrammeSession) -> int:
    """Return how many have the session in their own programme."""
    statement = select(func.count()).where(SessionSignUp.session_id == entry.id, SessionSignUp.withdrawn_at.is_(None))
    return session().scalar(statement) or 0


class ClashKind(StrEnum):
    """What is wrong between two sessions, or with one."""

    ROOM = "room"
    SPEAKER = "speaker"
    OUTSIDE = "outside"
    TOO_MANY = "too_many"
    OWN = "own"


@dataclass(frozen=True)
class Clash:
    """A clash to be shown: `second` is None where one session is enough; `speaker` is who cannot be in both."""

    kind: ClashKind
    first: ProgrammeSession
    second: ProgrammeSession | None = None
    speaker: Speaker | None = None


def clashes(event: Event, entries: Iterable[ProgrammeSession] | None = None) -> list[Clash]:
    """Return what clashes in a programme: one room or one speaker twice at a time, a day that is not the event's,
    more places than the room holds. Sessions that touch (10:00 to 10:20, 10:20 to 10:40) do not clash.
    """
    known = sessions(event, with_drafts=True) if entries is None else list(entries)
    live = [entry for entry in known if entry.state is not SessionState.CANCELLED]
    found = []
    for first, second in overlapping(live):
        if first.room_id is not None and first.room_id == second.room_id:
            found.append(Clash(ClashKind.ROOM, first, second))
        others = {tie.speaker_id for tie in second.speakers}
        found += [
            Clash(ClashKind.SPEAKER, first, second, tie.speaker) for tie in first.speakers if tie.speaker_id in others
        ]
    for entry in live:
        days = {wallclock.day(at, event.timezone) for at in (entry.starts_at, entry.ends_at)}
        if not all(event.starts_on <= day <= event.ends_on for day in days):
            found.append(Clash(ClashKind.OUTSIDE, entry))
        if entry.room and entry.room.capacity is not None and (entry.capacity or 0) > entry.room.capacity:
            found.append(Clash(ClashKind.TOO_MANY, entry))
    return found


def overlapping(entries: Iterable[ProgrammeSession]) -> list[tuple[ProgrammeSession, ProgrammeSession]]:
    """Return the pairs of sessions that share a moment; intervals are half-open."""
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.id))
    pairs = []
    running: list[ProgrammeSession] = []
    for entry in ordered:
        running = [other for other in running if other.ends_at > entry.starts_at]
        pairs += [(other, entry) for other in running]
        running.append(entry)
    return pairs


def shift(event: Event, days: int) -> None:
    """Move all sessions by whole days; the caller has locked the event and moves it too."""
    now = clock.now()
    entries = list(session().scalars(select(ProgrammeSession).where(ProgrammeSession.event_id == event.id)))
    for entry in entries:
        entry.starts_at = wallclock.shifted(entry.starts_at, days, event.timezone)
        entry.ends_at = wallclock.shifted(entry.ends_at, days, event.timezone)
        entry.calendar_sequence += 1
        entry.calendar_changed_at = now
    _follow(entries)


def _follow(entries: list[ProgrammeSession]) -> None:
    from marketplace.services import sign_ups

    session().flush()
    sign_ups.follow(entries)


def copy(source: Event, twin: Event) -> None:
    """Give one event the rooms, tracks, speakers and sessions of another; cancelled sessions stay behind."""
    with atomic() as current:
        room_of = {
            room.id: Room(event_id=twin.id, names=room.names, capacity=room.capacity, position=room.position)
            for room in rooms(source)
        }
        track_of = {
            track.id: Track(event_id=twin.id, names=track.names, position=track.position) for track in tracks(source)
        }
        speaker_of = {
            one.id: Speaker(
                event_id=twin.id,
                name=one.name,
                job_title=one.job_title,
                organisation=one.organisation,
                biographies=one.biographies,
                photo=one.photo,
                photo_alts=one.photo_alts,
            )
            for one in speakers(source)
        }
        current.add_all([*room_of.values(), *track_of.values(), *speaker_of.values()])
        current.flush()
        now = clock.now()
        for entry in sessions(source, with_drafts=True):
            if entry.state is SessionState.CANCELLED:
                continue
            new = ProgrammeSession(
                **{name: getattr(entry, name) for name in _PLAIN},
                event_id=twin.id,
                state=entry.state,
                room_id=room_of[entry.room_id].id if entry.room_id else None,
                track_id=track_of[entry.track_id].id if entry.track_id else None,
                created_at=now,
                calendar_changed_at=now,
            )
            new.speakers = [
                SessionSpeaker(speaker_id=speaker_of[tie.speaker_id].id, role=tie.role, position=tie.position)
                for tie in entry.speakers
            ]
            current.add(new)
        current.flush()
