"""Steps of a sheet as forms: what a browser sends read into raw answers, and which button was pressed.

Boxes are named by the path of what they hold: `contact_name`, `title.es`, `risks.2.mitigation`, `location.lat`. Each
field that a form asks sends its name as `asked`, each row of a table its number as `<table>.at`: so an answer that was
emptied is told from a question that was not asked. templates/components/sheets.html draws what is read here.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from marketplace.i18n import LANGUAGES
from marketplace.services.sheets.fields import Field, Kind, Step

MOST_ROWS = 60
"""Rows of one table that are read from a form."""

AREA_PARTS = ("kind", "lat", "lon", "km", "border", "north_km", "south_km")

_MANY = frozenset({Kind.CHOICES, Kind.COUNTRIES, Kind.ORGANISATIONS})
_NUMBER = re.compile(r"[0-9a-z]{1,32}")

Form = MultiDict[str, str]


@dataclass(frozen=True)
class Action:
    """The button that was pressed: what it does, to which field, to which of its rows."""

    name: str
    field: str = ""
    row: str = ""


@dataclass(frozen=True)
class Typed:
    """What was typed in a form. `rows` are the numbers that the rows of each table have in the page, in order."""

    raw: dict[str, Any]
    rows: dict[str, list[str]] = field(default_factory=dict)

    def in_page(self, path: str) -> str:
        """Return the path of a box as the page names it, from one that counts rows without the empty ones."""
        name, _, rest = path.partition(".")
        place, _, column = rest.partition(".")
        numbers = self.rows.get(name)
        if numbers is None or not place.isdigit() or int(place) >= len(numbers):
            return path
        return f"{name}.{numbers[int(place)]}.{column}"


def action(form: Form) -> Action:
    """Return which button sent a form; saving where none says otherwise."""
    name, _, rest = form.get("action", "")[:120].partition(":")
    one, _, row = rest.partition(":")
    return Action(name or "save", one, row)


def raw(step: Step, form: Form) -> dict[str, Any]:
    """Return the raw answers of a step as `services.sheets.values.read` takes them, without what was not asked."""
    return typed(step, form).raw


def typed(step: Step, form: Form) -> Typed:
    """Return what was typed in a step. Files are not typed, and a row that a button removes is left out."""
    asked = set(form.getlist("asked"))
    pressed = action(form)
    found = Typed({})
    for one in step.fields:
        if one.name not in asked or one.kind is Kind.FILES:
            continue
        if one.kind is Kind.ROWS:
            gone = pressed.row if pressed.name == "remove_row" and pressed.field == one.name else ""
            found.raw[one.name], found.rows[one.name] = _rows(one, form, gone)
        else:
            found.raw[one.name] = _single(one, form, one.name)
    return found


def revision(form: Form) -> int:
    """Return the revision a form was made from; -1 for none that can be read."""
    text = form.get("revision", "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1


def _single(one: Field, form: Form, path: str) -> Any:
    if one.kind in _MANY:
        return form.getlist(path)
    if one.kind is Kind.RANKED:
        return [form.get(f"{path}.{place}", "") for place in range(one.most)]
    if one.kind is Kind.TEXTS:
        return _parts(form, path, tuple(LANGUAGES))
    if one.kind is Kind.GRID:
        return _parts(form, path, tuple(row.value for row in one.rows_of))
    if one.kind is Kind.POINT:
        return _parts(form, path, ("lat", "lon"))
    if one.kind is Kind.AREA:
        return _parts(form, path, AREA_PARTS)
    return form.get(path, "")


def _parts(form: Form, path: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: form.get(f"{path}.{name}", "") for name in names}


def _rows(one: Field, form: Form, gone: str) -> tuple[list[dict[str, Any]], list[str]]:
    rows: list[dict[str, Any]] = []
    numbers: list[str] = []
    for number in dict.fromkeys(form.getlist(f"{one.name}.at")[:MOST_ROWS]):
        path = f"{one.name}.{number}"
        if number == gone or not _NUMBER.fullmatch(number):
            continue
        cells = {column.name: _single(column, form, f"{path}.{column.name}") for column in one.columns}
        if any(cells.values()):
            rows.append({"key": form.get(f"{path}.key", ""), **cells})
            numbers.append(number)
    return rows, numbers
