"""Files of a project: added to a field of the pitch, described, taken out."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import FileKind, Project, ProjectFile
from marketplace.services.projects import files, states
from marketplace.services.sheets.fields import Field
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import question, reader, room, theirs
from marketplace.web.city.file_links import link
from marketplace.web.forms.projects import AltForm, PaperForm, PictureForm
from marketplace.web.forms.translations import spread, texts
from marketplace.web.security import takes_files

LARGEST_FORM = files.LARGEST_PDF + 100_000
"""Bytes of a form: one file of the largest size, and the words."""


@room.route("/my/projects/<slug>/files/new/<field>", methods=["GET", "POST"])
@access(SIGNED_IN)
@takes_files(LARGEST_FORM)
def add_file(slug: str, field: str) -> ResponseReturnValue:
    """Add a file to a field of the pitch."""
    project, one = theirs(slug), _field(field)
    states.require_editable(project)
    form = PictureForm() if one.file_kind == FileKind.IMAGE else PaperForm()
    if form.is_submitted():
        try:
            files.add(
                slug, one.file_kind, *_sent(), texts(form, "alt") if isinstance(form, PictureForm) else {}, reader()
            )
        except Invalid as refusal:
            form.validate()
            form.refuse(refusal)
            project = theirs(slug)
        else:
            flash(_("The file is added."), "success")
            return _to_field(slug, one)
    page = render_template("city/file_new.html", project=project, field=one, step=PITCH.step_of[one.name], form=form)
    return page, 422 if form.is_submitted() else 200


def _field(name: str) -> Field:
    found = PITCH.by_name.get(name)
    if found is None or not found.file_kind:
        raise NotFound
    return found


def _sent() -> tuple[str, bytes]:
    """Return name and bytes of the file that was sent; raises `Invalid` for none."""
    sent = request.files.get("file")
    content = sent.stream.read() if sent else b""
    if sent is None or not content:
        raise Invalid("file", _("Please choose a file."))
    return sent.filename or "", content


def _to_field(slug: str, one: Field) -> ResponseReturnValue:
    step = PITCH.step_of[one.name].name
    return redirect(url_for("city.step", slug=slug, name=step, _anchor=f"{one.name}-box"), code=303)


@room.route("/my/projects/<slug>/files/<uid>", methods=["GET", "POST"])
@access(SIGNED_IN)
def file(slug: str, uid: str) -> ResponseReturnValue:
    """Show a file, and describe a picture in other words."""
    project, found, one = _named(slug, uid)
    form = AltForm(data=spread("alt", found.alt)) if not request.form else AltForm()
    if form.is_submitted():
        try:
            files.describe(slug, uid, texts(form, "alt"), reader())
        except Invalid as refusal:
            form.refuse(refusal)
            project, found, one = _named(slug, uid)
        else:
            flash(_("The changes are saved."), "success")
            return _to_field(slug, one)
    page = render_template(
        "city/file.html",
        project=project,
        field=one,
        step=PITCH.step_of[one.name],
        file=found,
        link=link(project, found),
        form=form,
        is_picture=files.is_inline(found),
        may_write=states.is_editable(project),
    )
    return page, 422 if form.is_submitted() else 200


@room.route("/my/projects/<slug>/files/<uid>/remove", methods=["GET", "POST"])
@access(SIGNED_IN)
def remove_file(slug: str, uid: str) -> ResponseReturnValue:
    """Ask, then take a file out of the working text."""
    project, found, one = _named(slug, uid)
    if request.method == "GET":
        return question(
            _("Remove the file “%(name)s”?", name=found.name),
            _("It goes out of the working text. Versions that were submitted keep it."),
            _("Remove"),
            url_for("city.file", slug=slug, uid=uid),
        )
    if not states.is_editable(project):
        raise Conflict
    files.remove(slug, uid, reader())
    flash(_("The file is removed."), "success")
    return _to_field(slug, one)


def _named(slug: str, uid: str) -> tuple[Project, ProjectFile, Field]:
    """Return a file that the working text names, with its field; raises `NotFound`."""
    project = theirs(slug)
    for name, some in files.of(project).items():
        for found in some:
            if found.uid == uid:
                return project, found, PITCH.by_name[name]
    raise NotFound
