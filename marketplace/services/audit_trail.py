"""Reading the audit trail: who did what to what, filtered, with the names of the people concerned, and as a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from marketplace.database import atomic, session
from marketplace.i18n import gettext as _
from marketplace.models import AuditEntry, Organisation, User
from marketplace.services import audit, desk_words, policies, search

EXPORT_LIMIT = 20_000
"""Rows one download holds at most, the newest ones."""


@dataclass(frozen=True)
class Filter:
    """What the trail shows; empty values mean no restriction.

    `query` finds the names of people and organisations, as actor or object; `about` is the uid of one person or
    object. The days are whole days on the calendar of `zone`.
    """

    query: str = ""
    about: str = ""
    action: str = ""
    first_day: date | None = None
    last_day: date | None = None
    zone: str = "UTC"


def listing(wanted: Filter) -> Select[AuditEntry]:
    """Return the statement that lists the trail with its actors, the newest act first; the caller paginates it."""
    statement = (
        select(AuditEntry).options(joinedload(AuditEntry.actor)).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    if wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.about:
        actor = select(User.id).where(User.uid == wanted.about)
        statement = statement.where(or_(AuditEntry.object_uid == wanted.about, AuditEntry.actor_id.in_(actor)))
    if wanted.query:
        people = search.matches(User.search_text, wanted.query)
        bodies = search.matches(Organisation.search_text, wanted.query)
        statement = statement.where(
            or_(
                AuditEntry.actor_id.in_(select(User.id).where(people)),
                AuditEntry.object_uid.in_(select(User.uid).where(people)),
                AuditEntry.object_uid.in_(select(Organisation.uid).where(bodies)),
            )
        )
    if wanted.first_day is not None:
        statement = statement.where(AuditEntry.at >= _midnight(wanted.first_day, wanted.zone))
    if wanted.last_day is not None and wanted.last_day < date.max:
        statement = statement.where(AuditEntry.at < _midnight(wanted.last_day + timedelta(days=1), wanted.zone))
    return statement


def _midnight(day: date, zone: str) -> datetime:
    try:
        return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    except OverflowError:
        # The first hours of the year 1 have no name in UTC.
        return datetime.combine(day, time(), ZoneInfo("UTC"))


def actions() -> list[tuple[str, str]]:
    """Return code name and words of every act that has happened, in the order of the words."""
    found = session().scalars(select(AuditEntry.action).distinct())
    return sorted(((action, desk_words.act(action)) for action in found), key=lambda pair: search.fold(pair[1]))


def subjects(entries: Iterable[AuditEntry]) -> dict[str, User | Organisation]:
    """Return the people and organisations the entries are about, by uid, in two queries."""
    wanted: dict[str, set[str]] = {"user": set(), "organisation": set()}
    for entry in entries:
        if entry.object_kind in wanted:
            wanted[entry.object_kind].add(entry.object_uid)
    found: dict[str, User | Organisation] = {}
    if wanted["user"]:
        found.update((user.uid, user) for user in session().scalars(select(User).where(User.uid.in_(wanted["user"]))))
    if wanted["organisation"]:
        statement = select(Organisation).where(Organisation.uid.in_(wanted["organisation"]))
        found.update((body.uid, body) for body in session().scalars(statement))
    return found


def export(wanted: Filter, by: User) -> list[list[str]]:
    """Return header and rows of the trail a filter finds; that it was taken is recorded in the trail itself."""
    policies.require(by, "desk.platform")
    entries = list(session().scalars(listing(wanted).limit(EXPORT_LIMIT)))
    names = {uid: found.name for uid, found in subjects(entries).items()}
    rows = [
        [
            entry.at.isoformat(timespec="seconds"),
            entry.actor.name if entry.actor else _("The platform"),
            entry.actor.email if entry.actor else "",
            entry.action,
            desk_words.act(entry.action),
            entry.object_kind,
            names.get(entry.object_uid) or entry.label,
            entry.object_uid,
            details(entry),
            entry.request_id,
        ]
        for entry in entries
    ]
    with atomic():
        audit.record("trail.exported", by, rows=len(rows))
    header = [_("When (UTC)"), _("Who"), _("E-mail"), _("Code"), _("What"), _("Kind of object"), _("About")]
    return [[*header, _("Id of object"), _("Details"), _("Request")], *rows]


def details(entry: AuditEntry) -> str:
    """Return the details of an act in one line of the reader's language; empty ones and mere ids are left out."""
    return "; ".join(
        f"{desk_words.DETAILS[name]}: {desk_words.detail(value)}"
        for name, value in entry.details.items()
        if name in desk_words.DETAILS and value not in ("", [], None)
    )
