"""The cities of the programme: their public directory, what is known about each, and who is paired with whom when.

Queries of the public pages select columns, not objects, and their number does not grow with the cities.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, func, or_, select
from sqlalchemy.orm import aliased, contains_eager

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LANGUAGES, LazyText, in_language, lazy_gettext
from marketplace.models import (
    CityPair,
    CityProfile,
    CitySide,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    User,
)
from marketplace.services import audit, organisations, policies, search


class City(NamedTuple):
    """A city as it stands in a list, named in the reader's language; `partner` is the city it is paired with today."""

    id: int
    slug: str
    name: str
    country: str
    is_illustrative: bool
    side: CitySide
    admin_area: str
    main_language: str
    partner: "City | None" = None


@dataclass(frozen=True)
class Filter:
    """What the directory shows; empty values mean no restriction."""

    query: str = ""
    side: CitySide | None = None
    country: str = ""
    language: str = ""


@dataclass(frozen=True)
class Directory:
    """The cities that were asked for, and what all of them offer to be filtered by."""

    cities: list[City]
    total: int
    countries: list[str]
    languages: list[str]


def directory(wanted: Filter = Filter()) -> Directory:
    """Return the cities of the programme by name: those that were never paired or are paired today.

    A city whose pair has ended (Stockton) is not one of them any more; its page stays, reached from its pair's.
    """
    cities = {city.id: city for city in map(_city, session().execute(_PUBLIC))}
    today = clock.now().date()
    partners: dict[int, int] = {}
    former: set[int] = set()
    for one, other, valid_from, valid_until in session().execute(_PAIRS):
        if valid_from <= today and (valid_until is None or today < valid_until):
            partners[one], partners[other] = other, one
        elif valid_until is not None and valid_until <= today:
            former |= {one, other}
    present = [
        city._replace(partner=cities[partners[city.id]]) if partners.get(city.id) in cities else city
        for city in cities.values()
        if city.id in partners or city.id not in former
    ]
    found = present
    if wanted.query:
        matching = select(Organisation.id).where(search.matches(Organisation.search_text, wanted.query))
        identities = set(session().scalars(matching))
        found = [city for city in found if city.id in identities]
    if wanted.side:
        found = [city for city in found if city.side is wanted.side]
    if wanted.country:
        found = [city for city in found if city.country == wanted.country]
    if wanted.language:
        found = [city for city in found if city.main_language == wanted.language]
    return Directory(
        cities=sorted(found, key=lambda city: _order(city.name)),
        total=len(present),
        countries=sorted({city.country for city in present}),
        languages=sorted({city.main_language for city in present}),
    )


class Pairing(NamedTuple):
    """A pair as one of its cities sees it; `until` is the first day it no longer holds."""

    partner: City
    since: date
    until: date | None
    source: str
    note: str
    is_current: bool


@dataclass(frozen=True)
class CityPage:
    """What the public page of a city tells: facts, pairs (the present one first), and how many people belong to it."""

    organisation: Organisation
    profile: CityProfile
    pairings: list[Pairing]
    people: int
    now: datetime


def page(slug: str) -> CityPage:
    """Return what is public about one city; raises `NotFound` for other organisations and those out of service."""
    row = (
        session()
        .execute(
            select(Organisation, CityProfile)
            .join(Organisation.city)
            .where(Organisation.slug == slug, Organisation.deactivated_at.is_(None))
        )
        .first()
    )
    if row is None:
        raise NotFound
    organisation, profile = row
    people = session().scalar(
        select(func.count()).where(
            Membership.organisation_id == organisation.id, Membership.state == MembershipState.ACTIVE
        )
    )
    return CityPage(organisation, profile, _pairings(organisation.id), people or 0, clock.now())


def _pairings(identity: int) -> list[Pairing]:
    today = clock.now().date()
    found = []
    for row in session().execute(_PAIRINGS, {"city": identity}):
        *_, since, until, source, note = row
        is_current = since <= today and (until is None or today < until)
        found.append(Pairing(_city(row), since, until, source, note, is_current))
    return found


def _columns(organisation: Any, profile: Any) -> Select[Any]:
    return select(
        organisation.id,
        organisation.slug,
        organisation.names,
        organisation.name,
        organisation.country,
        organisation.is_illustrative,
        profile.side,
        profile.admin_area,
        profile.main_language,
    ).join(profile, profile.organisation_id == organisation.id)


