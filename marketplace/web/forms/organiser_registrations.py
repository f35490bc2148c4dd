"""Forms of the desk for registrations: somebody who walks in, and words that go with a refusal."""

from wtforms import EmailField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import LANGUAGES, gettext, in_language, locale
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Attendance, AttendeeCategory, Event
from marketplace.models.base import new_uid
from marketplace.services import labels, places, registration, tickets
from marketplace.services.addresses import MAX_LENGTH
from marketplace.web.forms import Form, choices


class WalkInForm(Form):
    """Somebody who stands at the desk: the least that makes a badge and a letter."""

    name = StringField(_("Name"), [InputRequired(), Length(max=120)])
    email = EmailField(_("E-mail address"), [InputRequired(), Length(max=MAX_LENGTH)])
    ticket = SelectField(_("Ticket"), [InputRequired()])
    category = SelectField(_("Group"), [InputRequired()])
    attendance = SelectField(_("Attendance"), [InputRequired()])
    organisation_name = StringField(_("Organisation"), [Length(max=160)])
    job_title = StringField(_("Position"), [Length(max=160)])
    country = SelectField(_("Country"), default="")
    language = SelectField(_("Language of letters"), [InputRequired()])
    attempt = StringField("", [Length(max=22)])

    @classmethod
    def at(cls, event: Event) -> "WalkInForm":
        """Return the form with what can be chosen at an event; paid tickets cannot, as payment is not open yet."""
        form = cls(data={"language": locale(), "attempt": new_uid()})
        free = [ticket for ticket in tickets.types(event) if not ticket.price]
        form.ticket.choices = choices((ticket.uid, in_language(ticket.names)) for ticket in free)
        form.category.choices = choices(
            [
                ("", gettext("Please choose")),
                *((value, str(words)) for value, words in labels.choices(AttendeeCategory)),
            ]
        )
        form.attendance.choices = choices((one.value, str(labels.of(one))) for one in tickets.attendances(event))
        form.country.choices = choices([("", gettext("Not given")), *places.country_choices()])
        form.language.choices = choices(LANGUAGES.items())
        return form

    def application(self, event: Event) -> registration.Application:
        """Return the answers for the service."""
        return registration.Application(
            name=self.name.data or "",
            email=self.email.data or "",
            category=AttendeeCategory(self.category.data),
            ticket=self.ticket.data or "",
            job_title=self.job_title.data or "",
            organisation_name=self.organisation_name.data or "",
            country=self.country.data or "",
            attendance=Attendance(self.attendance.data),
            locale=self.language.data,
            timezone=event.timezone,
            attempt=self.attempt.data or "",
        )


class EndForm(Form):
    """What is said to people whose registration an organiser declines or cancels."""

    message = TextAreaField(_("What you want to say about it"), [Length(max=1000)])
