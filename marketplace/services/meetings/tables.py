"""Tables of an event: numbered, in zones, closed for good or for some slots, without losing a meeting unasked."""

from sqlalchemy import Select, case, func, select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import Event, Meeting, MeetingState, MeetingTable, TableClosure, User
from marketplace.services import audit, events, texts
from marketplace.services.meetings import booking, settling, slots
from marketplace.services.meetings.slots import WouldCancel

MOST = 3000
"""Tables of one event."""


def of_event(event_id: int) -> list[MeetingTable]:
    """Return the tables of an event by number, closed ones too."""
    return list(session().scalars(listing(event_id)))


def listing(event_id: int) -> Select[MeetingTable]:
    """Return the statement that lists the tables of an event by number; the caller paginates it."""
    return select(MeetingTable).where(MeetingTable.event_id == event_id).order_by(MeetingTable.number)


def find(event: Event, uid: str) -> MeetingTable:
    """Return a table of an event; raises `NotFound`."""
    found = session().scalar(select(MeetingTable).where(MeetingTable.event_id == event.id, MeetingTable.uid == uid))
    if found is None:
        raise NotFound
    return found


def counts(event_id: int) -> dict[int, tuple[int, int]]:
    """Return for each table that had any how many meetings take place there, and how many there ever were."""
    is_live = case((Meeting.state == MeetingState.SCHEDULED, 1), else_=0)
    return {
        identity: (live, ever)
        for identity, live, ever in session().execute(
            select(Meeting.table_id, func.sum(is_live), func.count())
            .where(Meeting.event_id == event_id, Meeting.table_id.is_not(None))
            .group_by(Meeting.table_id)
        )
        if identity is not None
    }


def closures(event_id: int) -> set[tuple[int, int]]:
    """Return which tables are closed in which slots, as (table, slot) ids."""
    return {
        (one, other)
        for one, other in session().execute(
            select(TableClosure.table_id, TableClosure.slot_id)
            .join(MeetingTable, MeetingTable.id == TableClosure.table_id)
            .where(MeetingTable.event_id == event_id)
        )
    }


def add(slug: str, count: int, by: User, *, zone: str = "", is_accessible: bool = False) -> list[MeetingTable]:
    """Set up more tables, numbered on from the highest."""
    with atomic() as current:
        event = events.editable(slug, by)
        last = current.scalar(select(func.max(MeetingTable.number)).where(MeetingTable.event_id == event.id)) or 0
        if not 1 <= count <= 500 or last + count > MOST:
            raise Invalid("count", lazy_gettext("Please give a number from 1 to 500."))
        zone = texts.line(zone, "zone", 80)
        new = [
            MeetingTable(event_id=event.id, number=last + step, zone=zone, is_accessible=is_accessible)
            for step in range(1, count + 1)
        ]
        current.add_all(new)
        current.flush()
        audit.record("meeting_tables.added", by, event, tables=count)
        return new


def edit(slug: str, uid: str, number: int, zone: str, is_accessible: bool, by: User) -> MeetingTable:
    """Change a table's number, zone or accessibility; its meetings stay.

    Calendars learn the new number of those to come. Meetings that need an accessible table leave one that is none any
    more for another; where no other is free the change is refused.
    """
    from marketplace.services.meetings import letters, reseating

    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        table = _locked(event, uid)
        if not 1 <= number <= MOST:
            raise Invalid("number", lazy_gettext("Please give a number from 1 to %(max)s.", max=MOST))
        if current.scalar(
            select(MeetingTable.id).where(
                MeetingTable.event_id == event.id, MeetingTable.number == number, MeetingTable.id != table.id
            )
        ):
            raise Invalid("number", lazy_gettext("Another table has this number."))
        zone = texts.line(zone, "zone", 80)
        is_moved = (number, zone) != (table.number, table.zone)
        table.number, table.zone, table.is_accessible = number, zone, is_accessible
        current.flush()
        gone, left = reseating.put_right(_meetings(table), by)
        if left:
            raise Invalid("is_accessible", lazy_gettext("Meetings at this table need it to be accessible."))
        if is_moved:
            for meeting in _meetings(table):
                if meeting.slot.starts_at > clock.now():
                    booking.note_change(meeting)
                    letters.tell_moved(meeting)
        audit.record("meeting_table.edited", by, table, event=event.slug, moved=len(gone))
        return table


def close(slug: str, uid: str, by: User, slot_uids: set[str] | None = None, *, is_confirmed: bool = False) -> int:
    """Close a table, for good or (with `slot_uids`) in exactly these slots.

    Its meetings there move to another free table of the same slot; where none is free they would be cancelled:
    `WouldCancel` asks first. Returns how many meetings moved.
    """
    from marketplace.services.meetings import letters

    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        table = _locked(event, uid)
        usable = slots.all_slots(event.id)
        if slot_uids is None:
            table.closed_at = clock.now()
            affected = {slot.id for slot in usable}
        else:
            affected = {slot.id for slot in usable if slot.uid in slot_uids}
            _set_closures(table, affected)
        current.flush()
        moved, lost = 0, []
        for meeting in _meetings(table):
            if meeting.slot_id not in affected or meeting.slot.starts_at < clock.now():
                continue
            try:
                booking.move(meeting, meeting.slot, by)
            except settling.NoTable:
                lost.append(meeting)
                continue
            letters.tell_moved(meeting)
            moved += 1
        if lost and not is_confirmed:
            raise WouldCancel(lost)
        for meeting in lost:
            booking.cancel(meeting, by, str(lazy_gettext("The table is closed and no other one is free.")))
            letters.tell_cancelled(meeting)
        audit.record("meeting_table.closed", by, table, event=event.slug, moved=moved, cancelled=len(lost))
        return moved


def reopen(slug: str, uid: str, by: User) -> MeetingTable:
    """Open a table again, in all slots."""
    with atomic():
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        table = _locked(event, uid)
        table.closed_at = None
        _set_closures(table, set())
        audit.record("meeting_table.reopened", by, table, event=event.slug)
        return table


def remove(slug: str, uid: str, by: User) -> None:
    """Take a table away that never had a meeting; close any other (`Conflict`)."""
    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        table = _locked(event, uid)
        if current.scalar(select(Meeting.id).where(Meeting.table_id == table.id).limit(1)):
            raise Conflict(lazy_gettext("There were meetings at this table. Close it instead."))
        _set_closures(table, set())
        audit.record("meeting_table.removed", by, table, event=event.slug)
        current.delete(table)


def _set_closures(table: MeetingTable, wanted: set[int]) -> None:
    current = session()
    present = {
        closure.slot_id: closure
        for closure in current.scalars(select(TableClosure).where(TableClosure.table_id == table.id))
    }
    for slot_id, closure in present.items():
        if slot_id not in wanted:
            current.delete(closure)
    current.add_all(TableClosure(table_id=table.id, slot_id=slot_id) for slot_id in sorted(wanted - set(present)))
    current.flush()


def _meetings(table: MeetingTable) -> list[Meeting]:
    return list(
        session().scalars(
            select(Meeting)
            .where(Meeting.table_id == table.id, Meeting.state == MeetingState.SCHEDULED)
            .order_by(Meeting.id)
        )
    )


def _locked(event: Event, uid: str) -> MeetingTable:
    identity = session().scalar(
        select(MeetingTable.id).where(MeetingTable.event_id == event.id, MeetingTable.uid == uid)
    )
    if identity is None:
        raise NotFound
    return lock(MeetingTable, identity)[0]
