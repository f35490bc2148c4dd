"""Texts that organisers write per language: one field for each, named `<name>_<language>`."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from babel.support import LazyProxy
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from marketplace.i18n import LANGUAGES, LazyText, gettext, language_name
from marketplace.web.forms import Form

AnyForm = TypeVar("AnyForm", bound=type[Form])


def in_every_language(name: str, label: LazyText, limit: int, *, long: bool = False) -> Callable[[AnyForm], AnyForm]:
    """Give a form class the fields of one text; templates/components/translations.html draws them side by side."""

    def add(form: AnyForm) -> AnyForm:
        for code in LANGUAGES:
            words = LazyProxy(_label, label, code, enable_cache=False)
            setattr(form, f"{name}_{code}", (TextAreaField if long else StringField)(words, [Length(max=limit)]))
        return form

    return add


def _label(label: LazyText, code: str) -> str:
    return gettext("%(what)s (%(language)s)", what=label, language=language_name(code))


def texts(form: Form, name: str) -> dict[str, str]:
    """Return what was written, by language."""
    return {code: form[f"{name}_{code}"].data or "" for code in LANGUAGES}


def spread(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return texts by language as the data of a form's fields."""
    return {f"{name}_{code}": values.get(code, "") for code in LANGUAGES}
