"""The form by which organisers decide about a pair against the rules."""

from typing import Any

from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import lazy_gettext as _
from marketplace.models import OverrideKind
from marketplace.services import labels
from marketplace.services.fits.overrides import LONGEST_REASON
from marketplace.web.forms import Form, choices


class DecisionForm(Form):
    """What is decided, and why."""

    kind = RadioField(_("Decision"), [InputRequired()])
    reason = TextAreaField(_("Reason"), [InputRequired(), Length(max=LONGEST_REASON)])

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.kind.choices = choices((value, str(words)) for value, words in labels.choices(OverrideKind))
