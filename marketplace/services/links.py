"""One-time links and codes sent by e-mail: derived from the installation's key, for one purpose, once, for a while.

Nothing secret is stored. A link stops working when it is used, when its time is over, when a newer one of its purpose
was sent, and when what it was made for (the address, the state of the account) is no longer so.
"""

from datetime import timedelta

from sqlalchemy import CursorResult, delete, select, update

from marketplace import clock, keys
from marketplace.database import atomic, session
from marketplace.errors import Gone
from marketplace.models import AccountState, LinkPurpose, OneTimeLink, User
from marketplace.services import jobs

LIFETIMES = {
    LinkPurpose.CONFIRM_ACCOUNT: timedelta(days=3),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=1),
    LinkPurpose.SIGN_IN_CODE: timedelta(minutes=10),
    LinkPurpose.CHANGE_EMAIL_OLD: timedelta(hours=24),
    LinkPurpose.CHANGE_EMAIL_NEW: timedelta(hours=24),
}

CODE_TRIES = 5
"""Entries a six-digit code allows before it is void."""

_CHANGES_OF_EMAIL = {LinkPurpose.CHANGE_EMAIL_OLD, LinkPurpose.CHANGE_EMAIL_NEW}


def create(purpose: LinkPurpose, user: User, email: str | None = None, uid: str | None = None) -> OneTimeLink:
    """Make a link for the user, at their own address or (a change of e-mail) about another. Joins the transaction."""
    now = clock.now()
    with atomic() as current:
        link = OneTimeLink(
            purpose=purpose,
            user_id=user.id,
            email=email or user.email,
            created_at=now,
            expires_at=now + LIFETIMES[purpose],
        )
        if uid:
            link.uid = uid
        current.add(link)
        current.flush()
        return link


def end(user: User, *purposes: LinkPurpose) -> None:
    """Void the user's links of these purposes (of all, where none is named), used halves of a pair included."""
    now = clock.now()
    with atomic() as current:
        current.execute(
            update(OneTimeLink)
            .where(OneTimeLink.user_id == user.id, OneTimeLink.expires_at > now)
            .where(OneTimeLink.purpose.in_(purposes or tuple(LinkPurpose)))
            .values(expires_at=now)
        )


def end_code(uid: str) -> None:
    """Void one sign-in code, because the browser that asked for it has asked for another."""
    now = clock.now()
    with atomic() as current:
        current.execute(
            update(OneTimeLink)
            .where(OneTimeLink.uid == uid, OneTimeLink.purpose == LinkPurpose.SIGN_IN_CODE)
            .where(OneTimeLink.expires_at > now)
            .values(expires_at=now)
        )


def find(purpose: LinkPurpose, token: str) -> OneTimeLink:
    """Return the link of a token without using it; raises `Gone` for anything that does not or no longer work."""
    uid = keys.unsign(purpose, token)
    link = None
    if uid is not None:
        link = session().scalar(select(OneTimeLink).where(OneTimeLink.uid == uid, OneTimeLink.purpose == purpose))
    if link is None or link.used_at is not None or link.expires_at <= clock.now() or not _still_fits(link):
        raise Gone
    return link


def use(purpose: LinkPurpose, token: str) -> OneTimeLink:
    """Use the link up; raises `Gone` where somebody was quicker. Joins the caller's transaction."""
    with atomic() as current:
        link = find(purpose, token)
        now = clock.now()
        result = current.execute(
            update(OneTimeLink)
            .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now)
            .values(used_at=now)
        )
        if not isinstance(result, CursorResult) or result.rowcount != 1:
            raise Gone
        return link


def try_code(uid: str, code: str) -> int | None:
    """Count one try at a sign-in code; return the id of its user and use it up where it is right, else None.

    A code that does not exist takes the same statement as a wrong one.
    """
    now = clock.now()
    with atomic() as current:
        found = current.execute(
            update(OneTimeLink)
            .where(OneTimeLink.uid == uid, OneTimeLink.purpose == LinkPurpose.SIGN_IN_CODE)
            .where(OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now, OneTimeLink.tries < CODE_TRIES)
            .values(tries=OneTimeLink.tries + 1)
            .returning(OneTimeLink.id)
            .execution_options(synchronize_session=False)
        ).scalar()
        right = keys.same(code, keys.code(LinkPurpose.SIGN_IN_CODE, uid))
        if found is None or not right:
            return None
        (link,) = current.scalars(select(OneTimeLink).where(OneTimeLink.id == found))
        if not _still_fits(link):
            return None
        link.used_at = now
        return link.user_id


def _still_fits(link: OneTimeLink) -> bool:
    user = link.user
    if link.purpose is LinkPurpose.CONFIRM_ACCOUNT:
        return user.state is AccountState.UNCONFIRMED and link.email == user.email
    return user.state is AccountState.ACTIVE and (link.purpose in _CHANGES_OF_EMAIL or link.email == user.email)


@jobs.handler("links.forget", every=timedelta(days=1))
def forget_old(_: jobs.Run) -> None:
    """Delete links that ended a month ago."""
    with atomic() as current:
        current.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < clock.now() - timedelta(days=30)))
