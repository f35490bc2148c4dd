"""Tables as files, CSV and XLSX: spreadsheets open them with accents intact and without running anything."""

import csv
import io
from collections.abc import Iterable, Sequence

# A spreadsheet takes a cell that begins like this for a formula (OWASP, CSV injection); full-width forms count as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file (RFC 4180, UTF-8 with a byte order mark, which Excel needs) with every formula disarmed."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([disarmed(cell) for cell in header])
    writer.writerows([disarmed(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().replace("\x00", "").encode("utf-8", errors="replace")


def disarmed(cell: str) -> str:
    """Return the cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def to_xlsx(header: Sequence[str], rows: Iterable[Sequence[str]], *, sheet: str) -> bytes:
    """Return an Excel file with one sheet of texts, its header fixed at the top. Nothing is a formula or a link."""
    # Imported here because few processes ever write one, and it costs each of them memory.
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        page = book.add_worksheet(_sheet_name(sheet))
        bold = book.add_format({"bold": True})
        for column, cell in enumerate(header):
            page.write_string(0, column, _cell(cell), bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                page.write_string(number, column, _cell(cell))
        page.freeze_panes(1, 0)
        page.autofit()
    return content.getvalue()


def _cell(text: str) -> str:
    """Return what a cell can hold: no control signs, and at most as many characters as Excel opens."""
    return "".join(sign for sign in text if sign in "\n\t" or (sign >= " " and not "\ud800" <= sign <= "\udfff"))[
        :32_767
    ]


def _sheet_name(text: str) -> str:
    return "".join(" " if sign in "[]:*?/\\\x00" else sign for sign in _cell(text)).strip().strip("'")[:31] or "1"
