"""Who may read which part of a project: the one place that pages, files, filters, documents and exports ask.

A city opens its pitch block by block: to everybody, to those signed in, to counterparties it was matched with, or to
nobody but itself. What it chose counts as it stood in the published version. Reviewers in course read all but whom the
city wants and does not want to meet; organisers of the platform read everything.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    Block,
    CounterpartyProfile,
    Fit,
    Membership,
    MembershipState,
    Organisation,
    Project,
    ProjectFile,
    ProjectListing,
    ProjectState,
    ProjectVersion,
    Review,
    User,
    Visibility,
)
from marketplace.services import policies
from marketplace.services.reviews import in_course
from marketplace.services.sheets.fields import Content, Kind
from marketplace.services.sheets.pitch import DEFAULT_VISIBILITY, PITCH

NOT_FOR_REVIEWERS = frozenset({"wanted_funders", "blocked_orgs"})
"""Whom a city wants to meet, and whom not, is nothing a judgement may rest on."""

_RANK = {Visibility.PUBLIC: 0, Visibility.REGISTERED: 1, Visibility.MATCHED: 2, Visibility.PRIVATE: 3}
_ALL = frozenset(Block)
_OUT_OF_BOOK = (ProjectState.DRAFT, ProjectState.WITHDRAWN)


@dataclass(frozen=True)
class Reading:
    """What one reader may read of one project: how near they are to it, which blocks, and which fields not even so."""

    level: Visibility
    blocks: frozenset[Block]
    without: frozenset[str] = frozenset()

    def shown(self, content: Content) -> dict[str, Any]:
        """Return the answers this reader may read."""
        return shown(content, self.blocks, self.without)


def reading(project: Project, reader: User | None) -> Reading:
    """Return what somebody (or, without a reader, everybody) may read of a project.

    Of a project that is not in the book, only its city, its reviewers in course and the organisers may read anything.
    """
    if reader is not None and reader.is_active:
        if policies.can(reader, "project.view", project):
            return Reading(Visibility.PRIVATE, _ALL)
        if session().scalar(in_course.of(reader).where(Review.project_id == project.id).limit(1)):
            return Reading(Visibility.PRIVATE, _ALL, NOT_FOR_REVIEWERS)
        near = Visibility.MATCHED if _is_matched(project, reader) else Visibility.REGISTERED
    else:
        near = Visibility.PUBLIC
    if not is_in_book(project) or project.listing is None:
        return Reading(near, frozenset())
    return Reading(near, blocks_for(project.listing.version.content, near))


def level(project: Project, reader: User | None) -> Visibility:
    """Return how near a reader is to a project: PUBLIC for everybody, PRIVATE for those who work on it."""
    return reading(project, reader).level


def readable(project: Project, reader: User | None) -> frozenset[Block]:
    """Return the blocks of a project that somebody may read."""
    return reading(project, reader).blocks


def blocks_for(content: Content, near: Visibility) -> frozenset[Block]:
    """Return the blocks of a published content that are open to readers this near."""
    return frozenset(block for block in Block if _RANK[near] >= _RANK[needed(content, block)])


def needed(content: Content, block: Block) -> Visibility:
    """Return how near one must be to read a block: what the city chose, or what holds where it chose nothing."""
    if block is Block.BASICS:
        return Visibility.PUBLIC
    if block is Block.INTERNAL:
        return Visibility.PRIVATE
    chosen = (content.get("visibility") or {}).get(block.value)
    if chosen is None:
        return DEFAULT_VISIBILITY[block]
    # A word that is not known here opens nothing.
    return Visibility(chosen) if chosen in set(Visibility) else Visibility.PRIVATE


def shown(content: Content, blocks: Set[Block], without: Set[str] = frozenset()) -> dict[str, Any]:
    """Return those answers of a content that lie in these blocks. What the sheet does not declare is never shown."""
    return {
        name: value
        for name, value in content.items()
        if name in PITCH.by_name and PITCH.by_name[name].block in blocks and name not in without
    }


def is_in_book(project: Project) -> bool:
    """Tell whether the book shows the project: it has a published version, and its city takes part."""
    return project.listing is not None and project.state not in _OUT_OF_BOOK and project.city.deactivated_at is None


def in_book() -> ColumnElement[bool]:
    """Return the condition for `is_in_book`, for statements that join listing, project and city."""
    return and_(Project.state.not_in(_OUT_OF_BOOK), Organisation.deactivated_at.is_(None))


def may_read_finance(reader: User | None) -> ColumnElement[bool]:
    """Return the condition on `ProjectListing` that the reader may read its finance block.

    Every filter, sort and count on facts of that block goes with it, so that no list tells what a page does not.
    """
    return _may_read(ProjectListing.finance_visibility, reader)


def may_read_needs(reader: User | None) -> ColumnElement[bool]:
    """Return the condition on `ProjectListing` that the reader may read its needs, for filters on them."""
    chosen = (
        select(ProjectVersion.content["visibility"][Block.NEEDS.value].as_string())
        .where(ProjectVersion.id == ProjectListing.version_id)
        .scalar_subquery()
    )
    return _may_read(func.coalesce(chosen, DEFAULT_VISIBILITY[Block.NEEDS].value), reader)


def _may_read(seen: Any, reader: User | None) -> ColumnElement[bool]:
    """Return the condition that a block with the visibility in column `seen` is open to the reader."""
    if reader is None or not reader.is_active:
        return cast(ColumnElement[bool], seen == Visibility.PUBLIC.value)
    if policies.can(reader, "project.organise"):
        return true()
    own = (
        select(Project.id)
        .join(Membership, Membership.organisation_id == Project.city_id)
        .where(Membership.user_id == reader.id, Membership.state == MembershipState.ACTIVE)
    )
    return or_(
        seen.in_([Visibility.PUBLIC.value, Visibility.REGISTERED.value]),
        and_(seen == Visibility.MATCHED.value, ProjectListing.project_id.in_(matched(reader))),
        ProjectListing.project_id.in_(own),
        ProjectListing.project_id.in_(in_course.of(reader)),
    )


def matched(reader: User) -> Select[Any]:
    """Return the statement for the ids of projects offered to a counterparty the reader belongs to.

    The counterparty must be in service and its profile verified at this moment.
    """
    return (
        select(Fit.project_id)
        .join(Organisation, Organisation.id == Fit.organisation_id)
        .join(Membership, Membership.organisation_id == Fit.organisation_id)
        .join(CounterpartyProfile, CounterpartyProfile.organisation_id == Fit.organisation_id)
        .where(
            Fit.is_offered.is_(True),
            Organisation.deactivated_at.is_(None),
            Membership.user_id == reader.id,
            Membership.state == MembershipState.ACTIVE,
            CounterpartyProfile.verified_until > clock.now(),
        )
    )


def may_read_file(project: Project, file: ProjectFile, reader: User | None) -> bool:
    """Tell whether somebody may read a file of a project.

    The city and the organisers may read all of them, a reviewer in course those that the version under review names,
    everybody else those that the published version names in a block they may read.
    """
    if file.project_id != project.id:
        return False
    found = reading(project, reader)
    if found.level is Visibility.PRIVATE and not found.without:
        return True
    contents = [project.listing.version.content] if is_in_book(project) and project.listing else []
    if found.level is Visibility.PRIVATE and reader is not None:
        contents += session().scalars(
            select(ProjectVersion.content)
            .join(Review, Review.version_id == ProjectVersion.id)
            .where(Review.project_id == project.id, Review.id.in_(in_course.of(reader, Review.id)))
        )
    return any(file.uid in files_in(content, found.blocks) for content in contents)


def files_in(content: Content, blocks: Set[Block]) -> set[str]:
    """Return the uids of the files that a content names in these blocks."""
    return {
        uid
        for name, value in shown(content, blocks).items()
        if PITCH.by_name[name].kind is Kind.FILES
        for uid in value or ()
    }


def _is_matched(project: Project, reader: User) -> bool:
    return session().scalar(matched(reader).where(Fit.project_id == project.id).limit(1)) is not None
