"""One answer as somebody types it, read into what is stored: texts, numbers, days, addresses, places."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marketplace.errors import Invalid
from marketplace.i18n import LazyText, lazy_gettext, read_number, write_number
from marketplace.services import addresses, places, texts
from marketplace.services.sheets.fields import Field
from marketplace.services.sheets.limits import LARGEST_AMOUNT
from marketplace.services.sheets.mandate import BORDER

MOST_DECIMALS = 6
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")

NOT_LISTED = lazy_gettext("Please choose one of the answers in the list.")
UNREADABLE = lazy_gettext("This cannot be read as an answer.")
_NO_NUMBER = lazy_gettext("Please write a number.")
_NO_WHOLE_NUMBER = lazy_gettext("Please write a whole number.")

Errors = dict[str, LazyText]
"""Messages by path."""


class Unread(Exception):
    """An answer that cannot be read: the messages by path, '' for the answer as a whole."""

    def __init__(self, messages: Errors) -> None:
        super().__init__()
        self.messages = messages


def text_of(raw: Any) -> str:
    """Return what was typed as text, '' for nothing; raises `Unread` for what is no single answer."""
    if raw is None:
        return ""
    if not isinstance(raw, str | int | float | Decimal) or isinstance(raw, bool):
        raise Unread({"": UNREADABLE})
    return str(raw)


def listed(raw: Any) -> list[str]:
    """Return what was chosen, each once; raises `Unread` for what is no list."""
    if raw is None or raw == "":
        return []
    if isinstance(raw, str) or not isinstance(raw, list | tuple):
        raise Unread({"": UNREADABLE})
    return list(dict.fromkeys(one for one in map(text_of, raw) if one))


def parts_of(raw: Any) -> Mapping[str, Any]:
    """Return the parts of an answer by name; raises `Unread` for what has none."""
    if raw is None or raw == "":
        return {}
    if not isinstance(raw, Mapping):
        raise Unread({"": UNREADABLE})
    return raw


def within(text: str, longest: int) -> str:
    """Return the text; raises `Unread` above so many characters."""
    if len(text) > longest:
        raise Unread({"": lazy_gettext("Please write at most %(max)s characters.", max=longest)})
    return text


def line(field: Field, raw: Any) -> str | None:
    """Read one line of text."""
    return within(texts.one_line(text_of(raw)) or "", field.longest) or None


def code_of(field: Field, text: str) -> str:
    """Return a code of the field's vocabulary; raises `Unread` for any other."""
    if field.choices is None or text not in {member.value for member in field.choices}:
        raise Unread({"": NOT_LISTED})
    return text


def _refused(read_one: Callable[[str, str], str], text: str) -> str:
    try:
        return read_one(text, "")
    except Invalid as refusal:
        raise Unread({"": UNREADABLE if isinstance(refusal.message, str) else refusal.message}) from refusal


def email(field: Field, raw: Any) -> str | None:
    """Read an e-mail address."""
    text = texts.one_line(text_of(raw))
    return _refused(lambda one, name: addresses.normalise(one, name).email, text) if text else None


def phone(field: Field, raw: Any) -> str | None:
    """Read a telephone number, however grouped, into E.164."""
    text = texts.one_line(text_of(raw)) or ""
    if not text:
        return None
    number = re.sub(r"[\s().\-/\u2010-\u2013]", "", text)
    number = re.sub(r"^00", "+", number)
    if not _PHONE.fullmatch(number):
        raise Unread({"": lazy_gettext("Please write the number with its country code, for example +55 92 3215 0000.")})
    return number


def url(field: Field, raw: Any) -> str | None:
    """Read a web address."""
    text = texts.one_line(text_of(raw))
    return _refused(lambda one, name: texts.web_address(one, name, field.longest), text) if text else None


def _number(raw: Any, message: LazyText) -> Decimal | None:
    text = text_of(raw).strip()
    if not text:
        return None
    # What says which unit or currency is meant is said beside the box already.
    number = read_number(re.sub(r"^(?:[A-Z]{0,3}\s*[$€]|[A-Z]{3}(?=[\s0-9]))\s*|\s*%$", "", text))
    if number is None or abs(number) > LARGEST_AMOUNT:
        raise Unread({"": message})
    return number


