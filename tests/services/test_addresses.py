"""The one rule for e-mail addresses."""

import pytest

from marketplace.errors import Invalid
from marketplace.services import addresses
from marketplace.services.addresses import Address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ana@example.org", Address("ana@example.org", "ana@example.org")),
        ("  Ana.Lima@Example.ORG ", Address("Ana.Lima@example.org", "ana.lima@example.org")),
        ("Ana@são.example", Address("Ana@xn--so-sia.example", "ana@xn--so-sia.example")),
        ("ana+2@cities.example", Address("ana+2@cities.example", "ana+2@cities.example")),
    ],
    ids=["plain", "case and blanks", "IDN", "tag and sample domain"],
)
def test_normalise_keeps_what_is_written_to_and_compares_by_key(written, address):
    assert addresses.normalise(written) == address


def test_normalise_gives_the_unicode_and_the_ascii_domain_one_key():
    written = ("a@são.example", "A@SÃO.example", "a@xn--so-sia.example", "a@XN--SO-SIA.example")

    keys = {addresses.normalise(one).key for one in written}

    assert keys == {"a@xn--so-sia.example"}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@localhost",
        "ana@example.test",
        "Ana <ana@example.org>",
        "a@b.org\nBcc: c@d.org",
        "josé@example.org",
        "\ud800@example.org",
        "a" * 65 + "@example.org",
        "x" * 100_000,
    ],
    ids=lambda written: ascii(written)[:20],
)
def test_normalise_refuses_what_nobody_can_be_written_to(written):
    with pytest.raises(Invalid) as refused:
        addresses.normalise(written, "invitee")

    assert refused.value.field == "invitee"
