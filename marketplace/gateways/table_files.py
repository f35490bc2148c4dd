"""Tables from files people send, CSV or XLSX, as rows of plain words: nothing in them is run, followed or trusted."""

import csv
import io
import zipfile
from datetime import date, datetime, time
from typing import Any

LARGEST = 1_000_000
"""Bytes of a file."""

_UNPACKED = 20_000_000
"""Bytes an Excel file may have unpacked."""

_COLUMNS = 30
_CELL = 300


class Unreadable(Exception):
    """The file is no table we can read, or larger than we read."""


def rows(content: bytes, most: int) -> list[list[str]]:
    """Return the rows of a CSV file or of the first sheet of an Excel file, at most `most` and one more.

    Formulas come as the words they are written with. Cells longer than 300 characters are cut. Raises `Unreadable`.
    """
    if len(content) > LARGEST:
        raise Unreadable
    found = _xlsx(content, most + 1) if content.startswith(b"PK") else _csv(content, most + 1)
    while found and not any(found[-1]):
        found.pop()
    return found


def _csv(content: bytes, most: int) -> list[list[str]]:
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of our languages write where they are not asked for UTF-8.
        text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise Unreadable
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            found.append([_word(cell) for cell in row[:_COLUMNS]])
            if len(found) >= most:
                break
    except csv.Error as error:
        raise Unreadable from error
    return found


def _xlsx(content: bytes, most: int) -> list[list[str]]:
    # Imported here because few processes ever read one, and it costs each of them memory.
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > _UNPACKED:
                raise Unreadable
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            page: Any = book.worksheets[0]
            page.reset_dimensions()
            return [
                [_word(cell) for cell in row]
                for row in page.iter_rows(max_row=most, max_col=_COLUMNS, values_only=True)
            ]
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:
        # A file made to do harm, or simply broken, can make the reader raise anything.
        raise Unreadable from error


def _word(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = "".join(sign for sign in str(cell) if sign >= " " and not "\ud800" <= sign <= "\udfff")
    # Our own files put an apostrophe before what a spreadsheet would take for a formula.
    text = text[1:] if text[:1] == "'" and text[1:2] in "=+-@" and text[1:2] else text
    return text.strip()[:_CELL]
