"""The projects of one's cities: the list, a new one, a copy, and drafts nobody needs."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import format_datetime, in_language
from marketplace.i18n import gettext as _
from marketplace.services.projects import calls, drafts, outline
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import question, reader, room, theirs, to_project
from marketplace.web.forms.projects import CallForm, StartForm
from marketplace.web.forms.translations import texts
from marketplace.web.signed_in import acting_for


@room.get("/my/projects", endpoint="projects")
@access(SIGNED_IN)
def listing() -> str:
    """List the projects of one's cities, and the calls that are open."""
    return render_template(
        "city/projects.html",
        cities=outline.listed(reader()),
        writable={city.id for city in outline.cities(reader())},
        calls=calls.open_now(),
        next_words=outline.next_words,
    )


@room.route("/my/projects/new", methods=["GET", "POST"])
@access(SIGNED_IN)
def new() -> ResponseReturnValue:
    """Begin a project."""
    form = StartForm()
    cities = outline.cities(reader())
    if not cities:
        raise NotFound
    form.offer([(city.slug, in_language(city.names) or city.name) for city in cities], _offered_calls())
    if not form.is_submitted():
        acting = acting_for()
        form.city.data = request.args.get("city") or (acting.slug if acting else "") or cities[0].slug
        form.call.data = request.args.get("call", "")
    elif form.validate():
        try:
            project = drafts.start(form.city.data, form.call.data or None, texts(form, "title"), by=reader())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The project is begun. Nobody outside your team and the programme sees it."), "success")
            return redirect(url_for("city.step", slug=project.slug, name="project"), code=303)
    return render_template("city/new.html", form=form), 422 if form.is_submitted() else 200


def _offered_calls() -> list[tuple[str, str]]:
    return [
        (
            call.slug,
            _(
                "%(call)s, until %(end)s",
                call=calls.title(call),
                end=format_datetime(call.closes_at, call.timezone),
            ),
        )
        for call in calls.open_now()
    ]


@room.route("/my/projects/<slug>/call", methods=["GET", "POST"])
@access(SIGNED_IN)
def call(slug: str) -> ResponseReturnValue:
    """Choose the call that a draft answers."""
    project = theirs(slug)
    form = CallForm()
    offered = _offered_calls()
    if project.call is not None and project.call.slug not in dict(offered):
        offered.append((project.call.slug, calls.title(project.call)))
    form.offer(offered)
    if not form.is_submitted():
        form.call.data = project.call.slug if project.call else ""
    elif form.validate():
        try:
            drafts.choose_call(slug, form.call.data or None, by=reader())
        except Invalid as refusal:
            form.refuse(refusal)
            project = theirs(slug)
        else:
            flash(_("The changes are saved."), "success")
            return to_project(slug)
    return render_template("city/call.html", form=form, project=project), 422 if form.is_submitted() else 200


@room.route("/my/projects/<slug>/copy", methods=["GET", "POST"])
@access(SIGNED_IN)
def copy(slug: str) -> ResponseReturnValue:
    """Ask, then begin a draft with the answers of this project."""
    project = theirs(slug)
    if request.method == "GET":
        return question(
            _("Copy “%(project)s”?", project=in_language(project.titles)),
            _("A new draft begins with the same answers. Files, statements and the call are not copied."),
            _("Copy"),
            url_for("city.project", slug=slug),
            tone="primary",
        )
    twin = drafts.copy(slug, by=reader())
    flash(_("This is the copy, a draft. Please change its title."), "success")
    return redirect(url_for("city.step", slug=twin.slug, name="project"), code=303)


@room.route("/my/projects/<slug>/delete", methods=["GET", "POST"])
@access(SIGNED_IN)
def delete(slug: str) -> ResponseReturnValue:
    """Ask, then delete a draft that was never submitted."""
    project = theirs(slug)
    if request.method == "GET":
        return question(
            _("Delete “%(project)s”?", project=in_language(project.titles)),
            _("The draft, its files and its history are gone for everybody. This cannot be undone."),
            _("Delete"),
            url_for("city.project", slug=slug),
        )
    drafts.delete(slug, by=reader())
    flash(_("The draft is deleted."), "success")
    return redirect(url_for("city.projects"), code=303)
