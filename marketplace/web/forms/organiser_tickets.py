"""Forms of the desk for tickets, places that several share, and the questions asked of those who register."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from wtforms import (
    BooleanField,
    DecimalField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from marketplace.errors import Invalid
from marketplace.i18n import LANGUAGES, gettext, in_language
from marketplace.i18n import lazy_gettext as _
from marketplace.models import AttendeeCategory, Event, Question, QuestionKind, TicketPool, TicketType
from marketplace.services import labels, questions, tickets
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField, moment, shown
from marketplace.web.forms.organiser_programme import CheckboxesField
from marketplace.web.forms.seen import SeenForm
from marketplace.web.forms.translations import in_every_language, spread, texts

MORE_CHOICES = 4
"""Empty rows for further choices of a question."""

HIGHEST_PRICE = 1_000_000
WINDOW = ("sales_open_at", "sales_close_at")


@in_every_language("names", _("Name"), 120)
@in_every_language("descriptions", _("Description"), 1000, long=True)
class TicketForm(SeenForm):
    """Everything an organiser decides about a ticket type."""

    price = DecimalField(_("Price"), [Optional()])
    currency = StringField(_("Currency"), [InputRequired(), Length(min=3, max=3)])
    capacity = IntegerField(_("Places"), [Optional()])
    pool = SelectField(_("Shared places"), default="")
    sales_open_at = MomentField(_("Can be taken from"), [Optional()])
    sales_close_at = MomentField(_("Can be taken until"), [Optional()])
    categories = CheckboxesField(_("Who may take it"))
    needs_approval = BooleanField(_("An organiser approves each registration"))
    access_code = StringField(_("Code"), [Length(max=40)])
    position = IntegerField(_("Place in the order"), [Optional(), NumberRange(0, 1000)])

    @classmethod
    def of(cls, event: Event, ticket: TicketType | None) -> "TicketForm":
        """Return the form filled with what is decided about a ticket; an empty one for a new ticket."""
        if ticket is None:
            return cls(data={"price": Decimal(0), "currency": "USD"})
        details = tickets.details_of(ticket)
        plain = ("currency", "capacity", "pool", "needs_approval", "access_code", "position")
        values: dict[str, Any] = {name: getattr(details, name) for name in plain}
        values["price"] = Decimal(details.price).scaleb(-get_currency_precision(details.currency))
        values["categories"] = [category.value for category in details.categories]
        values |= {name: shown(getattr(details, name), event.timezone) for name in WINDOW}
        return cls(data=values | spread("names", details.names) | spread("descriptions", details.descriptions))

    def offer(self, pools: Iterable[TicketPool]) -> None:
        """Set the shared places and the groups to choose from."""
        self.pool.choices = choices([("", gettext("None")), *((pool.uid, in_language(pool.names)) for pool in pools)])
        self.categories.choices = choices((value, str(words)) for value, words in labels.choices(AttendeeCategory))

    def details(self, event: Event, present: TicketType | None = None) -> tickets.Details:
        """Return the answers for the service; raises `Invalid` for a price the currency cannot write."""
        window = {
            name: moment(self, name, event.timezone, getattr(present, name) if present else None) for name in WINDOW
        }
        currency = (self.currency.data or "").upper()
        return tickets.Details(
            names=texts(self, "names"),
            descriptions=texts(self, "descriptions"),
            price=_minor_units(self.price.data, currency),
            currency=currency,
            capacity=self.capacity.data,
            pool=self.pool.data or "",
            **window,
            categories=tuple(AttendeeCategory(code) for code in self.categories.data or ()),
            needs_approval=self.needs_approval.data,
            access_code=self.access_code.data or "",
            position=self.position.data or 0,
        )


def _minor_units(price: Decimal | None, currency: str) -> int:
    if price is None:
        return 0
    if not price.is_finite() or not 0 <= price <= HIGHEST_PRICE:
        raise Invalid("price", _("Please enter a price, or 0 for a free ticket."))
    units = price.scaleb(get_currency_precision(currency))
    if units != units.to_integral_value():
        raise Invalid("price", _("This currency has no such small amounts."))
    return int(units)


@in_every_language("names", _("Name"), 120)
class PoolForm(Form):
    """Places that several ticket types share."""

    capacity = IntegerField(_("Places"), [InputRequired()])

    @classmethod
    def of(cls, pool: TicketPool) -> "PoolForm":
        """Return the form filled with what is known about shared places."""
        return cls(data={"capacity": pool.capacity, **spread("names", pool.names)})


class ChoiceRow(Form):
    """One choice in every language; the code ties it to the answers already given."""

    code = HiddenField()
    en = StringField(_("Choice in English"), [Length(max=200)])
    es = StringField(_("Choice in Spanish"), [Length(max=200)])
    pt = StringField(_("Choice in Portuguese"), [Length(max=200)])


@in_every_language("labels", _("Question"), 300)
@in_every_language("hints", _("Hint"), 500)
class QuestionForm(SeenForm):
    """Everything an organiser decides about a question. `depends_on` names a question and an answer to it."""

    kind = SelectField(_("Kind"), [InputRequired()])
    is_required = BooleanField(_("Must be answered"))
    depends_on = SelectField(_("Asked"), default="")
    choices = FieldList(FormField(ChoiceRow), _("Choices"))

    @classmethod
    def of(cls, question: Question | None) -> "QuestionForm":
        """Return the form filled with what is decided about a question; an empty one for a new question."""
        if question is None:
            return cls(data={"kind": QuestionKind.TEXT.value})
        details = questions.details_of(question)
        values: dict[str, Any] = {
            "kind": details.kind.value,
            "is_required": details.is_required,
            "depends_on": f"{details.depends_on} {details.depends_on_answer}".strip(),
            "choices": [dict(choice) for choice in details.choices],
        }
        return cls(data=values | spread("labels", details.labels) | spread("hints", details.hints))

    def offer(self, others: Iterable[Question]) -> None:
        """Set the answers to other questions it may depend on, and leave room for more choices."""
        self.kind.choices = choices((value, str(words)) for value, words in labels.choices(QuestionKind))
        options = [("", gettext("of everybody"))]
        for other in others:
            options += [(f"{other.uid} {code}", words) for code, words in _answers(other)]
        self.depends_on.choices = choices(options)
        if not self.is_submitted():
            for _number in range(MORE_CHOICES):
                self.choices.append_entry({})
        for number, row in enumerate(self.choices, 1):
            for code, language in LANGUAGES.items():
                row[code].label.text = gettext("Choice %(number)s (%(language)s)", number=number, language=language)

    def details(self, present: Question | None = None) -> questions.Details:
        """Return the answers for the service."""
        other, _space, answer = (self.depends_on.data or "").partition(" ")
        return questions.Details(
            kind=QuestionKind(self.kind.data),
            labels=texts(self, "labels"),
            hints=texts(self, "hints"),
            choices=tuple(self._choices({choice["code"] for choice in present.choices} if present else set())),
            is_required=self.is_required.data,
            depends_on=other,
            depends_on_answer=answer,
            position=present.position if present is not None else 1000,
        )

    def _choices(self, known: set[str]) -> Iterable[dict[str, str]]:
        for row in self.choices.data:
            written = {code: row[code] for code in LANGUAGES if row[code]}
            if written:
                # A code that is not this question's own is made anew.
                yield {**written, "code": row["code"] if row["code"] in known else ""}


def _answers(question: Question) -> list[tuple[str, str]]:
    """Return code and words of the answers on which another question may depend."""
    asked = in_language(question.labels)
    if question.kind is QuestionKind.CONSENT:
        return [(questions.YES, gettext("only after consent to “%(question)s”", question=asked))]
    return [
        (
            choice["code"],
            gettext(
                "only after “%(answer)s” to “%(question)s”",
                answer=in_language({code: choice.get(code, "") for code in LANGUAGES}),
                question=asked,
            ),
        )
        for choice in question.choices
    ]
