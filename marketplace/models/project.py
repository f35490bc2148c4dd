"""Projects: the pitch a city writes, its versions, its files, and the call it answers."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from marketplace.models.account import User
from marketplace.models.base import Base, enum_column, new_uid
from marketplace.models.event import Event
from marketplace.models.organisation import Organisation
from marketplace.models.vocabulary import Band, ClimateObjective, Sector, Stage, Visibility


class ProjectState(StrEnum):
    """The life of a project; `projects.MOVES` says which state may follow which."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    ACCEPTED = "accepted"
    PUBLISHED = "published"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Call(Base):
    """An invitation to submit projects, open from one moment until another in its zone.

    `countries` and `city_slugs` narrow who may answer; both empty means every city of the programme.
    """

    __tablename__ = "project_call"
    __table_args__ = (CheckConstraint("closes_at > opens_at", name="opens_before_it_closes"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    descriptions: Mapped[dict[str, str]] = mapped_column(default=dict)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    timezone: Mapped[str] = mapped_column(String(64))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    countries: Mapped[list[str]] = mapped_column(default=list)
    city_slugs: Mapped[list[str]] = mapped_column(default=list)
    most_per_city: Mapped[int | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    event: Mapped[Event | None] = relationship()

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.slug


class Project(Base):
    """One project of one city: the working text (`content`), where it stands, and what the book shows of it.

    `content` holds the fields of the pitch sheet by name; a field that is missing was not answered. `revision` rises
    with every saved change. `late_until` is the organiser's leave to submit after the call has closed. `readiness`
    and `band` are those of the last completed review.
    """

    __tablename__ = "project"
    __table_args__ = (
        Index("ix_project_city_state", "city_id", "state"),
        CheckConstraint("readiness IS NULL OR (readiness >= 0 AND readiness <= 100)", name="readiness_in_range"),
    )

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    city_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("project_call.id"), index=True)
    state: Mapped[ProjectState] = mapped_column(enum_column(ProjectState), default=ProjectState.DRAFT, index=True)
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=0)
    completeness: Mapped[int] = mapped_column(default=0)
    search_text: Mapped[str] = mapped_column(Text, default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text, default="")
    late_until: Mapped[datetime | None]
    late_reason: Mapped[str] = mapped_column(String(500), default="")
    readiness: Mapped[float | None]
    band: Mapped[Band | None] = mapped_column(enum_column(Band))
    is_illustrative: Mapped[bool] = mapped_column(default=False)

    city: Mapped[Organisation] = relationship()
    call: Mapped[Call | None] = relationship()
    created_by: Mapped[User | None] = relationship(foreign_keys=[created_by_id])
    changed_by: Mapped[User | None] = relationship(foreign_keys=[changed_by_id])
    versions: Mapped[list["ProjectVersion"]] = relationship(
        back_populates="project", order_by="ProjectVersion.number", cascade="all, delete-orphan"
    )
    files: Mapped[list["ProjectFile"]] = relationship(
        back_populates="project", order_by="ProjectFile.id", cascade="all, delete-orphan"
    )
    listing: Mapped["ProjectListing | None"] = relationship(back_populates="project", cascade="all, delete-orphan")
    if TYPE_CHECKING:
        _book_titles: Mapped[dict[str, str] | None]

    @property
    def known_titles(self) -> dict[str, str]:
        """What the project is called before others: as the book says, whatever is being written in it; before there is
        anything in the book, as its city calls it."""
        return self._book_titles or self.titles

    @property
    def name(self) -> str:
        """How the audit trail calls it."""
        return self.slug


class ProjectEdit(Base):
    """What one save changed in the working text: the values before, by field. What makes two tabs safe.

    `form` tells which open page the save came from ('' where it was sent once and for all); `before` is emptied when
    nobody needs it any more.
    """

    __tablename__ = "project_edit"
    __table_args__ = (UniqueConstraint("project_id", "revision"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    revision: Mapped[int]
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    form: Mapped[str] = mapped_column(String(40), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]

    by: Mapped[User | None] = relationship()


class ProjectVersion(Base):
    """What was submitted: the fields as they were, never changed afterwards.

    `usd_rate` is the amount of the project's currency one US dollar cost on `usd_rate_on`, frozen here.
    """

    __tablename__ = "project_version"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    currency: Mapped[str] = mapped_column(String(3))
    usd_rate: Mapped[Decimal]
    usd_rate_on: Mapped[date]
    submitted_at: Mapped[datetime]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))

    project: Mapped[Project] = relationship(back_populates="versions")
    submitted_by: Mapped[User | None] = relationship()


class ProjectListing(Base):
    """What the project book filters and sorts by: taken from the published version when it is published.

    `ask_usd` and `cost_usd` are whole US dollars at the frozen rate.

    The columns that belong to a block which not everybody may read (`finance_visibility`) are only asked for readers
    who may read that block, so that a filter never tells what a page does not.
    """

    __tablename__ = "project_listing"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), unique=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("project_version.id"))
    country: Mapped[str] = mapped_column(String(2), index=True)
    sector: Mapped[Sector] = mapped_column(enum_column(Sector), index=True)
    stage: Mapped[Stage] = mapped_column(enum_column(Stage), index=True)
    climate_objective: Mapped[ClimateObjective] = mapped_column(enum_column(ClimateObjective))
    titles: Mapped[dict[str, str]] = mapped_column(default=dict)
    summaries: Mapped[dict[str, str]] = mapped_column(default=dict)
    search_text: Mapped[str] = mapped_column(Text, default="")
    ask_usd: Mapped[int | None] = mapped_column(BigInteger, index=True)
    cost_usd: Mapped[int | None] = mapped_column(BigInteger)
    finance_visibility: Mapped[Visibility] = mapped_column(enum_column(Visibility))
    published_at: Mapped[datetime]

    project: Mapped[Project] = relationship(back_populates="listing")
    version: Mapped[ProjectVersion] = relationship()


