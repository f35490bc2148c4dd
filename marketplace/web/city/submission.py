"""Submitting a project, withdrawing it, opening it again: what binds the city, done by its managers."""

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotAllowed
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.services.projects import figures, outline, rates, states, submission
from marketplace.services.sheets import words
from marketplace.services.sheets.pitch import PITCH
from marketplace.web import sheet_boxes
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.city.blueprint import question, reader, room, theirs, to_project
from marketplace.web.forms.projects import WithdrawForm


@room.route("/my/projects/<slug>/submit", methods=["GET", "POST"])
@access(SIGNED_IN)
def submit(slug: str) -> ResponseReturnValue:
    """Show what is still missing and what will be frozen, then submit."""
    project = theirs(slug)
    message, status = "", 200
    if request.method == "POST":
        try:
            submission.submit(slug, by=reader())
        except Conflict as refusal:
            message, status = str(refusal), refusal.status
            project = theirs(slug)
        else:
            flash(_("The project is submitted. You and the organisers get a letter."), "success")
            return to_project(slug)
    content = project.content
    rate = rates.current(content.get("currency"))
    per_usd = rates.per_usd(content.get("currency"))
    page = render_template(
        "city/submit.html",
        project=project,
        outline=outline.of(project),
        message=message,
        rate=rate,
        per_usd=per_usd,
        cost_usd=figures.cost_usd(content, per_usd),
        ask_usd=figures.ask_usd(content, per_usd),
        may_submit=outline.may_submit(project, reader()),
        is_editable=states.is_editable(project),
        next_words=outline.next_words(project),
        hindrances=submission.hindrances(project),
        anchor=lambda path: sheet_boxes.anchor(PITCH.by_name, path),
        sheet=PITCH,
        words=words,
    )
    return page, status


@room.route("/my/projects/<slug>/withdraw", methods=["GET", "POST"])
@access(SIGNED_IN)
def withdraw(slug: str) -> ResponseReturnValue:
    """Ask for the reason, then withdraw."""
    project = theirs(slug)
    if not outline.may_submit(project, reader()):
        raise NotAllowed
    form = WithdrawForm()
    if form.validate_on_submit():
        try:
            submission.withdraw(slug, form.reason.data, by=reader())
        except Invalid as refusal:
            form.refuse(refusal)
            project = theirs(slug)
        else:
            flash(_("The project is withdrawn."), "success")
            return to_project(slug)
    return render_template("city/withdraw.html", project=project, form=form), 422 if form.is_submitted() else 200


@room.route("/my/projects/<slug>/reopen", methods=["GET", "POST"])
@access(SIGNED_IN)
def reopen(slug: str) -> ResponseReturnValue:
    """Ask, then open a withdrawn project again."""
    project = theirs(slug)
    if request.method == "GET":
        return question(
            _("Open “%(project)s” again?", project=in_language(project.titles)),
            _("It becomes a draft. Your team can write and submit it again."),
            _("Open again"),
            url_for("city.project", slug=slug),
            tone="primary",
        )
    submission.reopen(slug, by=reader())
    flash(_("The project is a draft again."), "success")
    return to_project(slug)
