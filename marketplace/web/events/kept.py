"""What this process keeps of the events' pages and feeds: made once for each state of an event, then only handed out.

A key holds the event's revision as the database has it at that moment, so that a change is seen at once, in every
process, and nothing has to be told to forget. What is kept holds nothing of a reader but language, zone and theme.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from flask import Response

from marketplace import i18n
from marketplace.services import installation
from marketplace.services.events import Standing
from marketplace.web import language

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """The last `size` things that were asked for, by key."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._things: OrderedDict[Hashable, Thing] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return the thing of that key, made now if it is not there."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
        # Made outside the lock: two readers may make the same thing, but none waits for another's.
        thing = make()
        with self._lock:
            self._things[key] = thing
            while len(self._things) > self.size:
                self._things.popitem(last=False)
        return thing


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
