"""The sample programme as plain records, read from the files in `data/`."""

import csv
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from marketplace.i18n import LANGUAGES
from marketplace.models import CitySide, MembershipRole, OrganisationKind, Role

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Person:
    """An invented person with an account; `organisation` is the slug of the body they act for."""

    email: str
    name: str
    locale: str
    timezone: str
    speaks: list[str]
    organisation: str = ""
    job_title: str = ""
    membership: MembershipRole = MembershipRole.MANAGER
    role: Role | None = None
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Body:
    """An organisation, real (a city, a partner of the programme) or invented; `city` has the facts of a city."""

    slug: str
    kind: OrganisationKind
    name: str
    names: dict[str, str]
    descriptions: dict[str, str]
    country: str
    timezone: str
    website: str
    is_real: bool
    is_verified: bool
    city: dict[str, Any] | None = None


@dataclass(frozen=True)
class Pair:
    """Two cities by slug, from a day until another."""

    lac_city: str
    us_city: str
    valid_from: date
    valid_until: date | None
    source: str
    note: str


@dataclass(frozen=True)
class Convening:
    """An event; without `starts_on` its day is not known and lies `in_days` after the day of loading."""

    slug: str
    titles: dict[str, str]
    places: dict[str, str]
    timezone: str
    days: int
    source: str
    starts_on: date | None
    in_days: int

    def dates(self, today: date) -> tuple[date, date]:
        """Return the first and the last day."""
        first = self.starts_on or today + timedelta(days=self.in_days)
        return first, first + timedelta(days=self.days - 1)


@lru_cache(maxsize=1)
def bodies() -> list[Body]:
    """Return all organisations: cities, funders, vendors, then the others."""
    return [*map(_city, _rows("cities.csv")), *(_body(entry, kind) for kind, _, entry in _entries())]


@lru_cache(maxsize=1)
def people() -> list[Person]:
    """Return everybody: those who run the programme, the delegates of cities, and one contact of each other body."""
    staff = [
        Person(role=Role(entry["role"]), **{name: value for name, value in entry.items() if name != "role"})
        for entry in _table("staff.toml", "person")
    ]
    contacts = [
        Person(
            email=contact.get("email") or _address(kind, number, entry["slug"]),
            name=contact["name"],
            locale=contact["locale"],
            timezone=entry["timezone"],
            speaks=contact["speaks"],
            organisation=entry["slug"],
            job_title=contact["title"],
        )
        for kind, number, entry in _entries()
        if (contact := entry.get("contact"))
    ]
    return [*staff, *_delegates(), *contacts]


@lru_cache(maxsize=1)
def types() -> dict[str, str]:
    """Return the kind of each funder, and what each vendor offers first, by slug."""
    return {entry["slug"]: entry["type"] for _, _, entry in _entries() if "type" in entry}


@lru_cache(maxsize=1)
def pairs() -> list[Pair]:
    """Return the pairs of cities, former ones too."""
    return [
        Pair(
            lac_city=row["lac_city"],
            us_city=row["us_city"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
            source=row["source"],
            note=row["note"],
        )
        for row in _rows("pairs.csv")
    ]


@lru_cache(maxsize=1)
def convenings() -> list[Convening]:
    """Return the events of the programme."""
    return [
        Convening(
            slug=entry["slug"],
            titles=entry["titles"],
            places=entry["places"],
            timezone=entry["timezone"],
            days=entry["days"],
            source=entry.get("source", ""),
            starts_on=entry.get("starts_on"),
            in_days=entry.get("in_days", 0),
        )
        for entry in _table("events.toml", "event")
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _table(name: str, key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads((_DATA / name).read_text(encoding="utf-8"))[key]
    return entries


def _entries() -> list[tuple[OrganisationKind, int, dict[str, Any]]]:
    """Return every body but the cities with its kind and its number within its file."""
    found = []
    for name, kind in (("funders", OrganisationKind.FUNDER), ("vendors", OrganisationKind.VENDOR), ("bodies", None)):
        for number, entry in enumerate(_table(f"{name}.toml", "organisation"), start=1):
            found.append((kind or OrganisationKind(entry["kind"]), number, entry))
    return found


def _address(kind: OrganisationKind, number: int, slug: str) -> str:
    numbered = kind in {OrganisationKind.FUNDER, OrganisationKind.VENDOR}
    return f"{kind}.{number}@cities.example" if numbered else f"{slug}@cities.example"


def _body(entry: dict[str, Any], kind: OrganisationKind) -> Body:
    is_real = entry.get("real", False)
    # `name` is in the language of the body's people; it is shown in English where there is an English one.
    names = {entry.get("contact", {}).get("locale", "en"): entry["name"], **entry.get("names", {})}
    return Body(
        slug=entry["slug"],
        kind=kind,
        name=names.get("en") or entry["name"],
        names=names,
        descriptions=entry["description"],
        country=entry["country"],
        timezone=entry["timezone"],
        website=entry.get("website", "" if is_real else f"https://{entry['slug']}.example/"),
        is_real=is_real,
        is_verified=entry.get("verified", True),
    )


def _city(row: dict[str, str]) -> Body:
    return Body(
        slug=row["slug"],
        kind=OrganisationKind.CITY,
        name=row["name_en"],
        names={code: row[f"name_{code}"] for code in LANGUAGES},
        descriptions={},
        country=row["country_code"],
        timezone=row["timezone"],
        website="",
        is_real=True,
        is_verified=True,
        city={
            "side": CitySide(row["side"].lower()),
            "admin_area": row["admin_area"],
            "latitude": float(row["latitude"]),
            "longitude": float(row["longitude"]),
            "population": int(row["population"]),
            "population_year": int(row["population_year"]),
            "population_scope": row["population_scope"],
            "population_confirmed": row["population_status"] == "confirmed",
            "population_source": row["population_source"],
            "main_language": row["main_language"],
            "membership_status": row["membership_status"],
            "membership_source": row["membership_source"],
            "known_project": row["known_project"],
            "known_project_source": row["known_project_source"],
            "note": row["note"],
        },
    )


def _delegates() -> list[Person]:
    """Return the delegates; the first of each city answers for it and has the city's sample account."""
    zones = {row["slug"]: row["timezone"] for row in _rows("cities.csv")}
    seen: dict[str, int] = {}
    found = []
    for row in _rows("delegates.csv"):
        slug = row["city"]
        number = seen[slug] = seen.get(slug, 0) + 1
        found.append(
            Person(
                email=f"city.{slug}{f'.{number}' if number > 1 else ''}@cities.example",
                name=row["name"],
                locale=row["locale"],
                timezone=zones[slug],
                speaks=row["speaks"].split(),
                organisation=slug,
                job_title=row["job_title"],
                membership=MembershipRole.MANAGER if number == 1 else MembershipRole.MEMBER,
            )
        )
    return found
