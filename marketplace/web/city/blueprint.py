"""The blueprint of the room, and what its views share: who asks, about which project, the question before an act."""

from typing import cast

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.models import Project, User
from marketplace.services.projects import drafts

room = Blueprint("city", __name__)


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


def theirs(slug: str) -> Project:
    """Return a project the reader may see from inside; raises `NotFound` for all others'."""
    return drafts.find(slug, reader())


def to_project(slug: str) -> ResponseReturnValue:
    """Go back to the overview of a project."""
    return redirect(url_for("city.project", slug=slug), code=303)


def question(title: str, text: str, confirm_label: str, cancel_url: str, tone: str = "danger") -> str:
    """Return the page that asks before an act; the same address takes the answer."""
    return render_template(
        "confirm.html", title=title, text=text, confirm_label=confirm_label, cancel_url=cancel_url, action="", tone=tone
    )
