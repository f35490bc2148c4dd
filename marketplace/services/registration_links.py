"""Signed links and codes: the link in a letter that needs no account, and the code on a ticket."""

from datetime import timedelta

from marketplace import clock, keys
from marketplace.errors import Gone, NotFound
from marketplace.models import Registration
from marketplace.services import attendees, outbox

TICKET = "ticket"
"""The purpose of the code on a ticket."""

LINK_LIVES = timedelta(days=60)
"""How long after the event the link of a letter opens the registration."""


def link_value(registration: Registration) -> str:
    """Return what the signed link in a letter carries; `outbox` signs it for the purpose `REGISTRATION`."""
    return f"{registration.uid}.{registration.link_version}"


def manage_token(registration: Registration) -> str:
    """Return the token with which a registration is managed without an account; for its own letters only."""
    return keys.sign(outbox.REGISTRATION, link_value(registration))


def by_link(token: str) -> Registration:
    """Return the registration of a signed link; raises `NotFound`, or `Gone` for one that was replaced or is old."""
    value = keys.unsign(outbox.REGISTRATION, token)
    uid, _, version = (value or "").rpartition(".")
    registration = attendees.whole(Registration.uid == uid) if uid else None
    if registration is None:
        raise NotFound
    if str(registration.link_version) != version or clock.now() > registration.event.ends_at + LINK_LIVES:
        raise Gone
    return registration


def by_unsubscribing(token: str) -> Registration:
    """Return the registration whose messages the link of a message ends; it works as long as there is one."""
    uid = keys.unsign(outbox.UNSUBSCRIBE, token)
    registration = attendees.whole(Registration.uid == uid) if uid else None
    if registration is None:
        raise NotFound
    return registration


def ticket_code(registration: Registration) -> str:
    """Return the code on a ticket: derived from the installation's key, so that it can be checked and not guessed."""
    return keys.sign(TICKET, registration.uid)


def by_ticket(code: str) -> Registration:
    """Return the registration a ticket's code belongs to; raises `NotFound`. Whether it is confirmed is its state."""
    uid = keys.unsign(TICKET, code)
    registration = attendees.whole(Registration.uid == uid) if uid else None
    if registration is None:
        raise NotFound
    return registration
