"""The form with which somebody registers for an event, or changes what they told; the event decides what it asks."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace import i18n
from marketplace.i18n import LANGUAGES, in_language, language_name
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    AttendeeCategory,
    Event,
    Organisation,
    Question,
    QuestionKind,
    RegistrationConsentKind,
    TicketType,
)
from marketplace.models.base import new_uid
from marketplace.services import answer_files, labels, needs, questions, tickets, wallclock
from marketplace.services.addresses import MAX_LENGTH
from marketplace.services.answer_files import Upload
from marketplace.services.questions import LONGEST_ANSWER, YES
from marketplace.services.registration import CONSENT_TEXTS, Application
from marketplace.services.terms import Terms
from marketplace.services.tickets import Availability, Offer
from marketplace.web.forms import Form, choices, long_lists
from marketplace.web.forms.long_lists import LongListField
from marketplace.web.forms.seen import SeenForm

_ATTEMPT = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_SPOKEN = (*LANGUAGES, "fr")

AVAILABILITY = {
    Availability.OPEN: _("open"),
    Availability.WAITING_LIST: _("full; you come on the waiting list"),
    Availability.SOLD_OUT: _("all places are taken"),
    Availability.NOT_YET: _("not open yet"),
    Availability.OVER: _("no longer offered"),
    Availability.PAYMENT_NOT_OPEN: _("payment is not open yet"),
}
"""The words for whether a ticket can be taken now."""


class Asked:
    """Marks a field as required, for its label; the service says what is missing, once it is known what was asked."""

    field_flags = {"required": True}  # noqa: RUF012 - read by WTForms

    def __call__(self, form: Any, field: Field) -> None:
        """Accept everything."""


class CheckboxList(SelectMultipleField):  # type: ignore[misc]
    """Several choices as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AttendeeForm(Form):
    """What everybody who takes part tells. `of(...)` adds what this event asks."""

    ticket = RadioField(_("Ticket"), [InputRequired()], validate_choice=False)
    name = StringField(_("Name"), [InputRequired(), Length(max=120)])
    email = EmailField(_("E-mail address"), [InputRequired(), Length(max=MAX_LENGTH)])
    category = SelectField(_("I come for"), [InputRequired()])
    organisation = SelectField(_("Organisation"), default="")
    organisation_name = StringField(_("Organisation"), [Length(max=160)])
    job_title = StringField(_("Position"), [Length(max=160)])
    badge_name = StringField(_("Name on the badge"), [Length(max=120)])
    country = LongListField(_("Country"), long_lists.countries)
    attendance = RadioField(_("How will you take part?"), [InputRequired()], validate_choice=False)
    languages = CheckboxList(_("Languages I speak"))
    interpretation = SelectField(_("Interpretation I need"), default="")
    sessions = CheckboxList(_("Sessions I want to attend"))
    access = TextAreaField(_("What you need to take part"), [Length(max=needs.LONGEST)])
    dietary = TextAreaField(_("What you do not eat"), [Length(max=needs.LONGEST)])
    photo_consent = BooleanField(CONSENT_TEXTS[RegistrationConsentKind.PHOTO])
    is_listed = BooleanField(CONSENT_TEXTS[RegistrationConsentKind.DIRECTORY])
    timezone = LongListField(_("My time zone"), long_lists.zones)

    event: Event
    asked: list[Question]

    def prepare(self, event: Event, organisations: list[Organisation], wishes: list[Any]) -> None:
        """Offer what there is to choose at this event, and take away what it does not ask."""
        groups = [(value, str(words)) for value, words in labels.choices(AttendeeCategory)]
        self.category.choices = choices([("", str(_("Please choose"))), *groups])
        spoken = [(code, language_name(code)) for code in _SPOKEN]
        self.languages.choices = choices(spoken)
        self.interpretation.choices = choices([("", str(_("none"))), *spoken])
        self.timezone.further = event.timezone
        self.timezone.data = self.timezone.data or event.timezone
        manners = tickets.attendances(event)
        self.attendance.choices = choices((manner.value, str(labels.of(manner))) for manner in manners)
        if len(manners) == 1:
            del self.attendance
        if organisations:
            own = [(one.slug, in_language(one.names) or one.name) for one in organisations]
            self.organisation.choices = choices([*own, ("", str(_("another one")))])
            self.organisation_name.label.text = str(_("Another organisation"))
        else:
            del self.organisation
        self.sessions.choices = choices((entry.uid, self._session_words(entry)) for entry in wishes)
        if not wishes:
            del self.sessions

    def _session_words(self, entry: Any) -> str:
        return f"{in_language(entry.titles)} · {wallclock.span(entry.starts_at, entry.ends_at, self.event.timezone)}"

    @classmethod
    def of(cls, event: Terms, *args: Any, **kwargs: Any) -> "AttendeeForm":
        """Return the form of an event: its questions are fields, named by `questions.field_name`."""
        asked, organisations = list(event.questions), kwargs.pop("organisations", [])
        fields = {questions.field_name(question): _field(question) for question in asked}
        # Making a class is dear, and most events ask nothing of their own.
        form: AttendeeForm = (type(cls.__name__, (cls,), fields) if fields else cls)(*args, **kwargs)
        form.event, form.asked = event.event, asked
        form.prepare(event.event, organisations, event.wishes())
        return form

    def answer_fields(self) -> list[tuple[Question, Field]]:
        """Return the organiser's questions with their fields, in order."""
        return [(question, self[questions.field_name(question)]) for question in self.asked]

    def told(self, **values: Any) -> Application:
        """Return the answers for the service; `values` are those the form does not ask."""

        def data(name: str) -> Any:
            return self[name].data if name in self else None

        manners = tickets.attendances(self.event)
        return Application(
            **{
                "name": self.name.data or "",
                "category": AttendeeCategory(self.category.data),
                "organisation": data("organisation") or "",
                "organisation_name": self.organisation_name.data or "",
                "job_title": self.job_title.data or "",
                "badge_name": self.badge_name.data or "",
                "country": self.country.data or "",
                "attendance": next((one for one in manners if one.value == data("attendance")), None),
                "languages": tuple(self.languages.data or ()),
                "interpretation": self.interpretation.data or "",
                "sessions": tuple(data("sessions") or ()),
                "answers": {question.uid: _answer(question, field) for question, field in self.answer_fields()},
                "files": frozenset(question.uid for question, field in self.answer_fields() if _sent(field)),
                "access": self.access.data or "",
                "dietary": self.dietary.data or "",
                "photo_consent": self.photo_consent.data,
                "is_listed": self.is_listed.data,
                "timezone": self.timezone.data or self.event.timezone,
                **values,
            }
        )

    def uploads(self) -> dict[str, Upload]:
        """Return the files that were sent, by uid of the question; raises `Invalid` for one that cannot be kept."""
        found = {}
        for question, field in self.answer_fields():
            sent = _sent(field)
            if sent is not None:
                content = sent.stream.read(answer_files.LARGEST + 1)
                found[question.uid] = answer_files.checked(sent.filename or "", content, field.short_name)
        return found


