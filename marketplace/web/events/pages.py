"""The page of an event, of one of its sessions, and of its speakers."""

from collections import defaultdict
from datetime import date

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from marketplace.models import Event, ProgrammeSession
from marketplace.services import events, portraits, programme, sign_ups, tickets, wallclock
from marketplace.services.meetings import partners
from marketplace.web import kept
from marketplace.web.access import PUBLIC, access
from marketplace.web.events.blueprint import own_registration, reader, room, zone_for
from marketplace.web.forms.attendee import limits


@room.get("/events/<slug>")
@access(PUBLIC)
def event(slug: str) -> ResponseReturnValue:
    """Show what the event is about, when and where, and how to take part."""
    return kept.page(lambda: events.standing(slug), lambda: _event_page(slug))


def _event_page(slug: str) -> str:
    event = events.for_reader(slug, reader())
    entries = programme.sessions(event)
    mine = own_registration(event)
    return render_template(
        "events/event.html",
        event=event,
        mine=mine,
        has_meetings=partners.takes_part(event, reader()),
        window=events.window(event),
        spans=wallclock.spans(event.starts_at, event.ends_at, event.timezone, zone_for(event)),
        days=[(iso, date.fromisoformat(iso), len(those)) for iso, those in programme.by_day(event, entries).items()],
        offered=[ticket for ticket in tickets.types(event) if ticket.closed_at is None and not ticket.access_code],
        limits=limits,
        link=sign_ups.links(mine, event).get(event.uid),
    )


@room.get("/events/<slug>/sessions/<uid>")
@access(PUBLIC)
def session(slug: str, uid: str) -> str:
    """Show one session: when, where, in which languages, and who speaks."""
    event = events.for_reader(slug, reader())
    entry = programme.public_session(event, uid)
    mine = own_registration(event)
    return render_template(
        "events/session.html",
        event=event,
        entry=entry,
        mine=mine,
        is_mine=mine is not None and entry.uid in {own.uid for own in sign_ups.own(mine)},
        left=sign_ups.places_left(entry),
        is_past=wallclock.is_past(entry.ends_at),
        window=events.window(event),
        spans=wallclock.spans(entry.starts_at, entry.ends_at, event.timezone, zone_for(event)),
        link=sign_ups.links(mine, event).get(entry.uid),
    )


@room.get("/events/<slug>/speakers")
@access(PUBLIC)
def speakers(slug: str) -> ResponseReturnValue:
    """List who speaks, with their biographies and sessions."""
    return kept.page(lambda: events.standing(slug), lambda: _speakers_page(slug))


@room.get("/events/<slug>/photos/<name>")
@access(PUBLIC)
def photo(slug: str, name: str) -> ResponseReturnValue:
    """Send a photo that a page of the event shows; another photo has another address."""
    media_type, content = portraits.read(slug, name, reader())
    response = Response(content, content_type=media_type)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def _speakers_page(slug: str) -> str:
    event = events.for_reader(slug, reader())
    return render_template(
        "events/speakers.html",
        event=event,
        mine=own_registration(event),
        window=events.window(event),
        speakers=programme.speakers(event),
        sessions_of=_sessions_by_speaker(event),
        zone=event.timezone,
    )


def _sessions_by_speaker(event: Event) -> dict[int, list[ProgrammeSession]]:
    found: dict[int, list[ProgrammeSession]] = defaultdict(list)
    for entry in programme.sessions(event):
        for tie in entry.speakers:
            found[tie.speaker_id].append(entry)
    return found
