"""Writing a review: saved as it is written, finished, given back; who sees what meanwhile."""

import pytest

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import AuditEntry, Band, Criterion, ProjectState, ReviewRole, ReviewState, Role
from marketplace.services.reviews import assignments, conflicts, decisions, judging
from marketplace.services.reviews.judging import Draft
from tests.reviewing import draft, scores_of


def test_saved_draft_may_be_incomplete(case):
    review = case.assign()

    judging.save(
        review.uid,
        Draft({"finance": "3"}, {"finance": "Sound."}, {"maturity": "Say more."}, " In all "),
        0,
        by=review.reviewer,
    )

    assert review.state is ReviewState.STARTED
    assert judging.draft_of(review) == Draft(
        {"finance": "3"}, {"finance": "Sound."}, {"maturity": "Say more."}, "In all"
    )
    assert review.revision == 1


def test_saving_the_same_again_changes_nothing(case):
    review = case.assign()
    judging.save(review.uid, draft(), 0, by=review.reviewer)

    judging.save(review.uid, draft(), 0, by=review.reviewer)

    assert review.revision == 1
    acts = [entry.action for entry in session().query(AuditEntry).filter(AuditEntry.action == "review.started")]
    assert len(acts) == 1


def test_draft_of_an_older_page_is_refused_and_shows_what_is_stored(case):
    review = case.assign()
    judging.save(review.uid, Draft(summary="first window"), 0, by=review.reviewer)

    with pytest.raises(judging.Overtaken) as refusal:
        judging.save(review.uid, Draft(summary="second window"), 0, by=review.reviewer)

    assert refusal.value.stored.summary == "first window"
    judging.save(review.uid, Draft(summary="second window"), 1, by=review.reviewer)
    assert review.summary == "second window"


@pytest.mark.parametrize("score", ["5", "-1", "2.5", "x", "²", "٣"])
def test_score_outside_0_to_4_is_refused(case, score):
    review = case.assign()

    with pytest.raises(Invalid) as refusal:
        judging.save(review.uid, Draft({"finance": score}), 0, by=review.reviewer)

    assert refusal.value.field == "scores-finance"


def test_what_is_neither_criterion_nor_step_is_dropped(case):
    review = case.assign()

    judging.save(review.uid, Draft({"x": "3"}, {"y": "a"}, {"z": "b"}), 0, by=review.reviewer)

    assert judging.draft_of(review) == Draft()


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (Draft(notes={"finance": "x" * 2001}), "notes-finance"),
        (Draft(comments={"maturity": "x" * 4001}), "comments-maturity"),
        (Draft(summary="x" * 4001), "summary"),
    ],
)
def test_text_that_is_too_long_is_refused_at_its_field(case, written, field):
    review = case.assign()

    with pytest.raises(Invalid) as refusal:
        judging.save(review.uid, written, 0, by=review.reviewer)

    assert refusal.value.field == field


def test_finish_needs_every_score(case):
    review = case.assign()
    scores = scores_of(3, 2, 2, 2, 3, 2, 3, 1, 2)
    del scores["climate"]

    with pytest.raises(Invalid) as refusal:
        judging.finish(review.uid, Draft(scores), 0, by=review.reviewer)

    assert refusal.value.field == "scores-climate"
    session().refresh(review)
    assert review.state is ReviewState.ASSIGNED


def test_finished_review_is_not_written_any_more(case):
    review = case.judged()

    for act in (judging.save, judging.finish):
        with pytest.raises(Conflict):
            act(review.uid, draft(), review.revision, by=review.reviewer)
    with pytest.raises(Conflict):
        judging.decline(review.uid, "Late", review.reviewer, has_conflict=False)


def test_two_finished_reviews_give_readiness_and_a_letter_to_the_organisers(case, deliver):
    case.judged()
    assert case.project.readiness is None

    case.judged()

    assert (case.project.readiness, case.project.band) == (56.0, Band.PREPARATION)
    (letter,) = [letter for letter in deliver() if letter.kind == "reviews_done"]
    assert (letter.recipient_name, letter.context["readiness"], letter.context["differs"]) == ("Olga Desk", 56.0, [])


def test_gap_of_two_asks_the_organisers_for_a_moderator(case, deliver):
    case.judged(3, 2, 4, 2, 3, 2, 3, 1, 2)
    case.judged(3, 2, 2, 2, 3, 2, 3, 1, 2)

    assert case.project.readiness is None
    (letter,) = [letter for letter in deliver() if letter.kind == "reviews_done"]
    assert letter.context["differs"] == ["Cost, revenue, finance"]


