"""Counters against guessing and flooding, shared by all processes through the database."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base


class ThrottleWindow(Base):
    """How often one subject (as a keyed digest) did one thing since the window began."""

    __tablename__ = "throttle_window"
    __table_args__ = (UniqueConstraint("action", "subject", "starts_at"),)

    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    hits: Mapped[int] = mapped_column(default=0)
