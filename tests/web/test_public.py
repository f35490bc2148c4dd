"""What everybody may see."""

import gzip
import re
from datetime import UTC, date, datetime

import pytest

from marketplace import clock as our_clock
from marketplace.database import session
from marketplace.models import CitySide
from marketplace.services import cities, organisations
from marketplace.web import public

PAGES = ["/", "/cities", "/about", "/privacy", "/accessibility"]


@pytest.fixture
def pairs(make):
    """Manaus with Stockton, then Albany, and Mérida with Austin."""
    us = {"side": CitySide.US, "country": "US"}
    english = {"main_language": "en", "population_scope": "city", "population_year": 2020}
    manaus = make.city(
        slug="manaus",
        name="Manaus",
        names={"en": "Manaus", "es": "Manaos", "pt": "Manaus"},
        search_text="manaus manaos",
        timezone="America/Manaus",
        profile={
            "admin_area": "Amazonas",
            "population_year": 2022,
            "population_scope": "municipality (first release)",
            "population_confirmed": True,
            "population_source": "https://www.source.example/census",
            "membership_status": "confirmed",
            "known_project": "Viva Mindu",
            "known_project_source": "https://project.example/x",
        },
    )
    merida = make.city(slug="merida", name="Mérida", country="MX", profile={"main_language": "es"})
    stockton = make.city(slug="stockton", name="Stockton", profile=english, **us)
    albany = make.city(slug="albany", name="Albany", profile=english, **us)
    austin = make.city(slug="austin", name="Austin", profile=english, **us)
    make.pair(manaus, stockton, valid_until=date(2024, 6, 1), source="https://pairs.example/2023")
    make.pair(manaus, albany, valid_from=date(2024, 6, 1))
    make.pair(merida, austin)
    return manaus


