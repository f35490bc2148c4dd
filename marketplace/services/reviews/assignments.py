"""Who reviews which version: chosen by hand, by load and conflicts of interest, reminded, taken away, replaced.

Two reviewers judge alone; where they differ by two points or more, a moderator is assigned by hand as well. Every
change holds the lock of its project, so that two organisers cannot both assign the second reviewer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import (
    AccountState,
    ConflictOfInterest,
    Project,
    ProjectState,
    ProjectVersion,
    Review,
    ReviewRole,
    ReviewState,
    Role,
    RoleAssignment,
    User,
)
from marketplace.services import audit, jobs, labels, policies, texts
from marketplace.services.projects import publication
from marketplace.services.reviews import conflicts, in_course, letters, rubric, turns

REVIEWERS = 2
"""How many judge a version independently of each other."""

TIME_TO_REVIEW = timedelta(days=14)
"""What a reviewer is given unless the organiser says otherwise."""

REMIND_BEFORE = timedelta(days=3)
"""How long before the day a reviewer is reminded who has not finished."""

_LATEST = timedelta(days=366)


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be asked to review a project: how much they have to review now, and what speaks against it.

    `versions` is how many earlier versions of this project they judged; `is_assigned`, that they judge this one.
    """

    person: User
    load: int
    conflicts: tuple[ConflictOfInterest, ...]
    versions: int
    is_assigned: bool

    @property
    def is_free(self) -> bool:
        """Whether they can be assigned at all; softer conflicts must be accepted by name."""
        return not self.is_assigned and not conflicts.FORBIDDING & set(self.conflicts)


def candidates(project: Project, by: User) -> list[Candidate]:
    """Return all who review, those with nothing against them and little to do first."""
    policies.require(by, "project.organise", project)
    people = list(session().scalars(_reviewers(project)))
    loads = load()
    against = conflicts.of_all(project, people)
    newest = in_course.newest(project)
    judged = _judged(project)
    found = [
        Candidate(
            person,
            loads.get(person.id, 0),
            tuple(one for one in ConflictOfInterest if one in against[person.id]),
            len(judged.get(person.id, set()) - {newest.id if newest else 0}),
            newest is not None and newest.id in judged.get(person.id, set()),
        )
        for person in people
    ]
    return sorted(found, key=lambda one: (not one.is_free, bool(one.conflicts), one.load, one.person.search_text))


def _reviewers(project: Project) -> Select[User]:
    event_id = project.call.event_id if project.call else None
    everywhere = RoleAssignment.event_id.is_(None)
    scope = or_(everywhere, RoleAssignment.event_id == event_id) if event_id is not None else everywhere
    return (
        select(User)
        .where(User.state == AccountState.ACTIVE, User.roles.any(and_(RoleAssignment.role == Role.REVIEWER, scope)))
        .order_by(User.search_text, User.id)
    )


def load() -> Mapping[int, int]:
    """Return how many reviews everybody has to finish, by id of the person; who has none is not named."""
    rows = session().execute(
        select(Review.reviewer_id, func.count())
        .join(Project, Project.id == Review.project_id)
        .where(in_course.condition(*in_course.OPEN))
        .group_by(Review.reviewer_id)
    )
    return {row[0]: row[1] for row in rows}


def _judged(project: Project) -> dict[int, set[int]]:
    """Return the versions of a project that people judge or judged, by id of the person."""
    found: dict[int, set[int]] = {}
    rows = select(Review.reviewer_id, Review.version_id).where(
        Review.project_id == project.id, Review.state.in_(in_course.LIVE)
    )
    for reviewer_id, version_id in session().execute(rows):
        found.setdefault(reviewer_id, set()).add(version_id)
    return found


def of_project(project: Project) -> list[Review]:
    """Return all reviews of a project, also those declined or taken away, the newest version first."""
    statement = (
        select(Review)
        .where(Review.project_id == project.id)
        .options(selectinload(Review.reviewer), selectinload(Review.version))
        .order_by(Review.version_id.desc(), Review.role.desc(), Review.id)
    )
    return list(session().scalars(statement))


def named(uids: Iterable[str]) -> dict[str, str]:
    """Return the names of people by uid, for the record of a project."""
    wanted = {uid for uid in uids if uid}
    if not wanted:
        return {}
    rows = session().execute(select(User.uid, User.name).where(User.uid.in_(wanted)))
    return {uid: name for uid, name in rows if name}


