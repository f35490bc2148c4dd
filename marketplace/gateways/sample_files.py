"""Pictures and papers made on the spot for the sample programme, the same for the same words."""

import io
import random
from datetime import datetime
from functools import cache

from PIL import Image, ImageDraw

SIZE = (1200, 720)
"""Pixels of a picture."""

PALETTES: dict[str, tuple[str, ...]] = {
    "water": ("#0b6170", "#83cad2", "#103b44", "#dceef1", "#f3e6c9"),
    "nature": ("#1d5737", "#8fb98a", "#f3e6c9", "#0b6170", "#d9c79a"),
    "districts": ("#b64a1b", "#f3e6c9", "#103b44", "#f39a63", "#e2d3b0"),
}

_TILE = 120
_MOTIFS = ("quarter", "leaf", "waves", "roof", "window", "dot", "plain")


@cache
def tiles(name: str, palette: str) -> bytes:
    """Return an abstract mosaic as PNG; `name` decides which tiles lie where. Each is drawn once per process."""
    choice = random.Random(f"{palette} {name}")
    colours = PALETTES[palette]
    picture = Image.new("RGB", SIZE, colours[3])
    for top in range(0, SIZE[1], _TILE):
        for left in range(0, SIZE[0], _TILE):
            ground, figure = choice.sample(colours, 2)
            tile = _tile(choice.choice(_MOTIFS), ground, figure)
            picture.paste(tile.rotate(90 * choice.randrange(4)), (left, top))
    written = io.BytesIO()
    picture.quantize(64, Image.Quantize.FASTOCTREE).save(written, "PNG")
    return written.getvalue()


@cache
def _tile(motif: str, ground: str, figure: str) -> Image.Image:
    """Draw one tile at twice its size, so that its curves are smooth when it is made smaller."""
    side = 2 * _TILE
    tile = Image.new("RGB", (side, side), ground)
    pen = ImageDraw.Draw(tile)
    if motif == "quarter":
        pen.pieslice((-side, -side, side, side), 0, 90, fill=figure)
    elif motif == "leaf":
        pen.pieslice((-side, -side, side, side), 0, 90, fill=figure)
        pen.pieslice((-side // 3, -side // 3, side // 3, side // 3), 0, 90, fill=ground)
    elif motif == "waves":
        for step in range(4, 0, -1):
            reach = side * step // 4
            pen.pieslice((-reach, -reach, reach, reach), 0, 90, fill=figure if step % 2 else ground)
    elif motif == "roof":
        pen.polygon(((0, side), (side // 2, side // 4), (side, side)), fill=figure)
    elif motif == "window":
        pen.rectangle((side // 4, side // 4, 3 * side // 4, 3 * side // 4), fill=figure)
    elif motif == "dot":
        pen.ellipse((side // 4, side // 4, 3 * side // 4, 3 * side // 4), fill=figure)
    return tile.resize((_TILE, _TILE), Image.Resampling.LANCZOS)


def paper(heading: str, title: str, sections: list[tuple[str, str]], note: str, made_at: datetime) -> bytes:
    """Return a page as PDF: a heading, a title, sections of a heading ('' for none) and a text, and a note below."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.set_creation_date(made_at)
    document.set_title(_plain(title))
    document.set_margin(22)
    document.add_page()
    width = document.epw
    document.set_text_color(182, 74, 27)
    document.set_font("helvetica", "B", 11)
    document.multi_cell(width, 6, _plain(heading), new_x="LMARGIN", new_y="NEXT")
    document.set_text_color(16, 59, 68)
    document.set_font("helvetica", "B", 18)
    document.multi_cell(width, 9, _plain(title), new_x="LMARGIN", new_y="NEXT", align="L")
    for caption, text in sections:
        document.ln(4)
        if caption:
            document.set_font("helvetica", "B", 12)
            document.multi_cell(width, 6, _plain(caption), new_x="LMARGIN", new_y="NEXT")
        document.set_font("helvetica", "", 11)
        document.multi_cell(width, 6, _plain(text), new_x="LMARGIN", new_y="NEXT", align="L")
    document.ln(6)
    document.set_text_color(86, 101, 106)
    document.set_font("helvetica", "I", 9)
    document.multi_cell(width, 5, _plain(note), new_x="LMARGIN", new_y="NEXT", align="L")
    return bytes(document.output())


def _plain(text: str) -> str:
    """Return the text in the letters that the built-in fonts of PDF have."""
    return text.encode("latin-1", "replace").decode("latin-1")
