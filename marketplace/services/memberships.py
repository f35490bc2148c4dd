"""Who belongs to an organisation: asking to join, being let in, roles, leaving. How one is invited: `invitations`.

Every change holds the lock of its organisation, so that two managers cannot both be the last one to leave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, func, inspect, or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, rows, session
from marketplace.errors import Conflict, LastManager, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    AccountState,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import audit, organisations, outbox, policies, sessions, throttle

REQUESTS_PER_DAY = 10
"""Organisations one person may ask to join in a day."""


def ask(slug: str, by: User, *, message: str = "") -> Membership:
    """Ask to join an organisation; its managers (where there are none, the organisers) get a letter.

    Raises `Conflict` for somebody who belongs to it, has asked or is invited already, `NotFound` for an organisation
    out of service, `TooManyAttempts` above the limit of a day.
    """
    throttle.hit("membership.ask", by.uid, REQUESTS_PER_DAY, timedelta(days=1))
    with atomic() as current:
        (organisation,) = lock(Organisation, organisations.find(slug).id)
        if organisation.deactivated_at is not None:
            raise NotFound
        present = tie_of(organisation, by.email_key, by)
        if present is not None and present.state is MembershipState.INVITED:
            raise Conflict(lazy_gettext("You are invited to this organisation: please accept the invitation."))
        if present is not None:
            raise Conflict(lazy_gettext("You belong to this organisation or have asked to join it already."))
        tie = Membership(
            organisation_id=organisation.id,
            user_id=by.id,
            role=MembershipRole.MEMBER,
            state=MembershipState.REQUESTED,
            message=message[:500],
            created_at=clock.now(),
        )
        current.add(tie)
        current.flush()
        for reader in organisations.managers(organisation) or _organisers():
            outbox.queue(
                "membership_requested",
                to=reader,
                organisation=organisation.name,
                slug=organisation.slug,
                person=by.name,
                message=tie.message,
            )
        audit.record("membership.requested", by, organisation, membership=tie.uid)
        return tie


def approve(uid: str, by: User) -> Membership:
    """Let somebody in who asked to join; they get a letter."""
    with atomic():
        _, tie = locked(uid, by, MembershipState.REQUESTED)
        let_in(tie, tie.role, by)
        return tie


def refuse(uid: str, by: User) -> None:
    """Decline a request to join; the person gets a letter."""
    with atomic():
        organisation, tie = locked(uid, by, MembershipState.REQUESTED)
        end(tie)
        outbox.queue("membership_declined", to=tie.user, organisation=organisation.name)
        audit.record("membership.declined", by, organisation, membership=tie.uid)


def take_back(slug: str, by: User) -> None:
    """Take one's own request to join back."""
    with atomic():
        (organisation,) = lock(Organisation, organisations.find(slug).id)
        tie = _own(organisation, by, MembershipState.REQUESTED)
        end(tie)
        audit.record("membership.request_withdrawn", by, organisation, membership=tie.uid)


def change_role(uid: str, role: MembershipRole, by: User) -> Membership:
    """Make a member a manager or a manager a member; raises `LastManager` where nobody would be left to answer."""
    with atomic():
        organisation, tie = locked(uid, by, MembershipState.ACTIVE)
        if tie.role is not role:
            if role is not MembershipRole.MANAGER:
                _refuse_last_manager(organisation, tie)
            audit.record("membership.role_changed", by, organisation, membership=tie.uid, before=tie.role, after=role)
            tie.role = role
        return tie


def hand_over(uid: str, by: User) -> Membership:
    """Make another member the manager in one's own place, and stay as a member."""
    with atomic():
        organisation, tie = locked(uid, by, MembershipState.ACTIVE)
        own_tie = _own(organisation, by, MembershipState.ACTIVE)
        can_sign_in = tie.user is not None and tie.user.state is AccountState.ACTIVE
        if own_tie.role is not MembershipRole.MANAGER or own_tie.id == tie.id or not can_sign_in:
            raise Conflict
        tie.role, own_tie.role = MembershipRole.MANAGER, MembershipRole.MEMBER
        audit.record("membership.handed_over", by, organisation, membership=tie.uid)
        return tie


def leave(slug: str, by: User) -> Organisation:
    """Leave an organisation; raises `LastManager` where nobody would be left to answer for it."""
    with atomic():
        (organisation,) = lock(Organisation, organisations.find(slug).id)
        tie = _own(organisation, by, MembershipState.ACTIVE)
        _refuse_last_manager(organisation, tie)
        end(tie)
        audit.record("membership.left", by, organisation, membership=tie.uid)
        return organisation


