"""The secret addresses under which people's calendars read their own programme."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, new_uid
from marketplace.models.registration import Registration


class FeedToken(Base):
    """One secret address, of a person with an account or of one registration. The secret is derived, never stored."""

    __tablename__ = "feed_token"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (registration_id IS NULL)", name="one_owner"),
        Index(
            "uq_feed_token_user",
            "user_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND user_id IS NOT NULL"),
            postgresql_where=text("revoked_at IS NULL AND user_id IS NOT NULL"),
        ),
        Index(
            "uq_feed_token_registration",
            "registration_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL AND registration_id IS NOT NULL"),
            postgresql_where=text("revoked_at IS NULL AND registration_id IS NOT NULL"),
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registration.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()
    registration: Mapped[Registration | None] = relationship()
