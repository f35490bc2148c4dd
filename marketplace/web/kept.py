"""Answers that are the same for every reader without a session: made once for each state of what they show, then kept.

A view says so with `page` or `note` and gives a function that looks up the state. What it answered is kept as the
bytes that went out, and handed out before Flask begins, as long as that function returns what it returned then: the
state is in the database, so a change is seen at once, in every process, and nothing has to be told to forget.

A kept answer depends on nothing but address, language, theme and compression; who has a session is not answered here.
"""

import re
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, request, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header, parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from marketplace import i18n
from marketplace.errors import Refusal
from marketplace.services import installation, memberships, policies
from marketplace.shelf import Shelf
from marketplace.web import compression, language, metrics, request_log, signed_in

State = Callable[[], Hashable]

_NOTE = "marketplace.kept"


Pieces = tuple[str | int, ...]
"""A page in pieces: what is the same for everybody, and the numbers of the words in between."""

Renew = Callable[[], tuple[list[str], list[tuple[str, str]]]]
"""Makes what the next reader gets of their own: the words of a page, and the headers that go with them."""


class _Note(NamedTuple):
    """What a view says about its answer: how to look up what it shows, and what that was before it was made.

    Where words of it belong to one reader alone, also its pieces, and how to make the words of another.
    """

    look: State
    state: Hashable
    route: str
    pieces: Pieces = ()
    renew: Renew | None = None


@dataclass(frozen=True)
class _Kept:
    """An answer as it went out; where its note has pieces, these instead of the body."""

    note: _Note
    headers: list[tuple[str, str]]
    body: bytes

    def written(self, environ: dict[str, Any]) -> tuple[list[tuple[str, str]], bytes]:
        """Return headers and body for one more reader."""
        if self.note.renew is None:
            return self.headers, self.body
        words, headers = self.note.renew()
        body, packing = compression.packed(_joined(self.note.pieces, words).encode(), environ)
        return [*self.headers, *packing, *headers, ("Content-Length", str(len(body)))], body


class Reading(NamedTuple):
    """What an answer depends on besides its address."""

    locale: str
    theme: str
    takes_gzip: bool


def page(state: State, make: Callable[[], str]) -> Response:
    """Return a page of which all that it shows is what `state` looks up; kept for readers without a session."""
    if not session:
        note(state, state())
    return Response(make(), content_type="text/html; charset=utf-8")


def note(state: State, now: Hashable, pieces: Pieces = (), renew: Renew | None = None) -> None:
    """Keep what the view is about to answer as long as `state` returns what it returned just before: `now`."""
    # Every page says whether this is a sample installation.
    whole, route = (now, installation.is_sample()), str(request.url_rule)
    request.environ[_NOTE] = _Note(lambda: (state(), installation.is_sample()), whole, route, pieces, renew)


def form(state: State, now: Hashable, values: Mapping[str, str], make: Callable[[], str], renew: Renew) -> str:
    """Return a page like `filled`, kept for readers without a session like `page`.

    `state` looks up what `now` was; `renew` makes for each later reader what `values` are for this one, in their order.
    """
    is_kept = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"]) is None
    pieces = _pieces(now, values, make)
    if is_kept:
        note(state, now, pieces, renew)
    return _joined(pieces, list(values.values()))


def filled(state: Hashable, values: Mapping[str, str], make: Callable[[], str]) -> str:
    """Return a page that differs between readers of one state by a few words only: made once for each state.

    What shows who is signed in belongs to the state (see `chrome`). `make` renders the page with marks, tokens that no
    other text contains; `values` are the HTML for each, in an order that is always the same. A token that is itself
    what the reader gets is its own mark.
    """
    return _joined(_pieces(state, values, make), list(values.values()))


def _pieces(state: Hashable, values: Mapping[str, str], make: Callable[[], str]) -> Pieces:
    key = (request.full_path, state, i18n.locale(), language.theme(), installation.is_sample())
    return _forms.get(key, lambda: _cut(make(), list(values)))


def _joined(pieces: Pieces, words: list[str]) -> str:
    return "".join(piece if isinstance(piece, str) else words[piece] for piece in pieces)


_forms: Shelf[Pieces] = Shelf(256)


