"""Who is signed in: the cookie carries a token, the session behind it lives in the database."""

from typing import Any

from flask import Flask, Response, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, current_user
from flask_wtf.csrf import generate_csrf

from marketplace import i18n
from marketplace.models import Organisation, User, UserSession
from marketplace.services import audit, memberships, sessions

_TOKEN = "_user_id"  # noqa: S105 - the key under which Flask-Login keeps what identifies a user
login_manager = LoginManager()


def register(app: Flask) -> None:
    """Tell Flask-Login how to find a user, and note when a session is used."""
    # Its own protection trusts a header anybody can send; sessions here are ended on the server instead.
    login_manager.session_protection = None
    login_manager.init_app(app)
    app.before_request(_notice)
    app.teardown_request(_forget_actor)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> User | None:
    found = sessions.find(token)
    if found is None:
        return None
    g.user_session = found
    return found.user


def begin(user: User, *, with_second_factor: bool) -> None:
    """Sign a person in with a fresh session; whatever the browser's session held before is dropped."""
    token = sessions.begin(
        user,
        browser=request.user_agent.string[:500],
        network=request.remote_addr or "",
        with_second_factor=with_second_factor,
    )
    session.clear()
    session.permanent = True
    session[_TOKEN] = token
    # Every page has forms: with their token in it now, the cookie need not be sent a second time.
    g.pop("csrf_token", None)
    generate_csrf()
    g.pop("_login_user", None)


def end(response: Response) -> Response:
    """Sign out: the session ends on the server and the browser forgets its cookie."""
    found = current_session()
    if found is not None:
        sessions.end(found.user, found.uid)
    forget()
    return response


def forget() -> None:
    """Drop the browser's session."""
    session.clear()
    g.pop("_login_user", None)
    g.pop("user_session", None)


def current_session() -> UserSession | None:
    """Return the server's session of the signed-in person, or None."""
    return g.get("user_session") if current_user.is_authenticated else None


def acting_for() -> Organisation | None:
    """Return the organisation in whose name the person acts now, or None."""
    found = current_session()
    return found.acting_for if found else None


def _forget_actor(_: BaseException | None) -> None:
    # Threads are used again: the next request must not be written down under this one's organisation.
    audit.acting_for_id.set(None)


def _notice() -> None:
    # Only a browser that carries a token costs a look into the database.
    if _TOKEN not in session:
        g._login_user = AnonymousUserMixin()
        return
    user: Any = current_user
    found = current_session()
    if found is None:
        return
    audit.acting_for_id.set(found.acting_for_id)
    if request.cookies.get("lang") is None:
        i18n.set_locale(user.locale)
    if sessions.needs_touch(found):
        sessions.touch(found)


def bodies() -> list[Organisation]:
    """Return the organisations in whose name the reader may act, asked once in a request."""
    if not current_user.is_authenticated:
        return []
    if "bodies" not in g:
        g.bodies = memberships.choices(current_user)
    found: list[Organisation] = g.bodies
    return found
