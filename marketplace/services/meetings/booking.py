"""One meeting: made, moved, handed to other people, cancelled. Every path to a meeting ends here.

What decides is the database: people, projects, tables and interpreters are held unit by unit (`holds`), parties are
locked while their meetings are counted, and the event's rules are locked for reading, so that a publication, which
locks them for writing, never runs beside a booking.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Integer, Select, bindparam, exists, func, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from marketplace import clock
from marketplace.database import atomic, lock, put_new, session
from marketplace.errors import Conflict, NotOpen, Unavailable
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    HoldKind,
    Meeting,
    MeetingParty,
    MeetingPerson,
    MeetingRequest,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingState,
    MeetingTable,
    RequestState,
    User,
)
from marketplace.services import audit
from marketplace.services.meetings import holds, interpreting, settling

RETRIES = 2
"""How often a booking begins again after a deadlock or a lock that could not be had."""


class CapReached(Conflict):
    """A party has as many meetings as it may."""

    message = lazy_gettext("One side has as many meetings as it may have.")


class AlreadyMeeting(Conflict):
    """The two meet already."""

    message = lazy_gettext("These two have a meeting already.")


@dataclass(frozen=True)
class Wanted:
    """A meeting to be made. Empty fields are chosen here: the people, the table, the interpreter, the language."""

    first: MeetingParty
    second: MeetingParty
    slot: MeetingSlot
    source: MeetingSource
    table: MeetingTable | None = None
    people: tuple[int, ...] = ()
    round: int = 1
    attempt: str | None = None
    is_locked: bool = False
    is_within_caps: bool = True


Result = TypeVar("Result")


class SlotGone(Conflict):
    """The slot is not in use any more."""

    message = lazy_gettext("This time is no longer offered. Please choose another one.")


def again(act: Callable[[], Result]) -> Result:
    """Run an act that opens its own transaction, and again where a deadlock or a lock wait ended it."""
    for _ in range(RETRIES):
        try:
            return act()
        except Unavailable:
            continue
    return act()


# Statements of every booking are written once: to put them together takes longer than to run them.
_RULES_SHARED = (
    select(MeetingSetup)
    .where(MeetingSetup.event_id == bindparam("event_id"))
    .with_for_update(read=True)
    .execution_options(populate_existing=True)
)


def share_rules(event_id: int) -> MeetingSetup:
    """Return the event's rules, locked for reading until the transaction ends."""
    found = session().scalar(_RULES_SHARED, {"event_id": event_id})
    if found is None:
        raise NotOpen
    return found


def hold_rules(slug: str) -> None:
    """Lock an event's rules for an act that changes many meetings or where they can be, until the transaction ends.

    Called before anything else is locked: bookings hold the rules shared and then refer to the event, so that whoever
    locked the event first and the rules second would wait for them while they wait for it.
    """
    identity = session().scalar(
        select(MeetingSetup.id).join(Event, Event.id == MeetingSetup.event_id).where(Event.slug == slug)
    )
    if identity is not None:
        lock(MeetingSetup, identity)


def _check_slot(slot: MeetingSlot) -> None:
    """Refuse a slot that was given up since it was read; called under the shared lock of the rules."""
    if not session().scalar(select(MeetingSlot.id).where(MeetingSlot.id == slot.id, MeetingSlot.retired_at.is_(None))):
        raise SlotGone


def make(wanted: Wanted, by: User | None, setup: MeetingSetup | None = None) -> Meeting:
    """Make a meeting and hold everything it needs, in the transaction of the caller, who has checked who may.

    `setup` are the event's rules, where the caller shares them already. Both parties are locked, so that caps hold and
    two bookings of one pair meet here. Raises `CapReached`, `AlreadyMeeting`, `NobodyFree`, `NoTable`, `NoInterpreter`
    or `SlotTaken`; nothing is left behind.
    """
    with atomic():
        setup = setup or share_rules(wanted.slot.event_id)
        first, second = wanted.first, wanted.second
        _lock_parties(first, second)
        has_request = _check(setup, wanted, first, second)
        people = settling.people_for(first, second, wanted.slot, wanted.people)
        table = settling.table_at_once(first, second, wanted.slot, wanted.table)
        meeting = _written(wanted, by, people, table)
        settling.settle(meeting, first, second, wanted.slot, [person for _, person in people], wanted.table, table)
        if has_request:
            _accept_request(meeting, by)
        audit.record("meeting.made", by, meeting, source=wanted.source.value, slot=wanted.slot.uid)
        return meeting