class RegistrationForm(AttendeeForm):
    """Registering: also the code of hidden tickets, and the number of the form."""

    access_code = HiddenField()
    attempt = HiddenField()

    def prepare(self, event: Event, organisations: list[Organisation], wishes: list[Any]) -> None:
        """Number the form, unless it comes back with its number."""
        super().prepare(event, organisations, wishes)
        if not _ATTEMPT.match(self.attempt.data or ""):
            self.attempt.data = new_uid()

    def offer(self, offers: list[Offer]) -> None:
        """Show the tickets that can be taken; a single one is chosen already."""
        open_ones = [one for one in offers if one.can_be_taken]
        self.ticket.choices = choices((one.ticket.uid, ticket_words(self.event, one)) for one in open_ones)
        if len(open_ones) == 1 and not self.ticket.data:
            self.ticket.data = open_ones[0].ticket.uid

    def application(self, locale: str) -> Application:
        """Return what was told, for the service; letters will speak `locale`."""
        return self.told(
            email=self.email.data or "",
            ticket=self.ticket.data or "",
            access_code=self.access_code.data or "",
            attempt=self.attempt.data or "",
            locale=locale,
        )


class EditForm(SeenForm, AttendeeForm):
    """Changing what one told; ticket and address stay."""

    ticket = None
    email = None
    locale = SelectField(_("Language of my letters and calendar"))

    def prepare(self, event: Event, organisations: list[Organisation], wishes: list[Any]) -> None:
        """Offer the languages too."""
        super().prepare(event, organisations, wishes)
        self.locale.choices = choices(LANGUAGES.items())
        self.locale.data = self.locale.data or i18n.locale()

    def _differing(self, mine: Application, theirs: Application) -> Iterable[str]:
        if mine.organisation and mine.organisation == theirs.organisation:
            # Its name is not asked then.
            mine = replace(mine, organisation_name=theirs.organisation_name)
        yield from super()._differing(replace(mine, answers={}), replace(theirs, answers={}))
        for question, field in self.answer_fields():
            if mine.answers.get(question.uid, "") != theirs.answers.get(question.uid, ""):
                yield str(field.label.text)


