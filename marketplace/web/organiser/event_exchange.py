"""Import and export of an event's meetings at the desk: files with a preview in, spreadsheets, pages, calendars out."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import clock
from marketplace.errors import Invalid, NotFound
from marketplace.gateways import table_files, tables
from marketplace.i18n import gettext as _
from marketplace.i18n import ngettext
from marketplace.models import Event
from marketplace.services import events
from marketplace.services.meetings import exchange, schedule_files, setup
from marketplace.services.meetings.exchange import Kind, Preview
from marketplace.web.access import access
from marketplace.web.forms.organiser_exchange import KINDS, ImportForm
from marketplace.web.organiser.desk import as_file, room
from marketplace.web.organiser.event_meetings import HERE
from marketplace.web.security import MAX_BODY, takes_files

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
_AT = f"{HERE}/exchange"
_SHOWN = 200
"""Problems and rows a preview shows; the rest is counted."""


@room.route(_AT, endpoint="events_meetings_exchange", methods=["GET", "POST"])
@access("desk.enter")
@takes_files(MAX_BODY + table_files.LARGEST)
def exchange_page(slug: str) -> ResponseReturnValue:
    """Offer files to take and to bring; a file that was sent is shown with all that is wrong, and not written."""
    event = events.managed(slug, current_user)
    form = ImportForm()
    if not form.is_submitted():
        return _page(event, form), 200
    found = None
    if form.validate():
        try:
            found = exchange.preview(slug, Kind(form.kind.data), _sent(), current_user)
        except Invalid as refusal:
            form.refuse(refusal)
    return _page(event, form, found), 422 if form.errors or (found is not None and found.problems) else 200


def _page(event: Event, form: ImportForm, found: Preview | None = None) -> str:
    return render_template(
        "organiser/events/meetings_exchange.html",
        event=event,
        form=form,
        found=found,
        kinds=KINDS,
        columns=exchange.COLUMNS,
        shown=_SHOWN,
        rules=setup.of(event.id),
        run=schedule_files.published_run(event),
        most=exchange.MOST_ROWS,
    )


def _sent() -> bytes:
    sent = request.files.get("file")
    content = b""
    if sent is not None:
        content = sent.stream.read()
        sent.close()
    if not content:
        raise Invalid("file", _("Please choose a file."))
    return content


@room.post(f"{_AT}/<any(wishes, meetings):kind>", endpoint="events_meetings_exchange_apply")
@access("desk.enter")
def apply(slug: str, kind: str) -> ResponseReturnValue:
    """Write what a preview showed, all of it; where a row is refused by now, nothing is written and it is said."""
    event = events.managed(slug, current_user)
    form = ImportForm(formdata=None, data={"kind": kind})
    try:
        found = exchange.apply(slug, Kind(kind), request.form.get("content", "").encode(), current_user)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(event, form), 422
    if not found.is_ready:
        return _page(events.managed(slug, current_user), form, found), 422
    number = len(found.lines)
    if found.kind is Kind.WISHES:
        flash(ngettext("%(num)s wish is saved.", "%(num)s wishes are saved.", number), "success")
    else:
        flash(
            ngettext(
                "%(num)s meeting is made. Both sides are told.",
                "%(num)s meetings are made. All sides are told.",
                number,
            ),
            "success",
        )
    return redirect(url_for("organiser.events_meetings_exchange", slug=slug), code=303)


@room.get(f"{_AT}/<any(wishes, meetings):kind>.<any(csv, xlsx):ending>", endpoint="events_meetings_exchange_template")
@access("desk.enter")
def template(slug: str, kind: str, ending: str) -> Response:
    """Download a file to fill in."""
    event = events.managed(slug, current_user)
    content = exchange.template(Kind(kind), event, ending)
    return as_file(content, _XLSX if ending == "xlsx" else _CSV, f"{kind}-{slug}.{ending}")


@room.post(f"{_AT}/export", endpoint="events_meetings_exchange_export")
@access("desk.enter")
def export(slug: str) -> Response:
    """Download the schedule; that it was taken is recorded."""
    name = f"meetings-{slug}-{clock.now():%Y-%m-%d}"
    match request.form.get("format"):
        case "xlsx":
            header, rows = schedule_files.rows(slug, current_user, "xlsx")
            return as_file(tables.to_xlsx(header, rows, sheet=_("Meetings")), _XLSX, f"{name}.xlsx")
        case "csv":
            header, rows = schedule_files.rows(slug, current_user, "csv")
            return as_file(tables.to_csv(header, rows), _CSV, f"{name}.csv")
        case "parties":
            return as_file(schedule_files.party_sheets(slug, current_user), "application/pdf", f"{name}-sides.pdf")
        case "tables":
            return as_file(schedule_files.table_sheets(slug, current_user), "application/pdf", f"{name}-tables.pdf")
        case "interpreters":
            content = schedule_files.interpreter_sheets(slug, current_user)
            return as_file(content, "application/pdf", f"{name}-interpreters.pdf")
        case "ics":
            content = schedule_files.calendar_file(slug, current_user)
            return as_file(content, "text/calendar; charset=utf-8", f"{name}.ics")
    raise NotFound
