"""Letters at the desk: the organisers' own words, previews in a frame, and messages to a group."""

import re

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import AuditEntry, LetterText, RegistrationState


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def browser(make, login_as, clock):
    return login_as(make.organiser())


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue", titles={"en": "Second Dialogue", "es": "Segundo Diálogo"})


@pytest.fixture
def ticket(make, event):
    return make.ticket(event)


ADDRESS = "/desk/events/dialogue/letters/confirmed/es"


def test_own_words_are_kept_used_and_forgotten_again(browser, make, event, ticket, deliver):
    listed = text(browser.get("/desk/events/dialogue/letters"))
    saved = browser.post(ADDRESS, data={"subject": "¡Hola {name}!", "body": "Nos vemos en {event}.\n\nGracias."})
    changed = text(browser.get("/desk/events/dialogue/letters"))
    shown = text(browser.get(ADDRESS))
    asked = text(browser.get(f"{ADDRESS}/reset"))
    reset = browser.post(f"{ADDRESS}/reset")

    assert "Own words" not in listed
    assert "Own words" in changed
    assert "¡Hola {name}!" in shown
    assert "are deleted" in asked
    assert (saved.status_code, reset.status_code) == (303, 303)
    assert session().scalars(select(LetterText)).all() == []


@pytest.mark.parametrize(
    ("answers", "field", "words"),
    [
        ({"subject": ""}, "subject", "Please fill this in."),
        ({"body": "Hello {nmae}"}, "body", "There is no variable {nmae}."),
        ({"body": "Hello {name"}, "body", "A brace is missing"),
        ({"subject": "x" * 201}, "subject", "at most 200 characters"),
    ],
    ids=["no subject", "unknown variable", "open brace", "long subject"],
)
def test_words_that_cannot_be_sent_come_back_with_the_error(browser, event, ticket, answers, field, words):
    answer = browser.post(ADDRESS, data={"subject": "Hola", "body": "Un texto.", **answers})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert words in text(answer)
    assert session().scalars(select(LetterText)).all() == []


def test_preview_shows_words_not_saved_yet_in_a_sandbox(browser, event, ticket):
    answer = browser.post(f"{ADDRESS}/preview", data={"subject": "Hola", "body": "Bienvenida, {name}."})
    saved = browser.get(f"{ADDRESS}/preview")

    assert "Bienvenida, Ana Example." in text(answer)
    assert "Bienvenida" not in text(saved)
    for frame in (answer, saved):
        assert frame.status_code == 200
        assert "sandbox" in frame.headers["Content-Security-Policy"]
        assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert session().scalars(select(LetterText)).all() == []


def test_preview_says_in_the_frame_what_is_wrong(browser, event, ticket):
    answer = browser.post(f"{ADDRESS}/preview", data={"subject": "Hola", "body": "<b>{nmae}</b>"})

    assert answer.status_code == 422
    assert "There is no variable {nmae}." in text(answer)


def test_preview_without_a_ticket_says_what_to_do(browser, event):
    answer = browser.get(f"{ADDRESS}/preview")

    assert answer.status_code == 422
    assert "Please add a ticket first." in text(answer)


@pytest.mark.parametrize("rest", ["nothing/es", "confirmed/fr", "message/es"])
def test_letters_that_do_not_exist_are_not_found(browser, event, ticket, rest):
    assert browser.get(f"/desk/events/dialogue/letters/{rest}").status_code == 404
    assert browser.post(f"/desk/events/dialogue/letters/{rest}", data={"subject": "a", "body": "b"}).status_code == 404
    assert browser.get(f"/desk/events/dialogue/letters/{rest}/preview").status_code == 404


def people(make, event, ticket):
    make.registration(event, ticket, name="Ana", locale="es", category="city")
    make.registration(event, ticket, name="Ben", locale="pt", category="city")
    make.registration(event, ticket, name="Cleo", category="funder")
    make.registration(event, ticket, name="Dora", category="city", state=RegistrationState.CANCELLED)


GROUP = {"state": "confirmed", "category": "city"}
WORDS = {"subject_en": "The bus", "body_en": "Dear {name}, at eight.", "subject_es": "El bus", "body_es": "A las ocho."}


def test_message_is_counted_and_shown_before_it_is_sent(browser, make, event, ticket, deliver):
    people(make, event, ticket)

    written = text(browser.get("/desk/events/dialogue/message?state=confirmed&category=city"))
    checked = browser.post("/desk/events/dialogue/message", data={**GROUP, **WORDS, "act": "check"})
    before = deliver()
    changed = text(browser.post("/desk/events/dialogue/message", data={**GROUP, **WORDS, "act": "change"}))
    number = re.search(r'name="attempt"[^>]*value="([^"]+)"', text(checked)).group(1)
    sent, again = (
        browser.post("/desk/events/dialogue/message", data={**GROUP, **WORDS, "attempt": number, "act": "send"})
        for _ in range(2)
    )

    assert "This group has 2 people." in written
    assert checked.status_code == 200
    assert "Send this to 2 people?" in text(checked)
    assert "Dear Ana Example, at eight." in text(checked)
    assert before == []
    assert 'value="El bus"' in changed
    assert sent.status_code == again.status_code == 303
    assert sorted((letter.recipient_name, letter.subject) for letter in deliver()) == [
        ("Ana", "El bus"),
        ("Ben", "The bus"),
    ]
    assert session().scalar(select(AuditEntry.details).where(AuditEntry.action == "registration.message")) == {
        "readers": 2,
        "languages": ["en", "es"],
    }


def test_message_goes_to_those_who_come_unless_a_group_is_chosen(browser, make, event, ticket):
    people(make, event, ticket)

    assert "This group has 3 people." in text(browser.get("/desk/events/dialogue/message"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({**GROUP}, "Please write this in at least one language."),
        ({**GROUP, **WORDS, "body_es": "{nombre}"}, "There is no variable {nombre}."),
        ({**GROUP, "subject_en": "Only a subject"}, "Please fill in this field."),
        ({**WORDS, "category": "press"}, "Nobody is in this group."),
        ({**GROUP, **WORDS, "subject_en": "x" * 201}, "at most 200 characters"),
    ],
    ids=["nothing", "unknown variable", "no body", "nobody", "long subject"],
)
@pytest.mark.parametrize("act", ["check", "send"])
def test_message_that_cannot_be_sent_comes_back(browser, make, event, ticket, deliver, data, words, act):
    people(make, event, ticket)

    answer = browser.post("/desk/events/dialogue/message", data={**data, "act": act})

    assert answer.status_code == 422
    assert words in text(answer)
    assert deliver() == []


def test_preview_of_a_message_takes_the_words_of_its_language(browser, event, ticket):
    answer = browser.post("/desk/events/dialogue/letters/message/es/preview", data=WORDS)

    assert "A las ocho." in text(answer)
    assert "at eight" not in text(answer)
