"""Languages: catalogues, the reader's locale, and dates, numbers and money as the reader writes them.

Built directly on Babel so that services, letters and the worker speak to a reader exactly as the web does.
"""

import contextlib
import gettext as _gettext
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel import dates as _dates
from babel import lists as _lists
from babel import numbers as _numbers
from babel.messages import mofile, pofile
from babel.support import LazyProxy, Translations

LANGUAGES: dict[str, str] = {"en": "English", "es": "Español", "pt": "Português"}
"""Code and own name of every language the product speaks completely; English is the source."""

PROGRAMME_NAMES: dict[str, str] = {
    "en": "Cities Forward",
    "es": "Ciudades en Movimiento",
    "pt": "Cidades à Frente",
}

# Dates and numbers follow the Americas: Mexican Spanish writes 1,234.5 and Brazilian Portuguese 1.234,5.
_FORMATS = {"en": "en_US", "es": "es_419", "pt": "pt_BR"}
_DIRECTORY = Path(__file__).parent / "translations"
_locale: ContextVar[str] = ContextVar("locale", default="en")

LazyText = LazyProxy


def locale() -> str:
    """Return the code of the language now spoken: a key of `LANGUAGES`."""
    return _locale.get()


def set_locale(code: str) -> None:
    """Speak `code` from here on in this context (a request, a thread); an unknown code means English."""
    _locale.set(code if code in LANGUAGES else "en")


@contextlib.contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak `code` inside the block, then the language that was spoken before."""
    before = _locale.set(code if code in LANGUAGES else "en")
    try:
        yield
    finally:
        _locale.reset(before)


def negotiate(header: str | None) -> str:
    """Choose a language from an Accept-Language header; English where none fits."""
    wanted: list[tuple[float, str]] = []
    for part in (header or "")[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = 1.0
        if parameters.strip().startswith("q="):
            try:
                quality = float(parameters.strip()[2:])
            except ValueError:
                continue
        wanted.append((-quality, tag.strip().lower().split("-")[0]))
    for quality, code in sorted(wanted, key=lambda pair: pair[0]):
        if code in LANGUAGES and quality < 0:
            return code
    return "en"


@cache
def catalogue(code: str) -> _gettext.NullTranslations:
    """Return the catalogue of one language, compiled from its .po file when the .mo is missing or older."""
    source = _DIRECTORY / code / "LC_MESSAGES" / "messages.po"
    if code == "en" or not source.exists():
        return _gettext.NullTranslations()
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        buffer = io.BytesIO()
        with source.open("rb") as file:
            mofile.write_mo(buffer, pofile.read_po(file, locale=code))
        # A read-only installation works from memory.
        with contextlib.suppress(OSError):
            _replace(compiled, buffer.getvalue())
        buffer.seek(0)
        return Translations(buffer)
    with compiled.open("rb") as file:
        return Translations(file)


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)


def gettext(message: str, **values: Any) -> str:
    """Return the message in the reader's language, with `%(name)s` replaced by the values."""
    text = catalogue(_locale.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: Any) -> str:
    """Return the message in the right plural form, with `%(num)s` and the values replaced."""
    text = catalogue(_locale.get()).ngettext(singular, plural, number)
    return text % {"num": format_number(number), **values}


def lazy_gettext(message: str, **values: Any) -> LazyText:
    """Return a text that is looked up when it is shown, for words written at import time."""
    return LazyProxy(gettext, message, enable_cache=False, **values)


def in_language(texts: dict[str, str] | None, code: str | None = None) -> str:
    """Choose from texts per language: the reader's, else English, else any that is there; '' for none."""
    if not texts:
        return ""
    return texts.get(code or _locale.get()) or texts.get("en") or next((text for text in texts.values() if text), "")


def programme_name() -> str:
    """Return the name of the programme in the reader's language."""
    return PROGRAMME_NAMES[_locale.get()]


def _format() -> Locale:
    return _babel_locale(_FORMATS[_locale.get()])


@cache
def _babel_locale(code: str) -> Locale:
    return Locale.parse(code)


def format_date(value: date, style: str = "long") -> str:
    """Write a calendar date, e.g. `18 de junio de 2024`."""
    return str(_dates.format_date(value, format=style, locale=_format()))


def format_datetime(value: datetime, zone: str, style: str = "medium") -> str:
    """Write an aware moment in the named IANA zone, with the zone: no time of day appears without one."""
    local = value.astimezone(ZoneInfo(zone))
    day = _dates.format_date(local, format=style, locale=_format())
    time = _dates.format_time(local, format="short", locale=_format())
    return f"{day}, {time} ({zone_name(zone, value)})"


def format_time(value: datetime, zone: str) -> str:
    """Write the time of day of an aware moment in a zone; only beside words that name the zone."""
    return str(_dates.format_time(value.astimezone(ZoneInfo(zone)), format="short", locale=_format()))


