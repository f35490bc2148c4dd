"""The cities: directory, page, facts, pairs."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from marketplace import clock as our_clock
from marketplace import i18n
from marketplace.database import session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound
from marketplace.models import AuditEntry, CityPair, CitySide, OrganisationKind
from marketplace.services import cities
from marketplace.services.cities import Facts, Filter

ANNOUNCED = date(2023, 8, 15)
CHANGED = date(2024, 6, 1)


@pytest.fixture
def manaus(make):
    """Manaus was paired with Stockton, and is now with Albany."""
    city = make.city(slug="manaus", name="Manaus", names={"en": "Manaus", "es": "Manaos"}, search_text="manaus manaos")
    us = {"side": CitySide.US, "country": "US", "profile": {"main_language": "en"}}
    stockton = make.city(slug="stockton", name="Stockton", **us)
    albany = make.city(slug="albany", name="Albany", **us)
    make.pair(city, stockton, valid_from=ANNOUNCED, valid_until=CHANGED, source="https://example.org/a")
    make.pair(city, albany, valid_from=CHANGED)
    return city


def names(**wanted):
    return [city.name for city in cities.directory(Filter(**wanted)).cities]


def test_directory_names_cities_and_partners_in_the_readers_language(manaus):
    with i18n.speaking("es"):
        found = cities.directory()

    assert [(city.name, city.partner.name) for city in found.cities] == [("Albany", "Manaos"), ("Manaos", "Albany")]
    assert (found.total, found.countries, found.languages) == (2, ["BR", "US"], ["en", "pt"])


def test_directory_keeps_cities_never_paired_and_leaves_out_former_ones(make, manaus):
    make.city(name="Natal")
    make.city(name="Closed", deactivated_at=our_clock.now())
    make.organisation(name="Bank")

    assert names() == ["Albany", "Manaus", "Natal"]


def test_directory_shows_a_former_city_again_with_a_new_pair(make, manaus):
    santos = make.city(name="Santos")
    organiser = make.organiser()

    cities.add_pair(santos.slug, "stockton", date(2025, 1, 1), organiser)

    assert names() == ["Albany", "Manaus", "Santos", "Stockton"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"side": CitySide.LAC}, ["Manaus"]),
        ({"country": "US"}, ["Albany"]),
        ({"language": "pt"}, ["Manaus"]),
        ({"query": "MANAÓS"}, ["Manaus"]),
        ({"query": "stockton"}, []),
        ({"query": "a", "side": CitySide.US}, ["Albany"]),
        ({"country": "XX"}, []),
    ],
    ids=str,
)
def test_directory_filters(manaus, wanted, expected):
    assert names(**wanted) == expected
    assert cities.directory(Filter(**wanted)).total == 2


def test_directory_sends_as_many_statements_for_one_as_for_three(make, count_queries):
    counts = []
    for number in range(2):
        for index in range(2 * number + 1):
            one = make.city(name=f"L{number}{index}")
            make.pair(one, make.city(name=f"U{number}{index}", side=CitySide.US))
        with count_queries() as statements:
            cities.directory()
        counts.append(len(statements))

    assert counts == [2, 2]


def test_page_tells_pairs_now_and_before(make, manaus):
    make.membership(make.user(), manaus)
    make.manager(manaus)

    page = cities.page("manaus")

    assert [(one.partner.slug, one.since, one.until, one.is_current) for one in page.pairings] == [
        ("albany", CHANGED, None, True),
        ("stockton", ANNOUNCED, CHANGED, False),
    ]
    assert (page.profile.population, page.people) == (2_063_547, 2)
    assert [one.partner.slug for one in cities.page("stockton").pairings] == ["manaus"]


def test_page_of_what_is_no_public_city_finds_nothing(make, manaus):
    bank = make.organisation()
    closed = make.city(deactivated_at=our_clock.now())
    make.pair(closed, make.city(slug="open", side=CitySide.US))

    for slug in (bank.slug, closed.slug, "nowhere"):
        with pytest.raises(NotFound):
            cities.page(slug)
    assert cities.page("open").pairings == []


def test_add_pair_refuses_overlapping_days_of_either_city(make, manaus):
    organiser = make.organiser()
    santos = make.city(slug="santos")
    make.city(slug="austin", side=CitySide.US)

    for lac, us, since, until, field in (
        ("manaus", "austin", date(2025, 1, 1), None, "lac_city"),
        ("santos", "albany", date(2025, 1, 1), None, "us_city"),
        ("manaus", "austin", date(2024, 1, 1), date(2024, 2, 1), "lac_city"),
        ("santos", "albany", date(2024, 1, 1), CHANGED + timedelta(days=1), "us_city"),
    ):
        with pytest.raises(Invalid) as refused:
            cities.add_pair(lac, us, since, organiser, valid_until=until)
        assert refused.value.field == field

    cities.add_pair("santos", "albany", date(2024, 1, 1), organiser, valid_until=CHANGED)
    cities.add_pair("manaus", "austin", date(2023, 1, 1), organiser, valid_until=ANNOUNCED)
    assert [pair.us_city.slug for pair in cities.pairs() if pair.lac_city_id != santos.id] == [
        "albany",
        "stockton",
        "austin",
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lac_slug": "albany"}, "lac_city"),
        ({"us_slug": "manaus"}, "us_city"),
        ({"us_slug": "nowhere"}, "us_city"),
        ({"valid_until": date(2026, 1, 1)}, "valid_until"),
        ({"source": "javascript:1"}, "source"),
    ],
    ids=str,
)
def test_add_pair_refuses_at_the_field(make, manaus, changes, field):
    with pytest.raises(Invalid) as refused:
        cities.add_pair(
            **{"lac_slug": "manaus", "us_slug": "stockton", "valid_from": date(2026, 1, 1), "by": make.organiser()}
            | changes
        )

    assert refused.value.field == field


def test_end_pair_states_the_first_day_without_it(make, manaus):
    organiser = make.organiser()
    current = session().scalar(select(CityPair).where(CityPair.valid_until.is_(None)))

    cities.end_pair(current.uid, date(2025, 1, 1), organiser)

    assert current.valid_until == date(2025, 1, 1)
    assert names() == []
    with pytest.raises(Invalid):
        cities.end_pair(current.uid, date(2025, 1, 2), organiser)
    with pytest.raises(Invalid):
        cities.end_pair(current.uid, CHANGED, organiser)
    cities.end_pair(current.uid, date(2024, 12, 1), organiser)
    assert [entry.action for entry in session().scalars(select(AuditEntry))] == ["pair.changed"] * 2


def test_pairs_are_for_organisers(make, manaus):
    manager = make.manager(manaus)
    current = session().scalar(select(CityPair).where(CityPair.valid_until.is_(None)))

    with pytest.raises(NotAllowed):
        cities.add_pair("manaus", "stockton", date(2026, 1, 1), manager)
    with pytest.raises(NotAllowed):
        cities.end_pair(current.uid, date(2026, 1, 1), manager)
    with pytest.raises(NotFound):
        cities.end_pair("nothing", date(2026, 1, 1), make.organiser())


def facts(**changes):
    return Facts(
        **{
            "side": CitySide.US,
            "latitude": 1.0,
            "longitude": 2.0,
            "main_language": "en",
            "population": 99_224,
            "population_year": 2020,
            "population_scope": "city",
            "population_confirmed": True,
            **changes,
        }
    )


def test_describe_by_an_organiser_states_everything(make):
    city = make.organisation(kind=OrganisationKind.CITY)

    profile = cities.describe(city.slug, facts(note=" n "), make.organiser())

    assert (profile.side, profile.latitude, profile.population_confirmed, profile.note) == (CitySide.US, 1.0, True, "n")


def test_describe_by_a_manager_leaves_side_and_place_and_unconfirms_a_new_figure(make):
    city = make.city(profile={"population": 99_224, "population_year": 2020, "population_confirmed": True})
    manager = make.manager(city)

    same = cities.describe(city.slug, facts(known_project="Park"), manager)
    assert (same.side, same.latitude, same.population_confirmed, same.known_project) == (
        CitySide.LAC,
        -3.1,
        True,
        "Park",
    )
    assert cities.describe(city.slug, facts(population=100_000), manager).population_confirmed is False
    assert cities.describe(city.slug, facts(population=100_000), manager).population_confirmed is False


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("population", {"population": 0}),
        ("population", {"population": 10**9}),
        ("population_year", {"population_year": None}),
        ("population_year", {"population_year": 3000}),
        ("population_scope", {"population_scope": " "}),
        ("population_source", {"population_source": "book"}),
        ("known_project_source", {"known_project_source": "javascript:1"}),
        ("main_language", {"main_language": "xx"}),
        ("latitude", {"latitude": 91}),
        ("longitude", {"longitude": float("nan")}),
    ],
    ids=str,
)
def test_describe_refuses_at_the_field(make, field, changes):
    city = make.city()

    with pytest.raises(Invalid) as refused:
        cities.describe(city.slug, facts(**changes), make.organiser())

    assert refused.value.field == field
    session().expire_all()
    assert city.city.population == 2_063_547


def test_describe_is_for_cities_and_their_managers(make):
    city, bank = make.city(), make.organisation()
    empty = make.organisation(kind=OrganisationKind.CITY)

    with pytest.raises(Conflict):
        cities.describe(bank.slug, facts(), make.organiser())
    with pytest.raises(NotFound):
        cities.describe(city.slug, facts(), make.user())
    with pytest.raises(NotAllowed):
        cities.describe(empty.slug, facts(), make.manager(empty))
