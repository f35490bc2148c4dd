"""Exchange rates at the desk: entered in the reader's notation, corrected, listed with their history."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import ExchangeRate


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def desk(make, login_as, clock):
    return login_as(make.organiser())


def form(**values) -> dict:
    return {"currency": "BRL", "on_day": "2026-03-02", "per_usd": "5.25", "source": "Banco Central", **values}


def stored() -> dict[tuple[str, date], Decimal]:
    session().rollback()
    return {(rate.currency.value, rate.on_day): rate.per_usd for rate in session().scalars(select(ExchangeRate))}


def test_rate_is_entered_and_shown(desk):
    answer = desk.post("/desk/rates/new", data=form())

    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/rates")
    assert stored() == {("BRL", date(2026, 3, 2)): Decimal("5.25")}
    page = text(desk.get("/desk/rates"))
    assert all(words in page for words in ("5.25", "Banco Central", "none yet"))


def test_rate_is_written_as_the_reader_writes(make, login_as, clock):
    desk = login_as(make.organiser(locale="pt"))
    desk.post("/language", data={"language": "pt"})

    desk.post("/desk/rates/new", data=form(currency="COP", per_usd="4.123,5"))

    assert stored() == {("COP", date(2026, 3, 2)): Decimal("4123.5")}


def test_rate_of_a_day_is_corrected(desk):
    desk.post("/desk/rates/new", data=form())
    desk.post("/desk/rates/new", data=form(per_usd="5.3"))

    assert stored() == {("BRL", date(2026, 3, 2)): Decimal("5.3")}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"currency": "USD"}, "Please choose one of the answers"),
        ({"currency": "XXX"}, "Please choose one of the answers"),
        ({"on_day": "2026-03-03"}, "not in the future"),
        ({"on_day": "1999-01-01"}, "not in the future"),
        ({"on_day": "soon"}, "Please give a date"),
        ({"per_usd": "0"}, "how much one US dollar costs"),
        ({"per_usd": "-5"}, "how much one US dollar costs"),
        ({"per_usd": "1e9"}, "Please write a number."),
        ({"per_usd": "NaN"}, "Please write a number."),
        ({"per_usd": "much"}, "Please write a number."),
        ({"per_usd": "99999999999"}, "how much one US dollar costs"),
        ({"source": " "}, "Please fill in this field."),
    ],
)
def test_what_cannot_be_is_told_at_its_field(desk, changes, words):
    answer = desk.post("/desk/rates/new", data=form(**changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert stored() == {}


def test_old_rates_are_marked_and_the_history_is_filtered(desk, make):
    desk.post("/desk/rates/new", data=form(on_day="2025-11-01"))
    desk.post("/desk/rates/new", data=form(currency="MXN", per_usd="18.4", source="Banxico"))

    page = text(desk.get("/desk/rates"))
    assert page.count("older than 90 days") == 1
    page = text(desk.get("/desk/rates?currency=MXN"))
    assert "Banxico" in page
    assert "Banco Central" not in page
    assert "Banxico" in text(desk.get("/desk/rates?currency=<script>&page=-4"))
