"""Roles on the platform and per event."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column
from marketplace.models.event import Event


class Role(StrEnum):
    """What somebody may do for the programme, on the whole platform or for one event."""

    ADMINISTRATOR = "administrator"
    ORGANISER = "organiser"
    REVIEWER = "reviewer"
    CHECK_IN = "check_in"
    FINANCE = "finance"
    INTERPRETER = "interpreter"


class RoleAssignment(Base):
    """One role of one person, for one event or (without an event) for the whole platform."""

    __tablename__ = "role_assignment"
    __table_args__ = (
        Index(
            "uq_role_assignment_platform",
            "user_id",
            "role",
            unique=True,
            sqlite_where=text("event_id IS NULL"),
            postgresql_where=text("event_id IS NULL"),
        ),
        Index(
            "uq_role_assignment_event",
            "user_id",
            "role",
            "event_id",
            unique=True,
            sqlite_where=text("event_id IS NOT NULL"),
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        # Whoever may do everything may do it everywhere.
        CheckConstraint("role <> 'administrator' OR event_id IS NULL", name="administrator_of_platform"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_column(Role))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    granted_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="roles", foreign_keys=[user_id])
    granted_by: Mapped[User | None] = relationship(foreign_keys=[granted_by_id])
    event: Mapped[Event | None] = relationship(lazy="joined")
