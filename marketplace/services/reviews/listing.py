"""All projects of the programme as the desk lists them: found, filtered, sorted, with how far their reviews are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased, load_only

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.i18n import country_name, format_number, in_language
from marketplace.i18n import gettext as _
from marketplace.models import (
    Band,
    Call,
    Organisation,
    Project,
    ProjectState,
    Review,
    ReviewRole,
    ReviewState,
    Sector,
    Stage,
    User,
)
from marketplace.services import audit, labels, paging, policies, search
from marketplace.services.exports import Rows
from marketplace.services.reviews import assignments, in_course, rubric

SORTS = ("changed", "submitted", "city", "readiness", "completeness")
"""What the list may be sorted by; a minus before it means descending."""

NEEDS = ("reviewer", "moderator", "overdue", "decision")
"""What a project may be waiting for at the desk."""


@dataclass(frozen=True)
class Filter:
    """What a list of projects shows; empty values mean no restriction. `need` is one of `NEEDS`."""

    query: str = ""
    state: ProjectState | None = None
    city: str = ""
    country: str = ""
    sector: Sector | None = None
    stage: Stage | None = None
    call: str = ""
    need: str = ""
    sort: str = "-changed"


class Entry(NamedTuple):
    """A project as it stands in the list. Sector and stage are those of the working text, perhaps not chosen yet."""

    id: int
    slug: str
    titles: dict[str, str]
    state: ProjectState
    completeness: int
    readiness: float | None
    band: Band | None
    submitted_at: datetime | None
    changed_at: datetime
    is_illustrative: bool
    city_slug: str
    city_names: dict[str, str]
    city_name: str
    country: str
    call_titles: dict[str, str] | None
    sector: str | None
    stage: str | None

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return in_language(self.titles) or self.slug

    @property
    def city(self) -> str:
        """The city in the reader's language."""
        return in_language(self.city_names) or self.city_name


@dataclass(frozen=True)
class Progress:
    """How far the review of a project's newest version is."""

    assigned: int = 0
    done: int = 0
    needs_moderator: bool = False
    has_moderator: bool = False
    is_overdue: bool = False


_SECTOR = Project.content["sector_primary"].as_string()
_STAGE = Project.content["stage"].as_string()
_COLUMNS: tuple[Any, ...] = (
    Project.id,
    Project.slug,
    Project.titles,
    Project.state,
    Project.completeness,
    Project.readiness,
    Project.band,
    Project.submitted_at,
    Project.changed_at,
    Project.is_illustrative,
    Organisation.slug,
    Organisation.names,
    Organisation.name,
    Organisation.country,
    Call.titles,
    _SECTOR,
    _STAGE,
)
"""What an `Entry` is made of."""


def page(wanted: Filter, by: User, number: int = 1) -> paging.Page[Any]:
    """Return one page of `Entry`s; a fixed number of statements however many projects there are."""
    policies.require(by, "project.organise")
    found = paging.page_of_rows(_statement(wanted), number)
    return paging.Page([Entry(*row) for row in found.items], found.total, found.number, found.pages, found.size)


def _statement(wanted: Filter) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Organisation, Organisation.id == Project.city_id)
        .outerjoin(Call, Call.id == Project.call_id)
        .where(*_conditions(wanted))
        .order_by(*_order(wanted.sort))
    )


def _order(sort: str) -> list[Any]:
    column: Any = {
        "submitted": Project.submitted_at,
        "city": Organisation.search_text,
        "readiness": Project.readiness,
        "completeness": Project.completeness,
    }.get(sort.lstrip("-"), Project.changed_at)
    # What has no value comes last, whichever way; the two databases disagree unless told.
    ordered = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return [ordered, Project.id]


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        or_(
            Project.search_text.contains(word, autoescape=True),
            Organisation.search_text.contains(word, autoescape=True),
        )
        for word in search.fold(wanted.query[:200]).split()[:8]
    ]
    pairs: tuple[tuple[Any, Any], ...] = (
        (Project.state, wanted.state),
        (Organisation.slug, wanted.city),
        (Organisation.country, wanted.country),
        (_SECTOR, wanted.sector.value if wanted.sector else ""),
        (_STAGE, wanted.stage.value if wanted.stage else ""),
        (Call.slug, wanted.call),
    )
    found += [column == value for column, value in pairs if value]
    if wanted.need:
        found.append(_waits_for(wanted.need))
    return found


def _waits_for(need: str) -> ColumnElement[bool]:
    if need == "reviewer":
        return and_(
            Project.state.in_([ProjectState.SUBMITTED, ProjectState.IN_REVIEW]),
            _count(ReviewRole.REVIEWER, *in_course.LIVE) < assignments.REVIEWERS,
        )
    if need == "overdue":
        return and_(
            Project.state == ProjectState.IN_REVIEW,
            _reviews(*in_course.OPEN).where(Review.due_at < clock.now()).exists(),
        )
    both_done = and_(
        Project.state == ProjectState.IN_REVIEW, _count(ReviewRole.REVIEWER, ReviewState.DONE) >= assignments.REVIEWERS
    )
    if need == "moderator":
        return and_(both_done, _differ(), _count(ReviewRole.MODERATOR, *in_course.LIVE) == 0)
    if need == "decision":
        return and_(both_done, or_(~_differ(), _count(ReviewRole.MODERATOR, ReviewState.DONE) > 0))
    return Project.id.is_(None)


