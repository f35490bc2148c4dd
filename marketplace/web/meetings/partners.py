"""Partners: whom a side may meet, what it wishes, booking at once, and asking for a meeting."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import PartyRole, ProjectState, WishKind
from marketplace.services import labels
from marketplace.services.meetings import agenda, partners, self_booking, wishes
from marketplace.services.meetings import requests as meeting_requests
from marketplace.web import language
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.meetings import AskForm, SlotForm, WishForm
from marketplace.web.meetings.blueprint import enter, frame, profile_url, reader, room

_BACK = {"partners", "wishes", "partner"}


@room.get("/partners", endpoint="partners")
@access(SIGNED_IN)
def list_partners(slug: str) -> ResponseReturnValue:
    """List whom one's side may meet, the best fit first."""
    return _list_page(slug)


def _list_page(slug: str, status: int = 200, refusal: str = "") -> ResponseReturnValue:
    here = enter(slug)
    only = request.args.get("only", "")
    wanted = partners.Filter(
        query=request.args.get("q", "")[:200],
        role=labels.read(PartyRole, request.args.get("role")),
        only=only if only in partners.ONLY else "",
    )
    found = partners.listing(here.set_up, here.party, wanted, request.args.get("page", 1, type=int))
    page = render_template(
        "meetings/partners.html",
        **frame(here),
        found=found,
        wanted=wanted,
        is_filtered=wanted != partners.Filter(),
        roles=[(role.value, str(labels.of(role))) for role in partners.roles(here.set_up, here.party)],
        verdicts=partners.verdicts(here.party, [one.party for one in found], reader()),
        full=partners.full(here.set_up, [one.party for one in found]),
        refusal=refusal,
    )
    return page, status


@room.get("/wishes", endpoint="wishes")
@access(SIGNED_IN)
def list_wishes(slug: str) -> ResponseReturnValue:
    """Show one's wishes in their order."""
    return _wishes_page(slug)


def _wishes_page(slug: str, status: int = 200, refusal: str = "") -> ResponseReturnValue:
    here = enter(slug)
    mine = wishes.of_party(here.party)
    page = render_template(
        "meetings/wishes.html",
        **frame(here),
        ranked=[wish for wish in mine if wish.kind is not WishKind.NOT],
        vetoes=[wish for wish in mine if wish.kind is WishKind.NOT],
        refusal=refusal,
    )
    return page, status


@room.post("/wishes")
@access(SIGNED_IN)
def rank(slug: str) -> ResponseReturnValue:
    """Move one wish up or down by one."""
    here = enter(slug)
    uids = [wish.to_party.uid for wish in wishes.of_party(here.party) if wish.kind is not WishKind.NOT]
    for name, step in (("up", -1), ("down", 1)):
        uid = request.form.get(name, "")
        if uid in uids:
            place = uids.index(uid)
            other = min(max(0, place + step), len(uids) - 1)
            uids[place], uids[other] = uids[other], uids[place]
    try:
        wishes.order(slug, here.party.uid, uids, reader())
    except Conflict as refusal:
        return _wishes_page(slug, refusal.status, str(refusal))
    return here.to("wishes")


@room.get("/partners/<uid>")
@access(SIGNED_IN)
def partner(slug: str, uid: str) -> ResponseReturnValue:
    """Show one possible partner, and when both could meet."""
    return _partner_page(slug, uid)


def _partner_page(
    slug: str, uid: str, status: int = 200, refusal: str = "", form: AskForm | None = None
) -> ResponseReturnValue:
    here = enter(slug)
    other = partners.find(here.event, here.set_up, here.party, uid)
    known = partners.of_one(here.party, other, here.set_up)
    times = partners.times(here.set_up, here.party, other)
    form = form or AskForm(formdata=None)
    form.offer(times.askable, here.event.timezone, language.reader_zone())
    is_readable = other.project is not None and other.project.state is ProjectState.PUBLISHED
    page = render_template(
        "meetings/partner.html",
        **frame(here),
        other=other,
        known=known,
        verdict=partners.verdicts(here.party, [other], reader()).get(other.id),
        times=times,
        days=agenda.slots_by_day(here.event, times.bookable),
        other_is_full=partners.is_full(here.set_up, other),
        form=form,
        slot_form=SlotForm.fresh(),
        next_slot=self_booking.NEXT,
        project=other.project.slug if is_readable and other.project else "",
        profile_url=profile_url(other),
        refusal=refusal,
    )
    return page, status


@room.post("/partners/<uid>/wish")
@access(SIGNED_IN)
def wish(slug: str, uid: str) -> ResponseReturnValue:
    """Say what one's side wishes of a partner, or take it back."""
    here = enter(slug)
    form = WishForm()
    back = request.form.get("back", "")
    try:
        wishes.save(slug, here.party.uid, uid, form.wish(), reader())
    except Conflict as refusal:
        if back == "partners":
            return _list_page(slug, refusal.status, str(refusal))
        if back == "wishes":
            return _wishes_page(slug, refusal.status, str(refusal))
        return _partner_page(slug, uid, refusal.status, str(refusal))
    except Invalid as refusal:
        return _list_page(slug, refusal.status, str(refusal))
    if back not in _BACK or back == "partner":
        return here.to("partner", uid=uid)
    kept = {name: request.args[name] for name in ("q", "role", "only", "page") if name in request.args}
    return here.to(back, **(kept if back == "partners" else {}), _anchor=f"partner-{uid}")


@room.post("/partners/<uid>/book")
@access(SIGNED_IN)
def book(slug: str, uid: str) -> ResponseReturnValue:
    """Book a meeting at once: in a slot, or the next one free for both."""
    # The page's form names its side, and all else is read by the service under its locks: nothing is read twice.
    asked = request.args.get("as", "")
    side = asked or enter(slug).side
    form = SlotForm()
    try:
        made = self_booking.book(slug, side, uid, form.slot.data or "", reader(), attempt=form.attempt.data or "")
    except Conflict as refusal:
        return _partner_page(slug, uid, refusal.status, str(refusal))
    flash(_("The meeting is booked. Both sides get an invitation."), "success")
    kept: dict[str, Any] = {"as": asked} if asked else {}
    return redirect(url_for("meetings.meeting", slug=slug, uid=made.uid, **kept), code=303)


@room.post("/partners/<uid>/ask")
@access(SIGNED_IN)
def ask(slug: str, uid: str) -> ResponseReturnValue:
    """Ask for a meeting."""
    here = enter(slug)
    form = AskForm()
    if not form.validate():
        return _partner_page(slug, uid, 422, form=form)
    try:
        sent = meeting_requests.send(
            slug, here.party.uid, uid, form.message.data or "", reader(), slot_uid=form.slot.data or ""
        )
    except Invalid as refusal:
        form.refuse(refusal)
        return _partner_page(slug, uid, 422, form=form)
    except Conflict as refusal:
        return _partner_page(slug, uid, refusal.status, str(refusal), form)
    flash(_("Your request is sent."), "success")
    return here.to("request", uid=sent.uid)
