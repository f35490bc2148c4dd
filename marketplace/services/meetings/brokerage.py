"""Brokerage events with given meetings: brought in as data files have them, timed exactly, and published.

Participants are anonymous: a number each, an address nobody has, and one person who comes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Refusal
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    AttendeeCategory,
    BookingRule,
    Event,
    EventMode,
    EventState,
    MeetingParty,
    MeetingSession,
    MeetingSetup,
    MeetingSlot,
    MeetingSource,
    MeetingTable,
    PartyMember,
    PartyRole,
    PersonAbsence,
    Publication,
    Registration,
    RegistrationState,
    Schedule,
    ScheduleKind,
    ScheduleState,
    TicketType,
)
from marketplace.services import audit, wallclock
from marketplace.services.meetings.scheduling import drafts, inputs, publishing
from marketplace.services.meetings.scheduling.publishing import Difference
from marketplace.services.meetings.scheduling.staffing import Places, Seat, staff

if TYPE_CHECKING:
    from marketplace.matching.timetable import Answer, TimetableProblem

MORNING, AFTERNOON, EVENING = time(9), time(14), time(20)
"""When half days begin and the last one ends, where the slots leave a choice."""

SLOT_MINUTES = (20, 15, 10, 5)
"""Lengths of a slot, the first that fits is taken; the turn-over is five minutes as long as that fits too."""


class NoTimetable(Refusal):
    """The given meetings have no timetable, or none was found; the message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(lazy_gettext("There is no timetable: %(reason)s", reason=reason))


@dataclass(frozen=True)
class Outcome:
    """What was brought in and published."""

    event: str
    participants: int
    meetings: int
    breaks: int
    bound: int
    is_optimal: bool


def load(problem: "TimetableProblem", answer: "Answer", slug: str, name: str = "") -> Outcome:
    """Bring a timed brokerage event into an event without meetings so far, which is made where there is none.

    Everything is written in one transaction and published at once. Raises `NoTimetable` for an answer without slots,
    `Conflict` for an event that has meetings, or parties, already.
    """
    from marketplace.services.meetings import letters

    if not answer.slots or answer.breaks is None:
        raise NoTimetable(answer.reason)
    with atomic() as current:
        event = _event(slug, name or slug)
        slots = _slots(event, problem)
        tables = [MeetingTable(event_id=event.id, number=number) for number in range(1, problem.tables + 1)]
        current.add_all(tables)
        rules = MeetingSetup(
            event_id=event.id,
            pairings=["participant:participant"],
            limits={},
            publication=Publication.FINAL,
            published_at=clock.now(),
            created_at=clock.now(),
        )
        current.add(rules)
        parties = _parties(event, problem, slots)
        current.flush()
        seats = _seats(problem, answer, parties, slots)
        staff(Places(event), seats, inputs.away(slots, set()))
        if any(seat.problem for seat in seats):
            raise NoTimetable("a meeting lacks somebody or a table")
        found = Difference(new=seats)
        run = _run(event, problem, answer, seats)
        new = publishing.write(event, found, MeetingSource.IMPORT, None)
        current.flush()
        audit.record("brokerage.imported", None, run, event=event.slug, meetings=len(seats), breaks=answer.breaks)
        letters.tell_published(event, found, new, is_final=True, was_final=True)
        return Outcome(
            event.slug,
            problem.participants,
            len(seats),
            answer.breaks,
            answer.bound or 0,
            answer.status == "optimal",
        )


def _event(slug: str, name: str) -> Event:
    current = session()
    event = current.scalar(select(Event).where(Event.slug == slug))
    if event is None:
        day = (clock.now() + timedelta(days=60)).date()
        event = Event(
            slug=slug,
            titles={"en": name},
            timezone="UTC",
            state=EventState.PUBLISHED,
            starts_on=day,
            ends_on=day,
            starts_at=wallclock.moment(day, MORNING, "UTC"),
            ends_at=wallclock.moment(day, EVENING, "UTC"),
            created_at=clock.now(),
            is_illustrative=True,
        )
        current.add(event)
        current.flush()
        return event
    (event,) = lock(Event, event.id)
    taken = select(func.count()).where(MeetingParty.event_id == event.id)
    is_set_up = select(func.count()).where(MeetingSetup.event_id == event.id)
    if current.scalar(taken) or current.scalar(is_set_up):
        raise Conflict(lazy_gettext("This event has meetings already. Choose another one."))
    return event


