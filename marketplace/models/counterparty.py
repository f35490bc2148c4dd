"""Counterparties: what a funder may finance or a vendor can do, and how well each fits each published project."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.organisation import Organisation
from marketplace.models.project import Project


class CounterpartyProfile(Base):
    """What a funder (mandate) or vendor (solutions) states, by the fields of its sheet; a missing field is unknown.

    `revision` rises with every saved change; the profile scored is that of `CounterpartyVersion` with this number.
    What was verified holds until `verified_until`; a change of a field that decides about fit ends it.
    """

    __tablename__ = "counterparty_profile"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=0)
    completeness: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    verified_at: Mapped[datetime | None]
    verified_until: Mapped[datetime | None]
    verified_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    reminded_at: Mapped[datetime | None]
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    organisation: Mapped[Organisation] = relationship()
    changed_by: Mapped[User | None] = relationship(foreign_keys=[changed_by_id])
    verified_by: Mapped[User | None] = relationship(foreign_keys=[verified_by_id])

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.organisation.slug


class CounterpartyVersion(Base):
    """A profile as it was after one save: what an explanation that names this number was made from.

    `form` names the open page a save came from, so that what it saved itself is not taken for somebody else's.
    """

    __tablename__ = "counterparty_version"
    __table_args__ = (UniqueConstraint("profile_id", "number"),)

    profile_id: Mapped[int] = mapped_column(ForeignKey("counterparty_profile.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    form: Mapped[str] = mapped_column(String(40), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]

    by: Mapped[User | None] = relationship()


class FitStatus(StrEnum):
    """What the rules say of a pair: offered, offered with something to check, one rule failed, or more than one."""

    OFFERED = "offered"
    TO_CHECK = "to_check"
    NEAR_MISS = "near_miss"
    EXCLUDED = "excluded"


class Fit(Base):
    """How one published project and one counterparty fit, with all that explains it.

    `is_offered` is what counts: the status, unless a person decided otherwise (`FitOverride`).
    `failed` and `unknown` have a bit per hard rule, `terms` the value of each term of the score as 32-bit floats (NaN
    where not known); with the versions of both inputs and of the model, that is the whole explanation. Pairs that are
    excluded are not kept, unless overridden: what excludes them is computed when somebody asks.

    There are hundreds of thousands, written at once by the worker, which also deletes those that nothing needs any more
    (`services.fits.rescoring`). So the two ids are the key, and no foreign key asks after every row: that would take
    longer than all the rest.
    """

    __tablename__ = "fit"
    __table_args__ = (
        CheckConstraint("score >= 0 AND score <= 100", name="score_in_range"),
        {"sqlite_with_rowid": False},
    )

    id = None  # type: ignore[assignment]
    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    status: Mapped[FitStatus] = mapped_column(enum_column(FitStatus))
    is_offered: Mapped[bool]
    score: Mapped[float] = mapped_column(Float)
    confidence: Mapped[float] = mapped_column(Float)
    preference: Mapped[float | None] = mapped_column(Float)
    mutual: Mapped[float | None] = mapped_column(Float)
    failed: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    terms: Mapped[bytes] = mapped_column(LargeBinary)
    model_version: Mapped[int]
    project_version: Mapped[int]
    profile_version: Mapped[int]
    computed_at: Mapped[datetime]

    project: Mapped[Project] = relationship(primaryjoin=lambda: foreign(Fit.project_id) == Project.id)
    organisation: Mapped[Organisation] = relationship(
        primaryjoin=lambda: foreign(Fit.organisation_id) == Organisation.id
    )


class OverrideKind(StrEnum):
    """What a person decided against the rules: offer the pair, or keep it apart."""

    OFFER = "offer"
    KEEP_APART = "keep_apart"


class FitOverride(Base):
    """A person's decision about a pair, with its reason; it outlives every new computation until it is withdrawn."""

    __tablename__ = "fit_override"
    __table_args__ = (
        Index(
            "uq_fit_override_standing",
            "project_id",
            "organisation_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[OverrideKind] = mapped_column(enum_column(OverrideKind))
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    withdrawn_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship()
    organisation: Mapped[Organisation] = relationship()
    by: Mapped[User | None] = relationship(foreign_keys=[by_id])
