"""Events of the programme: what roles are given for."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, new_uid


class Event(Base):
    """A dialogue, the Marketplace or another convening, with its first and last day on the venue's calendar."""

    __tablename__ = "event"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="dates_in_order"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    places: Mapped[dict[str, str]] = mapped_column(default=dict)
    timezone: Mapped[str] = mapped_column(String(64))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]
    is_illustrative: Mapped[bool] = mapped_column(default=False)
