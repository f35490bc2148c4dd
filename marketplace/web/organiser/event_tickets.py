"""Tickets of an event at the desk: its types, and the places several of them share."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import AttendeeCategory, Event, TicketPool, TicketType
from marketplace.services import events, labels, seats, tickets
from marketplace.services.seen import Overtaken
from marketplace.web.access import access
from marketplace.web.forms.organiser_tickets import PoolForm, TicketForm
from marketplace.web.forms.translations import texts
from marketplace.web.organiser.desk import ask, room


@room.get("/events/<slug>/tickets", endpoint="events_tickets")
@access("desk.enter")
def listing(slug: str) -> str:
    """List the ticket types, hidden and closed ones too, and the shared places."""
    event = events.managed(slug, current_user)
    counted, listed = seats.tally(event), tickets.types(event)
    return render_template(
        "organiser/events/tickets.html",
        event=event,
        tickets=listed,
        pools=tickets.pools(event),
        held={ticket.id: counted.with_ticket(ticket) for ticket in listed},
        counted=counted,
        categories=dict(labels.choices(AttendeeCategory)),
    )


@room.route("/events/<slug>/tickets/new", endpoint="events_ticket_new", methods=["GET", "POST"])
@access("desk.enter")
def add(slug: str) -> ResponseReturnValue:
    """Add a ticket type."""
    return _form(events.managed(slug, current_user), None)


@room.route("/events/<slug>/tickets/<uid>", endpoint="events_ticket_edit", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str, uid: str) -> ResponseReturnValue:
    """Change a ticket type."""
    return _form(events.managed(slug, current_user), tickets.find(slug, uid, current_user))


def _form(event: Event, ticket: TicketType | None) -> ResponseReturnValue:
    form = TicketForm.of(event, ticket)
    form.offer(tickets.pools(event))
    form.show(tickets.details_of(ticket) if ticket else None)
    status, uid = 422 if form.is_submitted() else 200, ticket.uid if ticket else ""
    if form.validate_on_submit():
        try:
            details = form.details(event, ticket)
            saved = tickets.save(event.slug, details, by=current_user, uid=uid, seen=form.seen.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        except Overtaken as refusal:
            form.catch_up(details, tickets.details_of(tickets.find(event.slug, uid, current_user)))
            status = refusal.status
        else:
            flash(_("The ticket is saved."), "success")
            if saved.price:
                flash(_("Payment is not open yet: nobody can take this ticket until it is free."), "warning")
            return _to(event.slug)
    page = render_template("organiser/events/ticket.html", form=form, event=event, ticket=ticket)
    return page, status


def _to(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_tickets", slug=slug), code=303)


@room.post("/events/<slug>/tickets/<uid>/close", endpoint="events_ticket_close")
@access("desk.enter")
def close(slug: str, uid: str) -> ResponseReturnValue:
    """Stop offering a ticket type."""
    tickets.set_open(slug, uid, False, by=current_user)
    flash(_("The ticket is not offered any more. Whoever has it keeps it."), "success")
    return _to(slug)


@room.post("/events/<slug>/tickets/<uid>/open", endpoint="events_ticket_open")
@access("desk.enter")
def reopen(slug: str, uid: str) -> ResponseReturnValue:
    """Offer a ticket type again."""
    tickets.set_open(slug, uid, True, by=current_user)
    flash(_("The ticket is offered again."), "success")
    return _to(slug)


@room.get("/events/<slug>/tickets/<uid>/remove", endpoint="events_ticket_remove_ask")
@access("desk.enter")
def ask_remove(slug: str, uid: str) -> str:
    """Ask before a ticket type is removed."""
    return ask(
        _("Remove the ticket “%(ticket)s”?", ticket=in_language(tickets.find(slug, uid, current_user).names)),
        _("This works while nobody has it; else you can stop offering it."),
        _("Remove"),
        url_for("organiser.events_tickets", slug=slug),
    )


@room.post("/events/<slug>/tickets/<uid>/remove", endpoint="events_ticket_remove")
@access("desk.enter")
def remove(slug: str, uid: str) -> ResponseReturnValue:
    """Remove a ticket type nobody has."""
    tickets.remove(slug, uid, by=current_user)
    flash(_("The ticket is removed."), "success")
    return _to(slug)


@room.route("/events/<slug>/pools/new", endpoint="events_pool_new", methods=["GET", "POST"])
@access("desk.enter")
def add_pool(slug: str) -> ResponseReturnValue:
    """Add places that several ticket types share."""
    return _pool_form(events.managed(slug, current_user), PoolForm(), None)


@room.route("/events/<slug>/pools/<uid>", endpoint="events_pool_edit", methods=["GET", "POST"])
@access("desk.enter")
def edit_pool(slug: str, uid: str) -> ResponseReturnValue:
    """Change shared places."""
    event = events.managed(slug, current_user)
    pool = _find_pool(event, uid)
    return _pool_form(event, PoolForm.of(pool), pool)


def _find_pool(event: Event, uid: str) -> TicketPool:
    for pool in tickets.pools(event):
        if pool.uid == uid:
            return pool
    raise NotFound


def _pool_form(event: Event, form: PoolForm, pool: TicketPool | None) -> ResponseReturnValue:
    if form.validate_on_submit():
        try:
            tickets.save_pool(
                event.slug, texts(form, "names"), form.capacity.data, by=current_user, uid=pool.uid if pool else ""
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The shared places are saved."), "success")
            return _to(event.slug)
    page = render_template("organiser/events/pool.html", form=form, event=event, pool=pool)
    return page, 422 if form.is_submitted() else 200


@room.get("/events/<slug>/pools/<uid>/remove", endpoint="events_pool_remove_ask")
@access("desk.enter")
def ask_remove_pool(slug: str, uid: str) -> str:
    """Ask before shared places are removed."""
    pool = _find_pool(events.managed(slug, current_user), uid)
    return ask(
        _("Remove the shared places “%(name)s”?", name=in_language(pool.names)),
        _("This works while no ticket uses them."),
        _("Remove"),
        url_for("organiser.events_tickets", slug=slug),
    )


@room.post("/events/<slug>/pools/<uid>/remove", endpoint="events_pool_remove")
@access("desk.enter")
def remove_pool(slug: str, uid: str) -> ResponseReturnValue:
    """Remove shared places no ticket uses."""
    _find_pool(events.managed(slug, current_user), uid)
    tickets.remove_pool(slug, uid, by=current_user)
    flash(_("The shared places are removed."), "success")
    return _to(slug)