def begin(slug: str, by: User, *, seen: int) -> Project:
    """Take a submitted project into review. (Assigning its first reviewer does the same.)"""
    with atomic():
        project = turns.locked(slug, by, seen=seen)
        turns.move(project, ProjectState.IN_REVIEW, by)
        audit.record("project.review_begun", by, project)
        return project


def assign(
    slug: str,
    reviewer_uid: str,
    by: User,
    *,
    seen: int,
    role: ReviewRole = ReviewRole.REVIEWER,
    due_at: datetime | None = None,
    despite: bool = False,
) -> Review:
    """Ask somebody to review the newest version, `seen` by number; they get a letter.

    Without `due_at` they have two weeks. Raises `Invalid` for somebody who cannot review it, or who has a conflict of
    interest that was not accepted (`despite`); `Conflict` where nobody more is needed.
    """
    with atomic():
        project = turns.locked(slug, by, seen=seen)
        if project.state is ProjectState.SUBMITTED:
            begin(slug, by, seen=seen)
        return _assign(project, reviewer_uid, by, role, due_at, despite)


def _assign(
    project: Project, reviewer_uid: str, by: User, role: ReviewRole, due_at: datetime | None, despite: bool
) -> Review:
    version = in_course.newest(project)
    if project.state is not ProjectState.IN_REVIEW or version is None:
        raise turns.overtaken(project, by)
    present = in_course.of_version(version)
    _refuse_more(present, role)
    person = _reviewer(project, reviewer_uid)
    if any(review.reviewer_id == person.id for review in present):
        raise Invalid("reviewer", lazy_gettext("This person reviews this version already."))
    against = conflicts.of(project, person)
    _refuse_conflict(against, despite)
    now = clock.now()
    due_at = due_at or now + TIME_TO_REVIEW
    if not now < due_at <= now + _LATEST:
        raise Invalid("due_on", lazy_gettext("Please choose a day within the next twelve months."))
    review = Review(
        project_id=project.id,
        version_id=version.id,
        reviewer_id=person.id,
        role=role,
        conflicts=sorted(against),
        assigned_by_id=by.id,
        assigned_at=now,
        due_at=due_at,
        changed_at=now,
    )
    session().add(review)
    session().flush()
    session().refresh(review)
    letters.tell_assigned(review)
    audit.record(
        "review.assigned",
        by,
        project,
        reviewer=person.uid,
        role=role,
        version=version.number,
        conflicts=sorted(against),
    )
    return review


def _refuse_more(present: list[Review], role: ReviewRole) -> None:
    """Raise `Conflict` where the version has all the reviewers of this role that it needs."""
    if role is ReviewRole.REVIEWER:
        if sum(review.role is role for review in present) >= REVIEWERS:
            raise Conflict(lazy_gettext("Two reviewers are assigned already. Take one away first."))
        return
    if any(review.role is role for review in present):
        raise Conflict(lazy_gettext("A moderator is assigned already."))
    if not rubric.combine(present).needs_moderator:
        raise Conflict(
            lazy_gettext("A moderator is needed only where two finished reviews are two points or more apart.")
        )


def _reviewer(project: Project, uid: str) -> User:
    person = session().scalar(select(User).where(User.uid == uid))
    if person is None or not policies.can(person, "review.may_judge", project):
        raise Invalid("reviewer", lazy_gettext("Please choose somebody from the list."))
    return person


def _refuse_conflict(against: frozenset[ConflictOfInterest], despite: bool) -> None:
    forbidding = against & conflicts.FORBIDDING
    named = ", ".join(str(labels.of(one)) for one in ConflictOfInterest if one in (forbidding or against))
    if forbidding:
        raise Invalid("reviewer", lazy_gettext("This person cannot be impartial here: %(why)s.", why=named))
    if against and not despite:
        raise Invalid(
            "despite", lazy_gettext("There may be a conflict of interest: %(why)s. Assign all the same?", why=named)
        )


