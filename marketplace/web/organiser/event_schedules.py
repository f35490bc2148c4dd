"""The scheduling room of an event at the desk: runs of the engine, drafts side by side, the plan, publication."""

import json
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import Event, MeetingSlot, Schedule, ScheduleKind, ScheduleState
from marketplace.services import events, labels, paging, search, wallclock
from marketplace.services.meetings import parties, setup, slots, tables
from marketplace.services.meetings.scheduling import drafts, grid, inputs, publishing, reports, runs
from marketplace.services.meetings.scheduling.drafts import Pick, Touched
from marketplace.services.meetings.scheduling.publishing import NotReady, StaleDraft
from marketplace.services.meetings.scheduling.staffing import Places, Seat
from marketplace.web.access import access
from marketplace.web.forms import choices
from marketplace.web.forms.organiser_schedules import AddForm, MoveForm, RunForm
from marketplace.web.organiser.desk import ask, page_number, room

_ONE = "/events/<slug>/schedules/<uid>"

UNMET = 25
"""Unmet wishes on a page."""


@room.get("/events/<slug>/schedules", endpoint="events_schedules")
@access("desk.enter")
def listing(slug: str) -> str:
    """List the runs of an event side by side, with what each is worth, and offer another one."""
    event = events.managed(slug, current_user)
    return _list(event, _run_form(event))


def _list(event: Event, form: RunForm) -> str:
    found = drafts.of_event(event.id)
    return render_template(
        "organiser/events/schedules.html",
        event=event,
        rules=setup.of(event.id),
        runs=found,
        form=form,
        states=dict(labels.choices(ScheduleState)),
        kinds=dict(labels.choices(ScheduleKind)),
        is_moving=any(run.state in {ScheduleState.QUEUED, ScheduleState.RUNNING} for run in found),
        digest=inputs.digest(event.id),
    )


def _run_form(event: Event) -> RunForm:
    form = RunForm()
    form.offer(drafts.of_event(event.id))
    return form


@room.post("/events/<slug>/schedules", endpoint="events_schedule_start")
@access("desk.enter")
def start(slug: str) -> ResponseReturnValue:
    """Ask the engine for a run."""
    event = events.managed(slug, current_user)
    form = _run_form(event)
    if form.validate_on_submit():
        try:
            runs.start(
                slug,
                ScheduleKind(form.kind.data),
                current_user,
                seconds=form.seconds.data,
                seed=form.seed.data,
                options=form.options(),
                title=form.title.data or "",
            )
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            flash(str(refusal), "warning")
            return _list(event, form), 409
        else:
            flash(_("The engine has begun. This page shows how far it is."), "success")
            return redirect(url_for("organiser.events_schedules", slug=slug), code=303)
    return _list(event, form), 422


@room.post(f"{_ONE}/cancel", endpoint="events_schedule_cancel")
@access("desk.enter")
def cancel(slug: str, uid: str) -> ResponseReturnValue:
    """Ask a run to end; the best so far becomes the draft."""
    runs.cancel(slug, uid, current_user)
    flash(_("The engine ends; the best so far becomes the draft."), "success")
    return redirect(url_for("organiser.events_schedules", slug=slug), code=303)


@room.get(_ONE, endpoint="events_schedule")
@access("desk.enter")
def report(slug: str, uid: str) -> str:
    """Show what a run found: figures against their bounds, wishes not met and why, fairness."""
    event, run = _found(slug, uid)
    found = reports.of(event, run)
    query, musts_only = request.args.get("q", "")[:200], request.args.get("only") == "must"
    unmet = reports.chosen(found.unmet, query, musts_only=musts_only)
    return render_template(
        "organiser/events/schedule.html",
        event=event,
        run=run,
        report=found,
        wanted={"query": query, "musts_only": musts_only},
        page=paging.page_of_list(unmet, page_number(), UNMET),
        states=dict(labels.choices(ScheduleState)),
        kinds=dict(labels.choices(ScheduleKind)),
        is_stale=_is_stale(event, run),
        party_title=parties.title,
        party_subtitle=parties.subtitle,
    )


