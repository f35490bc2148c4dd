"""The second factor: an authenticator app (TOTP, RFC 6238), and recovery codes for the day the phone is lost.

The app's secret is derived from the installation's key and a nonce, so a copy of the database alone opens nothing.
"""

import base64
import secrets
from dataclasses import dataclass

import pyotp
import segno
from sqlalchemy import CursorResult, delete, func, select, update

from marketplace import clock, i18n, keys
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid
from marketplace.i18n import lazy_gettext
from marketplace.models import RecoveryCode, User, UserSession
from marketplace.services import attempts, audit, outbox, policies, sessions
from marketplace.services.attempts import Visitor

STEP = 30
"""Seconds one code of the app is shown; the codes before and after are accepted too, for clocks that differ."""

RECOVERY_CODES = 10
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Setup:
    """What an authenticator app needs: the secret to type, or the same as a QR code (an image address)."""

    secret: str
    uri: str
    picture: str


def begin_setup(user: User) -> None:
    """Give the account a fresh secret that is not in force yet; raises `Conflict` where one is."""
    with atomic():
        (owner,) = lock(User, user.id)
        if owner.has_second_factor:
            raise Conflict
        owner.totp_nonce = secrets.token_urlsafe(16)


def setup(user: User) -> Setup | None:
    """Return what the app needs to know, while it is being set up."""
    if user.totp_nonce is None or user.has_second_factor:
        return None
    uri = _totp(user.totp_nonce).provisioning_uri(name=user.email, issuer_name=i18n.PROGRAMME_NAMES["en"])
    picture = segno.make(uri, error="m", micro=False).svg_data_uri(scale=5, border=4, light="white")
    spaced = " ".join(_secret(user.totp_nonce)[at : at + 4] for at in range(0, 32, 4))
    return Setup(secret=spaced, uri=uri, picture=picture)


def confirm(user: User, code: str, keep: UserSession | None) -> list[str]:
    """Put the app in force with a first right code; return the recovery codes, which are shown this once.

    The session now used has thereby passed the second factor; all others end. Raises `Invalid` for `code`.
    """
    with atomic():
        (owner,) = lock(User, user.id)
        if owner.totp_nonce is None or owner.has_second_factor:
            raise Conflict
        step = _step_of(owner.totp_nonce, _digits(code))
        if step is None:
            raise Invalid("code", lazy_gettext("This code is not right. Please type the one the app shows now."))
        now = clock.now()
        owner.totp_confirmed_at, owner.totp_last_step = now, step
        codes = _replace_recovery_codes(owner)
        sessions.end_all(owner, but=keep)
        if keep is not None:
            sessions.mark_second_factor(keep)
        outbox.queue("second_factor_on", to=owner)
        audit.record("second_factor.enabled", owner, owner)
        return codes


def check(user: User, answer: str, visitor: Visitor) -> bool:
    """Tell whether the answer is the app's present code or an unused recovery code, and use it up.

    Raises `TooManyAttempts`. Not to be called inside `atomic()`: the count must stay whatever follows.
    """
    attempts.count(attempts.SECOND_FACTOR, user.email_key, visitor)
    digits = _digits(answer)
    if len(digits) == 6 and user.totp_nonce is not None:
        step = _step_of(user.totp_nonce, digits)
        right = step is not None and _take_step(user, step)
    else:
        right = _take_recovery_code(user, answer)
    if right:
        attempts.give_back(attempts.SECOND_FACTOR, user.email_key, visitor)
    return right


def disable(user: User, answer: str, visitor: Visitor, keep: UserSession | None) -> None:
    """Take the app out of force, with a last right code; other sessions end. Raises `Invalid` for `code`."""
    _require(user, answer, visitor)
    with atomic():
        _remove(user, keep)
        audit.record("second_factor.disabled", user, user)


def remove(user: User, by: User) -> None:
    """Let an administrator take away the app of somebody who lost it and the recovery codes; every session ends."""
    policies.require(by, "desk.grant_roles")
    with atomic():
        _remove(user, None)
        audit.record("second_factor.removed", by, user)


def new_recovery_codes(user: User, answer: str, visitor: Visitor) -> list[str]:
    """Replace the recovery codes, with a right code of the app or an old recovery code; returns the new ones."""
    _require(user, answer, visitor)
    with atomic():
        (owner,) = lock(User, user.id)
        codes = _replace_recovery_codes(owner)
        audit.record("second_factor.recovery_codes_replaced", owner, owner)
        return codes


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes have not been used."""
    statement = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return session().scalar(statement) or 0


def _require(user: User, answer: str, visitor: Visitor) -> None:
    if not user.has_second_factor or not check(user, answer, visitor):
        raise Invalid("code", lazy_gettext("This code is not right. Please type the one the app shows now."))


def _remove(user: User, keep: UserSession | None) -> None:
    with atomic() as current:
        (owner,) = lock(User, user.id)
        owner.totp_nonce, owner.totp_confirmed_at, owner.totp_last_step = None, None, 0
        current.execute(delete(RecoveryCode).where(RecoveryCode.user_id == owner.id))
        sessions.end_all(owner, but=keep)
        outbox.queue("second_factor_off", to=owner)


def _take_step(user: User, step: int) -> bool:
    """Use a code up: neither it nor an older one is accepted again (RFC 6238, 5.2)."""
    with atomic() as current:
        result = current.execute(
            update(User).where(User.id == user.id, User.totp_last_step < step).values(totp_last_step=step)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1


def _take_recovery_code(user: User, answer: str) -> bool:
    now = clock.now()
    with atomic() as current:
        result = current.execute(
            update(RecoveryCode)
            .where(RecoveryCode.user_id == user.id, RecoveryCode.digest == _digest(user, answer))
            .where(RecoveryCode.used_at.is_(None))
            .values(used_at=now)
        )
        if not isinstance(result, CursorResult) or result.rowcount != 1:
            return False
        outbox.queue("recovery_code_used", to=user, left=recovery_codes_left(user))
        audit.record("second_factor.recovery_code_used", user, user)
        return True


def _replace_recovery_codes(user: User) -> list[str]:
    with atomic() as current:
        current.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
        codes = [
            "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)
        ]
        current.add_all(RecoveryCode(user_id=user.id, digest=_digest(user, code), used_at=None) for code in codes)
        return codes


def _digest(user: User, answer: str) -> str:
    bare = "".join(sign for sign in answer.casefold() if sign in _SIGNS)
    return keys.digest("recovery_code", f"{user.uid} {bare}")


def _step_of(nonce: str, digits: str) -> int | None:
    now = int(clock.now().timestamp()) // STEP
    totp = _totp(nonce)
    # Every step is compared, whichever is right: the time taken tells nothing.
    right = [step for step in (now, now - 1, now + 1) if keys.same(totp.at(step * STEP), digits)]
    return right[0] if right else None


def _totp(nonce: str) -> pyotp.TOTP:
    return pyotp.TOTP(_secret(nonce), interval=STEP)


def _secret(nonce: str) -> str:
    return base64.b32encode(keys.derive("totp", nonce, 20)).decode()


def _digits(answer: str) -> str:
    return (
        "".join(sign for sign in answer if sign in "0123456789") if not any(sign.isalpha() for sign in answer) else ""
    )
