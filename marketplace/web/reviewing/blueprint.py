"""The blueprint of the room, and who reads."""

from typing import cast

from flask import Blueprint
from flask_login import current_user

from marketplace.models import User

room = Blueprint("reviewing", __name__, url_prefix="/reviews")


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())
