"""What a party may do about a slot right now: only the engine fills it, it can be asked for, or booked at once."""

from datetime import datetime

from marketplace import clock
from marketplace.models import BookingRule, MeetingSession, MeetingSetup, MeetingSlot
from marketplace.services.meetings import setup


def in_force(meeting_session: MeetingSession, at: datetime | None = None) -> BookingRule:
    """Return the rule of a session at a moment: ENGINE, REQUEST or AT_ONCE.

    "Requests until a date and then at once" changes at exactly that moment.
    """
    rule = meeting_session.booking
    if rule is not BookingRule.REQUEST_THEN_AT_ONCE:
        return rule
    since = meeting_session.at_once_from
    return BookingRule.AT_ONCE if since is not None and since <= (at or clock.now()) else BookingRule.REQUEST


def can_book(rules: MeetingSetup, slot: MeetingSlot, at: datetime | None = None) -> bool:
    """Tell whether a party can book a slot at once now."""
    at = at or clock.now()
    return (
        setup.booking_is_open(rules, at)
        and at < slot.starts_at
        and slot.retired_at is None
        and in_force(slot.session, at) is BookingRule.AT_ONCE
    )


def can_ask(rules: MeetingSetup, slot: MeetingSlot, at: datetime | None = None) -> bool:
    """Tell whether a party can ask for a slot, or accept a request for it, now."""
    at = at or clock.now()
    return (
        setup.booking_is_open(rules, at)
        and at < slot.starts_at
        and slot.retired_at is None
        and in_force(slot.session, at) in {BookingRule.REQUEST, BookingRule.AT_ONCE}
    )
