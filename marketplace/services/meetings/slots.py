"""Meeting sessions cut into slots: saved, cut anew without losing a meeting unasked, moved, given up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LazyText, lazy_gettext, ngettext
from marketplace.models import (
    BookingRule,
    Event,
    EventMode,
    Meeting,
    MeetingSession,
    MeetingSlot,
    MeetingState,
    User,
)
from marketplace.services import audit, events, texts, wallclock
from marketplace.services.meetings import booking

SHORTEST, LONGEST = 10, 120
"""Minutes of a slot. (b2match: fifteen is the floor at most events, thirty the rule at booths.)"""

MOST_SLOTS = 60
"""Slots of one meeting session."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Details:
    """A meeting session as the form has it: a day and times on the event's clock, minutes, breaks as (from, to)."""

    names: dict[str, str]
    day: date
    starts: time
    ends: time
    mode: EventMode = EventMode.IN_PERSON
    slot_minutes: int = 20
    turnover_minutes: int = 5
    breaks: tuple[tuple[time, time], ...] = ()
    booking: BookingRule = BookingRule.ENGINE
    at_once_from: datetime | None = None


class WouldCancel(Conflict):
    """The change would cancel meetings; it is done when it is confirmed. `meetings` are those concerned."""

    ends = True

    def __init__(self, meetings: list[Meeting], message: LazyText | None = None) -> None:
        super().__init__(
            message
            or LazyText(
                lambda: ngettext(
                    "%(num)s meeting lies in a slot that would be gone. Confirm to cancel it and tell both sides.",
                    "%(num)s meetings lie in slots that would be gone. Confirm to cancel them and tell both sides.",
                    len(meetings),
                )
            )
        )
        self.meetings = meetings


class WouldMove(Conflict):
    """The change would give meetings another place; it is done when it is confirmed. `meetings` are those concerned."""

    ends = False

    def __init__(self, meetings: list[Meeting]) -> None:
        super().__init__(
            LazyText(
                lambda: ngettext(
                    "%(num)s meeting would change its place. Confirm to change it and tell both sides.",
                    "%(num)s meetings would change their place. Confirm to change them and tell both sides.",
                    len(meetings),
                )
            )
        )
        self.meetings = meetings


def cut(starts_at: datetime, ends_at: datetime, slot: int, turnover: int, breaks: Iterable[Span]) -> list[Span]:
    """Cut a span of time into slots of `slot` minutes with `turnover` minutes between; none reaches into a break.

    After a break slots begin at its end. Times are compared as moments, so a day on which clocks change is cut right.
    """
    length, gap = timedelta(minutes=slot), timedelta(minutes=turnover)
    pauses = sorted(breaks)
    found, at = [], starts_at
    while at + length <= ends_at:
        inside = next((pause for pause in pauses if pause[0] < at + length and at < pause[1]), None)
        if inside is not None:
            at = inside[1]
            continue
        found.append((at, at + length))
        at += length + gap
    return found


def of_event(event_id: int) -> list[MeetingSession]:
    """Return an event's meeting sessions that have slots in use, in order of time. Slots given up are among theirs."""
    return list(
        session()
        .scalars(
            select(MeetingSession)
            .where(MeetingSession.event_id == event_id, MeetingSession.slots.any(MeetingSlot.retired_at.is_(None)))
            .options(joinedload(MeetingSession.slots))
            .order_by(MeetingSession.starts_at, MeetingSession.id)
        )
        .unique()
    )


def all_slots(event_id: int) -> list[MeetingSlot]:
    """Return the slots of an event in use, in order of time, with their sessions."""
    return list(
        session().scalars(
            select(MeetingSlot)
            .where(MeetingSlot.event_id == event_id, MeetingSlot.retired_at.is_(None))
            .options(joinedload(MeetingSlot.session))
            .order_by(MeetingSlot.starts_at, MeetingSlot.id)
        )
    )


_ONE_SLOT = (
    select(MeetingSlot)
    .where(
        MeetingSlot.event_id == bindparam("event"),
        MeetingSlot.uid == bindparam("uid"),
        MeetingSlot.retired_at.is_(None),
    )
    .options(joinedload(MeetingSlot.session))
)


def find_slot(event_id: int, uid: str) -> MeetingSlot:
    """Return one slot in use of an event; raises `NotFound`."""
    found = session().scalar(_ONE_SLOT, {"event": event_id, "uid": uid})
    if found is None:
        raise NotFound
    return found


def find(event: Event, uid: str) -> MeetingSession:
    """Return a meeting session of an event with all its slots; raises `NotFound`, also for one that was removed."""
    found = _own(event, uid)
    if all(slot.retired_at is not None for slot in found.slots):
        raise NotFound
    return found


