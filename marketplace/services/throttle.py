"""Limits against guessing and flooding, counted in the database so that they hold across all processes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from marketplace import clock, keys
from marketplace.database import atomic, session
from marketplace.errors import TooManyAttempts
from marketplace.models import ThrottleWindow
from marketplace.services import jobs


def hit(action: str, subject: str, limit: int, period: timedelta) -> None:
    """Count one attempt of `subject` (an account, a network) at `action`; raises `TooManyAttempts` above `limit`.

    Windows are fixed: `limit` attempts in each whole `period` since 1970. The subject is stored as a keyed digest.
    The count is committed at once, whatever becomes of the attempt.
    """
    now = clock.now()
    starts_at, window = _window(action, subject, period)
    with atomic() as current:
        hits = current.scalar(_increment(*window))
        if hits is None:
            row = ThrottleWindow(
                action=action,
                subject=keys.digest("throttle", subject),
                starts_at=starts_at,
                expires_at=starts_at + period,
                hits=1,
            )
            try:
                with current.begin_nested():
                    current.add(row)
                hits = 1
            except IntegrityError:
                hits = current.scalar(_increment(*window)) or 1
    if hits > limit:
        raise TooManyAttempts(retry_after=max(1, int((starts_at + period - now).total_seconds())))


def give_back(action: str, subject: str, period: timedelta) -> None:
    """Take back one attempt that turned out to be in order, so that only failures count against a limit."""
    _, window = _window(action, subject, period)
    with atomic() as current:
        current.execute(
            update(ThrottleWindow)
            .where(*window, ThrottleWindow.hits > 0)
            .values(hits=ThrottleWindow.hits - 1)
            .execution_options(synchronize_session=False)
        )


def _window(action: str, subject: str, period: timedelta) -> tuple[datetime, tuple[ColumnElement[bool], ...]]:
    seconds = int(period.total_seconds())
    starts_at = datetime.fromtimestamp(clock.now().timestamp() // seconds * seconds, UTC)
    return starts_at, (
        ThrottleWindow.action == action,
        ThrottleWindow.subject == keys.digest("throttle", subject),
        ThrottleWindow.starts_at == starts_at,
    )


def _increment(*window: ColumnElement[bool]) -> ReturningUpdate[int]:
    return (
        update(ThrottleWindow)
        .where(*window)
        .values(hits=ThrottleWindow.hits + 1)
        .returning(ThrottleWindow.hits)
        .execution_options(synchronize_session=False)
    )


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
