"""Conflicts of interest between reviewers and the city whose project they would judge."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from sqlalchemy import or_, select

from marketplace import clock
from marketplace.database import session
from marketplace.models import (
    CityPair,
    ConflictOfInterest,
    Membership,
    MembershipState,
    Organisation,
    Project,
    Review,
    ReviewState,
    User,
)

FORBIDDING = frozenset({ConflictOfInterest.SAME_ORGANISATION, ConflictOfInterest.DECLARED})
"""With one of these nobody reviews; with the others the organisers may decide for it, and it is written down."""

OPEN_PROVIDERS = frozenset(
    {
        "aol.com",
        "bol.com.br",
        # Of all accounts of the sample programme; no real address ends so (RFC 2606).
        "cities.example",
        "gmail.com",
        "gmx.com",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "hotmail.es",
        "icloud.com",
        "live.com",
        "live.com.mx",
        "mail.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "outlook.es",
        "pm.me",
        "proton.me",
        "protonmail.com",
        "terra.com.br",
        "uol.com.br",
        "yahoo.com",
        "yahoo.com.ar",
        "yahoo.com.br",
        "yahoo.com.mx",
        "yahoo.es",
        "ymail.com",
        "zoho.com",
    }
)
"""Mail domains where anybody gets an address: to share one tells nothing."""


def domain(email: str) -> str:
    """Return the mail domain of an address in small letters; '' for none and for providers open to everybody."""
    found = email.rpartition("@")[2].casefold().strip().rstrip(".")
    return "" if found in OPEN_PROVIDERS else found


def of_all(project: Project, people: Iterable[User]) -> dict[int, frozenset[ConflictOfInterest]]:
    """Return the conflicts of each person with a project, by id of the person, in a fixed number of queries."""
    wanted = {person.id: person for person in people}
    found: dict[int, set[ConflictOfInterest]] = {identity: set() for identity in wanted}
    if not wanted:
        return {}
    pairs = _pair_cities(project)
    ties = select(Membership.user_id, Membership.organisation_id).where(
        Membership.user_id.in_(wanted), Membership.state == MembershipState.ACTIVE
    )
    for user_id, organisation_id in session().execute(ties):
        if user_id is None:
            continue
        if organisation_id == project.city_id:
            found[user_id].add(ConflictOfInterest.SAME_ORGANISATION)
        elif organisation_id in pairs:
            found[user_id].add(ConflictOfInterest.PAIR_CITY)
    declared = select(Review.reviewer_id, Review.conflicts).where(
        Review.project_id == project.id, Review.reviewer_id.in_(wanted), Review.state == ReviewState.DECLINED
    )
    for user_id, names in session().execute(declared):
        if ConflictOfInterest.DECLARED in names:
            found[user_id].add(ConflictOfInterest.DECLARED)
    domains = _domains_of_the_city(project)
    for identity, person in wanted.items():
        if domain(person.email) in domains:
            found[identity].add(ConflictOfInterest.SAME_DOMAIN)
    return {identity: frozenset(names) for identity, names in found.items()}


def of(project: Project, person: User) -> frozenset[ConflictOfInterest]:
    """Return the conflicts of one person with a project."""
    return of_all(project, [person])[person.id]


def _pair_cities(project: Project) -> set[int]:
    """Return the ids of the cities the project's city is paired with today."""
    today = clock.now().date()
    rows = session().execute(
        select(CityPair.lac_city_id, CityPair.us_city_id).where(
            or_(CityPair.lac_city_id == project.city_id, CityPair.us_city_id == project.city_id),
            CityPair.valid_from <= today,
            or_(CityPair.valid_until.is_(None), CityPair.valid_until > today),
        )
    )
    return {identity for row in rows for identity in row} - {project.city_id}


def _domains_of_the_city(project: Project) -> set[str]:
    """Return the mail domains of the city's people, of its contact for the project, and of its web site."""
    addresses = session().scalars(
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == project.city_id, Membership.state == MembershipState.ACTIVE)
    )
    found = {domain(address) for address in addresses} | {domain(str(project.content.get("contact_email", "")))}
    website = session().scalar(select(Organisation.website).where(Organisation.id == project.city_id)) or ""
    host = (urlsplit(website).hostname or "") if "//" in website else ""
    return (found | {host.removeprefix("www.")}) - {""}
