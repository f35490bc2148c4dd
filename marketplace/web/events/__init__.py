"""What everybody may see of the events: lists, pages, programmes, sessions, speakers, and calendars to take along."""

from marketplace.web.events import calendars, listing, pages, programme
from marketplace.web.events.blueprint import room

__all__ = ["calendars", "listing", "pages", "programme", "room"]
