"""What the rooms of the desk share: the blueprint, the words templates use, questions before an act, downloads."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request

from marketplace import clock
from marketplace.gateways import tables
from marketplace.services import desk_words, people
from marketplace.web import navigation

room = Blueprint("organiser", __name__, url_prefix="/desk")


@room.context_processor
def _words() -> dict[str, Any]:
    return {
        "desk_navigation": navigation.desk,
        "act_words": desk_words.act,
        "letter_words": desk_words.letter,
        "job_words": desk_words.job,
        "role_words": people.role_words,
    }


def page_number() -> int:
    """Return the page asked for; 1 where the address says something else."""
    return request.args.get("page", 1, type=int)


def ask(title: str, text: str, confirm_label: str, back: str, tone: str = "danger") -> str:
    """Answer with the question before an act that is posted to this same address."""
    return render_template(
        "confirm.html",
        title=title,
        text=text,
        confirm_label=confirm_label,
        action=request.path,
        cancel_url=back,
        tone=tone,
    )


def as_file(content: bytes, media_type: str, name: str) -> Response:
    """Return a file to be saved; what it tells stays in no cache."""
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def download(name: str, rows: Sequence[Iterable[str]]) -> Response:
    """Answer with a CSV file of header and rows, named after the subject and the day."""
    header, *rest = (list(row) for row in rows)
    response = Response(tables.to_csv(header, rest), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
