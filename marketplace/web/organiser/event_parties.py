"""The sides that meet at an event, at the desk: who they are, who comes for them, when they can, and who left."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.i18n import ngettext
from marketplace.models import MeetingParty, PartyRole, Registration
from marketplace.services import events, labels, paging
from marketplace.services.meetings import absences, parties, self_booking, slots
from marketplace.web.access import access
from marketplace.web.forms.organiser_meeting_sides import (
    AddPartyForm,
    PartyForm,
    SlotsForm,
    WithdrawForm,
    role_choices,
)
from marketplace.web.organiser.desk import page_number, room
from marketplace.web.organiser.event_meetings import HERE


@room.get(f"{HERE}/parties", endpoint="events_meetings_parties")
@access("desk.enter")
def listing(slug: str) -> str:
    """List the sides that meet, searched and filtered."""
    event = events.managed(slug, current_user)
    wanted = parties.Filter(
        query=request.args.get("q", "")[:200],
        role=labels.read(PartyRole, request.args.get("role")),
        is_withdrawn=request.args.get("left") == "yes",
    )
    return render_template(
        "organiser/events/meetings_parties.html",
        event=event,
        wanted=wanted,
        page=paging.page(parties.listing(event, wanted), page_number()),
        roles=list(role_choices().items()),
    )


def _to_list(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_meetings_parties", slug=slug), code=303)


def _to_one(slug: str, party: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.events_meetings_party", slug=slug, party=party), code=303)


@room.post(f"{HERE}/parties/enrol", endpoint="events_meetings_parties_enrol")
@access("desk.enter")
def enrol(slug: str) -> ResponseReturnValue:
    """Bring in everybody who can meet and is registered."""
    new = parties.enrol(slug, current_user)
    flash(ngettext("One side is new.", "%(num)s sides are new.", new), "success")
    return _to_list(slug)


@room.route(f"{HERE}/parties/new", endpoint="events_meetings_party_new", methods=["GET", "POST"])
@access("desk.enter")
def add(slug: str) -> ResponseReturnValue:
    """Bring in one side."""
    event = events.managed(slug, current_user)
    form = AddPartyForm()
    form.offer(parties.addable(event))
    if form.validate_on_submit():
        code, _colon, name = form.who.data.partition(":")
        role = PartyRole(code)
        keys = {"project": name} if role is PartyRole.PROJECT else {"organisation": name}
        try:
            party = parties.add(slug, role, current_user, **keys)
        except Invalid as refusal:
            form.refuse(Invalid("who", refusal.message))
        else:
            flash(_("They take part in the meetings now. Please check who comes and in which languages."), "success")
            return _to_one(slug, party.uid)
    page = render_template("organiser/events/meetings_party_new.html", event=event, form=form)
    return page, 422 if form.is_submitted() else 200


@room.route(f"{HERE}/parties/<party>", endpoint="events_meetings_party", methods=["GET", "POST"])
@access("desk.enter")
def edit(slug: str, party: str) -> ResponseReturnValue:
    """Show and change a side: its people, stand-ins, languages, how it takes part, floor and cap."""
    event = events.managed(slug, current_user)
    found = parties.find(event, party)
    form = PartyForm.of(found, parties.candidates(event, found))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            parties.edit(slug, party, form.details(), current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            form.form_errors.append(str(refusal))
            status = refusal.status
        else:
            flash(_("The changes are saved."), "success")
            return _to_one(slug, party)
    page = render_template(
        "organiser/events/meetings_party.html",
        event=event,
        party=found,
        form=form,
        meetings=self_booking.of_party(found),
    )
    return page, status


@room.route(f"{HERE}/parties/<party>/absences", endpoint="events_meetings_party_absences", methods=["GET", "POST"])
@access("desk.enter")
def away(slug: str, party: str) -> ResponseReturnValue:
    """Say in which slots a side, or with `?person=` one of its people, does not meet."""
    event = events.managed(slug, current_user)
    found = parties.find(event, party)
    person = _person(found, request.args.get("person", ""))
    usable = slots.all_slots(event.id)
    form = SlotsForm(data={"slots": list(absences.of_person(person) if person else absences.of_party(found))})
    form.offer_slots(usable)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        chosen = set(form.slots.data or ())
        try:
            parties.set_absences(slug, party, chosen, current_user, person.uid if person else "")
        except Conflict as refusal:
            form.form_errors.append(str(refusal))
            status = refusal.status
        else:
            flash(_("The changes are saved."), "success")
            return redirect(request.full_path.rstrip("?"), code=303)
    page = render_template(
        "organiser/events/meetings_party_absences.html",
        event=event,
        party=found,
        person=person,
        form=form,
        sessions=slots.of_event(event.id),
        notes={uid: absences.BLOCKS[block] for uid, block in absences.blocks(person, usable).items()} if person else {},
    )
    return page, status


def _person(party: MeetingParty, uid: str) -> Registration | None:
    if not uid:
        return None
    for member in party.members:
        if member.registration.uid == uid:
            return member.registration
    raise NotFound


@room.route(f"{HERE}/parties/<party>/withdraw", endpoint="events_meetings_party_withdraw", methods=["GET", "POST"])
@access("desk.enter")
def withdraw(slug: str, party: str) -> ResponseReturnValue:
    """Say what ends, ask for the reason, and take a side out of the meetings."""
    event = events.managed(slug, current_user)
    found = parties.find(event, party)
    form = WithdrawForm()
    if form.validate_on_submit():
        try:
            parties.withdraw(slug, party, form.reason.data or "", current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("They no longer take part in the meetings. The other sides have been told."), "success")
            return _to_list(slug)
    page = render_template(
        "organiser/events/meetings_party_withdraw.html",
        event=event,
        party=found,
        form=form,
        ending=parties.ending(found),
    )
    return page, 422 if form.is_submitted() else 200


@room.post(f"{HERE}/parties/<party>/reinstate", endpoint="events_meetings_party_reinstate")
@access("desk.enter")
def reinstate(slug: str, party: str) -> ResponseReturnValue:
    """Let a side that left take part again."""
    parties.reinstate(slug, party, current_user)
    flash(
        _("They take part in the meetings again. Their meetings of before do not come back by themselves."), "success"
    )
    return _to_one(slug, party)
