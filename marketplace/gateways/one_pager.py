"""A project on one page: what a mayor hands over. Whatever the texts, it is one page and nothing runs out of its place.

Texts that are too long are shortened at the end of a sentence; where there is room, the type grows a little.
"""

import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import segno

from marketplace.gateways import documents, line_breaks

BAND = (16, 59, 68)
CLAY = (182, 74, 27)
INK = (27, 43, 47)
QUIET = (86, 101, 106)
LINE = (222, 218, 205)
SUNK = (241, 238, 230)
BAND_QUIET = (185, 207, 208)
WARN = (250, 236, 205)
WARN_INK = (110, 68, 6)

MARGIN = 16.0
BAND_HEIGHT = 14.0
PICTURE_HEIGHTS = (78.0, 66.0, 56.0, 46.0)
"""Millimetres a picture may be high; the largest that leaves room for all texts and facts is taken."""
SIDE = 58.0
GUTTER = 8.0
FOOT = 13.0
CODE = 27.0
SIZES = (12.5, 11.75, 11.0, 10.5, 10.0, 9.5, 9.0)
"""Points the running text may have; the largest with which all fits is taken."""

_POINT = 0.3528
"""Millimetres."""


@dataclass(frozen=True)
class Figure:
    """A number at a glance."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and running text."""

    heading: str
    text: str


@dataclass(frozen=True)
class OnePager:
    """What stands on the page; all words are in its reader's language. `address` is what the square says."""

    language: str
    paper: str
    programme: str
    kicker: str
    title: str
    place: str
    marks: str
    address: str
    address_label: str
    made_at: datetime
    illustrative: str = ""
    picture: bytes | None = None
    picture_alt: str = ""
    figures: list[Figure] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def one_pager(values: OnePager) -> bytes:
    """Return the page (`paper` is `a4` or `letter`). The same values give the same bytes."""
    pdf = _document(values)
    _band(pdf, values)
    _head(pdf, values)
    bottom = pdf.h - FOOT - 4
    side_left = pdf.w - MARGIN - SIDE
    width = side_left - GUTTER - MARGIN
    if values.picture is not None:
        _picture(pdf, values.picture, values.picture_alt, _room_for_picture(pdf, values, width, bottom))
    _figures(pdf, values.figures)
    top = pdf.get_y() + 2
    _code(pdf, values, side_left, bottom)
    _facts(pdf, values.facts, side_left, top, bottom - CODE - 4)
    _sections(pdf, values.sections, width, top, bottom)
    _foot(pdf, values)
    return bytes(pdf.output())


def _document(values: OnePager) -> Any:
    # Loaded here because the library is large and most processes never make a document.
    from fpdf import FPDF

    pdf = FPDF(format=values.paper, unit="mm")
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    documents.add_type(pdf)
    pdf.set_lang(values.language)
    pdf.set_title(documents.printable(values.title))
    pdf.set_creation_date(values.made_at)
    pdf.add_page()
    return pdf


