import csv
import io

import pytest

from marketplace.gateways import tables


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("https://bad.example")'],
    ids=["equals", "plus", "minus", "at", "tab", "return", "line", "full-width", "link"],
)
def test_cell_that_a_spreadsheet_would_run_is_disarmed(cell):
    assert tables.disarmed(cell) == "'" + cell


def test_cell_of_plain_text_stays_as_it_is():
    assert tables.disarmed("Mérida, Yucatán (a=b)") == "Mérida, Yucatán (a=b)"


def test_file_holds_every_cell_again_and_begins_with_a_byte_order_mark():
    rows = [["Renca", 'says "hello"', "two\r\nlines", ""], ["São Paulo", "a;b,c", "=1", "\ud800"]]

    content = tables.to_csv(["One", "Two", "Three", "Four"], rows)

    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) == [
        ["One", "Two", "Three", "Four"],
        ["Renca", 'says "hello"', "two\r\nlines", ""],
        ["São Paulo", "a;b,c", "'=1", "?"],
    ]
