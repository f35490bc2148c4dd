"""What is still missing or out of bounds in a sheet, how much of it is answered, and which translations it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.i18n import LANGUAGES, LazyText, lazy_gettext
from marketplace.services.sheets.fields import Content, Field, Kind, Required, Sheet
from marketplace.services.sheets.limits import breaches

_DUE = {Required.SUBMIT: {Required.SUBMIT}, Required.PUBLISH: {Required.SUBMIT, Required.PUBLISH}, Required.NO: set()}

_FILL_IN = lazy_gettext("Please fill this in.")
_CHOOSE = lazy_gettext("Please choose an answer.")
_AGREE = lazy_gettext("This must be ticked.")


@dataclass(frozen=True)
class Problem:
    """What keeps a sheet from being handed in. `field` is a path such as `risks.2.mitigation`."""

    field: str
    step: str
    message: LazyText


def problems(sheet: Sheet, content: Content, level: Required) -> list[Problem]:
    """Return what is missing at a level (PUBLISH includes SUBMIT) and what is out of bounds, in the sheet's order."""
    found: list[Problem] = []
    for step in sheet.steps:
        for field in step.fields:
            if not field.applies(content):
                continue
            value = content.get(field.name)
            if _is_empty(field, value):
                if is_due(field, content, level):
                    found.append(Problem(field.name, step.name, _missing(field)))
                continue
            found += [Problem(path, step.name, message) for path, message in _gaps(field, value, level)]
            found += [
                Problem(path, step.name, message)
                for path, message in breaches(field, value, field.name, is_finished=True)
            ]
    return found


def is_due(field: Field, content: Content, level: Required) -> bool:
    """Tell whether a field must be answered at a level, given the other answers."""
    return field.required in _DUE[level] and field.applies(content) and field.required_when(content)


def completeness(sheet: Sheet, content: Content) -> int:
    """Return how much of what is required in the end is answered, in whole percent rounded down."""
    due = [field for step in sheet.steps for field in step.fields if is_due(field, content, Required.PUBLISH)]
    return _share(due, content)


def completeness_by_step(sheet: Sheet, content: Content) -> dict[str, int]:
    """Return the completeness of each step by its name; a step that requires nothing is complete."""
    return {
        step.name: _share([one for one in step.fields if is_due(one, content, Required.PUBLISH)], content)
        for step in sheet.steps
    }


def missing_translations(
    sheet: Sheet, content: Content, languages: Sequence[str] = tuple(LANGUAGES)
) -> dict[str, list[str]]:
    """Return the languages in which a text is missing that is written in another, by field."""
    missing = {}
    for field in sheet.by_name.values():
        written = content.get(field.name)
        if field.kind == Kind.TEXTS and written and field.applies(content):
            codes = [code for code in languages if not written.get(code)]
            if codes:
                missing[field.name] = codes
    return missing


def _share(due: list[Field], content: Content) -> int:
    answered = sum(not _is_empty(field, content.get(field.name)) for field in due)
    return 100 * answered // len(due) if due else 100


def _is_empty(field: Field, value: Any) -> bool:
    return value in (None, "", [], {}) or (field.kind == Kind.CHECK and value is not True)


def _gaps(field: Field, value: Any, level: Required) -> list[tuple[str, LazyText]]:
    """Return the cells and lines of an answer that is there but not whole."""
    if field.kind == Kind.ROWS:
        return [
            (f"{field.name}.{place}.{column.name}", _missing(column))
            for place, row in enumerate(value)
            for column in field.columns
            if column.required in _DUE[level] and _is_empty(column, row.get(column.name))
        ]
    if field.kind == Kind.GRID and field.required in _DUE[level]:
        return [(f"{field.name}.{row.value}", _CHOOSE) for row in field.rows_of if not value.get(row.value)]
    return []


def _missing(field: Field) -> LazyText:
    if field.kind == Kind.CHECK:
        return _AGREE
    return _CHOOSE if field.choices is not None and field.kind != Kind.GRID else _FILL_IN
