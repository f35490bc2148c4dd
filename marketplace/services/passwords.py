"""Passwords: what makes one acceptable, how it is kept, changed and reset.

Rules after NIST SP 800-63B-4 and OWASP: eight characters or more, any signs, no composition rules, none that is common.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from marketplace import config
from marketplace.database import atomic, lock, session
from marketplace.errors import Invalid
from marketplace.i18n import lazy_gettext, locale, speaking
from marketplace.models import AccountState, LinkPurpose, User, UserSession
from marketplace.services import addresses, attempts, audit, jobs, links, outbox, sessions
from marketplace.services.attempts import Visitor
from marketplace.services.common_passwords import is_common

MIN_LENGTH = 8
MAX_LENGTH = 256
"""Characters; the upper limit only keeps the work of hashing small."""


def normalise(password: str) -> str:
    """Return the password as every keyboard and system means it (NFKC), so that it works on another device too."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, about: Iterable[str] = (), field: str = "password") -> None:
    """Raise `Invalid` for `field` where the password is too short, too long or easily guessed; see `is_common`."""
    text = normalise(password)
    if len(text) < MIN_LENGTH:
        raise Invalid(field, lazy_gettext("Please use at least 8 characters; 15 or more are better."))
    if len(text) > MAX_LENGTH:
        raise Invalid(field, lazy_gettext("Please use at most 256 characters."))
    if is_common(text, about):
        raise Invalid(
            field, lazy_gettext("This password is among the first that others would guess. Please choose another.")
        )


def hashed(password: str) -> str:
    """Return the argon2id hash to store. Takes a tenth of a second: call it before a transaction, not inside."""
    return _hasher(config.current().testing).hash(normalise(password))


def verify(stored: str | None, password: str) -> bool:
    """Tell whether the password is right. Without a stored hash the same work is done, and the answer is no."""
    hasher = _hasher(config.current().testing)
    try:
        hasher.verify(stored or _nobodys(config.current().testing), normalise(password)[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


@cache
def _hasher(testing: bool) -> PasswordHasher:
    if testing:
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    # OWASP's first recommendation for argon2id: 19 MiB, two passes.
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@cache
def _nobodys(testing: bool) -> str:
    return _hasher(testing).hash("the password of nobody")


def needs_rehash(stored: str) -> bool:
    """Tell whether a stored hash was made with other parameters than today's."""
    return _hasher(config.current().testing).check_needs_rehash(stored)


def change(user: User, present: str, new: str, keep: UserSession | None) -> None:
    """Set another password; ends all other sessions and open links, and tells the owner by letter.

    `present` is checked where there is a password (raises `Invalid` for the field `present`).
    """
    if user.password_hash is not None and not verify(user.password_hash, present):
        raise Invalid("present", lazy_gettext("This is not your present password."))
    _set(user, new, keep)


def request_reset(email: str, visitor: Visitor) -> None:
    """Have a link to choose a new password sent, if the address has an account. The work is the same if it has none.

    Raises `Invalid` for what is no address, and `TooManyAttempts`.
    """
    address = addresses.normalise(email)
    attempts.count(attempts.LETTER, address.key, visitor)
    jobs.enqueue("passwords.reset", {"email": address.email, "locale": locale()})


@jobs.handler("passwords.reset")
def _send_reset(run: jobs.Run) -> None:
    if not run.payload:
        return
    with atomic(), speaking(run.payload["locale"]):
        send_reset(run.payload["email"])
        jobs.forget_payload(run)


def send_reset(email: str) -> None:
    """Write the letter with the link to the owner of an active account. Joins the caller's transaction."""
    address = addresses.normalise(email)
    with atomic() as current:
        user = current.scalar(select(User).where(User.email_key == address.key, User.state == AccountState.ACTIVE))
        if user is not None and attempts.may_write("reset_password", address.key):
            links.end(user, LinkPurpose.RESET_PASSWORD)
            link = links.create(LinkPurpose.RESET_PASSWORD, user)
            outbox.queue("reset_password", to=user, link=link.uid)


def reset(token: str, new: str) -> User:
    """Set a new password with the link of a letter, once; every session ends. Raises `Gone` or `Invalid`."""
    user = links.find(LinkPurpose.RESET_PASSWORD, token).user
    check(new, (user.name, user.email))
    stored = hashed(new)
    with atomic():
        link = links.use(LinkPurpose.RESET_PASSWORD, token)
        (owner,) = lock(User, link.user_id)
        _store(owner, stored, None)
        return owner


def _set(user: User, new: str, keep: UserSession | None) -> None:
    check(new, (user.name, user.email))
    stored = hashed(new)
    with atomic():
        (owner,) = lock(User, user.id)
        _store(owner, stored, keep)


def _store(user: User, stored: str, keep: UserSession | None) -> None:
    user.password_hash = stored
    sessions.end_all(user, but=keep)
    links.end(user)
    outbox.queue("password_changed", to=user)
    audit.record("password.changed", user, user)


def rehash(user_id: int, password: str) -> None:
    """Keep a password that was just verified under today's parameters."""
    stored = hashed(password)
    with atomic():
        for user in lock(User, user_id):
            user.password_hash = stored
    session().expire_all()
