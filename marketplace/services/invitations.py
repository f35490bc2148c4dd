"""Invitations to an organisation: sent to an address, accepted by whoever proves to own it.

What a manager sees never depends on whether the address has an account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import joinedload

from marketplace import clock, keys
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Gone, Invalid, NotAllowed
from marketplace.i18n import lazy_gettext
from marketplace.models import AccountState, Membership, MembershipRole, MembershipState, Organisation, User
from marketplace.services import addresses, audit, jobs, memberships, organisations, outbox, policies, throttle

LIFETIME = timedelta(days=30)
"""An invitation can be accepted for so long after it was last sent."""

PER_DAY = 30
"""Invitations one manager of a verified organisation may send in a day (M05)."""

PER_DAY_UNVERIFIED = 5
"""The same for a manager of an organisation that nobody has verified."""

PER_ADDRESS = 5
"""Invitations one address gets in a day, whoever sends them."""

_DAY = timedelta(days=1)


def invite(slug: str, email: str, role: MembershipRole, by: User, *, job_title: str = "") -> Membership:
    """Invite an address; whoever proves to own it may accept within `LIFETIME`.

    Somebody who has asked to join is let in instead. Raises `Invalid` for the field `email`, `TooManyAttempts` above
    the limits of a day.
    """
    organisation = organisations.find_for(slug, by)
    policies.require(by, "organisation.manage", organisation)
    address = addresses.normalise(email)
    _count(organisation, address.key, by)
    with atomic() as current:
        organisation = organisations.locked(slug, by)
        policies.require(by, "organisation.manage", organisation)
        if organisation.deactivated_at is not None:
            raise Conflict
        present = memberships.tie_of(organisation, address.key)
        if present is not None and present.state is MembershipState.ACTIVE:
            raise Invalid("email", lazy_gettext("This person belongs to the organisation already."))
        if present is not None and present.state is MembershipState.REQUESTED:
            memberships.let_in(present, role, by)
            return present
        if present is not None and not is_expired(present):
            raise Invalid("email", lazy_gettext("This address has been invited. You can send the invitation again."))
        if present is not None:
            memberships.end(present)
            # The old one must be over before the new one is there, or the two collide.
            current.flush()
        tie = Membership(
            organisation_id=organisation.id,
            email=address.email,
            email_key=address.key,
            role=role,
            state=MembershipState.INVITED,
            job_title=job_title[:120],
            invited_by_id=by.id,
            created_at=clock.now(),
        )
        current.add(tie)
        current.flush()
        _send(tie, organisation, by)
        audit.record("membership.invited", by, organisation, membership=tie.uid, role=role)
        return tie


def resend(uid: str, by: User) -> Membership:
    """Send an invitation once more; its time begins anew. Counts like a new one."""
    found = memberships.find(uid, by)
    _count(found.organisation, found.email_key or "", by)
    with atomic():
        organisation, tie = memberships.locked(uid, by, MembershipState.INVITED)
        if organisation.deactivated_at is not None:
            raise Conflict
        tie.created_at, tie.invited_by_id = clock.now(), by.id
        _send(tie, organisation, by)
        audit.record("membership.invited_again", by, organisation, membership=tie.uid)
        return tie


def withdraw(uid: str, by: User) -> None:
    """Take an invitation back: its link stops working."""
    with atomic():
        organisation, tie = memberships.locked(uid, by, MembershipState.INVITED)
        memberships.end(tie)
        audit.record("membership.invitation_withdrawn", by, organisation, membership=tie.uid)


@dataclass(frozen=True)
class Invitation:
    """An open invitation, as the invited person sees it; `is_mine` tells whether the reader may accept it."""

    token: str
    email: str
    organisation: Organisation
    role: MembershipRole
    inviter: str
    expires_at: datetime
    is_mine: bool


def find(token: str, reader: User | None) -> Invitation:
    """Return what the link of an invitation leads to; raises `Gone` where it was used, withdrawn, or is too old."""
    tie = _linked(token)
    _refuse_unusable(tie, tie.organisation)
    return _as_seen(tie, reader)


def of(user: User) -> list[Invitation]:
    """Return the open invitations of a person, the newest first."""
    ties = session().scalars(
        select(Membership)
        .join(Membership.organisation)
        .where(_is_open(), Organisation.deactivated_at.is_(None))
        .where(or_(Membership.user_id == user.id, _is_unbound_for(user)))
        .options(joinedload(Membership.organisation), joinedload(Membership.invited_by))
        .order_by(Membership.created_at.desc(), Membership.id.desc())
    )
    return [_as_seen(tie, user) for tie in ties]


def claim(user: User) -> list[Invitation]:
    """Bind the open invitations of an address to the person who has just proved to own it, and return them.

    From then on nobody else who comes to own the address can accept them. They are not accepted in the person's name:
    that would tell whoever sent one that the address has an account. Joins the caller's transaction.
    """
    with atomic() as current:
        if user.state is not AccountState.ACTIVE:
            return []
        known = set(current.scalars(select(Membership.organisation_id).where(memberships.tied(user))))
        for tie in current.scalars(select(Membership).where(_is_open(), _is_unbound_for(user))).all():
            # One open tie per person and organisation: where there is one already, the address alone must do.
            if tie.organisation_id not in known:
                tie.user_id = user.id
        current.flush()
        return of(user)


def accept(token: str, by: User) -> Membership:
    """Accept an invitation; accepting twice is accepting once. Raises `NotAllowed` for all but the invited person."""
    with atomic() as current:
        organisation, tie = _locked(token)
        if tie.state is MembershipState.ACTIVE and tie.user_id == by.id:
            return tie
        _refuse_unusable(tie, organisation)
        _refuse_others(tie, by)
        other = current.scalar(
            select(Membership).where(
                memberships.tied(by), Membership.organisation_id == organisation.id, Membership.id != tie.id
            )
        )
        if other is not None and other.state is MembershipState.ACTIVE:
            memberships.end(tie)
            return other
        if other is not None:
            memberships.end(other)
            # The request must be over before the invitation takes its place, or the two collide.
            current.flush()
        tie.user_id, tie.state, tie.since = by.id, MembershipState.ACTIVE, clock.now()
        audit.record("membership.accepted", by, organisation, membership=tie.uid, role=tie.role)
        return tie


def decline(token: str, by: User) -> Organisation:
    """Decline an invitation; raises `NotAllowed` for anybody but the invited person."""
    with atomic():
        organisation, tie = _locked(token)
        _refuse_unusable(tie, organisation)
        _refuse_others(tie, by)
        memberships.end(tie)
        audit.record("membership.invitation_declined", by, organisation, membership=tie.uid)
        return organisation


def token_of(tie: Membership) -> str:
    """Return what stands in the address of an invitation."""
    return keys.sign(outbox.INVITATION, tie.uid)


def is_expired(tie: Membership) -> bool:
    """Tell whether an invitation is too old to be accepted."""
    return tie.created_at < clock.now() - LIFETIME


@jobs.handler("invitations.expire", every=_DAY)
def expire(_: jobs.Run) -> None:
    """End invitations that are too old; a month later forget the addresses of those who never came."""
    now = clock.now()
    with atomic() as current:
        current.execute(
            update(Membership)
            .where(Membership.state == MembershipState.INVITED, Membership.created_at < now - LIFETIME)
            .values(state=MembershipState.ENDED, ended_at=now)
        )
        current.execute(
            delete(Membership).where(
                Membership.state == MembershipState.ENDED,
                Membership.user_id.is_(None),
                Membership.ended_at < now - timedelta(days=30),
            )
        )


def _linked(token: str) -> Membership:
    tie = session().scalar(
        select(Membership)
        .where(Membership.uid == (keys.unsign(outbox.INVITATION, token) or ""))
        .options(joinedload(Membership.organisation), joinedload(Membership.invited_by))
    )
    if tie is None:
        raise Gone
    return tie


def _locked(token: str) -> tuple[Organisation, Membership]:
    tie = _linked(token)
    (organisation,) = lock(Organisation, tie.organisation_id)
    session().refresh(tie)
    return organisation, tie


def _refuse_unusable(tie: Membership, organisation: Organisation) -> None:
    if tie.state is not MembershipState.INVITED or is_expired(tie) or organisation.deactivated_at is not None:
        raise Gone(lazy_gettext("This invitation was used or withdrawn, or it is too old. Please ask for a new one."))


def _refuse_others(tie: Membership, by: User) -> None:
    if not _is_invited(tie, by):
        raise NotAllowed(lazy_gettext("This invitation was sent to another address than that of your account."))


def _is_invited(tie: Membership, user: User) -> bool:
    # Whoever is signed in has proved to own the address of the account.
    return tie.user_id == user.id or (tie.user_id is None and tie.email_key == user.email_key)


def _is_unbound_for(user: User) -> ColumnElement[bool]:
    return and_(Membership.user_id.is_(None), Membership.email_key == user.email_key)


def _is_open() -> ColumnElement[bool]:
    return and_(Membership.state == MembershipState.INVITED, Membership.created_at >= clock.now() - LIFETIME)


def _as_seen(tie: Membership, reader: User | None) -> Invitation:
    return Invitation(
        token=token_of(tie),
        email=tie.email or "",
        organisation=tie.organisation,
        role=tie.role,
        inviter=tie.invited_by.name if tie.invited_by else "",
        expires_at=tie.created_at + LIFETIME,
        is_mine=reader is not None and _is_invited(tie, reader),
    )


def _count(organisation: Organisation, email_key: str, by: User) -> None:
    limit = PER_DAY if organisation.verified_at else PER_DAY_UNVERIFIED
    throttle.hit("invitation.by", by.uid, limit, _DAY)
    throttle.hit("invitation.to", email_key, PER_ADDRESS, _DAY)


def _send(tie: Membership, organisation: Organisation, by: User) -> None:
    # An account tells the language of its owner; else the inviter's is the best guess.
    known = session().scalar(select(User.locale).where(User.email_key == tie.email_key))
    outbox.queue(
        "membership_invited",
        email=tie.email,
        locale=known or by.locale,
        organisation=organisation.name,
        inviter=by.name,
        role=tie.role.value,
        link=tie.uid,
        days=LIFETIME.days,
    )