def chrome() -> tuple[object, ...]:
    """Return all that the frame of every page shows of who is signed in."""
    if not current_user.is_authenticated:
        return ()
    user, acting_for = current_user, signed_in.acting_for()
    return (
        (user.uid, user.name, user.email, policies.can(user, "desk.enter"), policies.can(user, "reviews.enter")),
        acting_for and (acting_for.uid, acting_for.name),
        memberships.names(user),
    )


def _cut(page: str, marks: list[str]) -> Pieces:
    pieces = re.split("(" + "|".join(re.escape(mark) for mark in marks) + ")", page)
    return tuple(marks.index(piece) if place % 2 else piece for place, piece in enumerate(pieces))


def register(app: Flask) -> None:
    """Stand before the application."""
    answers = KeptAnswers(app, app.wsgi_app)
    app.wsgi_app = answers  # type: ignore[method-assign]
    app.extensions["kept"] = answers.shelf


class KeptAnswers:
    """Hands out what is kept, and keeps what the application answers where a view noted that it may be."""

    def __init__(self, app: Flask, application: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.application = application
        self.shelf: Shelf[_Kept] = Shelf(256)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began, key = time.perf_counter(), self._key(environ)
        if key is None:
            return self.application(environ, start_response)
        known = self.shelf.find(key)
        if known is not None and self._is_right(known):
            with self.app.app_context():
                headers, body = known.written(environ)
            return _hand_out(known.note, headers, body, environ, start_response, began)
        return self._keep(key, environ, start_response)

    def _key(self, environ: dict[str, Any]) -> Hashable:
        # Whoever asks whether something has changed is answered by the view, mostly without a body.
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or "HTTP_IF_NONE_MATCH" in environ:
            return None
        reading = _reading(
            environ.get("HTTP_HOST", ""),
            tuple(self.app.config["TRUSTED_HOSTS"]),
            self.app.config["SESSION_COOKIE_NAME"],
            environ.get("HTTP_COOKIE", ""),
            environ.get("HTTP_ACCEPT_LANGUAGE"),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
        )
        return reading and (environ["PATH_INFO"], environ.get("QUERY_STRING", ""), reading)

    def _is_right(self, known: _Kept) -> bool:
        try:
            with self.app.app_context():
                return known.note.look() == known.note.state
        except (Refusal, SQLAlchemyError):
            # The application says in its own words what is wrong.
            return False

    def _keep(self, key: Hashable, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            sent.append((status, list(headers)))
            return start_response(status, headers, *rest)

        answer = self.application(environ, start)
        noted = environ.get(_NOTE)
        status, headers = sent[-1] if sent else ("", [])
        if noted is None or environ["REQUEST_METHOD"] != "GET" or status != "200 OK":
            return answer
        of_reader = {"set-cookie", "content-length", "content-encoding"} if noted.renew else set()
        headers = [pair for pair in headers if pair[0].lower() not in {request_log.HEADER.lower(), *of_reader}]
        if any(name.lower() == "set-cookie" for name, _ in headers):
            return answer
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        self.shelf.put(key, _Kept(noted, headers, b"" if noted.renew else body))
        return [body]


def _hand_out(
    noted: _Note,
    headers: list[tuple[str, str]],
    body: bytes,
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    began: float,
) -> Iterable[bytes]:
    number, method = request_log.number(environ.get("HTTP_X_REQUEST_ID", "")), environ["REQUEST_METHOD"]
    start_response("200 OK", [*headers, (request_log.HEADER, number)])
    seconds = time.perf_counter() - began
    metrics.count(method, noted.route, 200, seconds)
    request_log.write(number, method, noted.route, 200, seconds)
    return [] if method == "HEAD" else [body]


@lru_cache(maxsize=1024)
def _reading(
    host: str, trusted: tuple[str, ...], session_cookie: str, cookie: str, languages: str | None, encodings: str
) -> Reading | None:
    """Return how a request wants to read; None where it has a session or comes for a host that is not ours."""
    cookies = parse_cookie(cookie)
    if session_cookie in cookies or not host_is_trusted(host, trusted):
        return None
    takes_gzip = parse_accept_header(encodings, Accept)["gzip"] > 0
    return Reading(language.spoken(cookies, languages), language.chosen_theme(cookies), takes_gzip)
