"""People who sign in, their sessions on the server, their second factor, consents and one-time links."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, enum_column, new_uid

if TYPE_CHECKING:
    from marketplace.models.organisation import Membership, Organisation
    from marketplace.models.role import RoleAssignment


class AccountState(StrEnum):
    """The life of an account: created by registration or invitation, confirmed by e-mail, ended by its owner or us."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class User(Base):
    """A person. A deleted one keeps the row, without anything that tells who it was: history keeps its actor."""

    __tablename__ = "app_user"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    state: Mapped[AccountState] = mapped_column(enum_column(AccountState), default=AccountState.UNCONFIRMED)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    search_text: Mapped[str] = mapped_column(String(400), default="")
    locale: Mapped[str] = mapped_column(String(2), default="en")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    spoken_languages: Mapped[list[str]] = mapped_column(default=list)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_nonce: Mapped[str | None] = mapped_column(String(22))
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_signed_in_at: Mapped[datetime | None]
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    memberships: Mapped[list["Membership"]] = relationship(back_populates="user", foreign_keys="Membership.user_id")
    roles: Mapped[list["RoleAssignment"]] = relationship(
        back_populates="user", foreign_keys="RoleAssignment.user_id", lazy="selectin"
    )

    # What Flask-Login asks of a user it has found; whether a session is valid is decided in services.sessions.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether this person may sign in."""
        return self.state is AccountState.ACTIVE

    @property
    def has_second_factor(self) -> bool:
        """Whether an authenticator app has been set up and confirmed."""
        return self.totp_confirmed_at is not None


class UserSession(Base):
    """One signed-in browser. The cookie holds a random token; only its digest is stored."""

    __tablename__ = "user_session"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    acting_for_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    browser: Mapped[str] = mapped_column(String(80), default="")
    network: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    second_factor_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")
    acting_for: Mapped["Organisation | None"] = relationship(lazy="joined")


class LinkPurpose(StrEnum):
    """What a one-time link or code may be used for, and nothing else."""

    CONFIRM_ACCOUNT = "confirm_account"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a password
    SIGN_IN_CODE = "sign_in_code"
    CHANGE_EMAIL_OLD = "change_email_old"
    CHANGE_EMAIL_NEW = "change_email_new"


class OneTimeLink(Base):
    """A link or six-digit code sent by e-mail. The secret is derived from the installation's key, never stored."""

    __tablename__ = "one_time_link"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    purpose: Mapped[LinkPurpose] = mapped_column(enum_column(LinkPurpose))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), default="")
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class RecoveryCode(Base):
    """One of the codes that replace a lost authenticator, once; only its digest is stored."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class ConsentKind(StrEnum):
    """What a person may agree to, each with a text of its own that has versions."""

    TERMS = "terms"
    DIRECTORY = "directory"
    NEWS = "news"


class Consent(Base):
    """That a person agreed: to which version of which text, in which language, when; and when it was withdrawn."""

    __tablename__ = "consent"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    kind: Mapped[ConsentKind] = mapped_column(enum_column(ConsentKind))
    version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