def details_of(found: MeetingSession, zone: str) -> Details:
    """Return a meeting session as a form shows it, on the clock of a zone."""
    starts, ends = wallclock.local(found.starts_at, zone), wallclock.local(found.ends_at, zone)
    breaks = tuple(
        (
            wallclock.local(datetime.fromisoformat(pause["starts_at"]), zone).time(),
            wallclock.local(datetime.fromisoformat(pause["ends_at"]), zone).time(),
        )
        for pause in found.breaks
    )
    return Details(
        names=dict(found.names),
        day=starts.date(),
        starts=starts.time(),
        ends=ends.time(),
        mode=found.mode,
        slot_minutes=found.slot_minutes,
        turnover_minutes=found.turnover_minutes,
        breaks=breaks,
        booking=found.booking,
        at_once_from=found.at_once_from,
    )


def preview(event: Event, details: Details) -> list[Span]:
    """Return the slots a meeting session would have, and change nothing. Raises `Invalid` as `save` does."""
    return _checked(event, details)[0]


def meetings_by_session(event_id: int) -> dict[int, int]:
    """Return how many meetings take place in each meeting session of an event."""
    counted = session().execute(
        select(MeetingSlot.session_id, func.count(Meeting.id))
        .join(Meeting, Meeting.slot_id == MeetingSlot.id)
        .where(MeetingSlot.event_id == event_id, Meeting.state == MeetingState.SCHEDULED)
        .group_by(MeetingSlot.session_id)
    )
    return {session_id: number for session_id, number in counted}  # noqa: C416 - rows are not pairs to mypy


def save(slug: str, details: Details, by: User, uid: str = "", *, is_confirmed: bool = False) -> MeetingSession:
    """Add a meeting session, or change the one named by `uid`, and cut it.

    A slot whose times stay keeps its meetings; where the session goes online or comes back, they lose or get a table.
    Raises `WouldCancel` where scheduled meetings would lose their time or find no table, `WouldMove` where some would
    change their place, unless `is_confirmed`: then that is done and both sides are told.
    """
    from marketplace.services.meetings import letters, reseating

    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        spans, values = _checked(event, details)
        found = _own(event, uid) if uid else MeetingSession(event_id=event.id, created_at=clock.now())
        for name, value in values.items():
            setattr(found, name, value)
        current.add(found)
        current.flush()
        _refuse_overlap(found)
        lost = _cut_anew(found, spans)
        if lost and not is_confirmed:
            raise WouldCancel(lost)
        for meeting in lost:
            booking.cancel(meeting, by, str(lazy_gettext("The time of this meeting is no longer held free.")))
            letters.tell_cancelled(meeting)
        moved, homeless = reseating.put_right(_scheduled(found), by)
        if homeless and not is_confirmed:
            raise WouldCancel(homeless, _without_table(homeless))
        if moved and not is_confirmed:
            raise WouldMove(moved)
        for meeting in homeless:
            booking.cancel(meeting, by, str(lazy_gettext("No table is free for this meeting.")))
            letters.tell_cancelled(meeting)
        events.touch(event)
        audit.record(
            "meeting_session.saved",
            by,
            found,
            event=event.slug,
            slots=len(spans),
            moved=len(moved),
            cancelled=len(lost) + len(homeless),
        )
        return found


def _scheduled(found: MeetingSession) -> list[Meeting]:
    return list(
        session().scalars(
            select(Meeting)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .where(MeetingSlot.session_id == found.id, Meeting.state == MeetingState.SCHEDULED)
            .order_by(MeetingSlot.starts_at, Meeting.id)
        )
    )


def _without_table(meetings: list[Meeting]) -> LazyText:
    return LazyText(
        lambda: ngettext(
            "For %(num)s meeting no table is free. Confirm to cancel it and tell both sides.",
            "For %(num)s meetings no table is free. Confirm to cancel them and tell both sides.",
            len(meetings),
        )
    )


def remove(slug: str, uid: str, by: User, *, is_confirmed: bool = False) -> None:
    """Take a meeting session out. Raises `WouldCancel` as `save` does; one that had meetings keeps its row."""
    from marketplace.services.meetings import letters

    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        found = _own(event, uid)
        lost = _cut_anew(found, [])
        if lost and not is_confirmed:
            raise WouldCancel(lost)
        for meeting in lost:
            booking.cancel(meeting, by, str(lazy_gettext("The time of this meeting is no longer held free.")))
            letters.tell_cancelled(meeting)
        audit.record("meeting_session.removed", by, found, event=event.slug, cancelled=len(lost))
        if not found.slots:
            current.delete(found)
        events.touch(event)


