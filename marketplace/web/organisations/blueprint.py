"""The blueprint of the room, and what its views share: who asks, for which organisation, the question before an act."""

from typing import cast

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.models import Organisation, User
from marketplace.services import organisations

room = Blueprint("organisations", __name__)


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


def theirs(slug: str) -> Organisation:
    """Return an organisation the reader may see from inside; raises `NotFound` for all others'."""
    return organisations.find_for(slug, reader())


def to_people(slug: str) -> ResponseReturnValue:
    """Go back to the people of an organisation."""
    return redirect(url_for("organisations.people", slug=slug), code=303)


def question(title: str, text: str, confirm_label: str, cancel_url: str, action: str, tone: str = "danger") -> str:
    """Return the page that asks before an act; the same address takes the answer."""
    return render_template(
        "confirm.html",
        title=title,
        text=text,
        confirm_label=confirm_label,
        cancel_url=cancel_url,
        action=action,
        tone=tone,
    )
