"""Two people change one answer: what can be joined is joined, what cannot is told.

Texts are joined by language, grids by row, tables by row and column. Anything else is one whole.
"""

from collections.abc import Mapping
from typing import Any

from marketplace.services.sheets.fields import Field, Kind

_MISSING = object()


def three_way(field: Field, base: Any, mine: Any, theirs: Any) -> tuple[Any, bool]:
    """Return what is to be stored, and whether both changed the same in different ways.

    `base` is what I started from, `theirs` what is stored now. Where both changed the same, `theirs` stays.
    """
    if same(field, mine, base):
        return theirs, False
    if same(field, theirs, base) or same(field, mine, theirs):
        return mine, False
    if field.kind in {Kind.TEXTS, Kind.GRID}:
        return _mappings(base or {}, mine or {}, theirs or {})
    if field.kind is Kind.ROWS:
        return _rows(field, base or [], mine or [], theirs or [])
    return theirs, True


def overlay(field: Field, before: Any, after: Any, onto: Any) -> Any:
    """Return `onto` with the change from `before` to `after` made to it, whatever it says there."""
    if field.kind in {Kind.TEXTS, Kind.GRID}:
        found = {**(onto or {})}
        _change(found, before or {}, after or {})
        return found or None
    if field.kind is Kind.ROWS and all(map(_are_named, (before or [], after or [], onto or []))):
        return _overlay_rows(before or [], after or [], onto or []) or None
    return after


def _mappings(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, bool]:
    found, clashes = dict(theirs), False
    for key in {*base, *mine}:
        was, wanted, now = (part.get(key, _MISSING) for part in (base, mine, theirs))
        if wanted in (was, now):
            continue
        if now != was:
            clashes = True
        elif wanted is _MISSING:
            found.pop(key, None)
        else:
            found[key] = wanted
    return found or None, clashes


Row = dict[str, Any]


def _rows(field: Field, base: list[Row], mine: list[Row], theirs: list[Row]) -> tuple[list[Row] | None, bool]:
    if not all(map(_are_named, (base, mine, theirs))):
        return theirs, True
    was, wanted, now = ({row["key"]: row for row in rows} for rows in (base, mine, theirs))
    found, clashes = dict(now), False
    for key in {*was, *wanted}:
        if key not in wanted:
            # I took a row out: it goes unless somebody has changed it since.
            clashes |= key in now and now[key] != was[key]
            if now.get(key) == was[key]:
                found.pop(key)
        elif key not in was or wanted[key] != was[key]:
            if key in now:
                row, differs = _mappings(was.get(key, {}), wanted[key], now[key])
                found[key] = {"key": key, **(row or {})}
                clashes |= differs
            elif key in was:
                # I changed a row that somebody took out.
                clashes = True
            else:
                found[key] = wanted[key]
    if len(found) > field.most:
        return theirs, True
    mine_moved = [key for key in wanted if key in was] != [key for key in was if key in wanted]
    order = [*wanted, *now] if mine_moved else [*now, *wanted]
    return [found[key] for key in dict.fromkeys(order) if key in found] or None, clashes


def _overlay_rows(before: list[Row], after: list[Row], onto: list[Row]) -> list[Row]:
    was, became, found = ({row["key"]: dict(row) for row in rows} for rows in (before, after, onto))
    for key in was:
        if key not in became:
            found.pop(key, None)
    for key, row in became.items():
        if row != was.get(key):
            _change(found.setdefault(key, {"key": key}), was.get(key, {}), row)
    return list(found.values())


def _change(onto: dict[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for key in {*before, *after}:
        if key not in after:
            onto.pop(key, None)
        elif after[key] != before.get(key, _MISSING):
            onto[key] = after[key]


def _are_named(rows: list[Row]) -> bool:
    keys = [row.get("key") for row in rows]
    return all(keys) and len(set(keys)) == len(keys)


def same(field: Field, one: Any, other: Any) -> bool:
    """Tell whether two answers say the same; the names of new rows are made up anew each time a form is read."""
    if field.kind is Kind.ROWS:
        return _bare(one) == _bare(other)
    return bool(one == other) or (_is_empty(one) and _is_empty(other))


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)


def _bare(rows: list[Row] | None) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "key"} for row in rows or []]
