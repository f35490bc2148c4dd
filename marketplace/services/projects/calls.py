"""Calls for projects: when and for which cities they are open, who answered, and leave to submit late.

A call is open from its opening moment up to, and not including, its closing moment, by the server's clock. Leave to
submit late ends in the same way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import joinedload

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LazyText, in_language, lazy_gettext
from marketplace.models import Call, Event, Organisation, OrganisationKind, Project, ProjectState, User
from marketplace.services import audit, outbox, places, policies, texts
from marketplace.services.projects import team
from marketplace.services.search import fold


class Phase(StrEnum):
    """Where a call stands in time."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    RETIRED = "retired"


PHASES: dict[Phase, LazyText] = {
    Phase.PLANNED: lazy_gettext("Planned"),
    Phase.OPEN: lazy_gettext("Open"),
    Phase.CLOSED: lazy_gettext("Closed"),
    Phase.RETIRED: lazy_gettext("Out of use"),
}
"""The words for each phase."""

NOT_AN_ANSWER = (ProjectState.DRAFT, ProjectState.WITHDRAWN)
"""Projects in these states do not count as an answer of their city to a call."""


@dataclass(frozen=True)
class Details:
    """What an organiser decides about a call; texts by language, moments aware, cities and event by slug.

    With countries or cities given, the cities in these countries and the named ones may answer; with neither, every
    city of the programme.
    """

    titles: dict[str, str]
    timezone: str
    opens_at: datetime
    closes_at: datetime
    descriptions: dict[str, str] = field(default_factory=dict)
    event: str = ""
    countries: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    most_per_city: int | None = None
    is_illustrative: bool = False


def details_of(call: Call) -> Details:
    """Return what was decided about a call, to fill a form."""
    return Details(
        titles=call.titles,
        timezone=call.timezone,
        opens_at=call.opens_at,
        closes_at=call.closes_at,
        descriptions=call.descriptions,
        event=call.event.slug if call.event else "",
        countries=tuple(call.countries),
        cities=tuple(call.city_slugs),
        most_per_city=call.most_per_city,
        is_illustrative=call.is_illustrative,
    )


def create(details: Details, by: User) -> Call:
    """Enter a call; it opens by itself. Raises `Invalid` for the first field that cannot be taken."""
    policies.require(by, "project.organise")
    with atomic() as current:
        call = Call(created_at=clock.now())
        _fill(call, details)
        call.slug = _free_slug(call)
        current.add(call)
        current.flush()
        audit.record("call.created", by, call)
        return call


def edit(slug: str, details: Details, by: User) -> Call:
    """Change a call, also an open one: a later closing moment keeps it open, an earlier one closes it."""
    policies.require(by, "project.organise")
    with atomic():
        call = lock(Call, find(slug).id)[0]
        before = details_of(call)
        _fill(call, details)
        after = details_of(call)
        changed = [name for name in Details.__dataclass_fields__ if getattr(before, name) != getattr(after, name)]
        if changed:
            audit.record("call.edited", by, call, changed=changed)
        return call


def retire(slug: str, by: User) -> Call:
    """Take a call out of use: nobody can answer it any more, what was submitted stays."""
    policies.require(by, "project.organise")
    with atomic():
        call = lock(Call, find(slug).id)[0]
        if call.retired_at is None:
            call.retired_at = clock.now()
            audit.record("call.retired", by, call)
        return call


def _fill(call: Call, details: Details) -> None:
    if not places.is_zone(details.timezone):
        raise Invalid("timezone", lazy_gettext("Please choose a time zone from the list."))
    if details.closes_at <= details.opens_at:
        raise Invalid("closes_at", lazy_gettext("The end must be after the beginning."))
    if details.most_per_city is not None and not 1 <= details.most_per_city <= 100:
        raise Invalid("most_per_city", lazy_gettext("Please enter a number from 1 to 100, or nothing for no limit."))
    if set(details.countries) - set(places.countries()):
        raise Invalid("countries", lazy_gettext("Please choose from the list."))
    known = select(Organisation.slug).where(
        Organisation.slug.in_(details.cities), Organisation.kind == OrganisationKind.CITY
    )
    if set(details.cities) - set(session().scalars(known)):
        raise Invalid("cities", lazy_gettext("Please choose from the list."))
    event = session().scalar(select(Event).where(Event.slug == details.event)) if details.event else None
    if details.event and event is None:
        raise Invalid("event", lazy_gettext("Please choose from the list."))
    call.titles = texts.checked(details.titles, "titles", 160, is_required=True)
    call.descriptions = texts.checked(details.descriptions, "descriptions", 3000)
    call.event_id = event.id if event else None
    call.event = event
    call.timezone, call.opens_at, call.closes_at = details.timezone, details.opens_at, details.closes_at
    call.countries, call.city_slugs = sorted(set(details.countries)), sorted(set(details.cities))
    call.most_per_city, call.is_illustrative = details.most_per_city, details.is_illustrative


def _free_slug(call: Call) -> str:
    title = call.titles.get("en") or next(iter(call.titles.values()))
    wanted = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:70].strip("-") or "call"
    if wanted == "new":
        wanted = "call-new"
    taken = set(session().scalars(select(Call.slug).where(Call.slug.startswith(wanted, autoescape=True))))
    if wanted not in taken:
        return wanted
    return next(slug for number in range(2, 10_000) if (slug := f"{wanted}-{number}") not in taken)


def find(slug: str) -> Call:
    """Return a call by the last part of its address; raises `NotFound`."""
    call = session().scalar(select(Call).where(Call.slug == slug))
    if call is None:
        raise NotFound
    return call


