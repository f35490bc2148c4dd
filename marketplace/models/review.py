"""Reviews: who judges which project, what they found, and what was decided."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.project import Project, ProjectVersion


class ReviewRole(StrEnum):
    """Two reviewers judge alone; a moderator settles where they differ by two points or more."""

    REVIEWER = "reviewer"
    MODERATOR = "moderator"


class ReviewState(StrEnum):
    """Where one person's review stands."""

    ASSIGNED = "assigned"
    STARTED = "started"
    DONE = "done"
    DECLINED = "declined"
    REMOVED = "removed"


class ConflictOfInterest(StrEnum):
    """Why a reviewer may not be impartial."""

    SAME_ORGANISATION = "same_organisation"
    SAME_DOMAIN = "same_domain"
    PAIR_CITY = "pair_city"
    DECLARED = "declared"


class Review(Base):
    """One person's review of one version. `scores` has 0 to 4 by criterion, `notes` and `comments` texts.

    `notes` are by criterion, for the moderator and the organisers; `comments` are by step, for the city, which never
    learns who wrote them. `end_reason` is why a review was declined, or taken from its reviewer.
    """

    __tablename__ = "review"
    __table_args__ = (
        Index(
            "uq_review_open",
            "version_id",
            "reviewer_id",
            unique=True,
            sqlite_where=text("state NOT IN ('declined', 'removed')"),
            postgresql_where=text("state NOT IN ('declined', 'removed')"),
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("project_version.id"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    role: Mapped[ReviewRole] = mapped_column(enum_column(ReviewRole), default=ReviewRole.REVIEWER)
    state: Mapped[ReviewState] = mapped_column(enum_column(ReviewState), default=ReviewState.ASSIGNED, index=True)
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    notes: Mapped[dict[str, str]] = mapped_column(default=dict)
    comments: Mapped[dict[str, str]] = mapped_column(default=dict)
    summary: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=0)
    conflicts: Mapped[list[str]] = mapped_column(default=list)
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    assigned_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text, default="")

    project: Mapped[Project] = relationship()
    version: Mapped[ProjectVersion] = relationship()
    reviewer: Mapped[User] = relationship(foreign_keys=[reviewer_id])
    assigned_by: Mapped[User | None] = relationship(foreign_keys=[assigned_by_id])


class DecisionKind(StrEnum):
    """What was decided about a version."""

    CHANGES_REQUESTED = "changes_requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"


class Decision(Base):
    """What the organisers decided about a version, and what they told the city, by step of the pitch."""

    __tablename__ = "project_decision"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("project_version.id"))
    kind: Mapped[DecisionKind] = mapped_column(enum_column(DecisionKind))
    message: Mapped[str] = mapped_column(Text, default="")
    comments: Mapped[dict[str, str]] = mapped_column(default=dict)
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]

    project: Mapped[Project] = relationship()
    version: Mapped[ProjectVersion] = relationship()
    by: Mapped[User | None] = relationship()
