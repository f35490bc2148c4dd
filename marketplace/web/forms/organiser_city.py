"""The facts of a city as the organisers state them."""

from typing import Any

from wtforms import BooleanField, FloatField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import lazy_gettext as _
from marketplace.models import CityProfile, CitySide
from marketplace.services import labels
from marketplace.services.cities import Facts
from marketplace.web.forms import choices
from marketplace.web.forms.organisations import CityFactsForm


class OrganisersCityForm(CityFactsForm):
    """All that is stated about a city: what it says itself, and what only the organisers say."""

    side = SelectField(_("Half of a pair"), [InputRequired()])
    latitude = FloatField(_("Latitude"), [InputRequired()])
    longitude = FloatField(_("Longitude"), [InputRequired()])
    population_confirmed = BooleanField(_("The figure was found in its source"))
    note = TextAreaField(_("Note"), [Length(max=500)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.side.choices = choices((value, str(words)) for value, words in labels.choices(CitySide))

    def facts(self, present: CityProfile | None = None) -> Facts:
        """Return the answers for the service."""
        return Facts(
            side=CitySide(self.side.data),
            latitude=self.latitude.data,
            longitude=self.longitude.data,
            main_language=self.main_language.data,
            admin_area=self.admin_area.data or "",
            population=self.population.data,
            population_year=self.population_year.data,
            population_scope=self.population_scope.data or "",
            population_source=self.population_source.data or "",
            population_confirmed=self.population_confirmed.data,
            known_project=self.known_project.data or "",
            known_project_source=self.known_project_source.data or "",
            note=self.note.data or "",
        )
