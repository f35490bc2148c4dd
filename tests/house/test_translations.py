"""U02: everything a person reads exists in Spanish and Portuguese, with the same placeholders."""

import re
from functools import lru_cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from marketplace.config import ROOT
from marketplace.i18n import LANGUAGES

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")
TAG = re.compile(r"</?\w+")
TRANSLATED = [code for code in LANGUAGES if code != "en"]
TEMPLATES = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None}


@lru_cache(maxsize=1)
def source_messages() -> dict[str | tuple[str, str], str]:
    """Every message of code and templates, with a place where it stands."""
    found = {}
    for folder, methods, options in (
        ("marketplace", [("**.py", "python")], {}),
        ("templates", [("**.html", "jinja2"), ("**.txt", "jinja2")], {"**.html": TEMPLATES, "**.txt": TEMPLATES}),
    ):
        for name, line, message, _comments, _context in extract_from_dir(
            str(ROOT / folder), method_map=methods, options_map=options, keywords=KEYWORDS
        ):
            found[message if isinstance(message, str) else tuple(message)] = f"{folder}/{name}:{line}"
    return found


@lru_cache(maxsize=4)
def catalogue(code: str) -> Catalog:
    with (ROOT / "marketplace" / "translations" / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_translated(code):
    missing = {}
    for message, place in source_messages().items():
        entry = catalogue(code).get(message if isinstance(message, str) else message[0])
        texts = () if entry is None else (entry.string if isinstance(entry.string, tuple) else (entry.string,))
        wanted = catalogue(code).num_plurals if isinstance(message, tuple) else 1
        if entry is None or entry.fuzzy or len(texts) < wanted or not all(texts[:wanted]):
            missing[message] = place

    assert missing == {}


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_keep_placeholders_and_markup(code):
    wrong = {}
    for entry in catalogue(code):
        if not entry.id or not entry.string:
            continue
        source = entry.id if isinstance(entry.id, str) else entry.id[-1]
        for text in entry.string if isinstance(entry.string, tuple) else (entry.string,):
            same_values = set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(source))
            complete = isinstance(entry.id, tuple) or set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(source))
            if not (same_values and complete and sorted(TAG.findall(text)) == sorted(TAG.findall(source))):
                wrong[source] = text

    assert wrong == {}


@pytest.mark.parametrize("code", TRANSLATED)
def test_catalogue_has_no_message_that_nobody_says(code):
    said = {message if isinstance(message, str) else message[0] for message in source_messages()}

    left_over = [
        entry.id
        for entry in catalogue(code)
        if entry.id and (entry.id if isinstance(entry.id, str) else entry.id[0]) not in said
    ]

    assert left_over == []


@pytest.mark.parametrize(
    ("code", "word", "instead"),
    [("es", "añad", "agregar"), ("pt", "acrescent", "adicionar")],
    ids=["es", "pt"],
)
def test_one_meaning_has_one_word(code, word, instead):
    mixed = [
        text
        for entry in catalogue(code)
        for text in (entry.string if isinstance(entry.string, tuple) else (entry.string,))
        if word in text.casefold()
    ]

    assert mixed == [], f"in this language we say {instead!r}"


def test_programme_of_an_event_has_another_name_than_the_programme_of_cities():
    """Portuguese tells them apart: the sessions of an event are its programação."""
    words = {message: catalogue("pt").get(message).string for message in ("Programme", "The programme")}

    assert words == {"Programme": "Programação", "The programme": "O programa"}
