"""Organisations of every kind, who belongs to them, what a city tells about itself, and which cities are paired."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid


class OrganisationKind(StrEnum):
    """The kinds of organisations the programme brings together (programme flyer, attendee categories)."""

    CITY = "city"
    FUNDER = "funder"
    VENDOR = "vendor"
    PARTNER = "partner"
    ACADEMIA = "academia"
    PHILANTHROPY = "philanthropy"
    NGO = "ngo"
    MULTILATERAL = "multilateral"
    AGENCY = "agency"
    PRESS = "press"


class Organisation(Base):
    """A city, funder, vendor or any other body in whose name people act."""

    __tablename__ = "organisation"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[OrganisationKind] = mapped_column(enum_column(OrganisationKind), index=True)
    name: Mapped[str] = mapped_column(String(160))
    names: Mapped[dict[str, str]] = mapped_column(default=dict)
    descriptions: Mapped[dict[str, str]] = mapped_column(default=dict)
    search_text: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), default="", index=True)
    website: Mapped[str] = mapped_column(String(300), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    deactivated_at: Mapped[datetime | None]
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    verified_by: Mapped[User | None] = relationship(foreign_keys=[verified_by_id])
    memberships: Mapped[list["Membership"]] = relationship(back_populates="organisation")
    city: Mapped["CityProfile | None"] = relationship(back_populates="organisation")


class MembershipRole(StrEnum):
    """A manager answers for the organisation: invites, approves, submits. A member takes part."""

    MANAGER = "manager"
    MEMBER = "member"


class MembershipState(StrEnum):
    """How a person belongs: invited by a manager, having asked to join, active, or no longer."""

    INVITED = "invited"
    REQUESTED = "requested"
    ACTIVE = "active"
    ENDED = "ended"


class Membership(Base):
    """The tie of one person (or, while only invited, one e-mail address) to one organisation."""

    __tablename__ = "membership"
    __table_args__ = (
        # One open tie per person, and per invited address, to an organisation; ended ones are history.
        Index(
            "uq_membership_open_user",
            "organisation_id",
            "user_id",
            unique=True,
            sqlite_where=text("state <> 'ended' AND user_id IS NOT NULL"),
            postgresql_where=text("state <> 'ended' AND user_id IS NOT NULL"),
        ),
        Index(
            "uq_membership_open_email",
            "organisation_id",
            "email_key",
            unique=True,
            sqlite_where=text("state = 'invited'"),
            postgresql_where=text("state = 'invited'"),
        ),
        CheckConstraint("user_id IS NOT NULL OR email_key IS NOT NULL", name="somebody"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254), index=True)
    role: Mapped[MembershipRole] = mapped_column(enum_column(MembershipRole), default=MembershipRole.MEMBER)
    state: Mapped[MembershipState] = mapped_column(enum_column(MembershipState))
    job_title: Mapped[str] = mapped_column(String(120), default="")
    message: Mapped[str] = mapped_column(String(500), default="")
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(back_populates="memberships")
    user: Mapped[User | None] = relationship(back_populates="memberships", foreign_keys=[user_id])
    invited_by: Mapped[User | None] = relationship(foreign_keys=[invited_by_id])


class CitySide(StrEnum):
    """Which half of a pair a city can be."""

    LAC = "lac"
    US = "us"


class CityProfile(Base):
    """Facts about a city, each population figure with its year, scope and source: scopes differ and never rank."""

    __tablename__ = "city_profile"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    side: Mapped[CitySide] = mapped_column(enum_column(CitySide))
    admin_area: Mapped[str] = mapped_column(String(120), default="")
    latitude: Mapped[float]
    longitude: Mapped[float]
    population: Mapped[int | None]
    population_year: Mapped[int | None]
    population_scope: Mapped[str] = mapped_column(String(120), default="")
    population_confirmed: Mapped[bool] = mapped_column(default=False)
    population_source: Mapped[str] = mapped_column(String(400), default="")
    main_language: Mapped[str] = mapped_column(String(2))
    membership_status: Mapped[str] = mapped_column(String(40), default="")
    membership_source: Mapped[str] = mapped_column(String(400), default="")
    known_project: Mapped[str] = mapped_column(String(200), default="")
    known_project_source: Mapped[str] = mapped_column(String(400), default="")
    note: Mapped[str] = mapped_column(String(500), default="")

    organisation: Mapped[Organisation] = relationship(back_populates="city")


class CityPair(Base):
    """Two cities that work together from one day until another; a pair can change (Manaus: Stockton, then Albany)."""

    __tablename__ = "city_pair"
    __table_args__ = (
        UniqueConstraint("lac_city_id", "us_city_id", "valid_from"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="dates_in_order"),
        CheckConstraint("lac_city_id <> us_city_id", name="two_cities"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    lac_city_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    us_city_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(400), default="")
    note: Mapped[str] = mapped_column(String(500), default="")

    lac_city: Mapped[Organisation] = relationship(foreign_keys=[lac_city_id])
    us_city: Mapped[Organisation] = relationship(foreign_keys=[us_city_id])
