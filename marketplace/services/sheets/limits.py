"""How much and how many a field takes: numbers between two bounds, texts of a length, lists of so many entries."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from marketplace.i18n import LazyText, lazy_gettext, write_number
from marketplace.services.sheets.fields import Field, Kind

LARGEST_AMOUNT = Decimal("99999999999999.99")
"""Amounts have at most sixteen digits, two of them behind the point."""

NUMBERS = frozenset({Kind.WHOLE, Kind.NUMBER, Kind.MONEY})
LISTS = frozenset({Kind.CHOICES, Kind.RANKED, Kind.COUNTRIES, Kind.ROWS, Kind.FILES, Kind.ORGANISATIONS})


def breaches(field: Field, value: Any, path: str, *, is_finished: bool) -> Iterator[tuple[str, LazyText]]:
    """Yield where an answer as it stands in `Content` leaves its bounds: path and message.

    Unless the answer `is_finished`, too little of it is no breach: a text grows and a list gets longer.
    """
    if value is None:
        return
    if field.kind in NUMBERS:
        yield from _number(field, Decimal(str(value)), path)
    elif field.kind == Kind.LINE:
        yield from _text(field, value, path, is_finished=is_finished)
    elif field.kind == Kind.TEXTS:
        for code, text in value.items():
            yield from _text(field, text, f"{path}.{code}", is_finished=is_finished)
    elif field.kind in LISTS:
        yield from _list(field, value, path, is_finished=is_finished)


def _text(field: Field, text: str, path: str, *, is_finished: bool) -> Iterator[tuple[str, LazyText]]:
    if is_finished and len(text) < field.shortest:
        yield path, lazy_gettext("Please write at least %(min)s characters.", min=field.shortest)


def _list(field: Field, value: list[Any], path: str, *, is_finished: bool) -> Iterator[tuple[str, LazyText]]:
    if len(value) > field.most:
        yield path, lazy_gettext("Please give at most %(max)s.", max=field.most)
    elif is_finished and len(value) < field.least:
        yield path, lazy_gettext("Please give at least %(min)s.", min=field.least)
    if field.kind == Kind.ROWS:
        for place, row in enumerate(value):
            for column in field.columns:
                within = f"{path}.{place}.{column.name}"
                yield from breaches(column, row.get(column.name), within, is_finished=is_finished)


def _number(field: Field, value: Decimal, path: str) -> Iterator[tuple[str, LazyText]]:
    low, high = field.low, field.high
    if low is not None and high is not None and not low <= value <= high:
        yield (
            path,
            lazy_gettext(
                "Please give a number from %(min)s to %(max)s.", min=write_number(low), max=write_number(high)
            ),
        )
    elif low is not None and value < low:
        yield path, lazy_gettext("Please give %(min)s or more.", min=write_number(low))
    elif high is not None and value > high:
        yield path, lazy_gettext("Please give %(max)s or less.", max=write_number(high))
