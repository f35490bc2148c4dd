"""Publication: a draft becomes the schedule, what changed is told to those concerned, and nothing newer is lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    Hold,
    HoldKind,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingSetup,
    MeetingSource,
    MeetingState,
    PartyRole,
    Publication,
    Schedule,
    ScheduleState,
    User,
)
from marketplace.services import audit, events
from marketplace.services.meetings import booking, holds, interpreting, setup
from marketplace.services.meetings.scheduling import drafts, inputs
from marketplace.services.meetings.scheduling.staffing import Seat


class StaleDraft(Conflict):
    """Planned meetings changed since the draft was made. `changes` is what publishing it would change now."""

    message = lazy_gettext("Meetings have changed since this draft was made. Bring the draft up to date, then publish.")

    def __init__(self, changes: "Difference | None" = None) -> None:
        super().__init__()
        self.changes = changes


class NotReady(Conflict):
    """Some meetings of the draft have no person, table or interpreter; they are marked in the plan."""

    message = lazy_gettext("Some meetings of this draft cannot take place as planned. They are marked in the plan.")


@dataclass
class Difference:
    """What publishing a plan would change against the meetings there are."""

    kept: list[tuple[Meeting, Seat]] = field(default_factory=list)
    moved: list[tuple[Meeting, Seat]] = field(default_factory=list)
    new: list[Seat] = field(default_factory=list)
    dropped: list[Meeting] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return the numbers, for the audit trail and the page."""
        return {
            "kept": len(self.kept),
            "moved": len(self.moved),
            "new": len(self.new),
            "dropped": len(self.dropped),
        }

    @property
    def is_empty(self) -> bool:
        """Whether publishing would change nothing."""
        return not (self.moved or self.new or self.dropped)


def scheduled(event_id: int) -> list[Meeting]:
    """Return the scheduled meetings the engine plans, with their people."""
    return list(
        session().scalars(
            select(Meeting)
            .join(MeetingParty, MeetingParty.id == Meeting.first_party_id)
            .where(
                Meeting.event_id == event_id,
                Meeting.state == MeetingState.SCHEDULED,
                MeetingParty.role.in_(inputs.PLANNED),
            )
            .options(selectinload(Meeting.people), joinedload(Meeting.slot), joinedload(Meeting.table))
            .order_by(Meeting.id)
        )
    )


def difference(event_id: int, seats: Sequence[Seat]) -> Difference:
    """Compare a plan with the meetings there are. A pair that meets in another slot, or at another table, is moved.

    What has begun is not dropped, also where one of its sides has left since.
    """
    now = clock.now()
    present = {
        (meeting.first_party_id, meeting.second_party_id, meeting.round): meeting for meeting in scheduled(event_id)
    }
    found = Difference()
    for seat in seats:
        meeting = present.pop((seat.first.id, seat.second.id, seat.round), None)
        if meeting is None:
            found.new.append(seat)
        elif meeting.slot_id != seat.slot.id or meeting.table_id != (seat.table.id if seat.table else None):
            found.moved.append((meeting, seat))
        else:
            found.kept.append((meeting, seat))
    found.dropped = [meeting for meeting in present.values() if meeting.slot.starts_at > now]
    return found


def publish(slug: str, uid: str, by: User, *, is_final: bool = True) -> Difference:
    """Make a draft the schedule of its event, in one transaction, and tell only those whose meetings change.

    The event's rules are locked, so no booking runs beside it. A preliminary schedule is shown and holds its times; one
    that is final also goes into calendars. Raises `StaleDraft` where meetings changed since, `NotReady` where a meeting
    has not all it needs, `Conflict` for a draft that is none.
    """
    from marketplace.services.meetings import letters

    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        rules = setup.needed(event.id)
        (rules,) = lock(MeetingSetup, rules.id)
        draft = drafts.locked(event, uid)
        if draft.state is not ScheduleState.DRAFT:
            raise Conflict
        seats = drafts.seats(event, draft)
        found = difference(event.id, seats)
        if draft.base_digest != inputs.digest(event.id):
            raise StaleDraft(found)
        if any(seat.problem for seat in seats):
            raise NotReady
        was_final = rules.publication is Publication.FINAL
        new = write(event, found, MeetingSource.ENGINE, by)
        current.execute(
            update(Schedule)
            .where(Schedule.event_id == event.id, Schedule.state == ScheduleState.PUBLISHED)
            .values(state=ScheduleState.SUPERSEDED)
        )
        now = clock.now()
        draft.state, draft.published_at, draft.published_by_id = ScheduleState.PUBLISHED, now, by.id
        draft.figures = {**draft.figures, "published": found.counts()}
        rules.publication = Publication.FINAL if is_final or was_final else Publication.PRELIMINARY
        rules.published_at = now
        current.flush()
        audit.record("schedule.published", by, draft, event=event.slug, final=is_final, **found.counts())
        letters.tell_published(event, found, new, is_final=is_final, was_final=was_final)
        return found


