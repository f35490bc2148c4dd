"""Background work: enqueue in the transaction that wants it, claim with a lease, retry with back-off, give up visibly.

At least once: a worker that dies loses its lease and another does the work again, so handlers must be harmless to
repeat. A job whose lease was lost cannot be marked done by the slow worker: finishing compares the attempt number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from marketplace import clock
from marketplace.database import atomic, lock, put, session
from marketplace.errors import Conflict, NotFound
from marketplace.models import Job, JobState, User
from marketplace.services import audit

LEASE = timedelta(seconds=60)
"""How long a claimed job belongs to its worker without a sign of life; a heartbeat extends it."""

MAX_ATTEMPTS = 8
BACKOFF = (10, 30, 120, 600, 1800, 3600, 7200)
"""Seconds to wait after the first, second, ... failed attempt."""


class GiveUp(Exception):
    """Raised by a handler when another attempt could not succeed either."""


@dataclass
class Run:
    """One attempt at a job, as its handler sees it."""

    job_id: int
    attempt: int
    payload: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether the job is given up when this attempt fails."""
        return self.attempt >= MAX_ATTEMPTS

    def progress(self, share: float, message: str = "") -> None:
        """Tell how far the work is (0 to 1) and what is being done; shown to the organiser."""
        with atomic() as current:
            current.execute(
                update(Job)
                .where(Job.id == self.job_id, Job.attempts == self.attempt)
                .values(progress=min(1.0, max(0.0, share)), message=message[:300])
            )

    def cancelled(self) -> bool:
        """Tell whether somebody asked for the work to stop."""
        found = session().scalar(select(Job.cancel_requested).where(Job.id == self.job_id))
        session().rollback()
        return bool(found)


Handler = Callable[[Run], None]
_handlers: dict[str, Handler] = {}
_recurring: dict[str, timedelta] = {}


