"""Ticket types of an event, and the places several of them may share."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, new_uid
from marketplace.models.event import Event


class TicketPool(Base):
    """Places that several ticket types share."""

    __tablename__ = "ticket_pool"
    __table_args__ = (CheckConstraint("capacity >= 0", name="capacity_not_negative"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    capacity: Mapped[int]


class TicketType(Base):
    """A way to take part: for whom, at which price (minor units; 0 is free), in which window, how many.

    `categories` empty means everybody. With an `access_code` it is shown only to those who enter the code.
    """

    __tablename__ = "ticket_type"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("capacity IS NULL OR capacity >= 0", name="capacity_not_negative"),
        CheckConstraint(
            "sales_open_at IS NULL OR sales_close_at IS NULL OR sales_close_at >= sales_open_at", name="sales_in_order"
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    descriptions: Mapped[dict[str, str]] = mapped_column(default=dict)
    price: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    capacity: Mapped[int | None]
    pool_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_pool.id"), index=True)
    sales_open_at: Mapped[datetime | None]
    sales_close_at: Mapped[datetime | None]
    categories: Mapped[list[str]] = mapped_column(default=list)
    needs_approval: Mapped[bool] = mapped_column(default=False)
    access_code: Mapped[str] = mapped_column(String(40), default="")
    position: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    event: Mapped[Event] = relationship()
    pool: Mapped[TicketPool | None] = relationship(lazy="joined")

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.names.get("en") or next(iter(self.names.values()), "")
