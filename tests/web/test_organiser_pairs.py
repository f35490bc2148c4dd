from datetime import date

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import CityPair


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def cities(make):
    """Manaus with its former and its present partner, and two cities without one."""
    manaus, stockton = make.city(slug="manaus", name="Manaus"), make.city(slug="stockton", name="Stockton", side="us")
    albany = make.city(slug="albany", name="Albany", side="us")
    make.city(slug="renca", name="Renca")
    make.city(slug="evanston", name="Evanston", side="us")
    make.pair(manaus, stockton, valid_until=date(2024, 6, 1), source="https://news.example/a", note="Announced.")
    make.pair(manaus, albany, valid_from=date(2024, 6, 1))


def stored() -> set[tuple[str, str, date, date | None]]:
    session().rollback()
    return {
        (pair.lac_city.slug, pair.us_city.slug, pair.valid_from, pair.valid_until)
        for pair in session().scalars(select(CityPair))
    }


def test_list_shows_the_history(cities, make, login_as, clock):
    page = text(login_as(make.organiser()).get("/desk/pairs"))

    assert all(words in page for words in ("Manaus", "Stockton", "Albany", "ended", "news.example", "Announced."))
    assert page.count("/end") == 1


def test_list_costs_the_same_for_one_and_three_pairs(make, login_as, count_queries):
    browser = login_as(make.organiser())
    make.pair(make.city(), make.city(side="us"))
    browser.get("/desk/pairs")
    with count_queries() as one:
        browser.get("/desk/pairs")
    for _ in range(2):
        make.pair(make.city(), make.city(side="us"))
    with count_queries() as three:
        browser.get("/desk/pairs")

    assert len(three) == len(one) <= 12


def test_two_cities_are_paired(cities, make, login_as, clock):
    answer = login_as(make.organiser()).post(
        "/desk/pairs/new",
        data={
            "lac_city": "renca",
            "us_city": "evanston",
            "valid_from": "2026-03-01",
            "source": "https://news.example/b",
        },
    )

    assert answer.status_code == 303
    assert ("renca", "evanston", date(2026, 3, 1), None) in stored()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"lac_city": "manaus"}, "has another pair on some of these days"),
        ({"us_city": "albany"}, "has another pair on some of these days"),
        ({"lac_city": "evanston"}, "Please choose one of the answers in the list."),
        ({"valid_from": "yesterday"}, "Please give a date as year-month-day"),
        ({"valid_from": ""}, "Please fill this in."),
        ({"source": "javascript:alert(1)"}, "Please enter a web address"),
    ],
    ids=["LAC city taken", "US city taken", "wrong side", "no date", "empty date", "script address"],
)
def test_pair_that_cannot_be_is_refused_at_its_field(cities, make, login_as, clock, answers, words):
    before = stored()
    given = {"lac_city": "renca", "us_city": "evanston", "valid_from": "2026-03-01", **answers}

    answer = login_as(make.organiser()).post("/desk/pairs/new", data=given)

    assert answer.status_code == 422
    assert words in text(answer)
    assert stored() == before


def test_pair_ends_on_a_day(cities, make, login_as, clock):
    uid = session().scalar(select(CityPair.uid).where(CityPair.valid_until.is_(None)))
    browser = login_as(make.organiser())

    early = browser.post(f"/desk/pairs/{uid}/end", data={"valid_until": "2024-06-01"})
    answer = browser.post(f"/desk/pairs/{uid}/end", data={"valid_until": "2026-03-02"})

    assert (early.status_code, answer.status_code) == (422, 303)
    assert ("manaus", "albany", date(2024, 6, 1), date(2026, 3, 2)) in stored()


def test_end_of_no_pair_is_not_found(make, login_as):
    browser = login_as(make.organiser())

    assert browser.get("/desk/pairs/nothing/end").status_code == 404
    assert browser.post("/desk/pairs/nothing/end", data={"valid_until": "2026-01-01"}).status_code == 404
