"""A save of a sheet that several people write at once: what is stored of it, what stands against it, what is newer.

A page tells which revision it was made from. What it knew then is rebuilt from what is kept of every save; with it,
answers that only one side changed are joined, and where both changed the same, the stored one stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.models import User
from marketplace.services.sheets import merging
from marketplace.services.sheets.fields import Content, Sheet, Step


@dataclass(frozen=True)
class Known:
    """What a page knew. `content` is None where that cannot be rebuilt.

    `last` is the latest save since that changed a field (anything with `by` and `at`), by field.
    """

    content: Content | None
    last: Mapping[str, Any]


@dataclass(frozen=True)
class Clash:
    """One answer that I changed (`mine`, not stored) and somebody else too (`theirs`, stored), when and who."""

    mine: Any
    theirs: Any
    by: User | None
    at: datetime | None


@dataclass(frozen=True)
class Joined:
    """What is to be stored, by field, and what stands against answers of the page."""

    changes: dict[str, Any]
    conflicts: dict[str, Clash]


def with_own(sheet: Sheet, content: Mapping[str, Any], own: Iterable[tuple[str, Any, Any]]) -> Content:
    """Return what a page knows that was made from `content` and has saved changes of its `own` since.

    These are field, answer before and answer after, the earliest first.
    """
    found = dict(content)
    for name, before, after in own:
        field = sheet.by_name.get(name)
        found[name] = merging.overlay(field, before, after, found.get(name)) if field else after
    return {name: value for name, value in found.items() if value is not None}


def join(
    sheet: Sheet, stored: Content, answers: Content, known: Known, changed: tuple[User | None, datetime | None]
) -> Joined:
    """Join the answers of a page with what is stored; `changed` is who wrote last, for what nobody is known of."""
    joined = Joined({}, {})
    for name, answer in answers.items():
        there = stored.get(name)
        if answer == there:
            continue
        if known.content is None:
            # What the page knew cannot be told any more, so nothing that is stored gives way to it.
            merged, clashes = (answer, False) if there is None else (there, True)
        else:
            merged, clashes = merging.three_way(sheet.by_name[name], known.content.get(name), answer, there)
        if merged != there:
            joined.changes[name] = merged
        if clashes:
            edit = known.last.get(name)
            by, at = (edit.by, edit.at) if edit else changed
            joined.conflicts[name] = Clash(answer, merged, by, at)
    return joined


def newer(step: Step, stored: Content, answers: Content, known: Known) -> dict[str, Any]:
    """Return what is stored of a step and not on the page."""
    if known.content is None:
        return {}
    found = {}
    for one in step.fields:
        on_page = answers.get(one.name, known.content.get(one.name))
        there = stored.get(one.name)
        if not merging.same(one, on_page, there):
            found[one.name] = there
    return found
