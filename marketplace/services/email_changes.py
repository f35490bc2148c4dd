"""Change of an account's e-mail address: confirmed at the old and at the new address, in any order, within a day."""

from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid
from marketplace.i18n import lazy_gettext
from marketplace.models import LinkPurpose, OneTimeLink, User
from marketplace.services import addresses, attempts, audit, links, outbox, search, sessions
from marketplace.services.attempts import Visitor


def request(user: User, email: str, visitor: Visitor) -> None:
    """Write to both addresses; the change happens when both links have been used. An earlier request ends.

    An address that has an account gets a letter that says so instead of the link: the person asking sees no difference.
    """
    address = addresses.normalise(email)
    if address.key == user.email_key:
        raise Invalid("email", lazy_gettext("This is your present address."))
    attempts.count(attempts.LETTER, address.key, visitor)
    with atomic() as current:
        (owner,) = lock(User, user.id)
        links.end(owner, LinkPurpose.CHANGE_EMAIL_OLD, LinkPurpose.CHANGE_EMAIL_NEW)
        old = links.create(LinkPurpose.CHANGE_EMAIL_OLD, owner, address.email)
        new = links.create(LinkPurpose.CHANGE_EMAIL_NEW, owner, address.email)
        taken = current.scalar(select(exists().where(User.email_key == address.key)))
        if attempts.may_write("change_email", owner.email_key, limit=10):
            outbox.queue("change_email_old", to=owner, link=old.uid, new=address.email)
        if attempts.may_write("change_email", address.key):
            kind = "change_email_taken" if taken else "change_email_new"
            outbox.queue(kind, email=address.email, name=owner.name, locale=owner.locale, link=new.uid)
        audit.record("account.email_change_requested", owner, owner)


def pending(user: User) -> str | None:
    """Return the address a change to which waits for its links; None where nothing waits."""
    statement = (
        select(OneTimeLink.email)
        .where(OneTimeLink.user_id == user.id, OneTimeLink.expires_at > clock.now())
        .where(OneTimeLink.purpose == LinkPurpose.CHANGE_EMAIL_NEW)
        .order_by(OneTimeLink.id.desc())
    )
    return session().scalar(statement.limit(1))


def cancel(user: User) -> None:
    """Call a change of address off; both links end."""
    with atomic():
        lock(User, user.id)
        links.end(user, LinkPurpose.CHANGE_EMAIL_OLD, LinkPurpose.CHANGE_EMAIL_NEW)
        audit.record("account.email_change_cancelled", user, user)


def confirm(purpose: LinkPurpose, token: str) -> bool:
    """Use the link of one side. True when the other side had agreed and the address is now changed; all sessions end.

    Raises `Gone`, or `Conflict` where the new address got an account in the meantime.
    """
    owner_id = links.find(purpose, token).user_id
    try:
        with atomic():
            (owner,) = lock(User, owner_id)
            link = links.use(purpose, token)
            audit.record("account.email_confirmed", owner, owner, side=purpose.value)
            if not _both_sides_agreed(link):
                return False
            _apply(owner, link.email)
            return True
    except IntegrityError as error:
        raise Conflict(lazy_gettext("This address cannot be used for this account.")) from error


def _both_sides_agreed(link: OneTimeLink) -> bool:
    statement = select(func.count()).where(
        OneTimeLink.user_id == link.user_id,
        OneTimeLink.purpose.in_([LinkPurpose.CHANGE_EMAIL_OLD, LinkPurpose.CHANGE_EMAIL_NEW]),
        OneTimeLink.email == link.email,
        OneTimeLink.used_at.is_not(None),
        OneTimeLink.expires_at > clock.now(),
    )
    return session().scalar(statement) == 2


def _apply(user: User, email: str) -> None:
    address = addresses.normalise(email)
    with atomic() as current:
        before = user.email
        user.email, user.email_key = address.email, address.key
        user.search_text = search.fold(user.name, address.email)[:400]
        current.flush()
        links.end(user)
        sessions.end_all(user)
        outbox.queue("email_changed", to=user, email=before, new=address.email)
        outbox.queue("email_changed", to=user, new=address.email)
        audit.record("account.email_changed", user, user)