def _slots(event: Event, problem: "TimetableProblem") -> list[MeetingSlot]:
    """Cut the event's first day (and the next ones, where one is too short) into the two half days of the data."""
    halves = [count for count in (problem.morning, problem.slots - problem.morning) if count]
    starts = [MORNING, AFTERNOON] if len(halves) == 2 else [MORNING]
    minutes, turnover = _lengths(halves)
    found: list[MeetingSlot] = []
    begins = wallclock.moment(event.starts_on, starts[0], event.timezone)
    for number, count in enumerate(halves):
        planned = wallclock.moment(event.starts_on, starts[number], event.timezone)
        begins = max(planned, begins)
        half = MeetingSession(
            event_id=event.id,
            names={"en": "Morning", "es": "Mañana", "pt": "Manhã"}
            if number == 0
            else {"en": "Afternoon", "es": "Tarde", "pt": "Tarde"},
            mode=EventMode.IN_PERSON,
            starts_at=begins,
            ends_at=begins + timedelta(minutes=count * (minutes + turnover) - turnover),
            slot_minutes=minutes,
            turnover_minutes=turnover,
            booking=BookingRule.ENGINE,
            created_at=clock.now(),
        )
        for index in range(count):
            at = begins + timedelta(minutes=index * (minutes + turnover))
            half.slots.append(MeetingSlot(event_id=event.id, starts_at=at, ends_at=at + timedelta(minutes=minutes)))
        session().add(half)
        session().flush()
        found += half.slots
        begins = half.ends_at + timedelta(minutes=30)
    return found


def _lengths(halves: list[int]) -> tuple[int, int]:
    """Return minutes of a slot and of the turn-over that fit half days of five (or one of eleven) hours, if any do."""
    longest = max(halves)
    hours = 5 if len(halves) == 2 else 11
    for minutes in SLOT_MINUTES:
        for turnover in (5, 0):
            if longest * (minutes + turnover) - turnover <= hours * 60:
                return minutes, turnover
    return SLOT_MINUTES[-1], 0


def _parties(event: Event, problem: "TimetableProblem", slots: list[MeetingSlot]) -> list[MeetingParty]:
    current, now = session(), clock.now()
    ticket = current.scalar(select(TicketType).where(TicketType.event_id == event.id).order_by(TicketType.id).limit(1))
    if ticket is None:
        ticket = TicketType(
            event_id=event.id,
            names={"en": "Participant", "es": "Participante", "pt": "Participante"},
            created_at=now,
        )
        current.add(ticket)
        current.flush()
    found = []
    for number in range(1, problem.participants + 1):
        label = f"Participant {number}"
        email = f"participant-{number}@{event.slug}.invalid"
        person = Registration(
            event_id=event.id,
            ticket_type_id=ticket.id,
            state=RegistrationState.CONFIRMED,
            email=email,
            email_key=email,
            name=label,
            category=AttendeeCategory.VENDOR,
            locale="en",
            timezone=event.timezone,
            search_text=label.casefold(),
            is_illustrative=True,
            created_at=now,
            changed_at=now,
            confirmed_at=now,
        )
        current.add(person)
        party = MeetingParty(
            event_id=event.id,
            role=PartyRole.PARTICIPANT,
            label=label,
            search_text=label.casefold(),
            created_at=now,
            is_illustrative=True,
        )
        current.add(party)
        current.flush()
        party.members.append(PartyMember(registration_id=person.id, registration=person))
        current.add_all(
            PersonAbsence(registration_id=person.id, slot_id=slots[slot].id)
            for slot in sorted(problem.forbidden[number - 1])
        )
        found.append(party)
    return found


def _seats(
    problem: "TimetableProblem", answer: "Answer", parties: list[MeetingParty], slots: list[MeetingSlot]
) -> list[Seat]:
    rounds: Counter[tuple[int, int]] = Counter()
    found = []
    for number, (meeting, slot) in enumerate(zip(problem.meetings, answer.slots, strict=True)):
        one, other = sorted((meeting.first, meeting.second))
        rounds[one, other] += 1
        found.append(
            Seat(
                first=parties[one],
                second=parties[other],
                slot=slots[slot - 1],
                round=rounds[one, other],
                is_locked=problem.fixed[number] is not None,
            )
        )
    return found


def _run(event: Event, problem: "TimetableProblem", answer: "Answer", seats: list[Seat]) -> Schedule:
    now = clock.now()
    run = Schedule(
        event_id=event.id,
        number=1,
        kind=ScheduleKind.TIMETABLE,
        state=ScheduleState.PUBLISHED,
        problem={
            "participants": problem.participants,
            "tables": problem.tables,
            "slots": problem.slots,
            "morning": problem.morning,
            "meetings": [[meeting.first, meeting.second, int(meeting.session)] for meeting in problem.meetings],
            "forbidden": [sorted(slots) for slots in problem.forbidden],
            "fixed": list(problem.fixed),
            "predecessors": [sorted(before) for before in problem.predecessors],
        },
        answer=answer.to_json(),
        meetings=drafts.as_stored(seats),
        figures={
            "meetings": len(seats),
            "breaks": answer.breaks,
            "bound_breaks": answer.bound,
            "proven_optimal": answer.status == "optimal",
            "problems": 0,
        },
        created_at=now,
        started_at=now,
        finished_at=now,
        published_at=now,
    )
    session().add(run)
    session().flush()
    run.base_digest = inputs.digest(event.id)
    return run
