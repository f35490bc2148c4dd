"""Exchange rates the organisers enter: what amounts are compared by until a submission freezes its own."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.vocabulary import Currency


class ExchangeRate(Base):
    """How much of a currency one US dollar cost on a day, and who says so."""

    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("currency", "on_day"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    currency: Mapped[Currency] = mapped_column(enum_column(Currency))
    on_day: Mapped[date]
    per_usd: Mapped[Decimal]
    source: Mapped[str] = mapped_column(String(200), default="")
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    entered_at: Mapped[datetime]
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return f"{self.currency.value} {self.on_day.isoformat()}"
