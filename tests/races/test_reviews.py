"""Two organisers at the same moment: who decides, and who assigns the last reviewer."""

import pytest

from marketplace.database import session
from marketplace.errors import Refusal
from marketplace.models import Decision, Letter, Project, ProjectState, Review, ReviewState, Role, User
from marketplace.services.reviews import assignments, decisions, judging
from tests.races.actors import PROCESSES, together
from tests.reviewing import scores_of

VECTOR = scores_of(3, 2, 2, 2, 3, 2, 3, 1, 2)


@pytest.fixture
def submitted(make) -> Project:
    city = make.city()
    make.manager(city)
    project = make.project(city, slug="mindu", state=ProjectState.SUBMITTED)
    make.version(project, number=1)
    return project


def person(uid: str) -> User:
    return session().query(User).filter_by(uid=uid).one()


def decide(number: int, uid: str) -> str:
    """Accept, decline or ask for changes, by turns."""
    by = person(uid)
    try:
        if number % 3 == 0:
            return decisions.accept("mindu", by, seen=1, reason="x").kind.value
        if number % 3 == 1:
            return decisions.decline("mindu", by, seen=1, message="x").kind.value
        return decisions.request_changes("mindu", by, seen=1, message="x", comments={}).kind.value
    except Refusal as refusal:
        return f"{type(refusal).__name__}:{'told' if '%(' not in str(refusal) and str(refusal) else 'silent'}"


def test_of_decisions_at_the_same_moment_one_wins(app, make, database_url, submitted):
    organiser = make.organiser()
    assignments.begin("mindu", organiser, seen=1)

    answers = together(database_url, decide, organiser.uid)

    assert answers["Conflict:told"] == PROCESSES - 1
    assert sum(answers.values()) == PROCESSES
    (decision,) = session().query(Decision).all()
    assert session().query(Project).one().state.value == decision.kind.value
    kinds = {"accepted": "project_accepted", "declined": "project_declined", "changes_requested": "changes_requested"}
    letters = session().query(Letter).filter(Letter.kind.in_(kinds.values())).all()
    assert [letter.kind for letter in letters] == [kinds[decision.kind.value]]


def assign(number: int, organiser: str, reviewers: list[str]) -> str:
    try:
        return assignments.assign("mindu", reviewers[number], person(organiser), seen=1).state.value
    except Refusal as refusal:
        return type(refusal).__name__


def test_only_two_reviewers_are_assigned_at_the_same_moment(app, make, database_url, submitted):
    organiser = make.organiser()
    reviewers = []
    for number in range(PROCESSES):
        reviewer = make.user(email=f"r{number}@peers.example")
        make.role(reviewer, Role.REVIEWER)
        reviewers.append(reviewer.uid)

    answers = together(database_url, assign, organiser.uid, reviewers)

    assert answers == {"assigned": 2, "Conflict": PROCESSES - 2}
    assert session().query(Review).count() == 2


def finish_or_decide(number: int, organiser: str, reviewer: str, review: str) -> str:
    try:
        if number % 2:
            return judging.finish(review, judging.Draft(VECTOR), 0, by=person(reviewer)).state.value
        return decisions.accept("mindu", person(organiser), seen=1, reason="x").kind.value
    except Refusal as refusal:
        return type(refusal).__name__


def test_review_finished_while_the_decision_falls_counts_or_is_closed(app, make, database_url, submitted):
    organiser = make.organiser()
    reviewer = make.user(email="r@peers.example")
    make.role(reviewer, Role.REVIEWER)
    session().refresh(reviewer)
    review = assignments.assign("mindu", reviewer.uid, organiser, seen=1)

    answers = together(database_url, finish_or_decide, organiser.uid, reviewer.uid, review.uid, processes=2)

    assert answers["accepted"] == 1
    state = session().query(Review).one().state
    assert (state is ReviewState.DONE) is (answers["done"] == 1)
    assert (state is ReviewState.REMOVED) is (answers["NotFound"] == 1)


def save(number: int, reviewer: str, review: str) -> str:
    try:
        judging.save(review, judging.Draft(summary=f"window {number}"), 0, by=person(reviewer))
        return "saved"
    except Refusal as refusal:
        return type(refusal).__name__


def test_of_windows_that_save_at_the_same_moment_none_overwrites_another(app, make, database_url, submitted):
    organiser = make.organiser()
    reviewer = make.user(email="r@peers.example")
    make.role(reviewer, Role.REVIEWER)
    session().refresh(reviewer)
    review = assignments.assign("mindu", reviewer.uid, organiser, seen=1)

    answers = together(database_url, save, reviewer.uid, review.uid)

    assert answers == {"saved": 1, "Overtaken": PROCESSES - 1}
    assert session().query(Review).one().revision == 1
