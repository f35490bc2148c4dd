"""Calls at the desk: listed, entered, changed, taken out of use, and who answered."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import Call, ProjectState


def text(answer) -> str:
    return answer.get_data(as_text=True)


@pytest.fixture
def desk(make, login_as, clock):
    return login_as(make.organiser())


def form(**values) -> dict:
    return {
        "titles_en": "Call of spring",
        "timezone": "America/Manaus",
        "opens_at": "2026-03-01T09:00",
        "closes_at": "2026-04-15T23:59",
        "event": "",
        **values,
    }


def stored() -> list[Call]:
    session().rollback()
    return list(session().scalars(select(Call).order_by(Call.id)))


def test_call_is_entered_by_the_clock_of_its_zone(desk):
    answer = desk.post("/desk/calls/new", data=form())

    (call,) = stored()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/calls/call-of-spring")
    assert call.closes_at == datetime(2026, 4, 16, 3, 59, tzinfo=UTC)
    page = text(desk.get("/desk/calls/call-of-spring"))
    assert all(words in page for words in ("Call of spring", "Open", "Every city of the programme", "No project yet"))


def test_call_of_an_event_has_the_clock_of_the_event(desk, make):
    event = make.event(timezone="America/New_York")

    desk.post("/desk/calls/new", data=form(event=event.slug))

    (call,) = stored()
    assert (call.timezone, call.event_id) == ("America/New_York", event.id)
    assert call.closes_at == datetime(2026, 4, 16, 3, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"titles_en": ""}, "at least one language"),
        ({"closes_at": "2026-02-01T09:00"}, "The end must be after the beginning."),
        ({"closes_at": "soon"}, "Please give date and time"),
        ({"closes_at": "0001-01-01T00:00"}, "Please check the year."),
        ({"timezone": "Mars/Base"}, "Please choose one of the answers"),
        ({"event": "nothing"}, "Please choose one of the answers"),
        ({"countries": ["XX"]}, "Please choose one of the answers"),
        ({"most_per_city": "-1"}, "from 1 to 100"),
        ({"most_per_city": "many"}, "whole number"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(desk, changes, words):
    answer = desk.post("/desk/calls/new", data=form(**changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert stored() == []


def test_call_is_changed_and_keeps_its_moments(desk, make):
    make.city(slug="manaus", name="Manaus", country="BR")
    desk.post("/desk/calls/new", data=form(countries=["BR"], cities=["manaus"], most_per_city="2"))
    page = text(desk.get("/desk/calls/call-of-spring/edit"))
    assert 'value="2026-04-15T23:59"' in page
    assert page.count("checked") == 2

    answer = desk.post("/desk/calls/call-of-spring/edit", data=form(titles_en="Call of summer", cities=["manaus"]))

    (call,) = stored()
    assert answer.status_code == 303
    assert (call.slug, call.titles, call.countries, call.city_slugs) == (
        "call-of-spring",
        {"en": "Call of summer"},
        [],
        ["manaus"],
    )
    assert call.closes_at == datetime(2026, 4, 16, 3, 59, tzinfo=UTC)


def test_call_is_taken_out_of_use_after_a_question(desk):
    desk.post("/desk/calls/new", data=form())

    assert "out of use?" in text(desk.get("/desk/calls/call-of-spring/retire"))
    assert stored()[0].retired_at is None
    assert desk.post("/desk/calls/call-of-spring/retire").status_code == 303
    assert stored()[0].retired_at is not None
    assert desk.get("/desk/calls/nothing").status_code == 404


def test_who_answered_is_listed_with_few_statements(desk, make, count_queries):
    desk.post("/desk/calls/new", data=form())
    call = stored()[0].id

    def statements() -> int:
        with count_queries() as sent:
            assert desk.get("/desk/calls/call-of-spring").status_code == 200
        with count_queries() as listed:
            assert desk.get("/desk/calls").status_code == 200
        return len(sent) + len(listed)

    make.project(make.city(name="Manaus"), call_id=call)
    few = statements()
    for number in range(4):
        make.project(make.city(name=f"City {number}"), call_id=call, state=ProjectState.SUBMITTED)

    assert statements() <= few
    page = text(desk.get("/desk/calls/call-of-spring"))
    assert all(words in page for words in ("Manaus", "City 3", "5 projects begun", "4 submitted", "Linear park"))


def test_pages_are_for_organisers(make, login_as, client):
    browser = login_as(make.manager(make.city()))
    for path in ("/desk/calls", "/desk/calls/new", "/desk/rates", "/desk/rates/new"):
        assert browser.get(path).status_code in {403, 404}
        assert client.get(path).status_code in {302, 303}


def test_hostile_words_are_shown_as_words(desk):
    desk.post("/desk/calls/new", data=form(titles_en="<script>alert(1)</script>", descriptions_en="<b>bold</b>"))

    call = stored()[0]
    for path in ("/desk/calls", f"/desk/calls/{call.slug}", f"/desk/calls/{call.slug}/edit"):
        page = text(desk.get(path))
        assert "<script>alert" not in page
        assert "<b>bold" not in page
