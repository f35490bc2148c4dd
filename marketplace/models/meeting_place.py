"""Where and when people can meet: an event's rules for meetings, its meeting sessions, slots, tables, interpreters."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, JsonValue, enum_column, new_uid
from marketplace.models.event import Event, EventMode
from marketplace.models.registration import Registration


class Publication(StrEnum):
    """How far the schedule of an event is: a preliminary one may still change as a whole."""

    NONE = "none"
    PRELIMINARY = "preliminary"
    FINAL = "final"


class MeetingSetup(Base):
    """The rules of meetings at an event, and the row that is locked by whatever changes many meetings at once.

    `pairings` says who may meet whom ("project:funder", "project:vendor", "city:city", "participant:participant");
    `limits` has `{"floor": n, "cap": n}` by role. `revision` rises with every change of these rules.
    """

    __tablename__ = "meeting_setup"
    __table_args__ = (
        CheckConstraint("musts >= 0", name="musts_not_negative"),
        CheckConstraint("request_hours > 0", name="requests_live"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), unique=True)
    pairings: Mapped[list[str]] = mapped_column(default=list)
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    musts: Mapped[int] = mapped_column(default=3)
    wishes_open_at: Mapped[datetime | None]
    wishes_close_at: Mapped[datetime | None]
    booking_opens_at: Mapped[datetime | None]
    booking_closes_at: Mapped[datetime | None]
    change_until_minutes: Mapped[int] = mapped_column(default=60)
    request_hours: Mapped[int] = mapped_column(default=72)
    publication: Mapped[Publication] = mapped_column(enum_column(Publication), default=Publication.NONE)
    published_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]

    event: Mapped[Event] = relationship()

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.event.slug


class BookingRule(StrEnum):
    """How meetings of a session come about besides the engine."""

    ENGINE = "engine"
    REQUEST = "request"
    AT_ONCE = "at_once"
    REQUEST_THEN_AT_ONCE = "request_then_at_once"


class MeetingSession(Base):
    """A half day of meetings, cut into slots. `breaks` are `{"starts_at": iso, "ends_at": iso}` in UTC.

    With `REQUEST_THEN_AT_ONCE`, booking at once begins at `at_once_from`.
    """

    __tablename__ = "meeting_session"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="moments_in_order"),
        CheckConstraint("slot_minutes > 0 AND slot_minutes % 5 = 0", name="slots_of_whole_units"),
        CheckConstraint("turnover_minutes >= 0 AND turnover_minutes % 5 = 0", name="turnover_of_whole_units"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    mode: Mapped[EventMode] = mapped_column(enum_column(EventMode), default=EventMode.IN_PERSON)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    slot_minutes: Mapped[int] = mapped_column(default=20)
    turnover_minutes: Mapped[int] = mapped_column(default=5)
    breaks: Mapped[list[dict[str, str]]] = mapped_column(JsonValue, default=list)
    booking: Mapped[BookingRule] = mapped_column(enum_column(BookingRule), default=BookingRule.ENGINE)
    at_once_from: Mapped[datetime | None]
    created_at: Mapped[datetime]

    event: Mapped[Event] = relationship()
    slots: Mapped[list["MeetingSlot"]] = relationship(
        back_populates="session", order_by="MeetingSlot.starts_at", cascade="all, delete-orphan"
    )

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.names.get("en") or next(iter(self.names.values()), "")


class MeetingSlot(Base):
    """One slot of a meeting session. One that is given up stays for the meetings it had, and takes no more."""

    __tablename__ = "meeting_slot"
    __table_args__ = (
        UniqueConstraint("session_id", "starts_at"),
        Index("ix_meeting_slot_event_starts", "event_id", "starts_at"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    session_id: Mapped[int] = mapped_column(ForeignKey("meeting_session.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    session: Mapped[MeetingSession] = relationship(back_populates="slots")


class MeetingTable(Base):
    """A table of the event; a closed one takes no more meetings."""

    __tablename__ = "meeting_table"
    __table_args__ = (UniqueConstraint("event_id", "number"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    number: Mapped[int]
    zone: Mapped[str] = mapped_column(String(80), default="")
    is_accessible: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return str(self.number)


class TableClosure(Base):
    """That a table cannot be used in a slot."""

    __tablename__ = "meeting_table_closure"
    __table_args__ = (UniqueConstraint("table_id", "slot_id"),)

    table_id: Mapped[int] = mapped_column(ForeignKey("meeting_table.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("meeting_slot.id", ondelete="CASCADE"), index=True)


class Interpreter(Base):
    """Somebody who interprets at an event. `pairs` are language pairs such as "en-es", the codes in order.

    After `rest_after` slots in a row they rest for one.
    """

    __tablename__ = "meeting_interpreter"
    __table_args__ = (CheckConstraint("rest_after > 0", name="rests"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registration.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    pairs: Mapped[list[str]] = mapped_column(default=list)
    rest_after: Mapped[int] = mapped_column(default=4)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    registration: Mapped[Registration | None] = relationship()


class InterpreterShift(Base):
    """That an interpreter works in a slot."""

    __tablename__ = "meeting_interpreter_shift"
    __table_args__ = (UniqueConstraint("interpreter_id", "slot_id"),)

    interpreter_id: Mapped[int] = mapped_column(ForeignKey("meeting_interpreter.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("meeting_slot.id", ondelete="CASCADE"), index=True)
