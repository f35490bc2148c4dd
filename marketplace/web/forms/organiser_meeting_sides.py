"""Forms of the desk for the tables, interpreters and sides of an event's meetings."""

from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from marketplace.i18n import gettext, language_name
from marketplace.i18n import lazy_gettext as _
from marketplace.models import (
    Attendance,
    Interpreter,
    Language,
    MeetingParty,
    MeetingSlot,
    MeetingTable,
    Registration,
)
from marketplace.services import labels
from marketplace.services.meetings import interpreters, parties
from marketplace.web.forms import Form, choices
from marketplace.web.forms.organiser_meetings import ROLES
from marketplace.web.forms.organiser_programme import CheckboxesField


class SlotsForm(Form):
    """Some slots of an event. What is not in its list is left out by the service."""

    slots = CheckboxesField(_("Slots"))

    def offer_slots(self, usable: Iterable[MeetingSlot]) -> None:
        """Set the slots to choose from; the template writes their times."""
        self.slots.choices = choices((slot.uid, slot.uid) for slot in usable)


class TablesForm(Form):
    """Tables to add."""

    count = IntegerField(_("Number of tables"), [InputRequired()], default=10)
    zone = StringField(_("Zone"), [Length(max=80)])
    is_accessible = BooleanField(_("Can be reached without steps, with room for a wheelchair"))


class TableForm(Form):
    """A table that exists."""

    number = IntegerField(_("Number"), [InputRequired()])
    zone = StringField(_("Zone"), [Length(max=80)])
    is_accessible = BooleanField(_("Can be reached without steps, with room for a wheelchair"))

    @classmethod
    def of(cls, table: MeetingTable) -> "TableForm":
        """Return the form filled with what is known about a table."""
        return cls(data={"number": table.number, "zone": table.zone, "is_accessible": table.is_accessible})


class CloseForm(SlotsForm):
    """When a table is closed."""

    extent = RadioField(_("When"), [InputRequired()], default="all")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extent.choices = choices([("all", gettext("In all slots")), ("some", gettext("In these slots only"))])

    def slot_uids(self) -> set[str] | None:
        """Return the slots in which it is closed; None for all."""
        return set(self.slots.data or ()) if self.extent.data == "some" else None


class InterpreterForm(SlotsForm):
    """Everything an organiser decides about an interpreter."""

    name = StringField(_("Name"), [InputRequired(), Length(max=120)])
    languages = CheckboxesField(_("Languages"))
    rest_after = IntegerField(_("Rest of one slot after so many in a row"), [InputRequired()])
    registration = SelectField(_("Registration at this event"), default="")

    @classmethod
    def of(cls, found: Interpreter | None, people: Iterable[tuple[str, str]], usable: list[MeetingSlot]) -> Any:
        """Return the form filled with an interpreter; a new one works in all slots. `people` are (uid, name)."""
        if found is None:
            form = cls(data={"rest_after": 4, "slots": [slot.uid for slot in usable]})
        else:
            details = interpreters.details_of(found)
            form = cls(
                data={
                    "name": details.name,
                    "languages": list(details.languages),
                    "rest_after": details.rest_after,
                    "registration": details.registration_uid,
                    "slots": list(details.slot_uids),
                }
            )
        form.languages.choices = choices((code.value, language_name(code.value)) for code in Language)
        # The service asks for two; the field only must not say that it is optional.
        form.languages.flags.required = True
        form.registration.choices = choices([("", gettext("None")), *people])
        form.offer_slots(usable)
        return form

    def details(self) -> interpreters.Details:
        """Return the answers for the service."""
        return interpreters.Details(
            name=self.name.data or "",
            languages=tuple(self.languages.data or ()),
            rest_after=self.rest_after.data,
            slot_uids=frozenset(self.slots.data or ()),
            registration_uid=self.registration.data or "",
        )


class AddPartyForm(Form):
    """Who is brought into the meetings, as role and slug."""

    who = SelectField(_("Side"), [InputRequired()])

    def offer(self, found: Iterable[parties.Addable]) -> None:
        """Set who can be brought in, by role."""
        options = choices([("", gettext("Please choose"))])
        for one in found:
            options += choices([(f"{one.role}:{one.slug}", one.title)], str(ROLES[one.role]))
        self.who.choices = options


class PartyForm(Form):
    """Everything that can be said of a side that meets."""

    members = CheckboxesField(_("People who meet"))
    stand_ins = CheckboxesField(_("Stand-ins among them"))
    attendance = SelectField(_("Attendance"), [InputRequired()])
    languages = CheckboxesField(_("Languages"))
    needs_interpreter = BooleanField(_("Asks for an interpreter"))
    needs_accessible_table = BooleanField(_("Needs an accessible table"))
    online_link = StringField(_("Link to join online"), [Length(max=500)])
    floor = IntegerField(_("Meetings at least"), [Optional()])
    cap = IntegerField(_("Meetings at most"), [Optional()])

    @classmethod
    def of(cls, party: MeetingParty, people: Iterable[Registration]) -> "PartyForm":
        """Return the form filled with a party; `people` are who can come for it."""
        plain = ("languages", "needs_interpreter", "needs_accessible_table", "online_link", "floor", "cap")
        values: dict[str, Any] = {name: getattr(party, name) for name in plain}
        values["attendance"] = party.attendance.value
        values["members"] = [member.registration.uid for member in party.members]
        values["stand_ins"] = [member.registration.uid for member in party.members if member.is_stand_in]
        form = cls(data=values)
        names = [(person.uid, _described(person)) for person in people]
        form.members.choices, form.stand_ins.choices = choices(names), choices(names)
        # The service asks for one; the field only must not say that it is optional.
        form.members.flags.required = True
        form.attendance.choices = choices((value, str(words)) for value, words in labels.choices(Attendance))
        form.languages.choices = choices((code.value, language_name(code.value)) for code in Language)
        return form

    def details(self) -> parties.Details:
        """Return the answers for the service: stand-ins last, and only those who meet."""
        members, stand_ins = list(self.members.data or ()), set(self.stand_ins.data or ())
        return parties.Details(
            attendance=Attendance(self.attendance.data),
            languages=tuple(self.languages.data or ()),
            needs_interpreter=self.needs_interpreter.data,
            needs_accessible_table=self.needs_accessible_table.data,
            online_link=self.online_link.data or "",
            floor=self.floor.data,
            cap=self.cap.data,
            members=tuple(sorted(members, key=lambda uid: uid in stand_ins)),
            stand_ins=tuple(uid for uid in members if uid in stand_ins),
        )


def _described(person: Registration) -> str:
    return f"{person.name} ({person.organisation_name})" if person.organisation_name else person.name


class WithdrawForm(Form):
    """Why a side no longer meets."""

    reason = TextAreaField(_("Reason, for the sides whose meetings end"), [Length(max=500)])


def role_choices() -> Mapping[str, str]:
    """Return the roles by code, as many, for filters."""
    return {role.value: str(words) for role, words in ROLES.items()}
