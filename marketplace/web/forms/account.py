"""Forms of the account: registering, signing in, profile and security."""

from typing import Any

from wtforms import BooleanField, EmailField, HiddenField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace import i18n
from marketplace.i18n import lazy_gettext as _
from marketplace.services import places
from marketplace.services.addresses import MAX_LENGTH
from marketplace.services.passwords import MAX_LENGTH as PASSWORD_LENGTH
from marketplace.web.forms import Form, choices

SPOKEN = ("en", "es", "pt", "fr", "ht", "nl", "qu", "gn", "ay")
"""Languages the programme's people speak in meetings, ISO 639-1."""


def _email() -> EmailField:
    return EmailField(_("E-mail address"), [InputRequired(), Length(max=MAX_LENGTH)])


def _zones() -> list[Any]:
    names = dict(places.zone_choices())
    near = [name for name in names if name.startswith("America/") or name in {"Pacific/Honolulu", "UTC"}]
    far = [name for name in names if name not in set(near)]
    return [
        *choices(((name, names[name]) for name in near), str(_("The Americas"))),
        *choices(((name, names[name]) for name in far), str(_("Elsewhere"))),
    ]


class SignInForm(Form):
    """Address and password; the address alone has a code sent."""

    email = _email()
    password = PasswordField(_("Password"), [InputRequired(), Length(max=PASSWORD_LENGTH)])
    next = HiddenField()


class EmailForm(Form):
    """One address."""

    email = _email()
    next = HiddenField()


class CodeForm(Form):
    """The code of a letter."""

    code = StringField(_("Six-digit code"), [InputRequired(), Length(max=20)])
    next = HiddenField()


class SecondFactorForm(Form):
    """The code of the app, or a recovery code."""

    code = StringField(_("Code of your app"), [InputRequired(), Length(max=40)])


class RegistrationForm(Form):
    """Who wants an account. The password is chosen later, where only the owner of the address comes."""

    name = StringField(_("Your name"), [InputRequired(), Length(min=2, max=120)])
    email = _email()
    locale = SelectField(_("Language of pages and letters"), [InputRequired()])
    timezone = SelectField(_("Time zone"), [Optional()])
    terms = BooleanField(_("I agree"), [InputRequired(_("An account needs your agreement to the terms of use."))])
    news = BooleanField(_("Send me news"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = choices(i18n.LANGUAGES.items())
        self.timezone.choices = [*choices([("", str(_("Choose later (until then UTC)")))]), *_zones()]


class ConfirmForm(Form):
    """The first password, which may be left out."""

    password = PasswordField(_("Password"), [Optional(), Length(max=PASSWORD_LENGTH)])


class PasswordForm(Form):
    """A new password."""

    password = PasswordField(_("New password"), [InputRequired(), Length(max=PASSWORD_LENGTH)])


class NewPasswordForm(Form):
    """The present password and a new one."""

    present = PasswordField(_("Present password"), [InputRequired(), Length(max=PASSWORD_LENGTH)])
    password = PasswordField(_("New password"), [InputRequired(), Length(max=PASSWORD_LENGTH)])


class PresentPasswordForm(Form):
    """The present password."""

    present = PasswordField(_("Present password"), [InputRequired(), Length(max=PASSWORD_LENGTH)])
    next = HiddenField()


class ProfileForm(Form):
    """What a person tells about themselves."""

    name = StringField(_("Your name"), [InputRequired(), Length(min=2, max=120)])
    locale = SelectField(_("Language of pages and letters"), [InputRequired()])
    timezone = SelectField(_("Time zone"), [InputRequired()])
    spoken_languages = SelectMultipleField(
        _("Languages you speak in meetings"),
        [Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = choices(i18n.LANGUAGES.items())
        self.timezone.choices = _zones()
        known = {choice.value for choice in self.timezone.choices}
        if self.timezone.object_data and self.timezone.object_data not in known:
            self.timezone.choices += choices([(self.timezone.object_data, i18n.zone_city(self.timezone.object_data))])
        self.spoken_languages.choices = choices((code, i18n.language_name(code)) for code in SPOKEN)


class DeleteForm(Form):
    """The address of the account, typed once more."""

    email = _email()