def _city(row: Any) -> City:
    identity, slug, names, name, country, is_illustrative, side, admin_area, main_language = row[:9]
    return City(identity, slug, in_language(names) or name, country, is_illustrative, side, admin_area, main_language)


def _pairings_of_one() -> Select[Any]:
    """Return the statement for the pairs of the city given as `city`, each with the columns of the other city."""
    partner, profile = aliased(Organisation), aliased(CityProfile)
    city: BindParameter[int] = bindparam("city")
    is_theirs = or_(
        (CityPair.lac_city_id == city) & (CityPair.us_city_id == partner.id),
        (CityPair.us_city_id == city) & (CityPair.lac_city_id == partner.id),
    )
    return (
        _columns(partner, profile)
        .add_columns(CityPair.valid_from, CityPair.valid_until, CityPair.source, CityPair.note)
        .join(CityPair, is_theirs)
        .where(partner.deactivated_at.is_(None))
        .order_by(CityPair.valid_from.desc())
    )


# Built once, not at every visit: building these statements costs more than asking them.
_PUBLIC = _columns(Organisation, CityProfile).where(
    Organisation.deactivated_at.is_(None), Organisation.kind == OrganisationKind.CITY
)
_PAIRS = select(CityPair.lac_city_id, CityPair.us_city_id, CityPair.valid_from, CityPair.valid_until)
_PAIRINGS = _pairings_of_one()
_order = lru_cache(maxsize=1024)(search.fold)


@dataclass(frozen=True)
class Facts:
    """What is stated about a city. A population figure comes with its year, what it counts, and where it was read."""

    side: CitySide
    latitude: float
    longitude: float
    main_language: str
    admin_area: str = ""
    population: int | None = None
    population_year: int | None = None
    population_scope: str = ""
    population_source: str = ""
    population_confirmed: bool = False
    known_project: str = ""
    known_project_source: str = ""
    note: str = ""


def describe(slug: str, facts: Facts, by: User) -> CityProfile:
    """Write down the facts of a city. Side, place and whether a figure is confirmed are the organisers' to state.

    Raises `Invalid` for a field that cannot be taken, `Conflict` for an organisation that is not a city.
    """
    with atomic() as current:
        organisation = organisations.locked(slug, by)
        policies.require(by, "organisation.manage", organisation)
        if organisation.kind is not OrganisationKind.CITY:
            raise Conflict(lazy_gettext("Only cities have these facts."))
        organises = policies.can(by, "organisation.verify")
        profile = organisation.city
        if profile is None:
            policies.require(by, "organisation.verify")
            profile = CityProfile(organisation_id=organisation.id)
            current.add(profile)
        values = {name: _tidy(value) for name, value in vars(facts).items()}
        if not organises:
            for name in ("side", "latitude", "longitude", "note"):
                del values[name]
            is_same_figure = (profile.population, profile.population_year) == (facts.population, facts.population_year)
            values["population_confirmed"] = profile.population_confirmed and is_same_figure
        _refuse_bad_facts(facts)
        for name, value in values.items():
            setattr(profile, name, value)
        current.flush()
        audit.record("city.edited", by, organisation)
        return profile


def _tidy(value: object) -> object:
    return value.strip() if isinstance(value, str) and not isinstance(value, CitySide) else value


def _refuse_bad_facts(facts: Facts) -> None:
    for field in ("population_source", "known_project_source"):
        organisations.web_address(getattr(facts, field), field)
    if facts.main_language not in LANGUAGES:
        raise Invalid("main_language", lazy_gettext("Please choose a language from the list."))
    if not -90 <= facts.latitude <= 90:
        raise Invalid("latitude", lazy_gettext("A latitude lies between -90 and 90 degrees."))
    if not -180 <= facts.longitude <= 180:
        raise Invalid("longitude", lazy_gettext("A longitude lies between -180 and 180 degrees."))
    if facts.population is not None:
        if not 0 < facts.population <= 100_000_000:
            raise Invalid("population", lazy_gettext("Please check this number of inhabitants."))
        if facts.population_year is None or not 1900 <= facts.population_year <= clock.now().year:
            raise Invalid("population_year", lazy_gettext("Please give the year of the figure."))
        if not facts.population_scope.strip():
            raise Invalid("population_scope", lazy_gettext("Please say what the figure counts, e.g. municipality."))


