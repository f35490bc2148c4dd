"""Forms of the desk for letters about an event: the organisers' own words, and a message to a group."""

from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import LANGUAGES
from marketplace.i18n import lazy_gettext as _
from marketplace.services import attendees, letters
from marketplace.web.forms import Form
from marketplace.web.forms.translations import in_every_language


class LetterForm(Form):
    """Subject and body of one kind of letter in one language."""

    subject = StringField(_("Subject"), [InputRequired(), Length(max=200)])
    body = TextAreaField(_("Text"), [InputRequired(), Length(max=5000)])


@in_every_language("subject", _("Subject"), 200)
@in_every_language("body", _("Text"), 5000, long=True)
class MessageForm(Form):
    """What is said to a group, in one language or more; numbered once it is looked at, so that it goes out once."""

    attempt = HiddenField()

    def words(self) -> dict[str, tuple[str, str]]:
        """Return subject and body by language, where anything is written."""
        found = {code: (self[f"subject_{code}"].data or "", self[f"body_{code}"].data or "") for code in LANGUAGES}
        return {code: words for code, words in found.items() if any(words)}

    def message(self, readers: attendees.Filter) -> letters.Message:
        """Return the message for the service."""
        return letters.Message(self.words(), readers, (self.attempt.data or "")[:22])
