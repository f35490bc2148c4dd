"""The audit trail: who did what to what, when; rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, new_uid


class AuditEntry(Base):
    """One act. `actor_id` is empty for acts of the platform itself; `label` names the object as it was called then."""

    __tablename__ = "audit_entry"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    action: Mapped[str] = mapped_column(String(60), index=True)
    object_kind: Mapped[str] = mapped_column(String(40), default="")
    object_uid: Mapped[str] = mapped_column(String(80), default="", index=True)
    label: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_id: Mapped[str] = mapped_column(String(32), default="")

    actor: Mapped[User | None] = relationship()
