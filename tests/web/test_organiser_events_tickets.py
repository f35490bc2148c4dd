"""Tickets, shared places and questions at the desk."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import AttendeeCategory, Question, QuestionKind, TicketPool, TicketType
from marketplace.services import questions, tickets


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def organiser(make, clock):
    return make.organiser()


@pytest.fixture
def browser(organiser, login_as):
    return login_as(organiser)


@pytest.fixture
def event(make, clock):
    return make.event(slug="dialogue")


def every(model) -> list:
    session().rollback()
    return list(session().scalars(select(model).order_by(model.id)))


def test_ticket_is_written_with_all_that_is_decided_about_it(browser, make, event):
    pool = make.pool(event, capacity=30)

    answer = browser.post(
        "/desk/events/dialogue/tickets/new",
        data={
            "names_en": "Delegate",
            "names_pt": "Delegada",
            "descriptions_en": "For cities.",
            "price": "0",
            "currency": "usd",
            "capacity": "12",
            "pool": pool.uid,
            "sales_open_at": "2026-04-01T08:00",
            "sales_close_at": "2026-05-20T23:59:59",
            "categories": ["city", "ngo"],
            "needs_approval": "y",
            "access_code": "RIVER",
            "position": "3",
        },
    )

    (ticket,) = every(TicketType)
    assert answer.status_code == 303
    assert tickets.details_of(ticket) == tickets.Details(
        names={"en": "Delegate", "pt": "Delegada"},
        descriptions={"en": "For cities."},
        price=0,
        currency="USD",
        capacity=12,
        pool=pool.uid,
        sales_open_at=datetime(2026, 4, 1, 12, tzinfo=UTC),
        sales_close_at=datetime(2026, 5, 21, 3, 59, 59, tzinfo=UTC),
        categories=(AttendeeCategory.CITY, AttendeeCategory.NGO),
        needs_approval=True,
        access_code="RIVER",
        position=3,
    )


@pytest.mark.parametrize(
    ("price", "currency", "units"), [("50", "USD", 5000), ("12.5", "USD", 1250), ("900", "CLP", 900), ("", "USD", 0)]
)
def test_price_is_kept_in_the_units_of_its_currency(browser, event, price, currency, units):
    answer = browser.post(
        "/desk/events/dialogue/tickets/new",
        data={"names_en": "Supporter", "price": price, "currency": currency},
        follow_redirects=True,
    )

    (ticket,) = every(TicketType)
    assert ticket.price == units
    assert ("Payment is not open yet" in text(answer)) is (units > 0)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"names_en": ""}, "names_en"),
        ({"price": "-1"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"price": "1e99999"}, "price"),
        ({"price": "cheap"}, "price"),
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "dollars"}, "currency"),
        ({"capacity": "-1"}, "capacity"),
        ({"pool": "nothing"}, "pool"),
        ({"categories": ["aliens"]}, "categories"),
        ({"sales_open_at": "2026-05-02T00:00", "sales_close_at": "2026-05-01T00:00"}, "sales_close_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ticket_that_cannot_be_comes_back_with_the_error_at_its_field(browser, event, answers, field):
    answer = browser.post(
        "/desk/events/dialogue/tickets/new",
        data={"names_en": "Delegate", "descriptions_es": "Delegación", "currency": "USD", **answers},
    )

    assert answer.status_code == 422
    assert f'id="{field}-error"' in text(answer)
    assert "Delegación" in text(answer)
    assert every(TicketType) == []


def test_ticket_is_changed_closed_opened_and_removed(browser, make, event):
    ticket = make.ticket(event, price=1250)
    address = f"/desk/events/dialogue/tickets/{ticket.uid}"
    shown = text(browser.get(address))

    browser.post(address, data={"names_en": "Guest", "price": "0", "currency": "USD"})
    changed = every(TicketType)[0].names
    browser.post(f"{address}/close")
    closed = every(TicketType)[0].closed_at
    browser.post(f"{address}/open")
    opened = every(TicketType)[0].closed_at
    removed = browser.post(f"{address}/remove")

    assert 'value="12.50"' in shown
    assert (changed, closed is not None, opened, removed.status_code) == ({"en": "Guest"}, True, None, 303)
    assert every(TicketType) == []


def test_ticket_somebody_has_is_not_removed(browser, make, event):
    ticket = make.ticket(event)
    make.registration(event, ticket)

    answer = browser.post(f"/desk/events/dialogue/tickets/{ticket.uid}/remove")

    assert answer.status_code == 409
    assert "You can stop offering it instead." in text(answer)


def test_shared_places_are_written_changed_and_removed(browser, make, event):
    browser.post("/desk/events/dialogue/pools/new", data={"names_en": "Hall", "capacity": "30"})
    (pool,) = every(TicketPool)
    address = f"/desk/events/dialogue/pools/{pool.uid}"
    refused = browser.post(address, data={"names_en": "", "capacity": "-1"})
    browser.post(address, data={"names_en": "Great hall", "capacity": "31"})
    (changed,) = every(TicketPool)
    make.ticket(event, pool_id=changed.id)

    used = browser.post(f"{address}/remove")

    assert (changed.names, changed.capacity) == ({"en": "Great hall"}, 31)
    assert (refused.status_code, used.status_code) == (422, 409)


def test_list_says_what_is_hidden_paid_closed_or_to_be_approved(browser, make, event, clock):
    make.ticket(event, names={"en": "Supporter"}, price=5000, access_code="X", needs_approval=True)
    make.ticket(event, names={"en": "Old"}, closed_at=event.created_at, categories=["city"])

    page = text(browser.get("/desk/events/dialogue/tickets"))

    marks = ("$50.00", "payment is not open yet", "hidden behind a code", "needs approval", "not offered", "City")
    assert all(words in page for words in marks)


def test_list_costs_the_same_for_one_and_three_tickets(browser, make, event, count_queries):
    def add():
        make.registration(event, make.ticket(event, pool_id=make.pool(event, capacity=5).id))

    add()
    browser.get("/desk/events/dialogue/tickets")
    with count_queries() as one:
        browser.get("/desk/events/dialogue/tickets")
    add()
    add()
    with count_queries() as three:
        browser.get("/desk/events/dialogue/tickets")

    assert len(three) == len(one) <= 12


def choice_rows(*rows):
    return {f"choices-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def test_question_with_choices_is_asked_after_an_answer_to_another(browser, organiser, event):
    consent = questions.save("dialogue", questions.Details(QuestionKind.CONSENT, {"en": "May we call you?"}), organiser)

    answer = browser.post(
        "/desk/events/dialogue/questions/new",
        data={
            "kind": "choice",
            "labels_en": "When?",
            "labels_es": "¿Cuándo?",
            "hints_en": "Any day",
            "is_required": "y",
            "depends_on": f"{consent.uid} yes",
            **choice_rows({"en": "Morning", "es": "Mañana"}, {"en": "", "es": ""}, {"en": "Evening"}),
        },
    )

    found = questions.details_of(every(Question)[1])
    assert answer.status_code == 303
    assert (found.labels, found.is_required, found.depends_on, found.depends_on_answer) == (
        {"en": "When?", "es": "¿Cuándo?"},
        True,
        consent.uid,
        "yes",
    )
    assert found.choices == ({"code": "c1", "en": "Morning", "es": "Mañana"}, {"code": "c2", "en": "Evening"})


def test_choice_keeps_its_code_when_its_words_change(browser, organiser, event):
    question = questions.save(
        "dialogue",
        questions.Details(QuestionKind.CHOICE, {"en": "When?"}, choices=({"en": "Morning"}, {"en": "Evening"})),
        organiser,
    )
    address = f"/desk/events/dialogue/questions/{question.uid}"
    page = text(browser.get(address))

    browser.post(
        address,
        data={
            "kind": "choice",
            "labels_en": "When?",
            **choice_rows(
                {"code": "c2", "en": "In the evening"}, {"code": "c1", "en": "Morning"}, {"code": "c9", "en": "Night"}
            ),
        },
    )

    (changed,) = every(Question)
    assert 'value="c2"' in page
    assert changed.choices == [
        {"code": "c2", "en": "In the evening"},
        {"code": "c1", "en": "Morning"},
        {"code": "c3", "en": "Night"},
    ]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"labels_en": ""}, "at least one language"),
        ({"kind": "choice"}, "Please give at least two choices."),
        ({"kind": "riddle"}, "Please choose one of the answers in the list."),
        ({"depends_on": "nothing yes"}, "Please choose one of the answers in the list."),
        ({"kind": "choice", **choice_rows({"en": "x" * 201}, {"en": "y"})}, "at most 200 characters"),
    ],
    ids=["no words", "no choices", "no kind", "depends on nothing", "long choice"],
)
def test_question_that_cannot_be_is_refused(browser, event, answers, words):
    answer = browser.post(
        "/desk/events/dialogue/questions/new",
        data={"kind": "text", "labels_en": "Why?", "hints_pt": "Uma dica", **answers},
    )

    assert answer.status_code == 422
    assert words in text(answer)
    assert re.search(r'<ul>\s*<li><a href="#', text(answer))
    assert "Uma dica" in text(answer)
    assert every(Question) == []


def test_questions_are_put_in_order(browser, organiser, event):
    for label in ("One", "Two", "Three"):
        browser.post("/desk/events/dialogue/questions/new", data={"kind": "text", "labels_en": label})
    third = every(Question)[2]
    address = f"/desk/events/dialogue/questions/{third.uid}/move"
    orders = []

    for to in ("earlier", "earlier", "earlier", "later"):
        assert browser.post(address, data={"to": to}).status_code == 303
        session().rollback()
        orders.append([question.labels["en"] for question in questions.asked(event)])

    assert orders == [
        ["One", "Three", "Two"],
        ["Three", "One", "Two"],
        ["Three", "One", "Two"],
        ["One", "Three", "Two"],
    ]


def test_question_is_asked_no_more(browser, organiser, event):
    question = questions.save("dialogue", questions.Details(QuestionKind.TEXT, {"en": "Why?"}), organiser)
    address = f"/desk/events/dialogue/questions/{question.uid}/retire"

    asked = text(browser.get(address))
    answer = browser.post(address)

    assert "Answers already given are kept" in asked
    assert answer.status_code == 303
    assert every(Question) == []
