"""Roles on the platform and for one event: given and taken by administrators, never down to no administrator."""

from sqlalchemy import select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, LastAdministrator, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import AccountState, Event, Role, RoleAssignment, User
from marketplace.services import audit, policies


def grant(uid: str, role: Role, by: User, *, event_slug: str | None = None) -> RoleAssignment:
    """Give a person a role, on the whole platform or for one event; a role already given is left as it is.

    Raises `Invalid` for an administrator of one event only: whoever may do everything may do it everywhere.
    """
    policies.require(by, "desk.grant_roles")
    with atomic() as current:
        user = _locked(uid)
        event = _event(event_slug)
        if role is Role.ADMINISTRATOR and event is not None:
            raise Invalid("event", lazy_gettext("Administrators look after the whole platform, not one event."))
        if user.state is not AccountState.ACTIVE:
            raise Conflict(lazy_gettext("Only somebody who can sign in can be given a role."))
        present = _present(user, role, event)
        if present is not None:
            return present
        assignment = RoleAssignment(
            user_id=user.id,
            role=role,
            event_id=event.id if event else None,
            granted_by_id=by.id,
            granted_at=clock.now(),
        )
        current.add(assignment)
        current.flush()
        audit.record("role.granted", by, user, role=role, event=event.slug if event else "")
        return assignment


def revoke(uid: str, role: Role, by: User, *, event_slug: str | None = None) -> None:
    """Take a role away; one that is not there is left so. Raises `LastAdministrator`."""
    policies.require(by, "desk.grant_roles")
    with atomic() as current:
        if role is Role.ADMINISTRATOR:
            refuse_last_administrator(_found(uid))
        user = _locked(uid)
        event = _event(event_slug)
        present = _present(user, role, event)
        if present is not None:
            current.delete(present)
            current.flush()
            audit.record("role.revoked", by, user, role=role, event=event.slug if event else "")


def refuse_last_administrator(user: User) -> None:
    """Raise `LastAdministrator` where nobody else could give roles any more; joins the caller's transaction.

    Holds the lock of every administrator until then, so that two of them cannot go at once.
    """
    with atomic():
        identities = _administrators()
        if user.id not in identities:
            return
        lock(User, *identities)
        if set(_administrators()) <= {user.id}:
            raise LastAdministrator


def of(user: User) -> list[RoleAssignment]:
    """Return the roles of a person, those for the whole platform first."""
    return sorted(
        user.roles, key=lambda grant: (grant.event is not None, grant.event_id or 0, list(Role).index(grant.role))
    )


def _administrators() -> list[int]:
    return list(
        session().scalars(
            select(RoleAssignment.user_id)
            .join(RoleAssignment.user)
            .where(RoleAssignment.role == Role.ADMINISTRATOR, User.state == AccountState.ACTIVE)
        )
    )


def _found(uid: str) -> User:
    user = session().scalar(select(User).where(User.uid == uid))
    if user is None:
        raise NotFound
    return user


def _locked(uid: str) -> User:
    return lock(User, _found(uid).id)[0]


def _event(slug: str | None) -> Event | None:
    if not slug:
        return None
    event = session().scalar(select(Event).where(Event.slug == slug))
    if event is None:
        raise NotFound
    return event


def _present(user: User, role: Role, event: Event | None) -> RoleAssignment | None:
    return session().scalar(
        select(RoleAssignment).where(
            RoleAssignment.user_id == user.id,
            RoleAssignment.role == role,
            RoleAssignment.event_id == event.id if event else RoleAssignment.event_id.is_(None),
        )
    )