@room.get(f"{_ONE}/plan", endpoint="events_schedule_plan")
@access("desk.enter")
def plan(slug: str, uid: str) -> str:
    """Show a plan as a grid of tables by slots; a draft can be changed there."""
    event, run = _found(slug, uid)
    return _plan(event, run)


def _plan(event: Event, run: Schedule, problem: str = "") -> str:
    places = Places(event)
    seats = drafts.seats(event, run, places)
    return render_template(
        "organiser/events/schedule_plan.html",
        event=event,
        run=run,
        grids=grid.of(places, seats),
        problems=[seat for seat in seats if seat.problem],
        problem_words=drafts.PROBLEMS,
        touched=_touched(run, seats),
        refusal=problem,
        is_editable=run.state is ScheduleState.DRAFT,
        is_stale=_is_stale(event, run, places.present.digest),
        party_title=parties.title,
        party_subtitle=parties.subtitle,
    )


@room.get(f"{_ONE}/parties", endpoint="events_schedule_parties")
@access("desk.enter")
def lists(slug: str, uid: str) -> str:
    """Show a plan as a list per party; to be printed, too."""
    event, run = _found(slug, uid)
    places = Places(event)
    query = request.args.get("q", "")[:200]
    every = grid.by_party(places, drafts.seats(event, run, places))
    return render_template(
        "organiser/events/schedule_parties.html",
        event=event,
        run=run,
        query=query,
        lists=[(party, seats) for party, seats in every if search.fits(query, party.search_text)],
        is_stale=_is_stale(event, run),
        party_title=parties.title,
        party_subtitle=parties.subtitle,
    )


@room.route(f"{_ONE}/move", endpoint="events_schedule_move", methods=["GET", "POST"])
@access("desk.enter")
def move(slug: str, uid: str) -> ResponseReturnValue:
    """Give a meeting of a draft another slot and table. Dragging in the grid posts the same form."""
    event, run = _found(slug, uid)
    form = MoveForm()
    pick = _pick(request.values)
    seats = drafts.seats(event, run)
    seat = next((one for one in seats if (one.first.uid, one.second.uid, one.round) == _key(pick)), None)
    if seat is None:
        raise NotFound
    form.slot.choices = choices(_slot_choices(event))
    form.table.choices = choices(
        [("", _("Any free table")), *((one.uid, str(one.number)) for one in tables.of_event(event.id))]
    )
    if request.method == "GET":
        form.first.data, form.second.data, form.round.data = pick.first, pick.second, str(pick.round)
        form.revision.data, form.slot.data = str(run.revision), seat.slot.uid
        form.table.data = seat.table.uid if seat.table else ""
    elif form.validate_on_submit():
        try:
            drafts.move(
                slug,
                uid,
                pick,
                form.slot.data,
                current_user,
                table_uid=form.table.data or "",
                revision=_whole(form.revision.data),
            )
        except drafts.Impossible as refusal:
            if request.headers.get("X-Plan") == "grid":
                return _plan(event, run, str(refusal)), 409
            form.slot.errors = [str(refusal)]
        except Conflict:
            return _changed_meanwhile(slug, uid)
        else:
            return _to_plan(slug, uid)
    page = render_template(
        "organiser/events/schedule_move.html",
        event=event,
        run=run,
        form=form,
        seat=seat,
        party_title=parties.title,
    )
    return page, 422 if request.method == "POST" else 200


def _slot_choices(event: Event) -> list[tuple[str, str]]:
    return [(slot.uid, _slot_words(event, slot)) for slot in slots.all_slots(event.id)]


def _slot_words(event: Event, slot: MeetingSlot) -> str:
    return wallclock.span(slot.starts_at, slot.ends_at, event.timezone)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _pick(values: Any) -> Pick:
    return Pick(values.get("first", ""), values.get("second", ""), _whole(values.get("round")) or 1)


def _key(pick: Pick) -> tuple[str, str, int]:
    return pick.first, pick.second, pick.round


