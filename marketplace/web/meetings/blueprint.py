"""The blueprint of the room, and what its views share: who asks, for which side, and the frame of all pages."""

from dataclasses import dataclass, field
from typing import Any, cast

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import NotFound
from marketplace.models import Event, MeetingParty, MeetingSetup, Registration, User
from marketplace.services import attendees, events
from marketplace.services.counterparties import kinds, listing
from marketplace.services.meetings import agenda, parties, partners, rules, setup, slots
from marketplace.web import language

room = Blueprint("meetings", __name__, url_prefix="/events/<slug>/meetings")


def reader() -> User:
    """Return the person signed in, in views that only they enter."""
    return cast(User, current_user._get_current_object())


@dataclass(frozen=True)
class Here:
    """Where the reader is: the event, its rules, the sides they act for, and the one they act for now."""

    event: Event
    set_up: MeetingSetup
    mine: list[MeetingParty]
    party: MeetingParty
    slug: str = field(init=False)
    side: str = field(init=False)

    def __post_init__(self) -> None:
        # What addresses are made of is kept, so that going on after an act reads nothing again.
        object.__setattr__(self, "slug", self.event.slug)
        object.__setattr__(self, "side", self.party.uid)

    @property
    def registration(self) -> Registration | None:
        """The reader's live registration for the event."""
        return attendees.mine(self.event, reader())

    def url(self, view: str, **values: Any) -> str:
        """Return the address of a page of this room; it remembers for which side one acts."""
        if len(self.mine) > 1:
            values.setdefault("as", self.side)
        return url_for(f"meetings.{view}", slug=self.slug, **values)

    def to(self, view: str, **values: Any) -> ResponseReturnValue:
        """Go on to a page after an act."""
        return redirect(self.url(view, **values), code=303)

    def acting_as(self, party: MeetingParty) -> "Here":
        """Return the same place for another of the reader's sides."""
        return Here(self.event, self.set_up, self.mine, next(one for one in self.mine if one.id == party.id))


def enter(slug: str) -> Here:
    """Return where the reader is; raises `NotFound` for those who act for nobody here.

    `?as=` names the side; without it, it is the first that takes part.
    """
    event = events.for_reader(slug, reader())
    set_up = setup.needed(event.id)
    mine = parties.mine(reader(), event)
    asked = request.args.get("as", "")
    found = [party for party in mine if party.uid == asked] if asked else mine
    if not found:
        raise NotFound
    return Here(event, set_up, mine, next((party for party in found if party.withdrawn_at is None), found[0]))


def frame(here: Here) -> dict[str, Any]:
    """Return what the frame of all pages of this room needs."""
    usable = slots.all_slots(here.event.id)
    return {
        "here": here,
        "event": here.event,
        "set_up": here.set_up,
        "party": here.party,
        "mine": here.registration,
        "limits": partners.limits(here.set_up, here.party),
        "awaiting": partners.awaiting(here.mine),
        "phase": setup.phase(here.set_up),
        "wishes_open": setup.wishes_are_open(here.set_up),
        "booking_open": setup.booking_is_open(here.set_up),
        "can_book": any(rules.can_book(here.set_up, slot) for slot in usable),
        "can_ask": any(rules.can_ask(here.set_up, slot) for slot in usable),
        "readers_zone": language.reader_zone(),
        "title_of": parties.title,
        "subtitle_of": parties.subtitle,
        "is_preliminary": agenda.is_preliminary,
    }


def profile_url(party: MeetingParty) -> str:
    """Return the address of what a counterparty tells of itself, where the reader may read it; else ''."""
    body = party.organisation
    if party.project is not None or body is None or body.kind not in kinds.FUNDERS | kinds.VENDORS:
        return ""
    side = listing.side_of(body)
    try:
        listing.find(side, body.slug, reader())
    except NotFound:
        return ""
    return url_for(f"counterparty.{side.value}_one", slug=body.slug)
