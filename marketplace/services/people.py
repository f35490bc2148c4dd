"""People as the organiser's desk sees them: found, looked at, exported, taken out of service and back."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, select
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language, language_name
from marketplace.models import (
    AccountState,
    Letter,
    Membership,
    MembershipState,
    Organisation,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import audit, labels, links, passwords, policies, search, sessions

SORTS = ("name", "-name", "created", "-created", "seen", "-seen")
"""What a list of people may be sorted by; a minus means descending."""


@dataclass(frozen=True)
class Filter:
    """What a list of people shows; empty values mean no restriction. Deleted accounts are shown on request only."""

    query: str = ""
    state: AccountState | None = None
    role: Role | None = None
    organisation: str = ""
    locale: str = ""
    sort: str = "name"


def listing(wanted: Filter) -> Select[User]:
    """Return the statement that lists people with roles and memberships; the caller paginates it."""
    return (
        select(User)
        .where(*_conditions(wanted))
        .order_by(*_order(wanted.sort))
        .options(selectinload(User.memberships).joinedload(Membership.organisation))
    )


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        User.state == wanted.state if wanted.state else User.state != AccountState.DELETED
    ]
    if wanted.query:
        found.append(search.matches(User.search_text, wanted.query))
    if wanted.role is not None:
        found.append(User.roles.any(RoleAssignment.role == wanted.role))
    if wanted.organisation:
        found.append(
            User.memberships.any(
                (Membership.state == MembershipState.ACTIVE)
                & Membership.organisation.has(Organisation.slug == wanted.organisation)
            )
        )
    if wanted.locale:
        found.append(User.locale == wanted.locale)
    return found


def _order(sort: str) -> list[UnaryExpression[Any]]:
    column: InstrumentedAttribute[Any] = {"created": User.created_at, "seen": User.last_signed_in_at}.get(
        sort.lstrip("-"), User.search_text
    )
    # People who never signed in come last, whichever way; the two databases disagree unless told.
    ordered = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return [ordered, User.id.asc()]


def find(uid: str) -> User:
    """Return a person with roles and memberships; raises `NotFound`."""
    user = session().scalar(
        select(User).where(User.uid == uid).options(selectinload(User.memberships).joinedload(Membership.organisation))
    )
    if user is None:
        raise NotFound
    return user


def newest_letters(user: User, limit: int = 5) -> list[Letter]:
    """Return the letters last written to the person."""
    return list(
        session().scalars(select(Letter).where(Letter.user_id == user.id).order_by(Letter.id.desc()).limit(limit))
    )


def deactivate(uid: str, by: User) -> User:
    """Take an account out of service: every session and open link of it ends. Raises `Conflict` where it already is."""
    with atomic():
        user = _locked(uid)
        policies.require(by, "person.deactivate", user)
        if user.state not in {AccountState.ACTIVE, AccountState.UNCONFIRMED}:
            raise Conflict
        user.state = AccountState.DEACTIVATED
        sessions.end_all(user)
        links.end(user)
        audit.record("account.deactivated", by, user)
        return user


def reactivate(uid: str, by: User) -> User:
    """Put an account back into service as it was; its owner signs in anew."""
    with atomic():
        user = _locked(uid)
        policies.require(by, "person.deactivate", user)
        if user.state is not AccountState.DEACTIVATED:
            raise Conflict
        user.state = AccountState.ACTIVE if user.confirmed_at else AccountState.UNCONFIRMED
        audit.record("account.reactivated", by, user)
        return user


def send_password_reset(uid: str, by: User) -> User:
    """Have the link to choose a new password sent to the owner of an active account, and to nobody else."""
    policies.require(by, "desk.platform")
    with atomic():
        user = _locked(uid)
        if user.state is not AccountState.ACTIVE:
            raise Conflict
        passwords.send_reset(user.email)
        audit.record("password.reset_sent", by, user)
        return user


def _locked(uid: str) -> User:
    identity = session().scalar(select(User.id).where(User.uid == uid))
    if identity is None:
        raise NotFound
    return lock(User, identity)[0]


def export(wanted: Filter, by: User) -> list[list[str]]:
    """Return header and rows of the people a filter finds, in the reader's language; the download is recorded."""
    policies.require(by, "desk.platform")
    rows = [_row(user) for user in session().scalars(listing(wanted))]
    with atomic():
        audit.record("people.exported", by, rows=len(rows))
    header = [_("Name"), _("E-mail"), _("State"), _("Organisations"), _("Roles"), _("Language"), _("Speaks")]
    return [[*header, _("Time zone"), _("Since"), _("Last signed in"), _("Illustrative")], *rows]


def _row(user: User) -> list[str]:
    ties = [tie.organisation.name for tie in user.memberships if tie.state is MembershipState.ACTIVE]
    return [
        user.name,
        user.email,
        str(labels.of(user.state)),
        "; ".join(sorted(ties)),
        "; ".join(role_words(grant) for grant in user.roles),
        language_name(user.locale),
        "; ".join(language_name(code) for code in user.spoken_languages),
        user.timezone,
        user.created_at.isoformat(timespec="seconds"),
        user.last_signed_in_at.isoformat(timespec="seconds") if user.last_signed_in_at else "",
        _("yes") if user.is_illustrative else "",
    ]


def role_of(user: User, role: str, event_slug: str) -> RoleAssignment:
    """Return the role a person has, for one event or (an empty slug) the platform; raises `NotFound`."""
    for grant in user.roles:
        if grant.role.value == role and (grant.event.slug if grant.event else "") == event_slug:
            return grant
    raise NotFound


def role_words(grant: RoleAssignment) -> str:
    """Name a role, with its event where it is for one only."""
    if grant.event is None:
        return str(labels.of(grant.role))
    return _("%(role)s, %(event)s", role=labels.of(grant.role), event=in_language(grant.event.titles))
