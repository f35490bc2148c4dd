"""What the organisers decide, in which states, and what the city gets to know of it."""

import json

import pytest

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.models import AuditEntry, Band, Criterion, DecisionKind, ProjectState, ReviewRole, ReviewState
from marketplace.services.reviews import assignments, decisions, for_city, judging
from tests.reviewing import VECTOR


def request(case, **values):
    return decisions.request_changes(
        "mindu", case.organiser, **{"seen": 1, "message": "Please", "comments": {}, **values}
    )


def test_requested_changes_go_to_the_city_step_by_step(case, deliver):
    case.judged()

    decision = request(case, comments={"finance": "Accuracy?", "project": "", "else": "dropped"})

    assert case.project.state is ProjectState.CHANGES_REQUESTED
    assert (decision.kind, decision.comments) == (DecisionKind.CHANGES_REQUESTED, {"finance": "Accuracy?"})
    (letter,) = [letter for letter in deliver() if letter.kind == "changes_requested"]
    assert (letter.recipient, letter.locale) == ("rosa@manaus.gov.example", "pt")
    assert letter.context["message"] == "Please"
    assert [text for _, text in letter.context["comments"]] == ["Accuracy?"]


def test_request_without_words_is_refused(case):
    case.assign()

    with pytest.raises(Invalid):
        request(case, message=" ", comments={"finance": ""})

    session().refresh(case.project)
    assert case.project.state is ProjectState.IN_REVIEW


def test_accepting_complete_reviews_keeps_readiness_and_scores(case, deliver):
    case.judged()
    case.judged()

    decision = decisions.accept("mindu", case.organiser, seen=1, message="Well done")

    assert case.project.state is ProjectState.ACCEPTED
    assert (case.project.readiness, case.project.band) == (56.0, Band.PREPARATION)
    assert decision.scores == dict(zip([one.value for one in Criterion], VECTOR, strict=True))
    assert [letter.recipient for letter in deliver() if letter.kind == "project_accepted"] == [
        "rosa@manaus.gov.example"
    ]


def test_accepting_without_reviews_needs_a_reason_that_is_logged(case):
    assignments.begin("mindu", case.organiser, seen=1)

    with pytest.raises(Invalid) as refusal:
        decisions.accept("mindu", case.organiser, seen=1)
    decisions.accept("mindu", case.organiser, seen=1, reason="Reviewed on paper in 2025")

    assert refusal.value.field == "reason"
    entry = session().query(AuditEntry).filter_by(action="project.accepted").one()
    assert entry.details["reason"] == "Reviewed on paper in 2025"
    assert (case.project.readiness, case.project.state) == (None, ProjectState.ACCEPTED)


def test_accepting_while_reviewers_differ_needs_a_reason(case):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4)
    case.judged(2, 4, 4, 4, 4, 4, 4, 4, 4)

    with pytest.raises(Invalid):
        decisions.accept("mindu", case.organiser, seen=1)


def test_declining_needs_words(case, deliver):
    case.assign()

    with pytest.raises(Invalid) as refusal:
        decisions.decline("mindu", case.organiser, seen=1, message="")
    decisions.decline("mindu", case.organiser, seen=1, message="Outside the programme")

    assert refusal.value.field == "message"
    assert case.project.state is ProjectState.DECLINED
    assert [letter.context["message"] for letter in deliver() if letter.kind == "project_declined"] == [
        "Outside the programme"
    ]


def test_declined_update_leaves_the_project_in_the_book(case, make):
    make.listing(case.project, case.version)
    session().refresh(case.project)
    case.resubmit()
    case.assign()

    decisions.decline("mindu", case.organiser, seen=2, message="Not this change")

    assert case.project.state is ProjectState.PUBLISHED


def test_decision_closes_what_is_unfinished_and_keeps_what_is_done(case, deliver):
    done, unfinished = case.judged(), case.assign()

    request(case)

    assert (done.state, unfinished.state) == (ReviewState.DONE, ReviewState.REMOVED)
    reader = unfinished.reviewer.email
    assert [letter.recipient for letter in deliver() if letter.kind == "review_ended"] == [reader]