def whole(field: Field, raw: Any) -> int | None:
    """Read a whole number."""
    number = _number(raw, _NO_WHOLE_NUMBER)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise Unread({"": _NO_WHOLE_NUMBER})
    return int(number)


def fraction(field: Field, raw: Any) -> str | None:
    """Read a number with a fraction into plain decimal notation."""
    number = _number(raw, _NO_NUMBER)
    if number is None:
        return None
    return format(_rounded(number, MOST_DECIMALS), "f")


def money(field: Field, raw: Any) -> str | None:
    """Read an amount into plain notation with two decimals."""
    number = _number(raw, lazy_gettext("Please write an amount, for example %(example)s.", example=_example()))
    if number is None:
        return None
    return f"{_rounded(number, 2):.2f}"


def _example() -> str:
    return write_number(1_250_000)


def _rounded(number: Decimal, places: int) -> Decimal:
    """Return the number without useless zeros; more decimals than `places` are rather a misread separator."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise Unread(
            {
                "": lazy_gettext(
                    "Please write at most %(places)s decimals. Thousands are separated as in %(example)s.",
                    places=places,
                    example=_example(),
                )
            }
        )
    return Decimal(0) if not number else number.normalize()


def day(field: Field, raw: Any) -> str | None:
    """Read a day (ISO 8601)."""
    text = text_of(raw).strip()
    if not text:
        return None
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Unread({"": lazy_gettext("Please give a date as year-month-day, for instance 2026-03-02.")}) from error


def _degrees(raw: Any, bound: int) -> float | None:
    # Maps give coordinates with a point in every language, and no coordinate has thousands.
    text = text_of(raw).strip().replace(",", ".").replace("\u2212", "-").removesuffix("°")
    if not text:
        return None
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,15})?", text) or abs(float(text)) > bound:
        raise Unread({"": lazy_gettext("Please give a number from %(min)s to %(max)s.", min=-bound, max=bound)})
    return round(float(text), 6)


def point(field: Field, raw: Any) -> dict[str, float] | None:
    """Read a place in degrees (WGS84)."""
    parts = parts_of(raw)
    found: dict[str, float] = {}
    errors: Errors = {}
    for name, bound in (("lat", 90), ("lon", 180)):
        try:
            degrees = _degrees(parts.get(name), bound)
        except Unread as unread:
            errors[name] = unread.messages[""]
            continue
        if degrees is not None:
            found[name] = degrees
    if errors:
        raise Unread(errors)
    if len(found) == 1:
        raise Unread({"lon" if "lat" in found else "lat": lazy_gettext("Please give both numbers.")})
    return found or None


def area(field: Field, raw: Any) -> dict[str, Any] | None:
    """Read an area: a circle, or both sides of a border, in kilometres."""
    parts = parts_of(raw)
    kind = text_of(parts.get("kind"))
    if kind == "":
        return None
    if kind == "circle":
        centre = point(field, parts) or _missing("lat")
        return {"kind": kind, **centre, "km": _distance(parts, "km")}
    if kind == "border":
        if text_of(parts.get("border")) != BORDER:
            raise Unread({"border": NOT_LISTED})
        return {
            "kind": kind,
            "border": BORDER,
            "north_km": _distance(parts, "north_km"),
            "south_km": _distance(parts, "south_km"),
        }
    raise Unread({"kind": NOT_LISTED})


def _missing(path: str) -> dict[str, float]:
    raise Unread({path: lazy_gettext("Please fill this in.")})


def _distance(parts: Mapping[str, Any], name: str) -> float:
    try:
        number = _number(parts.get(name), _NO_NUMBER)
    except Unread as unread:
        raise Unread({name: unread.messages[""]}) from unread
    if number is None:
        _missing(name)
    if number is None or not 0 <= number <= 20_000:
        message = lazy_gettext("Please give a number from %(min)s to %(max)s.", min=0, max=write_number(20_000))
        raise Unread({name: message})
    return round(float(number), 3)


def country(field: Field, raw: Any) -> str | None:
    """Read a country (ISO 3166-1 alpha-2)."""
    text = text_of(raw)
    return _land(text) if text else None


def countries(field: Field, raw: Any) -> list[str] | None:
    """Read countries, in the order of their codes."""
    return sorted(_land(one) for one in listed(raw)) or None


def _land(code: str) -> str:
    if code not in places.countries():
        raise Unread({"": lazy_gettext("Please choose a country from the list.")})
    return code
