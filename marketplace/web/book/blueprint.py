"""The blueprint of the room, who reads, and which of its pages are kept."""

from collections.abc import Callable

from flask import Blueprint, current_app, make_response
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import clock
from marketplace.models import User
from marketplace.services import audit
from marketplace.web import kept

room = Blueprint("book", __name__)


def reader() -> User | None:
    """Return the person signed in, or None."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None


def page(make: Callable[[], str]) -> ResponseReturnValue:
    """Answer with a page that is the same for everybody who is not signed in."""
    # Builders of tests write around the services, so tests keep pages only where they say so.
    return kept.page(_state, make) if current_app.config["KEEP_PAGES"] else make_response(make())


def _state() -> tuple[object, ...]:
    """Return what differs when a project, its city or a pair does: pairs begin and end by date."""
    return (*audit.newest(), clock.now().date())
