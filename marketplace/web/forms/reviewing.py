"""Forms of the reviewers' room: the score sheet, and giving a review back."""

from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace.i18n import gettext
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Criterion, Review
from marketplace.services import labels
from marketplace.services.reviews import judging, rubric
from marketplace.services.reviews.judging import Draft
from marketplace.services.sheets.pitch import PITCH
from marketplace.web.forms import Form, choices

NO_REVISION = -1


class ReviewForm(Form):
    """Scores and notes by criterion (`scores-finance`), comments by step (`comments-maturity`), a few words in all."""

    revision = HiddenField("")
    summary = TextAreaField(_("In all"), [Length(max=judging.LONGEST_COMMENT)])

    @classmethod
    def of(cls, review: Review) -> "ReviewForm":
        """Return the form of a review, with the criteria it has to judge, filled with what is stored."""
        draft = judging.draft_of(review)
        data: dict[str, Any] = {"revision": str(review.revision), "summary": draft.summary}
        for name in ("scores", "notes", "comments"):
            data |= {f"{name}-{key}": text for key, text in getattr(draft, name).items()}
        form = _sheet(tuple(judging.criteria(review)))(data=data)
        for criterion in form.criteria:
            field = form[f"scores-{criterion}"]
            # It may stay open while writing, but not in the end: it must not read as optional.
            field.flags.required = True
            field.choices = choices((str(score), _words(criterion, score)) for score in range(rubric.HIGHEST + 1))
        return form

    criteria: tuple[Criterion, ...] = ()

    @property
    def draft(self) -> Draft:
        """What was written, for the service."""
        parts: dict[str, dict[str, str]] = {"scores": {}, "notes": {}, "comments": {}}
        for name, field in self._fields.items():
            part, _dash, key = name.partition("-")
            if part in parts and field.data:
                parts[part][key] = str(field.data)
        return Draft(**parts, summary=self.summary.data or "")

    @property
    def seen(self) -> int:
        """The revision the form was made from; one that never was for what cannot be read."""
        text = str(self.revision.data or "")
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else NO_REVISION


def _sheet(criteria: tuple[Criterion, ...]) -> type[ReviewForm]:
    fields: dict[str, Any] = {"criteria": criteria}
    for criterion in criteria:
        number = rubric.number(criterion)
        title = f"{number}. {labels.of(criterion)}"
        fields[f"scores-{criterion}"] = RadioField(title, [Optional()])
        fields[f"notes-{criterion}"] = TextAreaField(
            gettext("Note on %(number)s", number=number), [Length(max=judging.LONGEST_NOTE)]
        )
    for step in PITCH.steps:
        label = gettext("Comment for the city: %(step)s", step=step.title)
        fields[f"comments-{step.name}"] = TextAreaField(label, [Length(max=judging.LONGEST_COMMENT)])
    return type("ReviewForm", (ReviewForm,), fields)


def _words(criterion: Criterion, score: int) -> str:
    anchor = rubric.ANCHORS[criterion].get(score)
    return f"{score} – {anchor}" if anchor else str(score)


class GiveBackForm(Form):
    """Why somebody will not review."""

    reason = StringField(_("Reason"), [InputRequired(), Length(max=500)])
    has_conflict = BooleanField(_("I am not impartial: I have a conflict of interest in this project."))
