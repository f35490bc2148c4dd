"""One project at a glance: its steps, what is missing, what looks wrong and why it is not, what reviewers said."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.models import Project
from marketplace.services import policies
from marketplace.services.projects import calls, drafts, files, outline, states
from marketplace.services.reviews import for_city
from marketplace.services.sheets.pitch import PITCH
from marketplace.web import sheet_boxes
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import reader, room, theirs
from marketplace.web.city.file_links import link
from marketplace.web.city.steps import may_write


@room.get("/my/projects/<slug>", endpoint="project")
@access(SIGNED_IN)
def show(slug: str) -> str:
    """Show where a project stands and what can be done with it."""
    return _page(theirs(slug))


def _page(project: Project, wrong: str = "", typed: str = "", message: str = "") -> str:
    found = files.of(project)
    return render_template(
        "city/project.html",
        project=project,
        outline=outline.of(project),
        next_words=outline.next_words(project),
        writers=outline.writers(project),
        versions=outline.versions(project),
        feedback=for_city.feedback(project),
        files=[(PITCH.by_name[name], [link(project, file) for file in some]) for name, some in found.items() if some],
        may_write=may_write(project),
        may_submit=outline.may_submit(project, reader()),
        may_copy=policies.can(reader(), "project.edit", project),
        states=states,
        is_open=project.call is not None and calls.is_open(project.call),
        has_leave=calls.has_leave(project),
        anchor=lambda path: sheet_boxes.anchor(PITCH.by_name, path),
        sheet=PITCH,
        wrong=wrong,
        typed=typed,
        message=message,
    )


@room.post("/my/projects/<slug>/justify/<code>")
@access(SIGNED_IN)
def justify(slug: str, code: str) -> ResponseReturnValue:
    """Say why a warning is no mistake."""
    text = request.form.get("justification", "")
    try:
        drafts.justify(slug, code, text, by=reader())
    except Invalid as refusal:
        return _page(theirs(slug), code, text, str(refusal)), refusal.status
    flash(_("The changes are saved."), "success")
    return redirect(url_for("city.project", slug=slug, _anchor="warnings"), code=303)
