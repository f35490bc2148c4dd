"""Forms of the organisations' room: bringing one, its profile, a city's facts, inviting, asking to join."""

from typing import Any

from wtforms import EmailField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace.i18n import LANGUAGES, language_name
from marketplace.i18n import lazy_gettext as _
from marketplace.models import CityProfile, MembershipRole, OrganisationKind
from marketplace.services import labels
from marketplace.services.addresses import MAX_LENGTH
from marketplace.services.cities import Facts
from marketplace.web.forms import Form, choices
from marketplace.web.forms.organiser import OrganisationForm


class NewOrganisationForm(OrganisationForm):
    """An organisation somebody brings; cities come through the programme."""

    kind = SelectField(_("Kind"), [InputRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = choices(
            (value, str(words)) for value, words in labels.choices(OrganisationKind) if value != OrganisationKind.CITY
        )


class CityFactsForm(Form):
    """What a city states about itself; side, place and confirmation are the organisers' to state."""

    admin_area = StringField(_("State, department or province"), [Length(max=120)])
    main_language = SelectField(_("Main language"), [InputRequired()])
    population = IntegerField(_("Inhabitants"), [Optional()])
    population_year = IntegerField(_("Year of the figure"), [Optional()])
    population_scope = StringField(_("What the figure counts"), [Length(max=120)])
    population_source = StringField(_("Source of the figure"), [Length(max=300)])
    known_project = StringField(_("Known project"), [Length(max=200)])
    known_project_source = StringField(_("Source of the project"), [Length(max=300)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.main_language.choices = choices((code, language_name(code)) for code in LANGUAGES)

    def facts(self, present: CityProfile) -> Facts:
        """Return the answers for the service, with what this form does not ask as it is now."""
        return Facts(
            side=present.side,
            latitude=present.latitude,
            longitude=present.longitude,
            main_language=self.main_language.data,
            admin_area=self.admin_area.data or "",
            population=self.population.data,
            population_year=self.population_year.data,
            population_scope=self.population_scope.data or "",
            population_source=self.population_source.data or "",
            population_confirmed=present.population_confirmed,
            known_project=self.known_project.data or "",
            known_project_source=self.known_project_source.data or "",
            note=present.note,
        )


class InvitationForm(Form):
    """Whom to invite, as what."""

    email = EmailField(_("E-mail address"), [InputRequired(), Length(max=MAX_LENGTH)])
    role = SelectField(_("Role"), [InputRequired()], default=MembershipRole.MEMBER.value)
    job_title = StringField(_("Position"), [Length(max=120)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = choices((value, str(words)) for value, words in reversed(labels.choices(MembershipRole)))


class AskForm(Form):
    """A few words to those who decide."""

    message = TextAreaField(_("Message to the managers"), [Length(max=500)])
