"""Files of projects: what is taken, how it is kept, who reads it, when it goes."""

import io
import os
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select

from marketplace import config
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from marketplace.models import ProjectFile, ProjectState
from marketplace.services import jobs
from marketplace.services.projects import drafts, files
from tests.gateways.test_pictures import picture
from tests.gateways.test_scanner import clamd

PDF = b"%PDF-1.4\n1 0 obj\nendobj\ntrailer\n%%EOF\n"
ALT = {"en": "A stream between trees", "pt": "Um igarapé entre árvores"}


@pytest.fixture
def folder(app, tmp_path):
    config.use(replace(config.current(), upload_dir=tmp_path))
    return tmp_path / "projects"


@pytest.fixture
def ana(make):
    return make.manager(make.city())


@pytest.fixture
def project(make, ana, folder):
    return make.project(ana.memberships[0].organisation)


def pdf(number: int) -> bytes:
    return PDF.replace(b"endobj", b"%d endobj" % number)


def test_pdf_is_kept_and_named_by_the_working_text(project, ana, folder):
    file = files.add(project.slug, "concept_note", "C:\\plans\\Nota\x00 conceptual.PDF", PDF, {}, ana)

    session().refresh(project)
    assert project.content["concept_note"] == [file.uid]
    assert (file.name, file.media_type, file.size) == ("Nota_ conceptual.pdf", "application/pdf", len(PDF))
    assert (folder / file.uid).read_bytes() == PDF
    assert files.of(project)["concept_note"] == [file]
    assert project.revision == 1


def test_picture_is_drawn_anew_and_needs_words(project, ana, folder):
    exif = Image.Exif()
    exif[0x010E] = "secret"
    sent = picture(size=(3000, 30), exif=exif)
    with pytest.raises(Invalid) as refusal:
        files.add(project.slug, "image", "a.jpg", sent, {"en": " "}, ana)

    file = files.add(project.slug, "image", "a.jpg", sent, ALT, ana)

    assert refusal.value.field == "alt_en"
    assert (file.width, file.height, file.alt) == (2000, 20, ALT)
    assert b"secret" not in files.read(project.slug, file.uid, ana)[1]
    assert files.is_inline(file)


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("image", "a.jpg", PDF),
        ("image", "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("image", "a.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
        ("image", "a.html", picture()),
        ("deck", "a.pdf", b"<html>%PDF-1.4 %%EOF"),
        ("deck", "a.pdf", b"%PDF-1.4 and no end"),
        ("deck", "a.exe", PDF),
        ("deck", "a.pdf", picture()),
        ("deck", "a.pdf", b""),
        ("deck", "a.txt", b"Plain words"),
    ],
)
def test_other_content_is_refused(project, ana, folder, kind, name, content):
    with pytest.raises(Invalid) as refusal:
        files.add(project.slug, kind, name, content, ALT, ana)

    assert refusal.value.field == "file"
    assert not folder.exists() or not list(folder.iterdir())


def test_sizes_are_limited(project, ana, monkeypatch):
    for kind, content in (("deck", PDF[:9] + bytes(files.LARGEST_PDF)), ("image", picture() + bytes(8_000_000))):
        with pytest.raises(Invalid):
            files.add(project.slug, kind, "a", content, ALT, ana)
    monkeypatch.setattr(files, "QUOTA", 2 * len(pdf(1)))
    for number in (1, 2):
        files.add(project.slug, "study", "a.pdf", pdf(number), {}, ana)
    with pytest.raises(Invalid):
        files.add(project.slug, "study", "a.pdf", pdf(3), {}, ana)


def test_number_of_files_is_limited(project, ana):
    for number in (1, 2):
        files.add(project.slug, "deck", "a.pdf", pdf(number), {}, ana)

    with pytest.raises(Invalid):
        files.add(project.slug, "deck", "a.pdf", pdf(3), {}, ana)


def test_same_file_twice_is_one(project, ana, folder):
    one = files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)

    assert files.add(project.slug, "deck", "b.pdf", PDF, {}, ana).uid == one.uid
    assert [path.name for path in folder.iterdir()] == [one.uid]


