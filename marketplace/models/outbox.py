"""Letters: queued in the transaction that causes them, sent by the worker, kept with their state."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid


class LetterState(StrEnum):
    """Where a letter is: waiting, handed to the mail server, given up after many tries, or called back."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Letter(Base):
    """One letter to one address. Its words are rendered from `kind` and `context` when it is sent.

    `context` holds plain values and never a secret: links and codes are derived from the installation's key while
    the letter is rendered. The Message-ID is made from `uid`, so a letter sent twice after a crash is one letter.
    """

    __tablename__ = "letter"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    kind: Mapped[str] = mapped_column(String(60), index=True)
    state: Mapped[LetterState] = mapped_column(enum_column(LetterState), default=LetterState.QUEUED, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    recipient_name: Mapped[str] = mapped_column(String(120), default="")
    locale: Mapped[str] = mapped_column(String(2))
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    subject: Mapped[str] = mapped_column(String(300), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    queued_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()
