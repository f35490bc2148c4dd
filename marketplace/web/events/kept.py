"""What this process keeps of the events' pages and feeds: made once for each state of an event, then only handed out.

A key holds the event's revision as the database has it at that moment, so that a change is seen at once, in every
process, and nothing has to be told to forget. What is kept holds nothing of a reader but language, zone and theme.
"""

from collections.abc import Callable

from flask import Response

from marketplace import i18n
from marketplace.services import installation
from marketplace.services.events import Standing
from marketplace.web import language
from marketplace.web.kept import Shelf

_pages: Shelf[bytes] = Shelf(128)
_feeds: Shelf[bytes] = Shelf(128)
_own_feeds: Shelf[bytes] = Shelf(128)


def page(name: str, standing: Standing, make: Callable[[], str]) -> Response:
    """Return a page of an event as everybody sees it in this language and theme."""
    key = (name, standing, i18n.locale(), language.theme(), installation.is_sample())
    return Response(_pages.get(key, lambda: make().encode()), content_type="text/html; charset=utf-8")


def feed(standing: Standing, make: Callable[[], bytes]) -> bytes:
    """Return the public feed of an event in the language now spoken."""
    return _feeds.get((standing, i18n.locale()), make)


def own_feed(tag: str, make: Callable[[], bytes]) -> bytes:
    """Return somebody's personal feed in the state its ETag names: many calendars never send one back."""
    return _own_feeds.get(tag, make)
