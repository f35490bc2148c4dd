"""One page of a long list."""

import pytest
from sqlalchemy import select

from marketplace.models import Organisation
from marketplace.services import paging


def test_page_slices_in_the_order_of_the_statement(make):
    for name in ("C", "A", "E", "B", "D"):
        make.organisation(name=name)
    statement = select(Organisation).order_by(Organisation.name)

    found = paging.page(statement, 2, size=2)

    assert [one.name for one in found] == ["C", "D"]
    assert (found.total, found.number, found.pages, len(found)) == (5, 2, 3, 2)


@pytest.mark.parametrize(("asked", "given"), [(-3, 1), (0, 1), (1, 1), (3, 3), (99, 3), (10**30, 3)], ids=str)
def test_page_outside_the_list_is_the_nearest_one(make, asked, given):
    for _ in range(5):
        make.organisation()

    found = paging.page(select(Organisation).order_by(Organisation.id), asked, size=2)

    assert found.number == given


def test_page_of_an_empty_list_is_the_first_and_sends_one_statement(app, count_queries):
    with count_queries() as statements:
        found = paging.page(select(Organisation))

    assert found == paging.Page(items=[], total=0, number=1, pages=1)
    assert len(statements) == 1


def test_page_of_rows_keeps_all_columns(make):
    make.organisation(name="A", country="BR")

    found = paging.page_of_rows(select(Organisation.name, Organisation.country))

    assert [tuple(row) for row in found] == [("A", "BR")]
