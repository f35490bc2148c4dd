"""Forms of the organiser's desk."""

from collections.abc import Iterable

from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace import i18n
from marketplace.i18n import LANGUAGES
from marketplace.i18n import gettext as _
from marketplace.i18n import lazy_gettext as _l
from marketplace.models import CitySide, Organisation, OrganisationKind, Role
from marketplace.services import events, labels, places
from marketplace.services.cities import City
from marketplace.services.organisations import Profile
from marketplace.web.forms import Form, choices

WHOLE_PLATFORM = "-"
"""The answer to where a role is for, which no slug of an event can be."""


class RoleForm(Form):
    """A role to give, on the whole platform or for one event."""

    role = SelectField(_l("Role"), validators=[InputRequired()])
    event = SelectField(_l("Where"), validators=[InputRequired()])

    def __init__(self, *arguments: object, **values: object) -> None:
        super().__init__(*arguments, **values)
        roles = [(value, str(words)) for value, words in labels.choices(Role)]
        self.role.choices = choices([("", _("Please choose")), *roles])
        self.event.choices = choices([(WHOLE_PLATFORM, _("The whole platform")), *events.names()])

    def event_slug(self) -> str | None:
        """Return the event the role is for, None for the whole platform."""
        return None if self.event.data == WHOLE_PLATFORM else self.event.data


class OrganisationForm(Form):
    """What an organisation tells about itself."""

    name_en = StringField(_l("Name in English"), validators=[Length(max=160)])
    name_es = StringField(_l("Name in Spanish"), validators=[Length(max=160)])
    name_pt = StringField(_l("Name in Portuguese"), validators=[Length(max=160)])
    description_en = TextAreaField(_l("Description in English"), validators=[Length(max=3000)])
    description_es = TextAreaField(_l("Description in Spanish"), validators=[Length(max=3000)])
    description_pt = TextAreaField(_l("Description in Portuguese"), validators=[Length(max=3000)])
    website = StringField(_l("Website"), validators=[Length(max=300)])
    country = SelectField(_l("Country"))
    timezone = SelectField(_l("Time zone"), validators=[InputRequired()])

    def __init__(self, *arguments: object, **values: object) -> None:
        super().__init__(*arguments, **values)
        self.country.choices = choices([("", _("Not given")), *places.country_choices()])
        zones = places.zone_choices()
        if self.timezone.data and self.timezone.data not in dict(zones) and places.is_zone(self.timezone.data):
            # A zone that is an alias of one in the list stays as it is.
            zones.append((self.timezone.data, i18n.zone_city(self.timezone.data)))
        self.timezone.choices = choices(zones)

    @classmethod
    def of(cls, body: Organisation) -> "OrganisationForm":
        """Return the form filled with what an organisation tells now."""
        names = body.names or {"en": body.name}
        return cls(
            data={
                **{f"name_{code}": names.get(code, "") for code in LANGUAGES},
                **{f"description_{code}": body.descriptions.get(code, "") for code in LANGUAGES},
                "website": body.website,
                "country": body.country,
                "timezone": body.timezone,
            }
        )

    def profile(self) -> Profile:
        """Return the answers for the service."""
        return Profile(
            names={code: self[f"name_{code}"].data or "" for code in LANGUAGES},
            descriptions={code: self[f"description_{code}"].data or "" for code in LANGUAGES},
            website=self.website.data or "",
            country=self.country.data or "",
            timezone=self.timezone.data,
        )


class NewOrganisationForm(OrganisationForm):
    """An organisation to enter, with its kind."""

    kind = SelectField(_l("Kind"), validators=[InputRequired()])

    def __init__(self, *arguments: object, **values: object) -> None:
        super().__init__(*arguments, **values)
        self.kind.choices = choices((value, str(words)) for value, words in labels.choices(OrganisationKind))


class PairForm(Form):
    """Two cities to pair from a day on."""

    lac_city = SelectField(_l("City in Latin America or the Caribbean"), validators=[InputRequired()])
    us_city = SelectField(_l("City in the United States"), validators=[InputRequired()])
    valid_from = DateField(_l("First day"), validators=[InputRequired()])
    source = StringField(_l("Source"), validators=[Length(max=300)])
    note = TextAreaField(_l("Note"), validators=[Length(max=500)])

    def offer(self, cities: Iterable[City]) -> None:
        """Set the cities there are to choose from."""
        found = list(cities)
        for field, side in ((self.lac_city, CitySide.LAC), (self.us_city, CitySide.US)):
            names = [(city.slug, city.name) for city in found if city.side is side]
            field.choices = choices([("", _("Please choose")), *names])


class EndPairForm(Form):
    """The day on which a pair ends."""

    valid_until = DateField(_l("First day on which the pair no longer holds"), validators=[InputRequired()])


class TrailForm(Form):
    """The days of the audit trail."""

    first_day = DateField(_l("From"), validators=[Optional()])
    last_day = DateField(_l("Until"), validators=[Optional()])
