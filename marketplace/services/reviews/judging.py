"""Judging a version: what a reviewer has to do, the draft that is saved as it is written, and the finished review.

A reviewer sees what is assigned, while it is in course; for everybody else it does not exist. Nobody sees another's
scores before having finished their own. A moderator is shown where two finished reviews differ, and what both noted
there, and judges those criteria only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    ConflictOfInterest,
    Criterion,
    Decision,
    DecisionKind,
    Project,
    ProjectVersion,
    Review,
    ReviewRole,
    ReviewState,
    Score,
    User,
)
from marketplace.services import audit, policies, texts
from marketplace.services.reviews import assignments, in_course, letters, rubric
from marketplace.services.sheets.pitch import PITCH

LONGEST_NOTE = 2000
LONGEST_COMMENT = 4000


@dataclass(frozen=True)
class Draft:
    """What a reviewer has written so far: scores and notes by criterion, comments by step, a few words in all.

    A score is 0 to 4 as text; '' or a missing one means that it is still open.
    """

    scores: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


class Overtaken(Conflict):
    """The same review was saved elsewhere since this page was opened; `stored` is what is there now."""

    message = lazy_gettext(
        "This review was saved in another window in the meantime. Nothing is lost: yours is still here, and what was "
        "saved there stands beside it. Saving again keeps what is in this form."
    )

    def __init__(self, stored: Review) -> None:
        super().__init__()
        self.stored = stored


@dataclass(frozen=True)
class Other:
    """Another review of the same version as a reviewer may see it: never whose it is."""

    number: int
    scores: dict[Criterion, int]
    notes: dict[str, str]


def mine(by: User) -> list[Review]:
    """Return the reviews somebody has in course, those to be written first, by their day."""
    policies.require(by, "reviews.enter")
    statement = (
        select(Review)
        .where(Review.id.in_(in_course.of(by, Review.id)))
        .options(joinedload(Review.project).joinedload(Project.city), joinedload(Review.version))
    )
    found = list(session().scalars(statement))
    return sorted(found, key=lambda one: (one.state not in in_course.OPEN, one.due_at or one.assigned_at, one.id))


def find(uid: str, by: User) -> Review:
    """Return a review to its reviewer while it is in course; raises `NotFound` otherwise."""
    review = session().scalar(select(Review).where(Review.uid == uid, Review.id.in_(in_course.of(by, Review.id))))
    if review is None or not policies.can(by, "review.may_judge", review.project):
        raise NotFound
    return review


def criteria(review: Review) -> list[Criterion]:
    """Return what a review has to judge: everything, or for a moderator where the two reviewers differ."""
    if review.role is ReviewRole.REVIEWER:
        return list(rubric.WEIGHTS)
    differs = rubric.combine(in_course.of_version(review.version)).differs
    return [criterion for criterion in rubric.WEIGHTS if criterion in differs]


def others(review: Review) -> list[Other]:
    """Return the other finished reviews of the version: to a moderator, and to reviewers who have finished theirs.

    A moderator gets scores and notes of the criteria to settle only.
    """
    is_moderator = review.role is ReviewRole.MODERATOR
    if not is_moderator and review.state is not ReviewState.DONE:
        return []
    shown = set(criteria(review))
    finished = [
        one
        for one in in_course.of_version(review.version)
        if one.id != review.id and one.state is ReviewState.DONE and one.role is ReviewRole.REVIEWER
    ]
    return [
        Other(
            number,
            {criterion: score for criterion, score in rubric.read(one.scores).items() if criterion in shown},
            {name: note for name, note in one.notes.items() if name in shown},
        )
        for number, one in enumerate(finished, start=1)
    ]


def previous(review: Review) -> ProjectVersion | None:
    """Return the version before the one under review; None for the first."""
    return session().scalar(
        select(ProjectVersion)
        .where(ProjectVersion.project_id == review.project_id, ProjectVersion.number < review.version.number)
        .order_by(ProjectVersion.number.desc())
        .limit(1)
    )


def asked_before(review: Review) -> Decision | None:
    """Return the request for changes that the version under review answers; None where nothing was asked."""
    return session().scalar(
        select(Decision)
        .where(Decision.project_id == review.project_id, Decision.version_id < review.version_id)
        .where(Decision.kind == DecisionKind.CHANGES_REQUESTED)
        .order_by(Decision.id.desc())
        .limit(1)
    )


def draft_of(review: Review) -> Draft:
    """Return what is stored of a review, to fill its form."""
    scores = {criterion.value: str(score) for criterion, score in rubric.read(review.scores).items()}
    return Draft(scores, dict(review.notes), dict(review.comments), review.summary)


def save(uid: str, draft: Draft, revision: int, by: User) -> Review:
    """Keep what was written so far. `revision` is that of the review when the form was made.

    Raises `Overtaken` where it was saved elsewhere since, `Conflict` once it is finished, `Invalid` for a field.
    """
    with atomic():
        review = _writable(uid, by)
        if review.revision != revision and draft_of(review) != draft:
            raise Overtaken(review)
        _write(review, draft, by)
        return review


def finish(uid: str, draft: Draft, revision: int, by: User) -> Review:
    """Keep what was written and hand the review in; every criterion must have its score.

    When it is the last one that was missing, the organisers get a letter with what the reviews come to, or where they
    differ so much that a moderator is needed.
    """
    with atomic():
        review = _writable(uid, by)
        if review.revision != revision and draft_of(review) != draft:
            raise Overtaken(review)
        wanted = criteria(review)
        missing = [criterion for criterion in wanted if criterion not in rubric.read(draft.scores)]
        if missing:
            raise Invalid(f"scores-{missing[0]}", lazy_gettext("Please give every criterion a score from 0 to 4."))
        _write(review, draft, by)
        review.state, review.done_at = ReviewState.DONE, clock.now()
        audit.record("review.finished", by, review.project, reviewer=by.uid, version=review.version.number)
        combined = assignments.settle(review.project, review.version)
        if combined.is_settled or (combined.needs_moderator and review.role is ReviewRole.REVIEWER):
            letters.tell_done(review.project, combined)
        return review


def decline(uid: str, reason: str, by: User, *, has_conflict: bool) -> None:
    """Give a review back, with a reason the organisers read; a declared conflict of interest bars one for good."""
    reason = texts.line(reason, "reason", 500, is_required=True)
    with atomic():
        review = _writable(uid, by)
        assignments.end(review, ReviewState.DECLINED, reason)
        if has_conflict:
            review.conflicts = sorted({*review.conflicts, ConflictOfInterest.DECLARED.value})
        letters.tell_declined(review)
        audit.record("review.declined", by, review.project, reviewer=by.uid, reason=reason, conflicts=review.conflicts)


def _writable(uid: str, by: User) -> Review:
    """Lock and return a review that its reviewer may still write; the project is locked first."""
    lock(Project, find(uid, by).project_id)
    (review,) = lock(Review, find(uid, by).id)
    if review.state not in in_course.OPEN:
        raise Conflict(lazy_gettext("This review is finished."))
    return review


def _write(review: Review, draft: Draft, by: User) -> None:
    wanted = {criterion.value for criterion in criteria(review)}
    steps = {step.name for step in PITCH.steps}
    scores = {}
    for name, score in draft.scores.items():
        if name in wanted and score:
            if score not in set(Score):
                raise Invalid(f"scores-{name}", lazy_gettext("Please give every criterion a score from 0 to 4."))
            scores[name] = int(score)
    before = draft_of(review)
    review.scores = scores
    review.notes = _texts(draft.notes, wanted, "notes", LONGEST_NOTE)
    review.comments = _texts(draft.comments, steps, "comments", LONGEST_COMMENT)
    review.summary = texts.within(texts.clean(draft.summary), "summary", LONGEST_COMMENT)
    if review.state is ReviewState.ASSIGNED:
        review.state = ReviewState.STARTED
        audit.record("review.started", by, review.project, reviewer=by.uid, version=review.version.number)
    if draft_of(review) != before:
        review.revision += 1
        review.changed_at = clock.now()


def _texts(written: Mapping[str, str], allowed: set[str], name: str, longest: int) -> dict[str, str]:
    kept = {key: texts.within(texts.clean(text), f"{name}-{key}", longest) for key, text in written.items()}
    return {key: text for key, text in kept.items() if text and key in allowed}