def remove(
    uid: str,
    by: User,
    *,
    reason: str,
    instead: str = "",
    despite: bool = False,
) -> Review | None:
    """Take a review away, with a reason that is kept; with `instead` (uid of a person), give it to somebody else.

    A finished review can be taken away as well, but not while a moderator has a say on it. Returns the new review.
    """
    reason = texts.line(reason, "reason", 500, is_required=True)
    with atomic():
        review = _live(uid, by)
        if review.role is ReviewRole.REVIEWER and any(
            one.role is ReviewRole.MODERATOR for one in in_course.of_version(review.version)
        ):
            raise Conflict(lazy_gettext("A moderator settles these two reviews. Take the moderator away first."))
        was_open = review.state in in_course.OPEN
        end(review, ReviewState.REMOVED, reason)
        session().flush()
        audit.record("review.removed", by, review.project, reviewer=review.reviewer.uid, reason=reason)
        settle(review.project, review.version)
        if was_open:
            letters.tell_ended([review])
        if not instead:
            return None
        if instead == review.reviewer.uid:
            raise Invalid("instead", lazy_gettext("This person reviews this version already."))
        due_at = review.due_at if review.due_at and review.due_at > clock.now() + timedelta(days=1) else None
        try:
            return _assign(review.project, instead, by, review.role, due_at, despite)
        except Invalid as refusal:
            raise Invalid("instead" if refusal.field == "reviewer" else refusal.field, refusal.message) from refusal


def postpone(uid: str, due_at: datetime, by: User) -> Review:
    """Give a reviewer another day; they are reminded anew before it."""
    with atomic():
        review = _live(uid, by)
        if review.state not in in_course.OPEN:
            raise Conflict
        if not clock.now() < due_at <= clock.now() + _LATEST:
            raise Invalid("due_on", lazy_gettext("Please choose a day within the next twelve months."))
        review.due_at, review.reminded_at = due_at, None
        audit.record("review.postponed", by, review.project, reviewer=review.reviewer.uid, until=due_at.isoformat())
        return review


def find(uid: str, by: User) -> Review:
    """Return a review to the organisers; raises `NotFound`."""
    review = session().scalar(select(Review).where(Review.uid == uid))
    if review is None or not policies.can(by, "project.organise", review.project):
        raise NotFound
    return review


def _live(uid: str, by: User) -> Review:
    """Lock and return a review that is in course, its project locked first."""
    review = find(uid, by)
    (project,) = lock(Project, review.project_id)
    (review,) = lock(Review, review.id)
    version = in_course.newest(project)
    is_newest = version is not None and version.id == review.version_id
    if project.state is not ProjectState.IN_REVIEW or not is_newest or review.state not in in_course.LIVE:
        raise turns.overtaken(project, by)
    return review


def end(review: Review, state: ReviewState, reason: str) -> None:
    """Close a review that will not count."""
    review.state, review.end_reason, review.changed_at = state, reason, clock.now()


def end_open(project: Project) -> None:
    """Close the unfinished reviews of a project on which was decided; their reviewers get a letter."""
    ended = list(
        session().scalars(select(Review).where(Review.project_id == project.id, Review.state.in_(in_course.OPEN)))
    )
    for review in ended:
        end(review, ReviewState.REMOVED, "")
    letters.tell_ended(ended)


def settle(project: Project, version: ProjectVersion) -> rubric.Combined:
    """Write down what the finished reviews of the newest version come to: readiness and band of a completed review."""
    session().flush()
    combined = rubric.combine(in_course.of_version(version))
    if combined.is_settled:
        if project.readiness != combined.readiness:
            publication.rescore(project)
        project.readiness, project.band = combined.readiness, combined.band
    return combined


@jobs.handler("reviews.remind", every=timedelta(hours=1))
def remind_due(_: jobs.Run) -> None:
    """Remind everybody once whose review is due soon and not finished."""
    now = clock.now()
    due = (
        select(Review.id)
        .join(Project, Project.id == Review.project_id)
        .where(
            in_course.condition(*in_course.OPEN),
            Review.reminded_at.is_(None),
            Review.due_at.is_not(None),
            Review.due_at <= now + REMIND_BEFORE,
            Review.due_at > now,
            # Somebody asked to review within three days has just been told.
            Review.assigned_at <= now - timedelta(days=1),
        )
    )
    for identity in list(session().scalars(due)):
        with atomic():
            review = next(iter(lock(Review, identity)), None)
            if review is not None and review.state in in_course.OPEN and review.reminded_at is None:
                review.reminded_at = now
                letters.remind(review)