def test_moderator_judges_only_where_the_two_differ_and_that_counts(case, deliver):
    case.judged(3, 2, 4, 2, 3, 2, 3, 1, 2, notes={"finance": "Model is there.", "climate": "hidden"})
    case.judged(3, 2, 2, 2, 3, 2, 3, 1, 2, notes={"finance": "No model."})
    moderation = case.assign(role=ReviewRole.MODERATOR)

    assert judging.criteria(moderation) == [Criterion.FINANCE]
    shown = judging.others(moderation)
    assert [one.scores for one in shown] == [{Criterion.FINANCE: 4}, {Criterion.FINANCE: 2}]
    assert [one.notes for one in shown] == [{"finance": "Model is there."}, {"finance": "No model."}]
    judging.finish(moderation.uid, Draft({"finance": "2", "climate": "4"}), 0, by=moderation.reviewer)

    assert moderation.scores == {"finance": 2}
    assert case.project.readiness == 56.0
    assert [letter.context["readiness"] for letter in deliver() if letter.kind == "reviews_done"] == [None, 56.0]


def test_other_reviews_are_hidden_until_ones_own_is_finished(case):
    case.judged(1, 1, 1, 1, 1, 1, 1, 1, 1)
    review = case.assign()

    assert judging.others(review) == []
    judging.finish(review.uid, draft(), 0, by=review.reviewer)

    assert [one.scores[Criterion.FINANCE] for one in judging.others(review)] == [1]


@pytest.mark.parametrize("who", ["another reviewer", "organiser", "city", "stranger"])
def test_review_exists_only_for_its_reviewer(case, make, who):
    review = case.assign()
    person = {
        "another reviewer": case.assign().reviewer,
        "organiser": case.organiser,
        "city": case.manager,
        "stranger": make.user(),
    }[who]

    with pytest.raises(NotFound):
        judging.find(review.uid, person)
    with pytest.raises(NotFound):
        judging.save(review.uid, draft(), 0, by=person)


@pytest.mark.parametrize(
    "state", [state for state in ProjectState if state is not ProjectState.IN_REVIEW], ids=lambda state: state.value
)
def test_review_exists_only_while_the_project_is_under_review(case, state):
    review, done = case.assign(), case.judged()
    assert judging.find(done.uid, done.reviewer) == done
    with atomic():
        case.project.state = state

    for one in (review, done):
        with pytest.raises(NotFound):
            judging.find(one.uid, one.reviewer)
    assert judging.mine(review.reviewer) == []


def test_review_of_an_older_version_is_over(case):
    review = case.assign()
    case.resubmit()
    case.assign(case.reviewer())

    with pytest.raises(NotFound):
        judging.find(review.uid, review.reviewer)


def test_next_version_shows_what_was_asked_and_the_version_before(case):
    first = case.judged()
    decisions.request_changes("mindu", case.organiser, seen=1, message="Cost?", comments={"finance": "Accuracy."})
    case.resubmit(cost_accuracy_pct=10)

    review = case.assign(first.reviewer)

    assert judging.previous(review).number == 1
    assert judging.asked_before(review).comments == {"finance": "Accuracy."}
    assert judging.previous(first) is None
    assert judging.asked_before(first) is None


def test_declined_review_goes_back_with_its_reason(case, deliver):
    review = case.assign()

    judging.decline(review.uid, "No time", review.reviewer, has_conflict=False)

    assert (review.state, review.end_reason, review.conflicts) == (ReviewState.DECLINED, "No time", [])
    with pytest.raises(NotFound):
        judging.find(review.uid, review.reviewer)
    assert case.assign(review.reviewer).state is ReviewState.ASSIGNED
    (letter,) = [letter for letter in deliver() if letter.kind == "review_declined"]
    assert (letter.recipient_name, letter.context["reason"]) == ("Olga Desk", "No time")


def test_declared_conflict_bars_from_the_project(case):
    review = case.assign()

    judging.decline(review.uid, "My brother works there", review.reviewer, has_conflict=True)

    assert conflicts.of(case.project, review.reviewer) == {"declared"}
    with pytest.raises(Invalid):
        case.assign(review.reviewer, despite=True)


def test_giving_back_needs_a_reason(case):
    review = case.assign()

    with pytest.raises(Invalid):
        judging.decline(review.uid, " ", review.reviewer, has_conflict=True)


def test_reviewer_of_an_event_judges_what_answers_its_calls(case, make):
    from marketplace.models import Call

    event = make.event()
    call = make.store(
        Call(
            slug="call",
            timezone="UTC",
            opens_at=event.starts_at,
            closes_at=event.ends_at,
            created_at=event.starts_at,
            event_id=event.id,
        )
    )
    with atomic():
        case.project.call_id = call.id
    person = make.user(email="e@peers.example")
    make.role(person, Role.REVIEWER, event)
    session().refresh(person)

    review = case.assign(person)

    assert person.id in {one.person.id for one in assignments.candidates(case.project, case.organiser)}
    assert judging.find(review.uid, person) == review