def pairs() -> list[CityPair]:
    """Return all pairs, present and past, by the name of the city in Latin America or the Caribbean."""
    lac, us = aliased(Organisation), aliased(Organisation)
    return list(
        session().scalars(
            select(CityPair)
            .join(lac, CityPair.lac_city)
            .join(us, CityPair.us_city)
            .options(
                contains_eager(CityPair.lac_city.of_type(lac)),
                contains_eager(CityPair.us_city.of_type(us)),
            )
            .order_by(lac.search_text, CityPair.valid_from.desc())
        )
    )


def find_pair(uid: str) -> CityPair:
    """Return a pair; raises `NotFound`."""
    pair = session().scalar(select(CityPair).where(CityPair.uid == uid))
    if pair is None:
        raise NotFound
    return pair


def add_pair(
    lac_slug: str,
    us_slug: str,
    valid_from: date,
    by: User,
    *,
    valid_until: date | None = None,
    source: str = "",
    note: str = "",
) -> CityPair:
    """Pair two cities from one day on, until the day before `valid_until` if it is given.

    The programme pairs each city with one other (twelve pairs of 24 cities, announced 15 August 2023), so a pair is
    refused while either of its cities has another one on any of its days. Raises `Invalid` at the field concerned.
    """
    policies.require(by, "organisation.verify")
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("valid_until", lazy_gettext("The last day must come after the first."))
    source = organisations.web_address(source, "source")
    with atomic() as current:
        lac, us = _paired(lac_slug, CitySide.LAC, "lac_city"), _paired(us_slug, CitySide.US, "us_city")
        lock(Organisation, lac.id, us.id)
        for city, field in ((lac, "lac_city"), (us, "us_city")):
            if _is_paired_between(city.id, valid_from, valid_until):
                raise Invalid(field, _taken(city))
        pair = CityPair(
            lac_city_id=lac.id,
            us_city_id=us.id,
            valid_from=valid_from,
            valid_until=valid_until,
            source=source,
            note=note.strip()[:500],
        )
        current.add(pair)
        current.flush()
        audit.record("pair.added", by, pair, cities=[lac.slug, us.slug], valid_from=valid_from.isoformat())
        return pair


def end_pair(uid: str, valid_until: date, by: User) -> CityPair:
    """State the first day on which a pair no longer holds; an end already stated may be moved earlier only."""
    policies.require(by, "organisation.verify")
    with atomic():
        identity = session().scalar(select(CityPair.id).where(CityPair.uid == uid))
        if identity is None:
            raise NotFound
        (pair,) = lock(CityPair, identity)
        if valid_until <= pair.valid_from:
            raise Invalid("valid_until", lazy_gettext("The last day must come after the first."))
        if pair.valid_until is not None and valid_until > pair.valid_until:
            raise Invalid("valid_until", lazy_gettext("This pair has ended. To take it up again, add a new pair."))
        pair.valid_until = valid_until
        audit.record("pair.changed", by, pair, valid_until=valid_until.isoformat())
        return pair


def _paired(slug: str, side: CitySide, field: str) -> Organisation:
    city = session().scalar(
        select(Organisation)
        .join(Organisation.city)
        .where(Organisation.slug == slug, CityProfile.side == side, Organisation.deactivated_at.is_(None))
    )
    if city is None:
        raise Invalid(field, lazy_gettext("Please choose a city of this side from the list."))
    return city


def _is_paired_between(identity: int, valid_from: date, valid_until: date | None) -> bool:
    overlapping = select(CityPair.id).where(
        or_(CityPair.lac_city_id == identity, CityPair.us_city_id == identity),
        or_(CityPair.valid_until.is_(None), CityPair.valid_until > valid_from),
    )
    if valid_until is not None:
        overlapping = overlapping.where(CityPair.valid_from < valid_until)
    return session().scalar(overlapping.limit(1)) is not None


def _taken(city: Organisation) -> LazyText:
    return lazy_gettext("%(city)s has another pair on some of these days. End that pair first.", city=city.name)
