"""Pages that are the same for every reader without a session: made once for each state of what they show, then kept.

A key holds the state as the database has it at that moment, so a change is seen at once, in every process, and nothing
has to be told to forget. What is kept holds nothing of a reader but language, theme and address.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from flask import Response, current_app, request, session

from marketplace import i18n
from marketplace.services import installation
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


_pages: Shelf[bytes] = Shelf(256)


def page(state: Callable[[], Hashable], make: Callable[[], str]) -> Response:
    """Return a page, for readers without a session a kept one; `state` looks up the state of all it shows.

    Builders of tests write around the services, so tests keep pages only where they say so (KEEP_PAGES).
    """
    if session or not current_app.config["KEEP_PAGES"]:
        return Response(make(), content_type="text/html; charset=utf-8")
    key = (state(), request.full_path, i18n.locale(), language.theme(), installation.is_sample())
    return Response(_pages.get(key, lambda: make().encode()), content_type="text/html; charset=utf-8")