def _written(
    wanted: Wanted, by: User | None, people: Sequence[tuple[MeetingParty, int]], table: MeetingTable | None
) -> Meeting:
    """Write a meeting and who comes to it, and say of it what is known already: nothing is read again."""
    first, second, now = wanted.first, wanted.second, clock.now()
    (meeting,) = put_new(
        Meeting(
            event_id=wanted.slot.event_id,
            first_party_id=first.id,
            second_party_id=second.id,
            round=wanted.round,
            slot_id=wanted.slot.id,
            table_id=table.id if table else None,
            source=wanted.source,
            is_locked=wanted.is_locked,
            attempt=wanted.attempt,
            by_id=by.id if by else None,
            created_at=now,
            changed_at=now,
            language=interpreting.shared_language(first, second),
        )
    )
    coming = put_new(
        *(
            MeetingPerson(meeting_id=meeting.id, registration_id=person, party_id=party.id, calendar_changed_at=now)
            for party, person in people
        )
    )
    known = {
        "event": first.event,
        "first_party": first,
        "second_party": second,
        "slot": wanted.slot,
        "table": table,
        "interpreter": None,
        "people": coming,
    }
    for name, value in known.items():
        set_committed_value(meeting, name, value)
    return meeting


def _accept_request(meeting: Meeting, by: User | None) -> None:
    """Count the open request of two parties that now meet as accepted."""
    session().execute(
        update(MeetingRequest)
        .where(
            MeetingRequest.low_party_id == min(meeting.first_party_id, meeting.second_party_id),
            MeetingRequest.high_party_id == max(meeting.first_party_id, meeting.second_party_id),
            MeetingRequest.state == RequestState.SENT,
        )
        .values(
            state=RequestState.ACCEPTED,
            answered_at=clock.now(),
            answered_by_id=by.id if by else None,
            meeting_id=meeting.id,
            slot_id=meeting.slot_id,
        )
    )


_DECISIVE = (
    "withdrawn_at",
    "cap",
    "attendance",
    "languages",
    "needs_interpreter",
    "needs_accessible_table",
    "online_link",
)
"""What of a party decides about a meeting, besides its people."""

_PARTIES_LOCKED = (
    select(MeetingParty.id, *(getattr(MeetingParty, name) for name in _DECISIVE))
    .where(MeetingParty.id.in_(bindparam("parties", expanding=True)))
    .order_by(MeetingParty.id)
    .with_for_update()
)


def _lock_parties(*parties: MeetingParty) -> None:
    """Lock parties until the transaction ends and read again what decides.

    `lock` would read them as a whole and forget their people and organisations, which the letters need again.
    """
    known = {party.id: party for party in parties}
    rows = session().execute(_PARTIES_LOCKED, {"parties": list(known)})
    for identity, *values in rows:
        for name, value in zip(_DECISIVE, values, strict=True):
            set_committed_value(known[identity], name, value)


def _count(party_id: Any) -> Select[int]:
    return select(func.count(Meeting.id)).where(
        or_(Meeting.first_party_id == party_id, Meeting.second_party_id == party_id),
        Meeting.state == MeetingState.SCHEDULED,
    )


