"""The project book: found by words and filters, read as far as each city opened it, empty, long, hostile."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace import clock as time
from marketplace import config
from marketplace.database import atomic, session
from marketplace.models import Project, ProjectState
from marketplace.services.projects import publication
from tests.services.projects.test_one_pager import give_picture


def words(answer):
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def funder_of(make, *projects):
    """Somebody of a verified funder that was offered the projects."""
    organisation, user = make.organisation(), make.user()
    make.profile(organisation)
    for project in projects:
        make.fit(project, organisation)
    make.membership(user, organisation)
    session().refresh(user)
    return user


@pytest.fixture
def park(make):
    return make.published(make.city(name="Manaus", slug="manaus"), slug="park")


@pytest.fixture
def drains(make):
    return make.published(
        make.city(name="Hermosillo", slug="hermosillo", country="MX"),
        slug="drains",
        content={
            "title": {"es": "Drenaje pluvial y jardines en Hermosillo"},
            "summary": {"es": "Jardines que recogen la lluvia en once colonias, con árboles. " * 4},
            "sector_primary": "flood",
            "sectors_secondary": [],
            "stage": "scoping",
            "climate_objective": "both",
            "hazards": ["drought"],
            "sdgs": ["6"],
            "technology_needs": ["digital"],
            "instruments_sought": ["grant"],
            "currency": "MXN",
            "ask_amount": "10500000.00",
            "visibility": {"finance": "public"},
        },
    )


def test_book_without_projects_says_so(client):
    assert "No project is published yet." in words(client.get("/projects"))


def test_book_lists_what_is_published_and_nothing_else(client, make, park, drains):
    make.project(make.city(), content={"title": {"en": "A draft of somebody"}})
    make.published(make.city(), state=ProjectState.WITHDRAWN, content={"title": {"en": "A project taken back"}})
    make.published(make.city(deactivated_at=time.now()), content={"title": {"en": "A city out of service"}})

    page = words(client.get("/projects"))

    assert "Linear park along the Mindu stream" in page
    assert '<span lang="es">Drenaje pluvial' in page
    for absent in ("A draft of somebody", "A project taken back", "A city out of service"):
        assert absent not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=arboles", ["drains"]),
        ("q=HERMOSILLO", ["drains"]),
        ("q=jardines+igarape", []),
        ("q=igarapé", ["park"]),
        ("sector=flood", ["drains", "park"]),
        ("sector=nbs", ["park"]),
        ("stage=scoping", ["drains"]),
        ("climate=adaptation", ["park"]),
        ("hazard=drought", ["drains"]),
        ("hazard=coastal", []),
        ("sdg=13", ["park"]),
        ("country=MX", ["drains"]),
        ("instrument=grant", ["drains"]),
        ("ask=1-5", ["drains"]),
        ("ask=5-20", []),
        ("technology=digital", []),
        ("sector=nothing&stage=&page=x&sdg=99", ["drains", "park"]),
        ("page=99", ["drains", "park"]),
        ("sort=title", ["drains", "park"]),
        ("sort=city", ["drains", "park"]),
        ("sort=ask", ["drains", "park"]),
        ("endpoint=x&_external=1&_anchor=y", ["drains", "park"]),
        ("q=%25&view=list", []),
    ],
)
def test_visitor_finds_by_what_is_open_to_all(client, park, drains, query, found):
    page = words(client.get(f"/projects?{query}"))

    assert [slug for slug in ("drains", "park") if f'/projects/{slug}"' in page] == found


def test_filters_on_closed_facts_find_them_for_readers_who_may_read_them(login_as, make, park, drains):
    signed_in, matched = login_as(make.user()), login_as(funder_of(make, park))

    def found(browser, query):
        page = words(browser.get(f"/projects?{query}"))
        return [slug for slug in ("drains", "park") if f'/projects/{slug}"' in page]

    assert found(signed_in, "technology=nbs") == ["park"]
    assert found(signed_in, "ask=5-20") == []
    assert found(matched, "ask=5-20") == ["park"]
    assert found(matched, "instrument=conc_loan") == ["park"]
    assert found(matched, "instrument=grant") == ["drains", "park"]


def test_page_says_how_many_are_left_out_by_a_filter_on_closed_facts(client, login_as, make, park, drains):
    assert "One more project is left out" in words(client.get("/projects?instrument=grant"))
    assert "left out" not in words(login_as(funder_of(make, park)).get("/projects?instrument=grant"))
    assert "left out" not in words(client.get("/projects"))


def test_order_by_amount_puts_closed_amounts_at_the_end_whatever_they_are(client, login_as, make):
    city = make.city()
    for slug, ask, seen in (("a", "1000000.00", "matched"), ("b", "9000000.00", "matched"), ("c", "5.00", "public")):
        make.published(
            city,
            slug=slug,
            content={"ask_amount": ask, "visibility": {"finance": seen}, "title": {"en": f"Project named {slug}"}},
            published_at=time.now() - timedelta(hours=ord(slug)),
        )

    def order(browser):
        page = words(browser.get("/projects?sort=ask"))
        return sorted("abc", key=lambda slug: page.index(f'/projects/{slug}"'))

    assert order(client) == ["c", "a", "b"]
    assert order(login_as(make.organiser())) == ["b", "a", "c"]


def test_country_tiles_count_what_fits_the_other_filters(client, park, drains):
    page = words(client.get("/projects?sector=nbs&country=MX"))

    assert 'href="/projects?sector=nbs&amp;country=BR"' in page
    assert "country=MX&amp;" not in page
    assert "No project fits." in page


def test_list_shows_amounts_only_where_they_are_open(client, park, drains):
    page = words(client.get("/projects?view=list"))

    assert "USD\u00a02 million" in page.replace("&nbsp;", "\u00a0")
    assert "12 million" not in page
    assert "not shown" in page


@pytest.mark.parametrize("query", ["", "?instrument=grant&ask=5-20&technology=nbs&q=park&sort=title", "?view=list"])
def test_statements_do_not_grow_with_the_projects(login_as, make, count_queries, query):
    city = make.city()
    first = make.published(city)
    browser = login_as(funder_of(make, first))

    def count():
        with count_queries() as statements:
            words(browser.get(f"/projects{query}"))
        return len(statements)

    one = count()
    for _ in range(29):
        make.published(city)

    assert count() <= max(one, 15)
    assert count() <= 15


def test_book_is_paged(client, make):
    city = make.city()
    for number in range(26):
        make.published(city, slug=f"n{number:02}", published_at=time.now() + timedelta(minutes=number))

    first, second = words(client.get("/projects")), words(client.get("/projects?page=2"))

    assert '/projects/n25"' in first
    assert '/projects/n01"' not in first
    assert '/projects/n01"' in second


def test_page_shows_visitor_the_public_parts_and_names_the_others(client, park):
    page = words(client.get("/projects/park"))

    assert "Widen the bed, plant the banks" in page
    assert "Finance: for matched funders and vendors" in page
    assert "Maturity and risks: for those signed in" in page
    assert "20,000,000" not in page
    assert "ana.lima@example.org" not in page
    assert "Sign in to see more." in page


def test_page_says_that_a_text_is_shown_in_another_language(client, park):
    page = words(client.get("/projects/park", headers={"Accept-Language": "es"}))

    assert "Widen the bed, plant the banks" in page
    assert "Aún sin traducir. Se muestra en inglés." in page


def test_page_shows_matched_reader_money_gap_and_contact(login_as, make, park):
    page = words(login_as(funder_of(make, park)).get("/projects/park"))

    assert "USD\u00a020 million" in page
    assert "USD\u00a016,000,000" in page
    assert "ana.lima@example.org" in page
    assert "48,000\u00a0t CO₂e" in page
    assert "Not shown here" not in page


def test_page_shows_amounts_in_both_currencies_with_rate_and_day(client, drains):
    page = words(client.get("/projects/drains"))

    assert "MXN\u00a010,500,000" in page
    assert "about USD\u00a02 million" in page
    assert "MXN\u00a05.25 on February 27, 2026" in page


def test_page_names_pair_version_and_that_it_is_illustrative(client, make, park):
    make.pair(park.city, make.city(name="Albany", slug="albany", country="US"))
    with atomic():
        session().get(Project, park.id).is_illustrative = True

    page = words(client.get("/projects/park"))

    assert '<a href="/cities/albany">Albany</a>' in page
    assert "illustrative" in page
    assert "This project is an illustration" in page
    assert "1, submitted on" in page


def test_city_and_organisers_are_led_to_the_working_text(client, login_as, make, park):
    own = make.user()
    make.membership(own, park.city)
    session().refresh(own)

    assert "/my/projects/park" in words(login_as(own).get("/projects/park"))
    assert "/desk/projects/park" in words(login_as(make.organiser()).get("/projects/park"))
    assert "/my/projects/park" not in words(login_as(make.user()).get("/projects/park"))
    assert "/my/projects/park" not in words(client.get("/projects/park"))


@pytest.mark.parametrize("path", ["", ".pdf", "/passport.json", "/files/x"])
@pytest.mark.parametrize("state", [ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.ACCEPTED])
def test_what_is_not_published_is_not_found_in_the_book(client, login_as, make, state, path):
    make.project(make.city(), slug="hidden", state=state)

    assert client.get(f"/projects/hidden{path}").status_code == 404
    assert client.get(f"/projects/nothing{path}").status_code == 404
    assert login_as(make.user()).get(f"/projects/hidden{path}").status_code == 404


def test_hostile_words_are_text_on_every_page(client, make):
    evil = "<script>alert(1)</script>"
    make.published(
        make.city(name=f"City {evil}", slug="evil-city"),
        slug="evil",
        content={
            "title": {"en": f"Title {evil}"},
            "summary": {"en": f"Summary {evil}"},
            "plan_links": [{"key": "a", "type": "local_climate", "title": evil, "url": "https://example.org/?a=1&b=2"}],
            "served_areas": evil,
        },
    )

    for path in ("/projects", "/projects?view=list", "/projects/evil", "/cities/evil-city"):
        assert evil not in words(client.get(path))
    assert client.get("/projects/evil.pdf").status_code == 200
    assert evil in json.loads(words(client.get("/projects/evil/passport.json")))["answers"]["basics"]["title"]["en"]


def test_pdf_comes_in_the_language_asked_for(client, park):
    answer = client.get("/projects/park.pdf?lang=pt")

    assert answer.mimetype == "application/pdf"
    assert "park-pt.pdf" in answer.headers["Content-Disposition"]
    assert b"/Lang (pt)" in answer.data
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_pdf_with_public_parts_only_is_what_a_visitor_gets(client, login_as, make, park):
    browser = login_as(funder_of(make, park))

    public = browser.get("/projects/park.pdf?lang=en&public=1").data

    assert public == client.get("/projects/park.pdf?lang=en").data
    assert public != browser.get("/projects/park.pdf?lang=en").data


def test_schema_is_published(client):
    answer = client.get("/schemas/passport-1.json")

    assert answer.mimetype == "application/schema+json"
    assert json.loads(answer.data)["$id"] == "http://localhost/schemas/passport-1.json"


def test_city_page_lists_its_published_projects_and_no_others(client, make, park, drains):
    make.project(park.city, content={"title": {"en": "A draft of somebody"}})

    page = words(client.get("/cities/manaus"))

    assert '<a href="/projects/park">Linear park along the Mindu stream</a>' in page
    assert "A draft of somebody" not in page
    assert "Drenaje pluvial" not in page


def test_kept_pages_follow_what_is_published(other_app, make):
    city, organiser = make.city(), make.organiser()
    project = make.project(city, slug="park", state=ProjectState.ACCEPTED)
    make.version(project, number=1)
    app = other_app()
    app.config["KEEP_PAGES"] = True
    browser = app.test_client()
    before = words(browser.get("/projects"))

    publication.publish("park", organiser)
    between, page = words(browser.get("/projects")), words(browser.get("/projects/park"))
    publication.unpublish("park", organiser)

    assert "/projects/park" not in before
    assert "/projects/park" in between
    assert "Linear park along the Mindu stream" in page
    assert "/projects/park" not in words(browser.get("/projects"))
    assert browser.get("/projects/park").status_code == 404


def test_pictures_have_words_and_are_served_to_everybody(client, make, tmp_path, park):
    config.use(replace(config.current(), upload_dir=tmp_path))
    give_picture(make, park, tmp_path)

    page = words(client.get("/projects/park"))
    address = page.split('<img src="/projects/park/files/')[1].split('"')[0]
    answer = client.get(f"/projects/park/files/{address}")

    assert 'alt="A stream"' in page
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
