"""Answers in the reader's words, for pages, documents, exports and differences."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.i18n import country_name, format_date, gettext, in_language, write_number
from marketplace.services import labels
from marketplace.services.sheets.fields import Field, Kind
from marketplace.services.sheets.values import is_year

_FIGURES = {Kind.WHOLE, Kind.NUMBER, Kind.MONEY}
_LISTS = {Kind.CHOICES, Kind.RANKED, Kind.COUNTRIES, Kind.ORGANISATIONS}


def say(field: Field, value: Any, currency: str | None = None, names: Mapping[str, str] | None = None) -> str:
    """Say an answer in one text; '' for none. `names` are those of organisations by slug, and of files by uid.

    An amount is said with the sheet's `currency` where one is known. A table is one line per row.
    """
    if value is None or value in ("", [], {}):
        return ""
    if field.kind in _FIGURES:
        return _figure(field, value, currency)
    if field.kind in _LISTS:
        return ", ".join(say_one(field, one, names) for one in value)
    if field.kind == Kind.ROWS:
        return "\n".join(", ".join(word for _, word in row if word) for row in rows(field, value, currency))
    if field.kind == Kind.GRID:
        return "\n".join(f"{row}: {word}" for row, word in grid(field, value))
    if field.kind == Kind.FILES:
        return ", ".join((names or {}).get(uid, "") or uid for uid in value)
    return _single(field, value)


def say_one(field: Field, value: str, names: Mapping[str, str] | None = None) -> str:
    """Say one entry of a list of codes, countries or organisations."""
    if field.kind in {Kind.COUNTRIES, Kind.COUNTRY}:
        return country_name(value)
    if field.choices is not None:
        member = labels.read(field.choices, value)
        return str(labels.of(member)) if member is not None else value
    return (names or {}).get(value, "") or value


def rows(field: Field, value: Any, currency: str | None = None) -> list[list[tuple[str, str]]]:
    """Say a table: for each row the label and the words of every column, '' where nothing was answered."""
    return [
        [(str(column.label), say(column, row.get(column.name), currency)) for column in field.columns]
        for row in value or ()
    ]


def grid(field: Field, value: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say what was answered for each row of a grid, in the order of its rows."""
    return [(str(labels.of(row)), say_one(field, value[row.value])) for row in field.rows_of if value.get(row.value)]


def amount(value: str | Decimal | int, currency: str | None) -> str:
    """Say an amount with the code of its currency, without decimals where there are none: `COP 12,000,000`."""
    number = Decimal(value)
    figures = write_number(number.to_integral_value() if number == number.to_integral_value() else number)
    return f"{currency}\u00a0{figures}" if currency else figures


def _figure(field: Field, value: Any, currency: str | None) -> str:
    if field.kind == Kind.MONEY:
        return amount(value, currency)
    figures = str(value) if is_year(field) else write_number(Decimal(str(value)))
    return f"{figures}\u00a0{field.unit}" if field.unit is not None else figures


def _single(field: Field, value: Any) -> str:
    if field.kind == Kind.TEXTS:
        return in_language(value)
    if field.kind == Kind.CHECK:
        return gettext("Yes")
    if field.kind == Kind.DATE:
        return format_date(date.fromisoformat(value))
    if field.kind == Kind.POINT:
        return f"{value['lat']:.5f}, {value['lon']:.5f}"
    if field.kind == Kind.AREA:
        return _area(value)
    if field.kind in {Kind.CHOICE, Kind.COUNTRY}:
        return say_one(field, value)
    return str(value)


def _area(value: Mapping[str, Any]) -> str:
    if value["kind"] == "circle":
        return gettext(
            "%(km)s km around %(place)s",
            km=_km(value["km"]),
            place=f"{value['lat']:.5f}, {value['lon']:.5f}",
        )
    return gettext(
        "%(north)s km north and %(south)s km south of the border between Mexico and the United States",
        north=_km(value["north_km"]),
        south=_km(value["south_km"]),
    )


def _km(value: float) -> str:
    return write_number(int(value) if value == int(value) else Decimal(str(value)))