def test_strangers_neither_add_nor_remove_nor_read(make, project, ana):
    file = files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)
    stranger = make.manager(make.city())
    own = make.project(stranger.memberships[0].organisation)

    for act in (
        lambda: files.add(project.slug, "deck", "a.pdf", PDF, {}, stranger),
        lambda: files.remove(project.slug, file.uid, stranger),
        lambda: files.remove(own.slug, file.uid, stranger),
        lambda: files.describe(own.slug, file.uid, ALT, stranger),
        lambda: files.read(project.slug, file.uid, stranger),
        lambda: files.read(own.slug, file.uid, stranger),
        lambda: files.read(project.slug, file.uid, None),
        lambda: files.read(own.slug, file.uid, ana),
        lambda: files.read(project.slug, "../../etc/passwd", ana),
        lambda: files.add(project.slug, "../x", "a.pdf", PDF, {}, ana),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotAllowed):
        files.add(project.slug, "deck", "a.pdf", PDF, {}, make.organiser())


def test_files_do_not_change_while_judged(make, ana, project):
    file = files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)
    with atomic():
        project.state = ProjectState.IN_REVIEW

    for act in (
        lambda: files.add(project.slug, "deck", "b.pdf", pdf(2), {}, ana),
        lambda: files.remove(project.slug, file.uid, ana),
    ):
        with pytest.raises(Conflict):
            act()


def test_published_picture_is_for_everybody_and_a_new_one_not_yet(make, ana, folder):
    project = make.project(ana.memberships[0].organisation)
    file = files.add(project.slug, "image", "a.png", picture("PNG"), ALT, ana)
    deck = files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)
    session().refresh(project)
    with atomic():
        project.state = ProjectState.PUBLISHED
    make.listing(project, make.version(project, number=1))
    session().refresh(project)
    later = files.add(project.slug, "image", "b.png", picture("PNG", size=(9, 9)), ALT, ana)

    assert files.read(project.slug, file.uid, None)[0].media_type == "image/png"
    for hidden in (deck, later):
        with pytest.raises(NotFound):
            files.read(project.slug, hidden.uid, None)


def test_removed_file_goes_once_no_version_names_it(make, project, ana, folder, clock):
    gone = files.add(project.slug, "study", "a.pdf", pdf(1), {}, ana)
    kept = files.add(project.slug, "study", "b.pdf", pdf(2), {}, ana)
    session().refresh(project)
    make.version(project, content={"study_files": [kept.uid]})
    for file in (gone, kept):
        files.remove(project.slug, file.uid, ana)
    session().refresh(project)
    assert "study_files" not in project.content
    stray = folder / ("x" * 22)
    stray.write_bytes(b"left behind")
    os.utime(stray, (0, 0))
    names = {gone.uid, kept.uid, stray.name}
    clock.shift(timedelta(days=2))

    files.sweep(jobs.Run(0, 1, {}))

    assert {path.name for path in folder.iterdir()} == {sorted(names - {gone.uid, stray.name})[0]}
    assert session().scalar(select(func.count()).select_from(ProjectFile)) == 1


def test_deleted_draft_takes_its_files_along(project, ana, folder):
    files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)

    drafts.delete(project.slug, ana)

    assert not list(folder.iterdir())


def test_words_of_a_picture_are_changed(project, ana):
    file = files.add(project.slug, "image", "a.png", picture("PNG"), ALT, ana)

    files.describe(project.slug, file.uid, {"es": "Un  río\ncon árboles\ud800"}, ana)

    assert file.alt == {"es": "Un río con árboles"}
    with pytest.raises(Invalid):
        files.describe(project.slug, file.uid, {"es": "x" * 251}, ana)


def test_scanner_is_asked_where_there_is_one(project, ana):
    config.use(replace(config.current(), virus_scanner="tcp://127.0.0.1:1"))
    with pytest.raises(Unavailable):
        files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)

    with clamd(b"stream: Eicar FOUND\0") as (address, received):
        config.use(replace(config.current(), virus_scanner=address))
        with pytest.raises(Invalid):
            files.add(project.slug, "deck", "a.pdf", PDF, {}, ana)
    assert b"".join(received) == PDF


def test_polyglot_picture_is_only_a_picture(project, ana):
    sent = picture("PNG") + b"<script>alert(1)</script>" + PDF

    file = files.add(project.slug, "image", "a.png", sent, ALT, ana)

    content = files.read(project.slug, file.uid, ana)[1]
    assert b"script" not in content
    assert Image.open(io.BytesIO(content)).size == (40, 20)
