"""What registering for an event rests on besides who comes: its tickets, its questions, the sessions to choose
from, and the organisers' own words in letters.

All of it changes only under the lock of its event and together with its revision (`events.touch`). So it is read once
for each revision in a process and kept, apart from any session of the database: what is kept is to be read, never
changed. How many places are taken is no part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from marketplace import clock
from marketplace.database import db, glance, lock, rows, session
from marketplace.errors import NotFound
from marketplace.models import Event, EventState, LetterText, ProgrammeSession, Question, SessionState, TicketType
from marketplace.services import events, needs
from marketplace.shelf import Shelf


@dataclass(frozen=True)
class Terms:
    """The terms of one event: its own row too, all tickets, the questions asked now, the sessions with sign-up.

    `words` are subject and body of letters by kind and language, where the organisers wrote them.
    """

    event: Event
    tickets: tuple[TicketType, ...]
    questions: tuple[Question, ...]
    sessions: tuple[ProgrammeSession, ...]
    words: dict[tuple[str, str], tuple[str, str]]

    def wishes(self) -> list[ProgrammeSession]:
        """Return the sessions that the form offers to sign up for now."""
        now = clock.now()
        return [entry for entry in self.sessions if entry.ends_at > now]


_kept: Shelf[Terms] = Shelf(64)


def of(slug: str) -> Terms:
    """Return the terms of a public event as they are committed now; raises `NotFound` like `events.public`."""
    return _of(events.standing(slug))


_FORM = select(*events.STANDING, needs.READERS.label("readers")).where(Event.slug == bindparam("slug"))


def of_form(slug: str) -> tuple[Terms, list[str]]:
    """Return the terms, and the names of those who may read what is told in confidence, by one statement."""
    found = glance(_FORM, {"slug": slug})
    return _of(events.stands(found)), needs.names(found.readers if found else None)


def _of(standing: events.Standing) -> Terms:
    return _kept.get((standing.uid, standing.revision), lambda: _read(standing.uid))


_LOCKED = (
    select(Event.id, Event.uid, Event.revision, Event.state).where(Event.slug == bindparam("slug")).with_for_update()
)


def locked(slug: str) -> Event:
    """Lock and return an event that everybody may see; raises `NotFound` like `events.public`.

    Where the terms of its revision are kept, so is the event, and all that is read is which revision it has.
    """
    found = rows(_LOCKED, {"slug": slug})
    if not found or found[0].state is EventState.DRAFT:
        raise NotFound
    kept = _kept.find((found[0].uid, found[0].revision))
    if kept is None:
        (event,) = lock(Event, found[0].id)
        return event
    # What is kept belongs to no session: this one gets its own, without a statement.
    return session().merge(kept.event, load=False)


def known(event: Event) -> Terms | None:
    """Return the terms of an event as it was read (under its lock: as they are), or None where they are not kept.

    A transaction that has changed the event, and has not ended, finds nothing: its revision was never anybody else's.
    """
    return _kept.find((event.uid, event.revision))


_TICKETS = select(TicketType).where(TicketType.event_id == bindparam("event_id"))
_QUESTIONS = (
    select(Question)
    .where(Question.event_id == bindparam("event_id"), Question.retired_at.is_(None))
    .order_by(Question.position, Question.id)
)
_SESSIONS = (
    select(ProgrammeSession)
    .where(
        ProgrammeSession.event_id == bindparam("event_id"),
        ProgrammeSession.state == SessionState.PUBLISHED,
        ProgrammeSession.needs_sign_up,
    )
    .options(joinedload(ProgrammeSession.room))
    .order_by(ProgrammeSession.starts_at, ProgrammeSession.id)
)


_WORDS = select(LetterText).where(LetterText.event_id == bindparam("event_id"))


def tickets(event: Event) -> Sequence[TicketType]:
    """Return all tickets of an event, kept or read, for those who only read them."""
    kept = known(event)
    return kept.tickets if kept else session().scalars(_TICKETS, {"event_id": event.id}).all()


def questions(event: Event) -> Sequence[Question]:
    """Return the questions asked now, in order, kept or read, for those who only read them."""
    kept = known(event)
    return kept.questions if kept else session().scalars(_QUESTIONS, {"event_id": event.id}).all()


def _read(uid: str) -> Terms:
    # A session of its own: what it read is nobody's when it is closed.
    with Session(db.engine) as own:
        event = own.scalars(select(Event).where(Event.uid == uid)).one()
        values = {"event_id": event.id}
        found = Terms(
            event,
            tuple(own.scalars(_TICKETS, values)),
            tuple(own.scalars(_QUESTIONS, values)),
            tuple(own.scalars(_SESSIONS, values)),
            {(text.kind, text.language): (text.subject, text.body) for text in own.scalars(_WORDS, values)},
        )
        for question in found.questions:
            # Asked for now, that it is there afterwards; a question another one depends on is itself among them.
            assert question.depends_on is None or question.depends_on in found.questions
        return found
