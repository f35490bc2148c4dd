"""The organisers' own words in the letters of one event."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base


class LetterText(Base):
    """Subject and words of one kind of letter in one language, instead of the platform's own."""

    __tablename__ = "letter_text"
    __table_args__ = (UniqueConstraint("event_id", "kind", "language"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(2))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
