"""Meetings of an event at the desk: how they stand, their rules, and the half days on which they take place."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import Event, MeetingSession, PartyRole
from marketplace.services import events, labels, paging, wallclock
from marketplace.services.meetings import parties, setup, slots, wishes
from marketplace.web.access import access
from marketplace.web.forms.organiser_meetings import PAIRINGS, ROLES, MeetingSessionForm, RulesForm
from marketplace.web.organiser.desk import page_number, room

HERE = "/events/<slug>/meetings"


@room.context_processor
def _words() -> dict[str, Any]:
    return {"party_title": parties.title, "party_subtitle": parties.subtitle}


@room.get(HERE, endpoint="events_meetings")
@access("desk.enter")
def overview(slug: str) -> str:
    """Show the phase, what cannot work, and how every side stands: who has nobody to meet, who has too many."""
    event = events.managed(slug, current_user)
    rules = setup.of(event.id)
    supply = wishes.supply(event) if rules is not None else None
    sort = request.args.get("sort", "")
    wanted: dict[str, Any] = {
        "query": request.args.get("q", "")[:200],
        "only": request.args.get("only", ""),
        "sort": sort if sort.removeprefix("-") in wishes.SORTS else "name",
        "role": labels.read(PartyRole, request.args.get("role")),
    }
    standings = supply.standings if supply else []
    return render_template(
        "organiser/events/meetings_overview.html",
        event=event,
        rules=rules,
        phase=setup.PHASES[setup.phase(rules)],
        problems=setup.problems(event, rules),
        supply=supply,
        wanted=wanted,
        roles=[
            choice for choice in labels.choices(PartyRole) if choice[0] in {one.party.role.value for one in standings}
        ],
        counts={only: len(wishes.arranged(standings, only=only)) for only in ("without", "short", "drowning")},
        page=paging.page_of_list(wishes.arranged(standings, **wanted), page_number()),
    )


@room.route(f"{HERE}/rules", endpoint="events_meetings_rules", methods=["GET", "POST"])
@access("desk.enter")
def rules(slug: str) -> ResponseReturnValue:
    """Change who may meet whom, how often, and when; what cannot work is said first and saved when confirmed."""
    event = events.managed(slug, current_user)
    found = setup.of(event.id)
    form = RulesForm.of(event, found)
    status, refusal, different = 200, None, None
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                setup.save(slug, form.rules(event, found), current_user, is_confirmed="confirmed" in request.form)
            except Invalid as error:
                form.refuse(error)
            except setup.Impossible as error:
                refusal, status = error, error.status
            except Conflict as error:
                different, status = form.catch_up(event, setup.of(event.id)), error.status
            else:
                flash(_("The rules are saved."), "success")
                return redirect(url_for("organiser.events_meetings", slug=slug), code=303)
    page = render_template(
        "organiser/events/meetings_rules.html",
        event=event,
        form=form,
        roles=ROLES,
        pairings=PAIRINGS,
        refusal=refusal,
        different=different,
    )
    return page, status


@room.get(f"{HERE}/sessions", endpoint="events_meetings_sessions")
@access("desk.enter")
def sessions(slug: str) -> str:
    """List the meeting sessions with their slots and meetings."""
    event = events.managed(slug, current_user)
    return render_template(
        "organiser/events/meetings_sessions.html",
        event=event,
        sessions=slots.of_event(event.id),
        counts=slots.meetings_by_session(event.id),
        span=wallclock.span,
    )


@room.route(f"{HERE}/sessions/new", endpoint="events_meetings_session_new", methods=["GET", "POST"])
@access("desk.enter")
def add_session(slug: str) -> ResponseReturnValue:
    """Add a meeting session."""
    return _session_form(events.managed(slug, current_user), None)


@room.route(f"{HERE}/sessions/<session>", endpoint="events_meetings_session", methods=["GET", "POST"])
@access("desk.enter")
def edit_session(slug: str, session: str) -> ResponseReturnValue:
    """Change a meeting session; it asks before meetings end or change their place."""
    event = events.managed(slug, current_user)
    return _session_form(event, slots.find(event, session))


def _session_form(event: Event, found: MeetingSession | None) -> ResponseReturnValue:
    slug, uid = event.slug, found.uid if found else ""
    form = MeetingSessionForm.of(event, found)
    status, refusal, spans = 200, None, None
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                details = form.details(event, found)
                if "preview" in request.form:
                    spans, status = slots.preview(event, details), 200
                else:
                    slots.save(slug, details, current_user, uid, is_confirmed="confirmed" in request.form)
                    flash(_("The meeting session is saved."), "success")
                    return redirect(url_for("organiser.events_meetings_sessions", slug=slug), code=303)
            except Invalid as error:
                form.refuse(error)
            except (slots.WouldCancel, slots.WouldMove) as error:
                refusal, status = error, error.status
    page = render_template(
        "organiser/events/meetings_session.html", event=event, found=found, form=form, refusal=refusal, spans=spans
    )
    return page, status


@room.route(f"{HERE}/sessions/<session>/remove", endpoint="events_meetings_session_remove", methods=["GET", "POST"])
@access("desk.enter")
def remove_session(slug: str, session: str) -> ResponseReturnValue:
    """Ask, and take a meeting session out; where meetings would end, they are listed first."""
    event = events.managed(slug, current_user)
    found = slots.find(event, session)
    status, refusal = 200, None
    if request.method == "POST":
        try:
            slots.remove(slug, session, current_user, is_confirmed="confirmed" in request.form)
        except slots.WouldCancel as error:
            refusal, status = error, error.status
        else:
            flash(_("The meeting session is removed."), "success")
            return redirect(url_for("organiser.events_meetings_sessions", slug=slug), code=303)
    page = render_template("organiser/events/meetings_session_remove.html", event=event, found=found, refusal=refusal)
    return page, status