def write(event: Event, found: Difference, source: MeetingSource, by: User | None) -> list[Meeting]:
    """Write a difference into the meetings and what they hold, many rows at a time; returns the new meetings.

    The caller has locked the event's rules. Raises `StaleDraft` where something is held by now (a session somebody
    signed up for, a booking of another kind).
    """
    current, now = session(), clock.now()
    gone = [meeting.id for meeting in found.dropped]
    if gone:
        holds.release(gone)
        for meeting in found.dropped:
            meeting.state, meeting.cancelled_at = MeetingState.CANCELLED, now
            meeting.changed_at = meeting.calendar_changed_at = now
            meeting.calendar_sequence += 1
    holds.release([meeting.id for meeting, _ in found.moved])
    for meeting, seat in found.moved:
        meeting.slot_id, meeting.slot = seat.slot.id, seat.slot
        meeting.changed_at = meeting.calendar_changed_at = now
        meeting.calendar_sequence += 1
        _place(meeting, seat)
        _set_people(meeting, seat, now)
    changed = _new_people(found.kept)
    for meeting, seat in changed:
        holds.release([meeting.id])
        meeting.changed_at = now
        _place(meeting, seat)
        _set_people(meeting, seat, now)
    for meeting, seat in found.kept:
        meeting.is_locked = seat.is_locked
    new = [_make(event, seat, source, by, now) for seat in found.new]
    current.add_all(new)
    current.flush()
    seated = [*found.moved, *changed, *zip(new, found.new, strict=True)]
    rows = sorted(
        (row for meeting, seat in seated for row in _rows(meeting, seat)),
        key=lambda row: (row["kind"], row["resource_id"], row["unit"]),
    )
    try:
        with current.begin_nested():
            if rows:
                current.execute(insert(Hold), rows)
    except IntegrityError:
        raise StaleDraft(found) from None
    return new


def _make(event: Event, seat: Seat, source: MeetingSource, by: User | None, now: Any) -> Meeting:
    meeting = Meeting(
        event_id=event.id,
        first_party_id=seat.first.id,
        second_party_id=seat.second.id,
        round=seat.round,
        slot_id=seat.slot.id,
        source=source,
        is_locked=seat.is_locked,
        by_id=by.id if by else None,
        created_at=now,
        changed_at=now,
        people=[MeetingPerson(registration_id=person, party_id=party.id) for party, person in seat.people],
    )
    meeting.first_party, meeting.second_party, meeting.slot = seat.first, seat.second, seat.slot
    _place(meeting, seat)
    return meeting


def _place(meeting: Meeting, seat: Seat) -> None:
    meeting.table_id, meeting.table = (seat.table.id, seat.table) if seat.table else (None, None)
    meeting.interpreter_id = seat.interpreter.id if seat.interpreter else None
    meeting.language = interpreting.shared_language(seat.first, seat.second)
    meeting.online_link = "" if seat.table else seat.second.online_link or seat.first.online_link
    meeting.is_locked = seat.is_locked


def _new_people(kept: Sequence[tuple[Meeting, Seat]]) -> list[tuple[Meeting, Seat]]:
    return [
        (meeting, seat)
        for meeting, seat in kept
        if {person.registration_id for person in meeting.people if person.withdrawn_at is None}
        != {person for _, person in seat.people}
        or meeting.interpreter_id != (seat.interpreter.id if seat.interpreter else None)
    ]


def _set_people(meeting: Meeting, seat: Seat, now: Any) -> None:
    known = {person.registration_id: person for person in meeting.people}
    staying = {person for _, person in seat.people}
    for identity, person in known.items():
        if identity not in staying and person.withdrawn_at is None:
            person.withdrawn_at = person.calendar_changed_at = now
            person.calendar_sequence += 1
    for party, identity in seat.people:
        present = known.get(identity)
        if present is None:
            meeting.people.append(MeetingPerson(registration_id=identity, party_id=party.id))
        elif present.withdrawn_at is not None:
            present.withdrawn_at, present.party_id, present.calendar_changed_at = None, party.id, now
            present.calendar_sequence += 1


def _rows(meeting: Meeting, seat: Seat) -> Iterable[dict[str, Any]]:
    resources = {(HoldKind.PERSON, person) for _, person in seat.people}
    resources |= {
        (HoldKind.PROJECT, party.id) for party in (seat.first, seat.second) if party.role is PartyRole.PROJECT
    }
    if seat.table is not None:
        resources.add((HoldKind.TABLE, seat.table.id))
    if seat.interpreter is not None:
        resources.add((HoldKind.INTERPRETER, seat.interpreter.id))
        if seat.interpreter.registration_id is not None:
            resources.add((HoldKind.PERSON, seat.interpreter.registration_id))
    for kind, resource in resources:
        for unit in holds.units(seat.slot.starts_at, seat.slot.ends_at):
            yield {"kind": kind, "resource_id": resource, "unit": unit, "meeting_id": meeting.id}


def unpublish(slug: str, by: User) -> None:
    """Take a preliminary schedule back: its engine-made meetings end, agreed ones stay. A final one is repaired."""
    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        (rules,) = lock(MeetingSetup, setup.needed(event.id).id)
        if rules.publication is not Publication.PRELIMINARY:
            raise Conflict
        gone = [meeting for meeting in scheduled(event.id) if meeting.source is MeetingSource.ENGINE]
        write(event, Difference(dropped=gone), MeetingSource.ENGINE, by)
        current.execute(
            update(Schedule)
            .where(Schedule.event_id == event.id, Schedule.state == ScheduleState.PUBLISHED)
            .values(state=ScheduleState.SUPERSEDED)
        )
        rules.publication = Publication.NONE
        audit.record("schedule.unpublished", by, rules, event=event.slug, cancelled=len(gone))