def remove(uid: str, by: User) -> None:
    """End somebody's membership; the person gets a letter. Raises `LastManager` like leaving."""
    with atomic():
        organisation, tie = locked(uid, by, MembershipState.ACTIVE)
        _refuse_last_manager(organisation, tie)
        end(tie)
        if tie.user_id != by.id:
            outbox.queue("membership_removed", to=tie.user, organisation=organisation.name)
        audit.record("membership.removed", by, organisation, membership=tie.uid)


def leave_all(user: User) -> None:
    """End every tie of a person whose account ends. Joins the caller's transaction.

    Raises `LastManager`, naming the organisation, where members would be left without a manager. An organisation
    without any other member is left empty: organisers then decide about the next person who asks to join it.
    """
    with atomic() as current:
        identities = current.scalars(select(Membership.organisation_id).where(tied(user))).all()
        for organisation in lock(Organisation, *identities):
            for tie in current.scalars(select(Membership).where(tied(user), _in(organisation))).all():
                if _is_last_manager(organisation, tie) and _others(organisation, tie):
                    raise LastManager(
                        lazy_gettext(
                            "You are the last manager of %(organisation)s. Make another member a manager first.",
                            organisation=organisation.name,
                        )
                    )
                end(tie)
                audit.record("membership.left", user, organisation, membership=tie.uid)


@dataclass(frozen=True)
class People:
    """Who belongs to an organisation, by name, and who might, in the order of time."""

    active: list[Membership]
    requested: list[Membership]
    invited: list[Membership]


def people(organisation: Organisation, reader: User) -> People:
    """Return the people of an organisation; requests and invitations only to those who decide about them."""
    states = [MembershipState.ACTIVE]
    if policies.can(reader, "organisation.manage", organisation):
        states += [MembershipState.REQUESTED, MembershipState.INVITED]
    found: dict[MembershipState, list[Membership]] = {state: [] for state in MembershipState}
    for tie in session().scalars(
        select(Membership)
        .where(_in(organisation), Membership.state.in_(states))
        .options(joinedload(Membership.user), joinedload(Membership.invited_by))
        .order_by(Membership.created_at, Membership.id)
    ):
        found[tie.state].append(tie)
    active = sorted(found[MembershipState.ACTIVE], key=lambda tie: tie.user.search_text if tie.user else "")
    return People(active, found[MembershipState.REQUESTED], found[MembershipState.INVITED])


def counts(bodies: Iterable[Organisation]) -> dict[int, int]:
    """Return how many people belong to each of the organisations, by their id; those without any are left out."""
    statement = (
        select(Membership.organisation_id, func.count())
        .where(Membership.organisation_id.in_([body.id for body in bodies]))
        .where(Membership.state == MembershipState.ACTIVE)
        .group_by(Membership.organisation_id)
    )
    return dict(session().execute(statement).all())


def of(user: User) -> list[Membership]:
    """Return the memberships and requests of a person with their organisations, by name."""
    return list(
        session().scalars(
            select(Membership)
            .join(Membership.organisation)
            .where(tied(user), Membership.state != MembershipState.INVITED)
            .options(joinedload(Membership.organisation))
            .order_by(Organisation.search_text, Organisation.id)
        )
    )


_CHOICES = (
    select(Organisation)
    .join(Organisation.memberships)
    .where(Membership.user_id == bindparam("user_id"), Membership.state == MembershipState.ACTIVE)
    .where(Organisation.deactivated_at.is_(None))
    .order_by(Organisation.search_text, Organisation.id)
)


def choices(user: User) -> list[Organisation]:
    """Return the organisations in whose name a person may act, by name."""
    return [] if _has_none(user) else list(session().scalars(_CHOICES, {"user_id": user.id}))


_NAMES = _CHOICES.with_only_columns(Organisation.uid, Organisation.name, Organisation.kind)


def names(user: User) -> tuple[tuple[str, str, OrganisationKind], ...]:
    """Return uid, name and kind of the organisations in whose name a person may act, by name."""
    if _has_none(user):
        return ()
    return tuple((row[0], row[1], row[2]) for row in rows(_NAMES, {"user_id": user.id}))


def _has_none(user: User) -> bool:
    # Known without asking where the session was looked up.
    return "memberships" not in inspect(user).unloaded and not user.memberships


def own(organisation: Organisation, user: User) -> Membership | None:
    """Return how a person belongs to an organisation now (active or asking), or None."""
    return session().scalar(
        select(Membership).where(tied(user), _in(organisation), Membership.state != MembershipState.INVITED)
    )


