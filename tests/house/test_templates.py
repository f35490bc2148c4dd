"""Templates parse, and nothing in them needs a looser Content-Security-Policy."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import Environment

from marketplace.config import ROOT

PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parts)
ALL = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file() and path.suffix in {".html", ".txt"})


def name(path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", ALL, ids=name)
def test_template_parses(path):
    environment = Environment(extensions=["jinja2.ext.i18n"])

    assert environment.parse(path.read_text()) is not None


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_page_has_nothing_inline_and_nothing_from_elsewhere(path):
    """G04, W01"""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            for key, value in attributes:
                if key == "style" or key.startswith("on"):
                    found.append((tag, key))
                if key == "src" and value and value.startswith(("http:", "https:", "//")):
                    found.append((tag, value))
            if tag == "style" or (tag == "script" and not dict(attributes).get("src")):
                found.append((tag, "inline"))

    Reader().feed(re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(), flags=re.DOTALL))

    assert found == []