def zone_name(zone: str, at: datetime) -> str:
    """Name an IANA zone by its city and its offset at that moment, e.g. `Manaus, UTC−4`."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    sign = "−" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    words = f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")
    if zone == "UTC":
        return "UTC"
    return f"{zone_city(zone)}, {words}"


# Babel has these under the names they had before they were filed below their country.
_MOVED = ("Buenos_Aires", "Catamarca", "Cordoba", "Jujuy", "Mendoza")
_ZONES_RENAMED = {f"America/Argentina/{city}": f"America/{city}" for city in _MOVED}


def zone_city(zone: str) -> str:
    """Name the place an IANA zone is called after, e.g. `Ciudad de México`; UTC stays UTC."""
    return zone if zone == "UTC" else _zone_city(zone, _locale.get())


@lru_cache(maxsize=2048)
def _zone_city(zone: str, language: str) -> str:
    there = _babel_locale(_FORMATS[language])
    known = there.time_zones.get(_ZONES_RENAMED.get(zone, zone), {}).get("city")
    # A city that is not translated comes with the part of the world its zone is filed under.
    return str(known or _dates.get_timezone_location(zone, locale=there, return_city=True).rpartition("/")[2])


def format_number(value: float) -> str:
    """Write a number with the reader's separators."""
    if isinstance(value, int) and 0 <= value < 1000:
        # Our languages write these alike, and pages are full of them.
        return str(int(value))
    return str(_numbers.format_decimal(value, locale=_format()))


_SIGNS = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*")
_SPACED = re.compile(r"[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?")
_ODD_SIGNS = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": " ", "'": " "})


def read_number(text: str) -> Decimal | None:
    """Read a number as people of the Americas write it; None where it is none.

    What can be read in two ways (`1.250`) is read as the reader's language writes numbers; `1.250.000,50` and
    `1,250,000.50` mean the same everywhere.
    """
    text = text.strip().translate(_ODD_SIGNS)
    if len(text) > 40:
        return None
    if _SPACED.fullmatch(text):
        text = text.replace(" ", "")
    if not _SIGNS.fullmatch(text):
        return None
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text.lstrip("+"))
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return Decimal(sign + digits)
    decimal = digits[last]
    others = digits[:last].replace(decimal, "")
    if digits.count(decimal) > 1 or (not {".", ","} & set(others) and _groups(digits, decimal) and _is_group(decimal)):
        return Decimal(sign + digits.replace(decimal, "")) if _groups(digits, decimal) else None
    whole, fraction = digits[:last], digits[last + 1 :]
    group = "," if decimal == "." else "."
    if not fraction or (group in whole and not _groups(whole, group)):
        return None
    return Decimal(f"{sign}{whole.replace(group, '') or '0'}.{fraction}")


def _groups(digits: str, group: str) -> bool:
    return re.fullmatch(rf"(?!0)[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+", digits) is not None


def _is_group(sign: str) -> bool:
    return bool(_numbers.get_group_symbol(_format()) == sign)


def write_number(value: Decimal | int) -> str:
    """Write a number with the reader's separators and all its decimals, so that `read_number` understands it."""
    return str(_numbers.format_decimal(value, locale=_format(), decimal_quantization=False))


def format_magnitude(value: Decimal | int) -> str:
    """Write a large number in words that are read at a glance, to one decimal, e.g. `12.6 millones`."""
    if -1_000_000 < value < 1_000_000:
        return str(_numbers.format_decimal(round(value), locale=_format()))
    return str(_numbers.format_compact_decimal(value, format_type="long", locale=_format(), fraction_digits=1))


def format_percent(value: float | Decimal, *, is_exact: bool = False) -> str:
    """Write a share of one as a percentage, whole or (exact) with the decimals it has."""
    return str(_numbers.format_percent(value, locale=_format(), decimal_quantization=not is_exact))


def format_list(texts: list[str]) -> str:
    """Write several things one after the other, e.g. `water, energy and waste`."""
    return str(_lists.format_list(texts, style="standard", locale=_format()))


def format_money(amount: int, currency: str) -> str:
    """Write an amount given in minor units of an ISO 4217 currency, e.g. 1250 USD as `$12.50`."""
    digits = _numbers.get_currency_precision(currency)
    return str(_numbers.format_currency(amount / 10**digits, currency, locale=_format()))


@lru_cache(maxsize=1024)
def _territory(code: str, language: str) -> str:
    return str(_babel_locale(_FORMATS[language]).territories.get(code, code))


def country_name(code: str) -> str:
    """Name a country (ISO 3166-1 alpha-2) in the reader's language."""
    return _territory(code, _locale.get())


@lru_cache(maxsize=256)
def _language_name(code: str, language: str) -> str:
    return str(_babel_locale(_FORMATS[language]).languages.get(code, code))


def language_name(code: str) -> str:
    """Name a language (ISO 639-1) in the reader's language."""
    return _language_name(code, _locale.get())


def language_pair(pair: str) -> str:
    """Name the two languages of a pair such as "en-es" in the reader's language."""
    return " – ".join(language_name(code) for code in pair.split("-"))
