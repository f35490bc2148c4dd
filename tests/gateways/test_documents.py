"""Documents: a ticket is one page with every letter of our languages, and does without signs the type has not."""

import re
import zlib

import pytest

from marketplace.gateways import documents
from marketplace.gateways.documents import Ticket


def pages(content):
    return len(re.findall(rb"/Type /Page\b(?!s)", content))


def drawn(content):
    """The instructions of the pages, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    found = []
    for stream in streams:
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"".join(found)


def test_ticket_is_one_small_page_with_its_code():
    content = documents.ticket(
        Ticket(
            code="x" * 60,
            language="pt",
            heading="Cidades à Frente",
            event="Diálogo de São Paulo — água, resíduos e bairros",
            name="João Núñez Conceição",
            organisation="Município de São Paulo",
            facts=[("Hora", "18 de junho de 2024, 09:00–18:00 (São Paulo, UTC−3)"), ("Lugar", "Rua Açucena 5")],
            note="À porta, por favor.",
        )
    )

    assert content.startswith(b"%PDF-")
    assert pages(content) == 1
    assert drawn(content).count(b" re f") > 200


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("José 😀 Peña", "José Peña"),
        ("Ana\u0301 Nun\u0303ez", "Aná Nuñez"),
        ("ã õ ç ñ ü — “quoted” −4", "ã õ ç ñ ü — “quoted” −4"),
        ("日本", "?"),
        ("", ""),
    ],
)
def test_text_is_printed_without_what_the_type_has_not(text, printed):
    assert documents.printable(text) == printed


def test_long_names_stay_on_the_page():
    content = documents.ticket(
        Ticket(
            code="x" * 60,
            language="en",
            heading="Cities Forward",
            event="An event with a very long title " * 6,
            name="A name of very many words " * 4,
            organisation="An organisation " * 10,
            facts=[("Time", "x " * 80), ("Time", "x " * 80), ("Place", "A hall with a long name, " * 24)],
            note="Note",
            illustrative="Illustration",
        )
    )

    instructions = drawn(content)
    squares = [float(y) + float(height) for y, height in re.findall(rb"([-\d.]+) [-\d.]+ ([-\d.]+) re f", instructions)]
    lines = [float(y) for y in re.findall(rb"([-\d.]+) Td", instructions)]
    assert pages(content) == 1
    assert min(squares) > min(lines) > 20
