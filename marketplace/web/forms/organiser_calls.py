"""Forms of the desk for calls for projects and for exchange rates."""

from collections.abc import Iterable
from typing import Any

from wtforms import DateField, Field, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from marketplace import i18n
from marketplace.i18n import LazyText, gettext, read_number, write_number
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Call, Currency, Event
from marketplace.services import labels, places
from marketplace.services.projects import calls
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField, moment, shown
from marketplace.web.forms.translations import in_every_language, spread, texts


def _ticked(label: LazyText) -> SelectMultipleField:
    return SelectMultipleField(label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())


@in_every_language("titles", _("Title"), 160)
@in_every_language("descriptions", _("Description"), 3000, long=True)
class CallForm(Form):
    """Everything an organiser decides about a call."""

    event = SelectField(_("Event"), [Optional()])
    timezone = SelectField(_("Time zone"), [InputRequired()])
    opens_at = MomentField(_("Opens"), [InputRequired()])
    closes_at = MomentField(_("Closes"), [InputRequired()])
    countries = _ticked(_("Countries"))
    cities = _ticked(_("Cities"))
    most_per_city = IntegerField(_("Projects per city"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = places.zone_choices()
        if self.timezone.data and self.timezone.data not in dict(zones) and places.is_zone(self.timezone.data):
            # A zone that is an alias of one in the list stays as it is.
            zones.append((self.timezone.data, i18n.zone_city(self.timezone.data)))
        self.timezone.choices = choices(zones)

    @classmethod
    def of(cls, call: Call | None, timezone: str) -> "CallForm":
        """Return the form filled with what is decided about a call; an empty one, in a zone, for a new call."""
        if call is None:
            return cls(data={"timezone": timezone, "event": ""})
        details = calls.details_of(call)
        values: dict[str, Any] = {
            "event": details.event,
            "timezone": details.timezone,
            "opens_at": shown(details.opens_at, details.timezone),
            "closes_at": shown(details.closes_at, details.timezone),
            "countries": list(details.countries),
            "cities": list(details.cities),
            "most_per_city": details.most_per_city,
            **spread("titles", details.titles),
            **spread("descriptions", details.descriptions),
        }
        return cls(data=values)

    def offer(
        self,
        events: Iterable[tuple[str, str]],
        countries: Iterable[tuple[str, str]],
        cities: Iterable[tuple[str, str]],
    ) -> None:
        """Set the events, countries and cities (code or slug, name) to choose from."""
        self.event.choices = choices([("", gettext("None")), *events])
        self.countries.choices = choices(countries)
        self.cities.choices = choices(cities)

    def details(self, event: Event | None, present: Call | None = None) -> calls.Details:
        """Return the answers for the service. A call that belongs to an event has the event's clock."""
        zone = event.timezone if event else self.timezone.data
        kept = present if present is not None and present.timezone == zone else None
        opens_at = moment(self, "opens_at", zone, kept.opens_at if kept else None)
        closes_at = moment(self, "closes_at", zone, kept.closes_at if kept else None)
        assert opens_at is not None
        assert closes_at is not None
        return calls.Details(
            titles=texts(self, "titles"),
            timezone=zone,
            opens_at=opens_at,
            closes_at=closes_at,
            descriptions=texts(self, "descriptions"),
            event=self.event.data or "",
            countries=tuple(self.countries.data or ()),
            cities=tuple(self.cities.data or ()),
            most_per_city=self.most_per_city.data,
            is_illustrative=present.is_illustrative if present is not None else False,
        )


class AmountField(Field):  # type: ignore[misc]
    """A number in the reader's notation; boxes for numbers have the notation of the browser."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; raises ValueError with the reason."""
        if not valuelist:
            return
        self.data = read_number(valuelist[0])
        if self.data is None and valuelist[0].strip():
            raise ValueError(gettext("Please write a number."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else write_number(self.data)


class RateForm(Form):
    """How much of a currency one US dollar costs on a day, and who says so."""

    currency = SelectField(_("Currency"), [InputRequired()])
    on_day = DateField(_("Day"), [InputRequired()])
    per_usd = AmountField(_("One US dollar costs"), [InputRequired()])
    source = StringField(_("Source"), [InputRequired(), Length(max=200)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = choices(currencies())


def currencies() -> list[tuple[str, str]]:
    """Return code and words of the currencies that have a rate."""
    return [(code, str(words)) for code, words in labels.choices(Currency) if code != Currency.USD]
