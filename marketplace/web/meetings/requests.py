"""Requests to meet, in and out, and their answers."""

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import MeetingRequest, RequestState
from marketplace.services import paging, wallclock
from marketplace.services.meetings import partners
from marketplace.services.meetings import requests as meeting_requests
from marketplace.web import language
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.meetings import AcceptForm, DeclineForm, ProposeForm
from marketplace.web.meetings.blueprint import Here, enter, frame, profile_url, reader, room

SIZE = 25


@room.get("/requests", endpoint="requests")
@access(SIGNED_IN)
def list_requests(slug: str) -> str:
    """List the requests to and from one's sides, open ones first."""
    here = enter(slug)
    found = paging.page(meeting_requests.of_parties(here.event, here.mine), request.args.get("page", 1, type=int), SIZE)
    return render_template("meetings/requests.html", **frame(here), found=found, own={party.id for party in here.mine})


def _own(slug: str, uid: str) -> tuple[Here, MeetingRequest]:
    """Return a request of one of the reader's sides; raises `NotFound` for others'. Where both are, who is to answer
    comes first."""
    here = enter(slug)
    found = meeting_requests.find(uid, reader())
    own = [party for party in here.mine if party.id in {found.from_party_id, found.to_party_id}]
    if not own or found.event_id != here.event.id:
        raise NotFound
    return here.acting_as(next((party for party in own if party.id == found.awaiting_id), own[0])), found


@room.get("/requests/<uid>", endpoint="request")
@access(SIGNED_IN)
def show(slug: str, uid: str) -> ResponseReturnValue:
    """Show one request and the ways to answer it."""
    return _request_page(slug, uid)


def _request_page(
    slug: str,
    uid: str,
    status: int = 200,
    refusal: str = "",
    decline_form: DeclineForm | None = None,
    propose_form: ProposeForm | None = None,
) -> ResponseReturnValue:
    here, found = _own(slug, uid)
    is_from_us = found.from_party_id == here.party.id
    other = found.to_party if is_from_us else found.from_party
    is_open = found.state is RequestState.SENT and not wallclock.is_past(found.expires_at)
    free = partners.times(here.set_up, here.party, other).askable if is_open else []
    proposed_is_free = found.slot is not None and found.slot_id in {slot.id for slot in free}
    accept_form = AcceptForm(formdata=None)
    accept_form.offer(free, here.event.timezone, language.reader_zone())
    accept_form.slot.data = found.slot.uid if found.slot and proposed_is_free else (free[0].uid if free else "")
    propose_form = propose_form or ProposeForm(formdata=None)
    propose_form.offer([slot for slot in free if slot.id != found.slot_id], here.event.timezone, language.reader_zone())
    page = render_template(
        "meetings/request.html",
        **frame(here),
        found=found,
        other=other,
        is_from_us=is_from_us,
        is_open=is_open,
        is_our_turn=is_open and found.awaiting_id == here.party.id,
        proposed_is_free=proposed_is_free,
        accept_form=accept_form,
        decline_form=decline_form or DeclineForm(formdata=None),
        propose_form=propose_form,
        can_see_partner=other.withdrawn_at is None and partners.may_see(here.set_up, here.party, other),
        profile_url=profile_url(other),
        refusal=refusal,
    )
    return page, status


@room.post("/requests/<uid>/accept")
@access(SIGNED_IN)
def accept(slug: str, uid: str) -> ResponseReturnValue:
    """Say yes: the meeting is made at once."""
    here, _found = _own(slug, uid)
    form = AcceptForm()
    try:
        made = meeting_requests.accept(uid, reader(), form.slot.data or "")
    except Conflict as refusal:
        return _request_page(slug, uid, refusal.status, str(refusal))
    flash(_("The meeting is agreed. Both sides get an invitation."), "success")
    return here.to("meeting", uid=made.uid)


@room.post("/requests/<uid>/decline")
@access(SIGNED_IN)
def decline(slug: str, uid: str) -> ResponseReturnValue:
    """Say no, and why."""
    here, _found = _own(slug, uid)
    form = DeclineForm()
    if not form.validate():
        return _request_page(slug, uid, 422, decline_form=form)
    try:
        meeting_requests.decline(uid, reader(), form.reason.data or "")
    except Conflict as refusal:
        return _request_page(slug, uid, refusal.status, str(refusal))
    flash(_("You have declined. The other side was told."), "success")
    return here.to("requests")


@room.post("/requests/<uid>/propose")
@access(SIGNED_IN)
def propose(slug: str, uid: str) -> ResponseReturnValue:
    """Answer with another time."""
    here, _found = _own(slug, uid)
    form = ProposeForm()
    if not form.validate():
        return _request_page(slug, uid, 422, propose_form=form)
    try:
        meeting_requests.propose(uid, reader(), form.slot.data or "", form.message.data or "")
    except Invalid as refusal:
        form.refuse(refusal)
        return _request_page(slug, uid, 422, propose_form=form)
    except Conflict as refusal:
        return _request_page(slug, uid, refusal.status, str(refusal), propose_form=form)
    flash(_("Your proposal is sent."), "success")
    return here.to("request", uid=uid)


@room.post("/requests/<uid>/withdraw")
@access(SIGNED_IN)
def withdraw(slug: str, uid: str) -> ResponseReturnValue:
    """Take back a request of one's own."""
    here, _found = _own(slug, uid)
    try:
        meeting_requests.withdraw(uid, reader())
    except Conflict as refusal:
        return _request_page(slug, uid, refusal.status, str(refusal))
    flash(_("Your request is taken back."), "success")
    return here.to("requests")
