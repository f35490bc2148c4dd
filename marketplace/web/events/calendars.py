"""Calendars to take along: files of an event and its sessions, the public feed, and a person's secret feed."""

from collections.abc import Callable

from flask import Response, request

from marketplace import i18n
from marketplace.errors import NotFound
from marketplace.services import events, invites, programme
from marketplace.shelf import Shelf
from marketplace.web import kept
from marketplace.web.access import MACHINE, PUBLIC, access
from marketplace.web.events.blueprint import own_registration, reader, room

_own_feeds: Shelf[bytes] = Shelf(128)
_TYPE = "text/calendar; charset=utf-8"


def download(content: bytes, name: str) -> Response:
    """Return a calendar file to be saved or opened; `name` has no ending."""
    response = Response(content, content_type=_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


@room.get("/events/<slug>/event.ics")
@access(PUBLIC)
def event_file(slug: str) -> Response:
    """Return the event as a file; with the reader's own entry where they are registered."""
    event = events.for_reader(slug, reader())
    return download(invites.event_file(event, own_registration(event)), event.slug)


@room.get("/events/<slug>/sessions/<uid>.ics")
@access(PUBLIC)
def session_file(slug: str, uid: str) -> Response:
    """Return one session as a file."""
    event = events.for_reader(slug, reader())
    entry = programme.public_session(event, uid)
    return download(invites.session_file(event, entry, own_registration(event)), f"{event.slug}-session")


@room.get("/events/<slug>/calendar.<language>.ics")
@access(MACHINE)
def event_feed(slug: str, language: str) -> Response:
    """Return the public feed of an event in one language, for calendars that read it again and again."""
    if language not in i18n.LANGUAGES:
        raise NotFound
    standing = events.standing(slug)
    kept.note(lambda: events.standing(slug), standing)
    with i18n.speaking(language):
        tag = invites.event_feed_tag(standing)
        return _feed(tag, "public, no-cache", lambda: invites.event_feed(events.public(slug)))


@room.get("/calendar/<token>.ics")
@access(MACHINE)
def personal_feed(token: str) -> Response:
    """Return somebody's own programme to whoever has its secret address."""
    feed = invites.find_feed(token)
    tag = invites.personal_feed_tag(feed)
    # Many calendars never send the tag back.
    return _feed(tag, "private, max-age=300", lambda: _own_feeds.get(tag, lambda: invites.personal_feed(feed)))


def _feed(tag: str, caching: str, make: Callable[[], bytes]) -> Response:
    """Answer 304 to a calendar that has this state already, without making it."""
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = Response(make(), content_type=_TYPE)
    response.set_etag(tag)
    response.headers["Cache-Control"] = caching
    return response
