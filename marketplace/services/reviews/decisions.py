"""What the organisers decide about a version: changes, yes or no. Each once, on the version they saw.

A decision needs the project to be under review in that very version: of two organisers at the same moment one wins,
and the other is told what happened.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import Invalid
from marketplace.i18n import lazy_gettext
from marketplace.models import Decision, DecisionKind, Project, ProjectState, ProjectVersion, ReviewState, User
from marketplace.services import audit, texts
from marketplace.services.projects import states
from marketplace.services.reviews import assignments, in_course, letters, rubric, turns
from marketplace.services.sheets.pitch import PITCH

LONGEST_MESSAGE = 4000


def request_changes(slug: str, by: User, *, seen: int, message: str, comments: Mapping[str, str]) -> Decision:
    """Ask the city to change its pitch, with comments by step of the pitch; it can write again from now on.

    Raises `Invalid` where nothing at all is asked, `Conflict` where the version is not under review (any more).
    """
    with atomic():
        project = turns.locked(slug, by, seen=seen)
        decision = _decide(project, DecisionKind.CHANGES_REQUESTED, by, message, comments)
        if not decision.message and not decision.comments:
            raise Invalid("message", lazy_gettext("Please say what the city should change."))
        audit.record("project.changes_requested", by, project, version=seen)
        return decision


def accept(
    slug: str, by: User, *, seen: int, message: str = "", comments: Mapping[str, str] | None = None, reason: str = ""
) -> Decision:
    """Accept a version: it may be published from now on.

    Without two finished reviews, and a moderator's where they differ, it needs a `reason`, which is kept in the audit
    trail and is not for the city.
    """
    with atomic():
        project = turns.locked(slug, by, seen=seen)
        reason = texts.within(texts.clean(reason), "reason", 1000)
        version = in_course.newest(project)
        is_settled = version is not None and rubric.combine(in_course.of_version(version)).is_settled
        if not is_settled and project.state is ProjectState.IN_REVIEW and not reason:
            raise Invalid("reason", lazy_gettext("The reviews are not complete. Please say why you accept without."))
        decision = _decide(project, DecisionKind.ACCEPTED, by, message, comments or {})
        audit.record("project.accepted", by, project, version=seen, reason="" if is_settled else reason)
        return decision


def decline(slug: str, by: User, *, seen: int, message: str, comments: Mapping[str, str] | None = None) -> Decision:
    """Decline a version, and say why. A project that is in the book stays there as it was published."""
    with atomic():
        project = turns.locked(slug, by, seen=seen)
        if not texts.clean(message):
            raise Invalid("message", lazy_gettext("Please say why."))
        decision = _decide(project, DecisionKind.DECLINED, by, message, comments or {})
        audit.record("project.declined", by, project, version=seen)
        return decision


def _next(project: Project, kind: DecisionKind) -> ProjectState:
    if kind is DecisionKind.DECLINED:
        return states.after_refusal(project)
    return ProjectState.ACCEPTED if kind is DecisionKind.ACCEPTED else ProjectState.CHANGES_REQUESTED


def _decide(project: Project, kind: DecisionKind, by: User, message: str, comments: Mapping[str, str]) -> Decision:
    """Move a locked project, keep what is decided on its newest version, close what is open, and write to the city."""
    version = in_course.newest(project)
    if version is None:
        raise turns.overtaken(project, by)
    message = texts.within(texts.clean(message), "message", LONGEST_MESSAGE)
    if project.state is not ProjectState.IN_REVIEW:
        raise turns.overtaken(project, by)
    becomes = _next(project, kind)
    turns.move(project, becomes, by)
    if becomes is ProjectState.DECLINED:
        project.ended_at, project.end_reason = clock.now(), message
    steps = {step.name for step in PITCH.steps}
    kept = {
        name: texts.within(texts.clean(text), f"comments-{name}", LONGEST_MESSAGE) for name, text in comments.items()
    }
    decision = Decision(
        project_id=project.id,
        version_id=version.id,
        kind=kind,
        message=message,
        comments={name: text for name, text in kept.items() if text and name in steps},
        scores=_scores(version),
        by_id=by.id,
        at=clock.now(),
    )
    session().add(decision)
    session().flush()
    session().refresh(decision)
    assignments.settle(project, version)
    assignments.end_open(project)
    letters.tell_city(decision)
    return decision


def _scores(version: ProjectVersion) -> dict[str, float]:
    combined = rubric.combine(in_course.of_version(version))
    return {criterion.value: score for criterion, score in combined.scores.items()} if combined.is_settled else {}


def suggested(project: Project) -> dict[str, str]:
    """Return the reviewers' comments on the newest version by step, joined, to be edited before the city gets them.

    Only finished reviews count; nothing tells whose words they are.
    """
    version = in_course.newest(project)
    if version is None:
        return {}
    finished = [one for one in in_course.of_version(version) if one.state is ReviewState.DONE]
    return {
        step.name: "\n\n".join(one.comments[step.name] for one in finished if one.comments.get(step.name))
        for step in PITCH.steps
    }


def suggested_message(project: Project) -> str:
    """Return the reviewers' words in all on the newest version, joined, to be edited likewise."""
    version = in_course.newest(project)
    finished = in_course.of_version(version) if version else []
    return "\n\n".join(one.summary for one in finished if one.summary and one.state is ReviewState.DONE)


def of_project(project: Project) -> list[Decision]:
    """Return what was decided about a project, the newest first."""
    statement = (
        select(Decision)
        .where(Decision.project_id == project.id)
        .options(joinedload(Decision.by), joinedload(Decision.version))
        .order_by(Decision.id.desc())
    )
    return list(session().scalars(statement))
