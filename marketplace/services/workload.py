"""Background work as the organiser sees it: what waits, runs, is done, or was given up."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from marketplace import clock
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import Job, JobState


class Stage(StrEnum):
    """Where a job is, as people say it: unlike `JobState` it tells running jobs from waiting ones."""

    RUNNING = "running"
    WAITING = "waiting"
    DEAD = "dead"
    DONE = "done"
    CANCELLED = "cancelled"


STAGES: dict[Stage, LazyText] = {
    Stage.RUNNING: lazy_gettext("Running"),
    Stage.WAITING: lazy_gettext("Waiting"),
    Stage.DEAD: lazy_gettext("Given up"),
    Stage.DONE: lazy_gettext("Done"),
    Stage.CANCELLED: lazy_gettext("Cancelled"),
}


@dataclass(frozen=True)
class Filter:
    """What the list of jobs shows; empty values mean no restriction."""

    stage: Stage | None = None
    kind: str = ""


def listing(wanted: Filter) -> Select[Job]:
    """Return the statement that lists jobs, those that run or wait first; the caller paginates it."""
    statement = select(Job).order_by(case((_is_open(), 0), else_=1), Job.id.desc())
    if wanted.stage is not None:
        statement = statement.where(_condition(wanted.stage))
    if wanted.kind:
        statement = statement.where(Job.kind == wanted.kind)
    return statement


def _is_open() -> ColumnElement[bool]:
    return Job.state == JobState.WAITING


def _is_running() -> ColumnElement[bool]:
    return and_(_is_open(), Job.lease_until.is_not(None), Job.lease_until >= clock.now())


def _condition(stage: Stage) -> ColumnElement[bool]:
    if stage is Stage.RUNNING:
        return _is_running()
    if stage is Stage.WAITING:
        return and_(_is_open(), or_(Job.lease_until.is_(None), Job.lease_until < clock.now()))
    return Job.state == JobState(stage.value)


def stage_of(job: Job) -> Stage:
    """Return where a job is now."""
    if job.state is JobState.WAITING and job.lease_until is not None and job.lease_until >= clock.now():
        return Stage.RUNNING
    return Stage(job.state.value)


def counts() -> dict[Stage, int]:
    """Return how many jobs there are at each stage."""
    columns = [func.count(case((_condition(stage), Job.id))) for stage in Stage]
    row = session().execute(select(*columns)).one()
    return dict(zip(Stage, row, strict=True))


def kinds() -> list[str]:
    """Return the kinds of jobs there have been, in order."""
    return list(session().scalars(select(Job.kind).distinct().order_by(Job.kind)))


def find(uid: str) -> Job:
    """Return one job; raises `NotFound`."""
    job = session().scalar(select(Job).where(Job.uid == uid))
    if job is None:
        raise NotFound
    return job


def is_moving(jobs: Iterable[Job]) -> bool:
    """Tell whether a list of these jobs will soon look different."""
    return any(job.state is JobState.WAITING for job in jobs)
