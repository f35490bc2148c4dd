"""The letters of a review, in every language; what the city gets names no reviewer."""

import pytest

from marketplace.database import session
from marketplace.i18n import LANGUAGES
from marketplace.models import Letter, ReviewRole
from marketplace.services import outbox
from marketplace.services.reviews import assignments, decisions, judging, letters

KINDS = {
    "review_assigned",
    "review_moderation",
    "review_reminder",
    "review_ended",
    "review_declined",
    "reviews_done",
    "changes_requested",
    "project_accepted",
    "project_declined",
}
TO_CITY = {"changes_requested", "project_accepted", "project_declined"}


@pytest.fixture
def written(case) -> list[Letter]:
    """One letter of every kind at least."""
    names = [f"Zenobia{number} Quark{number}" for number in range(6)]
    people = [case.reviewer(name=name) for name in names]
    declined = case.assign(people[0])
    judging.decline(declined.uid, "No time", people[0], has_conflict=True)
    ended = case.assign(people[1])
    letters.remind(ended)
    assignments.remove(ended.uid, case.organiser, reason="x")
    case.judged(4, 4, 4, 4, 4, 4, 4, 4, 4, person=people[2], comments={"finance": "Fine.\n\nReally."})
    case.judged(4, 4, 2, 4, 4, 4, 4, 4, 4, person=people[3])
    moderation = case.assign(people[4], role=ReviewRole.MODERATOR)
    judging.finish(moderation.uid, judging.Draft({"finance": "3"}), 0, by=people[4])
    comments = decisions.suggested(case.project)
    decisions.request_changes("mindu", case.organiser, seen=1, message="Please\n\nchange", comments=comments)
    for number, act in ((2, decisions.accept), (3, decisions.decline)):
        case.resubmit()
        assignments.begin("mindu", case.organiser, seen=number)
        values = {"reason": "x"} if act is decisions.accept else {}
        act("mindu", case.organiser, seen=number, message="Words", **values)
    return list(session().query(Letter).order_by(Letter.id))


def test_every_letter_can_be_read_in_every_language(written):
    assert {letter.kind for letter in written} >= KINDS
    for letter in written:
        for locale in LANGUAGES:
            content = outbox.render(letter, locale=locale)
            for text in (content.subject, content.text, content.html):
                assert text.strip()
                assert "{{" not in text
                assert "%(" not in text


def test_letters_to_the_city_name_no_reviewer_and_lead_to_its_project(written):
    told = [outbox.render(letter) for letter in written if letter.kind in TO_CITY]

    assert len(told) == 3
    for content in told:
        assert "Zenobia" not in content.text + content.html + content.subject
        assert "Quark" not in content.text + content.html + content.subject
        assert "/my/projects/mindu" in content.text


def test_comments_of_several_paragraphs_stay_paragraphs(written):
    (content,) = [outbox.render(letter) for letter in written if letter.kind == "changes_requested"]

    assert content.html.count("<p") >= 6
    assert "Fine." in content.html
    assert "Really." in content.html


def test_due_day_is_written_in_the_reviewers_zone(case):
    reviewer = case.reviewer(timezone="America/Bogota")

    case.assign(reviewer)

    (letter,) = session().query(Letter).filter_by(kind="review_assigned")
    assert "UTC−5" in outbox.render(letter).text


def test_scores_of_the_test_vector_reach_the_organisers(case):
    case.judged()
    case.judged()

    (letter,) = session().query(Letter).filter_by(kind="reviews_done")
    assert "Readiness: 56 of 100 (Preparation)" in outbox.render(letter, locale="en").text
