"""The letters of a review: to reviewers, to the organisers and to the city, each in its reader's language.

What goes to the city never names a reviewer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from marketplace import i18n
from marketplace.models import Decision, DecisionKind, Project, Review, ReviewRole, User
from marketplace.services import labels, outbox
from marketplace.services.projects import team
from marketplace.services.reviews import rubric
from marketplace.services.sheets.pitch import PITCH

_TO_CITY = {
    DecisionKind.CHANGES_REQUESTED: "changes_requested",
    DecisionKind.ACCEPTED: "project_accepted",
    DecisionKind.DECLINED: "project_declined",
}


def tell_assigned(review: Review) -> None:
    """Write to somebody who is to review, or to settle what two reviewers see differently."""
    kind = "review_moderation" if review.role is ReviewRole.MODERATOR else "review_assigned"
    outbox.queue(kind, to=review.reviewer, **_about_review(review))


def remind(review: Review) -> None:
    """Write to a reviewer that the day is near."""
    outbox.queue("review_reminder", to=review.reviewer, **_about_review(review))


def tell_ended(reviews: Iterable[Review]) -> None:
    """Write to reviewers whose review is no longer needed."""
    for review in reviews:
        outbox.queue("review_ended", to=review.reviewer, **_about_project(review.project, review.reviewer))


def tell_declined(review: Review) -> None:
    """Write to the organisers that a reviewer will not review, and why."""
    for reader in team.organisers():
        outbox.queue(
            "review_declined",
            to=reader,
            **_about_project(review.project, reader),
            person=review.reviewer.name,
            reason=review.end_reason,
            is_conflict=bool(review.conflicts),
        )


def tell_done(project: Project, combined: rubric.Combined) -> None:
    """Write to the organisers that the reviews of a version are all in: where they differ, or what they come to."""
    for reader in team.organisers():
        with i18n.speaking(reader.locale):
            differs = [str(labels.of(one)) for one in rubric.WEIGHTS if one in combined.unsettled]
            band = str(labels.of(combined.band)) if combined.band else ""
        outbox.queue(
            "reviews_done",
            to=reader,
            **_about_project(project, reader),
            differs=differs,
            readiness=combined.readiness,
            band=band,
        )


def tell_city(decision: Decision) -> None:
    """Write to the city what was decided, with the comments step by step."""
    for reader in team.people(decision.project.city):
        with i18n.speaking(reader.locale):
            comments = by_step(decision.comments)
        outbox.queue(
            _TO_CITY[decision.kind],
            to=reader,
            **_about_project(decision.project, reader),
            message=decision.message,
            comments=[list(pair) for pair in comments],
        )


def by_step(comments: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return comments in the order of the pitch: title of the step in the reader's language, and text."""
    return [(str(step.title), comments[step.name]) for step in PITCH.steps if comments.get(step.name)]


def _about_review(review: Review) -> dict[str, Any]:
    return {
        **_about_project(review.project, review.reviewer),
        "review": review.uid,
        "due": _plain(review.due_at),
        "zone": review.reviewer.timezone,
    }


def _about_project(project: Project, reader: User) -> dict[str, Any]:
    city = project.city
    with i18n.speaking(reader.locale):
        return {
            "project": i18n.in_language(project.titles) or project.slug,
            "slug": project.slug,
            "city": i18n.in_language(city.names) or city.name,
        }


def _plain(at: datetime | None) -> str:
    return at.isoformat() if at else ""