class FeedForm(Form):
    """What to do with the secret address of one's calendar."""

    act = SelectField(choices=choices([("make", ""), ("renew", ""), ("revoke", "")]), default="make")


def ticket_words(event: Event, offer: Offer) -> str:
    """Describe a ticket in one line: name, price, and whether it can be taken."""
    ticket = offer.ticket
    price = i18n.format_money(ticket.price, ticket.currency) if ticket.price else str(_("free"))
    availability = str(AVAILABILITY[offer.availability])
    if offer.availability is Availability.OPEN:
        availability = ""
        if offer.left is not None:
            availability = i18n.ngettext("one place left", "%(num)s places left", offer.left)
    elif offer.availability is Availability.NOT_YET and offer.opens_at is not None:
        availability = i18n.gettext(
            "can be taken from %(moment)s", moment=i18n.format_datetime(offer.opens_at, event.timezone)
        )
    return f"{in_language(ticket.names)}: " + ", ".join(part for part in (price, availability, *limits(ticket)) if part)


def limits(ticket: TicketType) -> list[str]:
    """Say for whom a ticket is, where it is not for everybody, and whether organisers decide."""
    groups = [str(labels.of(AttendeeCategory(code))) for code in ticket.categories]
    words = [i18n.gettext("for: %(groups)s", groups=", ".join(groups))] if groups else []
    return [*words, i18n.gettext("the organisers decide about each registration")] if ticket.needs_approval else words


def _field(question: Question) -> Field:
    label = in_language(question.labels)
    asked = [Asked()] if question.is_required else []
    options = choices(
        (choice["code"], in_language({code: choice.get(code, "") for code in LANGUAGES})) for choice in question.choices
    )
    if question.kind is QuestionKind.CHOICE:
        return RadioField(label, asked, choices=options, validate_choice=False)
    if question.kind is QuestionKind.CHOICES:
        return CheckboxList(label, asked, choices=options)
    if question.kind is QuestionKind.CONSENT:
        return BooleanField(label, asked)
    if question.kind is QuestionKind.FILE:
        return FileField(label, asked)
    return TextAreaField(label, [*asked, Length(max=LONGEST_ANSWER)])


def _answer(question: Question, field: Field) -> str | tuple[str, ...]:
    if question.kind is QuestionKind.CHOICES:
        return tuple(field.data or ())
    if question.kind is QuestionKind.CONSENT:
        return YES if field.data else ""
    return "" if question.kind is QuestionKind.FILE else (field.data or "")


def _sent(field: Field) -> FileStorage | None:
    sent = field.data
    return sent if isinstance(sent, FileStorage) and sent.filename else None
