"""Background work: a table with leases that any number of workers may share."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, enum_column, new_uid


class JobState(StrEnum):
    """Waiting or running (a lease tells which), done, given up (the organiser sees it), or cancelled."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Job(Base):
    """One piece of work. It is done at least once; what it does must be harmless to do twice."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "dedupe_key"),
        Index(
            "ix_job_waiting",
            "run_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    kind: Mapped[str] = mapped_column(String(60), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    dedupe_key: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.WAITING)
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[float | None]
    message: Mapped[str] = mapped_column(String(300), default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
