"""Meetings whose place does not suit them any more: they get a table both sides can use, or go online, and are told."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import session
from marketplace.models import Meeting, MeetingParty, MeetingSlot, MeetingState, MeetingTable, User
from marketplace.services.meetings import booking, settling


def misplaced(meetings: Iterable[Meeting]) -> list[Meeting]:
    """Return those to come that need another place: a table, none, or one that a side can reach."""
    now = clock.now()
    return [one for one in meetings if one.slot.starts_at > now and not _fits(one)]


def _fits(meeting: Meeting) -> bool:
    first, second = meeting.first_party, meeting.second_party
    if not settling.is_in_person(first, second, meeting.slot.session):
        return meeting.table_id is None
    return meeting.table is not None and (
        meeting.table.is_accessible or not settling.needs_accessible_table(first, second)
    )


def put_right(meetings: Iterable[Meeting], by: User | None) -> tuple[list[Meeting], list[Meeting]]:
    """Give every misplaced meeting a place in its slot, and tell both sides.

    Returns those that have one now, and those for which there is none: they stay as they were. The caller holds the
    event's rules and decides what becomes of these.
    """
    from marketplace.services.meetings import letters

    moved: list[Meeting] = []
    left: list[Meeting] = []
    for meeting in misplaced(meetings):
        try:
            booking.move(meeting, meeting.slot, by)
        except (settling.NoTable, settling.NoInterpreter):
            left.append(meeting)
            continue
        letters.tell_moved(meeting)
        moved.append(meeting)
    return moved, left


def out_of_reach(event_id: int) -> list[Meeting]:
    """Return the meetings to come at tables that one side cannot use."""
    return list(
        session()
        .scalars(
            select(Meeting)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .join(MeetingTable, MeetingTable.id == Meeting.table_id)
            .join(MeetingParty, MeetingParty.id.in_((Meeting.first_party_id, Meeting.second_party_id)))
            .where(
                Meeting.event_id == event_id,
                Meeting.state == MeetingState.SCHEDULED,
                MeetingSlot.starts_at > clock.now(),
                MeetingTable.is_accessible.is_(False),
                MeetingParty.needs_accessible_table.is_(True),
            )
            .options(joinedload(Meeting.slot))
            .order_by(Meeting.id)
        )
        .unique()
    )
