"""The audit trail of the sample's projects: what the services would have written at each turn, in order of time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace.database import session
from marketplace.models import AuditEntry, Decision, Project, ProjectVersion, Review, ReviewState

_Act = tuple[datetime, int | None, str, Project, dict[str, Any]]
"""When, who, what, to which project, details."""


def write(projects: Iterable[Project]) -> None:
    """Write the acts of projects that have just been stored with their versions, reviews and decisions."""
    acts = sorted(_acts({project.id: project for project in projects}), key=lambda act: act[0])
    session().add_all(
        AuditEntry(
            at=at,
            actor_id=actor,
            action=action,
            object_kind="project",
            object_uid=project.uid,
            label=project.name,
            details=details,
        )
        for at, actor, action, project, details in acts
    )


def _acts(projects: dict[int, Project]) -> Iterable[_Act]:
    for project in projects.values():
        yield project.created_at, project.created_by_id, "project.started", project, {}
        if project.ended_at:
            yield project.ended_at, project.created_by_id, "project.withdrawn", project, {}
    for version in session().scalars(select(ProjectVersion).where(ProjectVersion.project_id.in_(projects))):
        yield (
            version.submitted_at,
            version.submitted_by_id,
            "project.submitted",
            projects[version.project_id],
            {"version": version.number},
        )
    reviews = select(Review).where(Review.project_id.in_(projects))
    for review in session().scalars(reviews.options(joinedload(Review.reviewer), joinedload(Review.version))):
        project, details = projects[review.project_id], _of_review(review)
        yield review.assigned_at, review.assigned_by_id, "review.assigned", project, details
        if review.state is ReviewState.DONE:
            yield review.changed_at, review.reviewer_id, "review.finished", project, details
        elif review.state is ReviewState.DECLINED:
            yield review.changed_at, review.reviewer_id, "review.declined", project, details
    decisions = select(Decision).where(Decision.project_id.in_(projects))
    for decision in session().scalars(decisions.options(joinedload(Decision.version))):
        yield (
            decision.at,
            decision.by_id,
            f"project.{decision.kind.value}",
            projects[decision.project_id],
            {"version": decision.version.number},
        )


def _of_review(review: Review) -> dict[str, Any]:
    return {"reviewer": review.reviewer.uid, "version": review.version.number}
