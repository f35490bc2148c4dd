"""Forms of the desk for meetings: the rules of an event, and its meeting sessions."""

from datetime import date
from typing import Any

from wtforms import DateField, FieldList, FormField, IntegerField, SelectField, TimeField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import HiddenInput

from marketplace.errors import Invalid
from marketplace.i18n import LazyText, gettext
from marketplace.i18n import lazy_gettext as _
from marketplace.models import BookingRule, Event, EventMode, MeetingSession, MeetingSetup, PartyRole
from marketplace.services import labels
from marketplace.services.meetings import setup, slots
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField, moment, shown
from marketplace.web.forms.organiser_programme import CheckboxesField
from marketplace.web.forms.translations import in_every_language, spread, texts

WINDOWS = ("wishes_open_at", "wishes_close_at", "booking_opens_at", "booking_closes_at")

PAIRINGS: dict[str, LazyText] = {
    "project:funder": _("Projects with funders"),
    "project:vendor": _("Projects with technology providers"),
    "city:city": _("Cities with cities"),
    "participant:participant": _("Participants with participants"),
}
"""Who may meet whom, in words."""

ROLES: dict[PartyRole, LazyText] = {
    PartyRole.PROJECT: _("Projects"),
    PartyRole.CITY: _("Cities"),
    PartyRole.FUNDER: _("Funders"),
    PartyRole.VENDOR: _("Technology providers"),
    PartyRole.PARTICIPANT: _("Participants"),
}
"""The roles as many."""

MORE_BREAKS = 2
"""Empty rows for further breaks of a meeting session."""


