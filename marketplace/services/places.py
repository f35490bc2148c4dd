"""Countries and time zones a person or an organisation can be in, from the tables of the IANA database."""

from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import available_timezones

from marketplace import i18n
from marketplace.services.search import fold


@cache
def countries() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes of all countries."""
    return frozenset(row[0] for row in _table("iso3166.tab"))


@cache
def zones() -> tuple[str, ...]:
    """Return the names of the time zones people choose from (each named after a place), and UTC, in order."""
    return ("UTC", *sorted(row[2] for row in _table("zone.tab")))


def is_zone(name: str) -> bool:
    """Tell whether an IANA zone of that name exists, chosen from our list or not."""
    return name in _every_zone()


def country_choices() -> list[tuple[str, str]]:
    """Return code and name of all countries, in the order of their names in the reader's language."""
    return sorted(((code, i18n.country_name(code)) for code in countries()), key=lambda pair: fold(pair[1]))


def zone_choices() -> list[tuple[str, str]]:
    """Return UTC, then name and words of all time zones in the order of their words in the reader's language.

    The words are a place and its country, e.g. `Ciudad de México (México)` for `America/Mexico_City`.
    """
    return list(_zone_choices(i18n.locale()))


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _zone_choices(language: str) -> tuple[tuple[str, str], ...]:
    with i18n.speaking(language):
        named = [(name, _zone_words(name, code)) for code, _, name, *_ in _table("zone.tab")]
        return ("UTC", "UTC"), *sorted(named, key=lambda pair: fold(pair[1]))


def _zone_words(name: str, code: str) -> str:
    city, country = i18n.zone_city(name), i18n.country_name(code)
    return city if city == country else f"{city} ({country})"


@cache
def _every_zone() -> frozenset[str]:
    return frozenset(available_timezones())


def _table(name: str) -> list[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
