"""Pages kept for readers without a session: handed out again, never older than the database, never somebody's own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from marketplace.services import organisations
from marketplace.web.kept import Shelf


@pytest.fixture
def keeping(app, monkeypatch):
    monkeypatch.setitem(app.config, "KEEP_PAGES", True)
    yield
    # The ids of the next test's acts begin at one again.
    app.extensions["kept"].clear()


@pytest.fixture
def ambato(make):
    return make.city(name="Ambato", names={"en": "Ambato"}, slug="ambato")


@pytest.mark.usefixtures("keeping", "ambato")
def test_second_reader_costs_one_look(client, new_client, count_queries):
    first = client.get("/cities").get_data()

    with count_queries() as statements:
        second = new_client().get("/cities").get_data()

    assert second == first
    assert len(statements) <= 2


@pytest.mark.usefixtures("keeping")
def test_change_is_seen_at_once(client, make, ambato):
    organiser = make.organiser()
    before = client.get("/cities").get_data(as_text=True)

    organisations.deactivate("ambato", organiser)
    after = client.get("/cities").get_data(as_text=True)

    assert "Ambato" in before
    assert "Ambato" not in after


@pytest.mark.usefixtures("keeping", "ambato")
def test_language_theme_and_filters_have_pages_of_their_own(client):
    english = client.get("/cities").get_data(as_text=True)
    spanish = client.get("/cities", headers={"Accept-Language": "es"}).get_data(as_text=True)
    filtered = client.get("/cities?q=zzz").get_data(as_text=True)
    client.set_cookie("theme", "dark")
    dark = client.get("/cities").get_data(as_text=True)

    assert 'lang="es"' in spanish
    assert "Ambato" in english
    assert "Paired" not in filtered
    assert 'data-bs-theme="dark"' in dark
    assert "data-bs-theme" not in english


@pytest.mark.usefixtures("keeping", "ambato")
def test_page_of_a_signed_in_reader_is_never_kept(client, login_as, make):
    person = make.user(name="Ana Souza")

    own = login_as(person).get("/cities").get_data(as_text=True)
    public = client.get("/cities").get_data(as_text=True)

    assert "Ana Souza" in own
    assert "Ana Souza" not in public


def test_shelf_keeps_the_last_things_and_survives_threads():
    shelf: Shelf[int] = Shelf(3)
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: shelf.get(number % 3, lambda: make(number % 3)), range(300)))
    shelf.get(3, lambda: make(3))
    again = shelf.get(1, lambda: make(1))

    assert got == [number % 3 for number in range(300)]
    assert len(shelf._things) == 3
    assert again == 1
