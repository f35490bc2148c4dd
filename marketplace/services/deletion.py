"""The end of an account: what tells who it was goes, what must stay stays with a nameless actor."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update

from marketplace import clock
from marketplace.database import atomic, lock
from marketplace.models import (
    AccountState,
    AuditEntry,
    Consent,
    Letter,
    LetterState,
    Membership,
    OneTimeLink,
    RecoveryCode,
    RoleAssignment,
    User,
    UserSession,
)
from marketplace.services import audit, invites, jobs, memberships, outbox, registration, roles
from marketplace.services.registration import NOBODY

UNCONFIRMED_DAYS = 7
"""Days after which a registration that nobody confirmed is forgotten."""


def delete_own(user: User) -> None:
    """Delete one's account: memberships, roles and sessions end, and nothing stays that tells who it was.

    What must stay (who did what when, that consents were given) stays with a nameless actor. Raises `LastManager` or
    `LastAdministrator` where somebody must take over first.
    """
    with atomic():
        # First, because it locks every administrator in the order of their ids.
        roles.refuse_last_administrator(user)
        (owner,) = lock(User, user.id)
        memberships.leave_all(owner)
        outbox_address, locale, name = owner.email, owner.locale, owner.name
        registration.forget(owner)
        invites.revoke_feed(owner, owner)
        audit.record("account.deleted", owner, owner)
        _forget_person(owner)
        outbox.queue("account_deleted", email=outbox_address, name=name, locale=locale)


def _forget_person(user: User) -> None:
    with atomic() as current:
        forget_letters(user)
        owned = (RecoveryCode, OneTimeLink, UserSession, RoleAssignment)
        for model in owned:
            current.execute(delete(model).where(model.user_id == user.id))
        current.execute(
            update(Consent)
            .where(Consent.user_id == user.id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=clock.now())
        )
        current.execute(delete(Membership).where(Membership.user_id.is_(None), Membership.email_key == user.email_key))
        current.execute(
            update(Membership)
            .where(Membership.user_id == user.id)
            .values(email=None, email_key=None, job_title="", message="")
        )
        user.state = AccountState.DELETED
        user.name, user.search_text = NOBODY, ""
        user.email = user.email_key = f"{user.uid}@deleted.invalid"
        user.timezone, user.spoken_languages, user.password_hash = "UTC", [], None
        user.totp_nonce, user.totp_confirmed_at, user.totp_last_step = None, None, 0
        user.last_signed_in_at = None
        current.flush()


def forget_letters(user: User) -> None:
    """Empty every letter to a person or their address, and call back those not sent. Joins the transaction."""
    with atomic() as current:
        theirs = or_(Letter.user_id == user.id, func.lower(Letter.recipient) == user.email.lower())
        current.execute(
            update(Letter).where(theirs, Letter.state == LetterState.QUEUED).values(state=LetterState.CANCELLED)
        )
        current.execute(update(Letter).where(theirs).values(recipient="", recipient_name="", context={}, subject=""))


@jobs.handler("deletion.forget", every=timedelta(hours=6))
def forget_ended(_: jobs.Run) -> None:
    """Forget registrations nobody confirmed within a week, and the addresses that farewell letters were sent to."""
    limit = clock.now() - timedelta(days=UNCONFIRMED_DAYS)
    with atomic() as current:
        stale = select(User).where(User.state == AccountState.UNCONFIRMED, User.created_at < limit)
        unbound = ~User.memberships.any() & ~User.roles.any()
        for user in lock(User, *[user.id for user in current.scalars(stale.where(unbound).limit(500))]):
            forget_letters(user)
            current.execute(update(Letter).where(Letter.user_id == user.id).values(user_id=None))
            current.execute(update(AuditEntry).where(AuditEntry.actor_id == user.id).values(actor_id=None))
            for model in (Consent, OneTimeLink):
                current.execute(delete(model).where(model.user_id == user.id))
            current.delete(user)
        current.execute(
            update(Letter)
            .where(Letter.kind == "account_deleted", Letter.state != LetterState.QUEUED)
            .values(recipient="", recipient_name="", subject="")
        )
