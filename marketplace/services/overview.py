"""What an organiser looks at first: what waits for a decision, what is stuck, and which events come next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    AccountState,
    Event,
    LetterState,
    Membership,
    MembershipState,
    Organisation,
    Role,
    User,
)
from marketplace.services import outbox, policies, workload


@dataclass(frozen=True)
class Figures:
    """Numbers that ask for an act or tell that all is well; states without anybody are left out."""

    people: Mapping[AccountState, int]
    new_people: int
    to_verify: int
    join_requests: int
    letters: Mapping[LetterState, int]
    jobs: Mapping[workload.Stage, int]


def figures() -> Figures:
    """Count, in six queries. `new_people` are those of the last seven days."""
    week = clock.now() - timedelta(days=7)
    return Figures(
        people=dict(session().execute(select(User.state, func.count()).group_by(User.state)).all()),
        new_people=_count(User.created_at >= week, User.state != AccountState.DELETED),
        to_verify=_count(Organisation.verified_at.is_(None), Organisation.deactivated_at.is_(None)),
        join_requests=_count(Membership.state == MembershipState.REQUESTED),
        letters=outbox.counts(),
        jobs=workload.counts(),
    )


def _count(*conditions: ColumnElement[bool]) -> int:
    return session().scalar(select(func.count()).where(*conditions)) or 0


def join_requests(limit: int = 5) -> list[Membership]:
    """Return the requests to join that have waited longest, with person and organisation."""
    statement = (
        select(Membership)
        .where(Membership.state == MembershipState.REQUESTED)
        .options(joinedload(Membership.organisation), joinedload(Membership.user).lazyload(User.roles))
        .order_by(Membership.created_at, Membership.id)
        .limit(limit)
    )
    return list(session().scalars(statement))


def upcoming_events(reader: User, limit: int = 6) -> list[Event]:
    """Return the events that are not over and that the reader organises, the next one first."""
    yesterday = (clock.now() - timedelta(days=1)).date()
    statement = select(Event).where(Event.ends_on >= yesterday).order_by(Event.starts_on, Event.id).limit(limit)
    if not policies.can(reader, "desk.platform"):
        own = [grant.event_id for grant in reader.roles if grant.role is Role.ORGANISER]
        statement = statement.where(Event.id.in_(own))
    return list(session().scalars(statement))
