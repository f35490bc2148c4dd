"""Forms of the desk about funders and vendors."""

from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import lazy_gettext as _
from marketplace.services.counterparties.verification import LONGEST_REASON
from marketplace.web.forms import Form


class SeenForm(Form):
    """An act about the profile as its page showed it; `seen` is its revision."""

    seen = HiddenField("")

    @property
    def revision(self) -> int:
        """The revision that was seen; -1 for what cannot be read."""
        text = str(self.seen.data or "")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else -1


class TakeBackForm(Form):
    """Why a profile is no longer verified."""

    reason = TextAreaField(_("Reason"), [InputRequired(), Length(max=LONGEST_REASON)])
