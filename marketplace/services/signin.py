"""Signing in: a password or a code by e-mail, then the second factor where there is one.

Neither answers nor the work done tell whether an address has an account: an unknown one is counted, hashed and looked
up like a known one, and letters are written by the worker.
"""

from dataclasses import dataclass

from sqlalchemy import select

from marketplace import clock, keys
from marketplace.database import atomic, session
from marketplace.errors import Invalid
from marketplace.i18n import locale, speaking
from marketplace.models import AccountState, LinkPurpose, User
from marketplace.models.base import new_uid
from marketplace.services import accounts, addresses, attempts, jobs, links, outbox, passwords
from marketplace.services.attempts import Visitor

PENDING_SECONDS = 600
"""How long after the first factor the second may follow."""


def by_password(email: str, password: str, visitor: Visitor) -> User | None:
    """Return the person whose address and password these are, else None. Raises `TooManyAttempts`."""
    key = _key(email)
    attempts.count(attempts.PASSWORD, key, visitor)
    row = session().execute(select(User.id, User.password_hash, User.state).where(User.email_key == key)).first()
    stored = row.password_hash if row is not None and row.state is AccountState.ACTIVE else None
    session().rollback()
    if not passwords.verify(stored, password) or row is None or stored is None:
        return None
    attempts.give_back(attempts.PASSWORD, key, visitor)
    if passwords.needs_rehash(stored):
        passwords.rehash(row.id, password)
    return session().get(User, row.id)


def request_code(email: str, visitor: Visitor, replaces: str = "") -> str:
    """Have a six-digit code sent, if the address has an account, and return what this browser must show to use it.

    The code works only together with that ticket, so nobody else can use up its tries or void it; `replaces` is the
    ticket of the code this browser asked for before, which ends. Raises `TooManyAttempts`.
    """
    address = addresses.normalise(email)
    attempts.count(attempts.LETTER, address.key, visitor)
    ticket = new_uid()
    known = attempts.is_known(visitor, address.key)
    payload = {"email": address.email, "ticket": ticket, "replaces": replaces, "known": known, "locale": locale()}
    jobs.enqueue("signin.code", payload)
    return ticket


@jobs.handler("signin.code")
def _send_code(run: jobs.Run) -> None:
    if not run.payload:
        return
    with atomic(), speaking(run.payload["locale"]):
        send_code(run.payload["email"], run.payload["ticket"], run.payload["replaces"], known=run.payload["known"])
        jobs.forget_payload(run)


def send_code(email: str, ticket: str, replaces: str = "", *, known: bool = False) -> None:
    """Write the letter with the code to the owner of an account, or the letter to confirm it where that is to be done.

    Browsers that are `known` have a limit of their own, which strangers cannot exhaust. Joins the transaction.
    """
    key = addresses.normalise(email).key
    with atomic() as current:
        user = current.scalar(select(User).where(User.email_key == key))
        if user is None:
            return
        if user.state is AccountState.UNCONFIRMED:
            accounts.send_confirmation(user)
        elif user.state is AccountState.ACTIVE and attempts.may_write(f"code{'_known' * known}", key, limit=10):
            if replaces:
                links.end_code(replaces)
            link = links.create(LinkPurpose.SIGN_IN_CODE, user, uid=ticket)
            outbox.queue("sign_in_code", to=user, link=link.uid)


def by_code(email: str, ticket: str, code: str, visitor: Visitor) -> User | None:
    """Return the person whose code this is, once, else None. Raises `TooManyAttempts`."""
    key = _key(email)
    attempts.count(attempts.CODE, key, visitor)
    user_id = links.try_code(ticket, "".join(code.split()))
    if user_id is None:
        return None
    attempts.give_back(attempts.CODE, key, visitor)
    return session().get(User, user_id)


@dataclass(frozen=True)
class Pending:
    """Somebody who has passed the first factor and not yet the second: kept in the browser's signed cookie."""

    uid: str
    at: int
    proof: str


def pend(user: User) -> Pending:
    """Return what the browser keeps until the second factor is given."""
    return Pending(uid=user.uid, at=int(clock.now().timestamp()), proof=_proof(user))


def pending_user(pending: Pending) -> User | None:
    """Return who may give the second factor; None after ten minutes, and where password or app have changed since."""
    user = session().scalar(select(User).where(User.uid == pending.uid, User.state == AccountState.ACTIVE))
    if user is None or not keys.same(pending.proof, _proof(user)):
        return None
    return user if 0 <= clock.now().timestamp() - pending.at < PENDING_SECONDS else None


def _proof(user: User) -> str:
    return keys.digest("pending", f"{user.uid} {user.email_key} {user.password_hash} {user.totp_nonce}")[:24]


def _key(email: str) -> str:
    """Return the key of an address; what is no address gets one that nobody has, and the same work."""
    try:
        return addresses.normalise(email).key
    except Invalid:
        return "?" + keys.digest("no_address", email.encode(errors="replace").decode())
