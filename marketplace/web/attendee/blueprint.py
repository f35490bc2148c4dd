"""The blueprint of the room, and the two ways to a registration: the signed link of a letter, or one's account."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import i18n
from marketplace.errors import NotFound
from marketplace.models import Event, Registration, User
from marketplace.services import attendees, registration_links
from marketplace.web import language
from marketplace.web.access import PUBLIC, SIGNED_IN, access
from marketplace.web.account.blueprint import reader
from marketplace.web.security import MAX_BODY, takes_files

room = Blueprint("attendee", __name__)


@dataclass(frozen=True)
class Way:
    """How the reader came to a registration: with `token`, or signed in as `by`."""

    registration: Registration
    by: User | None
    token: str = ""

    @property
    def event(self) -> Event:
        """The event one is registered for."""
        return self.registration.event

    @property
    def owner(self) -> User | Registration:
        """Whose calendar feed is shown: all of a person's events, or this registration alone."""
        return self.by or self.registration

    def url(self, view: str, **values: Any) -> str:
        """Return the address of a page of this registration, on the same way."""
        if self.by is None:
            return url_for(f"attendee.link_{view}", token=self.token, **values)
        return url_for(f"attendee.own_{view}", uid=self.registration.uid, **values)


def both_ways(
    path: str, methods: tuple[str, ...] = ("GET",), *, name: str = "", largest: int = MAX_BODY
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Route a view to both ways: `/registrations/<token>…` for a letter's link, `/account/registrations/<uid>…`.

    The view gets the `Way` first. All its answers are secret: in no cache, and their address in no Referer.
    """

    def add(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def by_link(token: str, **values: Any) -> Response:
            found = registration_links.by_link(token)
            if request.cookies.get(language.COOKIE) is None:
                # The letter spoke this language; a browser may not ask for it.
                i18n.set_locale(found.locale)
            return _secret(view(Way(found, None, token), **values))

        @wraps(view)
        def by_account(uid: str, **values: Any) -> Response:
            user = reader()
            found = attendees.find(uid, by=user)
            # Organisers have the desk for what belongs to others.
            if found.user_id != user.id:
                raise NotFound
            return _secret(view(Way(found, user), **values))

        endpoint = name or view.__name__
        for prefix, word, function, rule in (
            ("/registrations/<token>", "link", by_link, PUBLIC),
            ("/account/registrations/<uid>", "own", by_account, SIGNED_IN),
        ):
            guarded = takes_files(largest)(access(rule)(function))
            room.add_url_rule(prefix + path, f"{word}_{endpoint}", guarded, methods=list(methods))
        return view

    return add


def _secret(answer: ResponseReturnValue) -> Response:
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    # The origin alone is sent, so that forms of the page are still known to be ours.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def somebody() -> User | None:
    """Return the person signed in, or None."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None
