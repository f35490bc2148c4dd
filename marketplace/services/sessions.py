"""Sessions on the server: begun at sign-in, listed to their owner, ended here: no cookie outlives its own."""

import ipaddress
import secrets
from datetime import timedelta

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.orm import joinedload, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace import clock, keys
from marketplace.database import atomic, session
from marketplace.errors import NotFound
from marketplace.models import (
    AccountState,
    Membership,
    MembershipState,
    Organisation,
    RoleAssignment,
    User,
    UserSession,
)
from marketplace.services import audit, jobs

LIFETIME = timedelta(days=30)
"""A session ends this long after sign-in, whatever happens."""

IDLE = timedelta(days=7)
"""A session ends when it has not been used for so long."""

_TOUCH = timedelta(minutes=10)


def begin(user: User, *, browser: str, network: str, with_second_factor: bool) -> str:
    """Begin a session and return its token, which only the browser's cookie keeps."""
    now = clock.now()
    token = secrets.token_urlsafe(32)
    with atomic() as current:
        acting_for = current.scalar(
            select(Membership.organisation_id)
            .join(Membership.organisation)
            .where(Membership.user_id == user.id, Membership.state == MembershipState.ACTIVE)
            .where(Organisation.deactivated_at.is_(None))
            .order_by(Membership.since)
            .limit(1)
        )
        current.add(
            UserSession(
                token_digest=keys.digest("session", token),
                user_id=user.id,
                acting_for_id=acting_for,
                browser=describe_browser(browser),
                network=network_of(network),
                created_at=now,
                last_seen_at=now,
                second_factor_at=now if with_second_factor else None,
            )
        )
        user.last_signed_in_at = now
        audit.record("session.begun", user, user, second_factor=with_second_factor)
    return token


# Asked in every request of everybody signed in, so it also says who has neither role nor organisation: they are most,
# and need no further statement to be told what they may do. The events of roles are fetched where a page names them.
_OF_TOKEN = (
    select(
        UserSession,
        exists().where(RoleAssignment.user_id == UserSession.user_id),
        exists().where(Membership.user_id == UserSession.user_id),
    )
    .where(UserSession.token_digest == bindparam("token_digest"))
    .options(joinedload(UserSession.user).lazyload(User.roles))
)
_ROLES = (
    select(RoleAssignment)
    .where(RoleAssignment.user_id == bindparam("user_id"))
    .options(lazyload(RoleAssignment.event))
    .order_by(RoleAssignment.id)
)


def find(token: str) -> UserSession | None:
    """Return the live session of a token, with its user; None where it ended, expired, or the account did."""
    row = session().execute(_OF_TOKEN, {"token_digest": keys.digest("session", token)}).first()
    if row is None:
        return None
    found, has_roles, has_ties = row
    now = clock.now()
    if (
        found.ended_at is not None
        or found.created_at < now - LIFETIME
        or found.last_seen_at < now - IDLE
        or found.user.state is not AccountState.ACTIVE
    ):
        return None
    roles = session().scalars(_ROLES, {"user_id": found.user_id}) if has_roles else ()
    set_committed_value(found.user, "roles", list(roles))
    if not has_ties:
        set_committed_value(found.user, "memberships", [])
    return found


def needs_touch(found: UserSession) -> bool:
    """Tell whether the time of last use should be written down again."""
    return found.last_seen_at < clock.now() - _TOUCH


def touch(found: UserSession) -> None:
    """Write down that the session was used now."""
    with atomic() as current:
        current.execute(update(UserSession).where(UserSession.id == found.id).values(last_seen_at=clock.now()))


def of(user: User) -> list[UserSession]:
    """Return the live sessions of a person, the last used first."""
    now = clock.now()
    return list(
        session().scalars(
            select(UserSession)
            .where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
            .where(UserSession.created_at > now - LIFETIME, UserSession.last_seen_at > now - IDLE)
            .order_by(UserSession.last_seen_at.desc())
        )
    )


def end(user: User, uid: str) -> None:
    """End one session of this person; raises `NotFound` for anybody else's."""
    with atomic() as current:
        found = current.scalar(select(UserSession).where(UserSession.uid == uid, UserSession.user_id == user.id))
        if found is None:
            raise NotFound
        if found.ended_at is None:
            found.ended_at = clock.now()
            audit.record("session.ended", user, user)


def end_all(user: User, *, but: UserSession | None = None) -> None:
    """End every session of a person, optionally but the one now used. Joins the caller's transaction."""
    with atomic() as current:
        current.execute(
            update(UserSession)
            .where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
            .where(UserSession.id != (but.id if but else 0))
            .values(ended_at=clock.now())
        )


def end_others(user: User, present: UserSession | None) -> None:
    """End every session of a person but the one now used, because they ask for it."""
    with atomic():
        end_all(user, but=present)
        audit.record("session.others_ended", user, user)


def mark_second_factor(found: UserSession) -> None:
    """Write down that this session has passed the second factor now. Joins the caller's transaction."""
    with atomic() as current:
        current.execute(update(UserSession).where(UserSession.id == found.id).values(second_factor_at=clock.now()))


def act_for(found: UserSession, organisation_uid: str | None) -> None:
    """Choose in whose name the person acts in this session; None for nobody. Raises `NotFound` for others' bodies."""
    with atomic() as current:
        identity = None
        if organisation_uid:
            identity = current.scalar(
                select(Organisation.id)
                .join(Organisation.memberships)
                .where(Organisation.uid == organisation_uid, Organisation.deactivated_at.is_(None))
                .where(Membership.user_id == found.user_id, Membership.state == MembershipState.ACTIVE)
            )
            if identity is None:
                raise NotFound
        current.execute(update(UserSession).where(UserSession.id == found.id).values(acting_for_id=identity))


def stop_acting_for(organisation_id: int, user_id: int | None = None) -> None:
    """Let nobody (or not this person) act for an organisation any longer. Joins the caller's transaction."""
    statement = update(UserSession).where(UserSession.acting_for_id == organisation_id)
    if user_id is not None:
        statement = statement.where(UserSession.user_id == user_id)
    with atomic() as current:
        current.execute(statement.values(acting_for_id=None))


def network_of(address: str) -> str:
    """Return the network of an address (IPv4 /24, IPv6 /56): enough to limit abuse and to recognise one's own."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 56), strict=False))


def describe_browser(header: str) -> str:
    """Name browser and system in two words, for the owner's list of sessions; the header itself is not kept."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in header), "")
    system = next((name for mark, name in systems if mark in header), "")
    return ", ".join(part for part in (browser, system) if part)


@jobs.handler("sessions.forget", every=timedelta(days=1))
def forget_ended(_: jobs.Run) -> None:
    """Delete sessions that ended or expired a month ago."""
    limit = clock.now() - timedelta(days=30)
    with atomic() as current:
        current.execute(
            delete(UserSession).where((UserSession.ended_at < limit) | (UserSession.created_at < limit - LIFETIME))
        )
