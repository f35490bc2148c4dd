"""Where people meet at an event, at the desk: its tables, and its interpreters."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.i18n import ngettext
from marketplace.models import Event, Interpreter
from marketplace.services import events, paging
from marketplace.services.meetings import (
    agenda,
    assignments,
    interpreters,
    parties,
    schedule_files,
    setup,
    slots,
    tables,
)
from marketplace.web.access import access
from marketplace.web.forms.organiser_meeting_sides import CloseForm, InterpreterForm, TableForm, TablesForm
from marketplace.web.organiser.desk import as_file, ask, page_number, room
from marketplace.web.organiser.event_meetings import HERE


@room.route(f"{HERE}/tables", endpoint="events_meetings_tables", methods=["GET", "POST"])
@access("desk.enter")
def listing(slug: str) -> ResponseReturnValue:
    """List the tables, closed ones too, and add more."""
    event = events.managed(slug, current_user)
    form = TablesForm()
    if form.validate_on_submit():
        try:
            new = tables.add(
                slug, form.count.data, current_user, zone=form.zone.data or "", is_accessible=form.is_accessible.data
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(ngettext("One table is added.", "%(num)s tables are added.", len(new)), "success")
            return _to_tables(slug)
    closures = tables.closures(event.id)
    page = render_template(
        "organiser/events/meetings_tables.html",
        event=event,
        form=form,
        page=paging.page(tables.listing(event.id), page_number()),
        counts=tables.counts(event.id),
        closed=[table for table, _slot in closures],
    )
    return page, 422 if form.is_submitted() else 200


def _to_tables(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_meetings_tables", slug=slug), code=303)


@room.route(f"{HERE}/tables/<table>", endpoint="events_meetings_table", methods=["GET", "POST"])
@access("desk.enter")
def edit_table(slug: str, table: str) -> ResponseReturnValue:
    """Change a table's number, zone or accessibility."""
    event = events.managed(slug, current_user)
    found = tables.find(event, table)
    form = TableForm.of(found)
    if form.validate_on_submit():
        try:
            tables.edit(slug, table, form.number.data, form.zone.data or "", form.is_accessible.data, current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The changes are saved."), "success")
            return _to_tables(slug)
    page = render_template("organiser/events/meetings_table.html", event=event, table=found, form=form)
    return page, 422 if form.is_submitted() else 200


@room.route(f"{HERE}/tables/<table>/close", endpoint="events_meetings_table_close", methods=["GET", "POST"])
@access("desk.enter")
def close_table(slug: str, table: str) -> ResponseReturnValue:
    """Close a table for good or in some slots; its meetings move to free tables, and it asks before one ends."""
    event = events.managed(slug, current_user)
    found = tables.find(event, table)
    usable = slots.all_slots(event.id)
    shut = {slot for one, slot in tables.closures(event.id) if one == found.id}
    form = CloseForm(
        data={"extent": "some" if shut else "all", "slots": [slot.uid for slot in usable if slot.id in shut]}
    )
    form.offer_slots(usable)
    status, refusal = 200, None
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                moved = tables.close(
                    slug, table, current_user, form.slot_uids(), is_confirmed="confirmed" in request.form
                )
            except slots.WouldCancel as error:
                refusal, status = error, error.status
            else:
                flash(_("The table is closed. Meetings that moved to other tables: %(count)s.", count=moved), "success")
                return _to_tables(slug)
    page = render_template(
        "organiser/events/meetings_table_close.html",
        event=event,
        table=found,
        form=form,
        refusal=refusal,
        sessions=slots.of_event(event.id),
    )
    return page, status


@room.post(f"{HERE}/tables/<table>/reopen", endpoint="events_meetings_table_reopen")
@access("desk.enter")
def reopen_table(slug: str, table: str) -> ResponseReturnValue:
    """Open a table again in all slots."""
    tables.reopen(slug, table, current_user)
    flash(_("The table is open again in all slots."), "success")
    return _to_tables(slug)


@room.get(f"{HERE}/tables/<table>/remove", endpoint="events_meetings_table_remove_ask")
@access("desk.enter")
def ask_remove_table(slug: str, table: str) -> str:
    """Ask before a table is removed."""
    found = tables.find(events.managed(slug, current_user), table)
    return ask(
        _("Remove table %(number)s?", number=found.number),
        _("This works while no meeting was ever held there."),
        _("Remove"),
        url_for("organiser.events_meetings_tables", slug=slug),
    )


@room.post(f"{HERE}/tables/<table>/remove", endpoint="events_meetings_table_remove")
@access("desk.enter")
def remove_table(slug: str, table: str) -> ResponseReturnValue:
    """Remove a table that never had a meeting."""
    tables.remove(slug, table, current_user)
    flash(_("The table is removed."), "success")
    return _to_tables(slug)


@room.get(f"{HERE}/interpreters", endpoint="events_meetings_interpreters")
@access("desk.enter")
def interpreters_list(slug: str) -> str:
    """List the interpreters with their languages, and who works when."""
    event = events.managed(slug, current_user)
    return render_template(
        "organiser/events/meetings_interpreters.html",
        event=event,
        interpreters=interpreters.of_event(event.id),
        shifts=[interpreter for interpreter, _slot in interpreters.shifts(event.id)],
        counts=assignments.counts(event.id),
        slots=len(slots.all_slots(event.id)),
    )


@room.route(f"{HERE}/interpreters/new", endpoint="events_meetings_interpreter_new", methods=["GET", "POST"])
@access("desk.enter")
def add_interpreter(slug: str) -> ResponseReturnValue:
    """Add an interpreter."""
    return _interpreter_form(events.managed(slug, current_user), None)


@room.route(f"{HERE}/interpreters/<interpreter>", endpoint="events_meetings_interpreter", methods=["GET", "POST"])
@access("desk.enter")
def edit_interpreter(slug: str, interpreter: str) -> ResponseReturnValue:
    """Change an interpreter and their slots."""
    event = events.managed(slug, current_user)
    return _interpreter_form(event, interpreters.find(event, interpreter))


def _interpreter_form(event: Event, found: Interpreter | None) -> ResponseReturnValue:
    form = InterpreterForm.of(found, interpreters.people(event), slots.all_slots(event.id))
    slug, uid = event.slug, found.uid if found else ""
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            interpreters.save(slug, form.details(), current_user, uid)
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            form.form_errors.append(str(refusal))
            status = refusal.status
        else:
            flash(_("The changes are saved."), "success")
            return redirect(url_for("organiser.events_meetings_interpreters", slug=slug), code=303)
    page = render_template(
        "organiser/events/meetings_interpreter.html",
        event=event,
        found=found,
        form=form,
        sessions=slots.of_event(event.id),
    )
    return page, status


@room.get(f"{HERE}/interpreters/<interpreter>/assignments", endpoint="events_meetings_interpreter_assignments")
@access("desk.enter")
def interpreter_assignments(slug: str, interpreter: str) -> str:
    """Show what an interpreter interprets, by day, and offer it as files."""
    event = events.managed(slug, current_user)
    found = interpreters.find(event, interpreter)
    return render_template(
        "organiser/events/meetings_interpreter_assignments.html",
        event=event,
        found=found,
        days=assignments.days(assignments.of([found]), event.timezone),
        set_up=setup.of(event.id),
        title_of=parties.title,
        subtitle_of=parties.subtitle,
        is_preliminary=agenda.is_preliminary,
    )


@room.post(f"{HERE}/interpreters/<interpreter>/export", endpoint="events_meetings_interpreter_export")
@access("desk.enter")
def export_assignments(slug: str, interpreter: str) -> Response:
    """Download what an interpreter interprets, to be sent to them; that it was taken is recorded."""
    interpreters.find(events.managed(slug, current_user), interpreter)
    match request.form.get("format"):
        case "pdf":
            content = schedule_files.interpreter_sheets(slug, current_user, interpreter)
            return as_file(content, "application/pdf", f"interpreter-{slug}.pdf")
        case "ics":
            content = schedule_files.interpreter_calendar(slug, interpreter, current_user)
            return as_file(content, "text/calendar; charset=utf-8", f"interpreter-{slug}.ics")
    raise NotFound


@room.get(f"{HERE}/interpreters/<interpreter>/retire", endpoint="events_meetings_interpreter_retire_ask")
@access("desk.enter")
def ask_retire(slug: str, interpreter: str) -> str:
    """Ask before no more meetings are planned with an interpreter."""
    found = interpreters.find(events.managed(slug, current_user), interpreter)
    return ask(
        _("Stop planning with %(name)s?", name=found.name),
        _("This works while they interpret no meeting."),
        _("Stop planning with them"),
        url_for("organiser.events_meetings_interpreters", slug=slug),
    )


@room.post(f"{HERE}/interpreters/<interpreter>/retire", endpoint="events_meetings_interpreter_retire")
@access("desk.enter")
def retire(slug: str, interpreter: str) -> ResponseReturnValue:
    """Plan no more meetings with an interpreter."""
    interpreters.retire(slug, interpreter, current_user)
    flash(_("No more meetings are planned with them."), "success")
    return redirect(url_for("organiser.events_meetings_interpreters", slug=slug), code=303)
