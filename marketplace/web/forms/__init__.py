"""What all forms share: messages in the reader's language, text without stray signs, refusals shown at their field."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.fields import SelectChoice

from marketplace.errors import Invalid
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.services import texts

# The library's catalogues mix tones and are wrong in places, so its messages are worded and translated with ours.
_AT_LEAST = lazy_gettext("Please write at least %(min)s characters.")
_AT_MOST = lazy_gettext("Please write at most %(max)s characters.")
_EXACTLY = lazy_gettext("Please write exactly %(max)s characters.")
_NO_CHOICE = lazy_gettext("Please choose one of the answers in the list.")
_NO_NUMBER = lazy_gettext("Please write a number.")
_WORDS: dict[str, LazyText] = {
    "This field is required.": lazy_gettext("Please fill this in."),
    "Invalid input.": lazy_gettext("This cannot be read as an answer."),
    "Field must be equal to %(other_name)s.": lazy_gettext("The two entries are not the same."),
    "Field must be at least %(min)d characters long.": _AT_LEAST,
    "Field cannot be longer than %(max)d characters.": _AT_MOST,
    "Field must be exactly %(max)d characters long.": _EXACTLY,
    "Field must be between %(min)d and %(max)d characters long.": lazy_gettext(
        "Please write between %(min)s and %(max)s characters."
    ),
    "Number must be at least %(min)s.": lazy_gettext("Please give %(min)s or more."),
    "Number must be at most %(max)s.": lazy_gettext("Please give %(max)s or less."),
    "Number must be between %(min)s and %(max)s.": lazy_gettext("Please give a number from %(min)s to %(max)s."),
    "Invalid email address.": lazy_gettext("Please check the e-mail address."),
    "Invalid URL.": lazy_gettext("Please write a web address that begins with https://."),
    "Not a valid choice.": _NO_CHOICE,
    "Invalid Choice: could not coerce.": _NO_CHOICE,
    "Invalid choice(s): one or more data inputs could not be coerced.": _NO_CHOICE,
    "'%(value)s' is not a valid choice for this field.": _NO_CHOICE,
    "'%(value)s' are not valid choices for this field.": _NO_CHOICE,
    "Not a valid date value.": lazy_gettext("Please give a date as year-month-day, for instance 2026-03-02."),
    "Not a valid time value.": lazy_gettext("Please give a time as hours:minutes, for instance 14:30."),
    "Not a valid datetime value.": lazy_gettext("Please give date and time, for instance 2026-03-02 14:30."),
    "Not a valid integer value.": lazy_gettext("Please write a whole number."),
    "Not a valid decimal value.": _NO_NUMBER,
    "Not a valid float value.": _NO_NUMBER,
}


class _Translations:
    def gettext(self, message: str) -> str:
        return str(_WORDS.get(message, message))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        # Limits of one character or choice do not occur; our words are the same for all other numbers.
        return self.gettext(plural)


class Form(FlaskForm):  # type: ignore[misc]
    """The base of every form. Requests are guarded against forgery by `web.csrf`, so forms carry no token field."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        csrf = False

        def get_translations(self, form: Any) -> _Translations:
            return _Translations()

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
                tidy = texts.paragraphs if issubclass(kind, TextAreaField) else texts.one_line
                options = {**options, "filters": (tidy, *unbound_field.kwargs.get("filters", ()))}
            return super().bind_field(form, unbound_field, options)

    def refuse(self, refusal: Invalid) -> None:
        """Show a service's refusal at its field, or above the form where it has no such field."""
        field = self._fields.get(refusal.field)
        if field is None:
            self.form_errors.append(str(refusal))
        elif str(refusal) not in field.errors:
            field.errors = [*field.errors, str(refusal)]


def choices(pairs: Iterable[tuple[str, str]], group: str | None = None) -> list[SelectChoice]:
    """Return the options of a select or radio field from (value, label) pairs, optionally under a heading."""
    return [SelectChoice(value, label, optgroup=group) for value, label in pairs]
