"""Events: drafted, edited, published, cancelled, archived, copied, moved; and who sees which."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.orm import selectinload

from marketplace import clock
from marketplace.database import atomic, glance, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import in_language, lazy_gettext
from marketplace.models import (
    LIVE_STATES,
    Event,
    EventKind,
    EventLevel,
    EventMode,
    EventOrganiser,
    EventState,
    Organisation,
    ProgrammeSession,
    Registration,
    Role,
    SessionState,
    User,
)
from marketplace.services import audit, places, policies, search, texts, wallclock
from marketplace.services.search import fold
from marketplace.services.seen import require

MOVES: dict[EventState, frozenset[EventState]] = {
    EventState.DRAFT: frozenset({EventState.PUBLISHED}),
    EventState.PUBLISHED: frozenset({EventState.DRAFT, EventState.CANCELLED, EventState.ARCHIVED}),
    EventState.CANCELLED: frozenset({EventState.ARCHIVED}),
    EventState.ARCHIVED: frozenset(),
}
"""Which state may follow which. Back to a draft only while nobody has registered."""

LONGEST = timedelta(days=60)
"""A convening that lasts longer is a mistake in a date."""

NOTICED = ("starts_at", "ends_at", "timezone", "venue", "address", "places", "mode", "online_link", "state")
"""What a calendar must notice: a change of one of these raises SEQUENCE."""

SHOWN = ("titles", "themes", "descriptions", "slug")
"""What a calendar shows besides; a change of one of these gives a new DTSTAMP only."""


@dataclass(frozen=True)
class Details:
    """What an organiser decides about an event; texts by language code, moments aware.

    `organisations` are slugs in the order in which they are named. `online_link` is for those who take part only.
    """

    kind: EventKind
    titles: dict[str, str]
    timezone: str
    starts_at: datetime
    ends_at: datetime
    themes: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    level: EventLevel = EventLevel.HEMISPHERIC
    mode: EventMode = EventMode.IN_PERSON
    venue: str = ""
    address: str = ""
    online_link: str = ""
    organisations: tuple[str, ...] = ()
    capacity: int | None = None
    has_waiting_list: bool = True
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    needs_kept_days: int = 30
    source: str = ""
    is_illustrative: bool = False


def details_of(event: Event) -> Details:
    """Return what was decided about an event, to fill a form or to copy it."""
    return Details(
        **{name: getattr(event, name) for name in _FIELDS},
        organisations=tuple(tie.organisation.slug for tie in event.organisers),
    )


_FIELDS = tuple(name for name in Details.__dataclass_fields__ if name != "organisations")


def create(details: Details, by: User, slug: str = "") -> Event:
    """Enter an event as a draft. Without a `slug` its address is made from its title and year."""
    policies.require(by, "event.create")
    with atomic() as current:
        details = checked(details)
        event = Event(created_at=clock.now(), slug=_free_slug(slug or _slug(details)))
        _fill(event, details)
        current.add(event)
        current.flush()
        _set_organisers(event, details.organisations)
        audit.record("event.created", by, event, kind=event.kind.value)
        return event


def edit(slug: str, details: Details, by: User, *, tell: bool = True, seen: str = "") -> Event:
    """Change an event. What a calendar must notice raises SEQUENCE, of its sessions too where their place changed.

    With `tell`, everybody registered gets a letter with only what changed. More places go to who waits.
    With the mark of what was `seen`, raises `Overtaken` where somebody else has changed it since.
    """
    # Imported here because letters and registrations are about events.
    from marketplace.services import letters, waiting_list

    with atomic() as current:
        event = editable(slug, by)
        require(details_of(event), seen)
        details = checked(details)
        before = _values(event)
        _fill(event, details)
        current.flush()
        _set_organisers(event, details.organisations)
        changed = sorted(name for name, value in _values(event).items() if value != before[name])
        if not changed:
            return event
        touch(event)
        note_calendar_change(event, changed)
        audit.record("event.edited", by, event, changed=changed)
        told = [name for name in letters.TOLD if name in changed]
        if tell and told and event.state is EventState.PUBLISHED and not wallclock.is_past(event.ends_at):
            letters.tell_changes(event, {name: _plain(before[name]) for name in told})
        waiting_list.pass_on(event)
        return event


def checked(details: Details) -> Details:
    """Return the details cleaned; raises `Invalid` for the first field that cannot be taken."""
    if not places.is_zone(details.timezone):
        raise Invalid("timezone", lazy_gettext("Please choose a time zone from the list."))
    if details.ends_at <= details.starts_at:
        raise Invalid("ends_at", lazy_gettext("The end must be after the beginning."))
    if details.ends_at - details.starts_at > LONGEST:
        raise Invalid(
            "ends_at", lazy_gettext("That is longer than %(days)s days. Is the date right?", days=LONGEST.days)
        )
    if details.capacity is not None and not 0 <= details.capacity <= 1_000_000:
        raise Invalid("capacity", lazy_gettext("Please enter a number of places, or nothing for no limit."))
    opens, closes = details.registration_opens_at, details.registration_closes_at
    if opens is not None and closes is not None and closes < opens:
        raise Invalid("registration_closes_at", lazy_gettext("Registration cannot close before it opens."))
    if not 0 <= details.needs_kept_days <= 365:
        raise Invalid("needs_kept_days", lazy_gettext("Please enter a number of days from 0 to 365."))
    values = {name: getattr(details, name) for name in Details.__dataclass_fields__}
    values |= {
        "titles": texts.checked(details.titles, "titles", 200, is_required=True),
        "themes": texts.checked(details.themes, "themes", 200),
        "descriptions": texts.checked(details.descriptions, "descriptions", 5000),
        "places": texts.checked(details.places, "places", 120),
        "venue": texts.line(details.venue, "venue", 200),
        "address": texts.line(details.address, "address", 400),
        "online_link": texts.web_address(details.online_link, "online_link"),
        "source": texts.within(texts.clean(details.source), "source", 400),
    }
    return Details(**values)


def _values(event: Event) -> dict[str, Any]:
    """Return what was decided, with the organisers as they are in the database."""
    return {
        **{name: getattr(event, name) for name in _FIELDS},
        "state": event.state,
        "organisations": _organiser_slugs(event),
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _fill(event: Event, details: Details) -> None:
    for name in _FIELDS:
        setattr(event, name, getattr(details, name))
    event.starts_on = wallclock.day(event.starts_at, event.timezone)
    event.ends_on = wallclock.day(event.ends_at, event.timezone)
    event.search_text = fold(*event.titles.values(), *event.themes.values(), *event.places.values(), event.venue)


def _organiser_slugs(event: Event) -> tuple[str, ...]:
    statement = (
        select(Organisation.slug)
        .join(EventOrganiser, EventOrganiser.organisation_id == Organisation.id)
        .where(EventOrganiser.event_id == event.id)
        .order_by(EventOrganiser.position)
    )
    return tuple(session().scalars(statement))


def _set_organisers(event: Event, slugs: tuple[str, ...]) -> None:
    if _organiser_slugs(event) == slugs:
        return
    known = {
        organisation.slug: organisation
        for organisation in session().scalars(select(Organisation).where(Organisation.slug.in_(slugs)))
    }
    missing = [slug for slug in slugs if slug not in known]
    if missing:
        raise Invalid("organisations", lazy_gettext("There is no organisation at “%(slug)s”.", slug=missing[0]))
    event.organisers.clear()
    session().flush()
    for position, slug in enumerate(dict.fromkeys(slugs)):
        event.organisers.append(EventOrganiser(organisation_id=known[slug].id, position=position))
    session().flush()


def _slug(details: Details) -> str:
    title = details.titles.get("en") or next(iter(details.titles.values()))
    words = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:60].strip("-") or "event"
    return f"{words}-{wallclock.day(details.starts_at, details.timezone).year}"


def _free_slug(wanted: str) -> str:
    wanted = re.sub(r"[^a-z0-9]+", "-", fold(wanted)).strip("-")[:76].strip("-") or "event"
    taken = set(session().scalars(select(Event.slug).where(Event.slug.startswith(wanted, autoescape=True))))
    if wanted not in taken:
        return wanted
    return next(slug for number in range(2, 1000) if (slug := f"{wanted}-{number}") not in taken)


def touch(event: Event) -> None:
    """Note that the event or its programme changed: whatever was kept of its pages and feeds is old now."""
    event.revision += 1
    event.changed_at = clock.now()


def note_calendar_change(event: Event, changed: list[str]) -> None:
    """Raise SEQUENCE for what a calendar must notice, and DTSTAMP for all it shows; of the sessions too."""
    noticed = bool(set(changed) & set(NOTICED))
    if noticed:
        event.calendar_sequence += 1
    if noticed or set(changed) & set(SHOWN):
        event.calendar_changed_at = clock.now()
    # Sessions carry the venue in their place, the zone in their words and the event's end in their state.
    if set(changed) & {"venue", "address", "places", "timezone", "state", "titles", "slug"}:
        step = 1 if set(changed) & {"venue", "address", "places", "timezone", "state"} else 0
        session().execute(
            update(ProgrammeSession)
            .where(ProgrammeSession.event_id == event.id, ProgrammeSession.state != SessionState.DRAFT)
            .values(calendar_sequence=ProgrammeSession.calendar_sequence + step, calendar_changed_at=clock.now())
        )


def publish(slug: str, by: User) -> Event:
    """Show a draft to everybody."""
    return _move(slug, EventState.PUBLISHED, by, "event.published")


def withdraw(slug: str, by: User) -> Event:
    """Make a published event a draft again; raises `Conflict` once somebody has registered."""
    with atomic():
        event = locked(slug, by)
        if has_registrations(event):
            raise Conflict(lazy_gettext("People have registered already. You can cancel the event instead."))
        return _move(slug, EventState.DRAFT, by, "event.withdrawn")


def cancel(slug: str, by: User, notes: dict[str, str] | None = None) -> Event:
    """Call an event off: its page says so, everybody registered gets a letter that takes it out of their calendar."""
    from marketplace.services import letters
    from marketplace.services.meetings import letters as meeting_letters

    with atomic():
        event = locked(slug, by)
        event.cancellation_notes = texts.checked(notes or {}, "notes", 1000)
        event.cancelled_at = clock.now()
        _move(slug, EventState.CANCELLED, by, "event.cancelled")
        letters.tell_event_cancelled(event)
        meeting_letters.tell_event_cancelled(event)
        return event


def archive(slug: str, by: User) -> Event:
    """Close an event that is over or was cancelled: it stays to be read, and nothing changes any more."""
    with atomic():
        event = locked(slug, by)
        if event.state is EventState.PUBLISHED and not wallclock.is_past(event.ends_at):
            raise Conflict(lazy_gettext("This event is not over yet."))
        return _move(slug, EventState.ARCHIVED, by, "event.archived")


def _move(slug: str, state: EventState, by: User, act: str) -> Event:
    with atomic():
        event = locked(slug, by)
        if state not in MOVES[event.state]:
            raise Conflict
        was_cancelled = event.state is EventState.CANCELLED
        event.state = state
        touch(event)
        # Being put away changes nothing for a calendar; being published or called off does.
        if state is EventState.CANCELLED or (state is not EventState.ARCHIVED and not was_cancelled):
            note_calendar_change(event, ["state"])
        audit.record(act, by, event)
        return event


def has_registrations(event: Event) -> bool:
    """Tell whether anybody is registered, waiting or asking."""
    statement = select(Registration.id).where(Registration.event_id == event.id, Registration.state.in_(LIVE_STATES))
    return session().scalar(statement.limit(1)) is not None


def moved(event: Event, days: int) -> Details:
    """Return what would be decided about an event if it, and its windows, were some days later (or earlier)."""
    if not -3660 <= days <= 3660:
        raise Invalid("days", lazy_gettext("Please enter a number of days."))
    details = details_of(event)
    times: dict[str, Any] = {
        name: wallclock.shifted(at, days, event.timezone)
        for name in ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
        if (at := getattr(details, name)) is not None
    }
    return replace(details, **times)


def move(slug: str, days: int, by: User, *, tell: bool = True) -> Event:
    """Move an event, its programme and its windows by whole days; every time of day at the venue stays."""
    from marketplace.services import programme, tickets
    from marketplace.services.meetings import leaving

    with atomic():
        event = locked(slug, by)
        details = moved(event, days)
        programme.shift(event, days)
        leaving.shift(event, days)
        tickets.shift(event, days)
        audit.record("event.moved", by, event, days=days)
        return edit(slug, details, by, tell=tell)


def copy(slug: str, by: User, first_day: date | None = None, new_slug: str = "") -> Event:
    """Make a draft like an event, with its programme, tickets, questions and letters, but nobody registered.

    With `first_day`, it begins on that day at the venue. The copy is another thing: its UIDs are new.
    """
    from marketplace.services import letters, programme, questions, tickets

    policies.require(by, "event.create")
    with atomic():
        source = managed(slug, by)
        twin = create(details_of(source), by, new_slug)
        # A copy tells of no fact: where the original was reported is not where this one is.
        twin.source = ""
        programme.copy(source, twin)
        tickets.copy(source, twin)
        questions.copy(source, twin)
        letters.copy(source, twin)
        audit.record("event.copied", by, twin, source=source.uid)
        session().flush()
        if first_day is not None:
            move(twin.slug, (first_day - twin.starts_on).days, by, tell=False)
        return twin


def public(slug: str) -> Event:
    """Return an event that everybody may see; raises `NotFound` for a draft and for what does not exist."""
    event = _find(slug)
    if event is None or event.state is EventState.DRAFT:
        raise NotFound
    return event


def for_reader(slug: str, user: Any) -> Event:
    """Return an event this reader (perhaps nobody) may see."""
    event = _find(slug)
    if event is None or not is_shown(event, user):
        raise NotFound
    return event


def is_shown(event: Event, user: Any) -> bool:
    """Tell whether this reader (perhaps nobody) may see an event: drafts are for those who work on them."""
    return event.state is not EventState.DRAFT or policies.can(user, "event.view", event)


def managed(slug: str, by: User) -> Event:
    """Return an event this person organises; for others it does not exist: raises `NotFound`."""
    event = _find(slug)
    if event is None or not policies.can(by, "event.manage", event):
        raise NotFound
    return event


def locked(slug: str, by: User) -> Event:
    """Lock and return an event this person organises."""
    (event,) = lock(Event, managed(slug, by).id)
    return event


def editable(slug: str, by: User) -> Event:
    """Lock and return an event this person organises; raises `Conflict` for an archived one."""
    event = locked(slug, by)
    if event.state is EventState.ARCHIVED:
        raise Conflict(
            lazy_gettext("This event is archived: it stays to be read, and nothing about it changes any more.")
        )
    return event


# Written once: a statement that is asked in every request takes longer to put together than to run.
_BY_SLUG = select(Event).where(Event.slug == bindparam("slug"))


def _find(slug: str) -> Event | None:
    return session().scalar(_BY_SLUG, {"slug": slug})


@dataclass(frozen=True)
class Filter:
    """What a list of events shows; empty values mean no restriction. `is_over` compares with this moment."""

    query: str = ""
    kind: EventKind | None = None
    level: EventLevel | None = None
    mode: EventMode | None = None
    state: EventState | None = None
    is_over: bool | None = None


def listing(wanted: Filter) -> Select[Event]:
    """Return the statement that lists what everybody may see: what is to come in order, or what is over, last first."""
    return _filtered(wanted).where(Event.state != EventState.DRAFT)


def managed_listing(wanted: Filter, by: User) -> Select[Event]:
    """Return the statement that lists the events this person organises."""
    statement = _filtered(wanted)
    if policies.can(by, "desk.platform"):
        return statement
    mine = [grant.event_id for grant in by.roles if grant.role is Role.ORGANISER and grant.event_id is not None]
    return statement.where(Event.id.in_(mine if policies.can(by, "desk.enter") else []))


def _filtered(wanted: Filter) -> Select[Event]:
    statement = select(Event).options(selectinload(Event.organisers))
    for column, value in (
        (Event.kind, wanted.kind),
        (Event.level, wanted.level),
        (Event.mode, wanted.mode),
        (Event.state, wanted.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.query:
        statement = statement.where(search.matches(Event.search_text, wanted.query))
    if wanted.is_over is not None:
        is_over = Event.ends_at < clock.now()
        statement = statement.where(is_over if wanted.is_over else ~is_over)
    order = Event.starts_at.desc() if wanted.is_over else Event.starts_at
    return statement.order_by(order, Event.id)


class Window(StrEnum):
    """Whether one can register for an event now, as far as its own dates say; tickets may have narrower ones."""

    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"
    OVER = "over"
    CANCELLED = "cancelled"


class Standing(NamedTuple):
    """What a page of an event depends on besides its reader: nothing on it changes while this stays the same."""

    uid: str
    revision: int
    window: Window


STANDING = (
    Event.uid,
    Event.revision,
    Event.state,
    Event.ends_at,
    Event.registration_opens_at,
    Event.registration_closes_at,
)
"""The columns from which `stands` tells how an event stands."""

_STANDING = select(*STANDING).where(Event.slug == bindparam("slug"))


def standing(slug: str) -> Standing:
    """Return how a public event stands, by one cheap statement; raises `NotFound` like `public`."""
    return stands(glance(_STANDING, {"slug": slug}))


def stands(row: Any) -> Standing:
    """Return how the public event of a row with the columns of `STANDING` stands; raises `NotFound` like `public`."""
    if row is None or row.state is EventState.DRAFT:
        raise NotFound
    return Standing(row.uid, row.revision, window(row))


def window(dates: Any) -> Window:
    """Tell whether one can register now, from an event or a row with the same dates and state."""
    if dates.state is EventState.CANCELLED:
        return Window.CANCELLED
    if dates.state is EventState.ARCHIVED or wallclock.is_past(dates.ends_at):
        return Window.OVER
    if wallclock.is_past(dates.registration_closes_at) or dates.state is not EventState.PUBLISHED:
        return Window.CLOSED
    return Window.OPEN if wallclock.is_open(dates.registration_opens_at, None) else Window.NOT_YET


def names() -> list[tuple[str, str]]:
    """Return slug and title, in the reader's language, of all events, drafts too, the latest first, to choose from."""
    rows = session().execute(select(Event.slug, Event.titles).order_by(Event.starts_at.desc(), Event.id))
    return [(slug, in_language(titles)) for slug, titles in rows]


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


def calendar(limit: int = 6) -> list[Entry]:
    """Return the public events to come in order, then those that are over, the last one first."""
    now = clock.now()
    rows = session().execute(
        select(
            Event.slug,
            Event.titles,
            Event.places,
            Event.starts_on,
            Event.ends_on,
            Event.source,
            Event.is_illustrative,
            or_(Event.ends_at < now, Event.state == EventState.ARCHIVED),
        )
        .where(Event.state.in_([EventState.PUBLISHED, EventState.ARCHIVED]))
        .order_by(Event.starts_at, Event.id)
    )
    entries = [Entry(*row) for row in rows]
    to_come = [entry for entry in entries if not entry.is_over]
    return (to_come + [entry for entry in reversed(entries) if entry.is_over])[:limit]
