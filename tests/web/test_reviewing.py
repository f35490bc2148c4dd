"""The reviewers' room: the list, the pitch beside the score sheet, saving, finishing, giving back."""

import re
from datetime import timedelta

import pytest

from marketplace.database import atomic, session
from marketplace.models import ProjectState, Review, ReviewRole, ReviewState
from marketplace.services.reviews import decisions
from tests.reviewing import VECTOR, scores_of


def sent(*points: int, revision: int = 0, action: str = "save", **more: str) -> dict[str, str]:
    scores = {f"scores-{name}": score for name, score in scores_of(*(points or VECTOR)).items()}
    return {**scores, "revision": str(revision), "action": action, **more}


def test_room_is_for_reviewers_only(case, client, login_as):
    assert client.get("/reviews").status_code == 303
    assert login_as(case.manager).get("/reviews").status_code == 403
    assert login_as(case.organiser).get("/reviews").status_code == 403


def test_reviewer_without_reviews_is_told_so(case, login_as):
    page = login_as(case.reviewer()).get("/reviews")

    assert "Nothing to review" in page.text


def test_list_shows_state_day_and_way_in(case, login_as, clock):
    review = case.assign()
    clock.shift(timedelta(days=15))

    page = login_as(review.reviewer).get("/reviews")

    assert f'href="/reviews/{review.uid}"' in page.text
    assert "Linear park along the Mindu stream" in page.text
    assert "overdue" in page.text


def test_page_shows_answers_anchors_and_the_citys_own_scores(case, login_as):
    with atomic():
        case.version.content = {**case.version.content, "self_scores": {"finance": "3"}}
    review = case.assign()

    page = login_as(review.reviewer).get(f"/reviews/{review.uid}")

    for words in (
        "Every winter the Mindu floods four districts.",
        "USD 20,000,000",
        "City budget",
        "Cost within ±30 %",
        "The city gives itself 3.",
    ):
        assert words in page.text.replace("\xa0", " "), words
    assert page.text.count('type="radio"') == 45
    assert 'name="comments-maturity"' in page.text


def test_page_hides_whom_the_city_wants_to_meet(case, login_as, make):
    make.organisation(name="Secret Fund", slug="secret-fund")
    with atomic():
        case.version.content = {
            **case.version.content,
            "wanted_funders": ["secret-fund"],
            "blocked_orgs": ["secret-fund"],
        }
    review = case.assign()

    page = login_as(review.reviewer).get(f"/reviews/{review.uid}")

    assert page.status_code == 200
    assert "Secret Fund" not in page.text
    assert "secret-fund" not in page.text


def test_saved_form_comes_back_as_it_was(case, login_as):
    review = case.assign()
    browser = login_as(review.reviewer)

    answer = browser.post(
        f"/reviews/{review.uid}",
        data=sent(**{"notes-finance": "A <b>model</b>", "comments-maturity": "More", "summary": "In all"}),
    )
    page = browser.get(answer.location)

    assert answer.status_code == 303
    assert "A &lt;b&gt;model&lt;/b&gt;" in page.text
    assert len(re.findall(r'<input[^>]*checked[^>]*type="radio"', page.text)) == 9
    assert 'name="revision" type="hidden" value="1"' in page.text


def test_page_that_saves_itself_gets_json(case, login_as):
    review = case.assign()
    browser = login_as(review.reviewer)
    headers = {"Accept": "application/json"}

    first = browser.post(f"/reviews/{review.uid}", data=sent(summary="One"), headers=headers)
    stale = browser.post(f"/reviews/{review.uid}", data=sent(summary="Two"), headers=headers)
    wrong = browser.post(f"/reviews/{review.uid}", data=sent(summary="x" * 5000, revision=1), headers=headers)

    assert (first.status_code, first.json["revision"]) == (200, 1)
    assert (stale.status_code, "another window" in stale.json["message"]) == (409, True)
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["summary"])


def test_older_window_keeps_its_text_and_shows_the_newer_beside(case, login_as):
    review = case.assign()
    browser = login_as(review.reviewer)
    browser.post(f"/reviews/{review.uid}", data=sent(summary="From the first window"))

    answer = browser.post(f"/reviews/{review.uid}", data=sent(summary="From the second window"))

    assert answer.status_code == 409
    assert "From the first window" in answer.text
    assert "From the second window" in answer.text
    assert 'name="revision" type="hidden" value="1"' in answer.text
    again = browser.post(f"/reviews/{review.uid}", data=sent(summary="From the second window", revision=1))
    assert again.status_code == 303


def test_finish_without_a_score_points_to_it(case, login_as):
    review = case.assign()
    form = sent(action="finish", summary="Kept")
    del form["scores-climate"]

    answer = login_as(review.reviewer).post(f"/reviews/{review.uid}", data=form)

    assert answer.status_code == 422
    assert 'href="#scores-climate-0"' in answer.text
    assert "Kept" in answer.text


