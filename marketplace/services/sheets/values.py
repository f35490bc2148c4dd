"""Answers as people type them, read into what is stored, and written back into the boxes of a form.

Nothing else of an answer is lost by one that cannot be read: it is named in the errors and left out, so that what was
stored before stays.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from marketplace.i18n import LANGUAGES, lazy_gettext, write_number
from marketplace.models.base import new_uid
from marketplace.services import texts
from marketplace.services.sheets import answers
from marketplace.services.sheets.answers import Errors
from marketplace.services.sheets.fields import Content, Field, Kind, Step
from marketplace.services.sheets.limits import breaches

LONG_TEXT = 300
"""Texts that may be longer than this have paragraphs; shorter ones stand in one line."""

_ROWS_READ = 200
_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")


def read(step: Step, raw: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """Read what was typed in one step: (answers by field, messages by path such as `risks.2.mitigation`).

    An answer is None where it was emptied. A field that `raw` does not have was not asked, one that cannot be read
    stays as it was: both are left out. A number out of bounds is read and kept, and named among the errors.
    """
    content: dict[str, Any] = {}
    errors: Errors = {}
    for field in step.fields:
        if field.name not in raw:
            continue
        try:
            value = _READERS[field.kind](field, raw[field.name])
        except answers.Unread as unread:
            errors |= {f"{field.name}.{path}".rstrip("."): message for path, message in unread.messages.items()}
            continue
        content[field.name] = value
        for path, message in breaches(field, value, field.name, is_finished=False):
            errors.setdefault(path, message)
    return content, errors


def merge(content: Content, changes: Content) -> dict[str, Any]:
    """Return the content with the changes put in; an answer that was emptied is gone."""
    return {name: value for name, value in {**content, **changes}.items() if value is not None}


def write(field: Field, value: Any) -> Any:
    """Return an answer as the boxes of a form show it: numbers in the reader's notation, lists and rows as such."""
    if field.kind == Kind.ROWS:
        return [
            {"key": row.get("key", ""), **{one.name: write(one, row.get(one.name)) for one in field.columns}}
            for row in value or ()
        ]
    if value is None:
        return _EMPTY.get(field.kind, "")
    if field.kind == Kind.CHECK:
        return "yes"
    if field.kind == Kind.WHOLE:
        return str(value) if is_year(field) else write_number(int(value))
    if field.kind in {Kind.NUMBER, Kind.MONEY}:
        return write_number(Decimal(value))
    if field.kind in {Kind.POINT, Kind.AREA}:
        return {name: part if isinstance(part, str) else _part(name, part) for name, part in value.items()}
    return value


def _part(name: str, value: float) -> str:
    """Write a degree with a point, as maps do, and a distance in the reader's notation."""
    plain = f"{value:.6f}".rstrip("0").rstrip(".")
    return write_number(Decimal(plain)) if name.endswith("km") else plain


def is_year(field: Field) -> bool:
    """Tell whether a whole number is a year, which no language writes with a separator."""
    return field.high == 2100


def _texts(field: Field, raw: Any) -> dict[str, str] | None:
    written: dict[str, str] = {}
    errors: Errors = {}
    tidy = texts.paragraphs if field.longest > LONG_TEXT else texts.one_line
    for code in LANGUAGES:
        try:
            text = answers.within(tidy(answers.text_of(answers.parts_of(raw).get(code))) or "", field.longest)
        except answers.Unread as unread:
            errors[code] = unread.messages[""]
            continue
        if text:
            written[code] = text
    if errors:
        raise answers.Unread(errors)
    return written or None


def _choice(field: Field, raw: Any) -> str | None:
    text = answers.text_of(raw)
    return answers.code_of(field, text) if text else None


def _choices(field: Field, raw: Any) -> list[str] | None:
    wanted = {answers.code_of(field, one) for one in answers.listed(raw)}
    return [member.value for member in field.choices or () if member.value in wanted] or None


def _ranked(field: Field, raw: Any) -> list[str] | None:
    return [answers.code_of(field, one) for one in answers.listed(raw)] or None


def _check(field: Field, raw: Any) -> bool | None:
    return True if raw in (True, "yes", "y", "on", "1", "true") else None


def _grid(field: Field, raw: Any) -> dict[str, str] | None:
    parts = answers.parts_of(raw)
    found: dict[str, str] = {}
    errors: Errors = {}
    for row in field.rows_of:
        text = answers.text_of(parts.get(row.value))
        try:
            if text:
                found[row.value] = answers.code_of(field, text)
        except answers.Unread:
            errors[row.value] = answers.NOT_LISTED
    if errors:
        raise answers.Unread(errors)
    return found or None


def _rows(field: Field, raw: Any) -> list[dict[str, Any]] | None:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, list | tuple) or not all(isinstance(row, Mapping) for row in raw):
        raise answers.Unread({"": answers.UNREADABLE})
    if len(raw) > _ROWS_READ:
        raise answers.Unread({"": lazy_gettext("Please give at most %(max)s.", max=field.most)})
    rows: list[dict[str, Any]] = []
    errors: Errors = {}
    keys: set[str] = set()
    for place, row in enumerate(raw):
        cells: dict[str, Any] = {}
        for column in field.columns:
            try:
                cells[column.name] = _READERS[column.kind](column, row.get(column.name))
            except answers.Unread as unread:
                errors[f"{place}.{column.name}"] = next(iter(unread.messages.values()))
        filled = {name: value for name, value in cells.items() if value is not None}
        if filled:
            key = str(row.get("key") or "")
            key = key if _CODE.fullmatch(key) and key not in keys else new_uid()
            keys.add(key)
            rows.append({"key": key, **filled})
    if errors:
        raise answers.Unread(errors)
    return rows or None


def _names(field: Field, raw: Any) -> list[str] | None:
    found = answers.listed(raw)
    if not all(_CODE.fullmatch(one) for one in found):
        raise answers.Unread({"": answers.NOT_LISTED})
    return found or None


_READERS: dict[Kind, Callable[[Field, Any], Any]] = {
    Kind.LINE: answers.line,
    Kind.TEXTS: _texts,
    Kind.EMAIL: answers.email,
    Kind.PHONE: answers.phone,
    Kind.URL: answers.url,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.RANKED: _ranked,
    Kind.CHECK: _check,
    Kind.WHOLE: answers.whole,
    Kind.NUMBER: answers.fraction,
    Kind.MONEY: answers.money,
    Kind.DATE: answers.day,
    Kind.POINT: answers.point,
    Kind.AREA: answers.area,
    Kind.COUNTRY: answers.country,
    Kind.COUNTRIES: answers.countries,
    Kind.GRID: _grid,
    Kind.ROWS: _rows,
    Kind.FILES: _names,
    Kind.ORGANISATIONS: _names,
}

_EMPTY: dict[Kind, Any] = {
    Kind.TEXTS: {},
    Kind.CHOICES: [],
    Kind.RANKED: [],
    Kind.COUNTRIES: [],
    Kind.ORGANISATIONS: [],
    Kind.FILES: [],
    Kind.GRID: {},
    Kind.POINT: {},
    Kind.AREA: {},
}
