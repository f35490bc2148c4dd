"""The waiting list: a freed place is offered at once to whoever waits longest and fits; an offer ends and passes on."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Gone, SoldOut
from marketplace.i18n import lazy_gettext
from marketplace.models import Attendance, Event, EventState, Registration, RegistrationState, User
from marketplace.services import audit, jobs, letters, policies, registration_state, seats, wallclock

LONGEST_OFFER = timedelta(hours=48)
SHORTEST_OFFER = timedelta(hours=1)


def accept_offer(uid: str, by: User | None = None) -> Registration:
    """Take the place that was offered, until the last second of the offer; raises `Gone` after it."""
    with atomic():
        registration = registration_state.locked(uid, by)
        if registration.state is RegistrationState.CONFIRMED:
            return registration
        if registration.state is not RegistrationState.OFFERED or wallclock.is_past(registration.offer_expires_at):
            late = registration
        else:
            late = None
            missed = registration_state.move(registration, RegistrationState.CONFIRMED)
            session().flush()
            audit.record("registration.accepted", by, registration, event=registration.event.slug)
            letters.tell_state(registration, missed=missed)
        pass_on(registration.event)
    if late is not None:
        raise Gone(lazy_gettext("This offer has ended and the place was passed on."))
    return registration


def admit(uid: str, by: User) -> Registration:
    """Confirm somebody who waits, at the desk: an open offer is taken for them, else a free place is given.

    Before the event begins free places are offered in the order of waiting, so only an offer can be taken; from then
    on, whoever stands at the desk gets a free place. Raises `SoldOut` where there is none.
    """
    with atomic():
        registration = registration_state.locked(uid, by)
        event = registration.event
        policies.require(by, "registration.manage", event)
        if event.state is not EventState.PUBLISHED or wallclock.is_past(event.ends_at):
            raise Conflict
        counted = pass_on(event)
        if registration.state is RegistrationState.WAITING:
            if not counted.has_place(registration.ticket_type, registration.attendance):
                raise SoldOut(lazy_gettext("No place is free. More places can be set with the event or its tickets."))
        elif registration.state is not RegistrationState.OFFERED:
            raise Conflict
        missed = registration_state.move(registration, RegistrationState.CONFIRMED)
        session().flush()
        audit.record("registration.admitted", by, registration, event=event.slug)
        letters.tell_state(registration, missed=missed)
        return registration


def offer_ends(event: Event) -> datetime:
    """Return when an offer made now ends: after 48 hours, near the event after a quarter of the time that is left.

    It is never shorter than an hour, unless the event begins earlier.
    """
    now = clock.now()
    period = min(LONGEST_OFFER, max(SHORTEST_OFFER, (event.starts_at - now) / 4))
    return min(now + period, event.starts_at).replace(microsecond=0)


def pass_on(event: Event) -> seats.Tally:
    """End offers that are over and offer every free place to whoever waits longest and fits; returns the new count
    (`seats.scarce`).

    The caller holds the lock of the event. From the beginning of the event on nothing is offered any more: a place
    is then given at the desk.
    """
    counted = seats.scarce(event)
    if event.state is not EventState.PUBLISHED:
        return counted
    if wallclock.is_past(counted.first_expiry):
        _expire_offers(event)
        counted = seats.scarce(event)
    if clock.now() >= event.starts_at:
        return counted
    while (fitting := _who_fits(counted)) and (following := _first_waiting(event, fitting)) is not None:
        _offer_place(following)
        key = (following.ticket_type_id, following.attendance)
        counted.waiting[key] -= 1
        counted.held[key] += 1
    return counted


def _who_fits(counted: seats.Tally) -> list[tuple[int, Attendance]]:
    return [
        (ticket_id, attendance)
        for (ticket_id, attendance), number in counted.waiting.items()
        if number > 0 and counted.has_place(counted.tickets[ticket_id], attendance)
    ]


def _first_waiting(event: Event, fitting: list[tuple[int, Attendance]]) -> Registration | None:
    return session().scalar(
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state == RegistrationState.WAITING,
            or_(
                *(
                    (Registration.ticket_type_id == ticket_id) & (Registration.attendance == attendance)
                    for ticket_id, attendance in fitting
                )
            ),
        )
        .order_by(Registration.waiting_since, Registration.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _offer_place(registration: Registration) -> None:
    ends = offer_ends(registration.event)
    registration_state.move(registration, RegistrationState.OFFERED)
    registration.offer_expires_at = ends
    session().flush()
    audit.record("registration.offered", None, registration, event=registration.event.slug, until=ends.isoformat())
    letters.tell_state(registration)
    jobs.enqueue(
        "registration.pass_on",
        {"event": registration.event_id},
        # The offer holds to the end of its last second.
        run_at=ends + timedelta(seconds=1),
        dedupe_key=f"{registration.uid}-{int(ends.timestamp())}",
    )


def _expire_offers(event: Event) -> None:
    for registration in session().scalars(
        select(Registration)
        .where(Registration.event_id == event.id, Registration.state == RegistrationState.OFFERED)
        .order_by(Registration.offer_expires_at, Registration.id)
        .execution_options(populate_existing=True)
    ):
        if wallclock.is_past(registration.offer_expires_at):
            registration_state.end(registration, RegistrationState.EXPIRED)
            session().flush()
            audit.record("registration.offer_ended", None, registration, event=event.slug)
            letters.tell_ended(registration, "registration.offer_ended", RegistrationState.OFFERED)


@jobs.handler("registration.pass_on")
def _pass_on(run: jobs.Run) -> None:
    with atomic():
        for event in lock(Event, run.payload["event"]):
            pass_on(event)


@jobs.handler("registration.look_after_offers", every=timedelta(minutes=10))
def _look_after_offers(_: jobs.Run) -> None:
    """Pass on what was left lying: offers that ended while no worker ran."""
    statement = (
        select(Registration.event_id)
        .where(Registration.state == RegistrationState.OFFERED, Registration.offer_expires_at < clock.now())
        .distinct()
    )
    for event_id in session().scalars(statement).all():
        with atomic():
            for event in lock(Event, event_id):
                pass_on(event)
