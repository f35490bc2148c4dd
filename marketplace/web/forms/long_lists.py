"""Choices among hundreds, countries and time zones: their options are written once per language, not once per form."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape
from wtforms import Field
from wtforms.validators import ValidationError
from wtforms.widgets import html_params

from marketplace import i18n
from marketplace.services import places


@dataclass(frozen=True)
class Options:
    """The codes that can be chosen, and the HTML of the options in one language."""

    codes: frozenset[str]
    html: str


def countries() -> Options:
    """Return all countries, and an empty choice."""
    return _countries(i18n.locale())


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _countries(locale: str) -> Options:
    return _written((("", ""), *places.country_choices()))


def zones() -> Options:
    """Return the time zones people choose from."""
    return _zones(i18n.locale())


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _zones(locale: str) -> Options:
    return _written(tuple(places.zone_choices()))


def _written(pairs: tuple[tuple[str, str], ...]) -> Options:
    html = "".join(f'<option value="{escape(code)}">{escape(words)}</option>' for code, words in pairs)
    return Options(frozenset(code for code, _ in pairs), html)


def _write(field: "LongListField", **attributes: Any) -> Markup:
    attributes.setdefault("id", field.id)
    value = f'value="{escape(field.data or "")}"'
    options = field.options().html
    if value not in options and field.data == field.further:
        options = f"<option {value}>{escape(field.further)}</option>{options}"
    options = options.replace(value, f"{value} selected", 1)
    return Markup(f"<select {html_params(name=field.name, **attributes)}>{options}</select>")  # noqa: S704 - escaped


class LongListField(Field):  # type: ignore[misc]
    """One of hundreds of options. `further` is a code that may be chosen though the list does not have it."""

    widget = staticmethod(_write)

    def __init__(self, label: Any, options: Callable[[], Options], **arguments: Any) -> None:
        super().__init__(label, **{"default": "", **arguments})
        self.options = options
        self.further = ""

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not in the list."""
        if self.data not in self.options().codes and self.data != self.further:
            raise ValidationError(self.gettext("Not a valid choice."))
