"""The steps of a pitch: shown as a form, saved as a whole or by itself while it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, NotFound, Refusal, Unavailable
from marketplace.i18n import gettext as _
from marketplace.models import Project
from marketplace.models.base import new_uid
from marketplace.services import labels, policies
from marketplace.services.projects import drafts, outline, rates, states
from marketplace.services.reviews import for_city, rubric
from marketplace.services.sheets import words
from marketplace.services.sheets.fields import Kind, Step
from marketplace.services.sheets.pitch import DEFAULT_VISIBILITY, PITCH
from marketplace.web import sheet_boxes, sheet_pages, sheets
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city import file_links
from marketplace.web.city.blueprint import reader, room, theirs
from marketplace.web.sheet_boxes import Told

_NAMES = [step.name for step in PITCH.steps]


@room.get("/my/projects/<slug>/steps/<name>")
@access(SIGNED_IN)
def step(slug: str, name: str) -> ResponseReturnValue:
    """Show one step as a form, or to be read where it may not be written now."""
    project, one = theirs(slug), _step(name)
    if not may_write(project):
        return render_template(
            "city/step_read.html",
            project=project,
            step=one,
            words=words,
            links=file_links.by_field(project, one),
            next_words=outline.next_words(project),
            **_way(project, one),
        )
    told = _told(project, one, {}, {}, {}, blank=request.args.get("blank", ""))
    return _page(project, one, told, project.revision, new_uid())


@room.post("/my/projects/<slug>/steps/<name>")
@access(SIGNED_IN)
def save_step(slug: str, name: str) -> ResponseReturnValue:
    """Save what was typed, and do what the button says."""
    one = _step(name)
    if sheet_pages.saves_itself():
        try:
            return _acknowledged(slug, one)
        except Refusal as refusal:
            return sheet_pages.refused(refusal)
    try:
        return _saved(slug, one)
    except (Conflict, Unavailable) as refusal:
        return _refused(slug, one, refusal)


def may_write(project: Project) -> bool:
    """Tell whether the reader may write the working text now."""
    return states.is_editable(project) and policies.can(reader(), "project.edit", project)


def _step(name: str) -> Step:
    if name not in _NAMES:
        raise NotFound
    return PITCH.step(name)


def _acknowledged(slug: str, one: Step) -> Response:
    form, typed = request.form, sheets.typed(one, request.form)
    saved = drafts.save(slug, one.name, typed.raw, sheets.revision(form), reader(), form.get("form", ""))
    project = saved.project
    told = _told(project, one, typed.raw, saved.errors, _standing(one, saved))
    macros = current_app.jinja_env.get_template("components/sheets.html")
    return sheet_pages.acknowledged(one, project.content, typed, saved, told, project.revision, macros)


def _saved(slug: str, one: Step) -> ResponseReturnValue:
    form, typed, pressed = request.form, sheets.typed(one, request.form), sheets.action(request.form)
    raw = dict(typed.raw)
    decided = raw.pop(pressed.field, None) if pressed.name in {"keep_mine", "take_theirs"} else None
    saved = drafts.save(slug, one.name, raw, sheets.revision(form), reader(), form.get("form", ""))
    if pressed.name == "keep_mine" and pressed.field in typed.raw:
        kept = drafts.keep_mine(slug, pressed.field, decided, sheet_pages.seen(pressed.field), reader())
        saved = drafts.Saved(kept.project, saved.revision, saved.errors | kept.errors, saved.conflicts | kept.conflicts)
    if saved.errors or saved.conflicts:
        told = _told(
            saved.project,
            one,
            typed.raw,
            saved.errors,
            _standing(one, saved),
            blank=pressed.field if pressed.name == "add_row" else "",
        )
        status = 409 if saved.conflicts else 422
        return _page(saved.project, one, told, saved.revision, form.get("form", "")[:40] or new_uid(), status)
    return redirect(_target(slug, one, pressed), code=303)


def _refused(slug: str, one: Step, refusal: Refusal) -> ResponseReturnValue:
    """Show everything that was typed, with the reason why none of it could be stored."""
    project = theirs(slug)
    told = replace(_told(project, one, sheets.typed(one, request.form).raw, {}, {}), is_refused=True)
    name = request.form.get("form", "")[:40] or new_uid()
    return _page(project, one, told, sheets.revision(request.form), name, refusal.status, str(refusal))


def _target(slug: str, one: Step, pressed: sheets.Action) -> str:
    """Return where a button leads after everything was saved."""
    place = _NAMES.index(one.name)
    if pressed.name == "add_row":
        return url_for("city.step", slug=slug, name=one.name, blank=pressed.field, _anchor=f"{pressed.field}-box")
    if pressed.name in {"remove_row", "keep_mine", "take_theirs"}:
        anchor = f"{pressed.field}-box" if pressed.name == "remove_row" else None
        return url_for("city.step", slug=slug, name=one.name, _anchor=anchor)
    if pressed.name == "file" and pressed.field in PITCH.by_name:
        return url_for("city.add_file", slug=slug, field=pressed.field)
    if pressed.name == "go" and pressed.field in _NAMES:
        return url_for("city.step", slug=slug, name=pressed.field)
    if pressed.name == "next":
        following = _NAMES[place + 1] if place + 1 < len(_NAMES) else ""
        return url_for("city.step", slug=slug, name=following) if following else url_for("city.project", slug=slug)
    flash(_("The changes are saved."), "success")
    return url_for("city.step", slug=slug, name=one.name)


def _standing(one: Step, saved: drafts.Saved) -> dict[str, sheet_boxes.Standing]:
    return sheet_pages.standing(one, saved, file_links.names_of(one), saved.project.content.get("currency"))


def _told(
    project: Project,
    one: Step,
    raw: Mapping[str, Any],
    errors: Mapping[str, Any],
    standing: Mapping[str, sheet_boxes.Standing],
    blank: str = "",
) -> Told:
    content = project.content
    has_money = any(field.kind is Kind.MONEY for field in one.fields)
    return Told(
        raw=raw,
        errors=errors,
        standing=standing,
        blank=blank,
        options=file_links.offered(one),
        files=file_links.shown(project, one),
        usual={"visibility": {block.value: labels.of(usual) for block, usual in DEFAULT_VISIBILITY.items()}},
        meanings={"self_scores": _MEANINGS},
        currency=content.get("currency"),
        per_usd=rates.per_usd(content.get("currency")) if has_money else None,
    )


_MEANINGS = {
    criterion.value: [(str(score), text) for score, text in anchors.items()]
    for criterion, anchors in rubric.ANCHORS.items()
}


def _page(
    project: Project, one: Step, told: Told, revision: int, name: str, status: int = 200, message: str = ""
) -> Response:
    page = render_template(
        "city/step.html",
        project=project,
        step=one,
        boxes=sheet_boxes.boxes(one, project.content, told),
        revision=revision,
        form_name=name,
        answered=status != 200,
        message=message,
        keep=reader().uid,
        feedback=next(iter(for_city.feedback(project)), None),
        **_way(project, one),
    )
    return make_response(page, status)


def _way(project: Project, one: Step) -> dict[str, Any]:
    place = _NAMES.index(one.name)
    return {
        "outline": outline.of(project),
        "previous": PITCH.steps[place - 1] if place else None,
        "following": PITCH.steps[place + 1] if place + 1 < len(PITCH.steps) else None,
    }
