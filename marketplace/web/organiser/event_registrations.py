"""Registrations of an event at the desk: the list, one registration, decisions, people who walk in, and exports."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace import clock
from marketplace.errors import AlreadyRegistered, Conflict, Invalid, NotFound, SoldOut
from marketplace.gateways import tables
from marketplace.i18n import LANGUAGES, in_language, ngettext
from marketplace.i18n import gettext as _
from marketplace.models import Attendance, AttendeeCategory, Event, Registration, RegistrationState
from marketplace.services import (
    answer_files,
    attendance_numbers,
    attendees,
    audit_trail,
    events,
    exports,
    labels,
    paging,
    programme,
    questions,
    registration,
    registration_state,
    sign_ups,
    tickets,
    waiting_list,
    wallclock,
)
from marketplace.web.access import access
from marketplace.web.forms.organiser_registrations import EndForm, WalkInForm
from marketplace.web.organiser.desk import ask, page_number, room
from marketplace.web.public import local_target

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@room.get("/events/<slug>/registrations", endpoint="events_registrations")
@access("desk.enter")
def listing(slug: str) -> str:
    """List registrations, the newest first, searched and filtered."""
    event = events.managed(slug, current_user)
    wanted = wanted_registrations(request.args)
    return render_template(
        "organiser/events/registrations.html",
        event=event,
        page=paging.page(attendees.listing(slug, wanted, current_user), page_number()),
        wanted=wanted,
        counts=attendance_numbers.by_event([event])[event.id],
        states=list(RegistrationState),
        **filter_choices(event),
    )


def wanted_registrations(values: MultiDict[str, str]) -> attendees.Filter:
    """Read which registrations a list, an export or a message is about."""
    states = [labels.read(RegistrationState, value) for value in values.getlist("state")]
    locale = values.get("language", "")
    return attendees.Filter(
        query=values.get("q", "")[:200],
        states=tuple(state for state in states if state is not None),
        category=labels.read(AttendeeCategory, values.get("category")),
        ticket=values.get("ticket", "")[:22],
        attendance=labels.read(Attendance, values.get("attendance")),
        locale=locale if locale in LANGUAGES else "",
        country=values.get("country", "")[:2],
        session=values.get("session", "")[:22],
        has_needs=values.get("needs") == "yes",
    )


def filter_choices(event: Event) -> dict[str, list[tuple[str, str]]]:
    """Return what registrations can be filtered by."""
    return {
        "categories": [(value, str(words)) for value, words in labels.choices(AttendeeCategory)],
        "ticket_choices": [(ticket.uid, in_language(ticket.names)) for ticket in tickets.types(event)],
        "attendances": [(one.value, str(labels.of(one))) for one in tickets.attendances(event)],
        "session_choices": [
            (entry.uid, in_language(entry.titles))
            for entry in programme.sessions(event, with_drafts=True)
            if entry.needs_sign_up
        ],
    }


@room.post("/events/<slug>/registrations/export", endpoint="events_registrations_export")
@access("desk.enter")
def export(slug: str) -> Response:
    """Download the registrations of the list as it is filtered, as CSV or Excel file; that it was taken is recorded."""
    header, rows = exports.registrations(slug, wanted_registrations(request.form), by=current_user)
    if request.form.get("format") == "xlsx":
        content, media_type, ending = tables.to_xlsx(header, rows, sheet=_("Registrations")), _XLSX, "xlsx"
    else:
        content, media_type, ending = tables.to_csv(header, rows), "text/csv; charset=utf-8", "csv"
    response = Response(content, content_type=media_type)
    name = f"registrations-{slug}-{clock.now():%Y-%m-%d}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.post("/events/<slug>/registrations/approve", endpoint="events_registrations_approve")
@access("desk.enter")
def approve(slug: str) -> ResponseReturnValue:
    """Approve the registrations that were ticked; where places are short, the last to come go to the waiting list."""
    approved = registration.approve(slug, request.form.getlist("uid"), by=current_user)
    waiting = sum(1 for one in approved if one.state is RegistrationState.WAITING)
    if not approved:
        flash(_("Please tick registrations that wait for approval first."), "warning")
    else:
        number = len(approved) - waiting
        flash(ngettext("%(num)s registration is approved.", "%(num)s registrations are approved.", number), "success")
    if waiting:
        words = ngettext(
            "%(num)s registration is approved and on the waiting list: the places are taken.",
            "%(num)s registrations are approved and on the waiting list: the places are taken.",
            waiting,
        )
        flash(words, "warning")
    return _back(slug)


def _back(slug: str) -> ResponseReturnValue:
    there = local_target(request.form.get("next"), "organiser.events")
    fallback = url_for("organiser.events_registrations", slug=slug)
    return redirect(there if request.form.get("next") else fallback, code=303)


@room.post("/events/<slug>/registrations/decline", endpoint="events_registrations_decline")
@access("desk.enter")
def decline(slug: str) -> ResponseReturnValue:
    """Ask what to say to those whose registrations were ticked, then decline them."""
    event = events.managed(slug, current_user)
    uids = request.form.getlist("uid")
    if not uids:
        flash(_("Please tick registrations that wait for approval or for a place first."), "warning")
        return _back(slug)
    form = EndForm()
    if "confirmed" in request.form and form.validate():
        try:
            declined = registration.decline(slug, uids, by=current_user, message=form.message.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            number = len(declined)
            flash(
                ngettext("%(num)s registration is declined.", "%(num)s registrations are declined.", number), "success"
            )
            return _back(slug)
    page = render_template(
        "organiser/events/decline.html", event=event, form=form, uids=uids, next=request.form.get("next", "")
    )
    return page, 422 if form.errors else 200


@room.route("/events/<slug>/registrations/new", endpoint="events_walk_in", methods=["GET", "POST"])
@access("desk.enter")
def walk_in(slug: str) -> ResponseReturnValue:
    """Register somebody who stands at the desk."""
    event = events.managed(slug, current_user)
    form = WalkInForm.at(event)
    if form.validate_on_submit():
        try:
            made = registration.walk_in(slug, form.application(event), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        except AlreadyRegistered:
            flash(_("This address is registered for the event already."), "warning")
            return redirect(url_for("organiser.events_registrations", slug=slug, q=form.email.data), code=303)
        except Conflict as refusal:
            # The form stays, so that another ticket or manner can be chosen.
            form.form_errors.append(str(refusal))
        else:
            flash(_("%(name)s is registered and confirmed.", name=made.name), "success")
            return redirect(url_for("organiser.events_registration", slug=slug, uid=made.uid), code=303)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/events/walk_in.html", form=form, event=event), status


@room.get("/events/<slug>/registrations/<uid>", endpoint="events_registration")
@access("desk.enter")
def one(slug: str, uid: str) -> str:
    """Show one registration: what was told, the answers, the sessions, and what happened to it."""
    found = _find(slug, uid)
    entries = paging.page(audit_trail.listing(audit_trail.Filter(about=uid)), page_number(), 30)
    return render_template(
        "organiser/events/registration.html",
        event=found.event,
        found=found,
        answers=[(answer, questions.words(answer)) for answer in found.answers],
        sessions=sign_ups.own(found),
        entries=entries,
        details=audit_trail.details,
        moves=registration_state.MOVES[found.state],
        is_over=wallclock.is_past(found.event.ends_at),
        has_begun=clock.now() >= found.event.starts_at,
    )


def _find(slug: str, uid: str) -> Registration:
    """Return a registration of this very event, to its organisers."""
    event = events.managed(slug, current_user)
    found = attendees.find(uid, current_user)
    if found.event_id != event.id:
        raise NotFound
    return found


def _to(slug: str, uid: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_registration", slug=slug, uid=uid), code=303)


@room.post("/events/<slug>/registrations/<uid>/files/<file>", endpoint="events_registration_file")
@access("desk.enter")
def file(slug: str, uid: str, file: str) -> Response:
    """Download a file somebody sent as an answer; that it was read is recorded."""
    found = _find(slug, uid)
    if file not in {answer.file.uid for answer in found.answers if answer.file}:
        raise NotFound
    kept, content = answer_files.read(slug, file, by=current_user)
    response = Response(content, content_type=kept.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=kept.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.post("/events/<slug>/registrations/<uid>/admit", endpoint="events_registration_admit")
@access("desk.enter")
def admit(slug: str, uid: str) -> ResponseReturnValue:
    """Confirm somebody who waits: take their offer for them, or give them a free place at the desk."""
    _find(slug, uid)
    try:
        waiting_list.admit(uid, by=current_user)
    except SoldOut as refusal:
        flash(str(refusal), "warning")
    else:
        flash(_("The place is confirmed."), "success")
    return _to(slug, uid)


@room.route("/events/<slug>/registrations/<uid>/cancel", endpoint="events_registration_cancel", methods=["GET", "POST"])
@access("desk.enter")
def cancel(slug: str, uid: str) -> ResponseReturnValue:
    """Ask what to say, and end a registration."""
    found = _find(slug, uid)
    form = EndForm()
    if form.validate_on_submit():
        try:
            registration.cancel(uid, by=current_user, message=form.message.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The registration is cancelled, and its place passes on."), "success")
            return _to(slug, uid)
    page = render_template("organiser/events/registration_cancel.html", event=found.event, found=found, form=form)
    return page, 422 if form.is_submitted() else 200


@room.get("/events/<slug>/registrations/<uid>/link", endpoint="events_registration_link_ask")
@access("desk.enter")
def ask_link(slug: str, uid: str) -> str:
    """Ask before a new link is sent."""
    found = _find(slug, uid)
    return ask(
        _("Send %(name)s a new link?", name=found.name),
        _("It goes to %(address)s. All links sent before stop working.", address=found.email),
        _("Send a new link"),
        url_for("organiser.events_registration", slug=slug, uid=uid),
        tone="primary",
    )


@room.post("/events/<slug>/registrations/<uid>/link", endpoint="events_registration_link")
@access("desk.enter")
def send_link(slug: str, uid: str) -> ResponseReturnValue:
    """Send somebody a new link to their registration."""
    _find(slug, uid)
    registration.renew_link(uid, by=current_user)
    flash(_("A new link is on its way."), "success")
    return _to(slug, uid)
