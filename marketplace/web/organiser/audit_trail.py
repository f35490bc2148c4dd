"""The audit trail at the desk: who did what to what, filtered, and as a file."""

from flask import Response, render_template, request
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace.services import audit_trail, paging
from marketplace.web.access import access
from marketplace.web.forms.organiser import TrailForm
from marketplace.web.language import reader_zone
from marketplace.web.organiser.desk import download, page_number, room


@room.get("/audit-trail", endpoint="audit_trail")
@access("desk.platform")
def listing() -> str:
    """List the acts, the newest first; days are those of the reader's zone."""
    form = TrailForm(request.args)
    form.validate()
    wanted = _filter(form, request.args)
    page = paging.page(audit_trail.listing(wanted), page_number())
    return render_template(
        "organiser/audit_trail.html",
        page=page,
        wanted=wanted,
        form=form,
        actions=audit_trail.actions(),
        subjects=audit_trail.subjects(page),
        details=audit_trail.details,
    )


def _filter(form: TrailForm, values: MultiDict[str, str]) -> audit_trail.Filter:
    return audit_trail.Filter(
        query=values.get("q", "")[:200],
        about=values.get("about", "")[:80],
        action=values.get("action", "")[:60],
        first_day=form.first_day.data,
        last_day=form.last_day.data,
        zone=reader_zone(),
    )


@room.post("/audit-trail/export", endpoint="audit_trail_export")
@access("desk.platform")
def export() -> Response:
    """Download the acts of the list as it is filtered."""
    form = TrailForm(request.form)
    form.validate()
    return download("audit-trail", audit_trail.export(_filter(form, request.form), by=current_user))
