"""The programme of an event at the desk: its sessions by day, what clashes, and the life of each session."""

from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import i18n
from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Event, ProgrammeSession, SessionKind, SessionState
from marketplace.services import events, labels, programme, sign_ups
from marketplace.services.programme import Clash, ClashKind
from marketplace.services.seen import Overtaken
from marketplace.web.access import access
from marketplace.web.forms.moments import shown
from marketplace.web.forms.organiser_programme import NewSessionForm, SessionEditForm, SessionForm
from marketplace.web.organiser.desk import ask, room


@room.get("/events/<slug>/programme", endpoint="events_programme")
@access("desk.enter")
def listing(slug: str) -> str:
    """Show the sessions by day, drafts and cancelled ones too, and everything that clashes."""
    event = events.managed(slug, current_user)
    wanted = programme.Filter(
        day=request.args.get("day", "")[:10],
        track=request.args.get("track", "")[:22],
        room=request.args.get("room", "")[:22],
        kind=labels.read(SessionKind, request.args.get("kind")),
        query=request.args.get("q", "")[:200],
    )
    entries = programme.sessions(event, with_drafts=True)
    chosen = programme.chosen(event, entries, wanted)
    return render_template(
        "organiser/events/programme.html",
        event=event,
        wanted=wanted,
        days=[(date.fromisoformat(iso), those) for iso, those in programme.by_day(event, chosen).items()],
        every_day=[(iso, i18n.format_date(date.fromisoformat(iso))) for iso in programme.by_day(event, entries)],
        rooms=programme.rooms(event),
        tracks=programme.tracks(event),
        kinds=labels.choices(SessionKind),
        clashes=programme.clashes(event, entries),
        clash_words=clash_words,
        taken=sign_ups.taken(event.id),
    )


def clash_words(clash: Clash) -> str:
    """Say what clashes."""
    first = in_language(clash.first.titles)
    second = in_language(clash.second.titles) if clash.second else ""
    if clash.kind is ClashKind.ROOM:
        place = in_language(clash.first.room.names) if clash.first.room else ""
        return _(
            "“%(first)s” and “%(second)s” are in %(room)s at the same time.", first=first, second=second, room=place
        )
    if clash.kind is ClashKind.SPEAKER:
        name = clash.speaker.name if clash.speaker else ""
        return _(
            "%(name)s speaks in “%(first)s” and “%(second)s” at the same time.", name=name, first=first, second=second
        )
    if clash.kind is ClashKind.OUTSIDE:
        return _("“%(session)s” is not on a day of the event.", session=first)
    return _("“%(session)s” has more places than its room may hold.", session=first)


@room.route("/events/<slug>/programme/new", endpoint="events_session_new", methods=["GET", "POST"])
@access("desk.enter")
def add(slug: str) -> ResponseReturnValue:
    """Add a session."""
    event = events.managed(slug, current_user)
    form = NewSessionForm(data=_next(event))
    _offer(form, event)
    if form.validate_on_submit():
        state = SessionState.DRAFT if form.is_draft.data else SessionState.PUBLISHED
        try:
            entry = programme.add_session(slug, form.details(event), by=current_user, state=state)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The session is added."), "success")
            return _saved(event, entry.uid)
    status = 422 if form.is_submitted() else 200
    return render_template("organiser/events/session.html", form=form, event=event, entry=None), status


def _next(event: Event) -> dict[str, object]:
    """Propose the hour after the last session, in the languages of this reader."""
    entries = programme.sessions(event, with_drafts=True)
    begins = max((entry.ends_at for entry in entries), default=event.starts_at)
    return {
        "kind": SessionKind.PANEL.value,
        "starts_at": shown(begins, event.timezone),
        "ends_at": shown(begins + timedelta(hours=1), event.timezone),
    }


def _offer(form: SessionForm, event: Event) -> None:
    form.offer(programme.rooms(event), programme.tracks(event), programme.speakers(event))


def _saved(event: Event, uid: str) -> ResponseReturnValue:
    """Return to the programme and say at once what the session clashes with."""
    for clash in _clashes_of(event, uid):
        flash(clash_words(clash), "warning")
    return redirect(url_for("organiser.events_programme", slug=event.slug, _anchor=f"session-{uid}"), code=303)


