"""The one page: one page whatever is on it, with what its reader may read, in three languages, the same every time."""

import io
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from marketplace import config, i18n
from marketplace.database import atomic, session
from marketplace.models import FileKind, ProjectFile
from marketplace.services.projects import leaf, one_pager
from tests.gateways.test_pictures import picture


def made(slug, reader=None, language="en"):
    with i18n.speaking(language):
        return one_pager.make(leaf.find(slug, reader))


def read(content):
    found = PdfReader(io.BytesIO(content))
    assert len(found.pages) == 1
    return re.sub(r"\s+", " ", found.pages[0].extract_text())


def far_texts(**changes):
    """Answers as long as the sheet lets them be."""
    sentence = "Água, árvores e sombra para quatro bairros da Zona Leste que alagam todo inverno. "
    return {
        "title": {"pt": ("Parque linear do igarapé do Mindu com contenção de cheias e sombra " * 2)[:120].strip()},
        "summary": {"pt": (sentence * 20)[:1200]},
        "problem": {"pt": (sentence * 20)[:1500]},
        "solution": {"pt": (sentence * 20)[:1500]},
        "risks": [
            {"key": str(n), "type": "technical", "level": "high", "mitigation": (sentence * 6)[:400]} for n in range(12)
        ],
        "technology_needs": ["nbs", "monitoring", "engineering", "advisory", "water", "flood"],
        "contact_role": "Secretária municipal extraordinária de obras, saneamento e meio ambiente " * 2,
        **changes,
    }


def test_page_says_what_everybody_may_read(make):
    city = make.city(name="Manaus", country="BR")
    make.pair(city, make.city(name="Albany", country="US"))
    make.published(city, slug="park")

    text = read(made("park"))

    for words in (
        "Cities Forward",
        "Linear park along the Mindu stream",
        "Manaus, Brazil · Paired with Albany",
        "Nature-based solutions · Feasibility · Adaptation",
        "Every winter the Mindu floods four districts.",
        "48,000",
        "localhost/projects/park",
    ):
        assert words in text
    for closed in ("USD", "Instruments sought", "ana.lima@example.org", "Soundings", "not show to everybody"):
        assert closed not in text
    # Nobody has written it in the reader's language.
    assert "El problema (inglés) Every winter the Mindu floods four districts." in read(made("park", language="es"))


def test_page_shows_money_contact_and_risks_to_those_who_may_read_them(make):
    make.published(make.city(), slug="park")

    text = read(made("park", make.organiser()))

    for words in (
        "USD 20 million",
        "USD 16 million",
        "USD 12 million",
        "Concessional loan, Grant",
        "Ana Lima",
        "Soundings",
    ):
        assert words in text
    assert "Contains parts that the city does not show to everybody." in text


def test_page_says_that_a_project_is_illustrative(make):
    make.published(make.city(), slug="park", is_illustrative=True)

    assert "This project is an illustration" in read(made("park"))


@pytest.mark.parametrize("language", ["en", "es", "pt"])
@pytest.mark.parametrize("with_picture", [True, False])
def test_longest_answers_stay_on_one_page_and_end_with_a_sentence(make, tmp_path, language, with_picture):
    config.use(replace(config.current(), upload_dir=tmp_path))
    project = make.published(
        make.city(name="São José dos Campos de Baixo", country="MX"),
        slug="park",
        content=far_texts(),
        is_illustrative=True,
    )
    if with_picture:
        give_picture(make, project, tmp_path)

    text = read(made("park", make.organiser(), language))

    # Only the long position of the contact person is cut within a sentence, for it has none.
    assert text.count("…") == 1
    assert "ana.lima@example.org, +559232150000" in text
    assert text.count("Água, árvores e sombra") > 8
    assert "localhost/projects/park" in text


def give_picture(make, project, folder):
    """Give the published version a picture that lies in the upload folder."""
    file = make.store(
        ProjectFile(
            project_id=project.id,
            kind=FileKind.IMAGE,
            name="a.jpg",
            media_type="image/jpeg",
            size=1,
            sha256="0" * 64,
            alt={"en": "A stream"},
            width=300,
            height=200,
            uploaded_at=project.created_at,
        )
    )
    (folder / "projects").mkdir()
    (folder / "projects" / file.uid).write_bytes(picture(size=(300, 200)))
    with atomic():
        version = session().merge(project.versions[0])
        version.content = {**version.content, "images": [file.uid]}
    session().expire_all()


def test_page_has_the_picture_and_does_without_one_that_is_gone(make, tmp_path):
    config.use(replace(config.current(), upload_dir=tmp_path))
    project = make.published(make.city(), slug="park")
    without = made("park")
    give_picture(make, project, tmp_path)
    with_picture = made("park")
    for path in (tmp_path / "projects").iterdir():
        path.write_bytes(b"no picture any more")
    broken = made("park")
    for path in (tmp_path / "projects").iterdir():
        path.unlink()

    assert b"/Image" in with_picture
    assert b"/Subtype /Image" not in broken
    assert made("park") == without


def test_same_version_gives_the_same_bytes(make, clock):
    make.published(make.city(), slug="park")
    first = made("park")

    clock.shift(3600)

    assert made("park") == first
    assert made("park", language="pt") != first


@pytest.mark.parametrize(("country", "width"), [("MX", 612), ("US", 612), ("BR", 595), ("AR", 595)])
def test_paper_is_that_of_the_country(make, country, width):
    make.published(make.city(country=country), slug="park")

    assert int(PdfReader(io.BytesIO(made("park"))).pages[0].mediabox.width) == width


@pytest.mark.parametrize("words", ["w" * 3000, "日本 " * 900, "\u200b\u00ad", "emoji 😀 " * 300, "A.B.C." * 400])
def test_odd_texts_make_one_page(make, words):
    make.published(make.city(), slug="park", content={"problem": {"en": words}, "title": {"en": words[:120]}})

    read(made("park"))