def find(uid: str, by: User, of: Organisation | None = None) -> Membership:
    """Return a tie (of this organisation) whose organisation the person decides about.

    Raises `NotFound` for those who may not see the organisation, `NotAllowed` for its other members.
    """
    tie = session().scalar(select(Membership).where(Membership.uid == uid).options(joinedload(Membership.organisation)))
    if tie is None or (of is not None and tie.organisation_id != of.id):
        raise NotFound
    if not policies.can(by, "organisation.view", tie.organisation):
        raise NotFound
    policies.require(by, "organisation.manage", tie.organisation)
    return tie


# What invitations share with the rest.


def locked(uid: str, by: User, state: MembershipState) -> tuple[Organisation, Membership]:
    """Lock the organisation of a tie and return both as they are now; raises `Conflict` in any other state."""
    tie = find(uid, by)
    (organisation,) = lock(Organisation, tie.organisation_id)
    session().refresh(tie)
    # Somebody may have taken the actor's own role away while the lock was waited for.
    session().expire(by, ["memberships"])
    policies.require(by, "organisation.manage", organisation)
    if tie.state is not state:
        raise Conflict
    return organisation, tie


def let_in(tie: Membership, role: MembershipRole, by: User) -> None:
    """Make an asking person a member and tell them. The organisation must be locked."""
    tie.state, tie.role, tie.since = MembershipState.ACTIVE, role, clock.now()
    outbox.queue("membership_approved", to=tie.user, organisation=tie.organisation.name, slug=tie.organisation.slug)
    audit.record("membership.approved", by, tie.organisation, membership=tie.uid, role=role)


def end(tie: Membership) -> None:
    """End a tie; its person no longer acts for the organisation. The organisation must be locked."""
    tie.state, tie.ended_at = MembershipState.ENDED, clock.now()
    if tie.user_id is not None:
        sessions.stop_acting_for(tie.organisation_id, tie.user_id)


def tie_of(organisation: Organisation, email_key: str, user: User | None = None) -> Membership | None:
    """Return the open tie of whoever has this address: membership or request before invitation."""
    identity = user.id if user else session().scalar(select(User.id).where(User.email_key == email_key))
    is_theirs = and_(Membership.email_key == email_key, Membership.state == MembershipState.INVITED)
    if identity is not None:
        is_theirs = or_(Membership.user_id == identity, is_theirs)
    ties = session().scalars(
        select(Membership).where(_in(organisation), Membership.state != MembershipState.ENDED, is_theirs)
    )
    return min(ties, key=lambda tie: tie.state is MembershipState.INVITED, default=None)


def tied(user: User) -> ColumnElement[bool]:
    """Return the condition that a tie is this person's and has not ended."""
    return and_(Membership.user_id == user.id, Membership.state != MembershipState.ENDED)


def _in(organisation: Organisation) -> ColumnElement[bool]:
    return Membership.organisation_id == organisation.id


def _own(organisation: Organisation, by: User, state: MembershipState) -> Membership:
    tie = session().scalar(
        select(Membership)
        .where(_in(organisation), Membership.user_id == by.id, Membership.state == state)
        .execution_options(populate_existing=True)
    )
    if tie is None:
        raise NotFound
    return tie


def _refuse_last_manager(organisation: Organisation, tie: Membership) -> None:
    if _is_last_manager(organisation, tie):
        raise LastManager


def _is_last_manager(organisation: Organisation, tie: Membership) -> bool:
    """Tell whether a tie is the only active manager who can sign in. The organisation must be locked."""
    is_manager = tie.role is MembershipRole.MANAGER and tie.state is MembershipState.ACTIVE
    return is_manager and not any(other.role is MembershipRole.MANAGER for other in _others(organisation, tie))


def _others(organisation: Organisation, tie: Membership) -> list[Membership]:
    return list(
        session().scalars(
            select(Membership)
            .join(Membership.user)
            .where(_in(organisation), Membership.id != tie.id)
            .where(Membership.state == MembershipState.ACTIVE, User.state == AccountState.ACTIVE)
            .execution_options(populate_existing=True)
        )
    )


def _organisers() -> list[User]:
    organises = select(RoleAssignment.user_id).where(
        RoleAssignment.event_id.is_(None), RoleAssignment.role.in_([Role.ADMINISTRATOR, Role.ORGANISER])
    )
    return list(
        session().scalars(
            select(User).where(User.id.in_(organises), User.state == AccountState.ACTIVE).order_by(User.id)
        )
    )
