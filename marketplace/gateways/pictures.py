"""Pictures people send, drawn anew: only the picture itself is kept, upright, bounded, without hidden data."""

import io
import struct
import zlib
from typing import NamedTuple

from PIL import Image, ImageOps

LARGEST = 24_000_000
"""Pixels above which a picture is not unpacked: a small file may hold a picture that fills the memory."""

WIDEST = 2000
TALLEST = 4000
"""Pixels to which larger pictures are reduced."""

# The decoders meet broken files with all of these.
_BROKEN = (
    OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, EOFError, struct.error, zlib.error
)  # fmt: skip
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png"}


class Picture(NamedTuple):
    """A picture drawn anew: its media type, bytes, and size in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int


class TooManyPixels(Exception):
    """The picture is larger than `LARGEST`; it was not unpacked."""


def redraw(content: bytes, box: tuple[int, int] = (WIDEST, TALLEST)) -> Picture | None:
    """Return a JPEG or PNG drawn anew to fit the box, or None for anything that is none; raises `TooManyPixels`.

    What cameras and programs write beside the picture (places, owners, thumbnails, comments) is left behind; the
    first picture of an animation is kept.
    """
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as image:
            kind = image.format or ""
            if image.width * image.height > LARGEST:
                raise TooManyPixels
            if kind == "JPEG":
                # Decodes at a half, a quarter or an eighth of the size where that is enough.
                image.draft("RGB", box)
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail(box)
            plain = upright.convert(_mode(upright, kind))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except _BROKEN:
        return None
    # A new picture has nothing but pixels; a converted one would carry what the file said.
    drawn = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    written = io.BytesIO()
    if kind == "JPEG":
        drawn.save(written, "JPEG", quality=85, optimize=True, progressive=True)
    else:
        drawn.save(written, "PNG", optimize=True)
    return Picture(_FORMATS[kind], written.getvalue(), drawn.width, drawn.height)


def _mode(image: Image.Image, kind: str) -> str:
    if kind == "JPEG":
        return "L" if image.mode == "L" else "RGB"
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA"}:
        return "RGBA"
    return "L" if image.mode in {"1", "L"} else "RGB"