class RulesForm(Form):
    """Everything an organiser decides about the meetings of an event. `revision` is what the form was made from."""

    pairings = CheckboxesField(_("Who may meet whom"))
    floor_project = IntegerField(_("Projects: at least"), [Optional()])
    cap_project = IntegerField(_("Projects: at most"), [Optional()])
    floor_city = IntegerField(_("Cities: at least"), [Optional()])
    cap_city = IntegerField(_("Cities: at most"), [Optional()])
    floor_funder = IntegerField(_("Funders: at least"), [Optional()])
    cap_funder = IntegerField(_("Funders: at most"), [Optional()])
    floor_vendor = IntegerField(_("Technology providers: at least"), [Optional()])
    cap_vendor = IntegerField(_("Technology providers: at most"), [Optional()])
    floor_participant = IntegerField(_("Participants: at least"), [Optional()])
    cap_participant = IntegerField(_("Participants: at most"), [Optional()])
    musts = IntegerField(_("“Must” wishes of each side"), [InputRequired()])
    wishes_open_at = MomentField(_("Wishes from"), [Optional()])
    wishes_close_at = MomentField(_("Wishes until"), [Optional()])
    booking_opens_at = MomentField(_("Requests and booking from"), [Optional()])
    booking_closes_at = MomentField(_("Requests and booking until"), [Optional()])
    change_until_minutes = IntegerField(_("Minutes before a meeting until which it can be changed"), [InputRequired()])
    request_hours = IntegerField(_("Hours in which a request is answered"), [InputRequired()])
    revision = IntegerField(widget=HiddenInput(), default=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pairings.choices = choices((code, str(PAIRINGS[code])) for code in setup.PAIRINGS)
        # The service asks for one; the field only must not say that it is optional.
        self.pairings.flags.required = True

    @classmethod
    def of(cls, event: Event, found: MeetingSetup | None) -> "RulesForm":
        """Return the form filled with the rules of an event, or with those that are usual."""
        return cls(data=_values(event, found))

    def refuse(self, refusal: Invalid) -> None:
        """Show a refusal about the limits of a role at its least number."""
        if refusal.field.startswith("limits_"):
            refusal = Invalid(refusal.field.replace("limits_", "floor_", 1), refusal.message)
        super().refuse(refusal)

    def rules(self, event: Event, present: MeetingSetup | None) -> setup.Rules:
        """Return the answers for the service; an empty least is 0, an empty most no limit."""
        windows = {
            name: moment(self, name, event.timezone, getattr(present, name) if present else None) for name in WINDOWS
        }
        limits = {role: (self[f"floor_{role}"].data or 0, self[f"cap_{role}"].data) for role in PartyRole}
        return setup.Rules(
            pairings=tuple(self.pairings.data or ()),
            limits=limits,
            musts=self.musts.data,
            change_until_minutes=self.change_until_minutes.data,
            request_hours=self.request_hours.data,
            revision=self.revision.data or 0,
            **windows,
        )

    def catch_up(self, event: Event, found: MeetingSetup | None) -> list[str]:
        """Take the revision of rules that somebody else has saved, keep what was typed; returns what now differs."""
        values = _values(event, found)
        different = [
            str(field.label.text)
            for field in self
            if field.short_name != "revision" and (field.data or None) != (values[field.short_name] or None)
        ]
        self.revision.raw_data, self.revision.data = None, values["revision"]
        return different


def _values(event: Event, found: MeetingSetup | None) -> dict[str, Any]:
    rules = setup.rules_of(found)
    values: dict[str, Any] = {
        name: getattr(rules, name) for name in ("musts", "change_until_minutes", "request_hours", "revision")
    }
    values["pairings"] = list(rules.pairings)
    for role, (floor, cap) in rules.limits.items():
        values |= {f"floor_{role}": floor, f"cap_{role}": cap}
    return values | {name: shown(getattr(rules, name), event.timezone) for name in WINDOWS}


class BreakRow(Form):
    """One break of a meeting session."""

    begins = TimeField(_("Break from"), [Optional()])
    finishes = TimeField(_("Break until"), [Optional()])


@in_every_language("names", _("Name"), 120)
class MeetingSessionForm(Form):
    """Everything an organiser decides about a meeting session; times are the event's clock."""

    day = DateField(_("Day"), [InputRequired()])
    starts = TimeField(_("Begins"), [InputRequired()])
    ends = TimeField(_("Ends"), [InputRequired()])
    mode = SelectField(_("How people meet"), [InputRequired()])
    slot_minutes = IntegerField(_("Minutes of a slot"), [InputRequired()])
    turnover_minutes = IntegerField(_("Minutes between slots"), [InputRequired()])
    breaks = FieldList(FormField(BreakRow), _("Breaks"))
    booking = SelectField(_("How meetings come about"), [InputRequired()])
    at_once_from = MomentField(_("Booking at once from"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mode.choices = choices((value, str(words)) for value, words in labels.choices(EventMode))
        self.booking.choices = choices((value, str(words)) for value, words in labels.choices(BookingRule))

    @classmethod
    def of(cls, event: Event, found: MeetingSession | None) -> "MeetingSessionForm":
        """Return the form filled with a meeting session; for a new one with what is usual."""
        if found is None:
            mode = EventMode.IN_PERSON if event.mode is EventMode.HYBRID else event.mode
            form = cls(
                data={
                    "day": event.starts_on,
                    "slot_minutes": 20,
                    "turnover_minutes": 5,
                    "mode": mode.value,
                    "booking": BookingRule.ENGINE.value,
                }
            )
        else:
            details = slots.details_of(found, event.timezone)
            plain = ("day", "starts", "ends", "slot_minutes", "turnover_minutes")
            values: dict[str, Any] = {name: getattr(details, name) for name in plain}
            values |= {"mode": details.mode.value, "booking": details.booking.value}
            values["at_once_from"] = shown(details.at_once_from, event.timezone)
            values["breaks"] = [{"begins": begins, "finishes": finishes} for begins, finishes in details.breaks]
            form = cls(data=values | spread("names", details.names))
        if not form.is_submitted():
            for _number in range(MORE_BREAKS):
                form.breaks.append_entry({})
        for number, row in enumerate(form.breaks, 1):
            row.begins.label.text = gettext("Break %(number)s from", number=number)
            row.finishes.label.text = gettext("Break %(number)s until", number=number)
        return form

    def details(self, event: Event, present: MeetingSession | None = None) -> slots.Details:
        """Return the answers for the service; raises `Invalid` for half a break."""
        breaks = []
        for row in self.breaks:
            begins, finishes = row.begins.data, row.finishes.data
            if (begins is None) != (finishes is None):
                raise Invalid("breaks", _("Please say when the break begins and when it ends."))
            if begins is not None:
                breaks.append((begins, finishes))
        day: date = self.day.data
        return slots.Details(
            names=texts(self, "names"),
            day=day,
            starts=self.starts.data,
            ends=self.ends.data,
            mode=EventMode(self.mode.data),
            slot_minutes=self.slot_minutes.data,
            turnover_minutes=self.turnover_minutes.data,
            breaks=tuple(breaks),
            booking=BookingRule(self.booking.data),
            at_once_from=moment(self, "at_once_from", event.timezone, present.at_once_from if present else None),
        )

    def refuse(self, refusal: Invalid) -> None:
        """Show what is wrong with the breaks, or the name, at the first field of theirs."""
        if refusal.field == "breaks" and len(self.breaks):
            self.breaks[0].begins.errors = [*self.breaks[0].begins.errors, str(refusal)]
            return
        super().refuse(refusal)