@pytest.mark.parametrize(
    "state", [state for state in ProjectState if state is not ProjectState.IN_REVIEW], ids=lambda state: state.value
)
def test_nothing_is_decided_outside_a_review(case, state):
    with atomic():
        case.project.state = state

    for act in (
        lambda: request(case),
        lambda: decisions.accept("mindu", case.organiser, seen=1, reason="x"),
        lambda: decisions.decline("mindu", case.organiser, seen=1, message="x"),
    ):
        with pytest.raises(Conflict):
            act()
    session().refresh(case.project)
    assert case.project.state is state


def test_second_decision_is_told_what_happened(case, make):
    case.assign()
    other = make.organiser(name="Pedro Mesa")
    request(case)

    with pytest.raises(Conflict) as refusal:
        decisions.accept("mindu", other, seen=1, reason="x")

    words = str(refusal.value)
    assert "Olga Desk" in words
    assert "Asked for changes of a project" in words
    assert "Changes requested" in words


def test_decision_on_a_version_that_is_not_the_newest_is_refused(case):
    case.assign()
    request(case)
    case.resubmit()
    case.assign(case.reviewer())

    with pytest.raises(Conflict):
        decisions.accept("mindu", case.organiser, seen=1, reason="x")

    assert decisions.accept("mindu", case.organiser, seen=2, reason="x").version.number == 2


def test_only_organisers_decide(case):
    review = case.assign()

    for person in (case.manager, review.reviewer):
        with pytest.raises(NotFound):
            decisions.accept("mindu", person, seen=1, reason="x")


def test_suggestions_join_finished_reviews_only(case):
    case.judged(comments={"finance": "One."}, summary="Good.")
    case.judged(comments={"finance": "Two.", "project": "Three."})
    found = decisions.suggested(case.project)

    assert (found["finance"], found["project"], found["impact"]) == ("One.\n\nTwo.", "Three.", "")
    assert decisions.suggested_message(case.project) == "Good."


def test_city_sees_nothing_before_the_decision(case):
    case.judged()
    case.judged()

    assert for_city.feedback(case.project) == []


def test_city_sees_scores_advice_and_its_own_beside(case, make):
    with atomic():
        case.version.content = {**case.version.content, "self_scores": {one.value: "4" for one in Criterion}}
    case.judged()
    case.judged()

    request(case, comments={"finance": "Accuracy?"})

    (found,) = for_city.feedback(case.project)
    assert (found.version, found.readiness, found.own_readiness, found.band) == (1, 56.0, 100.0, Band.PREPARATION)
    finance = found.lines[2]
    assert (finance.number, finance.own, finance.score, finance.advice.code) == (3, 4, 2, "3.4")
    assert found.comments == [("Finance", "Accuracy?")]


def test_city_never_gets_a_reviewers_name(case, deliver):
    names = ["Zenobia Quark", "Ximena Void", "Yolanda Moderation"]
    first, second, third = (case.reviewer(name=name) for name in names)
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4, person=first, comments={"finance": "Fine."}, summary="Good.")
    case.judged(2, 4, 4, 4, 4, 4, 4, 4, 4, person=second, comments={"finance": "Not fine."})
    moderation = case.assign(third, role=ReviewRole.MODERATOR)
    judging.finish(moderation.uid, judging.Draft({"strategy": "3"}), 0, by=third)
    request(case, message=decisions.suggested_message(case.project), comments=decisions.suggested(case.project))

    feedback = repr(for_city.feedback(case.project))
    words = [word for name in names for word in name.split()] + [one.email for one in (first, second, third)]
    told = [letter.context for letter in deliver() if letter.recipient == "rosa@manaus.gov.example"]
    assert told
    assert not any(word in json.dumps(told) + feedback for word in words)
