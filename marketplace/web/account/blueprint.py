"""The blueprint of the room, and what its views share: who asks, from where, and pages whose address is a secret."""

from typing import cast

from flask import Blueprint, Response, current_app, make_response, request
from flask_login import current_user

from marketplace.models import User
from marketplace.services import attempts
from marketplace.services.attempts import Visitor

room = Blueprint("account", __name__)

_YEAR = 365 * 24 * 3600


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


def visitor() -> Visitor:
    """Return where this request comes from, and the mark of a browser that has signed in before."""
    return Visitor(address=request.remote_addr or "", mark=request.cookies.get(_cookie_name(), "")[:1000])


def remember_browser(response: Response, user: User) -> None:
    """Give the browser the mark that keeps its attempts apart from those of strangers."""
    response.set_cookie(
        _cookie_name(),
        attempts.mark(visitor(), user.email_key),
        max_age=_YEAR,
        secure=current_app.config["SETTINGS"].is_https,
        httponly=True,
        samesite="Lax",
    )


def secret_page(body: str, status: int = 200) -> Response:
    """Return a page whose address or content is secret: in no cache, and its path in no Referer."""
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    # The origin alone is sent, so that forms of the page are still known to be ours.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _cookie_name() -> str:
    return "__Host-browser" if current_app.config["SETTINGS"].is_https else "browser"
