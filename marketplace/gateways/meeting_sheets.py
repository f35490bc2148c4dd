"""Meetings on paper: a page or more for each side that meets, or for each table, to be handed out or put up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.gateways import documents, line_breaks

BAND = (16, 59, 68)
INK = (27, 43, 47)
QUIET = (86, 101, 106)
LINE = (222, 218, 205)
SUNK = (241, 238, 230)

MARGIN = 16.0
FOOT = 14.0
_POINT = 0.3528
"""Millimetres."""
_LONGEST_NAME = 7
"""Lines a cell may have."""


@dataclass(frozen=True)
class Sheet:
    """One side, or one table: what it is called, and its meetings. A cell may have several lines."""

    title: str
    subtitle: str = ""
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Sheets:
    """What is printed; all words are in its reader's language. `widths` are shares of the page, one per column."""

    language: str
    event: str
    kind: str
    header: list[str]
    widths: list[float]
    empty: str
    page: str
    made_at: datetime
    sheets: Sequence[Sheet]
    illustrative: str = ""


def meeting_sheets(values: Sheets) -> bytes:
    """Return the document, on A4, each sheet on a page of its own. The same values give the same bytes.

    `page` is how a page says its number, such as "Page %s".
    """
    pdf = _document(values)
    for sheet in values.sheets:
        pdf.add_page()
        _head(pdf, values, sheet)
        if not sheet.rows:
            _type(pdf, 11, colour=QUIET)
            pdf.cell(pdf.epw, 8, documents.printable(values.empty))
            continue
        _header(pdf, values)
        for row in sheet.rows:
            _row(pdf, values, sheet, row)
    return bytes(pdf.output())


def _document(values: Sheets) -> Any:
    # Loaded here because the library is large and most processes never make a document.
    from fpdf import FPDF

    class Paper(FPDF):
        def footer(self) -> None:
            self.set_y(-FOOT)
            _type(self, 8.5, colour=QUIET)
            self.cell(self.epw / 2, 5, documents.printable(values.illustrative))
            self.cell(self.epw / 2, 5, documents.printable(values.page % self.page_no()), align="R")

    pdf = Paper(format="a4", unit="mm")
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    documents.add_type(pdf)
    pdf.set_lang(values.language)
    pdf.set_title(documents.printable(f"{values.event}: {values.kind}"))
    pdf.set_creation_date(values.made_at)
    return pdf


def _type(pdf: Any, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> float:
    pdf.set_font("Source Sans", "B" if bold else "", size)
    pdf.set_text_color(*colour)
    return size * _POINT * 1.3


def _head(pdf: Any, values: Sheets, sheet: Sheet) -> None:
    pdf.set_xy(MARGIN, MARGIN)
    height = _type(pdf, 9.5, colour=QUIET)
    pdf.cell(pdf.epw, height, documents.printable(f"{values.event} · {values.kind}"))
    pdf.set_xy(MARGIN, pdf.get_y() + height + 1)
    size = 20 if len(sheet.title) < 50 else 15
    height = _type(pdf, size, bold=True, colour=BAND)
    for line in _broken(pdf, sheet.title, pdf.epw)[:3]:
        pdf.cell(pdf.epw, height, line)
        pdf.set_xy(MARGIN, pdf.get_y() + height)
    if sheet.subtitle:
        height = _type(pdf, 11.5, colour=QUIET)
        for line in _broken(pdf, sheet.subtitle, pdf.epw)[:2]:
            pdf.cell(pdf.epw, height, line)
            pdf.set_xy(MARGIN, pdf.get_y() + height)
    pdf.set_xy(MARGIN, pdf.get_y() + 4)


def _header(pdf: Any, values: Sheets) -> None:
    height = _type(pdf, 9, bold=True, colour=INK) + 2.5
    pdf.set_fill_color(*SUNK)
    pdf.rect(MARGIN, pdf.get_y(), pdf.epw, height, style="F")
    for words, share in zip(values.header, values.widths, strict=True):
        pdf.set_x(pdf.get_x() + 1.5)
        pdf.cell(share * pdf.epw - 1.5, height, documents.printable(words))
    pdf.set_xy(MARGIN, pdf.get_y() + height)


def _row(pdf: Any, values: Sheets, sheet: Sheet, row: list[str]) -> None:
    height = _type(pdf, 10)
    cells = [_cell(pdf, words, share * pdf.epw - 3) for words, share in zip(row, values.widths, strict=True)]
    tall = max(len(lines) for lines in cells) * height + 3
    if pdf.get_y() + tall > pdf.h - FOOT - 3:
        pdf.add_page()
        _head(pdf, values, sheet)
        _header(pdf, values)
        height = _type(pdf, 10)
    top, left = pdf.get_y(), MARGIN
    for number, (lines, share) in enumerate(zip(cells, values.widths, strict=True)):
        _type(pdf, 10, bold=number == 0)
        for place, line in enumerate(lines):
            pdf.set_xy(left + 1.5, top + 1.5 + place * height)
            pdf.cell(share * pdf.epw - 1.5, height, line)
        left += share * pdf.epw
    pdf.set_draw_color(*LINE)
    pdf.line(MARGIN, top + tall, pdf.w - MARGIN, top + tall)
    pdf.set_xy(MARGIN, top + tall)


def _cell(pdf: Any, words: str, width: float) -> list[str]:
    lines = [line for part in words.split("\n") for line in _broken(pdf, part, width)]
    if len(lines) > _LONGEST_NAME:
        lines = [*lines[: _LONGEST_NAME - 1], f"{lines[_LONGEST_NAME - 1][:-1]}…"]
    return lines or [""]


def _broken(pdf: Any, text: str, width: float) -> list[str]:
    return line_breaks.wrapped(
        documents.printable(text), width / pdf.font_size, documents.advances("B" in pdf.font_style)
    )
