"""Texts per language as organisers write them: cleaned, bounded, and refused by the name of their form field."""

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit

from marketplace.errors import Invalid
from marketplace.i18n import LANGUAGES, lazy_gettext


def checked(texts: Mapping[str, str], field: str, limit: int, *, is_required: bool = False) -> dict[str, str]:
    """Return the texts that are not empty, by language; raises `Invalid` for the field `<field>_<language>`."""
    found = {code: clean(texts.get(code, "")) for code in LANGUAGES}
    for code, text in found.items():
        within(text, f"{field}_{code}", limit)
    if is_required and not any(found.values()):
        raise Invalid(f"{field}_en", lazy_gettext("Please write this in at least one language."))
    return {code: text for code, text in found.items() if text}


def clean(text: str) -> str:
    """Return the text without outer blanks and without signs that no database or file format takes."""
    return "".join(sign for sign in text if sign not in "\x00\ufeff" and not "\ud800" <= sign <= "\udfff").strip()


def within(text: str, field: str, limit: int) -> str:
    """Return the text; raises `Invalid` above `limit` characters."""
    if len(text) > limit:
        raise Invalid(field, lazy_gettext("Please write at most %(max)s characters.", max=limit))
    return text


def line(text: str, field: str, limit: int, *, is_required: bool = False) -> str:
    """Return the text in one line; raises `Invalid` where it is too long, or missing."""
    text = " ".join(clean(text).split())
    if is_required and not text:
        raise Invalid(field, lazy_gettext("Please fill in this field."))
    return within(text, field, limit)


def web_address(text: str, field: str, limit: int = 500) -> str:
    """Return a web address or nothing; raises `Invalid` for what is not http(s): a link must not run anything."""
    text = within(clean(text), field, limit)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not set(text) & set(" \t\r\n<>\"'\\")
    except ValueError:
        is_good = False
    if not is_good:
        raise Invalid(field, lazy_gettext("Please enter a web address that begins with https://"))
    return text


def one_line(text: str | None) -> str | None:
    """Return the text in one line without control signs, composed (NFC), with single spaces and none at the ends."""
    if text is None:
        return None
    shown = "".join(" " if _is_control(sign) else sign for sign in text)
    return unicodedata.normalize("NFC", " ".join(shown.split()))


def paragraphs(text: str | None) -> str | None:
    """Return the text with plain line ends, without other control signs, composed (NFC), trimmed."""
    if text is None:
        return None
    lines = re.split(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", text)
    shown = ("".join(" " if _is_control(sign) else sign for sign in line).rstrip() for line in lines)
    return unicodedata.normalize("NFC", "\n".join(shown).strip())


def _is_control(sign: str) -> bool:
    # Cc: control; Cs: lone surrogates, which no database stores; Zl and Zp: line ends in disguise; and the signs that
    # turn the direction of writing and can make a name read as another. The joiners of emoji and scripts (Cf) stay.
    return (
        unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}
        or sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
