"""The events of the programme, as the public may see them."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import Event


class Entry(NamedTuple):
    """An event as it stands in a list; titles and places hold a text per language."""

    slug: str
    titles: dict[str, str]
    places: dict[str, str]
    starts_on: date
    ends_on: date
    source: str
    is_illustrative: bool
    is_over: bool


_ALL = select(
    Event.slug,
    Event.titles,
    Event.places,
    Event.starts_on,
    Event.ends_on,
    Event.source,
    Event.is_illustrative,
).order_by(Event.starts_on, Event.id)


def calendar(limit: int = 6) -> list[Entry]:
    """Return the events to come in order, then those that are over, the last one first."""
    today = clock.now().date()
    rows = session().execute(_ALL)
    entries = [Entry(*row, is_over=row.ends_on < today) for row in rows]
    to_come = [entry for entry in entries if not entry.is_over]
    return (to_come + [entry for entry in reversed(entries) if entry.is_over])[:limit]
