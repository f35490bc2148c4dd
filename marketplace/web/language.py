"""The reader's language, zone and theme: by choice, kept with the account and in a cookie, else as the browser asks."""

from collections.abc import Mapping

from flask import Flask, Response, current_app, request
from flask_login import current_user

from marketplace import i18n

COOKIE = "lang"
THEME_COOKIE = "theme"
THEMES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Choose the language before anything speaks."""
    app.before_request(_choose)


def _choose() -> None:
    i18n.set_locale(spoken(request.cookies, request.headers.get("Accept-Language")))


def spoken(cookies: Mapping[str, str], accepted: str | None) -> str:
    """Return the language a browser chose, or else the first of those it accepts that we speak."""
    chosen = cookies.get(COOKIE, "")
    return chosen if chosen in i18n.LANGUAGES else i18n.negotiate(accepted)


def remember(response: Response, code: str) -> Response:
    """Keep the language in this browser."""
    return _cookie(response, COOKIE, code)


def remember_theme(response: Response, theme: str) -> Response:
    """Keep the theme in this browser."""
    return _cookie(response, THEME_COOKIE, theme)


def theme() -> str:
    """Return the chosen theme: `system`, `light` or `dark`."""
    return chosen_theme(request.cookies)


def chosen_theme(cookies: Mapping[str, str]) -> str:
    """Return the theme a browser's cookies name."""
    chosen = cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "system"


def reader_zone() -> str:
    """Return the IANA zone of the reader; UTC where nobody is signed in."""
    return str(getattr(current_user, "timezone", "UTC"))


def _cookie(response: Response, name: str, value: str) -> Response:
    secure = current_app.config["SETTINGS"].is_https
    response.set_cookie(name, value, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax")
    return response