def _reviews(*states: ReviewState) -> Select[Any]:
    return (
        select(Review.id)
        .where(Review.version_id == in_course.newest_version(), Review.state.in_(states))
        .correlate(Project)
    )


def _count(role: ReviewRole, *states: ReviewState) -> ColumnElement[int]:
    return (
        _reviews(*states)
        .with_only_columns(func.count())
        .where(Review.role == role)
        .correlate(Project)
        .scalar_subquery()
    )


def _differ() -> ColumnElement[bool]:
    """Return the condition that two finished reviews are two points or more apart on a criterion."""
    one, other = aliased(Review), aliased(Review)
    gaps = [
        func.abs(one.scores[criterion.value].as_integer() - other.scores[criterion.value].as_integer()) >= rubric.GAP
        for criterion in rubric.WEIGHTS
    ]
    return (
        select(one.id)
        .join(other, and_(other.version_id == one.version_id, other.id > one.id))
        .where(one.version_id == in_course.newest_version())
        .where(*(side.state == ReviewState.DONE for side in (one, other)))
        .where(*(side.role == ReviewRole.REVIEWER for side in (one, other)))
        .where(or_(*gaps))
        .correlate(Project)
        .exists()
    )


def progress(entries: Iterable[Entry]) -> dict[int, Progress]:
    """Return how far the reviews of projects of a page are, by id of the project, in one query."""
    identities = [entry.id for entry in entries]
    if not identities:
        return {}
    reviews = session().scalars(
        select(Review)
        .join(Project, Project.id == Review.project_id)
        .where(Review.project_id.in_(identities), in_course.condition())
        .options(load_only(Review.project_id, Review.role, Review.state, Review.scores, Review.due_at))
    )
    found: dict[int, list[Review]] = {}
    for review in reviews:
        found.setdefault(review.project_id, []).append(review)
    return {identity: _progress(of_one) for identity, of_one in found.items()}


def _progress(reviews: list[Review]) -> Progress:
    judges = [review for review in reviews if review.role is ReviewRole.REVIEWER]
    now = clock.now()
    return Progress(
        len(judges),
        sum(review.state is ReviewState.DONE for review in judges),
        rubric.combine(reviews).needs_moderator,
        len(reviews) > len(judges),
        any(review.state in in_course.OPEN and review.due_at is not None and review.due_at < now for review in reviews),
    )


class Choices(NamedTuple):
    """What the list can be filtered by, as pairs of value and words."""

    cities: list[tuple[str, str]]
    countries: list[tuple[str, str]]
    calls: list[tuple[str, str]]


def choices() -> Choices:
    """Return the cities and countries that have projects, and the calls, each in the order of their words."""
    cities = session().execute(
        select(Organisation.slug, Organisation.names, Organisation.name, Organisation.country).where(
            Organisation.id.in_(select(Project.city_id))
        )
    )
    rows = [(slug, in_language(names) or name, country) for slug, names, name, country in cities]
    calls = session().execute(select(Call.slug, Call.titles).order_by(Call.opens_at.desc(), Call.id))
    return Choices(
        sorted(((slug, name) for slug, name, _country in rows), key=lambda pair: search.fold(pair[1])),
        sorted(
            {(country, country_name(country)) for _slug, _name, country in rows if country},
            key=lambda pair: search.fold(pair[1]),
        ),
        [(slug, in_language(titles) or slug) for slug, titles in calls],
    )


def export(wanted: Filter, by: User) -> Rows:
    """Return the projects a filter finds as rows for a spreadsheet, in the reader's language; that it was taken is
    recorded."""
    policies.require(by, "project.organise")
    with atomic() as current:
        entries = [Entry(*row) for row in current.execute(_statement(wanted))]
        reviews = progress(entries)
        audit.record("projects.exported", by, rows=len(entries))
    header = [
        _("Address"),
        _("Title"),
        _("City"),
        _("Country"),
        _("State"),
        _("Call"),
        _("Sector"),
        _("Stage"),
        _("Completeness (%)"),
        _("Readiness"),
        _("Band"),
        _("Reviewers"),
        _("Reviews finished"),
        _("Submitted (UTC)"),
        _("Changed (UTC)"),
        _("Illustrative"),
    ]
    return header, [_row(entry, reviews.get(entry.id, Progress())) for entry in entries]


def _row(entry: Entry, reviews: Progress) -> list[str]:
    sector, stage = labels.read(Sector, entry.sector), labels.read(Stage, entry.stage)
    return [
        entry.slug,
        entry.title,
        entry.city,
        country_name(entry.country) if entry.country else "",
        str(labels.of(entry.state)),
        in_language(entry.call_titles),
        str(labels.of(sector)) if sector else "",
        str(labels.of(stage)) if stage else "",
        str(entry.completeness),
        format_number(round(entry.readiness, 1)) if entry.readiness is not None else "",
        str(labels.of(entry.band)) if entry.band else "",
        str(reviews.assigned),
        str(reviews.done),
        _moment(entry.submitted_at),
        _moment(entry.changed_at),
        _("yes") if entry.is_illustrative else "",
    ]


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else ""