def _type(pdf: Any, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> float:
    """Set the type and return the height of one of its lines in millimetres."""
    pdf.set_font("Source Sans", "B" if bold else "", size)
    pdf.set_text_color(*colour)
    return size * _POINT * 1.28


def _lines(pdf: Any, text: str, width: float) -> int:
    """Count the lines a text takes in the present type."""
    return len(_broken(pdf, text, width))


def _broken(pdf: Any, text: str, width: float) -> list[str]:
    return line_breaks.wrapped(text, width / pdf.font_size, documents.advances("B" in pdf.font_style))


def _block(pdf: Any, text: str, width: float, height: float, most: int) -> None:
    """Write at most so many lines of a text at the present place, and go below it."""
    shown = line_breaks.shortened(documents.printable(text), lambda part: _lines(pdf, part, width) <= most)
    left = pdf.get_x()
    for line in _broken(pdf, shown, width)[:most]:
        pdf.set_x(left)
        pdf.cell(width, height, line)
        pdf.set_xy(left, pdf.get_y() + height)


def _band(pdf: Any, values: OnePager) -> None:
    pdf.set_fill_color(*BAND)
    pdf.rect(0, 0, pdf.w, BAND_HEIGHT, style="F")
    pdf.set_fill_color(*CLAY)
    pdf.rect(0, BAND_HEIGHT, pdf.w, 1.2, style="F")
    _type(pdf, 13, bold=True, colour=(255, 255, 255))
    pdf.set_xy(MARGIN, 0)
    pdf.cell(pdf.epw / 2, BAND_HEIGHT, documents.printable(values.programme))
    _type(pdf, 9, colour=BAND_QUIET)
    pdf.set_xy(MARGIN + pdf.epw / 2, 0)
    pdf.cell(pdf.epw / 2, BAND_HEIGHT, documents.printable(values.kicker), align="R")
    pdf.set_xy(MARGIN, BAND_HEIGHT + 1.2)
    if values.illustrative:
        pdf.set_fill_color(*WARN)
        _type(pdf, 8.5, bold=True, colour=WARN_INK)
        pdf.set_x(0)
        pdf.cell(pdf.w, 5.4, documents.printable(values.illustrative), align="C", fill=True)
        pdf.set_xy(MARGIN, BAND_HEIGHT + 6.6)


def _head(pdf: Any, values: OnePager) -> None:
    pdf.set_y(pdf.get_y() + 5)
    height = _type(pdf, 10, bold=True, colour=CLAY)
    _block(pdf, values.marks, pdf.epw, height, 1)
    title = documents.printable(values.title)
    size = next((size for size in (23, 20, 17) if _title_lines(pdf, title, size) <= 2), 15)
    height = _type(pdf, size, bold=True, colour=BAND)
    pdf.set_y(pdf.get_y() + 0.5)
    _block(pdf, title, pdf.epw, height, 3)
    height = _type(pdf, 12, colour=QUIET)
    pdf.set_y(pdf.get_y() + 0.5)
    _block(pdf, values.place, pdf.epw, height, 1)
    pdf.set_y(pdf.get_y() + 3)


def _title_lines(pdf: Any, title: str, size: float) -> int:
    _type(pdf, size, bold=True)
    return _lines(pdf, title, pdf.epw)


def _room_for_picture(pdf: Any, values: OnePager, width: float, bottom: float) -> float:
    """Return how high the picture may be for the texts to be large, and all facts to be there, below it."""
    pieces = [documents.printable(one.text) for one in values.sections if one.text.strip()]
    height = _type(pdf, 11)
    texts = sum(_lines(pdf, piece, width) for piece in pieces) * height + len(pieces) * 8
    facts = CODE + 4 + sum(_fact_height(pdf, value) for _label, value in values.facts)
    room = bottom - pdf.get_y() - _tall(values.figures) - 8 - max(texts, facts)
    return next((high for high in PICTURE_HEIGHTS if high <= room), PICTURE_HEIGHTS[-1])


def _picture(pdf: Any, content: bytes, alt: str, tall: float) -> None:
    """Fill the width with the middle of the picture; what cannot be read as one is left out."""
    picture = _cropped(content, pdf.epw / tall)
    if picture is None:
        return
    pdf.image(io.BytesIO(picture), x=MARGIN, y=pdf.get_y(), w=pdf.epw, h=tall, alt_text=alt or None)
    pdf.set_y(pdf.get_y() + tall + 4)


def _cropped(content: bytes, ratio: float) -> bytes | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as found:
            picture = found.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    width, height = picture.size
    wide, high = (width, round(width / ratio)) if width / height < ratio else (round(height * ratio), height)
    left, top = (width - wide) // 2, (height - high) // 2
    cut = picture.crop((left, top, left + max(1, wide), top + max(1, high)))
    cut.thumbnail((1600, 1600))
    kept = io.BytesIO()
    cut.save(kept, "JPEG", quality=84)
    return kept.getvalue()


def _figures(pdf: Any, figures: list[Figure]) -> None:
    """Draw up to four figures side by side."""
    shown = figures[:4]
    if not shown:
        return
    top, width, tall = pdf.get_y(), pdf.epw / len(shown), _tall(shown)
    pdf.set_fill_color(*SUNK)
    pdf.rect(MARGIN, top, pdf.epw, tall, style="F")
    pdf.set_fill_color(*CLAY)
    for place, figure in enumerate(shown):
        left, room = MARGIN + place * width + 3.5, width - 6
        pdf.rect(MARGIN + place * width, top, 0.8, tall, style="F")
        _type(pdf, _fitting(pdf, figure.label, (8, 7.5, 7, 6.5, 6), room), colour=QUIET)
        pdf.set_xy(left, top + 2)
        _block(pdf, figure.label, room, 8 * _POINT * 1.28, 1)
        height = _type(pdf, _fitting(pdf, figure.value, (15, 13, 11.5, 10, 9), room, bold=True), bold=True, colour=BAND)
        pdf.set_xy(left, top + 6 + (6.9 - height) / 2)
        _block(pdf, figure.value, room, height, 1)
        height = _type(pdf, 8, colour=QUIET)
        pdf.set_xy(left, top + 13.4)
        _block(pdf, figure.note, room, height, 1)
    pdf.set_xy(MARGIN, top + tall + 2)


def _tall(figures: list[Figure]) -> float:
    if not figures:
        return 0.0
    return 19.0 if any(figure.note for figure in figures[:4]) else 15.0


def _fitting(pdf: Any, text: str, sizes: tuple[float, ...], width: float, *, bold: bool = False) -> float:
    """Return the largest of the sizes in which a text takes one line, or the smallest."""
    for size in sizes:
        _type(pdf, size, bold=bold)
        if _lines(pdf, documents.printable(text), width) <= 1:
            return size
    return sizes[-1]


def _sections(pdf: Any, sections: list[Section], width: float, top: float, bottom: float) -> None:
    """Write the running texts: in the largest type in which all fit, or shortened to equal shares in the smallest."""
    pieces = [Section(one.heading, documents.printable(one.text)) for one in sections if one.text.strip()]
    for size in SIZES:
        height = _type(pdf, size)
        room = int((bottom - top - _headings(pdf, pieces)) // height)
        _type(pdf, size)
        needed = [_lines(pdf, piece.text, width) for piece in pieces]
        if sum(needed) <= room:
            break
    shares = _shares(needed, room) if pieces else []
    pdf.set_y(top)
    for piece, most in zip(pieces, shares, strict=True):
        heading_height = _type(pdf, 10.5, bold=True, colour=CLAY)
        pdf.set_x(MARGIN)
        _block(pdf, piece.heading, width, heading_height, 1)
        height = _type(pdf, size)
        pdf.set_x(MARGIN)
        _block(pdf, piece.text, width, height, most)
        pdf.set_y(pdf.get_y() + 2.2)


def _headings(pdf: Any, pieces: list[Section]) -> float:
    return len(pieces) * (_type(pdf, 10.5, bold=True) + 2.2)


def _shares(needed: list[int], room: int) -> list[int]:
    """Return how many lines each text gets: all it needs, or an equal share of what the shorter ones leave."""
    shares, left = dict.fromkeys(range(len(needed)), 0), room
    for place, (number, lines) in enumerate(sorted(enumerate(needed), key=lambda pair: pair[1])):
        shares[number] = max(1, min(lines, left // (len(needed) - place)))
        left -= shares[number]
    return [shares[number] for number in range(len(needed))]


def _facts(pdf: Any, facts: list[tuple[str, str]], left: float, top: float, bottom: float) -> None:
    """Write facts one below the other, as many as fit."""
    pdf.set_y(top)
    for label, value in facts:
        label_height, value_height = _type(pdf, 8) + 0.2, _type(pdf, 9.5)
        shown = documents.printable(value)
        if pdf.get_y() + _fact_height(pdf, value) - 1.8 > bottom:
            return
        pdf.set_draw_color(*LINE)
        pdf.set_line_width(0.2)
        if pdf.get_y() > top:
            pdf.line(left, pdf.get_y() - 0.9, left + SIDE, pdf.get_y() - 0.9)
        _type(pdf, 8, colour=QUIET)
        pdf.set_x(left)
        _block(pdf, label, SIDE, label_height, 1)
        _type(pdf, 9.5)
        pdf.set_x(left)
        _block(pdf, shown, SIDE, value_height, 3)
        pdf.set_y(pdf.get_y() + 1.8)


def _fact_height(pdf: Any, value: str) -> float:
    label, line = _type(pdf, 8) + 0.2, _type(pdf, 9.5)
    return label + min(3, _lines(pdf, documents.printable(value), SIDE)) * line + 1.8


def _code(pdf: Any, values: OnePager, left: float, bottom: float) -> None:
    """Draw the square with its margin (ISO/IEC 18004), and beside it what it leads to."""
    matrix = tuple(segno.make(values.address, error="m", boost_error=False).matrix)
    module = CODE / (len(matrix) + 8)
    top = bottom - CODE
    pdf.set_fill_color(0, 0, 0)
    for row, line in enumerate(matrix):
        for column, length in documents.runs(line):
            pdf.rect(left + (4 + column) * module, top + (4 + row) * module, length * module, module, style="F")
    height = _type(pdf, 8.5, colour=QUIET)
    pdf.set_xy(left + CODE + 1, top + 4 * module)
    _block(pdf, values.address_label, SIDE - CODE - 1, height, 5)
    pdf.link(left, top, SIDE, CODE, values.address)


def _foot(pdf: Any, values: OnePager) -> None:
    top = pdf.h - FOOT
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.3)
    pdf.line(MARGIN, top, pdf.w - MARGIN, top)
    height = _type(pdf, 7.5, colour=QUIET)
    pdf.set_xy(MARGIN, top + 1.5)
    _block(pdf, " ".join([*values.notes, re.sub(r"^https?://", "", values.address)]), pdf.epw, height, 2)
