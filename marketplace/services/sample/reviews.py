"""The sample's reviews in every state, and what was decided: from `data/reviews.toml` and `data/review_words.toml`."""

import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    ConflictOfInterest,
    Criterion,
    Decision,
    DecisionKind,
    Project,
    ProjectState,
    ProjectVersion,
    Review,
    ReviewRole,
    ReviewState,
    User,
)
from marketplace.services.reviews import rubric
from marketplace.services.sample import pitch_sheets, timetable
from marketplace.services.sample.timetable import Turn

_DATA = Path(__file__).parent / "data"

_PEOPLE = {
    "b": "reviewer@cities.example",
    "t": "reviewer.2@reviewers.example",
    "d": "reviewer.3@reviewers.example",
    "l": "reviewer.4@reviewers.example",
    "h": "reviewer.5@reviewers.example",
}

_LEVELS = ("low", "low", "mid", "good", "full")

_STEPS = {
    Criterion.STRATEGY: "project",
    Criterion.TECHNICAL: "maturity",
    Criterion.FINANCE: "finance",
    Criterion.LAND_LEGAL: "maturity",
    Criterion.INSTITUTION: "project",
    Criterion.CLIMATE: "impact",
    Criterion.INCLUSION: "inclusion",
    Criterion.SAFEGUARDS: "inclusion",
    Criterion.PROCUREMENT: "maturity",
}
"""The step of the pitch in which a city can do something about a criterion."""

_DECIDED = {
    ProjectState.CHANGES_REQUESTED: DecisionKind.CHANGES_REQUESTED,
    ProjectState.ACCEPTED: DecisionKind.ACCEPTED,
    ProjectState.PUBLISHED: DecisionKind.ACCEPTED,
    ProjectState.DECLINED: DecisionKind.DECLINED,
}


def load(projects: dict[str, Project], users: dict[str, User]) -> None:
    """Store the reviews and decisions of sample projects that have just been stored."""
    written = tomllib.loads((_DATA / "reviews.toml").read_text(encoding="utf-8"))
    domains = {project.city_id for project in projects.values()}
    versions: dict[int, list[ProjectVersion]] = {}
    for version in session().scalars(
        select(ProjectVersion)
        .join(Project, Project.id == ProjectVersion.project_id)
        .where(Project.city_id.in_(domains))
        .order_by(ProjectVersion.number)
    ):
        versions.setdefault(version.project_id, []).append(version)
    for pitch in pitch_sheets.pitches():
        project = projects.get(pitch.slug)
        if project is None or pitch.slug not in written:
            continue
        turns = timetable.of(pitch, project.city.timezone, clock.now().date())
        _Judged(project, pitch.language, versions[project.id], turns, written[pitch.slug], users).store()
    session().flush()


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return tomllib.loads((_DATA / "review_words.toml").read_text(encoding="utf-8"))


