"""Events: dialogues, the Marketplace, workshops and other convenings, and which organisations hold them."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace import clock
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.calendar import InCalendars

if TYPE_CHECKING:
    from marketplace.models.organisation import Organisation


class EventKind(StrEnum):
    """What kind of convening it is."""

    DIALOGUE = "dialogue"
    MARKETPLACE = "marketplace"
    WORKSHOP = "workshop"
    CONVENING = "convening"


class EventLevel(StrEnum):
    """Whom it brings together."""

    NATIONAL = "national"
    REGIONAL = "regional"
    HEMISPHERIC = "hemispheric"


class EventMode(StrEnum):
    """Where it takes place."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    HYBRID = "hybrid"


class EventState(StrEnum):
    """A draft is seen by its organisers only; a cancelled and an archived event stay to be read."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class Event(InCalendars, Base):
    """A dialogue, the Marketplace or another convening. What people read has a text per language.

    `starts_on` and `ends_on` are the days of `starts_at` and `ends_at` on the venue's calendar, kept because the
    databases do not agree on time zones. `revision` rises with every change to the event or its programme.
    """

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates_in_order"),
        CheckConstraint("ends_at > starts_at", name="moments_in_order"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_not_negative"),
        CheckConstraint(
            "registration_opens_at IS NULL OR registration_closes_at IS NULL "
            "OR registration_closes_at >= registration_opens_at",
            name="registration_in_order",
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[EventKind] = mapped_column(enum_column(EventKind), default=EventKind.CONVENING)
    level: Mapped[EventLevel] = mapped_column(enum_column(EventLevel), default=EventLevel.HEMISPHERIC)
    mode: Mapped[EventMode] = mapped_column(enum_column(EventMode), default=EventMode.IN_PERSON)
    state: Mapped[EventState] = mapped_column(enum_column(EventState), default=EventState.DRAFT, index=True)
    themes: Mapped[dict[str, str]] = mapped_column(default=dict)
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    descriptions: Mapped[dict[str, str]] = mapped_column(default=dict)
    places: Mapped[dict[str, str]] = mapped_column(default=dict)
    venue: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(400), default="")
    timezone: Mapped[str] = mapped_column(String(64))
    online_link: Mapped[str] = mapped_column(String(500), default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int | None]
    has_waiting_list: Mapped[bool] = mapped_column(default=True)
    registration_opens_at: Mapped[datetime | None]
    registration_closes_at: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    revision: Mapped[int] = mapped_column(default=1)
    cancellation_notes: Mapped[dict[str, str]] = mapped_column(default=dict)
    cancelled_at: Mapped[datetime | None]
    needs_kept_days: Mapped[int] = mapped_column(default=30)
    search_text: Mapped[str] = mapped_column(Text, default="")
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    organisers: Mapped[list["EventOrganiser"]] = relationship(
        back_populates="event", order_by="EventOrganiser.position", cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.slug


class EventOrganiser(Base):
    """An organisation that holds an event, in the order in which they are named."""

    __tablename__ = "event_organiser"
    __table_args__ = (UniqueConstraint("event_id", "organisation_id"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)

    event: Mapped[Event] = relationship(back_populates="organisers")
    organisation: Mapped["Organisation"] = relationship(lazy="joined")
