"""Registrations: who takes part in which event, in which state, with what consents and private needs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.calendar import PersonalEntry
from marketplace.models.event import Event
from marketplace.models.organisation import Organisation
from marketplace.models.programme import SessionSignUp
from marketplace.models.question import RegistrationAnswer
from marketplace.models.ticket import TicketType


class AttendeeCategory(StrEnum):
    """Whom a person comes for (programme flyer: those to be connected at dialogues and the Marketplace)."""

    CITY = "city"
    NATIONAL_GOVERNMENT = "national_government"
    FUNDER = "funder"
    VENDOR = "vendor"
    ACADEMIA = "academia"
    PHILANTHROPY = "philanthropy"
    NGO = "ngo"
    MULTILATERAL = "multilateral"
    AGENCY = "agency"
    PRESS = "press"
    ORGANISER = "organiser"


class RegistrationState(StrEnum):
    """The life of a registration. Confirmed and offered ones hold a place; the last three are over."""

    PENDING_APPROVAL = "pending_approval"
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"


class Attendance(StrEnum):
    """How somebody takes part."""

    IN_PERSON = "in_person"
    ONLINE = "online"


_LIVE = text("state NOT IN ('cancelled', 'declined', 'expired')")


class Registration(PersonalEntry, Base):
    """One person's registration for one event, with or without an account.

    `attempt` is the number of the form that was sent, so that a form sent twice is one registration. `link_version`
    is part of the signed link in letters; raising it makes the links sent before worthless. Since `messages_ended_at`
    the person wants no messages that organisers write to groups; letters about the registration itself still come.
    """

    __tablename__ = "registration"
    __table_args__ = (
        # One live registration per address and event; what is over is history.
        Index("uq_registration_live", "event_id", "email_key", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        # All that counting places needs, so that it reads no row: it is done under the event's lock.
        Index("ix_registration_places", "event_id", "state", "ticket_type_id", "attendance", "offer_expires_at"),
        CheckConstraint("(state = 'offered') = (offer_expires_at IS NOT NULL)", name="offer_expires"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    ticket_type_id: Mapped[int] = mapped_column(ForeignKey("ticket_type.id"), index=True)
    state: Mapped[RegistrationState] = mapped_column(enum_column(RegistrationState))
    attempt: Mapped[str | None] = mapped_column(String(22), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(120))
    badge_name: Mapped[str] = mapped_column(String(120), default="")
    job_title: Mapped[str] = mapped_column(String(160), default="")
    organisation_name: Mapped[str] = mapped_column(String(160), default="")
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    country: Mapped[str] = mapped_column(String(2), default="")
    category: Mapped[AttendeeCategory] = mapped_column(enum_column(AttendeeCategory))
    attendance: Mapped[Attendance] = mapped_column(enum_column(Attendance), default=Attendance.IN_PERSON)
    languages: Mapped[list[str]] = mapped_column(default=list)
    interpretation: Mapped[str] = mapped_column(String(2), default="")
    locale: Mapped[str] = mapped_column(String(2))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    search_text: Mapped[str] = mapped_column(Text, default="")
    is_walk_in: Mapped[bool] = mapped_column(default=False)
    is_illustrative: Mapped[bool] = mapped_column(default=False)
    link_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    offer_expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    messages_ended_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()
    ticket_type: Mapped[TicketType] = relationship()
    user: Mapped[User | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    answers: Mapped[list[RegistrationAnswer]] = relationship(cascade="all, delete-orphan")
    consents: Mapped[list["RegistrationConsent"]] = relationship(cascade="all, delete-orphan")
    needs: Mapped["PrivateNeeds | None"] = relationship(back_populates="registration", cascade="all, delete-orphan")
    sign_ups: Mapped[list[SessionSignUp]] = relationship(back_populates="registration", cascade="all, delete-orphan")

    def has_consent(self, kind: "RegistrationConsentKind") -> bool:
        """Tell whether the person agrees to this now."""
        return any(consent.kind is kind and consent.withdrawn_at is None for consent in self.consents)


LIVE_STATES = frozenset(
    {
        RegistrationState.PENDING_APPROVAL,
        RegistrationState.CONFIRMED,
        RegistrationState.WAITING,
        RegistrationState.OFFERED,
    }
)
"""The states that are not over: as in the partial index above."""

HOLDING_STATES = frozenset({RegistrationState.CONFIRMED, RegistrationState.OFFERED})
"""The states that hold a place."""


class RegistrationConsentKind(StrEnum):
    """What somebody who registers may agree to."""

    PHOTO = "photo"
    DIRECTORY = "directory"


class RegistrationConsent(Base):
    """That somebody agreed: to which version of which text, in which language, when; and when it was withdrawn."""

    __tablename__ = "registration_consent"

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    kind: Mapped[RegistrationConsentKind] = mapped_column(enum_column(RegistrationConsentKind))
    version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class PrivateNeeds(Base):
    """Access and dietary needs: apart from the rest because few may read them, and deleted after the event."""

    __tablename__ = "private_needs"

    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), unique=True)
    access: Mapped[str] = mapped_column(Text, default="")
    dietary: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime]

    registration: Mapped[Registration] = relationship(back_populates="needs")
