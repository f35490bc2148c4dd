"""Interpreters of an event: which languages, in which slots, and their rest."""

from dataclasses import dataclass

from sqlalchemy import delete, select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    Event,
    HoldKind,
    Interpreter,
    InterpreterShift,
    Language,
    Meeting,
    MeetingSlot,
    MeetingState,
    Registration,
    RegistrationState,
    User,
)
from marketplace.services import audit, events, texts
from marketplace.services.meetings import booking, holds, interpreting, slots


@dataclass(frozen=True)
class Details:
    """An interpreter as the form has it: `languages` between any two of which they interpret, slots by uid."""

    name: str
    languages: tuple[str, ...]
    rest_after: int = 4
    slot_uids: frozenset[str] = frozenset()
    registration_uid: str = ""


def of_event(event_id: int, *, with_retired: bool = False) -> list[Interpreter]:
    """Return the interpreters of an event by name."""
    statement = select(Interpreter).where(Interpreter.event_id == event_id).order_by(Interpreter.name, Interpreter.id)
    if not with_retired:
        statement = statement.where(Interpreter.retired_at.is_(None))
    return list(session().scalars(statement))


def find(event: Event, uid: str) -> Interpreter:
    """Return an interpreter of an event who still works there; raises `NotFound`."""
    found = session().scalar(
        select(Interpreter).where(
            Interpreter.event_id == event.id, Interpreter.uid == uid, Interpreter.retired_at.is_(None)
        )
    )
    if found is None:
        raise NotFound
    return found


def details_of(found: Interpreter) -> Details:
    """Return an interpreter as a form shows them."""
    spoken = {code for pair in found.pairs for code in pair.split("-")}
    working = session().scalars(
        select(MeetingSlot.uid)
        .join(InterpreterShift, InterpreterShift.slot_id == MeetingSlot.id)
        .where(InterpreterShift.interpreter_id == found.id)
    )
    return Details(
        name=found.name,
        languages=tuple(code.value for code in Language if code.value in spoken),
        rest_after=found.rest_after,
        slot_uids=frozenset(working),
        registration_uid=found.registration.uid if found.registration else "",
    )


def shifts(event_id: int) -> set[tuple[int, int]]:
    """Return who works when, as (interpreter, slot) ids."""
    return {
        (one, other)
        for one, other in session().execute(
            select(InterpreterShift.interpreter_id, InterpreterShift.slot_id)
            .join(Interpreter, Interpreter.id == InterpreterShift.interpreter_id)
            .where(Interpreter.event_id == event_id, Interpreter.retired_at.is_(None))
        )
    }


def people(event: Event) -> list[tuple[str, str]]:
    """Return who is registered for an event as (uid, name), by name."""
    found = session().execute(
        select(Registration.uid, Registration.name)
        .where(Registration.event_id == event.id, Registration.state == RegistrationState.CONFIRMED)
        .order_by(Registration.name, Registration.id)
    )
    return [(uid, name) for uid, name in found]


def save(slug: str, details: Details, by: User, uid: str = "") -> Interpreter:
    """Add an interpreter, or change the one named by `uid`. Slots and languages of meetings to come that they
    interpret cannot be taken away, and who they are registered as must be free then: `Conflict`."""
    with atomic() as current:
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        name = texts.line(details.name, "name", 120, is_required=True)
        languages = [code.value for code in Language if code.value in details.languages]
        if len(languages) < 2:
            raise Invalid("languages", lazy_gettext("Please choose at least two languages."))
        if not 1 <= details.rest_after <= 20:
            raise Invalid("rest_after", lazy_gettext("Please give a number from 1 to 20."))
        wanted = {slot.id for slot in slots.all_slots(event.id) if slot.uid in details.slot_uids}
        if uid:
            found = _locked(event, uid)
        else:
            found = Interpreter(event_id=event.id, created_at=clock.now())
            current.add(found)
        found.name, found.rest_after = name, details.rest_after
        found.pairs = [
            "-".join(sorted((one, other))) for at, one in enumerate(languages) for other in languages[at + 1 :]
        ]
        before, found.registration_id = found.registration_id, _registration(event, details.registration_uid)
        current.flush()
        planned = _planned(found)
        if before != found.registration_id:
            _hold_time(planned, before, found.registration_id)
        if {meeting.slot_id for meeting in planned} - wanted:
            raise Conflict(lazy_gettext("They interpret a meeting in one of these slots. Move or cancel it first."))
        for meeting in planned:
            if not interpreting.pairs_between(meeting.first_party, meeting.second_party) & set(found.pairs):
                raise Conflict(lazy_gettext("They interpret a meeting in other languages. Move or cancel it first."))
        current.execute(delete(InterpreterShift).where(InterpreterShift.interpreter_id == found.id))
        current.add_all(InterpreterShift(interpreter_id=found.id, slot_id=slot) for slot in sorted(wanted))
        current.flush()
        audit.record("interpreter.saved", by, found, event=event.slug, slots=len(wanted))
        return found


def _registration(event: Event, uid: str) -> int | None:
    if not uid:
        return None
    found = session().scalar(
        select(Registration.id).where(
            Registration.event_id == event.id,
            Registration.uid == uid,
            Registration.state == RegistrationState.CONFIRMED,
        )
    )
    if found is None:
        raise Invalid("registration", lazy_gettext("Please choose from the list."))
    return found


def _hold_time(planned: list[Meeting], before: int | None, after: int | None) -> None:
    """Let the meetings somebody interprets hold the time of the person they are registered as now."""
    for meeting in planned:
        if before is not None:
            holds.release([meeting.id], [(HoldKind.PERSON, before)])
        if after is not None:
            try:
                holds.take(meeting, [(HoldKind.PERSON, after)], meeting.slot.starts_at, meeting.slot.ends_at)
            except holds.SlotTaken:
                raise Conflict(
                    lazy_gettext("This person has a session or another meeting when they are to interpret.")
                ) from None
        meeting.changed_at = clock.now()


def _planned(interpreter: Interpreter) -> list[Meeting]:
    """Return the meetings to come that somebody interprets."""
    return list(
        session().scalars(
            select(Meeting)
            .join(MeetingSlot, MeetingSlot.id == Meeting.slot_id)
            .where(
                Meeting.interpreter_id == interpreter.id,
                Meeting.state == MeetingState.SCHEDULED,
                MeetingSlot.ends_at > clock.now(),
            )
        )
    )


def retire(slug: str, uid: str, by: User) -> None:
    """Plan no more meetings with an interpreter. Raises `Conflict` while they have some to come."""
    with atomic():
        booking.hold_rules(slug)
        event = events.editable(slug, by)
        found = _locked(event, uid)
        if _planned(found):
            raise Conflict(lazy_gettext("They interpret meetings. Move or cancel them first."))
        found.retired_at = clock.now()
        audit.record("interpreter.retired", by, found, event=event.slug)


def _locked(event: Event, uid: str) -> Interpreter:
    identity = session().scalar(
        select(Interpreter.id).where(
            Interpreter.event_id == event.id, Interpreter.uid == uid, Interpreter.retired_at.is_(None)
        )
    )
    if identity is None:
        raise NotFound
    return lock(Interpreter, identity)[0]
