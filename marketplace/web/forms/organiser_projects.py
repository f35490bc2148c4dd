"""Forms of the desk about projects: who reviews, what is decided, leave to be late."""

from datetime import date, datetime, time, timedelta
from typing import Any

from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace import clock
from marketplace.errors import Invalid
from marketplace.i18n import gettext, language_name, ngettext
from marketplace.i18n import lazy_gettext as _
from marketplace.models import ProjectVersion, ReviewRole
from marketplace.services import labels, wallclock
from marketplace.services.reviews import assignments, decisions
from marketplace.services.reviews.assignments import Candidate
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField


class SeenForm(Form):
    """A form about the version its page showed; `seen` is its number, 0 for none."""

    seen = HiddenField("")

    @property
    def version(self) -> int:
        """The number of the version that was seen; -1 for what cannot be read."""
        text = str(self.seen.data or "")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else -1


def seen(version: ProjectVersion | None) -> str:
    """Return what the hidden field says about the newest version."""
    return str(version.number if version else 0)


class AssignForm(SeenForm):
    """Who is to review, or to settle, and until when."""

    role = RadioField(_("As"), [InputRequired()], default=ReviewRole.REVIEWER.value)
    reviewer = SelectField(_("Person"), [InputRequired()])
    due_on = DateField(_("To be finished by the end of"), [InputRequired()])
    despite = BooleanField(_("Assign although there may be a conflict of interest"))

    @classmethod
    def of(
        cls, candidates: list[Candidate], zone: str, version: ProjectVersion | None, role: ReviewRole
    ) -> "AssignForm":
        """Return the form with everybody who can be chosen."""
        due = wallclock.day(clock.now() + assignments.TIME_TO_REVIEW, zone)
        form = cls(data={"seen": seen(version), "due_on": due, "role": role.value})
        form.role.choices = choices((value, str(words)) for value, words in labels.choices(ReviewRole))
        form.reviewer.choices = people(candidates)
        return form

    def due_at(self, zone: str) -> datetime:
        """Return the end of the day in the organiser's zone."""
        return end_of(self.due_on.data, zone)


def end_of(day: date, zone: str) -> datetime:
    """Return the last minute of a day in a zone; raises `Invalid` for a year that cannot be meant."""
    if day.year not in range(2000, 2101):
        raise Invalid("due_on", _("Please check the year."))
    return wallclock.moment(day, time(23, 59), zone)


def people(candidates: list[Candidate]) -> list[Any]:
    """Return those who can be assigned, each with what they have to review now and what may speak against them."""
    return choices(
        [("", gettext("Please choose")), *((one.person.uid, words(one)) for one in candidates if one.is_free)]
    )


def words(candidate: Candidate) -> str:
    """Say in one line who it is, how much they have to review, which languages they speak, and conflicts."""
    parts = [ngettext("%(num)s open review", "%(num)s open reviews", candidate.load)]
    if candidate.person.spoken_languages:
        parts.append(", ".join(language_name(code) for code in candidate.person.spoken_languages))
    if candidate.versions:
        parts.append(gettext("knows the project"))
    parts += [str(labels.of(one)) for one in candidate.conflicts]
    return f"{candidate.person.name} ({'; '.join(parts)})"


class RemoveReviewForm(Form):
    """Why a review is taken away, and who gets it instead."""

    reason = StringField(_("Reason"), [InputRequired(), Length(max=500)])
    instead = SelectField(_("Give it to somebody else"), default="")
    despite = BooleanField(_("Assign although there may be a conflict of interest"))

    @classmethod
    def of(cls, candidates: list[Candidate]) -> "RemoveReviewForm":
        """Return the form with everybody who can be chosen."""
        form = cls()
        form.instead.choices = people(candidates)
        form.instead.choices[0] = choices([("", gettext("Nobody yet"))])[0]
        return form


class PostponeForm(Form):
    """Another day for a review."""

    due_on = DateField(_("To be finished by the end of"), [InputRequired()])

    @classmethod
    def of(cls, due_at: datetime | None, zone: str) -> "PostponeForm":
        """Return the form a week after the present day."""
        start = max(due_at, clock.now()) if due_at else clock.now()
        return cls(data={"due_on": wallclock.day(start + timedelta(days=7), zone)})


class DecisionForm(SeenForm):
    """What the city is told, in all and step by step (`comments-maturity`), and a reason for the record."""

    message = TextAreaField(_("Message to the city"), [Length(max=decisions.LONGEST_MESSAGE)])
    reason = TextAreaField(_("Reason for accepting without complete reviews"), [Length(max=1000)])

    @property
    def comments(self) -> dict[str, str]:
        """The comments by step."""
        return {step.name: self[f"comments-{step.name}"].data or "" for step in PITCH.steps}


for _step in PITCH.steps:
    setattr(
        DecisionForm,
        f"comments-{_step.name}",
        TextAreaField(_step.title, [Optional(), Length(max=decisions.LONGEST_MESSAGE)]),
    )


class LateForm(Form):
    """Until when a project may be submitted although its call is closed, and why."""

    until = MomentField(_("Until"), [InputRequired()])
    reason = StringField(_("Reason"), [InputRequired(), Length(max=500)])


class UnpublishForm(Form):
    """Why a project leaves the book."""

    reason = TextAreaField(_("What you want to say about it"), [Length(max=1000)])
