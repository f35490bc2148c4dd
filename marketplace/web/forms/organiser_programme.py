"""Forms of the desk for a programme: sessions, rooms, tracks and speakers."""

from collections.abc import Iterable
from typing import Any

from werkzeug.datastructures import FileStorage
from wtforms import (
    BooleanField,
    FieldList,
    FileField,
    FormField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from marketplace.i18n import LANGUAGES, gettext, in_language, language_name
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Event, ProgrammeSession, Room, SessionKind, Speaker, SpeakerRole, Track
from marketplace.services import labels, portraits, programme
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField, moment, shown
from marketplace.web.forms.seen import SeenForm
from marketplace.web.forms.translations import in_every_language, spread, texts

SPOKEN = (*LANGUAGES, "fr")
"""The languages of sessions: those of the platform, and French."""

MORE_SPEAKERS = 3
"""Empty rows for further speakers."""


class CheckboxesField(SelectMultipleField):  # type: ignore[misc]
    """Several choices as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SpeakerRow(Form):
    """Somebody who speaks in the session, and as what."""

    speaker = SelectField(_("Speaker"), default="")
    role = SelectField(_("Role"), default=SpeakerRole.SPEAKER.value)


@in_every_language("titles", _("Title"), 200)
@in_every_language("descriptions", _("Description"), 4000, long=True)
class SessionForm(SeenForm):
    """Everything an organiser decides about a session."""

    kind = SelectField(_("Kind"), [InputRequired()])
    starts_at = MomentField(_("Begins"), [InputRequired()])
    ends_at = MomentField(_("Ends"), [InputRequired()])
    room = SelectField(_("Room"), default="")
    track = SelectField(_("Track"), default="")
    speakers = FieldList(FormField(SpeakerRow), _("Speakers"))
    languages = CheckboxesField(_("Languages spoken"))
    interpretation = CheckboxesField(_("Interpretation into"))
    online_link = StringField(_("Link to join online"), [Length(max=500)])
    needs_sign_up = BooleanField(_("Participants sign up for this session"))
    capacity = IntegerField(_("Places"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = choices((value, str(words)) for value, words in labels.choices(SessionKind))
        spoken = [(code, language_name(code)) for code in SPOKEN]
        self.languages.choices, self.interpretation.choices = choices(spoken), choices(spoken)

    @classmethod
    def of(cls, event: Event, entry: ProgrammeSession) -> "SessionForm":
        """Return the form filled with what is decided about a session."""
        details = programme.details_of(entry)
        plain = ("room", "track", "languages", "interpretation", "online_link", "needs_sign_up", "capacity")
        values: dict[str, Any] = {name: getattr(details, name) for name in plain}
        values["kind"] = details.kind.value
        values["speakers"] = [{"speaker": uid, "role": role.value} for uid, role in details.speakers]
        for name in ("starts_at", "ends_at"):
            values[name] = shown(getattr(details, name), event.timezone)
        return cls(data=values | spread("titles", details.titles) | spread("descriptions", details.descriptions))

    def offer(self, rooms: Iterable[Room], tracks: Iterable[Track], speakers: Iterable[Speaker]) -> None:
        """Set the rooms, tracks and speakers to choose from, and leave room to name more speakers."""
        self.room.choices = choices([("", gettext("No room")), *((one.uid, in_language(one.names)) for one in rooms)])
        self.track.choices = choices(
            [("", gettext("No track")), *((one.uid, in_language(one.names)) for one in tracks)]
        )
        if not self.is_submitted():
            for _number in range(MORE_SPEAKERS):
                self.speakers.append_entry({})
        people = choices([("", "–"), *((one.uid, one.name) for one in speakers)])
        roles = choices((value, str(words)) for value, words in labels.choices(SpeakerRole))
        for number, row in enumerate(self.speakers, 1):
            row.speaker.choices, row.role.choices = people, roles
            row.speaker.label.text = gettext("Speaker %(number)s", number=number)
            row.role.label.text = gettext("Role of speaker %(number)s", number=number)

    def details(self, event: Event, present: ProgrammeSession | None = None) -> programme.SessionDetails:
        """Return the answers for the service."""
        starts_at = moment(self, "starts_at", event.timezone, present.starts_at if present else None)
        ends_at = moment(self, "ends_at", event.timezone, present.ends_at if present else None)
        assert starts_at is not None
        assert ends_at is not None
        named = {row["speaker"]: SpeakerRole(row["role"]) for row in self.speakers.data if row["speaker"]}
        return programme.SessionDetails(
            kind=SessionKind(self.kind.data),
            titles=texts(self, "titles"),
            descriptions=texts(self, "descriptions"),
            starts_at=starts_at,
            ends_at=ends_at,
            room=self.room.data or "",
            track=self.track.data or "",
            speakers=tuple(named.items()),
            languages=tuple(self.languages.data or ()),
            interpretation=tuple(self.interpretation.data or ()),
            online_link=self.online_link.data or "",
            needs_sign_up=self.needs_sign_up.data,
            capacity=self.capacity.data,
        )


class NewSessionForm(SessionForm):
    """A session to add."""

    is_draft = BooleanField(_("Keep it as a draft, which only organisers see"))


class SessionEditForm(SessionForm):
    """A session that exists, and whether those who have it hear of the change."""

    tell = BooleanField(_("Write to those who have it in their programme when time, room or link change"), default=True)


@in_every_language("names", _("Name"), 120)
class RoomForm(SeenForm):
    """A room or hall."""

    capacity = IntegerField(_("People it may hold"), [Optional()])
    position = IntegerField(_("Place in the order"), [Optional(), NumberRange(0, 1000)])

    @classmethod
    def of(cls, part: Room) -> "RoomForm":
        """Return the form filled with what is known about a room."""
        return cls(data={"capacity": part.capacity, "position": part.position, **spread("names", part.names)})

    def details(self) -> programme.RoomDetails:
        """Return the answers for the service."""
        return programme.RoomDetails(texts(self, "names"), self.capacity.data, self.position.data or 0)


@in_every_language("names", _("Name"), 120)
class TrackForm(SeenForm):
    """A thread of sessions."""

    position = IntegerField(_("Place in the order"), [Optional(), NumberRange(0, 1000)])

    @classmethod
    def of(cls, part: Track) -> "TrackForm":
        """Return the form filled with what is known about a track."""
        return cls(data={"position": part.position, **spread("names", part.names)})

    def details(self) -> programme.TrackDetails:
        """Return the answers for the service."""
        return programme.TrackDetails(texts(self, "names"), self.position.data or 0)


@in_every_language("biographies", _("Biography"), 3000, long=True)
@in_every_language("photo_alts", _("What the photo shows"), 250)
class SpeakerForm(SeenForm):
    """Somebody who speaks at the event."""

    name = StringField(_("Name"), [InputRequired(), Length(max=160)])
    job_title = StringField(_("Position"), [Length(max=160)])
    organisation = StringField(_("Organisation"), [Length(max=160)])
    photo = FileField(_("Photo"))
    no_photo = BooleanField(_("Show no photo any more"))

    @classmethod
    def of(cls, part: Speaker) -> "SpeakerForm":
        """Return the form filled with what is known about a speaker."""
        plain = {name: getattr(part, name) for name in ("name", "job_title", "organisation")}
        texts_of = spread("biographies", part.biographies) | spread("photo_alts", part.photo_alts)
        return cls(data={**plain, **texts_of})

    def sent_photo(self) -> bytes:
        """Return the bytes of the photo that was sent; none where there is none."""
        sent = self.photo.data
        if not isinstance(sent, FileStorage) or not sent.filename:
            return b""
        with sent.stream as stream:
            # One byte more than is taken tells that it is too large.
            return stream.read(portraits.LARGEST + 1)

    def details(self) -> programme.SpeakerDetails:
        """Return the answers for the service."""
        return programme.SpeakerDetails(
            self.name.data or "",
            self.job_title.data or "",
            self.organisation.data or "",
            texts(self, "biographies"),
            texts(self, "photo_alts"),
        )
