"""Limits against guessing and flooding, counted in the database so that they hold across all processes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Executable, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from marketplace import clock, keys
from marketplace.database import atomic, rows, session
from marketplace.errors import TooManyAttempts
from marketplace.models import ThrottleWindow
from marketplace.services import jobs


def _counting(insert: Any) -> Executable:
    """Return the statement that counts one attempt and tells how many there were."""
    table = ThrottleWindow.__table__
    return (  # type: ignore[no-any-return]
        insert(table)
        .values({name: bindparam(name) for name in ("action", "subject", "starts_at", "expires_at")} | {"hits": 1})
        .on_conflict_do_update(index_elements=["action", "subject", "starts_at"], set_={"hits": table.c.hits + 1})
        .returning(table.c.hits)
    )


# The same words on both databases, but each has a construct of its own for them.
_COUNTING = {"sqlite": _counting(sqlite.insert), "postgresql": _counting(postgresql.insert)}


def hit(action: str, subject: str, limit: int, period: timedelta) -> None:
    """Count one attempt of `subject` (an account, a network) at `action`; raises `TooManyAttempts` above `limit`.

    Windows are fixed: `limit` attempts in each whole `period` since 1970. The subject is stored as a keyed digest.
    The count is committed at once, whatever becomes of the attempt; inside a transaction it is part of that.
    """
    now = clock.now()
    starts_at = _start(period)
    with atomic() as current:
        values = {
            "action": action,
            "subject": keys.digest("throttle", subject),
            "starts_at": starts_at,
            "expires_at": starts_at + period,
        }
        ((hits,),) = rows(_COUNTING[current.get_bind().dialect.name], values)
    if hits > limit:
        raise TooManyAttempts(retry_after=max(1, int((starts_at + period - now).total_seconds())))


def give_back(action: str, subject: str, period: timedelta) -> None:
    """Take back one attempt that turned out to be in order, so that only failures count against a limit."""
    with atomic() as current:
        current.execute(
            update(ThrottleWindow)
            .where(
                ThrottleWindow.action == action,
                ThrottleWindow.subject == keys.digest("throttle", subject),
                ThrottleWindow.starts_at == _start(period),
                ThrottleWindow.hits > 0,
            )
            .values(hits=ThrottleWindow.hits - 1)
            .execution_options(synchronize_session=False)
        )


def _start(period: timedelta) -> datetime:
    """Return when the window of that length began in which we are now."""
    seconds = int(period.total_seconds())
    return datetime.fromtimestamp(clock.now().timestamp() // seconds * seconds, UTC)


def count(action: str, subject: str) -> int:
    """Return how often `subject` tried `action` in the windows that have not expired."""
    return (
        session().scalar(
            select(func.coalesce(func.sum(ThrottleWindow.hits), 0)).where(
                ThrottleWindow.action == action,
                ThrottleWindow.subject == keys.digest("throttle", subject),
                ThrottleWindow.expires_at > clock.now(),
            )
        )
        or 0
    )


@jobs.handler("throttle.forget", every=timedelta(hours=1))
def forget_expired(_: jobs.Run) -> None:
    """Delete the counters of windows that are over."""
    with atomic() as current:
        current.execute(delete(ThrottleWindow).where(ThrottleWindow.expires_at < clock.now()))
