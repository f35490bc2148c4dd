"""The form that takes wishes or meetings from a file."""

from typing import Any

from wtforms import FileField, RadioField
from wtforms.validators import DataRequired

from marketplace.i18n import lazy_gettext as _
from marketplace.services.meetings.exchange import Kind
from marketplace.web.forms import Form, choices

KINDS = {Kind.WISHES: _("Wishes"), Kind.MEETINGS: _("Meetings")}
"""What the kinds of files are called."""


class ImportForm(Form):
    """A file, and what is in it."""

    kind = RadioField(_("What is in the file?"), [DataRequired()], default=Kind.WISHES.value)
    file = FileField(_("File"), [DataRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = choices((kind.value, str(label)) for kind, label in KINDS.items())
