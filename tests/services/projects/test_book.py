"""The book as a service: orders in the reader's language, pages, counts, and words that everybody may know."""

from datetime import timedelta

import pytest

from marketplace import clock as time
from marketplace import i18n
from marketplace.models import ProjectState, Stage
from marketplace.services import search
from marketplace.services.projects import book
from tests.pitches import content_of


def slugs(wanted, **place):
    return [entry.slug for entry in book.listing(wanted, None, **place).page]


def test_titles_are_sorted_as_the_reader_sees_them_without_regard_to_accents(make):
    city = make.city()
    for slug, titles in (
        ("a", {"en": "Zebra crossings", "pt": "Água limpa"}),
        ("b", {"en": "Árboles for streets", "pt": "Zona de árvores"}),
        ("c", {"en": "Bus lanes of the city", "pt": "Ônibus e corredores"}),
    ):
        make.published(city, slug=slug, content={"title": titles})
    by_title = book.Filter(sort=book.Sort.TITLE)

    with i18n.speaking("pt"):
        portuguese = slugs(by_title)

    assert slugs(by_title) == ["b", "c", "a"]
    assert portuguese == ["a", "c", "b"]


@pytest.mark.parametrize("sort", list(book.Sort))
def test_pages_follow_each_other_in_every_order(make, sort):
    city = make.city()
    for number in range(5):
        make.published(city, slug=f"n{number}", published_at=time.now() + timedelta(minutes=number))
    wanted = book.Filter(sort=sort)

    pages = [slugs(wanted, number=number, size=2) for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(slug for page in pages for slug in page) == ["n0", "n1", "n2", "n3", "n4"]
    assert slugs(wanted, number=9, size=2) == pages[2]
    assert slugs(wanted, number=-3, size=2) == pages[0]


def test_countries_are_counted_over_all_filters_but_the_country(make):
    brazil, mexico = make.city(country="BR"), make.city(country="MX")
    make.published(brazil)
    make.published(brazil, content={"stage": "scoping"})
    make.published(mexico)

    found = book.listing(book.Filter(stage=Stage.FEASIBILITY, country="MX"), None)

    assert found.countries == {"BR": 1, "MX": 1}
    assert len(found.page) == 1


def test_words_of_search_are_public_ones_in_three_languages(make):
    city = make.city(name="Nova Iorque", names={"en": "New York"}, country="US")
    words = book.search_text(content_of(), city)

    for word in ("Mindu", "igarapé", "United States", "Estados Unidos", "Stormwater", "New York", "Nova Iorque"):
        assert search.fold(word) in words
    for closed in ("Ana Lima", "Todo inverno", "Soundings", "Zona Leste", "12000000"):
        assert search.fold(closed) not in words


def test_city_shows_its_own_published_projects_only(make):
    city = make.city()
    make.published(city, slug="here")
    make.published(city, slug="gone", state=ProjectState.WITHDRAWN)
    make.project(city, slug="draft")
    make.published(make.city(), slug="elsewhere")

    assert [entry.slug for entry in book.of_city(city)] == ["here"]


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [("0-1", (0, 1_000_000)), ("5-20", (5_000_000, 20_000_000)), ("50", (50_000_000, None))],
)
def test_range_of_an_ask_has_its_bounds_in_dollars(asked, bounds):
    assert book.AskRange(asked).bounds == bounds
