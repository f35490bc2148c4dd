"""Forms of pitches read from pages, changed and sent, as a browser would."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from typing import Any

from werkzeug.datastructures import MultiDict


class _Boxes(HTMLParser):
    """Collects what the step's form would send; templates of rows and buttons are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []
        self.inside = False
        self.template = 0
        self.text: str | None = None
        self.chosen: str | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and "sheet" in (values.get("class") or "").split():
            self.inside = True
        elif tag == "template":
            self.template += 1
        elif not self.inside or self.template:
            return
        elif tag == "input" and values.get("name"):
            if values.get("type") != "checkbox" or "checked" in values:
                self.pairs.append((values["name"] or "", values.get("value") or ""))
        elif tag == "textarea":
            self.select, self.text = values.get("name") or "", ""
        elif tag == "select":
            self.select, self.chosen = values.get("name") or "", ""
        elif tag == "option" and "selected" in values:
            self.chosen = values.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "template":
            self.template -= 1
        elif tag == "textarea" and self.text is not None:
            self.pairs.append((self.select, self.text))
            self.text = None
        elif tag == "select" and self.chosen is not None:
            self.pairs.append((self.select, self.chosen))
            self.chosen = None


def boxes(page: str) -> MultiDict:
    """Return what the form of a step's page would send unchanged."""
    found = _Boxes()
    found.feed(page)
    return MultiDict(found.pairs)


def send(client: Any, address: str, form: MultiDict, changes: Mapping[str, Any], *, json: bool = False) -> Any:
    """Send a form with some boxes changed; a list gives a box several values."""
    data = MultiDict(form)
    for name, value in changes.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return client.post(address, data=data, headers={"Accept": "application/json"} if json else {})


def said(page: str) -> str:
    """Return the words of a page."""
    main = re.search(r"<main.*</main>", page, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.group(0) if main else page)).split())
