"""Schedules: what the engine proposed for an event, how good it is, what was changed by hand, what was published."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, JsonValue, enum_column, new_uid
from marketplace.models.event import Event


class ScheduleState(StrEnum):
    """The life of a draft, from the run to its publication or its end."""

    QUEUED = "queued"
    RUNNING = "running"
    DRAFT = "draft"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class ScheduleKind(StrEnum):
    """What the engine was asked: all anew, only the free slots, the least change, or a timetable of given pairs."""

    SOLVE = "solve"
    FILL = "fill"
    REPAIR = "repair"
    TIMETABLE = "timetable"


class Schedule(Base):
    """One run of the engine and what became of it.

    `problem` is the input in the engine's own format with the keys of its indices (`{"document": ..., "parties": ...,
    "slots": ...}`), so that a run can be replayed; `answer` is what the engine gave; `meetings` is the draft as it is
    now, edits included: a list of `{"first", "second", "round", "slot", "table", "interpreter", "is_locked"}` by uid.
    `base_digest` tells apart the states of the event's meetings: what it was made from.
    """

    __tablename__ = "schedule"
    __table_args__ = (Index("ix_schedule_event_state", "event_id", "state"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    number: Mapped[int]
    kind: Mapped[ScheduleKind] = mapped_column(enum_column(ScheduleKind))
    state: Mapped[ScheduleState] = mapped_column(enum_column(ScheduleState), default=ScheduleState.QUEUED)
    title: Mapped[str] = mapped_column(String(120), default="")
    seed: Mapped[int] = mapped_column(default=1)
    seconds_allowed: Mapped[int] = mapped_column(default=20)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    base_digest: Mapped[str] = mapped_column(String(64), default="")
    revision: Mapped[int] = mapped_column(default=0)
    problem: Mapped[dict[str, Any] | None] = deferred(mapped_column(JsonValue))
    answer: Mapped[dict[str, Any] | None] = deferred(mapped_column(JsonValue))
    report: Mapped[dict[str, Any] | None] = deferred(mapped_column(JsonValue))
    meetings: Mapped[list[dict[str, Any]] | None] = deferred(mapped_column(JsonValue))
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    input_hash: Mapped[str] = mapped_column(String(64), default="")
    engine_version: Mapped[str] = mapped_column(String(20), default="")
    cancel_asked_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    published_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    published_by: Mapped[User | None] = relationship(foreign_keys=[published_by_id])

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return str(self.number)
