"""What is different between two states of a sheet: field by field, and within texts word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from marketplace.services.sheets.fields import Content, Field, Kind, Sheet

MOST_WORDS = 6000
"""Texts of more words together are shown as a whole, before and after: comparing takes time by their product."""

_PIECE = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """One field that differs; None means not answered."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Piece:
    """A part of a text that stayed, went or came."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True)
class RowChange:
    """One row of a table that came, went or changed; a row is the same one by its key."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None


def difference(sheet: Sheet, before: Content, after: Content) -> list[Change]:
    """Return the fields that differ, in the order of the sheet; what the sheet does not know is left out."""
    return [
        Change(name, before.get(name), after.get(name)) for name in sheet.by_name if before.get(name) != after.get(name)
    ]


def words(before: str, after: str) -> list[Piece]:
    """Return the new text with what went and what came marked; without the marks, both texts can be read from it."""
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        return _pieces(("gone", before), ("new", after))
    found: list[tuple[Literal["same", "gone", "new"], str]] = []
    for what, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", "".join(old[old_from:old_to])))
        else:
            found += [("gone", "".join(old[old_from:old_to])), ("new", "".join(new[new_from:new_to]))]
    return _pieces(*found)


def _pieces(*found: tuple[Literal["same", "gone", "new"], str]) -> list[Piece]:
    return [Piece(kind, text) for kind, text in found if text]


def texts(field: Field, before: Any, after: Any) -> dict[str, list[Piece]]:
    """Return the marked text of every language that differs ('' for a line of text without languages)."""
    if field.kind == Kind.LINE:
        return {"": words(before or "", after or "")}
    codes = dict.fromkeys([*(before or {}), *(after or {})])
    return {
        code: words((before or {}).get(code, ""), (after or {}).get(code, ""))
        for code in codes
        if (before or {}).get(code) != (after or {}).get(code)
    }


def rows(before: list[dict[str, Any]] | None, after: list[dict[str, Any]] | None) -> list[RowChange]:
    """Return the rows that differ: those of the new table in its order, then those that went."""
    old = {row.get("key", ""): row for row in before or ()}
    new = {row.get("key", ""): row for row in after or ()}
    changed = [RowChange(old.get(key), row) for key, row in new.items() if old.get(key) != row]
    return changed + [RowChange(row, None) for key, row in old.items() if key not in new]