@room.route(f"{_ONE}/add", endpoint="events_schedule_add", methods=["GET", "POST"])
@access("desk.enter")
def add(slug: str, uid: str) -> ResponseReturnValue:
    """Add a meeting to a draft by hand."""
    event, run = _found(slug, uid)
    form = AddForm()
    here = [(party.uid, _party_words(party)) for party in parties.of_event(event.id)]
    form.first.choices = form.second.choices = choices([("", _("Please choose")), *here])
    pick = _pick(request.values)
    form.first.data, form.second.data = pick.first, pick.second
    times = None
    if pick.first and pick.second:
        try:
            times = drafts.times(event, run, pick)
        except drafts.Impossible as refusal:
            form.second.errors = [str(refusal)]
        except NotFound:
            form.first.errors = [_("Please choose from the list.")]
    form.slot.choices = _free_first(event, times or [])
    if times is not None and form.validate_on_submit():
        try:
            drafts.add(
                slug,
                uid,
                Pick(form.first.data, form.second.data),
                form.slot.data,
                current_user,
                revision=_whole(form.revision.data),
            )
        except drafts.Impossible as refusal:
            form.slot.errors = [str(refusal)]
        except Conflict:
            return _changed_meanwhile(slug, uid)
        else:
            return _to_plan(slug, uid)
    elif request.method == "GET":
        form.revision.data = str(run.revision)
    page = render_template("organiser/events/schedule_add.html", event=event, run=run, form=form, times=times)
    return page, 422 if form.is_submitted() else 200


def _free_first(event: Event, times: list[tuple[MeetingSlot, str]]) -> list[Any]:
    free = [(slot.uid, _slot_words(event, slot)) for slot, clash in times if not clash]
    clashing = [(slot.uid, f"{_slot_words(event, slot)}: {clash}") for slot, clash in times if clash]
    return [
        *(choices(free, _("Free for both")) if free else []),
        *(choices(clashing, _("Not possible")) if clashing else []),
    ]


def _party_words(party: Any) -> str:
    below = parties.subtitle(party)
    return f"{parties.title(party)} ({below})" if below else parties.title(party)


@room.post(f"{_ONE}/drop", endpoint="events_schedule_drop")
@access("desk.enter")
def drop(slug: str, uid: str) -> ResponseReturnValue:
    """Take a meeting out of a draft."""
    try:
        drafts.drop(slug, uid, _pick(request.form), current_user, revision=_whole(request.form.get("revision")))
    except Conflict:
        return _changed_meanwhile(slug, uid)
    return _to_plan(slug, uid)


@room.post(f"{_ONE}/lock", endpoint="events_schedule_lock")
@access("desk.enter")
def lock(slug: str, uid: str) -> ResponseReturnValue:
    """Lock a meeting of a draft, or let it go."""
    try:
        drafts.set_lock(
            slug,
            uid,
            _pick(request.form),
            current_user,
            is_locked=request.form.get("locked") == "1",
            revision=_whole(request.form.get("revision")),
        )
    except Conflict:
        return _changed_meanwhile(slug, uid)
    return _to_plan(slug, uid)


def _changed_meanwhile(slug: str, uid: str) -> ResponseReturnValue:
    """Show the plan as it is now to whoever changed one that is not that any more."""
    event, run = _found(slug, uid)
    return _plan(
        event, run, _("This plan was changed meanwhile. Here it is as it is now; nothing of yours was done.")
    ), 409