def handler(kind: str, every: timedelta | None = None) -> Callable[[Handler], Handler]:
    """Register the function that does one kind of job; with `every`, the worker enqueues it once per period."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        if every is not None:
            _recurring[kind] = every
        return function

    return register


def is_known(kind: str) -> bool:
    """Tell whether some function does this kind of job."""
    return kind in _handlers


def enqueue(
    kind: str, payload: dict[str, Any] | None = None, *, run_at: datetime | None = None, dedupe_key: str | None = None
) -> Job | None:
    """Add a job inside the present transaction. With a `dedupe_key` that exists already, nothing is added."""
    if kind not in _handlers:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    now = clock.now()
    with atomic() as current:
        job = Job(kind=kind, payload=payload or {}, run_at=run_at or now, dedupe_key=dedupe_key, created_at=now)
        if dedupe_key is None:
            current.add(job)
            return job
        try:
            with current.begin_nested():
                current.add(job)
        except IntegrityError:
            return None
        return job


def add(kind: str, *payloads: dict[str, Any]) -> None:
    """Add jobs for now inside the present transaction, by one statement and without objects to look at."""
    if kind not in _handlers:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    now = clock.now()
    put(Job, *({"kind": kind, "payload": payload, "run_at": now, "created_at": now} for payload in payloads))


def enqueue_recurring() -> None:
    """Enqueue every recurring job whose period has begun and that nobody has enqueued yet."""
    now = clock.now()
    for kind, period in _recurring.items():
        number = int(now.timestamp() // period.total_seconds())
        key = f"period-{number}"
        known = session().scalar(select(Job.id).where(Job.kind == kind, Job.dedupe_key == key))
        if known is None:
            enqueue(kind, dedupe_key=key)


def claim() -> Run | None:
    """Take the next job that is due and free, and hold it for `LEASE`; None when there is nothing to do."""
    now = clock.now()
    waiting = aliased(Job)
    due = and_(
        waiting.state == JobState.WAITING,
        waiting.run_at <= now,
        or_(waiting.lease_until.is_(None), waiting.lease_until < now),
    )
    # Looking first keeps an idle worker from taking SQLite's only write lock every second.
    if session().scalar(select(waiting.id).where(due).limit(1)) is None:
        session().rollback()
        return None
    free = (
        select(waiting.id).where(due).order_by(waiting.run_at, waiting.id).limit(1).with_for_update(skip_locked=True)
    ).scalar_subquery()
    with atomic() as current:
        row = current.execute(
            update(Job)
            .where(Job.id == free)
            .values(lease_until=now + LEASE, attempts=Job.attempts + 1)
            .returning(Job.id, Job.kind, Job.attempts, Job.payload)
            .execution_options(synchronize_session=False)
        ).first()
        if row is None:
            return None
    return Run(job_id=row.id, attempt=row.attempts, payload=row.payload)


def extend(run: Run) -> bool:
    """Extend the lease of a running job; False where it has been lost."""
    return _touch(run, lease_until=clock.now() + LEASE)


def perform(run: Run) -> None:
    """Do one claimed job and write down how it ended. A failure is retried later; the last one leaves it DEAD."""
    job = session().get(Job, run.job_id)
    if job is None:
        return
    kind, cancelled, interrupted = job.kind, job.cancel_requested, run.attempt > MAX_ATTEMPTS
    session().rollback()
    if cancelled:
        _finish(run, JobState.CANCELLED)
        return
    if interrupted:
        # It took its worker down every time: leave it for a person to look at.
        _finish(run, JobState.DEAD, "the worker did not survive this job")
        return
    try:
        _handlers[kind](run)
    except Exception as error:
        session().rollback()
        _fail(run, error)
        if not isinstance(error, GiveUp):
            raise
    else:
        session().rollback()
        _finish(run, JobState.CANCELLED if run.cancelled() else JobState.DONE)


def _fail(run: Run, error: Exception) -> None:
    words = f"{type(error).__name__}: {error}"[:2000]
    if run.is_last or isinstance(error, GiveUp):
        _finish(run, JobState.DEAD, words)
    else:
        wait = BACKOFF[min(run.attempt, len(BACKOFF)) - 1]
        _touch(run, lease_until=None, run_at=clock.now() + timedelta(seconds=wait), last_error=words)


def _finish(run: Run, state: JobState, error: str = "") -> None:
    _touch(run, state=state, lease_until=None, finished_at=clock.now(), last_error=error)


def _touch(run: Run, **values: Any) -> bool:
    with atomic() as current:
        result = current.execute(
            update(Job)
            .where(Job.id == run.job_id, Job.attempts == run.attempt, Job.state == JobState.WAITING)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1


def forget_payload(run: Run) -> None:
    """Empty what the job was told, in the transaction of its work: a job about a person forgets the person."""
    with atomic() as current:
        current.execute(update(Job).where(Job.id == run.job_id).values(payload={}))


def request_cancel(uid: str, by: User) -> Job:
    """Ask a job to stop. One that is not running is cancelled at once; a running one stops at its next look."""
    with atomic() as current:
        job = _locked(uid)
        if job.state is not JobState.WAITING:
            raise Conflict
        job.cancel_requested = True
        if job.lease_until is None or job.lease_until < clock.now():
            job.state, job.finished_at = JobState.CANCELLED, clock.now()
        audit.record("job.cancelled", by, job, kind=job.kind)
        current.flush()
        return job


def retry(uid: str, by: User) -> Job:
    """Give a dead or cancelled job a fresh set of attempts."""
    with atomic():
        job = _locked(uid)
        if job.state not in {JobState.DEAD, JobState.CANCELLED}:
            raise Conflict
        job.state, job.attempts, job.run_at = JobState.WAITING, 0, clock.now()
        job.cancel_requested, job.finished_at, job.lease_until = False, None, None
        audit.record("job.retried", by, job, kind=job.kind)
        return job


def _locked(uid: str) -> Job:
    identity = session().scalar(select(Job.id).where(Job.uid == uid))
    if identity is None:
        raise NotFound
    return lock(Job, identity)[0]
