"""Who reviews which version: candidates, assigning, replacing, reminding."""

from datetime import timedelta

import pytest

from marketplace import clock as now
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import AuditEntry, ConflictOfInterest, ProjectState, ReviewRole, ReviewState, Role, User
from marketplace.services.reviews import assignments, judging
from tests.reviewing import draft


def letters_of(deliver, kind):
    return [letter for letter in deliver() if letter.kind == kind]


def test_first_assignment_takes_the_project_into_review_and_writes_to_the_reviewer(case, clock, deliver):
    ines = case.reviewer(name="Inés Vega", email="ines@peers.example", locale="es", timezone="America/Bogota")

    review = case.assign(ines)

    assert case.project.state is ProjectState.IN_REVIEW
    assert (review.state, review.role, review.assigned_by_id) == (
        ReviewState.ASSIGNED,
        ReviewRole.REVIEWER,
        case.organiser.id,
    )
    assert review.due_at == now.now() + timedelta(days=14)
    acts = [entry.action for entry in session().query(AuditEntry).filter_by(object_uid=case.project.uid)]
    assert acts == ["project.review_begun", "review.assigned"]
    (letter,) = letters_of(deliver, "review_assigned")
    assert (letter.recipient, letter.locale) == ("ines@peers.example", "es")
    assert letter.context["project"] == "Linear park along the Mindu stream"


def test_third_reviewer_is_one_too_many(case):
    case.assign()
    case.assign()

    with pytest.raises(Conflict):
        case.assign()


def test_same_person_cannot_judge_a_version_twice(case):
    review = case.assign()

    with pytest.raises(Invalid) as refusal:
        case.assign(review.reviewer)

    assert refusal.value.field == "reviewer"


@pytest.mark.parametrize("who", ["nobody", "no reviewer", "another event's"])
def test_only_reviewers_of_this_project_can_be_assigned(case, who):
    person = case.make.user(email="x@peers.example")
    if who == "another event's":
        case.make.role(person, Role.REVIEWER, case.make.event())
        session().refresh(person)
    uid = "x" * 22 if who == "nobody" else person.uid

    with pytest.raises(Invalid) as refusal:
        assignments.assign("mindu", uid, case.organiser, seen=1)

    assert refusal.value.field == "reviewer"
    assert case.project.state is ProjectState.SUBMITTED


def test_member_of_the_city_cannot_be_assigned_even_despite(case):
    case.make.role(case.manager, Role.REVIEWER)
    session().refresh(case.manager)

    with pytest.raises(Invalid) as refusal:
        case.assign(case.manager, despite=True)

    assert "Same organisation" in str(refusal.value)


def test_softer_conflict_must_be_accepted_and_is_kept(case):
    reviewer = case.reviewer(email="x@example.org")

    with pytest.raises(Invalid) as refusal:
        case.assign(reviewer)
    review = case.assign(reviewer, despite=True)

    assert refusal.value.field == "despite"
    assert review.conflicts == [ConflictOfInterest.SAME_DOMAIN]


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_day_must_lie_within_a_year(case, days):
    with pytest.raises(Invalid) as refusal:
        case.assign(due_at=now.now() + timedelta(days=days))

    assert refusal.value.field == "due_on"


@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.CHANGES_REQUESTED, ProjectState.PUBLISHED])
def test_nothing_is_assigned_outside_a_review(case, state):
    with atomic():
        case.project.state = state

    with pytest.raises(Conflict):
        case.assign()


def test_organiser_who_saw_an_older_version_is_refused(case):
    case.resubmit()

    with pytest.raises(Conflict):
        assignments.assign("mindu", case.reviewer().uid, case.organiser, seen=1)


def test_only_organisers_assign(case):
    reviewer = case.reviewer()
    for person in (case.manager, reviewer, case.make.user()):
        with pytest.raises(NotFound):
            assignments.assign("mindu", reviewer.uid, person, seen=1)
        with pytest.raises(NotAllowed):
            assignments.candidates(case.project, person)


def test_moderator_is_refused_until_two_finished_reviews_differ(case):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4)
    with pytest.raises(Conflict):
        case.assign(role=ReviewRole.MODERATOR)
    case.judged(4, 4, 2, 4, 4, 4, 4, 4, 4)

    moderation = case.assign(role=ReviewRole.MODERATOR)

    assert moderation.role is ReviewRole.MODERATOR
    with pytest.raises(Conflict):
        case.assign(role=ReviewRole.MODERATOR)


