"""Files people send are told apart by their content and lose what they carry unseen."""

import pytest

from marketplace.gateways import files

HEAD = b"\x89PNG\r\n\x1a\n"


def chunk(kind, content):
    return len(content).to_bytes(4) + kind + content + b"crc!"


def test_png_keeps_its_picture_only():
    picture = chunk(b"IHDR", b"head"), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")
    sent = HEAD + picture[0] + chunk(b"tEXt", b"Comment\0home") + chunk(b"eXIf", b"GPS") + picture[1] + picture[2]

    found = files.recognise(sent + b"<html>appended")

    assert found == files.Recognised("image/png", HEAD + b"".join(picture))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.4\n%%EOF", "application/pdf"),
        ("Un año más, ção 😀\r\n\tindented".encode(), "text/plain"),
        (b"%PDF-1.4 cut", "text/plain"),
        (b"\xff\xfe\x00bad", None),
        (b"a\x00b", None),
        (b"   ", None),
        (b"  <SVG onload=x>", None),
        (b"GIF89a", "text/plain"),
        (b"PK\x03\x04", None),
    ],
)
def test_kind_is_told_by_content(content, media_type):
    found = files.recognise(content)

    assert (found.media_type if found else None) == media_type


@pytest.mark.parametrize(
    ("name", "media_type", "shown"),
    [
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\x\\año.PDF", "application/pdf", "año.pdf"),
        ('"; rm -rf / .pdf', "application/pdf", "file.pdf"),
        ("a\r\nb.png", "image/png", "a__b.png"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("x" * 300 + ".pdf", "application/pdf", "x" * 90 + ".pdf"),
        ("", "text/plain", "file.txt"),
        ("...", "text/plain", "file.txt"),
    ],
)
def test_name_is_cleaned(name, media_type, shown):
    assert files.clean_name(name, media_type) == shown


def test_stored_file_is_never_overwritten(tmp_path):
    files.store(tmp_path / "new", "name", b"first")

    with pytest.raises(FileExistsError):
        files.store(tmp_path / "new", "name", b"second")

    assert files.read(tmp_path / "new", "name") == b"first"
