"""Rooms that exist in a sample installation only: the letters it would have sent, and the look of every component."""

from flask import Blueprint, Response, render_template
from sqlalchemy import select

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.models import Letter
from marketplace.services import outbox
from marketplace.web.access import SAMPLE, access

room = Blueprint("development", __name__, url_prefix="/dev")


@room.get("/mail")
@access(SAMPLE)
def mail() -> str:
    """List the newest letters."""
    letters = session().scalars(select(Letter).order_by(Letter.id.desc()).limit(100)).all()
    return render_template("development/mail.html", letters=letters)


@room.get("/mail/<uid>")
@access(SAMPLE)
def letter(uid: str) -> str:
    """Show one letter as its reader sees it."""
    found = _letter(uid)
    content = outbox.render(found)
    return render_template("development/letter.html", letter=found, content=content)


@room.get("/mail/<uid>/html")
@access(SAMPLE)
def letter_html(uid: str) -> Response:
    """Return the HTML part of one letter, to be framed."""
    # A link opened inside the frame would be refused by its own headers.
    response = Response(outbox.render(_letter(uid)).html.replace("<a ", '<a target="_blank" '))
    # A letter brings its own style, and is shown inside a page of ours.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@room.get("/mail/<uid>.eml")
@access(SAMPLE)
def letter_source(uid: str) -> Response:
    """Return the letter as it goes over the wire."""
    return Response(outbox.compose(_letter(uid)).as_bytes(), content_type="message/rfc822")


@room.get("/styleguide")
@access(SAMPLE)
def styleguide() -> str:
    """Show every component."""
    return render_template("styleguide.html")


def _letter(uid: str) -> Letter:
    found = session().scalar(select(Letter).where(Letter.uid == uid))
    if found is None:
        raise NotFound
    return found
