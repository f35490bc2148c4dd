"""Taking part: registering for an event, and everything about one's own registration, with or without an account."""

from marketplace.web.attendee import feeds, interpreting, managing, messages, own_programme, registering, ticket
from marketplace.web.attendee.blueprint import room

__all__ = ["feeds", "interpreting", "managing", "messages", "own_programme", "registering", "room", "ticket"]
