"""iCalendar bytes: invitations and cancellations for mail, files to download, feeds to subscribe to.

The same entries give the same bytes. RFC 5545 (format), 5546 (methods), 7986 (names and refresh of feeds).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress, vDuration, vText, vUri

PRODUCT = "-//Cities Forward//Marketplace//EN"
REFRESH = timedelta(hours=1)
"""How often a subscribed calendar should look; clients are free to be slower, and most are."""

# CR, LF, CRLF, vertical tab, form feed, the separators U+001C to U+001E, NEL and the line and paragraph separators.
_BREAKS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_PLAIN_IN_MAILTO = "!$'*+"


class Status(StrEnum):
    """Whether what an entry tells takes place."""

    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Method(StrEnum):
    """What a mailed entry asks of the calendar that receives it (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True)
class Entry:
    """One thing in a calendar. Moments are aware; `changed_at` is when anything below last changed (DTSTAMP)."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    status: Status = Status.CONFIRMED


@dataclass(frozen=True)
class Party:
    """Whoever invites or is invited."""

    email: str
    name: str = ""


def invitation(entry: Entry, method: Method, organiser: Party, attendee: Party) -> bytes:
    """Return what is mailed to one attendee, who takes part already: nothing is asked, so nobody answers by mail."""
    calendar = _calendar()
    calendar.add("method", method.value)
    event = _event(entry, Status.CANCELLED if method is Method.CANCEL else entry.status)
    event.add("organizer", _address(organiser))
    address = _address(attendee)
    address.params["CUTYPE"] = "INDIVIDUAL"
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = "ACCEPTED"
    address.params["RSVP"] = "FALSE"
    event.add("attendee", address)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def file(entries: Iterable[Entry]) -> bytes:
    """Return a file to be opened or imported once."""
    calendar = _calendar()
    for entry in entries:
        calendar.add_component(_event(entry, entry.status))
    return bytes(calendar.to_ical())


def feed(entries: Iterable[Entry], *, name: str, url: str = "") -> bytes:
    """Return a calendar to be subscribed to, called `name`, which is read again at `url` unless that is a secret."""
    calendar = _calendar()
    title = vText(_line(name))
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    if url:
        calendar.add("source", vUri(url), parameters={"VALUE": "URI"})
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for entry in entries:
        calendar.add_component(_event(entry, entry.status))
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _event(entry: Entry, status: Status) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", _utc(entry.changed_at))
    event.add("sequence", entry.sequence)
    event.add("dtstart", _utc(entry.starts_at))
    event.add("dtend", _utc(entry.ends_at))
    event.add("summary", vText(_line(entry.summary)))
    # An empty property is an error to some readers (libical): it is left out.
    if description := _text(entry.description):
        event.add("description", vText(description))
    if location := _line(entry.location):
        event.add("location", vText(location))
    if entry.url:
        event.add("url", vUri(entry.url))
    event.add("status", status.value)
    event.add("transp", "TRANSPARENT" if status is Status.CANCELLED else "OPAQUE")
    return event


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _address(party: Party) -> vCalAddress:
    local, at, domain = _line(party.email).rpartition("@")
    # An address is a URI here: what means something in one is written as RFC 6068, 2 says.
    address = vCalAddress(f"mailto:{quote(local, safe=_PLAIN_IN_MAILTO)}{at}{domain}")
    # A double quote cannot stand in a parameter (RFC 5545, 3.2).
    if name := _line(party.name).replace('"', "'"):
        address.params["CN"] = name
    return address


def _text(text: str) -> str:
    """Keep breaks as line feeds, which are then escaped, and drop control signs: neither can start a property."""
    return _CONTROLS.sub("", _BREAKS.sub("\n", text)).strip()


def _line(text: str) -> str:
    return " ".join(_CONTROLS.sub("", _BREAKS.sub(" ", text)).split())
