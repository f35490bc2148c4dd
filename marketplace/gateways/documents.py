"""Documents to print or keep: PDF from plain values, in a type that has the letters of our languages."""

import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import segno

INK = (16, 59, 68)
QUIET = (90, 105, 108)
A5 = (148, 210)
SMALLEST_CODE, LARGEST_CODE = 38.0, 62.0
BELOW = 26.0
"""Millimetres: the page, the side of the code, and what is left below it for a line or two and the margin."""


@dataclass(frozen=True)
class Ticket:
    """What stands on a ticket; all words are in its reader's language. `code` is what the square says."""

    code: str
    language: str
    heading: str
    event: str
    name: str
    organisation: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""
    illustrative: str = ""


def ticket(values: Ticket) -> bytes:
    """Return a ticket on one A5 page. Signs the type does not have, such as emoji, are left out."""
    pdf = _document(values.language, values.event)
    pdf.add_page()
    _words(pdf, values, _fitting_scale(pdf, values))
    _code(pdf, values.code)
    _line(pdf, values.note, 10, colour=QUIET, centred=True)
    if values.illustrative:
        _line(pdf, values.illustrative, 9, colour=QUIET, centred=True)
    return bytes(pdf.output())


def _fitting_scale(pdf: Any, values: Ticket) -> float:
    """Return how much smaller long names and addresses are set, so that the code never leaves the page."""
    for scale in (1.0, 0.85, 0.7):
        with pdf.offset_rendering() as trial:
            _words(trial, values, scale)
            fits = trial.get_y() <= pdf.h - BELOW - SMALLEST_CODE
        if fits:
            return scale
    return 0.55


def _words(pdf: Any, values: Ticket, scale: float) -> None:
    _line(pdf, values.heading, 11 * scale, colour=QUIET)
    _line(pdf, values.event, 20 * scale, bold=True)
    pdf.ln(4 * scale)
    _line(pdf, values.name, 17 * scale, bold=True)
    if values.organisation:
        _line(pdf, values.organisation, 12 * scale)
    pdf.ln(2 * scale)
    above = ""
    for label, words in values.facts:
        # Several lines of one kind, such as the time here and the time there, stand under one label.
        if label != above:
            pdf.ln(1.6 * scale)
            _line(pdf, label, 9 * scale, colour=QUIET)
        _line(pdf, words, 11 * scale)
        above = label


def _document(language: str, title: str) -> Any:
    # Loaded here because the library is large and most processes never make a document.
    from fpdf import FPDF

    pdf = FPDF(format=A5, unit="mm")
    pdf.set_margin(14)
    pdf.set_auto_page_break(False)
    add_type(pdf)
    pdf.set_lang(language)
    pdf.set_title(printable(title))
    return pdf


def add_type(pdf: Any) -> None:
    """Give a document the type all are set in."""
    for style, path in zip(("", "B"), _type_files(), strict=True):
        pdf.add_font("Source Sans", style, path)


def _line(
    pdf: Any, text: str, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK, centred: bool = False
) -> None:
    shown = printable(text)
    if not shown:
        return
    pdf.set_font("Source Sans", "B" if bold else "", size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(
        0, size * 0.45, shown, align="C" if centred else "L", new_x="LMARGIN", new_y="NEXT", max_line_height=size * 0.45
    )


def _code(pdf: Any, code: str) -> None:
    """Draw the square black on white, with the four modules of margin its standard asks for (ISO/IEC 18004)."""
    matrix = tuple(segno.make(code, error="m", boost_error=False).matrix)
    side = max(SMALLEST_CODE, min(LARGEST_CODE, pdf.h - pdf.get_y() - BELOW))
    module = side / (len(matrix) + 8)
    left, top = (pdf.w - side) / 2 + 4 * module, pdf.get_y() + 3 + 4 * module
    pdf.set_fill_color(0, 0, 0)
    for row, line in enumerate(matrix):
        for column, length in runs(line):
            pdf.rect(left + column * module, top + row * module, length * module, module, style="F")
    pdf.set_y(top + (len(matrix) + 4) * module + 1)


def runs(line: bytearray) -> list[tuple[int, int]]:
    """Return where dark modules begin in a line, and how many follow each other."""
    found: list[tuple[int, int]] = []
    for column, is_dark in enumerate(line):
        if not is_dark:
            continue
        if found and sum(found[-1]) == column:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((column, 1))
    return found


def printable(text: str) -> str:
    """Return the text without signs the type does not have; where nothing would be left, a sign that says so."""
    composed = unicodedata.normalize("NFC", text)
    kept = " ".join("".join(sign for sign in composed if sign.isspace() or ord(sign) in _signs()).split())
    return kept or ("?" if text.strip() else "")


@cache
def _type_files() -> tuple[str, str]:
    from font_source_sans_pro import font_files_ttf

    return font_files_ttf["SourceSansPro"], font_files_ttf["SourceSansProSemibold"]


@cache
def _signs() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(_type_files()[0]) as font:
        return frozenset(font.getBestCmap())


@cache
def advances(bold: bool) -> dict[int, float]:
    """Return how wide each sign of the type is, as a share of its size."""
    from fontTools.ttLib import TTFont

    with TTFont(_type_files()[bold]) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"]
        return {sign: widths[name][0] / units for sign, name in font.getBestCmap().items()}
