from dataclasses import replace

import pytest
from sqlalchemy import select

from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid
from marketplace.models import EventState, QuestionKind, RegistrationAnswer
from marketplace.services import letters, questions, registration
from marketplace.services.questions import Details
from tests.services.test_registration import application


@pytest.fixture
def asked(app, make, clock):
    """An event that asks whether somebody comes by car, and only then for the number plate."""
    event, by = make.event(), make.organiser()
    travel = questions.save(
        event.slug,
        Details(
            QuestionKind.CHOICE,
            {"en": "How do you travel?", "es": "¿Cómo viaja?"},
            choices=({"en": "Train"}, {"en": "Car", "es": "Auto"}),
            is_required=True,
        ),
        by,
    )
    plate = questions.save(
        event.slug,
        Details(
            QuestionKind.TEXT,
            {"en": "Number plate"},
            is_required=True,
            depends_on=travel.uid,
            depends_on_answer="c2",
            position=1,
        ),
        by,
    )
    return event, by, travel, plate


def register(make, event, answers, **values):
    ticket = make.ticket(event)
    return registration.register(event.slug, application(ticket, answers=answers, **values))


def test_conditional_question_is_asked_only_where_its_condition_holds(make, asked):
    event, _, travel, plate = asked

    train = register(make, event, {travel.uid: "c1", plate.uid: "ABC"})
    car = register(make, event, {travel.uid: "c2", plate.uid: "ABC 123"}, email="b@example.org")
    with pytest.raises(Invalid) as refusal:
        register(make, event, {travel.uid: "c2"}, email="c@example.org")

    assert refusal.value.field == f"answer_{plate.uid}"
    assert [questions.words(answer) for answer in train.answers] == ["Train"]
    assert [questions.words(answer) for answer in car.answers] == ["Car", "ABC 123"]


@pytest.mark.parametrize("answer", ["", "c9", "<script>", "x" * 3000])
def test_answer_that_is_missing_or_no_choice_is_refused(make, asked, answer):
    event, _, travel, _ = asked

    with pytest.raises(Invalid) as refusal:
        register(make, event, {travel.uid: answer})

    assert refusal.value.field == f"answer_{travel.uid}"


def test_consent_keeps_the_words_that_were_agreed_to(make, asked):
    """G03"""
    event, by, travel, _ = asked
    visit = questions.save(event.slug, Details(QuestionKind.CONSENT, {"en": "I agree to the visit."}), by)
    mine = register(make, event, {travel.uid: "c1", visit.uid: "yes"})

    questions.save(event.slug, Details(QuestionKind.CONSENT, {"en": "I agree to everything."}), by, visit.uid)

    answer = session().scalar(select(RegistrationAnswer).where(RegistrationAnswer.question_id == visit.id))
    assert (answer.text, answer.wording, answer.registration_id) == ("yes", "I agree to the visit.", mine.id)


def test_question_with_answers_is_retired_and_another_is_removed(make, asked):
    event, by, travel, plate = asked
    register(make, event, {travel.uid: "c1"})

    with pytest.raises(Conflict):
        questions.retire(event.slug, travel.uid, by)
    questions.retire(event.slug, plate.uid, by)
    questions.retire(event.slug, travel.uid, by)

    assert questions.asked(event) == []
    assert [question.uid for question in questions.every(event)] == [travel.uid]


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        pytest.param([1], "“Train” was chosen by somebody", id="chosen"),
        pytest.param([0], "Another question is asked after", id="another question waits for it"),
    ],
)
def test_choice_in_use_stays_and_no_other_gets_its_code(make, asked, kept, words):
    event, by, travel, _ = asked
    mine = register(make, event, {travel.uid: "c1"})
    now = questions.details_of(travel)
    left = tuple(now.choices[index] for index in kept)

    with pytest.raises(Invalid) as refusal:
        questions.save(event.slug, replace(now, choices=(*left, {"en": "Ship"})), by, travel.uid)
    questions.save(event.slug, replace(now, choices=(*now.choices, {"en": "Ship"})), by, travel.uid)
    questions.save(event.slug, replace(now, choices=(*now.choices, {"en": "On foot"})), by, travel.uid)

    assert refusal.value.field == "choices"
    assert words in str(refusal.value)
    assert [(choice["code"], choice["en"]) for choice in travel.choices] == [
        ("c1", "Train"),
        ("c2", "Car"),
        ("c4", "On foot"),
    ]
    assert [questions.words(answer) for answer in mine.answers] == ["Train"]


def test_question_others_depend_on_keeps_its_kind(make, asked):
    event, by, travel, _ = asked

    with pytest.raises(Invalid):
        questions.save(event.slug, replace(questions.details_of(travel), kind=QuestionKind.TEXT), by, travel.uid)


def test_question_cannot_depend_on_itself(make, asked):
    event, by, travel, _ = asked
    again = Details(QuestionKind.CHOICE, {"en": "x"}, choices=({"en": "a"}, {"en": "b"}))
    last = questions.save(
        event.slug,
        Details(**{**vars(again), "depends_on": travel.uid, "depends_on_answer": "c1"}),
        by,
    )

    with pytest.raises(Invalid) as refusal:
        questions.save(
            event.slug,
            Details(**{**vars(again), "depends_on": last.uid, "depends_on_answer": "c1"}),
            by,
            travel.uid,
        )

    assert refusal.value.field == "depends_on"


def test_archived_event_keeps_its_questions_and_words(make, asked):
    event, by, travel, _ = asked
    with atomic():
        event.state = EventState.ARCHIVED

    with pytest.raises(Conflict, match="archived"):
        questions.save(event.slug, Details(QuestionKind.TEXT, {"en": "Anything else?"}), by)
    with pytest.raises(Conflict, match="archived"):
        questions.move(event.slug, travel.uid, by, earlier=True)
    with pytest.raises(Conflict, match="archived"):
        letters.save_words(event.slug, "confirmed", "en", "Welcome", "Hello {name}", by)
