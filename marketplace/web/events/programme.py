"""The programme of an event by day and time or by track, with filters; what is the reader's own is put in last."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import current_app, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from marketplace import i18n
from marketplace.errors import NotFound
from marketplace.i18n import in_language
from marketplace.models import Event, ProgrammeSession, SessionKind
from marketplace.services import events, labels, sign_ups
from marketplace.services import programme as programmes
from marketplace.services.events import Standing
from marketplace.services.programme import Filter
from marketplace.shelf import Shelf
from marketplace.web import kept, language
from marketplace.web.access import PUBLIC, access
from marketplace.web.events.blueprint import own_registration, reader, room, zone_for


@dataclass(frozen=True)
class Choices:
    """By what the sessions of an event can be filtered: value and words."""

    days: list[tuple[str, str]]
    tracks: list[tuple[str, str]]
    rooms: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    languages: list[tuple[str, str]]


@dataclass(frozen=True)
class Listed:
    """The sessions as a page shows them: HTML and uid of a session in turn, so that marks can be put in between."""

    choices: Choices
    pieces: tuple[str, ...]
    number: int

    def marked(self, mine: set[str], mark: str) -> Markup:
        """Return the HTML with the mark at each of the reader's own sessions."""
        parts = list(self.pieces)
        parts[1::2] = [mark if uid in mine else "" for uid in self.pieces[1::2]]
        return Markup("".join(parts))  # noqa: S704 - pieces of a rendered template


@dataclass(frozen=True)
class Group:
    """Sessions of one day that begin at the same time, or belong to the same track."""

    heading: str
    entries: list[ProgrammeSession]


_listed: Shelf[Listed] = Shelf(64)


@room.get("/events/<slug>/programme")
@access(PUBLIC)
def programme(slug: str) -> ResponseReturnValue:
    """Show the sessions day by day."""
    if request.args or "_flashes" in session:
        return _programme_page(slug)
    user = reader()
    if user is None:
        return kept.page(lambda: events.standing(slug), lambda: _programme_page(slug))
    try:
        own = sign_ups.own_at(slug, user)
    except NotFound:
        # A draft is there for those who work on it.
        return _programme_page(slug)
    state = (own, language.reader_zone(), kept.chrome())
    token = generate_csrf()
    return kept.filled(state, {token: token}, lambda: _programme_page(slug))


def _programme_page(slug: str) -> str:
    event = events.for_reader(slug, reader())
    wanted, by_track = _wanted(), request.args.get("view") == "tracks"
    zone = zone_for(event)
    if wanted == Filter() and not by_track:
        standing = Standing(event.uid, event.revision, events.window(event))
        listed = _listed.get((standing, i18n.locale(), zone), lambda: _list(event, wanted, zone, by_track=False))
    else:
        listed = _list(event, wanted, zone, by_track=by_track)
    mine = own_registration(event)
    uids = sign_ups.own_uids(mine)
    mark = current_app.jinja_env.get_template("events/mine.html").render() if uids else ""
    return render_template(
        "events/programme.html",
        event=event,
        mine=mine,
        window=events.window(event),
        wanted=wanted,
        is_filtered=wanted != Filter(),
        by_track=by_track,
        choices=listed.choices,
        number=listed.number,
        sessions=listed.marked(uids, mark),
    )


def _wanted() -> Filter:
    return Filter(
        day=request.args.get("day", "")[:10],
        track=request.args.get("track", "")[:22],
        room=request.args.get("room", "")[:22],
        kind=labels.read(SessionKind, request.args.get("kind")),
        language=request.args.get("language", "")[:2],
        query=request.args.get("q", "")[:200],
    )


def _list(event: Event, wanted: Filter, readers_zone: str, *, by_track: bool) -> Listed:
    entries = programmes.sessions(event)
    shown = programmes.chosen(event, entries, wanted)
    html = render_template(
        "events/sessions.html",
        event=event,
        days=[
            (day, date.fromisoformat(day), _groups(those, by_track=by_track))
            for day, those in programmes.by_day(event, shown).items()
        ],
        by_track=by_track,
        readers_zone=readers_zone,
        # No text of ours or anybody's holds this sign: the database would not take it.
        mark=lambda uid: Markup(f"\x00{uid}\x00"),  # noqa: S704 - an identifier of ours
    )
    return Listed(_choices(event, entries), tuple(html.split("\x00")), len(shown))


def _groups(entries: list[ProgrammeSession], *, by_track: bool) -> list[Group]:
    if by_track:

        def track(entry: ProgrammeSession) -> tuple[int, int]:
            return (entry.track.position, entry.track.id) if entry.track else (-1, -1)

        return [
            Group(in_language(those[0].track.names) if those[0].track else "", those)
            for those in (list(group) for _, group in groupby(sorted(entries, key=track), key=track))
        ]
    return [Group("", list(group)) for _, group in groupby(entries, key=lambda entry: entry.starts_at)]


def _choices(event: Event, entries: list[ProgrammeSession]) -> Choices:
    tracks = {entry.track.uid: entry.track for entry in entries if entry.track}
    rooms = {entry.room.uid: entry.room for entry in entries if entry.room}
    spoken = {code for entry in entries for code in (*entry.languages, *entry.interpretation)}
    return Choices(
        days=[(day, i18n.format_date(date.fromisoformat(day))) for day in programmes.by_day(event, entries)],
        tracks=[(one.uid, in_language(one.names)) for one in sorted(tracks.values(), key=lambda one: one.position)],
        rooms=[(one.uid, in_language(one.names)) for one in sorted(rooms.values(), key=lambda one: one.position)],
        kinds=[(kind.value, str(labels.of(kind))) for kind in SessionKind if any(e.kind is kind for e in entries)],
        languages=sorted((code, i18n.language_name(code)) for code in spoken),
    )