def _checked(event: Event, details: Details) -> tuple[list[Span], dict[str, object]]:
    names = texts.checked(details.names, "names", 120, is_required=True)
    if not SHORTEST <= details.slot_minutes <= LONGEST or details.slot_minutes % 5:
        raise Invalid("slot_minutes", lazy_gettext("Slots take 10 to 120 minutes, in steps of five."))
    if not 0 <= details.turnover_minutes <= 60 or details.turnover_minutes % 5:
        raise Invalid("turnover_minutes", lazy_gettext("The turn-over takes 0 to 60 minutes, in steps of five."))
    zone = event.timezone
    starts_at = wallclock.moment(details.day, details.starts, zone)
    ends_at = wallclock.moment(details.day, details.ends, zone)
    if int(starts_at.timestamp()) % 300 or details.starts.minute % 5:
        raise Invalid("starts", lazy_gettext("Please give a time in steps of five minutes."))
    if ends_at <= starts_at:
        raise Invalid("ends", lazy_gettext("The end must be after the beginning."))
    if not event.starts_on <= details.day <= event.ends_on:
        raise Invalid("day", lazy_gettext("This day is not one of the event's days."))
    breaks = []
    for begins, finishes in details.breaks:
        pause = (wallclock.moment(details.day, begins, zone), wallclock.moment(details.day, finishes, zone))
        if pause[1] <= pause[0] or begins.minute % 5 or finishes.minute % 5:
            raise Invalid("breaks", lazy_gettext("A break ends after it begins, in steps of five minutes."))
        breaks.append(pause)
    if details.booking is BookingRule.REQUEST_THEN_AT_ONCE and details.at_once_from is None:
        raise Invalid("at_once_from", lazy_gettext("Please say from when meetings can be booked at once."))
    spans = cut(starts_at, ends_at, details.slot_minutes, details.turnover_minutes, breaks)
    if not spans:
        raise Invalid("slot_minutes", lazy_gettext("Not one slot fits into this time."))
    if len(spans) > MOST_SLOTS:
        raise Invalid("ends", lazy_gettext("This makes more than %(max)s slots.", max=MOST_SLOTS))
    return spans, {
        "names": names,
        "mode": details.mode,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "slot_minutes": details.slot_minutes,
        "turnover_minutes": details.turnover_minutes,
        "breaks": [{"starts_at": first.isoformat(), "ends_at": last.isoformat()} for first, last in sorted(breaks)],
        "booking": details.booking,
        "at_once_from": details.at_once_from if details.booking is BookingRule.REQUEST_THEN_AT_ONCE else None,
    }


def _refuse_overlap(found: MeetingSession) -> None:
    if session().scalar(
        select(MeetingSession.id).where(
            MeetingSession.event_id == found.event_id,
            MeetingSession.id != found.id,
            MeetingSession.starts_at < found.ends_at,
            MeetingSession.ends_at > found.starts_at,
            MeetingSession.slots.any(MeetingSlot.retired_at.is_(None)),
        )
    ):
        raise Invalid("starts", lazy_gettext("Another meeting session lies in this time."))


def _cut_anew(found: MeetingSession, spans: list[Span]) -> list[Meeting]:
    """Make the slots these spans; returns the scheduled meetings of the slots that are given up."""
    current, wanted = session(), dict(spans)
    meetings = list(
        current.scalars(
            select(Meeting)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .where(MeetingSlot.session_id == found.id)
        )
    )
    used = {meeting.slot_id for meeting in meetings}
    lost_slots = set()
    for slot in list(found.slots):
        ends_at = wanted.pop(slot.starts_at, None)
        if ends_at == slot.ends_at:
            slot.retired_at = None
        elif ends_at is not None and slot.id not in used:
            slot.ends_at, slot.retired_at = ends_at, None
        elif slot.id in used:
            lost_slots.add(slot.id)
            slot.retired_at = slot.retired_at or clock.now()
            if ends_at is not None:
                # The old row keeps its start for the meetings it had; the new one begins at the same time, later.
                raise Invalid(
                    "slot_minutes",
                    lazy_gettext("There were meetings in these slots. Cancel them first, or keep their length."),
                )
        else:
            found.slots.remove(slot)
    current.flush()
    for starts_at, ends_at in wanted.items():
        found.slots.append(MeetingSlot(event_id=found.event_id, starts_at=starts_at, ends_at=ends_at))
    current.flush()
    live = [meeting for meeting in meetings if meeting.state is MeetingState.SCHEDULED]
    return [meeting for meeting in live if meeting.slot_id in lost_slots]


def _own(event: Event, uid: str) -> MeetingSession:
    found = session().scalar(
        select(MeetingSession)
        .where(MeetingSession.uid == uid, MeetingSession.event_id == event.id)
        .options(selectinload(MeetingSession.slots))
    )
    if found is None:
        raise NotFound
    return found
