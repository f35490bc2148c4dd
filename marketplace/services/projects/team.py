"""Who gets letters about a project (the people of its city, and the organisers), and what every letter says of it."""

from typing import Any

from sqlalchemy import select

from marketplace.database import session
from marketplace.i18n import in_language
from marketplace.models import (
    AccountState,
    Membership,
    MembershipState,
    Organisation,
    Project,
    Role,
    RoleAssignment,
    User,
)


def people(city: Organisation) -> list[User]:
    """Return the people who belong to a city and can sign in, the longest-serving first."""
    return list(
        session().scalars(
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organisation_id == city.id, Membership.state == MembershipState.ACTIVE)
            .where(User.state == AccountState.ACTIVE)
            .order_by(Membership.since, Membership.id)
        )
    )


def organisers() -> list[User]:
    """Return the organisers of the platform who can sign in."""
    is_one = (
        select(RoleAssignment.user_id)
        .where(RoleAssignment.event_id.is_(None), RoleAssignment.role.in_([Role.ORGANISER, Role.ADMINISTRATOR]))
        .distinct()
    )
    return list(
        session().scalars(select(User).where(User.id.in_(is_one), User.state == AccountState.ACTIVE).order_by(User.id))
    )


def about(project: Project) -> dict[str, Any]:
    """Return what letters say of a project, in the language now spoken."""
    city = project.city
    return {
        "project": in_language(project.titles) or project.slug,
        "slug": project.slug,
        "city": in_language(city.names) or city.name,
    }