def words(response):
    """Return what a reader sees, in one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.get_data(as_text=True), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def main(response):
    body = response.get_data(as_text=True)
    return body[body.index("<main") : body.index("</main>")]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_pages_answer_in_the_language_asked_for(client, pairs, path, language):
    response = client.get(path, headers={"Accept-Language": language})

    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text
    assert {"en": "Cities Forward", "es": "Ciudades en Movimiento", "pt": "Cidades à Frente"}[language] in response.text


@pytest.mark.parametrize("path", ["/", "/cities", "/cities/manaus", "/about", "/privacy", "/accessibility"])
def test_pages_need_few_queries_and_none_per_row(make, client, pairs, count_queries, path):
    client.get(path)
    counts = []
    for _ in range(2):
        with count_queries() as statements:
            client.get(path)
        counts.append(len(statements))
        for _ in range(2):
            one, other = make.city(), make.city(side=CitySide.US)
            make.pair(one, other)
            make.pair(pairs, other, valid_from=date(2020, 1, 1), valid_until=date(2020, 1, 2))
            make.membership(make.user(), pairs)
            make.event()

    assert counts[0] == counts[1] <= 4


def test_pages_for_somebody_signed_in_need_few_queries(make, login_as, pairs, count_queries):
    user = make.manager(pairs)
    make.membership(user, make.organisation())
    browser = login_as(user)
    browser.get("/cities")

    with count_queries() as statements:
        browser.get("/cities")

    assert len(statements) <= 12


def test_first_visit_is_light(client, pairs):
    page = client.get("/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))

    weight = len(gzip.compress(page.data))
    for path in files:
        with client.get(path, headers={"Accept-Encoding": "gzip"}) as file:
            weight += len(file.data)

    assert files
    assert weight < 60_000


def test_home_lists_cities_and_events_and_marks_what_is_invented(make, client, pairs, clock):
    make.event(titles={"en": "Dialogue"}, starts_on=date(2024, 6, 18), ends_on=date(2024, 6, 18))
    make.event(titles={"en": "Marketplace"}, is_illustrative=True, places={"en": "Washington"})

    response = client.get("/")
    seen = words(response)

    assert "4 cities" in seen
    assert 'href="/cities/manaus"' in response.text
    assert "stockton" not in response.text
    assert seen.index("Marketplace") < seen.index("Dialogue")
    assert "June 1, 2026 – June 2, 2026 Marketplace Washington illustrative" in seen
    assert "June 18, 2024 Dialogue Held" in seen


def test_home_without_anything_yet_answers(client):
    assert client.get("/").status_code == 200
    assert "No city found" in words(client.get("/cities"))


def test_cities_are_listed_by_side_with_their_pairs(client, pairs):
    seen = words(client.get("/cities", headers={"Accept-Language": "es"}))

    assert "Manaos Amazonas, Brasil" in seen
    assert "Stockton" not in seen
    body = main(client.get("/cities"))
    assert list(re.findall(r'/cities/([a-z]+)"', body)) == ["manaus", "merida", "albany", "austin"]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("q=MERIDA", ["merida"]),
        ("side=us", ["albany", "austin"]),
        ("country=BR", ["manaus"]),
        ("language=es", ["merida"]),
        ("side=nothing&country=&language=", ["manaus", "merida", "albany", "austin"]),
        ("q=nowhere", []),
        ("q=" + "x" * 5000, []),
    ],
)
def test_cities_are_filtered(client, pairs, query, slugs):
    assert re.findall(r'/cities/([a-z]+)"', main(client.get(f"/cities?{query}"))) == slugs


def test_city_tells_facts_with_sources_and_pairs_now_and_before(client, pairs, make, clock):
    clock.move_to(datetime(2026, 3, 2, 12, tzinfo=UTC))
    make.membership(make.user(name="Secret Person", email="secret@example.org"), pairs)

    response = client.get("/cities/manaus")
    seen = words(response)

    assert "2,063,547 (2022, municipality (first release)) Source: source.example" in seen
    assert "they are not for ranking cities" in seen
    assert "Viva Mindu Source: project.example" in seen
    assert "8:00 AM (Manaus, UTC−4)" in seen
    assert "since June 1, 2024 Albany" in seen
    assert "August 15, 2023 until June 1, 2024 Stockton" in seen
    assert "Manaos (Spanish)" in seen
    assert "People on the platform 1" in seen
    assert "Secret Person" not in seen
    assert "secret@" not in response.text


def test_city_speaks_of_unconfirmed_figures_and_former_pairs(client, pairs):
    seen = words(client.get("/cities/stockton"))

    assert "Former pair city" in seen
    assert "not confirmed by a source" in seen
    assert "At present this city has no pair." in seen
    assert "Manaus" in seen


def test_city_shows_a_description_with_its_language_where_a_translation_is_missing(client, make):
    make.city(slug="renca", name="Renca", descriptions={"es": "Una <b>comuna</b>.\n\nDos."})

    response = client.get("/cities/renca", headers={"Accept-Language": "pt"})

    assert '<div lang="es"><p>Una &lt;b&gt;comuna&lt;/b&gt;.</p><p>Dos.</p></div>' in response.text
    assert "<div><p>Una" in client.get("/cities/renca", headers={"Accept-Language": "es"}).text


@pytest.mark.parametrize("slug", ["bank", "closed", "nowhere", "%00", "é" * 300])
def test_city_that_is_not_public_is_not_found(client, make, slug):
    make.organisation(slug="bank")
    make.city(slug="closed", deactivated_at=our_clock.now())

    assert client.get(f"/cities/{slug}").status_code in {400, 404}


def test_deactivated_city_vanishes_from_the_pages(client, pairs, make):
    organisations.deactivate("manaus", make.organiser())

    assert "Manaus" not in words(client.get("/cities"))
    assert "Manaus" not in words(client.get("/cities/albany"))
    assert client.get("/cities/manaus").status_code == 404


def test_language_is_kept_in_the_browser_and_with_the_account(make, client, login_as):
    user = make.user(locale="en")

    answer = login_as(user).post("/language", data={"language": "pt", "next": "/cities?side=us"})
    client.post("/language", data={"language": "es"})

    assert (answer.status_code, answer.location) == (303, "/cities?side=us")
    session().refresh(user)
    assert user.locale == "pt"
    assert '<html lang="es"' in client.get("/").text


@pytest.mark.parametrize("code", ["fr", "", "../en"])
def test_language_that_does_not_exist_changes_nothing(client, code):
    answer = client.post("/language", data={"language": code})

    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers


def test_theme_is_kept_in_the_browser(client):
    client.post("/theme", data={"theme": "dark"})

    assert 'data-bs-theme="dark"' in client.get("/").text
    client.post("/theme", data={"theme": "neon"})
    assert 'data-bs-theme="dark"' in client.get("/").text


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/cities?q=a", "/cities?q=a"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("/a\nb", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_local_target_stays_at_home(app, target, expected):
    with app.test_request_context("/"):
        assert public.local_target(target) == expected


def test_robots_and_icon(client):
    robots = client.get("/robots.txt")
    icon = client.get("/favicon.ico")

    assert robots.text.splitlines()[0] == "User-agent: *"
    assert "Disallow: /organisations" in robots.text
    assert re.fullmatch(r"/static/img/favicon\.[0-9a-f]{12}\.svg", icon.location)


def test_pages_of_the_directory_show_what_cities_say_of_themselves_as_text(client, make):
    city = make.city(name="<script>alert(1)</script>", slug="x", profile={"admin_area": '"><img src=x>'})
    make.manager(city)

    for path in ("/", "/cities", "/cities/x"):
        assert "<script>alert" not in client.get(path).text
        assert "<img src=x" not in client.get(path).text
    assert cities.page("x").people == 1