class _Judged:
    """One project with the reviews of its versions and what was decided about each."""

    def __init__(
        self,
        project: Project,
        language: str,
        versions: list[ProjectVersion],
        times: timetable.Timetable,
        written: dict[str, Any],
        users: dict[str, User],
    ) -> None:
        self.project, self.language, self.versions, self.times = project, language, versions, times
        self.written, self.users = written, users
        self.organiser = users["organiser@cities.example"]

    def store(self) -> None:
        """Store everything, in the order in which it happened."""
        newest = len(self.versions) - 1
        for place, (version, turn) in enumerate(zip(self.versions, self.times.turns, strict=True)):
            if place < newest:
                reviews = self._done(version, turn, self.written["first"])
                self._decide(version, DecisionKind.CHANGES_REQUESTED, turn, reviews, self.written["first_decision"])
                continue
            reviews = self._done(version, turn, self.written.get("by", ()))
            reviews += self._moderated(version, turn)
            session().add_all(self._unfinished(version, turn))
            self._settle(reviews)
            if turn.decided and self.project.state in _DECIDED:
                message = self.written.get("decision") or _words()["accepted"][self.language]
                self._decide(version, _DECIDED[self.project.state], turn, reviews, message)
        if self.times.published:
            session().add(
                Decision(
                    project_id=self.project.id,
                    version_id=self.versions[-1].id,
                    kind=DecisionKind.PUBLISHED,
                    by_id=self.organiser.id,
                    at=self.times.published,
                )
            )

    def _review(self, version: ProjectVersion, turn: Turn, who: str, **values: Any) -> Review:
        person = self.users[_PEOPLE[who]]
        return Review(
            **{
                "project_id": self.project.id,
                "version_id": version.id,
                "reviewer_id": person.id,
                "role": ReviewRole.REVIEWER,
                "state": ReviewState.ASSIGNED,
                "assigned_by_id": self.organiser.id,
                "assigned_at": turn.assigned,
                "due_at": turn.due,
                "changed_at": turn.assigned,
                **values,
            }
        )

    def _done(self, version: ProjectVersion, turn: Turn, written: Iterable[list[str]]) -> list[Review]:
        """Store the finished reviews of a version; the second reviewer repeats nothing the first has said."""
        found: list[Review] = []
        said: set[str] = set()
        for who, points, summary in written:
            scores = _scores(points)
            notes = self._notes(who, scores, said)
            comments = self._comments(scores, said)
            said |= {*notes.values(), *comments}
            done = turn.done - timedelta(hours=31 * len(found) + 2)
            found.append(
                self._review(
                    version,
                    turn,
                    who,
                    state=ReviewState.DONE,
                    scores=scores,
                    notes=notes,
                    comments=comments,
                    summary=summary,
                    revision=3,
                    changed_at=done,
                    done_at=done,
                )
            )
        session().add_all(found)
        session().flush()
        return found

    def _notes(self, who: str, scores: dict[str, int], said: set[str]) -> dict[str, str]:
        language = self.users[_PEOPLE[who]].locale
        notes = {name: _words()["notes"][name][_LEVELS[score]][language] for name, score in scores.items()}
        return {name: text for name, text in notes.items() if text not in said}

    def _comments(self, scores: dict[str, int], said: set[str]) -> dict[str, str]:
        """Ask for more where the points are fewest, and praise what has most; a step is commented once."""
        ordered = sorted(scores, key=lambda name: scores[name])
        found: dict[str, str] = {}
        for name in ordered[:3]:
            step = _STEPS[Criterion(name)]
            if scores[name] < 3 and step not in said:
                found.setdefault(step, _words()["comments"][step]["ask"][self.language])
        for name in reversed(ordered):
            step = _STEPS[Criterion(name)]
            if scores[name] > 2 and step not in said and step not in found:
                return {**found, step: _words()["comments"][step]["praise"][self.language]}
        return found

    def _moderated(self, version: ProjectVersion, turn: Turn) -> list[Review]:
        if "moderator" not in self.written:
            return []
        who, scores, summary = self.written["moderator"]
        language = self.users[_PEOPLE[who]].locale
        review = self._review(
            version,
            turn,
            who,
            role=ReviewRole.MODERATOR,
            state=ReviewState.DONE,
            scores=scores,
            notes={name: _words()["notes"][name][_LEVELS[score]][language] for name, score in scores.items()},
            summary=summary,
            revision=1,
            assigned_at=turn.done + timedelta(hours=20),
            changed_at=turn.settled,
            done_at=turn.settled,
        )
        session().add(review)
        session().flush()
        return [review]

    def _unfinished(self, version: ProjectVersion, turn: Turn) -> Iterable[Review]:
        written, later = self.written, turn.assigned + timedelta(days=3, hours=2)
        if "started" in written:
            who, points = written["started"]
            scores = _scores(points)
            yield self._review(
                version,
                turn,
                who,
                state=ReviewState.STARTED,
                scores=scores,
                notes=self._notes(who, dict(list(scores.items())[:1]), set()),
                revision=1,
                changed_at=later,
            )
        for who in written.get("assigned", ()):
            yield self._review(version, turn, who)
        if "assigned_moderator" in written:
            at = turn.done + timedelta(days=1)
            yield self._review(
                version,
                turn,
                written["assigned_moderator"],
                role=ReviewRole.MODERATOR,
                assigned_at=at,
                changed_at=at,
            )
        if "declined" in written:
            who, reason = written["declined"]
            yield self._review(
                version,
                turn,
                who,
                state=ReviewState.DECLINED,
                conflicts=[ConflictOfInterest.DECLARED.value],
                end_reason=reason,
                changed_at=later,
            )
        for who in written.get("removed", ()):
            ended = self.times.withdrawn or later
            yield self._review(version, turn, who, state=ReviewState.REMOVED, changed_at=ended)

    def _settle(self, reviews: list[Review]) -> None:
        combined = rubric.combine(reviews)
        if combined.is_settled:
            self.project.readiness, self.project.band = combined.readiness, combined.band

    def _decide(
        self, version: ProjectVersion, kind: DecisionKind, turn: Turn, reviews: list[Review], message: str
    ) -> None:
        combined = rubric.combine(reviews)
        if not combined.is_settled:
            raise ValueError(f"sample {self.project.slug}: decided on before the reviews were settled")
        at: datetime = turn.decided or turn.settled
        session().add(
            Decision(
                project_id=self.project.id,
                version_id=version.id,
                kind=kind,
                message=message,
                comments=_joined(reviews),
                scores={criterion.value: score for criterion, score in combined.scores.items()},
                by_id=self.organiser.id,
                at=at,
            )
        )
        session().flush()


def _scores(points: str) -> dict[str, int]:
    """Return points written one after the other in the order of the rubric; a dash is one not given yet."""
    pairs = zip(rubric.WEIGHTS, points, strict=True)
    return {criterion.value: int(point) for criterion, point in pairs if point != "-"}


def _joined(reviews: list[Review]) -> dict[str, str]:
    """Return the reviewers' comments by step, as the organisers send them on."""
    found: dict[str, str] = {}
    for review in reviews:
        for step, text in review.comments.items() if review.comments else ():
            found[step] = f"{found[step]}\n\n{text}" if step in found else text
    return found