_FIRST, _SECOND = bindparam("first", type_=Integer), bindparam("second", type_=Integer)
_STANDING = select(
    exists().where(MeetingSlot.id == bindparam("slot"), MeetingSlot.retired_at.is_(None)),
    # In either order: a pair is a pair.
    exists().where(
        Meeting.first_party_id.in_((_FIRST, _SECOND)),
        Meeting.second_party_id.in_((_FIRST, _SECOND)),
        Meeting.round == bindparam("round"),
        Meeting.state == MeetingState.SCHEDULED,
    ),
    exists().where(Meeting.attempt == bindparam("attempt")),
    exists().where(
        MeetingRequest.low_party_id.in_((_FIRST, _SECOND)),
        MeetingRequest.high_party_id.in_((_FIRST, _SECOND)),
        MeetingRequest.state == RequestState.SENT,
    ),
    _count(_FIRST).scalar_subquery(),
    _count(_SECOND).scalar_subquery(),
)


def _check(setup: MeetingSetup, wanted: Wanted, first: MeetingParty, second: MeetingParty) -> bool:
    """Refuse what the rules and other meetings do not allow, read in one go under the locks of rules and parties.

    So is the second copy of a form, which waited for the parties' lock and finds what the first one made. Returns
    whether a request between the two is open.
    """
    asked = {
        "slot": wanted.slot.id,
        "round": wanted.round,
        # No attempt is stored as an empty one.
        "attempt": wanted.attempt or "",
        "first": first.id,
        "second": second.id,
    }
    is_in_use, have_met, is_sent_again, has_request, *counts = session().execute(_STANDING, asked).one()
    if not is_in_use:
        raise SlotGone
    if first.withdrawn_at is not None or second.withdrawn_at is not None:
        raise Conflict
    if have_met or is_sent_again:
        raise AlreadyMeeting
    if wanted.is_within_caps:
        for party, present in zip((first, second), counts, strict=True):
            cap = cap_of(setup, party)
            if cap is not None and present >= cap:
                raise CapReached
    return bool(has_request)


def cap_of(setup: MeetingSetup, party: MeetingParty) -> int | None:
    """Return how many meetings a party may have; None for no limit."""
    return party.cap if party.cap is not None else setup.limits.get(party.role, {}).get("cap")


def floor_of(setup: MeetingSetup, party: MeetingParty) -> int:
    """Return how many meetings a party is to have at least."""
    return party.floor if party.floor is not None else setup.limits.get(party.role, {}).get("floor") or 0


def count(party: MeetingParty) -> int:
    """Return how many scheduled meetings a party has. Count under the party's lock."""
    return session().scalar(_count(party.id)) or 0


def move(meeting: Meeting, slot: MeetingSlot, by: User | None, table: MeetingTable | None = None) -> Meeting:
    """Give a meeting another slot (or only another table), in the transaction of the caller.

    It keeps its people where they can come and its UID; every calendar sees a change. Raises as `make` does, and
    leaves the meeting as it was.
    """
    with atomic() as current:
        share_rules(meeting.event_id)
        (meeting,) = lock(Meeting, meeting.id)
        if meeting.state is not MeetingState.SCHEDULED:
            raise Conflict
        _check_slot(slot)
        first, second = meeting.first_party, meeting.second_party
        lock(MeetingParty, first.id, second.id)
        before = meeting.slot.uid
        now_coming = [person for person in meeting.people if person.withdrawn_at is None]
        with current.begin_nested():
            holds.release([meeting.id])
            people = []
            for party in (first, second):
                free = settling.free_people(party, slot)
                present = [person.registration_id for person in now_coming if person.party_id == party.id]
                staying = [person for person in present if person in free] or free[:1]
                if not staying:
                    raise settling.NobodyFree
                people += [(party, person) for person in staying]
            meeting.slot_id, meeting.slot = slot.id, slot
            settling.settle(
                meeting,
                first,
                second,
                slot,
                [person for _, person in people],
                table,
                settling.table_at_once(first, second, slot, table),
            )
        _set_people(meeting, people)
        note_change(meeting)
        audit.record("meeting.moved", by, meeting, before=before, slot=slot.uid)
        return meeting


