"""What the tests of reviews share: a city, its submitted project, an organiser, and reviewers."""

from dataclasses import dataclass, field

import pytest

from marketplace.database import atomic, session
from marketplace.models import Organisation, Project, ProjectState, ProjectVersion, Role, User
from marketplace.services.reviews import assignments, judging
from marketplace.services.reviews.rubric import WEIGHTS

VECTOR = (3, 2, 2, 2, 3, 2, 3, 1, 2)
"""The scores that come to a readiness of 56.0."""


def scores_of(*points: int) -> dict[str, str]:
    return {criterion.value: str(score) for criterion, score in zip(WEIGHTS, points, strict=True)}


def draft(*points: int, **values) -> judging.Draft:
    return judging.Draft(scores=scores_of(*(points or VECTOR)), **values)


@dataclass
class Case:
    """One project under review and the people around it."""

    make: object
    city: Organisation
    manager: User
    organiser: User
    project: Project
    version: ProjectVersion
    reviewers: list[User] = field(default_factory=list)

    def reviewer(self, **values) -> User:
        values.setdefault("email", f"reviewer{len(self.reviewers)}@peers.example")
        user = self.make.user(**values)
        self.make.role(user, Role.REVIEWER)
        session().refresh(user)
        self.reviewers.append(user)
        return user

    def assign(self, person: User | None = None, **values):
        person = person or self.reviewer()
        return assignments.assign(self.project.slug, person.uid, self.organiser, seen=self.version.number, **values)

    def judged(self, *points: int, person: User | None = None, **values):
        review = self.assign(person)
        return judging.finish(review.uid, draft(*points, **values), 0, by=review.reviewer)

    def resubmit(self, **content) -> ProjectVersion:
        with atomic():
            self.project.state = ProjectState.SUBMITTED
            self.project.content = {**self.project.content, **content}
        self.version = self.make.version(self.project, number=self.version.number + 1)
        return self.version


@pytest.fixture
def case(make) -> Case:
    city = make.city(name="Manaus", slug="manaus")
    manager = make.manager(city, name="Rosa Prado", email="rosa@manaus.gov.example", locale="pt")
    project = make.project(city, slug="mindu", state=ProjectState.SUBMITTED)
    version = make.version(project, number=1)
    session().refresh(project)
    return Case(make, city, manager, make.organiser(name="Olga Desk"), project, version)
