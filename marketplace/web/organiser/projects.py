"""Projects at the desk: the list, one project, its versions, what was done to it, and its way into the book."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace import clock
from marketplace.errors import Invalid
from marketplace.gateways import tables
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Project, ProjectState, ProjectVersion, Sector, Stage
from marketplace.services import audit_trail, labels, paging, wallclock
from marketplace.services.projects import calls, publication, rules, states, submission
from marketplace.services.reviews import assignments, decisions, in_course, letters, listing, reading, rubric, turns
from marketplace.services.sheets.fields import Content, Required
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import access
from marketplace.web.forms.moments import moment
from marketplace.web.forms.organiser_projects import LateForm, SeenForm, UnpublishForm
from marketplace.web.language import reader_zone
from marketplace.web.organiser.desk import ask, page_number, room

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKING_TEXT = "now"
"""What the address of a comparison calls the working text."""


@room.get("/projects", endpoint="projects")
@access("desk.platform")
def projects() -> str:
    """List all projects, searched, filtered and sorted."""
    wanted = _filter(request.args)
    page = listing.page(wanted, current_user, page_number())
    return render_template(
        "organiser/projects/list.html",
        page=page,
        wanted=wanted,
        progress=listing.progress(page.items),
        choices=listing.choices(),
        states=labels.choices(ProjectState),
        sectors=labels.choices(Sector),
        stages=labels.choices(Stage),
        sector_words=dict(labels.choices(Sector)),
        stage_words=dict(labels.choices(Stage)),
        needs=[
            ("reviewer", _("Reviewer missing")),
            ("moderator", _("Moderator missing")),
            ("overdue", _("Review overdue")),
            ("decision", _("To decide")),
        ],
        most=assignments.REVIEWERS,
        zone=reader_zone(),
    )


def _filter(values: MultiDict[str, str]) -> listing.Filter:
    sort, need = values.get("sort", ""), values.get("need", "")
    return listing.Filter(
        query=values.get("q", "")[:200],
        state=labels.read(ProjectState, values.get("state")),
        city=values.get("city", "")[:80],
        country=values.get("country", "")[:2],
        sector=labels.read(Sector, values.get("sector")),
        stage=labels.read(Stage, values.get("stage")),
        call=values.get("call", "")[:80],
        need=need if need in listing.NEEDS else "",
        sort=sort if sort.removeprefix("-") in listing.SORTS else "-changed",
    )


@room.post("/projects/export", endpoint="projects_export")
@access("desk.platform")
def export() -> Response:
    """Download the projects of the list as it is filtered, as CSV or Excel file; that it was taken is recorded."""
    header, rows = listing.export(_filter(request.form), by=current_user)
    if request.form.get("format") == "xlsx":
        content, media_type, ending = tables.to_xlsx(header, rows, sheet=_("Projects")), _XLSX, "xlsx"
    else:
        content, media_type, ending = tables.to_csv(header, rows), "text/csv; charset=utf-8", "csv"
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="projects-{clock.now():%Y-%m-%d}.{ending}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.get("/projects/<slug>", endpoint="projects_project")
@access("desk.platform")
def project(slug: str) -> str:
    """Show one project: where it stands, what can be done next, what is missing and what looks wrong."""
    found = turns.find(slug, current_user)
    version = in_course.newest(found)
    content: Content = version.content if version else found.content
    return render_template(
        "organiser/projects/project.html",
        **framed(found, version),
        problems=rules.problems(content, found.city, Required.PUBLISH),
        warnings=rules.warnings(content, found.city),
        decisions=decisions.of_project(found),
        by_step=letters.by_step,
        field_words=_field_words,
        combined=rubric.combine(in_course.of_version(version)) if version else None,
    )


def _field_words(path: str) -> str:
    """Name the field that a path such as `risks.2.mitigation` lies in."""
    name = path.partition(".")[0]
    return str(PITCH.by_name[name].label) if name in PITCH.by_name else path


def framed(found: Project, version: ProjectVersion | None) -> dict[str, Any]:
    """Return what the frame of every page about a project needs: the project, its newest version, possible acts."""
    return {
        "project": found,
        "version": version,
        "seen": version.number if version else 0,
        "moves": states.MOVES[found.state],
        "is_listed": found.listing is not None,
        "can_be_late": found.state is ProjectState.DRAFT and found.call is not None,
    }


@room.get("/projects/<slug>/versions", endpoint="projects_versions")
@access("desk.platform")
def versions(slug: str) -> str:
    """Show one version (`?version=`), and what differs from another (`?against=`); `now` is the working text."""
    found = turns.find(slug, current_user)
    submitted = submission.versions(found)
    contents: dict[str, Content] = {WORKING_TEXT: found.content}
    contents |= {str(one.number): one.content for one in reversed(submitted)}
    newest = str(submitted[0].number) if submitted else WORKING_TEXT
    shown = _known(request.args.get("version"), contents, newest)
    against = _known(request.args.get("against"), contents, _before(shown, list(contents)))
    return render_template(
        "organiser/projects/versions.html",
        **framed(found, submitted[0] if submitted else None),
        submitted=submitted,
        names=[
            (key, _("Working text") if key == WORKING_TEXT else _("Version %(number)s", number=key)) for key in contents
        ],
        shown=shown,
        against=against,
        parts=reading.parts(found.id, contents[shown], for_reviewer=False),
        changed=reading.differences(found.id, contents[against], contents[shown], for_reviewer=False),
    )


def _known(wanted: str | None, contents: dict[str, Content], otherwise: str) -> str:
    return wanted if wanted in contents else otherwise


def _before(shown: str, keys: list[str]) -> str:
    """Return what a version is compared with: the one before it; the working text with the newest version."""
    numbers = keys[1:]
    if shown == WORKING_TEXT:
        return numbers[-1] if numbers else WORKING_TEXT
    place = numbers.index(shown)
    return numbers[place - 1] if place else shown


@room.get("/projects/<slug>/record", endpoint="projects_record")
@access("desk.platform")
def record(slug: str) -> str:
    """Show everything that was done to a project."""
    found = turns.find(slug, current_user)
    page = paging.page(audit_trail.listing(audit_trail.Filter(about=found.uid)), page_number())
    return render_template(
        "organiser/projects/record.html",
        **framed(found, in_course.newest(found)),
        page=page,
        details=audit_trail.details,
        people=assignments.named(entry.details.get("reviewer", "") for entry in page.items),
    )


def to(slug: str, endpoint: str = "projects_project") -> ResponseReturnValue:
    """Go to a page about a project."""
    return redirect(url_for(f"organiser.{endpoint}", slug=slug), code=303)


@room.post("/projects/<slug>/begin", endpoint="projects_begin")
@access("desk.platform")
def begin(slug: str) -> ResponseReturnValue:
    """Take a submitted project into review."""
    assignments.begin(slug, current_user, seen=SeenForm().version)
    flash(_("The project is in review now."), "success")
    return to(slug, "projects_reviews")


@room.get("/projects/<slug>/publish", endpoint="projects_publish_ask")
@access("desk.platform")
def ask_publish(slug: str) -> str:
    """Ask before a project goes into the book."""
    found = turns.find(slug, current_user)
    return ask(
        _("Publish “%(project)s”?", project=in_language(found.titles) or slug),
        _("It appears in the book, each part for the readers the city chose. The city gets a letter."),
        _("Publish"),
        url_for("organiser.projects_project", slug=slug),
        tone="primary",
    )


@room.post("/projects/<slug>/publish", endpoint="projects_publish")
@access("desk.platform")
def publish(slug: str) -> ResponseReturnValue:
    """Put an accepted project into the book; where something is missing, its page says what."""
    turns.find(slug, current_user)
    try:
        publication.publish(slug, by=current_user)
    except publication.NotReady as refusal:
        flash(_("It cannot be published yet: %(why)s", why=refusal), "warning")
    else:
        flash(_("The project is in the book."), "success")
    return to(slug)


@room.route("/projects/<slug>/unpublish", endpoint="projects_unpublish", methods=["GET", "POST"])
@access("desk.platform")
def unpublish(slug: str) -> ResponseReturnValue:
    """Ask what to say, and take a project out of the book."""
    found = turns.find(slug, current_user)
    form = UnpublishForm()
    if form.validate_on_submit():
        try:
            publication.unpublish(slug, current_user, form.reason.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The project is out of the book."), "success")
            return to(slug)
    page = render_template("organiser/projects/unpublish.html", **framed(found, in_course.newest(found)), form=form)
    return page, 422 if form.is_submitted() else 200


@room.get("/projects/<slug>/reopen", endpoint="projects_reopen_ask")
@access("desk.platform")
def ask_reopen(slug: str) -> str:
    """Ask before a city may work on a declined project again."""
    found = turns.find(slug, current_user)
    return ask(
        _("Let the city work on “%(project)s” again?", project=in_language(found.titles) or slug),
        _("It becomes a draft that can be changed and submitted."),
        _("Make it a draft"),
        url_for("organiser.projects_project", slug=slug),
        tone="primary",
    )


@room.post("/projects/<slug>/reopen", endpoint="projects_reopen")
@access("desk.platform")
def reopen(slug: str) -> ResponseReturnValue:
    """Make a declined project a draft again."""
    turns.find(slug, current_user)
    submission.reopen(slug, by=current_user)
    flash(_("The project is a draft again."), "success")
    return to(slug)


@room.route("/projects/<slug>/late", endpoint="projects_late", methods=["GET", "POST"])
@access("desk.platform")
def late(slug: str) -> ResponseReturnValue:
    """Let a project be submitted until a moment although its call is closed."""
    found = turns.find(slug, current_user)
    zone = found.call.timezone if found.call else reader_zone()
    form = LateForm()
    if form.validate_on_submit():
        try:
            until = moment(form, "until", zone)
            calls.allow_late(slug, until or clock.now(), form.reason.data or "", current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The city may submit until then. It gets a letter."), "success")
            return to(slug)
    page = render_template(
        "organiser/projects/late.html",
        **framed(found, in_course.newest(found)),
        form=form,
        zone=zone,
        is_closed=found.call is not None and wallclock.is_past(found.call.closes_at),
    )
    return page, 422 if form.is_submitted() else 200
