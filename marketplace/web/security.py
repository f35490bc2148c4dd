"""Headers on every answer, hosts and proxies that are trusted, and text that no database could hold."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.config import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)

MAX_BODY = 1_000_000
"""Bytes a request may carry unless its route takes files."""


View = TypeVar("View", bound=Callable[..., Any])


def takes_files(number: int) -> Callable[[View], View]:
    """Let a view take requests of that many bytes."""

    def declare(view: View) -> View:
        view.largest = number  # type: ignore[attr-defined]
        return view

    return declare


def register(app: Flask) -> None:
    """Set limits, cookies, trusted hosts and proxies, and wrap everything in the headers."""
    settings: Settings = app.config["SETTINGS"]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if settings.is_https else "session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The cookie outlives what it stands for: sessions end on the server, at the latest 30 days after sign-in.
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        TRUSTED_HOSTS=[urlsplit(settings.public_url).hostname or "localhost", "127.0.0.1", "localhost"],
    )
    app.session_interface = _Sessions()
    app.before_request(_take_files)
    app.before_request(_refuse_unstorable_text)
    app.after_request(_keep_private)
    app.wsgi_app = _Headers(app.wsgi_app, https=settings.is_https)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )


class _Sessions(SecureCookieSessionInterface):
    """Reads and signs sessions with a serializer that is made once."""

    @cache  # noqa: B019 - there is one of these for each application
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return super().get_signing_serializer(app)


def _take_files() -> None:
    """Raise the limit where files are expected, before anything reads the form."""
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "largest", MAX_BODY)


def _refuse_unstorable_text() -> None:
    """Refuse NUL: PostgreSQL cannot store it, and nobody types it."""
    if "\x00" in request.path or any("\x00" in value for value in request.args.values()):
        abort(400)
    if request.method == "POST" and request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        for name, values in request.form.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                abort(400)


def _keep_private(response: Any) -> Any:
    """Pages of signed-in people stay out of every cache; what a view decided for itself stays."""
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-store" if _has_session() else "private, no-cache"
    response.vary.update(["Cookie", "Accept-Language"])
    return response


def _has_session() -> bool:
    return bool(session)


class _Headers:
    """Adds the security headers below everything, so that static files and broken requests have them too."""

    def __init__(self, application: Callable[..., Iterable[bytes]], https: bool) -> None:
        self.application = application
        self.headers = [
            ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "geolocation=(), camera=(self), microphone=()"),
        ]
        if https:
            self.headers.append(("Strict-Transport-Security", "max-age=31536000; includeSubDomains"))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            present = {name.lower() for name, _ in headers}
            headers.extend(pair for pair in self.headers if pair[0].lower() not in present)
            return start_response(status, headers, *rest)

        return self.application(environ, start)