def test_finished_review_is_read_only_and_shows_the_other_one(case, login_as):
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4, notes={"finance": "Their note"})
    review = case.assign()
    browser = login_as(review.reviewer)
    assert "Their note" not in browser.get(f"/reviews/{review.uid}").text

    answer = browser.post(f"/reviews/{review.uid}", data=sent(action="finish"))
    page = browser.get(f"/reviews/{review.uid}")

    assert answer.status_code == 303
    assert "<textarea" not in page.text
    assert "Reviewer 1: 4" in page.text
    assert "Their note" in page.text
    assert browser.post(f"/reviews/{review.uid}", data=sent()).status_code == 409


def test_moderator_sees_only_where_two_differ_and_no_names(case, login_as):
    first = case.reviewer(name="Zenobia Quark")
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4, person=first, notes={"finance": "Model is there"})
    case.judged(4, 4, 2, 4, 4, 4, 4, 4, 4)
    review = case.assign(role=ReviewRole.MODERATOR)
    browser = login_as(review.reviewer)

    page = browser.get(f"/reviews/{review.uid}")

    assert page.text.count('type="radio"') == 5
    assert "Reviewer 1: 4" in page.text
    assert "Model is there" in page.text
    assert "Zenobia" not in page.text
    answer = browser.post(f"/reviews/{review.uid}", data={"scores-finance": "3", "revision": "0", "action": "finish"})
    assert answer.status_code == 303
    assert session().get(Review, review.id).state is ReviewState.DONE


def test_next_version_shows_differences_and_what_was_asked(case, login_as):
    first = case.judged()
    decisions.request_changes(
        "mindu", case.organiser, seen=1, message="Costs?", comments={"finance": "Accuracy, please"}
    )
    case.resubmit(cost_accuracy_pct=10, served_areas="Zona Norte")
    review = case.assign(first.reviewer)

    page = login_as(review.reviewer).get(f"/reviews/{review.uid}")

    for words in (
        "Costs?",
        "Accuracy, please",
        "<del>Leste</del><ins>Norte</ins>",
        "<del>20\xa0%</del>",
        "<ins>10\xa0%</ins>",
    ):
        assert words in page.text, words


@pytest.mark.parametrize("way", ["another reviewer", "decided", "removed", "nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "give back"])
def test_review_of_others_or_of_the_past_does_not_exist(case, login_as, way, method):
    review = case.assign()
    reader, uid = review.reviewer, review.uid
    if way == "another reviewer":
        reader = case.assign().reviewer
    elif way == "decided":
        decisions.accept("mindu", case.organiser, seen=1, reason="x")
    elif way == "removed":
        with atomic():
            review.state = ReviewState.REMOVED
    else:
        uid = "x" * 22
    browser = login_as(reader)
    ask = {
        "GET": lambda: browser.get(f"/reviews/{uid}"),
        "POST": lambda: browser.post(f"/reviews/{uid}", data=sent()),
        "give back": lambda: browser.post(f"/reviews/{uid}/give-back", data={"reason": "x"}),
    }

    answer = ask[method]()

    assert answer.status_code == 404
    assert "Mindu" not in answer.text


def test_review_is_given_back_with_a_reason(case, login_as):
    review = case.assign()
    browser = login_as(review.reviewer)

    empty = browser.post(f"/reviews/{review.uid}/give-back", data={})
    answer = browser.post(
        f"/reviews/{review.uid}/give-back", data={"reason": "My cousin works there", "has_conflict": "y"}
    )

    assert empty.status_code == 422
    assert answer.status_code == 303
    session().refresh(review)
    assert (review.state, review.conflicts) == (ReviewState.DECLINED, ["declared"])
    assert browser.get(f"/reviews/{review.uid}").status_code == 404


@pytest.mark.parametrize("revision", ["", "x", "-1", "99999999999999999999", "٣"])
def test_revision_that_cannot_be_read_overwrites_nothing(case, login_as, revision):
    review = case.assign()
    browser = login_as(review.reviewer)
    browser.post(f"/reviews/{review.uid}", data=sent(summary="Stored"))

    answer = browser.post(f"/reviews/{review.uid}", data={**sent(summary="Other"), "revision": revision})

    assert answer.status_code == 409
    session().refresh(review)
    assert review.summary == "Stored"


def test_score_that_is_none_is_refused(case, login_as):
    review = case.assign()

    answer = login_as(review.reviewer).post(f"/reviews/{review.uid}", data={**sent(), "scores-finance": "5"})

    assert answer.status_code == 422


def test_page_takes_a_fixed_number_of_queries(case, login_as, count_queries):
    case.judged()
    review = case.assign()
    browser = login_as(review.reviewer)

    with count_queries() as statements:
        assert browser.get(f"/reviews/{review.uid}").status_code == 200

    assert len(statements) <= 30


def test_withdrawn_project_leaves_the_list(case, login_as):
    review = case.assign()
    with atomic():
        case.project.state = ProjectState.WITHDRAWN

    assert "Nothing to review" in login_as(review.reviewer).get("/reviews").text
