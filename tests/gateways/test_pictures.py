"""Pictures are drawn anew: upright, bounded, without what was written beside them."""

import io
import random
import zlib

import pytest
from PIL import Image, PngImagePlugin

from marketplace.gateways import pictures


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options) -> bytes:
    written = io.BytesIO()
    colour = {"L": 90, "P": 3, "1": 1, "CMYK": (0, 90, 0, 0)}.get(mode, (200, 30, 90, 255)[: len(mode)])
    image = Image.new(mode, size, colour)
    if kind == "JPEG":
        image.paste(10, (0, 0, size[0] // 2, size[1])) if mode == "L" else None
    image.save(written, kind, **options)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_picture_keeps_no_place_and_no_words():
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    exif.get_ifd(0x8825)[2] = (3.0, 6.0, 0.0)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "secret description")
    sent = [picture(exif=exif, comment=b"secret description"), picture("PNG", pnginfo=info, exif=exif)]

    drawn = [pictures.redraw(content) for content in sent]

    for one in drawn:
        assert b"secret" not in one.content
        assert not opened(one.content).getexif()
    assert [one.media_type for one in drawn] == ["image/jpeg", "image/png"]


def test_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6

    drawn = pictures.redraw(picture(size=(40, 20), exif=exif))

    assert (drawn.width, drawn.height) == opened(drawn.content).size == (20, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_picture_is_reduced(kind):
    drawn = pictures.redraw(picture(kind, size=(5000, 1000)))

    assert (drawn.width, drawn.height) == (2000, 400)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "L"), ("PNG", "LA")],
)
def test_every_kind_of_pixels_is_drawn(kind, mode):
    drawn = pictures.redraw(picture(kind, mode=mode))

    assert opened(drawn.content).size == (40, 20)


def bomb() -> bytes:
    """A small file that holds 30,000 by 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = (30_000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    lines = zlib.compress(bytes(30_001) * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def test_picture_that_would_fill_the_memory_is_not_unpacked():
    for content in (bomb(), picture("PNG", size=(6001, 4000), mode="1")):
        with pytest.raises(pictures.TooManyPixels):
            pictures.redraw(content)


def test_broken_pictures_are_none():
    random_source = random.Random(4)
    good = [picture(size=(300, 200)), picture("PNG", size=(300, 200))]
    for content in (b"", b"GIF89a" + bytes(50), b"<svg/>", good[0][:200], good[1][:60]):
        assert pictures.redraw(content) is None
    for turn in range(300):
        broken = bytearray(good[turn % 2])
        for _ in range(6):
            broken[random_source.randrange(2, len(broken))] = random_source.randrange(256)
        try:
            pictures.redraw(bytes(broken))
        except pictures.TooManyPixels:
            continue


def test_other_formats_are_not_opened():
    for kind in ("GIF", "BMP", "TIFF", "WEBP", "ICO"):
        assert pictures.redraw(picture(kind, size=(32, 32))) is None
