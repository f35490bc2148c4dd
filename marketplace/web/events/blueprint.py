"""The blueprint of the room, and who reads."""

from flask import Blueprint
from flask_login import current_user

from marketplace.models import Event, Registration, User
from marketplace.services import attendees
from marketplace.web import language

room = Blueprint("events", __name__)


def reader() -> User | None:
    """Return the person signed in, or None."""
    user = current_user._get_current_object()
    return user if isinstance(user, User) else None


def zone_for(event: Event) -> str:
    """Return the zone whose clock the reader looks at: their own, or that of the event where it is not known."""
    return language.reader_zone() if reader() is not None else event.timezone


def own_registration(event: Event) -> Registration | None:
    """Return the reader's live registration for the event, or None."""
    return attendees.mine(event, reader())
