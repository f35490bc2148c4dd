"""One's own agenda, and one meeting: notes, another time, other people, the end of it."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import MeetingState
from marketplace.services import sign_ups
from marketplace.services.meetings import agenda as agendas
from marketplace.services.meetings import availability, booking, partners, rules, self_booking, settling, slots
from marketplace.services.meetings.agenda import Item
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.meetings import AnotherTimeForm, CancelForm, NoteForm, PeopleForm
from marketplace.web.meetings.blueprint import Here, enter, frame, profile_url, reader, room


@room.get("")
@access(SIGNED_IN)
def agenda(slug: str) -> str:
    """Show sessions and meetings in one, by day, and what can be done now."""
    here = enter(slug)
    registration = here.registration
    items = agendas.of_person(here.event, registration, here.mine)
    return render_template(
        "meetings/agenda.html",
        **frame(here),
        days=agendas.by_day(here.event, items),
        meetings=[item for item in items if item.meeting is not None],
        notes=self_booking.notes([item.meeting for item in items if item.meeting is not None], reader()),
        links=sign_ups.links(registration, here.event),
        cancelled=agendas.cancelled(here.mine),
        has_slots=bool(slots.all_slots(here.event.id)),
    )


def _own(slug: str, uid: str) -> tuple[Here, Item]:
    """Return one meeting as the side of the reader's that holds it; raises `NotFound` for others'."""
    here = enter(slug)
    own = self_booking.find(uid, reader())
    if own.meeting.event_id != here.event.id:
        raise NotFound
    return here.acting_as(own.party), agendas.item_of(own.meeting, [own.party])


@room.get("/<uid>")
@access(SIGNED_IN)
def meeting(slug: str, uid: str) -> ResponseReturnValue:
    """Show one meeting and what can be done with it."""
    return _meeting_page(slug, uid)


def _meeting_page(slug: str, uid: str, status: int = 200, refusal: str = "", **forms: object) -> ResponseReturnValue:
    here, item = _own(slug, uid)
    held, party, other = item.meeting, item.party, item.other
    if held is None or party is None or other is None:
        raise NotFound
    is_open = held.state is MeetingState.SCHEDULED and booking.may_change_until(here.set_up, held)
    free = []
    if is_open:
        free = [slot for slot in availability.free_slots(party, other) if rules.can_ask(here.set_up, slot)]
    people = PeopleForm(data={"people": [person.uid for person in item.people(party)]})
    able = set(settling.free_people(party, held.slot, but=held.id)) if is_open else set()
    people.offer(member.registration for member in party.members if member.registration_id in able)
    page = render_template(
        "meetings/meeting.html",
        **{
            **frame(here),
            "item": item,
            "meeting": held,
            "is_changeable": is_open,
            "days": agendas.slots_by_day(here.event, free),
            "people_form": people,
            "note_form": NoteForm(data={"text": self_booking.notes([held], reader()).get(held.id, "")}),
            "cancel_form": CancelForm(formdata=None),
            "slot_form": AnotherTimeForm.fresh(),
            "refusal": refusal,
            "profile_url": profile_url(other),
            "can_see_partner": partners.may_see(here.set_up, party, other) and other.withdrawn_at is None,
            **forms,
        },
    )
    return page, status


@room.post("/<uid>/note")
@access(SIGNED_IN)
def note(slug: str, uid: str) -> ResponseReturnValue:
    """Keep a private note; an empty one removes it."""
    here, _item = _own(slug, uid)
    form = NoteForm()
    if not form.validate():
        return _meeting_page(slug, uid, 422, note_form=form)
    self_booking.note(uid, form.text.data or "", reader())
    flash(_("Your note is saved. Only you see it."), "success")
    return here.to("meeting", uid=uid)


@room.post("/<uid>/move")
@access(SIGNED_IN)
def move(slug: str, uid: str) -> ResponseReturnValue:
    """Give the meeting another time."""
    here, _item = _own(slug, uid)
    form = AnotherTimeForm()
    if not form.validate():
        return _meeting_page(slug, uid, 422, slot_form=form)
    try:
        self_booking.move(uid, form.slot.data or "", reader(), form.why.data or "")
    except Conflict as refusal:
        return _meeting_page(slug, uid, refusal.status, str(refusal), slot_form=form)
    flash(_("The meeting has a new time. Both sides were told."), "success")
    return here.to("meeting", uid=uid)


@room.post("/<uid>/people")
@access(SIGNED_IN)
def hand_over(slug: str, uid: str) -> ResponseReturnValue:
    """Let other people of one's side hold the meeting."""
    here, _item = _own(slug, uid)
    form = PeopleForm()
    form.people.validate_choice = False
    try:
        self_booking.hand_over(uid, list(form.people.data or ()), reader())
    except Conflict as refusal:
        return _meeting_page(slug, uid, refusal.status, str(refusal))
    flash(_("The meeting was handed over."), "success")
    return here.to("meeting", uid=uid)


@room.post("/<uid>/cancel")
@access(SIGNED_IN)
def cancel(slug: str, uid: str) -> ResponseReturnValue:
    """Cancel the meeting and say why."""
    here, _item = _own(slug, uid)
    form = CancelForm()
    if not form.validate():
        return _meeting_page(slug, uid, 422, cancel_form=form)
    try:
        self_booking.cancel(uid, form.reason.data or "", reader())
    except Invalid as refusal:
        form.refuse(refusal)
        return _meeting_page(slug, uid, 422, cancel_form=form)
    except Conflict as refusal:
        return _meeting_page(slug, uid, refusal.status, str(refusal), cancel_form=form)
    flash(_("The meeting is cancelled. Both sides were told."), "success")
    return here.to("agenda")
