"""Files people send: told apart by their content, freed of hidden data, and kept under names of ours.

Only what is recognised is kept. Pictures are rewritten without the parts that carry places, cameras and comments.
"""

import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ENDINGS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "text/plain": (".txt",),
}
"""The kinds that are taken, and the endings their names may have; the first is the usual one."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"bKGD"}
_MARKUP = re.compile(rb"<\s*(?:!doctype|\?xml|html|svg|script|head|body|iframe)", re.IGNORECASE)
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


class Recognised(NamedTuple):
    """A file of a kind that is taken: what it is, and what of it is kept."""

    media_type: str
    content: bytes


def recognise(content: bytes) -> Recognised | None:
    """Return what a file is by its content, or None for anything but PDF, PNG, JPEG and plain text in UTF-8."""
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]:
        return Recognised("application/pdf", content)
    if content.startswith(_PNG):
        plain = _plain_png(content)
        return Recognised("image/png", plain) if plain else None
    if content.startswith(b"\xff\xd8\xff"):
        plain = _plain_jpeg(content)
        return Recognised("image/jpeg", plain) if plain else None
    return Recognised("text/plain", content) if _is_text(content) else None


def _plain_png(content: bytes) -> bytes | None:
    """Copy the chunks that make the picture; whatever follows its end is left behind. (W3C PNG, section 5.)"""
    at, kept = len(_PNG), [_PNG]
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        kind = content[at + 4 : at + 8]
        if end > len(content) or (len(kept) == 1 and kind != b"IHDR"):
            return None
        if kind in _PNG_KEPT:
            kept.append(content[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    return None


def _plain_jpeg(content: bytes) -> bytes | None:
    """Copy the segments that make the picture, without comments and application data but JFIF, colours and Adobe's.

    (ITU-T T.81, annex B.) From the first scan to the end marker the picture is copied as it is.
    """
    at, kept = 2, [content[:2]]
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, end = content[at + 1], at + 2 + int.from_bytes(content[at + 2 : at + 4])
        if end > len(content) or end < at + 4:
            return None
        if marker == 0xDA:
            last = content.rfind(b"\xff\xd9")
            return b"".join([*kept, content[at : last + 2]]) if last > at else None
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker in {0xE0, 0xE2, 0xEE}:
            kept.append(content[at:end])
        at = end
    return None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text.strip()) and not _NOT_TEXT.search(text) and not _MARKUP.search(content[:4096])


def clean_name(name: str, media_type: str) -> str:
    """Return a file's name as it may be shown and saved: no path, no odd signs, not long, with a fitting ending."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem, dot, ending = base.rpartition(".")
    if not dot:
        stem, ending = base, ""
    plain = "".join(sign if sign.isalnum() or sign in " -_()." else "_" for sign in stem)
    plain = " ".join(plain.split()).strip(". ")[:90].strip(". ") or "file"
    wanted = f".{ending.lower()}"
    return plain + (wanted if wanted in ENDINGS[media_type] else ENDINGS[media_type][0])


def has_fitting_ending(name: str, media_type: str) -> bool:
    """Tell whether a name promises what the content is; a name without an ending promises nothing."""
    _, dot, ending = name.rpartition(".")
    return not dot or f".{ending.lower()}" in ENDINGS[media_type]


def store(folder: Path, name: str, content: bytes) -> None:
    """Write a file that must not exist yet; it is whole on the disk before this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path, name: str) -> bytes:
    """Return the bytes of a stored file; raises FileNotFoundError."""
    return (folder / name).read_bytes()


def remove(folder: Path, name: str) -> None:
    """Remove a stored file; nothing happens where it is gone."""
    with suppress(FileNotFoundError):
        (folder / name).unlink()
