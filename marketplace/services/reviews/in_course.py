"""Which reviews are in course: the one condition for what a reviewer may read, and for what counts as work to do."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select, true

from marketplace.database import session
from marketplace.models import Project, ProjectState, ProjectVersion, Review, ReviewState, User
from marketplace.services import policies

OPEN = (ReviewState.ASSIGNED, ReviewState.STARTED)
"""Reviews somebody still has to write."""

LIVE = (*OPEN, ReviewState.DONE)
"""Reviews that count: neither declined nor taken away."""


def newest_version() -> Any:
    """Return the id of a project's newest version, for statements that select from `Project`."""
    return (
        select(func.max(ProjectVersion.id))
        .where(ProjectVersion.project_id == Project.id)
        .correlate(Project)
        .scalar_subquery()
    )


def condition(*states: ReviewState) -> ColumnElement[bool]:
    """Return the condition on `Review` and `Project`, joined, that a review is in course.

    It is while its project is under review in the very version it judges; a finished review is until the decision.
    """
    return and_(
        Review.state.in_(states or LIVE),
        Project.state == ProjectState.IN_REVIEW,
        Review.version_id == newest_version(),
    )


def of(reader: User, column: Any = Review.project_id) -> Select[Any]:
    """Return the statement for the projects (or another column) of the reviews somebody has in course.

    Who does not review any more has none.
    """
    return (
        select(column)
        .select_from(Review)
        .join(Project, Project.id == Review.project_id)
        .where(Review.reviewer_id == reader.id, condition())
        .where(true() if policies.can(reader, "reviews.enter") else false())
    )


def of_version(version: ProjectVersion) -> list[Review]:
    """Return the reviews of a version that count, reviewers first, in the order in which they were assigned."""
    found = session().scalars(
        select(Review).where(Review.version_id == version.id, Review.state.in_(LIVE)).order_by(Review.id)
    )
    return sorted(found, key=lambda review: (review.role.value != "reviewer", review.id))


def newest(project: Project) -> ProjectVersion | None:
    """Return the version submitted last; None for a project that never was."""
    return session().scalar(
        select(ProjectVersion)
        .where(ProjectVersion.project_id == project.id)
        .order_by(ProjectVersion.number.desc())
        .limit(1)
    )
