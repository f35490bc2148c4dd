"""Forms of the scheduling room: what the engine is asked, and changes of a draft by hand."""

from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from marketplace.i18n import gettext
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Schedule, ScheduleKind, ScheduleState
from marketplace.services import labels
from marketplace.services.meetings.scheduling import runs
from marketplace.web.forms import Form, choices


class RunForm(Form):
    """What the engine is asked. The what-if answers leave the event as it is."""

    kind = SelectField(_("What to do"), [InputRequired()])
    title = StringField(_("Title"), [Optional(), Length(max=120)])
    seconds = IntegerField(_("Seconds at most"), [InputRequired(), NumberRange(1, runs.LONGEST)], default=20)
    seed = IntegerField(_("Seed"), [InputRequired(), NumberRange(0, 2**31 - 1)], default=1)
    source = SelectField(_("Begin with"), default="")
    max_moves = IntegerField(_("Meetings that may move, at most"), [Optional(), NumberRange(0, 100_000)])
    tables = IntegerField(_("What if there were so many tables"), [Optional(), NumberRange(0, 3000)])
    without_floors = BooleanField(_("What if nobody were promised a least number"))

    def offer(self, drafts: list[Schedule]) -> None:
        """Set what can be done and which drafts a repair can begin with."""
        kinds = [(kind, words) for kind, words in labels.choices(ScheduleKind) if kind != ScheduleKind.TIMETABLE]
        self.kind.choices = choices((kind, str(words)) for kind, words in kinds)
        named = [
            (one.uid, gettext("Draft %(number)s", number=one.number))
            for one in drafts
            if one.state is ScheduleState.DRAFT
        ]
        self.source.choices = choices([("", gettext("The meetings there are")), *named])

    def options(self) -> dict[str, Any]:
        """Return what the run is asked besides time and seed."""
        found: dict[str, Any] = {}
        if self.tables.data is not None:
            found["tables"] = self.tables.data
        if self.without_floors.data:
            found["without_floors"] = True
        if self.kind.data == ScheduleKind.REPAIR:
            if self.source.data:
                found["from"] = self.source.data
            if self.max_moves.data is not None:
                found["max_moves"] = self.max_moves.data
        return found


class MoveForm(Form):
    """Another slot, and perhaps a table, for one meeting of a draft."""

    first = HiddenField()
    second = HiddenField()
    round = HiddenField(default="1")
    revision = HiddenField(default="0")
    slot = SelectField(_("Slot"), [InputRequired()])
    table = SelectField(_("Table"), default="")


class AddForm(Form):
    """One more meeting for a draft."""

    first = SelectField(_("One side"), [InputRequired()])
    second = SelectField(_("The other side"), [InputRequired()])
    slot = SelectField(_("Slot"), [InputRequired()])
    revision = HiddenField(default="0")
