"""The states of a registration: which may follow which, and what ending one takes with it."""

from sqlalchemy import select

from marketplace import clock
from marketplace.database import lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.models import Event, ProgrammeSession, Registration, RegistrationState, User
from marketplace.services import needs, policies, sign_ups
from marketplace.services.meetings import leaving

MOVES: dict[RegistrationState, frozenset[RegistrationState]] = {
    RegistrationState.PENDING_APPROVAL: frozenset(
        {
            RegistrationState.CONFIRMED,
            RegistrationState.WAITING,
            RegistrationState.DECLINED,
            RegistrationState.CANCELLED,
        }
    ),
    RegistrationState.WAITING: frozenset(
        {
            RegistrationState.OFFERED,
            RegistrationState.CONFIRMED,
            RegistrationState.CANCELLED,
            RegistrationState.DECLINED,
        }
    ),
    RegistrationState.OFFERED: frozenset(
        {RegistrationState.CONFIRMED, RegistrationState.CANCELLED, RegistrationState.EXPIRED}
    ),
    RegistrationState.CONFIRMED: frozenset({RegistrationState.CANCELLED}),
    RegistrationState.CANCELLED: frozenset(),
    RegistrationState.DECLINED: frozenset(),
    RegistrationState.EXPIRED: frozenset(),
}
"""Which state may follow which. Who is out may register again: that is a new registration."""


def move(registration: Registration, state: RegistrationState) -> list[ProgrammeSession]:
    """Move a registration whose event is locked; raises `Conflict` where the table above does not allow it.

    Returns the sessions somebody who is confirmed now wished, but has no place in.
    """
    if state not in MOVES[registration.state]:
        raise Conflict
    now = clock.now()
    registration.state, registration.changed_at = state, now
    registration.offer_expires_at = None
    if state is RegistrationState.CONFIRMED:
        registration.confirmed_at = now
        registration.calendar_changed_at = now
        session().flush()
        return sign_ups.settle(registration)
    if state is RegistrationState.WAITING:
        registration.waiting_since = now
    return []


def end(registration: Registration, state: RegistrationState, by: User | None = None) -> None:
    """End a registration: its places in sessions are free, its meetings are handed over or cancelled, what it needs is
    forgotten, its entry is another step on."""
    was = registration.state
    move(registration, state)
    registration.ended_at = clock.now()
    registration.calendar_sequence += 1
    registration.calendar_changed_at = clock.now()
    sign_ups.end_all(registration)
    if was is RegistrationState.CONFIRMED:
        leaving.leave(registration, by)
    # Who does not come needs nothing.
    needs.forget(registration)


def locked(uid: str, by: User | None) -> Registration:
    """Lock the event of a registration and return it as it is now; who may not edit it finds nothing."""
    found = session().execute(select(Registration.id, Registration.event_id).where(Registration.uid == uid)).first()
    if found is None:
        raise NotFound
    lock(Event, found.event_id)
    (registration,) = lock(Registration, found.id)
    if by is not None and not policies.can(by, "registration.edit", registration):
        raise NotFound
    return registration