def test_candidates_show_load_conflicts_and_who_knows_the_project(case, make):
    busy, free, known = case.reviewer(), case.reviewer(), case.reviewer()
    own = case.reviewer(email="own@city.example")
    other = make.project(make.city(), state=ProjectState.IN_REVIEW)
    make.review(make.version(other, number=1), busy)
    make.membership(own, case.city)
    case.judged(person=known)
    case.resubmit()
    make.user(email="nobody@peers.example")

    found = {one.person.id: one for one in assignments.candidates(case.project, case.organiser)}

    assert set(found) == {busy.id, free.id, known.id, own.id}
    assert (found[busy.id].load, found[free.id].load) == (1, 0)
    assert (found[known.id].versions, found[known.id].is_assigned) == (1, False)
    assert ConflictOfInterest.SAME_ORGANISATION in found[own.id].conflicts
    assert [found[one].is_free for one in (busy.id, free.id, known.id, own.id)] == [True, True, True, False]
    assert list(found)[-1] == own.id


def test_candidates_take_a_fixed_number_of_queries(case, count_queries):
    for _ in range(15):
        case.reviewer()

    with count_queries() as statements:
        assignments.candidates(case.project, case.organiser)

    assert len(statements) <= 14


def test_load_forgets_reviews_of_projects_that_left_the_review(case):
    review = case.assign()
    assert assignments.load() == {review.reviewer_id: 1}
    with atomic():
        case.project.state = ProjectState.WITHDRAWN

    assert assignments.load() == {}


def test_removed_reviewer_loses_access_and_gets_a_letter(case, deliver):
    review = case.assign()

    assignments.remove(review.uid, case.organiser, reason="Changed jobs")

    assert (review.state, review.end_reason) == (ReviewState.REMOVED, "Changed jobs")
    with pytest.raises(NotFound):
        judging.find(review.uid, review.reviewer)
    with pytest.raises(Conflict):
        assignments.remove(review.uid, case.organiser, reason="again")
    assert len(letters_of(deliver, "review_ended")) == 1


def test_replaced_reviewer_makes_place_for_another_with_the_same_day(case):
    first, second = case.assign(), case.assign()
    third = case.reviewer()

    new = assignments.remove(first.uid, case.organiser, reason="Ill", instead=third.uid)

    assert (new.reviewer_id, new.role, new.due_at) == (third.id, ReviewRole.REVIEWER, first.due_at)
    assert {one.state for one in assignments.of_project(case.project)} == {ReviewState.REMOVED, ReviewState.ASSIGNED}
    assert second.state is ReviewState.ASSIGNED


def test_replacing_by_somebody_with_a_conflict_changes_nothing(case):
    review = case.assign()

    with pytest.raises(Invalid) as refusal:
        assignments.remove(review.uid, case.organiser, reason="Ill", instead=case.manager.uid)

    session().refresh(review)
    assert refusal.value.field == "instead"
    assert review.state is ReviewState.ASSIGNED


def test_removing_needs_a_reason(case):
    with pytest.raises(Invalid) as refusal:
        assignments.remove(case.assign().uid, case.organiser, reason="  ")

    assert refusal.value.field == "reason"


def test_finished_review_stays_while_a_moderator_settles_it(case):
    high = case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4)
    case.judged(2, 4, 4, 4, 4, 4, 4, 4, 4)
    moderation = case.assign(role=ReviewRole.MODERATOR)

    with pytest.raises(Conflict):
        assignments.remove(high.uid, case.organiser, reason="Error")
    assignments.remove(moderation.uid, case.organiser, reason="Error")
    assignments.remove(high.uid, case.organiser, reason="Error")

    assert high.state is ReviewState.REMOVED


def test_reminder_comes_once_before_the_day(case, clock, deliver):
    late = case.assign().reviewer.email
    case.judged()
    clock.shift(timedelta(days=10))
    assert letters_of(deliver, "review_reminder") == []
    clock.shift(timedelta(days=1, hours=1))

    reminded = letters_of(deliver, "review_reminder")
    clock.shift(timedelta(hours=2))

    assert [letter.recipient for letter in reminded] == [late]
    assert len(letters_of(deliver, "review_reminder")) == 1


def test_postponed_review_is_reminded_anew(case, clock, deliver):
    uid, organiser = case.assign().uid, case.organiser.id
    clock.shift(timedelta(days=12))
    deliver()

    assignments.postpone(uid, now.now() + timedelta(days=10), session().get(User, organiser))
    clock.shift(timedelta(days=8))

    assert len(letters_of(deliver, "review_reminder")) == 2


def test_nobody_is_reminded_of_a_project_that_was_withdrawn(case, clock, deliver):
    case.assign()
    with atomic():
        case.project.state = ProjectState.WITHDRAWN
    clock.shift(timedelta(days=12))

    assert letters_of(deliver, "review_reminder") == []


def test_review_of_somebody_whose_role_was_taken_is_closed_to_them(case, make):
    review = case.assign()
    with atomic() as current:
        current.delete(review.reviewer.roles[0])
    session().expire_all()

    with pytest.raises(NotFound):
        judging.save(review.uid, draft(), 0, by=review.reviewer)
