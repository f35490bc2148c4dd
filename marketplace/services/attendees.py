"""Who is registered: one's own registrations, an organiser's list with its filter, and who may be seen by others."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.database import rows, session
from marketplace.errors import NotFound
from marketplace.models import (
    LIVE_STATES,
    Attendance,
    AttendeeCategory,
    Event,
    ProgrammeSession,
    Registration,
    RegistrationConsent,
    RegistrationConsentKind,
    RegistrationState,
    SessionSignUp,
    TicketType,
    User,
)
from marketplace.services import events, policies, search


def own(user: User) -> list[Registration]:
    """Return all registrations of a person with an account, the latest event first."""
    statement = (
        select(Registration)
        .join(Event)
        .where(Registration.user_id == user.id)
        .options(joinedload(Registration.event), joinedload(Registration.ticket_type))
        .order_by(Event.starts_at.desc(), Registration.id.desc())
    )
    return list(session().scalars(statement))


_MINE = select(Registration).where(
    Registration.event_id == bindparam("event_id"),
    Registration.user_id == bindparam("user_id"),
    Registration.state.in_(LIVE_STATES),
)


def mine(event: Event, user: Any) -> Registration | None:
    """Return the live registration of whoever is signed in for this event, if there is one."""
    if not isinstance(user, User):
        return None
    return session().scalar(_MINE, {"event_id": event.id, "user_id": user.id})


def find(uid: str, by: User) -> Registration:
    """Return one registration with all that belongs to it, to its owner or an organiser; raises `NotFound`."""
    registration = whole(Registration.uid == uid)
    if registration is None or not policies.can(by, "registration.edit", registration):
        raise NotFound
    return registration


def whole(condition: Any) -> Registration | None:
    """Return one registration with its event, ticket and answers."""
    return session().scalar(
        select(Registration)
        .where(condition)
        .options(
            joinedload(Registration.event), joinedload(Registration.ticket_type), selectinload(Registration.answers)
        )
    )


_OF_ADDRESS = (
    select(Registration.id, Registration.state, Registration.calendar_sequence)
    .where(Registration.event_id == bindparam("event_id"), Registration.email_key == bindparam("email_key"))
    .order_by(Registration.id)
)


def history(event: Event, email_key: str) -> tuple[Registration | None, int]:
    """Return the registration of an address that is not over, if there is one, and the SEQUENCE of a new one.

    A new one goes on counting where the earlier ended: its entry was cancelled, and only a higher SEQUENCE revives it.
    """
    earlier = rows(_OF_ADDRESS, {"event_id": event.id, "email_key": email_key})
    live = next((one.id for one in earlier if one.state in LIVE_STATES), None)
    return session().get(Registration, live) if live is not None else None, max(
        (one.calendar_sequence + 1 for one in earlier), default=0
    )


@dataclass(frozen=True)
class Filter:
    """Which registrations a list, an export or a message is about; empty values mean no restriction."""

    query: str = ""
    states: tuple[RegistrationState, ...] = ()
    category: AttendeeCategory | None = None
    ticket: str = ""
    attendance: Attendance | None = None
    locale: str = ""
    country: str = ""
    session: str = ""
    has_needs: bool = False


def listing(slug: str, wanted: Filter, by: User) -> Select[Registration]:
    """Return the statement that lists an event's registrations to its organisers, the newest first."""
    event = events.managed(slug, by)
    return filtered(event, wanted).options(joinedload(Registration.ticket_type), joinedload(Registration.organisation))


def filtered(event: Event, wanted: Filter) -> Select[Registration]:
    """Return the statement that selects registrations of one event; the caller asked whether that is allowed."""
    statement = select(Registration).where(Registration.event_id == event.id)
    for column, value in (
        (Registration.category, wanted.category),
        (Registration.attendance, wanted.attendance),
        (Registration.locale, wanted.locale),
        (Registration.country, wanted.country),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.states:
        statement = statement.where(Registration.state.in_(wanted.states))
    if wanted.query:
        statement = statement.where(search.matches(Registration.search_text, wanted.query))
    if wanted.ticket:
        statement = statement.where(Registration.ticket_type.has(TicketType.uid == wanted.ticket))
    if wanted.session:
        statement = statement.where(
            Registration.sign_ups.any(
                SessionSignUp.withdrawn_at.is_(None) & SessionSignUp.session.has(ProgrammeSession.uid == wanted.session)
            )
        )
    if wanted.has_needs:
        statement = statement.where(Registration.needs.has())
    return statement.order_by(Registration.created_at.desc(), Registration.id.desc())


def participants(event: Event, reader: Registration | User) -> list[Registration]:
    """Return the confirmed people who agreed to be seen by other participants; for a confirmed one or an organiser."""
    is_participant = (
        isinstance(reader, Registration) and reader.event_id == event.id and reader.state is RegistrationState.CONFIRMED
    )
    if not is_participant and not policies.can(reader, "event.manage", event):
        raise NotFound
    statement = (
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state == RegistrationState.CONFIRMED,
            Registration.consents.any(
                (RegistrationConsent.kind == RegistrationConsentKind.DIRECTORY)
                & RegistrationConsent.withdrawn_at.is_(None)
            ),
        )
        .order_by(Registration.name, Registration.id)
    )
    return list(session().scalars(statement))