Project._book_titles = column_property(
    select(ProjectListing.titles)
    .where(ProjectListing.project_id == Project.id)
    .correlate_except(ProjectListing)
    .scalar_subquery()
)


class Facet(StrEnum):
    """The lists of codes a published project is found by. Instruments belong to the finance block."""

    SECTOR = "sector"
    HAZARD = "hazard"
    SDG = "sdg"
    INSTRUMENT = "instrument"
    TECHNOLOGY = "technology"


class ProjectFacet(Base):
    """One code of one list of a published project."""

    __tablename__ = "project_facet"
    __table_args__ = (
        UniqueConstraint("project_id", "facet", "code"),
        Index("ix_project_facet_facet_code", "facet", "code"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    facet: Mapped[Facet] = mapped_column(enum_column(Facet))
    code: Mapped[str] = mapped_column(String(40))


class FileKind(StrEnum):
    """What a project's file is. Who may read it follows from the block its kind belongs to."""

    ENDORSEMENT = "endorsement"
    STUDY = "study"
    EVIDENCE = "evidence"
    CONCEPT_NOTE = "concept_note"
    DECK = "deck"
    IMAGE = "image"


class ProjectFile(Base):
    """A file of a project; its bytes lie in the upload folder under `uid`.

    A version names its files by uid in its content, so a file that was taken out of the working text stays until no
    version names it. `alt` describes an image per language.
    """

    __tablename__ = "project_file"

    uid: Mapped[str] = mapped_column(String(22), unique=True, default=new_uid)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    kind: Mapped[FileKind] = mapped_column(enum_column(FileKind))
    name: Mapped[str] = mapped_column(String(160))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    alt: Mapped[dict[str, str]] = mapped_column(default=dict)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    uploaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    project: Mapped[Project] = relationship(back_populates="files")
