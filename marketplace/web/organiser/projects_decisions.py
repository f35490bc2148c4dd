"""Decisions about a project at the desk: changes, yes or no, with what the city is told step by step."""

from collections.abc import Callable

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.models import DecisionKind
from marketplace.services.reviews import decisions, in_course, rubric, turns
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.access import access
from marketplace.web.forms.organiser_projects import DecisionForm, seen
from marketplace.web.organiser.desk import room
from marketplace.web.organiser.projects import framed, to


@room.route("/projects/<slug>/changes", endpoint="projects_changes", methods=["GET", "POST"])
@access("desk.platform")
def request_changes(slug: str) -> ResponseReturnValue:
    """Ask the city to change its pitch; the reviewers' comments are there to be edited."""

    def act(form: DecisionForm) -> None:
        decisions.request_changes(
            slug, current_user, seen=form.version, message=form.message.data or "", comments=form.comments
        )
        flash(_("The city is asked for changes. It gets a letter."), "success")

    return _decide(slug, DecisionKind.CHANGES_REQUESTED, act)


@room.route("/projects/<slug>/accept", endpoint="projects_accept", methods=["GET", "POST"])
@access("desk.platform")
def accept(slug: str) -> ResponseReturnValue:
    """Accept a version; without complete reviews, with a reason."""

    def act(form: DecisionForm) -> None:
        decisions.accept(
            slug,
            current_user,
            seen=form.version,
            message=form.message.data or "",
            comments=form.comments,
            reason=form.reason.data or "",
        )
        flash(_("The project is accepted. The city gets a letter."), "success")

    return _decide(slug, DecisionKind.ACCEPTED, act)


@room.route("/projects/<slug>/decline", endpoint="projects_decline", methods=["GET", "POST"])
@access("desk.platform")
def decline(slug: str) -> ResponseReturnValue:
    """Decline a version, and say why."""

    def act(form: DecisionForm) -> None:
        decisions.decline(
            slug, current_user, seen=form.version, message=form.message.data or "", comments=form.comments
        )
        flash(_("The project is declined. The city gets a letter."), "success")

    return _decide(slug, DecisionKind.DECLINED, act)


def _decide(slug: str, kind: DecisionKind, act: Callable[[DecisionForm], None]) -> ResponseReturnValue:
    project = turns.find(slug, current_user)
    version = in_course.newest(project)
    suggested = {f"comments-{name}": text for name, text in decisions.suggested(project).items()}
    form = DecisionForm(data={"seen": seen(version), "message": decisions.suggested_message(project), **suggested})
    if form.validate_on_submit():
        try:
            act(form)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return to(slug)
    combined = rubric.combine(in_course.of_version(version)) if version else rubric.Combined({})
    asks_reason = kind is DecisionKind.ACCEPTED and not combined.is_settled
    form.reason.flags.required = asks_reason
    page = render_template(
        "organiser/projects/decide.html",
        **framed(project, version),
        form=form,
        kind=kind,
        combined=combined,
        steps=PITCH.steps,
        asks_reason=asks_reason,
    )
    return page, 422 if form.is_submitted() else 200
