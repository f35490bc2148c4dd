"""Requests that change something must come from our own pages.

A browser says where a request comes from (Sec-Fetch-Site, Origin); a request from elsewhere is refused, one from here
is accepted. A client that says neither must carry the token of its session, which every form has.
"""

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request, session
from flask.sessions import SecureCookieSession
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import URLSafeTimedSerializer

from marketplace.web import access

_protect = CSRFProtect()

_HARMLESS = {"public.set_language", "public.set_theme"}
"""What a reader without a session may do without a token: it changes how pages look in this browser, nothing else."""


def register(app: Flask) -> None:
    """Check every changing request except those of machines, which carry a signature or a token of their own."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    # A token lives as long as its session: a form left open over lunch is not lost.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    _protect.init_app(app)
    app.before_request(_check)


def begin() -> tuple[str, list[tuple[str, str]]]:
    """Return the token of a session that begins now, and the headers that give that session to a browser.

    The same as `generate_csrf` and the end of a request do for a reader without a session, where there is no request.
    """
    app, answer = current_app, Response()
    begun = SecureCookieSession({"csrf_token": secrets.token_hex(20)})
    begun.modified = True
    app.session_interface.save_session(app, begun, answer)
    token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(begun["csrf_token"])
    return str(token), [("Set-Cookie", cookie) for cookie in answer.headers.getlist("Set-Cookie")]


def _check() -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"} or request.endpoint is None:
        return
    if access.rule_of(current_app, request.endpoint) == access.MACHINE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site == "same-origin" or (site is None and origin is not None and _is_ours(origin)):
        return
    if site is not None or origin is not None:
        raise CSRFError("request from another site")
    if request.endpoint in _HARMLESS and not session:
        return
    _protect.protect()


def _is_ours(origin: str) -> bool:
    public = urlsplit(current_app.config["SETTINGS"].public_url)
    return origin in {f"{public.scheme}://{public.netloc}", request.host_url.rstrip("/")}
