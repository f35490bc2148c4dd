"""Forms of those who meet: asking, answering, cancelling, notes, who comes, and when somebody cannot."""

from collections.abc import Iterable

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from marketplace.i18n import gettext, language_name
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Attendance, Language, MeetingParty, MeetingSlot, Registration, WishKind
from marketplace.models.base import new_uid
from marketplace.services import labels, wallclock
from marketplace.services.meetings import parties
from marketplace.services.meetings.requests import LONGEST_MESSAGE
from marketplace.web.forms import Form, choices
from marketplace.web.forms.attendee import Asked
from marketplace.web.forms.organiser_programme import CheckboxesField


class WishForm(Form):
    """What one wishes of a partner; nothing takes the wish back."""

    kind = StringField()

    def wish(self) -> WishKind | None:
        """Return the wish that was said, or None."""
        return labels.read(WishKind, self.kind.data)


class SlotForm(Form):
    """A slot that was pressed, and the number of the form, so that a form sent twice is one meeting."""

    slot = StringField()
    attempt = HiddenField()

    @classmethod
    def fresh(cls) -> "SlotForm":
        """Return a form with a number of its own."""
        form = cls(formdata=None)
        form.attempt.data = new_uid()
        return form


def _words(slots: Iterable[MeetingSlot], zone: str, readers_zone: str) -> list[tuple[str, str]]:
    """Name slots by the venue's clock, and by the reader's own where it shows something else."""
    return [(slot.uid, "; ".join(wallclock.spans(slot.starts_at, slot.ends_at, zone, readers_zone))) for slot in slots]


class AnotherTimeForm(SlotForm):
    """Another slot for a meeting, and why."""

    why = TextAreaField(_("Why another time, for the other side"), [Length(max=500)])


class AskForm(Form):
    """Asking for a meeting."""

    message = TextAreaField(_("Why you would like to meet"), [InputRequired(), Length(max=LONGEST_MESSAGE)])
    slot = SelectField(_("Time"), validate_choice=False, default="")

    def offer(self, slots: Iterable[MeetingSlot], zone: str, readers_zone: str) -> None:
        """Offer the times in which both are free."""
        self.slot.choices = choices([("", gettext("Any time")), *_words(slots, zone, readers_zone)])


class AcceptForm(Form):
    """Saying yes to a request, at one of the times."""

    slot = RadioField(_("Time"), validate_choice=False, default="")

    def offer(self, slots: Iterable[MeetingSlot], zone: str, readers_zone: str) -> None:
        """Offer the times in which both are free."""
        self.slot.choices = choices(_words(slots, zone, readers_zone))


class ProposeForm(Form):
    """Answering a request with another time."""

    slot = SelectField(_("Time"), [Asked()], validate_choice=False, default="")
    message = TextAreaField(_("Message"), [Length(max=LONGEST_MESSAGE)])

    def offer(self, slots: Iterable[MeetingSlot], zone: str, readers_zone: str) -> None:
        """Offer the times in which both are free."""
        self.slot.choices = choices(_words(slots, zone, readers_zone))


class DeclineForm(Form):
    """Saying no; the reason is for the other side."""

    reason = TextAreaField(_("Reason, for the other side"), [Length(max=LONGEST_MESSAGE)])


class CancelForm(Form):
    """Cancelling a meeting, or leaving the meetings of the event."""

    reason = TextAreaField(_("Reason, for the other side"), [InputRequired(), Length(max=500)])


class NoteForm(Form):
    """A private note."""

    text = TextAreaField(_("Private note"), [Length(max=4000)])


class PeopleForm(Form):
    """Who holds a meeting."""

    people = CheckboxesField(_("Who comes"), [Asked()])

    def offer(self, people: Iterable[Registration]) -> None:
        """Offer the people of one's side who are free."""
        self.people.choices = choices((person.uid, person.name) for person in people)


class AbsencesForm(Form):
    """Slots in which somebody does not meet."""

    slots = CheckboxesField(_("Slots"))
    person = HiddenField()

    def offer(self, slots: Iterable[MeetingSlot]) -> None:
        """Take any of the event's slots."""
        self.slots.choices = choices((slot.uid, slot.uid) for slot in slots)


class TeamForm(Form):
    """What a side says of itself."""

    members = CheckboxesField(_("People who meet"), [Asked()])
    stand_ins = CheckboxesField(_("Stand-ins among them"))
    attendance = SelectField(_("Attendance"), [InputRequired()])
    languages = CheckboxesField(_("Languages"))
    needs_interpreter = BooleanField(_("We need an interpreter"))
    needs_accessible_table = BooleanField(_("We need an accessible table"))
    online_link = StringField(_("Link to join online"), [Length(max=500)])

    @classmethod
    def of(cls, party: MeetingParty, people: Iterable[Registration]) -> "TeamForm":
        """Return the form filled with a party; `people` are who can come for it."""
        plain = ("languages", "needs_interpreter", "needs_accessible_table", "online_link")
        form = cls(
            data={
                **{name: getattr(party, name) for name in plain},
                "attendance": party.attendance.value,
                "members": [member.registration.uid for member in party.members],
                "stand_ins": [member.registration.uid for member in party.members if member.is_stand_in],
            }
        )
        names = [(person.uid, person.name) for person in people]
        form.members.choices, form.stand_ins.choices = choices(names), choices(names)
        form.attendance.choices = choices((value, str(words)) for value, words in labels.choices(Attendance))
        form.languages.choices = choices((code.value, language_name(code.value)) for code in Language)
        return form

    def details(self, party: MeetingParty) -> parties.Details:
        """Return the answers for the service: stand-ins last; what the organisers decide stays."""
        members, stand_ins = list(self.members.data or ()), set(self.stand_ins.data or ())
        return parties.Details(
            attendance=Attendance(self.attendance.data),
            languages=tuple(self.languages.data or ()),
            needs_interpreter=self.needs_interpreter.data,
            needs_accessible_table=self.needs_accessible_table.data,
            online_link=self.online_link.data or "",
            floor=party.floor,
            cap=party.cap,
            members=tuple(sorted(members, key=lambda uid: uid in stand_ins)),
            stand_ins=tuple(uid for uid in members if uid in stand_ins),
        )