def hand_over(meeting: Meeting, party: MeetingParty, people: Sequence[int], by: User | None) -> Meeting:
    """Let other people of a party hold a meeting: stand-ins, or more than one. Raises `NobodyFree`, `SlotTaken`."""
    with atomic() as current:
        share_rules(meeting.event_id)
        (meeting,) = lock(Meeting, meeting.id)
        if meeting.state is not MeetingState.SCHEDULED:
            raise Conflict
        lock(MeetingParty, party.id)
        free = settling.free_people(party, meeting.slot, but=meeting.id)
        if not people or not set(people) <= set(free):
            raise settling.NobodyFree
        mine = [person for person in meeting.people if person.withdrawn_at is None and person.party_id == party.id]
        others = [
            (meeting.first_party if person.party_id == meeting.first_party_id else meeting.second_party, person)
            for person in meeting.people
            if person.withdrawn_at is None and person.party_id != party.id
        ]
        with current.begin_nested():
            holds.release([meeting.id], [(HoldKind.PERSON, person.registration_id) for person in mine])
            holds.take(
                meeting,
                [(HoldKind.PERSON, person) for person in people],
                meeting.slot.starts_at,
                meeting.slot.ends_at,
            )
        _set_people(
            meeting,
            [(party, person) for person in people] + [(side, person.registration_id) for side, person in others],
        )
        meeting.changed_at = clock.now()
        current.flush()
        audit.record("meeting.handed_over", by, meeting, people=len(people))
        return meeting


def _set_people(meeting: Meeting, people: Sequence[tuple[MeetingParty, int]]) -> None:
    """Make these the people of a meeting. Who leaves keeps a row, so that a SEQUENCE sent to them goes on."""
    now, known = clock.now(), {person.registration_id: person for person in meeting.people}
    staying = {person for _, person in people}
    for person in meeting.people:
        if person.registration_id not in staying and person.withdrawn_at is None:
            person.withdrawn_at = now
            person.calendar_sequence += 1
            person.calendar_changed_at = now
    for party, identity in people:
        present = known.get(identity)
        if present is None:
            meeting.people.append(MeetingPerson(registration_id=identity, party_id=party.id))
        elif present.withdrawn_at is not None:
            present.withdrawn_at, present.party_id = None, party.id
            present.calendar_sequence += 1
            present.calendar_changed_at = now
    session().flush()


def note_change(meeting: Meeting) -> None:
    """Raise the SEQUENCE: time, place, link or state changed."""
    meeting.changed_at = meeting.calendar_changed_at = clock.now()
    meeting.calendar_sequence += 1


def cancel(meeting: Meeting, by: User | None, reason: str = "", party: MeetingParty | None = None) -> bool:
    """Cancel a meeting and free all it held; returns False where it was cancelled already.

    `party` is the side that cancels; the other one reads the reason.
    """
    with atomic() as current:
        now = clock.now()
        done = current.execute(
            update(Meeting)
            .where(Meeting.id == meeting.id, Meeting.state == MeetingState.SCHEDULED)
            .values(
                state=MeetingState.CANCELLED,
                cancelled_at=now,
                changed_at=now,
                calendar_changed_at=now,
                calendar_sequence=Meeting.calendar_sequence + 1,
                reason=reason[:500],
                cancelled_by_party_id=party.id if party else None,
            )
            .execution_options(synchronize_session=False)
        )
        current.refresh(meeting)
        if not done.rowcount:  # type: ignore[attr-defined]
            return False
        holds.release([meeting.id])
        audit.record("meeting.cancelled", by, meeting, by_party=party.uid if party else "")
        return True


def may_change_until(setup: MeetingSetup, meeting: Meeting) -> bool:
    """Tell whether a meeting can still be moved or cancelled by its sides: until so many minutes before, exclusive."""
    return clock.now() < meeting.slot.starts_at - timedelta(minutes=setup.change_until_minutes)