def listing() -> Select[Call]:
    """Return the statement that lists all calls for the desk, the last to close first; the caller paginates it."""
    return select(Call).options(joinedload(Call.event)).order_by(Call.closes_at.desc(), Call.id.desc())


def open_now(at: datetime | None = None) -> list[Call]:
    """Return the calls that are open at a moment (now), the first to close first."""
    at = at or clock.now()
    statement = (
        select(Call)
        .where(Call.retired_at.is_(None), Call.opens_at <= at, Call.closes_at > at)
        .order_by(Call.closes_at, Call.id)
    )
    return list(session().scalars(statement))


def for_city(city: Organisation) -> list[Call]:
    """Return the calls a city may begin a draft for: open ones and those that open later."""
    statement = (
        select(Call).where(Call.retired_at.is_(None), Call.closes_at > clock.now()).order_by(Call.closes_at, Call.id)
    )
    return [call for call in session().scalars(statement) if _is_addressed(call, city)]


def for_draft(slug: str, city: Organisation) -> Call:
    """Return a call a city may begin a draft for; raises `Invalid` for the field `call`."""
    call = session().scalar(select(Call).where(Call.slug == slug))
    if call is None or call.retired_at is not None:
        raise Invalid("call", lazy_gettext("Please choose from the list."))
    if clock.now() >= call.closes_at:
        raise Invalid("call", lazy_gettext("This call is closed."))
    if not _is_addressed(call, city):
        raise Invalid("call", lazy_gettext("This call is not open to your city."))
    return call


def is_open(call: Call, at: datetime | None = None) -> bool:
    """Tell whether a call takes projects at a moment (now)."""
    at = at or clock.now()
    return call.retired_at is None and call.opens_at <= at < call.closes_at


def phase(call: Call, at: datetime | None = None) -> Phase:
    """Tell where a call stands at a moment (now)."""
    if call.retired_at is not None:
        return Phase.RETIRED
    if is_open(call, at):
        return Phase.OPEN
    return Phase.PLANNED if (at or clock.now()) < call.opens_at else Phase.CLOSED


def has_leave(project: Project, at: datetime | None = None) -> bool:
    """Tell whether a project may be submitted although its call has closed."""
    return project.late_until is not None and (at or clock.now()) < project.late_until


def eligible(call: Call, city: Organisation, project: Project | None = None) -> list[LazyText]:
    """Return why a city may not answer a call with one more project, or with this one; nothing where it may."""
    reasons = []
    if not _is_addressed(call, city):
        reasons.append(lazy_gettext("This call is not open to your city."))
    if call.most_per_city is not None:
        count = select(func.count()).where(
            Project.call_id == call.id,
            Project.city_id == city.id,
            Project.state.not_in(NOT_AN_ANSWER),
            Project.id != (project.id if project else 0),
        )
        if (session().scalar(count) or 0) >= call.most_per_city:
            reasons.append(
                lazy_gettext(
                    "A city may answer this call with at most %(max)s projects, and yours has.",
                    max=call.most_per_city,
                )
            )
    return reasons


def _is_addressed(call: Call, city: Organisation) -> bool:
    if city.kind is not OrganisationKind.CITY or city.deactivated_at is not None:
        return False
    return (
        (not call.countries and not call.city_slugs) or city.country in call.countries or city.slug in call.city_slugs
    )


def answers(call: Call) -> Select[Project]:
    """Return the statement that lists the projects begun for a call, by city; the caller paginates it."""
    return (
        select(Project)
        .join(Organisation, Organisation.id == Project.city_id)
        .where(Project.call_id == call.id)
        .options(joinedload(Project.city))
        .order_by(Organisation.search_text, Project.id)
    )


class Counts(NamedTuple):
    """How many projects were begun for a call, and how many of them are an answer to it."""

    begun: int = 0
    submitted: int = 0


def counts(wanted: Sequence[Call]) -> dict[int, Counts]:
    """Return the counts of calls by their ids, with one statement."""
    is_answer = case((Project.state.not_in(NOT_AN_ANSWER), 1), else_=0)
    statement = (
        select(Project.call_id, func.count(), func.sum(is_answer))
        .where(Project.call_id.in_([call.id for call in wanted]))
        .group_by(Project.call_id)
    )
    found = {identity: Counts(begun, int(submitted)) for identity, begun, submitted in session().execute(statement)}
    return {call.id: found.get(call.id, Counts()) for call in wanted}


def allow_late(slug: str, until: datetime, reason: str, by: User) -> Project:
    """Let a project be submitted until a moment although its call is closed; its city's people get a letter.

    Raises `Invalid` for `until` or `reason`, `Conflict` for a project that is no draft or answers no call.
    """
    policies.require(by, "project.organise")
    reason = texts.line(reason, "reason", 500, is_required=True)
    with atomic() as current:
        identity = current.scalar(select(Project.id).where(Project.slug == slug))
        if identity is None:
            raise NotFound
        project = lock(Project, identity)[0]
        if project.state is not ProjectState.DRAFT or project.call is None:
            raise Conflict(lazy_gettext("Leave is given to drafts that answer a call."))
        if until <= clock.now():
            raise Invalid("until", lazy_gettext("Please choose a moment in the future."))
        project.late_until, project.late_reason = until, reason
        for reader in team.people(project.city):
            with i18n.speaking(reader.locale):
                about = {**team.about(project), "call": title(project.call)}
            outbox.queue(
                "project_late_allowed",
                to=reader,
                **about,
                until=until.isoformat(),
                zone=project.call.timezone,
                reason=reason,
            )
        audit.record("project.late_allowed", by, project, until=until.isoformat())
        return project


def title(call: Call) -> str:
    """Return the title of a call in the reader's language."""
    return in_language(call.titles)
