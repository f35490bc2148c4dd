"""The programme of an event: rooms, tracks, speakers, sessions, and who has which session in their own programme."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.calendar import InCalendars, PersonalEntry
from marketplace.models.event import Event

if TYPE_CHECKING:
    from marketplace.models.registration import Registration


class Room(Base):
    """A room or hall of the venue; `capacity` is the number of people it may hold."""

    __tablename__ = "room"
    __table_args__ = (CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_not_negative"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    capacity: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)


class Track(Base):
    """A thread of sessions that belong together."""

    __tablename__ = "track"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    position: Mapped[int] = mapped_column(default=0)


class Speaker(Base):
    """Somebody who speaks at one event, with a biography per language.

    `photo` names the file with their picture, `photo_alts` says per language what it shows.
    """

    __tablename__ = "speaker"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    job_title: Mapped[str] = mapped_column(String(160), default="")
    organisation: Mapped[str] = mapped_column(String(160), default="")
    biographies: Mapped[dict[str, str]] = mapped_column(default=dict)
    photo: Mapped[str] = mapped_column(String(22), default="")
    photo_alts: Mapped[dict[str, str]] = mapped_column(default=dict)

    appearances: Mapped[list["SessionSpeaker"]] = relationship(back_populates="speaker")


class SessionKind(StrEnum):
    """What happens in a session."""

    PLENARY = "plenary"
    PANEL = "panel"
    WORKSHOP = "workshop"
    PITCH = "pitch"
    REVERSE_PITCH = "reverse_pitch"
    BREAK = "break"


class SessionState(StrEnum):
    """A draft is seen by organisers only; a cancelled session stays in sight, so that people learn of it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class ProgrammeSession(InCalendars, Base):
    """One session of an event's programme. `online_link` is for those who take part only."""

    __tablename__ = "programme_session"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="moments_in_order"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_not_negative"),
        Index("ix_programme_session_order", "event_id", "starts_at"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[SessionKind] = mapped_column(enum_column(SessionKind))
    state: Mapped[SessionState] = mapped_column(enum_column(SessionState), default=SessionState.PUBLISHED)
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    descriptions: Mapped[dict[str, str]] = mapped_column(default=dict)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"), index=True)
    track_id: Mapped[int | None] = mapped_column(ForeignKey("track.id"), index=True)
    languages: Mapped[list[str]] = mapped_column(default=list)
    interpretation: Mapped[list[str]] = mapped_column(default=list)
    online_link: Mapped[str] = mapped_column(String(500), default="")
    needs_sign_up: Mapped[bool] = mapped_column(default=False)
    capacity: Mapped[int | None]
    created_at: Mapped[datetime]

    event: Mapped[Event] = relationship()
    room: Mapped[Room | None] = relationship()
    track: Mapped[Track | None] = relationship()
    speakers: Mapped[list["SessionSpeaker"]] = relationship(
        back_populates="session", order_by="SessionSpeaker.position", cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.titles.get("en") or next(iter(self.titles.values()), "")


class SpeakerRole(StrEnum):
    """What a speaker does in a session."""

    SPEAKER = "speaker"
    KEYNOTE = "keynote"
    MODERATOR = "moderator"
    PANELLIST = "panellist"


class SessionSpeaker(Base):
    """That somebody speaks in a session."""

    __tablename__ = "session_speaker"
    __table_args__ = (UniqueConstraint("session_id", "speaker_id"),)

    session_id: Mapped[int] = mapped_column(ForeignKey("programme_session.id"))
    speaker_id: Mapped[int] = mapped_column(ForeignKey("speaker.id"), index=True)
    role: Mapped[SpeakerRole] = mapped_column(enum_column(SpeakerRole), default=SpeakerRole.SPEAKER)
    position: Mapped[int] = mapped_column(default=0)

    session: Mapped[ProgrammeSession] = relationship(back_populates="speakers")
    speaker: Mapped[Speaker] = relationship(back_populates="appearances")


class SessionSignUp(PersonalEntry, Base):
    """That a session is in somebody's own programme. The row stays when it is taken out: its SEQUENCE goes on."""

    __tablename__ = "session_sign_up"
    __table_args__ = (UniqueConstraint("session_id", "registration_id"),)

    session_id: Mapped[int] = mapped_column(ForeignKey("programme_session.id"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registration.id"), index=True)
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    session: Mapped[ProgrammeSession] = relationship()
    registration: Mapped["Registration"] = relationship(back_populates="sign_ups")
