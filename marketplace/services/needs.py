"""Access and dietary needs: told in confidence, read by few, deleted after the event."""

from datetime import timedelta

from sqlalchemy import bindparam, func, or_, select

from marketplace import clock
from marketplace.database import atomic, rows, session
from marketplace.models import (
    LIVE_STATES,
    AccountState,
    Event,
    PrivateNeeds,
    Registration,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import audit, events, jobs, policies, texts

LONGEST = 1000


def note(registration: Registration, access: str, dietary: str) -> bool:
    """Keep what somebody needs, or forget it where both are empty; tells whether anything changed."""
    access = texts.within(texts.clean(access), "access", LONGEST)
    dietary = texts.within(texts.clean(dietary), "dietary", LONGEST)
    with atomic() as current:
        known = current.scalar(select(PrivateNeeds).where(PrivateNeeds.registration_id == registration.id))
        if known is None:
            if not access and not dietary:
                return False
            known = PrivateNeeds(registration_id=registration.id, access="", dietary="", changed_at=clock.now())
            current.add(known)
        elif not access and not dietary:
            current.delete(known)
            current.flush()
            current.expire(registration, ["needs"])
            return True
        is_new = (known.access, known.dietary) != (access, dietary)
        known.access, known.dietary, known.changed_at = access, dietary, clock.now()
        current.flush()
        current.expire(registration, ["needs"])
        return is_new


def forget(registration: Registration) -> None:
    """Delete what one person told."""
    with atomic() as current:
        for known in current.scalars(select(PrivateNeeds).where(PrivateNeeds.registration_id == registration.id)):
            current.delete(known)
        current.flush()
        current.expire(registration, ["needs"])


def of_event(slug: str, by: User) -> list[tuple[Registration, PrivateNeeds]]:
    """Return what people of an event need, by name. That it was read, and by whom, is written down."""
    with atomic() as current:
        event = events.managed(slug, by)
        policies.require(by, "needs.read", event)
        audit.record("needs.read", by, event)
        found = current.execute(
            select(Registration, PrivateNeeds)
            .join(PrivateNeeds, PrivateNeeds.registration_id == Registration.id)
            .where(Registration.event_id == event.id, Registration.state.in_(LIVE_STATES))
            .order_by(Registration.name, Registration.id)
        )
        return [(registration, needs) for registration, needs in found]


READERS = (
    select(func.aggregate_strings(User.name, "\n"))
    .join(RoleAssignment, RoleAssignment.user_id == User.id)
    .where(
        User.state == AccountState.ACTIVE,
        RoleAssignment.role.in_([Role.ADMINISTRATOR, Role.ORGANISER]),
        or_(RoleAssignment.event_id.is_(None), RoleAssignment.event_id == Event.id),
    )
    .correlate(Event)
    .scalar_subquery()
)
"""The names of those who may read the needs told for an event, in lines, as a column beside it; `names` reads them."""

_READERS = select(READERS).where(Event.id == bindparam("event_id"))


def readers(event: Event) -> list[str]:
    """Return the names of those who may read the needs told for an event, for the form to show."""
    ((found,),) = rows(_READERS, {"event_id": event.id})
    return names(found)


def names(found: str | None) -> list[str]:
    """Return the names from the column `READERS`, each once and in order."""
    return sorted(set((found or "").split("\n")) - {""})


def due() -> dict[str, int]:
    """Count, by event, what the job below would delete now."""
    statement = (
        select(Event.slug, Event.ends_at, Event.needs_kept_days, func.count())
        .join(Registration, Registration.event_id == Event.id)
        .join(PrivateNeeds, PrivateNeeds.registration_id == Registration.id)
        .group_by(Event.slug, Event.ends_at, Event.needs_kept_days)
    )
    return {
        slug: number
        for slug, ends_at, days, number in session().execute(statement)
        if ends_at + timedelta(days=days) < clock.now()
    }


@jobs.handler("needs.forget", every=timedelta(hours=12))
def forget_old(_: jobs.Run) -> None:
    """Delete the needs told for events that are over for as many days as the event says."""
    with atomic() as current:
        for slug, number in due().items():
            event = current.scalar(select(Event).where(Event.slug == slug))
            for known in current.scalars(
                select(PrivateNeeds).join(Registration).where(Registration.event.has(Event.slug == slug))
            ):
                current.delete(known)
            audit.record("needs.deleted", None, event, number=number)