def _to_plan(slug: str, uid: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_schedule_plan", slug=slug, uid=uid), code=303)


@room.post(f"{_ONE}/rename", endpoint="events_schedule_rename")
@access("desk.enter")
def rename(slug: str, uid: str) -> ResponseReturnValue:
    """Give a draft a title."""
    try:
        drafts.rename(slug, uid, request.form.get("title", ""), current_user)
    except Invalid as refusal:
        flash(str(refusal), "warning")
    return redirect(url_for("organiser.events_schedule", slug=slug, uid=uid), code=303)


@room.get(f"{_ONE}/discard", endpoint="events_schedule_discard_ask")
@access("desk.enter")
def ask_discard(slug: str, uid: str) -> str:
    """Ask before a draft is removed."""
    event, run = _found(slug, uid)
    return ask(
        _("Remove draft %(number)s?", number=run.number),
        _("The meetings there are stay as they are."),
        _("Remove"),
        url_for("organiser.events_schedules", slug=event.slug),
    )


@room.post(f"{_ONE}/discard", endpoint="events_schedule_discard")
@access("desk.enter")
def discard(slug: str, uid: str) -> ResponseReturnValue:
    """Remove a draft."""
    drafts.discard(slug, uid, current_user)
    flash(_("The draft is removed."), "success")
    return redirect(url_for("organiser.events_schedules", slug=slug), code=303)


@room.route(f"{_ONE}/publish", endpoint="events_schedule_publish", methods=["GET", "POST"])
@access("desk.enter")
def publish(slug: str, uid: str) -> ResponseReturnValue:
    """Show what publishing a draft would change, and do it."""
    event, run = _found(slug, uid)
    if request.method == "POST":
        try:
            found = publishing.publish(slug, uid, current_user, is_final=request.form.get("final") == "1")
        except (StaleDraft, NotReady) as refusal:
            return _difference(event, run, str(refusal)), 409
        flash(
            _(
                "The schedule is published: %(new)s new, %(moved)s moved, %(dropped)s dropped, %(kept)s as before. "
                "Letters go to those concerned only.",
                **found.counts(),
            ),
            "success",
        )
        return redirect(url_for("organiser.events_schedules", slug=slug), code=303)
    return _difference(event, run)


def _difference(event: Event, run: Schedule, problem: str = "") -> str:
    seats = drafts.seats(event, run)
    return render_template(
        "organiser/events/schedule_publish.html",
        event=event,
        run=run,
        rules=setup.of(event.id),
        found=publishing.difference(event.id, seats),
        is_stale=_is_stale(event, run),
        problems=[seat for seat in seats if seat.problem],
        problem_words=drafts.PROBLEMS,
        touched=_touched(run, seats),
        refusal=problem,
        party_title=parties.title,
    )


@room.post(f"{_ONE}/replay", endpoint="events_schedule_replay")
@access("desk.enter")
def replay(slug: str, uid: str) -> ResponseReturnValue:
    """Solve the kept problem of a run again and say whether the answer is the same."""
    found = runs.replay(slug, uid, current_user)
    if found["same"]:
        flash(_("The same problem and seed gave the same meetings again."), "success")
    elif not found["complete"]:
        flash(_("The clock cut one of the two runs, so they differ. Allow more time for runs that repeat."), "warning")
    else:
        flash(_("The answer differs: %(value)s instead of %(was)s.", **found), "warning")
    return redirect(url_for("organiser.events_schedule", slug=slug, uid=uid), code=303)


@room.get(f"{_ONE}/<any(problem, answer):part>.json", endpoint="events_schedule_file")
@access("desk.enter")
def file(slug: str, uid: str, part: str) -> Response:
    """Download what the engine was given, or what it answered, in its own formats."""
    _event, run = _found(slug, uid)
    problem, answer = drafts.documents(run)
    content = problem if part == "problem" else answer
    if not content:
        raise NotFound
    response = Response(json.dumps(content), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{part}-{slug}-{run.number}.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _found(slug: str, uid: str) -> tuple[Event, Schedule]:
    event = events.managed(slug, current_user)
    return event, drafts.find(event, uid)


def _is_stale(event: Event, run: Schedule, digest: str = "") -> bool:
    return run.state is ScheduleState.DRAFT and run.base_digest != (digest or inputs.digest(event.id))


def _touched(run: Schedule, seats: list[Seat]) -> Touched | None:
    """Return what a draft lost to others since; a plan that was published is history."""
    return drafts.touched(run, seats) if run.state is ScheduleState.DRAFT else None
