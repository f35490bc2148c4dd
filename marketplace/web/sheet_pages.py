"""What pages of sheets share: how a save is answered to a page that saves itself, what others wrote."""

from collections.abc import Mapping
from typing import Any, Protocol

from flask import Response, jsonify, request
from jinja2 import Template

from marketplace import clock
from marketplace.errors import Refusal
from marketplace.i18n import LazyText
from marketplace.services.sheets.fields import Content, Step
from marketplace.web import sheet_boxes
from marketplace.web.sheet_boxes import Standing, Told
from marketplace.web.sheets import Typed


class Saved(Protocol):
    """What a service says of a save."""

    @property
    def revision(self) -> int:
        """The revision the page is to be sent with next time."""

    @property
    def errors(self) -> Mapping[str, LazyText]:
        """What could not be read, by path."""

    @property
    def conflicts(self) -> Mapping[str, Any]:
        """Answers that somebody else changed too: `mine`, `theirs`, `by`, `at`."""

    @property
    def newer(self) -> Mapping[str, Any]:
        """Answers that others changed since and that the page does not show."""


def saves_itself() -> bool:
    """Tell whether the page asks in the background and reads JSON."""
    return request.accept_mimetypes.best == "application/json"


def seen(name: str) -> int:
    """Return the revision of the answer that stood against a field when its button was pressed; -1 for none."""
    text = request.form.get(f"seen.{name}", "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else -1


def refused(refusal: Refusal) -> Response:
    """Answer a page that saves itself with a refusal's words."""
    answer = jsonify(message=str(refusal))
    answer.status_code = refusal.status
    return answer


def standing(step: Step, saved: Saved, names: Mapping[str, str], currency: str | None = None) -> dict[str, Standing]:
    """Return what stands against the answers of a page, by field."""
    fields = {one.name: one for one in step.fields}

    def say(name: str, value: Any) -> str:
        return sheet_boxes.say_standing(fields[name], value, currency, names)

    found = {
        name: Standing(say(name, value), "", None, is_rival=False)
        for name, value in saved.newer.items()
        if name in fields
    }
    for name, clash in saved.conflicts.items():
        if name in fields:
            found[name] = Standing(say(name, clash.theirs), clash.by.name if clash.by else "", clash.at)
    return found


def acknowledged(
    step: Step, content: Content, typed: Typed, saved: Saved, told: Told, seen: int, macros: Template
) -> Response:
    """Answer a page that saves itself: what was stored, and what there is to say about the rest.

    `seen` is the revision that the texts standing against the page's are of.
    """
    boxes = sheet_boxes.boxes(step, content, told)
    say: Any = vars(macros.module)["standing"]
    return jsonify(
        revision=saved.revision,
        saved_at=clock.now().isoformat(),
        errors={typed.in_page(path): str(message) for path, message in saved.errors.items()},
        standing={box.name: str(say(box, seen)) for box in boxes if box.standing},
        understood={
            typed.in_page(path): text
            for box in boxes
            if box.name not in saved.conflicts
            for path, text in box.understood.items()
        },
        asked=[box.name for box in boxes if box.is_asked],
    )
