"""Forms of the city's room: begin a project, choose its call, add and describe files, justify, withdraw."""

from collections.abc import Iterable

from wtforms import FileField, SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.i18n import lazy_gettext as _
from marketplace.web.forms import Form, choices
from marketplace.web.forms.translations import in_every_language

_NO_FILE = _("Please choose a file.")


@in_every_language("title", _("Title"), 120)
class StartForm(Form):
    """Begin a project."""

    city = SelectField(_("City"), [DataRequired()])
    call = SelectField(_("Call"))

    def offer(self, cities: Iterable[tuple[str, str]], calls: Iterable[tuple[str, str]]) -> None:
        """Offer the cities one may write for, and the calls that take projects."""
        self.city.choices = choices(cities)
        self.call.choices = choices([("", str(_("No call yet"))), *calls])


class CallForm(Form):
    """Choose the call a draft answers."""

    call = SelectField(_("Call"))

    def offer(self, calls: Iterable[tuple[str, str]]) -> None:
        """Offer the calls that take projects."""
        self.call.choices = choices([("", str(_("No call yet"))), *calls])


@in_every_language("alt", _("What the picture shows"), 250)
class PictureForm(Form):
    """Add a picture."""

    file = FileField(_("File"), [DataRequired(_NO_FILE)])


class PaperForm(Form):
    """Add a PDF."""

    file = FileField(_("File"), [DataRequired(_NO_FILE)])


@in_every_language("alt", _("What the picture shows"), 250)
class AltForm(Form):
    """Describe a picture."""


class WithdrawForm(Form):
    """Withdraw a project."""

    reason = TextAreaField(_("Reason"), [DataRequired(), Length(max=1000)])
