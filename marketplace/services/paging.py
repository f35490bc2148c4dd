"""One page of a long list, and how many pages there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from marketplace.database import session

Item = TypeVar("Item")

SIZE = 50
"""Items on a page unless the caller says otherwise."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """The items of one page, in the order of the statement; `number` counts from 1."""

    items: list[Item]
    total: int
    number: int
    pages: int
    size: int = SIZE

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def page(statement: Select[Item], number: int = 1, size: int = SIZE) -> Page[Item]:
    """Return one page of the objects (or of the first column) a statement selects.

    A number outside the list means the nearest page there is. Two statements are sent, one where there is nothing.
    """
    total, number, pages = _place(statement, number, size)
    items = list(session().scalars(_slice(statement, number, size))) if total else []
    return Page(items=items, total=total, number=number, pages=pages, size=size)


def page_of_rows(statement: Select[Any], number: int = 1, size: int = SIZE) -> Page[Any]:
    """Return one page of whole rows, for a statement that selects several columns; otherwise like `page`."""
    total, number, pages = _place(statement, number, size)
    items: list[Any] = list(session().execute(_slice(statement, number, size))) if total else []
    return Page(items=items, total=total, number=number, pages=pages, size=size)


def page_of_list(items: Sequence[Item], number: int = 1, size: int = SIZE) -> Page[Item]:
    """Return one page of what was put together in memory; otherwise like `page`."""
    pages = max(1, -(-len(items) // size))
    number = min(max(1, number), pages)
    shown = list(items[(number - 1) * size : number * size])
    return Page(items=shown, total=len(items), number=number, pages=pages, size=size)


def count(statement: Select[Any]) -> int:
    """Return how many rows a statement selects."""
    return session().scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def _place(statement: Select[Any], number: int, size: int) -> tuple[int, int, int]:
    total = count(statement)
    pages = max(1, -(-total // size))
    return total, min(max(1, number), pages), pages


def _slice(statement: Select[Any], number: int, size: int) -> Select[Any]:
    return statement.limit(size).offset((number - 1) * size)