def _clashes_of(event: Event, uid: str) -> list[Clash]:
    return [
        clash
        for clash in programme.clashes(event)
        if uid in {clash.first.uid, clash.second.uid if clash.second else ""}
    ]


@room.route("/events/<slug>/programme/<uid>", endpoint="events_session_edit", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str, uid: str) -> ResponseReturnValue:
    """Show and change one session."""
    event = events.managed(slug, current_user)
    entry = programme.managed_session(slug, uid, current_user)
    form = SessionEditForm.of(event, entry)
    _offer(form, event)
    form.show(programme.details_of(entry))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            details, seen = form.details(event, entry), form.seen.data or ""
            programme.edit_session(slug, uid, details, by=current_user, tell=form.tell.data, seen=seen)
        except Invalid as refusal:
            form.refuse(refusal)
        except Overtaken as refusal:
            form.catch_up(details, programme.details_of(entry))
            status = refusal.status
        else:
            flash(_("The session is saved."), "success")
            return _saved(event, uid)
    page = render_template(
        "organiser/events/session.html",
        form=form,
        event=event,
        entry=entry,
        clashes=[clash_words(clash) for clash in _clashes_of(event, uid)],
        number=programme.sign_up_count(entry),
    )
    return page, status


@room.post("/events/<slug>/programme/<uid>/publish", endpoint="events_session_publish")
@access("desk.enter")
def publish(slug: str, uid: str) -> ResponseReturnValue:
    """Show a session to everybody; a cancelled one takes place after all."""
    programme.set_session_state(slug, uid, SessionState.PUBLISHED, by=current_user)
    flash(_("The session is published."), "success")
    return _to(slug, uid)


@room.post("/events/<slug>/programme/<uid>/withdraw", endpoint="events_session_withdraw")
@access("desk.enter")
def withdraw(slug: str, uid: str) -> ResponseReturnValue:
    """Make a session a draft again."""
    programme.set_session_state(slug, uid, SessionState.DRAFT, by=current_user)
    flash(_("The session is a draft again."), "success")
    return _to(slug, uid)


def _to(slug: str, uid: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_session_edit", slug=slug, uid=uid), code=303)


@room.get("/events/<slug>/programme/<uid>/cancel", endpoint="events_session_cancel_ask")
@access("desk.enter")
def ask_cancel(slug: str, uid: str) -> str:
    """Ask before a session is called off."""
    entry = programme.managed_session(slug, uid, current_user)
    return _ask(
        entry,
        slug,
        _("Cancel “%(session)s”?", session=in_language(entry.titles)),
        _("It stays in the programme, marked as cancelled. Those who have it in theirs get a letter."),
        _("Cancel the session"),
    )


def _ask(entry: ProgrammeSession, slug: str, title: str, text: str, label: str) -> str:
    return ask(title, text, label, url_for("organiser.events_session_edit", slug=slug, uid=entry.uid))


@room.post("/events/<slug>/programme/<uid>/cancel", endpoint="events_session_cancel")
@access("desk.enter")
def cancel(slug: str, uid: str) -> ResponseReturnValue:
    """Call a session off."""
    programme.set_session_state(slug, uid, SessionState.CANCELLED, by=current_user)
    flash(_("The session is cancelled."), "success")
    return _to(slug, uid)


@room.get("/events/<slug>/programme/<uid>/remove", endpoint="events_session_remove_ask")
@access("desk.enter")
def ask_remove(slug: str, uid: str) -> str:
    """Ask before a session is removed."""
    entry = programme.managed_session(slug, uid, current_user)
    return _ask(
        entry,
        slug,
        _("Remove “%(session)s”?", session=in_language(entry.titles)),
        _("It disappears from the programme. A session somebody signed up for can only be cancelled."),
        _("Remove the session"),
    )


@room.post("/events/<slug>/programme/<uid>/remove", endpoint="events_session_remove")
@access("desk.enter")
def remove(slug: str, uid: str) -> ResponseReturnValue:
    """Remove a session nobody signed up for."""
    programme.remove_session(slug, uid, by=current_user)
    flash(_("The session is removed."), "success")
    return redirect(url_for("organiser.events_programme", slug=slug), code=303)
