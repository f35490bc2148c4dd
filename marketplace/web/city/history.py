"""Who changed what, put back if need be, and what was submitted, with the differences between versions."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.i18n import gettext as _
from marketplace.services.projects import drafts, edits, outline
from marketplace.services.sheets import changes, words
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import reader, room, theirs
from marketplace.web.city.steps import may_write


@room.get("/my/projects/<slug>/history")
@access(SIGNED_IN)
def history(slug: str) -> str:
    """List the changes of the working text, the latest first."""
    project = theirs(slug)
    page = drafts.history(slug, reader(), request.args.get("page", 1, type=int))
    known = edits.known(project, page.items[0].revision) if page.items else None
    content = known.content if known and known.content is not None else {}
    return render_template(
        "city/history.html",
        project=project,
        page=page,
        acts=outline.after(content, page.items),
        may_write=may_write(project),
        sheet=PITCH,
        words=words,
        changes=changes,
    )


@room.post("/my/projects/<slug>/history/restore")
@access(SIGNED_IN)
def restore(slug: str) -> ResponseReturnValue:
    """Give one answer back the value it had."""
    revision = request.form.get("revision", "")
    name = request.form.get("field", "")
    number = int(revision) if revision.isdigit() and len(revision) < 10 else -1
    drafts.restore(slug, number, name, by=reader())
    flash(_("The earlier answer is back."), "success")
    return redirect(url_for("city.history", slug=slug), code=303)


@room.get("/my/projects/<slug>/versions/<int:number>")
@access(SIGNED_IN)
def version(slug: str, number: int) -> str:
    """Show what is different in a version from the one before, or (`?with=now`) from the working text."""
    project = theirs(slug)
    this = outline.version(project, number)
    every = outline.versions(project)
    earlier = [one.number for one in every if one.number < number]
    is_now = request.args.get("with") == "now"
    before = this.content if is_now else (outline.version(project, earlier[0]).content if earlier else {})
    after = project.content if is_now else this.content
    return render_template(
        "city/version.html",
        project=project,
        version=this,
        versions=every,
        before_number=earlier[0] if earlier else None,
        is_now=is_now,
        found=changes.difference(PITCH, before, after),
        sheet=PITCH,
        words=words,
        changes=changes,
        currencies=(before.get("currency"), after.get("currency")),
    )
