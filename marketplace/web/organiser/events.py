"""Events at the desk: the list, one event, what is decided about it, and its life from draft to archive."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid
from marketplace.i18n import LANGUAGES, in_language
from marketplace.i18n import gettext as _
from marketplace.models import LIVE_STATES, Event, EventKind, EventLevel, EventMode, EventState
from marketplace.services import (
    attendance_numbers,
    events,
    labels,
    organisations,
    paging,
    programme,
    questions,
    seats,
    tickets,
    wallclock,
)
from marketplace.services.seen import Overtaken
from marketplace.web.access import access
from marketplace.web.forms.organiser_events import (
    CancelEventForm,
    CopyEventForm,
    EventEditForm,
    EventForm,
    MoveEventForm,
)
from marketplace.web.forms.translations import texts
from marketplace.web.language import reader_zone
from marketplace.web.organiser.desk import ask, page_number, room

_WHEN = {"over": True, "to-come": False}


@room.get("/events", endpoint="events")
@access("desk.enter")
def listing() -> str:
    """List the events the reader organises, searched and filtered."""
    wanted = events.Filter(
        query=request.args.get("q", "")[:200],
        kind=labels.read(EventKind, request.args.get("kind")),
        level=labels.read(EventLevel, request.args.get("level")),
        mode=labels.read(EventMode, request.args.get("mode")),
        state=labels.read(EventState, request.args.get("state")),
        is_over=_WHEN.get(request.args.get("when", "")),
    )
    page = paging.page(events.managed_listing(wanted, current_user), page_number())
    return render_template(
        "organiser/events/list.html",
        page=page,
        wanted=wanted,
        counts=attendance_numbers.by_event(page.items),
        kinds=labels.choices(EventKind),
        levels=labels.choices(EventLevel),
        states=labels.choices(EventState),
    )


@room.route("/events/new", endpoint="events_new", methods=["GET", "POST"])
@access("desk.platform")
def create() -> ResponseReturnValue:
    """Enter an event."""
    form = EventForm.of(None, reader_zone())
    form.offer(organisations.names())
    if form.validate_on_submit():
        try:
            event = events.create(form.details(), by=current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The event is entered as a draft: nobody else sees it yet."), "success")
            return _to(event.slug)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/events/new.html", form=form), status


@room.get("/events/<slug>", endpoint="events_event")
@access("desk.enter")
def event(slug: str) -> str:
    """Show one event: how it stands, what is missing, and what can be done with it."""
    found = events.managed(slug, current_user)
    entries = programme.sessions(found, with_drafts=True)
    return render_template(
        "organiser/events/event.html",
        event=found,
        counts=attendance_numbers.by_event([found])[found.id],
        counted=seats.tally(found),
        entries=entries,
        clashes=programme.clashes(found, entries),
        tickets=tickets.types(found),
        questions=questions.asked(found),
        is_over=wallclock.is_past(found.ends_at),
        moves=events.MOVES[found.state],
        missing=_missing(found),
        span=wallclock.span,
    )


def _missing(event: Event) -> list[tuple[str, list[str]]]:
    """Return what is written in some languages only: the words for it, and the codes of those that are missing."""
    pairs = (
        (_("Title"), event.titles),
        (_("Theme"), event.themes),
        (_("Description"), event.descriptions),
        (_("City or place"), event.places),
    )
    gaps = [(words, [code for code in LANGUAGES if not written.get(code)]) for words, written in pairs if written]
    return [(words, codes) for words, codes in gaps if codes]


@room.route("/events/<slug>/edit", endpoint="events_edit", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str) -> ResponseReturnValue:
    """Change what is decided about an event."""
    found = events.managed(slug, current_user)
    form = EventEditForm.of(found, found.timezone)
    form.offer(organisations.names())
    form.show(events.details_of(found))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            details = form.details(found)
            events.edit(slug, details, by=current_user, tell=form.tell.data, seen=form.seen.data or "")
        except Invalid as refusal:
            form.refuse(refusal)
        except Overtaken as refusal:
            form.catch_up(details, events.details_of(found))
            status = refusal.status
        else:
            flash(_("The changes are saved."), "success")
            return _to(slug)
    return render_template("organiser/events/edit.html", form=form, event=found), status


def _to(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_event", slug=slug), code=303)


@room.post("/events/<slug>/publish", endpoint="events_publish")
@access("desk.enter")
def publish(slug: str) -> ResponseReturnValue:
    """Show a draft to everybody."""
    events.publish(slug, by=current_user)
    flash(_("The event is published: everybody can see it now."), "success")
    return _to(slug)


@room.get("/events/<slug>/withdraw", endpoint="events_withdraw_ask")
@access("desk.enter")
def ask_withdraw(slug: str) -> str:
    """Ask before a published event becomes a draft again."""
    found = events.managed(slug, current_user)
    return ask(
        _("Make “%(event)s” a draft again?", event=in_language(found.titles)),
        _("Its page and its calendar disappear until you publish it. This works while nobody has registered."),
        _("Make it a draft"),
        url_for("organiser.events_event", slug=slug),
    )


@room.post("/events/<slug>/withdraw", endpoint="events_withdraw")
@access("desk.enter")
def withdraw(slug: str) -> ResponseReturnValue:
    """Make a published event a draft again."""
    events.withdraw(slug, by=current_user)
    flash(_("The event is a draft again."), "success")
    return _to(slug)


@room.route("/events/<slug>/cancel", endpoint="events_cancel", methods=["GET", "POST"])
@access("desk.enter")
def cancel(slug: str) -> ResponseReturnValue:
    """Ask for the words to say, and call the event off."""
    found = events.managed(slug, current_user)
    form = CancelEventForm()
    if form.validate_on_submit():
        try:
            events.cancel(slug, by=current_user, notes=texts(form, "notes"))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The event is cancelled. Everybody registered gets a letter."), "success")
            return _to(slug)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/events/cancel.html", form=form, event=found, readers=_readers(found)), status


@room.get("/events/<slug>/archive", endpoint="events_archive_ask")
@access("desk.enter")
def ask_archive(slug: str) -> str:
    """Ask before an event is put away."""
    found = events.managed(slug, current_user)
    return ask(
        _("Archive “%(event)s”?", event=in_language(found.titles)),
        _("Its page stays to be read, and nothing about it can be changed any more. This cannot be undone."),
        _("Archive"),
        url_for("organiser.events_event", slug=slug),
    )


@room.post("/events/<slug>/archive", endpoint="events_archive")
@access("desk.enter")
def archive(slug: str) -> ResponseReturnValue:
    """Put an event away."""
    events.archive(slug, by=current_user)
    flash(_("The event is archived."), "success")
    return _to(slug)


@room.route("/events/<slug>/copy", endpoint="events_copy", methods=["GET", "POST"])
@access("desk.platform")
def copy(slug: str) -> ResponseReturnValue:
    """Make a draft like this event that begins on another day."""
    found = events.managed(slug, current_user)
    form = CopyEventForm()
    if form.validate_on_submit():
        try:
            twin = events.copy(slug, by=current_user, first_day=form.first_day.data)
        except Invalid as refusal:
            # The service counts days; the form asks for one.
            form.refuse(Invalid("first_day", refusal.message))
        else:
            flash(_("This is the copy, a draft. Please check its texts and dates before you publish it."), "success")
            return _to(twin.slug)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/events/copy.html", form=form, event=found), status


@room.route("/events/<slug>/move", endpoint="events_move", methods=["GET", "POST"])
@access("desk.enter")
def move(slug: str) -> ResponseReturnValue:
    """Show what moving an event by some days (`?days=`) does, and do it."""
    found = events.managed(slug, current_user)
    is_asked = request.method == "GET" and "days" in request.args
    form = MoveEventForm(request.args) if is_asked else MoveEventForm()
    after = None
    if (is_asked or form.is_submitted()) and form.validate():
        try:
            if not is_asked:
                events.move(slug, form.days.data, by=current_user, tell=form.tell.data)
                flash(_("The event is moved with all its sessions."), "success")
                return _to(slug)
            after = events.moved(found, form.days.data)
        except Invalid as refusal:
            form.refuse(refusal)
    page = render_template(
        "organiser/events/move.html",
        form=form,
        event=found,
        after=after,
        span=wallclock.span,
        sessions=len(programme.sessions(found, with_drafts=True)),
        readers=_readers(found),
    )
    return page, 422 if form.errors else 200


def _readers(event: Event) -> int:
    """Return how many would get a letter about the event."""
    counts = attendance_numbers.by_event([event])[event.id]
    return sum(counts[state] for state in LIVE_STATES)
