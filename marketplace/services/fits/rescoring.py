"""Keeping what the model says of every pair up to date: jobs that compute and store, block by block.

Rows are kept for pairs that fit or nearly fit, and for those a person decided about; what one party blocked is not
kept, so that no list can show it. A block of projects is locked, then everything is read, computed and stored in that
one transaction: whatever was changed before is in it, and whatever is changed later has a job of its own that waits for
the lock. So any number of workers may run, in any order, and a job that is done twice does no harm.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import delete, select

from marketplace import clock
from marketplace.compatibility import MODEL, Solution
from marketplace.database import atomic, session
from marketplace.models import (
    CounterpartyProfile,
    Fit,
    FitOverride,
    FitStatus,
    Job,
    JobState,
    Organisation,
    OrganisationKind,
    OverrideKind,
    Project,
    ProjectListing,
)
from marketplace.services import jobs
from marketplace.services.fits import inputs
from marketplace.services.fits.inputs import Others, Side

if TYPE_CHECKING:
    from marketplace.compatibility.table import Table

PROJECT = "fits.rescore_project"
COUNTERPARTY = "fits.rescore_counterparty"
ALL = "fits.rescore_all"

MODEL_VERSION = int(MODEL.rpartition("/")[2])

ROWS = 128
"""Projects in a block when all counterparties are compared, and (times four) when a single one is: a block holds its
lock, and on SQLite the one pen there is, for less than a second."""

_OFFERED = (FitStatus.OFFERED, FitStatus.TO_CHECK)
_NOTHING: dict[int, OverrideKind] = {}

Pair = tuple[int, int]


class Row(NamedTuple):
    """What is kept of a pair: the columns of `Fit` but the moment."""

    project_id: int
    organisation_id: int
    status: str
    is_offered: bool
    score: float
    confidence: float
    preference: float | None
    mutual: float | None
    failed: int
    unknown: int
    terms: bytes
    model_version: int
    project_version: int
    profile_version: int


def project(identity: int) -> None:
    """Have a project compared anew; call it in the transaction of whatever changed: its text, readiness or state."""
    jobs.enqueue(PROJECT, {"project": identity})


def counterparty(identity: int) -> None:
    """Have a counterparty compared anew, after a change of its profile, its check or its service; of a city, its
    projects."""
    jobs.enqueue(COUNTERPARTY, {"organisation": identity})


def everything() -> None:
    """Have all pairs compared anew, after a change that concerns many, such as an exchange rate."""
    untouched = select(Job.id).where(Job.kind == ALL, Job.state == JobState.WAITING, Job.attempts == 0)
    if session().scalar(untouched.limit(1)) is None:
        jobs.enqueue(ALL)


@jobs.handler("fits.rescore_project")
def _rescore_project(run: jobs.Run) -> None:
    """Compare one project with all counterparties."""
    _rescore([int(run.payload["project"])], None)


@jobs.handler("fits.rescore_counterparty")
def _rescore_counterparty(run: jobs.Run) -> None:
    """Compare one counterparty with all projects."""
    identity = int(run.payload["organisation"])
    kind = session().scalar(select(Organisation.kind).where(Organisation.id == identity))
    if kind is OrganisationKind.CITY:
        _rescore(list(session().scalars(select(Project.id).where(Project.city_id == identity))), None, run)
    else:
        _rescore(_all_projects(), [identity], run, rows=ROWS * 4)


# Once a day also without a cause: checks of counterparties expire, and people come and go with their addresses.
@jobs.handler("fits.rescore_all", every=timedelta(days=1))
def _rescore_all(run: jobs.Run) -> None:
    """Compare all projects with all counterparties."""
    _forget_strays()
    _rescore(_all_projects(), None, run)


def pair(project_id: int, organisation_id: int) -> None:
    """Compare one pair at once, in the present transaction."""
    with atomic():
        _lock([project_id])
        _store([project_id], inputs.others([organisation_id]), {organisation_id})


def _lock(projects: Sequence[int]) -> None:
    # The rows are only held, not read: working texts are long.
    session().execute(select(Project.id).where(Project.id.in_(projects)).order_by(Project.id).with_for_update())


def _all_projects() -> list[int]:
    found = list(session().scalars(select(ProjectListing.project_id).order_by(ProjectListing.project_id)))
    session().rollback()
    return found


def _rescore(
    projects: Sequence[int], organisations: Collection[int] | None, run: jobs.Run | None = None, rows: int = ROWS
) -> None:
    others: Others | None = None
    for start in range(0, len(projects), rows):
        if run is not None and start:
            if run.cancelled():
                return
            run.progress(start / len(projects))
        block = projects[start : start + rows]
        with atomic():
            _lock(block)
            if others is None or inputs.marks(organisations) != others.marks:
                others = inputs.others(organisations)
            _store(block, others, None if organisations is None else set(organisations))


def _forget_strays() -> None:
    """Delete pairs of projects that left the book and of counterparties that left the programme."""
    with atomic() as current:
        listed = select(ProjectListing.project_id)
        serving = select(CounterpartyProfile.organisation_id).join(CounterpartyProfile.organisation)
        current.execute(
            delete(Fit)
            .where(Fit.project_id.not_in(listed) | Fit.organisation_id.not_in(serving.where(inputs.in_service())))
            .execution_options(synchronize_session=False)
        )


def _store(projects: Sequence[int], others: Others, organisations: set[int] | None) -> None:
    """Compute the pairs of some projects with these counterparties and put the rows in the place of what was there.

    `organisations` are those whose rows are meant (None: all), be they still counterparties or not.
    """
    overrides = _overrides(projects, organisations)
    pitches = inputs.projects(projects)
    there = _kept(projects, organisations)
    outdated: list[Pair] = []
    changed: list[tuple[Any, ...]] = []
    for one in (others.funders, others.vendors):
        for row in _computed(pitches, one, overrides):
            before = there.pop(row[:2], None)
            # Most are as they were, and what is not written costs neither time nor disk.
            if before != row:
                changed.append(row)
                if before is not None:
                    outdated.append(row[:2])
    _forget([*there, *outdated])
    _add(changed)


def _kept(projects: Sequence[int], organisations: set[int] | None) -> dict[Pair, tuple[Any, ...]]:
    """Return the rows of some projects (and organisations) as the database has them, by pair."""
    within = f"project_id IN ({', '.join(map(str, projects))})"
    if organisations is not None:
        within += f" AND organisation_id IN ({', '.join(map(str, organisations))})"
    with closing(_driver().cursor()) as cursor:
        cursor.execute(f"SELECT {', '.join(Row._fields)} FROM fit WHERE {within}")  # noqa: S608 - our columns, and numbers.
        return {row[:2]: row for row in cursor.fetchall()}


def _forget(pairs: Sequence[Pair]) -> None:
    """Delete the rows of pairs. One by one by their key: SQLite would read the whole table for a list of pairs."""
    if not pairs:
        return
    mark = _mark()
    with closing(_driver().cursor()) as cursor:
        cursor.executemany(f"DELETE FROM fit WHERE project_id = {mark} AND organisation_id = {mark}", pairs)  # noqa: S608 - marks.


def _add(rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows the way the driver is fastest with: they are hundreds of thousands."""
    if not rows:
        return
    dialect = session().connection().dialect
    moment = Fit.__table__.c.computed_at.type.dialect_impl(dialect).bind_processor(dialect)
    now = clock.now() if moment is None else moment(clock.now())
    columns = (*Row._fields, "computed_at")
    with closing(_driver().cursor()) as cursor:
        if dialect.name == "sqlite":
            marks = ", ".join([_mark()] * len(columns))
            cursor.executemany(
                f"INSERT INTO fit ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own columns, and marks.
                [(*row, now) for row in rows],
            )
            return
        with cursor.copy(f"COPY fit ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((*row, now))


def _mark() -> str:
    """What stands for a value in a statement of the driver's."""
    return "?" if session().connection().dialect.paramstyle == "qmark" else "%s"


def _driver() -> Any:
    """The driver's own connection, in the transaction of the session."""
    return session().connection().connection.driver_connection


Overrides = dict[int, dict[int, OverrideKind]]


def _overrides(projects: Sequence[int], organisations: set[int] | None) -> Overrides:
    """Return what persons decided, by project and organisation."""
    statement = select(FitOverride.project_id, FitOverride.organisation_id, FitOverride.kind).where(
        FitOverride.project_id.in_(projects), FitOverride.withdrawn_at.is_(None)
    )
    if organisations is not None:
        statement = statement.where(FitOverride.organisation_id.in_(organisations))
    found: Overrides = {}
    for project_id, other, kind in session().execute(statement):
        found.setdefault(project_id, {})[other] = kind
    return found


def rows_of(pitches: Sequence[Side], others: Sequence[Side]) -> Iterator[Row]:
    """Yield what would be kept of the pairs of some projects with some funders, or with some vendors."""
    return map(Row._make, _computed(pitches, others, {}))


def _computed(pitches: Sequence[Side], others: Sequence[Side], overrides: Overrides) -> Iterator[tuple[Any, ...]]:
    """Yield the fields of `Row` for what is kept of the pairs of projects with some funders, or with some vendors."""
    if not pitches or not others:
        return
    # numpy comes with it, and only a worker needs it.
    import numpy as np

    from marketplace.compatibility.table import STATUSES

    names = np.array([status.value for status in STATUSES], dtype=object)
    offered = np.array([FitStatus(status.value) in _OFFERED for status in STATUSES])
    excluded = FitStatus.EXCLUDED.value
    place = {other.identity: column for column, other in enumerate(others)}
    for start, table in _tables(pitches, others):
        fits = offered[table.status] & ~table.private
        # A pair that one party blocked is kept only where somebody decided about it, and no list shows it.
        status = np.where(table.private, excluded, names[table.status])
        chosen = status != excluded
        for row in range(chosen.shape[0]):
            for other, kind in overrides.get(pitches[start + row].identity, _NOTHING).items():
                if (column := place.get(other)) is not None:
                    chosen[row, column] = True
                    fits[row, column] = kind is OverrideKind.OFFER and not table.private[row, column]
        lines, columns = (found.tolist() for found in chosen.nonzero())
        terms = cast(Any, table.terms)[chosen].astype("<f4")
        size, packed = terms.shape[1] * 4, terms.tobytes()
        yield from zip(
            [pitches[start + line].identity for line in lines],
            [others[column].identity for column in columns],
            status[chosen].tolist(),
            fits[chosen].tolist(),
            (np.maximum(table.score[chosen], 0) / 10).tolist(),
            (table.confidence[chosen] / 1000).tolist(),
            _known(table.preference[chosen]),
            _known(table.mutual[chosen]),
            table.failed[chosen].tolist(),
            table.unknown[chosen].tolist(),
            [packed[place : place + size] for place in range(0, len(packed), size)],
            repeat(MODEL_VERSION, len(lines)),
            [pitches[start + line].version for line in lines],
            [others[column].version for column in columns],
            strict=True,
        )


def _tables(pitches: Sequence[Side], others: Sequence[Side]) -> Iterable[tuple[int, "Table"]]:
    from marketplace.compatibility.table import funder_blocks, vendor_blocks

    projects: list[Any] = [pitch.values for pitch in pitches]
    counterparties: list[Any] = [other.values for other in others]
    build = vendor_blocks if isinstance(counterparties[0], Solution) else funder_blocks
    return build(projects, counterparties, terms=True)


def _known(tenths: Any) -> list[float | None]:
    return [None if value < 0 else value / 10 for value in tenths.tolist()]
