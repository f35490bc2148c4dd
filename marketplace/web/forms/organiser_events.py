"""Forms of the desk for an event itself: what it is, when and where; cancelling, copying and moving it."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, DateField, FieldList, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from marketplace import i18n
from marketplace.i18n import gettext
from marketplace.i18n import lazy_gettext as _
from marketplace.models import Event, EventKind, EventLevel, EventMode
from marketplace.services import events, labels, places
from marketplace.web.forms import Form, choices
from marketplace.web.forms.moments import MomentField, moment, shown
from marketplace.web.forms.seen import SeenForm
from marketplace.web.forms.translations import in_every_language, spread, texts

MOMENTS = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
TEXTS = ("titles", "themes", "descriptions", "places")


@in_every_language("titles", _("Title"), 200)
@in_every_language("themes", _("Theme"), 200)
@in_every_language("descriptions", _("Description"), 5000, long=True)
@in_every_language("places", _("City or place"), 120)
class EventForm(SeenForm):
    """Everything an organiser decides about an event."""

    kind = SelectField(_("Kind"), [InputRequired()])
    level = SelectField(_("Level"), [InputRequired()])
    mode = SelectField(_("Manner"), [InputRequired()])
    timezone = SelectField(_("Time zone"), [InputRequired()])
    starts_at = MomentField(_("Begins"), [InputRequired()])
    ends_at = MomentField(_("Ends"), [InputRequired()])
    venue = StringField(_("Venue"), [Length(max=200)])
    address = StringField(_("Address"), [Length(max=400)])
    online_link = StringField(_("Link to join online"), [Length(max=500)])
    organisations = FieldList(SelectField(_("Organisation")), _("Held by"))
    capacity = IntegerField(_("Places"), [Optional()])
    has_waiting_list = BooleanField(_("Keep a waiting list when all places are taken"))
    registration_opens_at = MomentField(_("Registration opens"), [Optional()])
    registration_closes_at = MomentField(_("Registration closes"), [Optional()])
    needs_kept_days = IntegerField(
        _("Days after the event until access and dietary needs are deleted"), [InputRequired()]
    )
    source = StringField(_("Source"), [Length(max=400)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, enum in ((self.kind, EventKind), (self.level, EventLevel), (self.mode, EventMode)):
            field.choices = choices((value, str(words)) for value, words in labels.choices(enum))
        zones = places.zone_choices()
        if self.timezone.data and self.timezone.data not in dict(zones) and places.is_zone(self.timezone.data):
            # A zone that is an alias of one in the list stays as it is.
            zones.append((self.timezone.data, i18n.zone_city(self.timezone.data)))
        self.timezone.choices = choices(zones)

    @classmethod
    def of(cls, event: Event | None, timezone: str) -> "EventForm":
        """Return the form filled with what is decided about an event; an empty one, in a zone, for a new event."""
        if event is None:
            return cls(
                data={
                    "timezone": timezone,
                    "has_waiting_list": True,
                    "needs_kept_days": 30,
                    "level": EventLevel.HEMISPHERIC.value,
                }
            )
        details = events.details_of(event)
        plain = ("timezone", "venue", "address", "online_link", "capacity", "has_waiting_list", "needs_kept_days")
        values: dict[str, Any] = {name: getattr(details, name) for name in (*plain, "source")}
        values |= {name: getattr(details, name).value for name in ("kind", "level", "mode")}
        values |= {name: shown(getattr(details, name), event.timezone) for name in MOMENTS}
        values["organisations"] = list(details.organisations)
        for name in TEXTS:
            values |= spread(name, getattr(details, name))
        return cls(data=values)

    def offer(self, organisations: Iterable[tuple[str, str]]) -> None:
        """Set the organisations (slug, name) to choose from, and leave room to name two more."""
        options = choices([("", "–"), *organisations])
        while not self.is_submitted() and len(self.organisations) < 2 + len(
            [entry for entry in self.organisations if entry.data]
        ):
            self.organisations.append_entry("")
        for number, entry in enumerate(self.organisations, 1):
            entry.choices = options
            entry.label.text = gettext("Organisation %(number)s", number=number)

    def details(self, present: Event | None = None) -> events.Details:
        """Return the answers for the service."""
        zone = self.timezone.data
        # Times are the clock's at the event: where the zone changes, what is shown stays and the moments change.
        kept = present if present is not None and present.timezone == zone else None
        moments = {name: moment(self, name, zone, getattr(kept, name) if kept else None) for name in MOMENTS}
        starts_at, ends_at = moments["starts_at"], moments["ends_at"]
        assert starts_at is not None
        assert ends_at is not None
        return events.Details(
            kind=EventKind(self.kind.data),
            level=EventLevel(self.level.data),
            mode=EventMode(self.mode.data),
            timezone=zone,
            starts_at=starts_at,
            ends_at=ends_at,
            registration_opens_at=moments["registration_opens_at"],
            registration_closes_at=moments["registration_closes_at"],
            titles=texts(self, "titles"),
            themes=texts(self, "themes"),
            descriptions=texts(self, "descriptions"),
            places=texts(self, "places"),
            venue=self.venue.data or "",
            address=self.address.data or "",
            online_link=self.online_link.data or "",
            organisations=tuple(dict.fromkeys(slug for slug in self.organisations.data if slug)),
            capacity=self.capacity.data,
            has_waiting_list=self.has_waiting_list.data,
            needs_kept_days=self.needs_kept_days.data,
            source=self.source.data or "",
            is_illustrative=present.is_illustrative if present is not None else False,
        )


class EventEditForm(EventForm):
    """An event that exists, and whether those registered hear of the change."""

    tell = BooleanField(_("Write to everybody registered when time, place or link change"), default=True)


@in_every_language("notes", _("Note"), 1000, long=True)
class CancelEventForm(Form):
    """What is said to those who wanted to come."""


class CopyEventForm(Form):
    """The day on which the copy begins."""

    first_day = DateField(_("First day of the copy"), [InputRequired()])


class MoveEventForm(Form):
    """By how many days an event moves."""

    days = IntegerField(_("Days"), [InputRequired()])
    tell = BooleanField(_("Write to everybody registered"), default=True)
