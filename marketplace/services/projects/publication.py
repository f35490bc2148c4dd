"""Putting an accepted version into the book and taking it out again: what lists filter and sort by is made here."""

from typing import Any

from sqlalchemy import delete, select

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, NotFound
from marketplace.i18n import ngettext
from marketplace.models import (
    Block,
    ClimateObjective,
    Decision,
    DecisionKind,
    Facet,
    Project,
    ProjectFacet,
    ProjectListing,
    ProjectState,
    ProjectVersion,
    Sector,
    Stage,
    User,
)
from marketplace.services import audit, jobs, outbox, policies, texts, wallclock
from marketplace.services.projects import book, figures, rules, states, team, visibility
from marketplace.services.sheets.checks import Problem
from marketplace.services.sheets.fields import Content, Required

RESCORE = "fits.rescore_project"
"""The job that compares a project with all mandates and solutions anew."""


class NotReady(Conflict):
    """The text lacks something, or contradicts itself; `problems` says what."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            ngettext(
                "One answer is missing or does not fit.",
                "%(num)s answers are missing or do not fit.",
                len(problems),
            )
        )
        self.problems = problems


def problems(version: ProjectVersion) -> list[Problem]:
    """Return what keeps a version out of the book; days are held against the day it was submitted."""
    city = version.project.city
    return rules.problems(version.content, city, Required.PUBLISH, wallclock.day(version.submitted_at, city.timezone))


def newest(project: Project) -> ProjectVersion:
    """Return the version that was submitted last; raises `Conflict` for a project that never was."""
    version = session().scalar(
        select(ProjectVersion)
        .where(ProjectVersion.project_id == project.id)
        .order_by(ProjectVersion.number.desc())
        .limit(1)
    )
    if version is None:
        raise Conflict
    return version


def publish(slug: str, by: User) -> Project:
    """Put the accepted version of a project into the book, in the place of the one that was there.

    The city's people get a letter. Raises `NotReady` with what is missing, `Conflict` for a project that is not
    accepted.
    """
    with atomic() as current:
        project = _judged(slug, by)
        version = newest(project)
        states.move(project, ProjectState.PUBLISHED, only_from={ProjectState.ACCEPTED})
        found = problems(version)
        if found:
            raise NotReady(found)
        project.published_at = clock.now()
        show(project, version)
        _decide(project, version, DecisionKind.PUBLISHED, by, "")
        current.flush()
        audit.record("project.published", by, project, version=version.number)
        _tell("project_published", project)
        return project


def unpublish(slug: str, by: User, reason: str = "") -> Project:
    """Take a project out of the book; its state is accepted again, or what it is while an update is reviewed.

    The city's people get a letter. Raises `Conflict` for a project that is not in the book.
    """
    reason = texts.within(texts.clean(reason), "reason", 1000)
    with atomic():
        project = _judged(slug, by)
        listing = project.listing
        if listing is None:
            raise Conflict
        version = listing.version
        if project.state is ProjectState.PUBLISHED:
            states.move(project, ProjectState.ACCEPTED)
        take_out(project)
        _decide(project, version, DecisionKind.UNPUBLISHED, by, reason)
        audit.record("project.unpublished", by, project, version=version.number)
        _tell("project_unpublished", project, reason=reason)
        return project


def _judged(slug: str, by: User) -> Project:
    """Lock a project for an organiser; for others it does not exist."""
    identity = session().scalar(select(Project.id).where(Project.slug == slug))
    if identity is None or not policies.can(by, "project.organise"):
        raise NotFound
    return lock(Project, identity)[0]


def show(project: Project, version: ProjectVersion) -> ProjectListing:
    """Make what the book lists and filters by of a version, in the place of what was there."""
    content, city = version.content, project.city
    listing = project.listing or ProjectListing(project_id=project.id)
    titles, summaries = dict(content.get("title") or {}), dict(content.get("summary") or {})
    listing.version_id, listing.version = version.id, version
    listing.country = city.country
    listing.sector = Sector(content["sector_primary"])
    listing.stage = Stage(content["stage"])
    listing.climate_objective = ClimateObjective(content["climate_objective"])
    listing.titles, listing.summaries = titles, summaries
    listing.search_text = book.search_text(content, city)
    listing.ask_usd = figures.ask_usd(content, version.usd_rate)
    listing.cost_usd = figures.cost_usd(content, version.usd_rate)
    listing.finance_visibility = visibility.needed(content, Block.FINANCE)
    listing.published_at = project.published_at or clock.now()
    project.listing = listing
    _forget_facets(project)
    session().add_all(
        ProjectFacet(project_id=project.id, facet=facet, code=code)
        for facet, codes in facets(content).items()
        for code in codes
    )
    rescore(project)
    return listing


def facets(content: Content) -> dict[Facet, list[str]]:
    """Return the lists of codes a project is found by."""
    lists = {
        Facet.SECTOR: [content.get("sector_primary"), *(content.get("sectors_secondary") or ())],
        Facet.HAZARD: content.get("hazards") or (),
        Facet.SDG: content.get("sdgs") or (),
        Facet.INSTRUMENT: content.get("instruments_sought") or (),
        Facet.TECHNOLOGY: content.get("technology_needs") or (),
    }
    return {facet: list(dict.fromkeys(code for code in codes if code)) for facet, codes in lists.items()}


def take_out(project: Project) -> None:
    """Take a project out of the book; nothing happens where it is not in it."""
    if project.listing is None:
        return
    session().delete(project.listing)
    project.listing = None
    _forget_facets(project)
    project.published_at = None
    session().flush()
    rescore(project)


def _forget_facets(project: Project) -> None:
    session().execute(delete(ProjectFacet).where(ProjectFacet.project_id == project.id))


def rescore(project: Project) -> None:
    """Have the project compared with all mandates and solutions, where this installation compares them."""
    if jobs.is_known(RESCORE):
        jobs.enqueue(RESCORE, {"project": project.id})


def _decide(project: Project, version: ProjectVersion, kind: DecisionKind, by: User, message: str) -> None:
    session().add(
        Decision(
            project_id=project.id,
            version_id=version.id,
            kind=kind,
            message=message,
            by_id=by.id,
            at=clock.now(),
        )
    )


def _tell(kind: str, project: Project, **context: Any) -> None:
    for reader in team.people(project.city):
        with i18n.speaking(reader.locale):
            about = team.about(project)
        outbox.queue(kind, to=reader, **about, **context)
