"""What is taken when: the rows whose unique constraint keeps everybody and everything in one place at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from marketplace.database import lock, session
from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Hold,
    HoldKind,
    Meeting,
    ProgrammeSession,
    Registration,
    RegistrationState,
    SessionSignUp,
    SessionState,
)

UNIT = 300
"""Seconds of one unit. Slots begin and last whole units; sessions are rounded outwards."""

Resource = tuple[HoldKind, int]


class SlotTaken(Conflict):
    """Somebody or something is in another meeting or session by now; `resource` says what, where it is known."""

    message = lazy_gettext("This time has just been taken. Please choose another one.")

    def __init__(self, resource: Resource | None = None) -> None:
        super().__init__()
        self.resource = resource


def units(starts_at: datetime, ends_at: datetime) -> range:
    """Return the units a half-open span of time touches: 10:00-10:20 and 10:20-10:40 have none in common."""
    return range(int(starts_at.timestamp()) // UNIT, -(-int(ends_at.timestamp()) // UNIT))


def take(meeting: Meeting, resources: Iterable[Resource], starts_at: datetime, ends_at: datetime) -> None:
    """Hold resources for a meeting, all or none; raises `SlotTaken` where one of them is held already.

    The rows go in in one order everywhere, so that two writers wait for each other in turn and never in a circle. Rows
    that are there already are passed over and counted as missing: that needs no savepoint.
    """
    span = units(starts_at, ends_at)
    rows = [
        {"kind": kind, "resource_id": resource, "unit": unit, "meeting_id": meeting.id}
        for kind, resource in sorted(set(resources))
        for unit in span
    ]
    if not rows:
        return
    connection = session().connection()
    new = connection.execute(_TAKE[connection.dialect.name], rows).scalars().all()
    if len(new) < len(rows):
        session().execute(delete(Hold).where(Hold.id.in_(new)).execution_options(synchronize_session=False))
        raise SlotTaken(_first_taken(rows))


_TAKE = {
    name: insert_into(Hold.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing(index_elements=["kind", "resource_id", "unit"])
    .returning(Hold.__table__.c.id)
    for name, insert_into in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def _first_taken(rows: list[dict[str, Any]]) -> Resource | None:
    wanted = {(HoldKind(row["kind"]), row["resource_id"]) for row in rows}
    found = session().execute(
        select(Hold.kind, Hold.resource_id).where(
            Hold.unit.in_({row["unit"] for row in rows}), Hold.resource_id.in_({resource for _, resource in wanted})
        )
    )
    return next(((kind, resource) for kind, resource in found if (kind, resource) in wanted), None)


def release(meetings: Iterable[int], resources: Iterable[Resource] | None = None) -> None:
    """Give back what meetings (by id) hold; with `resources`, only these."""
    identities = list(meetings)
    if not identities:
        return
    statement = delete(Hold).where(Hold.meeting_id.in_(identities))
    if resources is None:
        session().execute(statement)
        return
    for kind, resource in resources:
        session().execute(statement.where(Hold.kind == kind, Hold.resource_id == resource))


def taken(kind: HoldKind, resources: Iterable[int], starts_at: datetime, ends_at: datetime) -> dict[int, set[int]]:
    """Return the units taken within a span of time, by resource; those that are free are left out."""
    identities = list(resources)
    found: dict[int, set[int]] = defaultdict(set)
    if not identities:
        return found
    span = units(starts_at, ends_at)
    for resource, unit in session().execute(
        select(Hold.resource_id, Hold.unit).where(
            Hold.kind == kind, Hold.resource_id.in_(identities), Hold.unit >= span.start, Hold.unit < span.stop
        )
    ):
        found[resource].add(unit)
    return found


def follow_sessions(registration_ids: Iterable[int]) -> list[SessionSignUp]:
    """Make people hold the time of the sessions in their own programme, and no other time without a meeting.

    Returns the sign-ups whose session overlaps a meeting of the same person: these cannot both be. Sessions may
    overlap each other (people change halls), so they share their units. Locks the registrations.
    """
    identities = sorted(set(registration_ids))
    clashing: list[SessionSignUp] = []
    for some in _batches(identities, 500):
        lock(Registration, *some)
        wanted, sources = _wanted(some)
        mine, of_meetings = _present(some)
        clashing += [sign_up for sign_up, span in sources if not of_meetings[sign_up.registration_id].isdisjoint(span)]
        for person in some:
            gone = mine[person] - wanted[person]
            if gone:
                session().execute(
                    delete(Hold).where(
                        Hold.kind == HoldKind.PERSON,
                        Hold.resource_id == person,
                        Hold.unit.in_(gone),
                        Hold.meeting_id.is_(None),
                    )
                )
        rows = [
            {"kind": HoldKind.PERSON, "resource_id": person, "unit": unit, "meeting_id": None}
            for person in some
            for unit in sorted(wanted[person] - mine[person] - of_meetings[person])
        ]
        if rows:
            try:
                with session().begin_nested():
                    session().execute(insert(Hold), rows)
            except IntegrityError:
                raise SlotTaken from None
    return clashing


def _wanted(people: list[int]) -> tuple[dict[int, set[int]], list[tuple[SessionSignUp, range]]]:
    wanted: dict[int, set[int]] = defaultdict(set)
    sources = []
    for sign_up, starts_at, ends_at in session().execute(
        select(SessionSignUp, ProgrammeSession.starts_at, ProgrammeSession.ends_at)
        .join(ProgrammeSession, ProgrammeSession.id == SessionSignUp.session_id)
        .join(Registration, Registration.id == SessionSignUp.registration_id)
        .where(
            SessionSignUp.registration_id.in_(people),
            SessionSignUp.withdrawn_at.is_(None),
            Registration.state == RegistrationState.CONFIRMED,
            ProgrammeSession.state == SessionState.PUBLISHED,
        )
    ):
        span = units(starts_at, ends_at)
        wanted[sign_up.registration_id].update(span)
        sources.append((sign_up, span))
    return wanted, sources


def _present(people: list[int]) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    mine: dict[int, set[int]] = defaultdict(set)
    of_meetings: dict[int, set[int]] = defaultdict(set)
    for person, unit, meeting_id in session().execute(
        select(Hold.resource_id, Hold.unit, Hold.meeting_id).where(
            Hold.kind == HoldKind.PERSON, Hold.resource_id.in_(people)
        )
    ):
        (mine if meeting_id is None else of_meetings)[person].add(unit)
    return mine, of_meetings


def _batches(identities: list[int], size: int) -> Iterator[list[int]]:
    for first in range(0, len(identities), size):
        yield identities[first : first + size]
