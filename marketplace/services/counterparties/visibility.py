"""Who may read which part of a profile: the one place that pages, lists, filters and exports ask.

A profile opens its first part to everybody, to those signed in, to matched cities, or to nobody, as it says itself
(`visibility`; those signed in where it says nothing). The part about amounts and conditions is for matched cities. The
part for the organisers is in no page or file of this module: only the profile's own room and the desk show it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true

from marketplace.database import session
from marketplace.models import (
    Block,
    CounterpartyProfile,
    Fit,
    Membership,
    MembershipState,
    Organisation,
    Project,
    ProjectListing,
    User,
    Visibility,
)
from marketplace.services import policies
from marketplace.services.counterparties import kinds
from marketplace.services.projects import visibility as of_projects
from marketplace.services.sheets.fields import Content

USUAL = Visibility.REGISTERED
"""Who reads a profile that does not say."""

NOBODY: frozenset[Block] = frozenset()
FIRST = frozenset({Block.BASICS})
MATCHED = frozenset({Block.BASICS, Block.FINANCE})

_OPEN_TO = {
    Visibility.PUBLIC: (Visibility.PUBLIC,),
    Visibility.REGISTERED: (Visibility.PUBLIC, Visibility.REGISTERED),
    Visibility.MATCHED: (Visibility.PUBLIC, Visibility.REGISTERED, Visibility.MATCHED),
}


def chosen(content: Content) -> Visibility:
    """Return whom a profile opens its first part to; a word that is not known here opens nothing."""
    said = content.get("visibility") or USUAL
    return Visibility(said) if said in set(Visibility) else Visibility.PRIVATE


def blocks_for(content: Content, near: Visibility) -> frozenset[Block]:
    """Return the parts of a profile that readers this near may read."""
    if near is Visibility.PRIVATE:
        return MATCHED
    if chosen(content) not in _OPEN_TO[near]:
        return NOBODY
    return MATCHED if near is Visibility.MATCHED else FIRST


def near(profile: CounterpartyProfile, reader: User | None) -> Visibility:
    """Return how near a reader is: its own people and the organisers, a matched city, signed in, or anybody."""
    if reader is None or not reader.is_active:
        return Visibility.PUBLIC
    if policies.can(reader, "counterparty.view", profile.organisation):
        return Visibility.PRIVATE
    mine = matched(reader).where(Fit.organisation_id == profile.organisation_id)
    return Visibility.MATCHED if session().scalar(mine.limit(1)) is not None else Visibility.REGISTERED


def blocks(profile: CounterpartyProfile, reader: User | None) -> frozenset[Block]:
    """Return the parts of a profile that somebody (or, without a reader, everybody) may read on its page.

    Of organisations that nobody has verified only matched cities read anything: whoever signs up can make one.
    """
    organisation, level = profile.organisation, near(profile, reader)
    if organisation.deactivated_at is not None:
        return NOBODY
    if organisation.verified_at is None and level in {Visibility.PUBLIC, Visibility.REGISTERED}:
        return NOBODY
    return blocks_for(profile.content, level)


def shown(profile: CounterpartyProfile, some: frozenset[Block]) -> dict[str, Any]:
    """Return those answers of a profile that lie in these parts. What its sheet does not declare is never shown."""
    by_name = kinds.sheet(profile).by_name
    return {
        name: value
        for name, value in profile.content.items()
        if name in by_name and by_name[name].block in some and value not in (None, "", [], {})
    }


def matched(reader: User) -> Select[Any]:
    """Return the statement for the ids of counterparties offered to a published project of a reader's city."""
    return (
        select(Fit.organisation_id)
        .join(Project, Project.id == Fit.project_id)
        .join(ProjectListing, ProjectListing.project_id == Project.id)
        .join(Organisation, Organisation.id == Project.city_id)
        .join(Membership, Membership.organisation_id == Project.city_id)
        .where(
            Fit.is_offered.is_(True),
            of_projects.in_book(),
            Membership.user_id == reader.id,
            Membership.state == MembershipState.ACTIVE,
        )
    )


def readable(reader: User | None) -> ColumnElement[bool]:
    """Return the condition on `CounterpartyProfile` and `Organisation` that the reader may read the first part."""
    in_service = Organisation.deactivated_at.is_(None)
    seen = func.coalesce(CounterpartyProfile.content["visibility"].as_string(), USUAL.value)
    is_known = Organisation.verified_at.is_not(None)
    if reader is None or not reader.is_active:
        return and_(in_service, is_known, seen == Visibility.PUBLIC.value)
    if policies.can(reader, "counterparty.verify"):
        return and_(in_service, true())
    own = exists().where(
        Membership.organisation_id == CounterpartyProfile.organisation_id,
        Membership.user_id == reader.id,
        Membership.state == MembershipState.ACTIVE,
    )
    levels = [level.value for level in _OPEN_TO[Visibility.REGISTERED]]
    return and_(
        in_service,
        or_(
            and_(is_known, seen.in_(levels)),
            and_(
                seen.in_([*levels, Visibility.MATCHED.value]),
                CounterpartyProfile.organisation_id.in_(matched(reader)),
            ),
            own,
        ),
    )
