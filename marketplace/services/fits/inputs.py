"""What is compared, read from the database: published projects, a draft for its own city, and all counterparties.

Everything is read in a fixed number of statements, however many rows there are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Select, Text, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import contains_eager, load_only

from marketplace import clock
from marketplace.compatibility import Mandate, Project, Solution
from marketplace.database import session
from marketplace.models import (
    CityProfile,
    CounterpartyProfile,
    Currency,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    ProjectListing,
    ProjectVersion,
    User,
)
from marketplace.models import Project as ProjectRow
from marketplace.services.counterparties import kinds
from marketplace.services.fits import answers
from marketplace.services.projects import rates, visibility
from marketplace.services.reviews import conflicts
from marketplace.services.sheets.fields import Content, Kind, Sheet
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.solution import SOLUTION


@dataclass(frozen=True)
class Pitch:
    """A project as it is compared: the row, the number of the version (0: the working text), its answers."""

    row: ProjectRow
    version: int
    content: Content
    values: Project

    @property
    def side(self) -> "Side":
        """The project as many are compared at once."""
        return Side(self.row.id, self.version, self.values, self.content)


@dataclass(frozen=True)
class Party:
    """A counterparty as it is compared. The first two are plain, for whoever has left the transaction of the rows."""

    organisation_id: int
    revision: int
    organisation: Organisation
    profile: CounterpartyProfile
    values: Mandate | Solution
    is_verified: bool

    @property
    def is_vendor(self) -> bool:
        """Whether a solution is compared, not a mandate."""
        return isinstance(self.values, Solution)


@dataclass(frozen=True)
class Parties:
    """Counterparties, funders and vendors apart, each by the ids of their organisations."""

    funders: Sequence[Party] = ()
    vendors: Sequence[Party] = ()


class Side(NamedTuple):
    """One side of a pair, as bare as many are compared at once: a project and the number of its version, or the
    organisation of a counterparty and the revision of its profile."""

    identity: int
    version: int
    values: Project | Mandate | Solution
    content: Content


@dataclass(frozen=True)
class Others:
    """All counterparties, or some, as many are compared at once."""

    funders: Sequence[Side] = ()
    vendors: Sequence[Side] = ()
    marks: "Marks" = field(default_factory=lambda: Marks((), ()))


class Marks(NamedTuple):
    """What tells that counterparties have to be read again: revision, check and service of each, and the rates."""

    profiles: tuple[tuple[Any, ...], ...]
    rates: tuple[tuple[Any, ...], ...]


def published(identities: Collection[int]) -> list[Pitch]:
    """Return those of the projects that are in the book, by id, as their published version says."""
    rows = session().execute(
        select(ProjectRow, ProjectVersion)
        .join(ProjectListing, ProjectListing.project_id == ProjectRow.id)
        .join(ProjectVersion, ProjectVersion.id == ProjectListing.version_id)
        .join(Organisation, Organisation.id == ProjectRow.city_id)
        .where(visibility.in_book(), ProjectRow.id.in_(identities))
        .options(
            load_only(ProjectRow.slug, ProjectRow.city_id, ProjectRow.state, ProjectRow.titles, ProjectRow.readiness),
            contains_eager(ProjectRow.city).joinedload(Organisation.city),
        )
        .order_by(ProjectRow.id)
    )
    found = [(project, version) for project, version in rows]
    domains = mail_domains({project.city_id for project, _version in found})
    return [
        _pitch(project, version.number, version.content, version.usd_rate, domains[project.city_id])
        for project, version in found
    ]


def projects(identities: Collection[int]) -> list[Side]:
    """Return what `published` does, as bare as many are compared at once: without objects and without long texts."""
    columns: tuple[Any, ...] = (
        *(ProjectRow.id, ProjectRow.slug, ProjectRow.city_id, ProjectRow.readiness),
        *(ProjectVersion.number, ProjectVersion.usd_rate, _brief(ProjectVersion.content, PITCH).label("content")),
        *(Organisation.slug.label("city"), Organisation.country, CityProfile.latitude, CityProfile.longitude),
    )
    statement: Select[Any] = (
        select(*columns)
        .select_from(ProjectListing)
        .join(ProjectRow, ProjectRow.id == ProjectListing.project_id)
        .join(ProjectVersion, ProjectVersion.id == ProjectListing.version_id)
        .join(Organisation, Organisation.id == ProjectRow.city_id)
        .outerjoin(CityProfile, CityProfile.organisation_id == Organisation.id)
        .where(visibility.in_book(), ProjectRow.id.in_(identities))
        .order_by(ProjectRow.id)
    )
    rows = session().execute(statement).all()
    domains = mail_domains({row.city_id for row in rows})
    return [
        Side(
            row.id,
            row.number,
            answers.project(
                row.content,
                key=row.slug,
                version=str(row.number),
                organisation=row.city,
                country=row.country,
                place=None if row.latitude is None else (row.latitude, row.longitude),
                mail_domains=domains[row.city_id],
                readiness=row.readiness,
                per_usd=row.usd_rate,
            ),
            row.content,
        )
        for row in rows
    ]


def draft_project(project: ProjectRow) -> Pitch:
    """Return a project as its working text says, with today's rate: what its city sees before it is published."""
    per_usd = rates.per_usd(project.content.get("currency"))
    return _pitch(project, 0, project.content, per_usd, mail_domains([project.city_id])[project.city_id])


def pitch_of(project: ProjectRow) -> Pitch:
    """Return a project as its published version says, or as its working text does where none is published."""
    found = published([project.id])
    return found[0] if found else draft_project(project)


def _pitch(project: ProjectRow, number: int, content: Content, per_usd: Any, domains: frozenset[str]) -> Pitch:
    city = project.city
    facts = city.city
    values = answers.project(
        content,
        key=project.slug,
        version=str(number),
        organisation=city.slug,
        country=city.country,
        place=(facts.latitude, facts.longitude) if facts else None,
        mail_domains=domains,
        readiness=project.readiness,
        per_usd=per_usd,
    )
    return Pitch(project, number, content, values)


def counterparties(identities: Collection[int] | None = None) -> Parties:
    """Return the counterparties in service (all of them, or those of these organisations), by id."""
    statement = (
        select(CounterpartyProfile)
        .join(CounterpartyProfile.organisation)
        .where(in_service())
        .options(contains_eager(CounterpartyProfile.organisation))
        .order_by(CounterpartyProfile.organisation_id)
    )
    if identities is not None:
        statement = statement.where(CounterpartyProfile.organisation_id.in_(identities))
    profiles = list(session().scalars(statement))
    domains = mail_domains(None if identities is None else [profile.organisation_id for profile in profiles])
    per_usd = _per_usd()
    funders: list[Party] = []
    vendors: list[Party] = []
    for profile in profiles:
        organisation, is_verified = profile.organisation, holds(profile.verified_until)
        values = _values(
            *(profile.content, organisation.kind, organisation.slug, profile.revision),
            *(domains[organisation.id], is_verified, per_usd),
        )
        party = Party(organisation.id, profile.revision, organisation, profile, values, is_verified)
        (vendors if party.is_vendor else funders).append(party)
    return Parties(funders, vendors)


def others(identities: Collection[int] | None = None) -> Others:
    """Return what `counterparties` does, as bare as many are compared at once: without objects and without long
    texts."""
    columns: tuple[Any, ...] = (
        *(Organisation.id, Organisation.kind, Organisation.slug),
        *(CounterpartyProfile.revision, CounterpartyProfile.verified_until),
        _brief(CounterpartyProfile.content, MANDATE, SOLUTION),
    )
    statement: Select[Any] = (
        select(*columns)
        .select_from(CounterpartyProfile)
        .join(CounterpartyProfile.organisation)
        .where(in_service())
        .order_by(Organisation.id)
    )
    if identities is not None:
        statement = statement.where(Organisation.id.in_(identities))
    seen = marks(identities)
    domains, per_usd, now = mail_domains(identities), _per_usd(), clock.now()
    funders: list[Side] = []
    vendors: list[Side] = []
    for identity, kind, slug, revision, until, content in session().execute(statement):
        values = _values(content, kind, slug, revision, domains[identity], holds(until, now), per_usd)
        (vendors if isinstance(values, Solution) else funders).append(Side(identity, revision, values, content))
    return Others(funders, vendors, seen)


def _per_usd() -> dict[str, Any]:
    return {code.value: rate.per_usd for code, rate in rates.latest().items()} | {Currency.USD.value: 1}


def _brief(content: Any, *sheets: Sheet) -> Any:
    """A column of answers without the texts and tables that are not compared, which are most of what there is."""
    long = sorted(
        {
            name
            for sheet in sheets
            for name, one in sheet.by_name.items()
            if one.kind in {Kind.TEXTS, Kind.ROWS} and name not in answers.COMPARED_TEXTS
        }
    )
    if session().get_bind().dialect.name == "sqlite":
        return type_coerce(func.json_remove(content, *(f"$.{name}" for name in long)), JSON())
    return type_coerce(content.op("-")(cast(long, ARRAY(Text))), JSONB())


def marks(identities: Collection[int] | None = None) -> Marks:
    """Return what changes whenever counterparties would be read differently."""
    statement = (
        select(
            CounterpartyProfile.organisation_id,
            CounterpartyProfile.revision,
            CounterpartyProfile.verified_until,
        )
        .join(CounterpartyProfile.organisation)
        .where(in_service())
        .order_by(CounterpartyProfile.organisation_id)
    )
    if identities is not None:
        statement = statement.where(CounterpartyProfile.organisation_id.in_(identities))
    now = clock.now()
    profiles = tuple(
        (identity, revision, until, holds(until, now)) for identity, revision, until in session().execute(statement)
    )
    today = tuple((code.value, rate.id, rate.per_usd) for code, rate in sorted(rates.latest().items()))
    return Marks(profiles, today)


def in_service() -> Any:
    """Return the condition that an organisation is a counterparty in service."""
    return Organisation.deactivated_at.is_(None) & Organisation.kind.in_(kinds.FUNDERS | kinds.VENDORS)


def holds(until: datetime | None, now: datetime | None = None) -> bool:
    """Tell whether a check that holds until then holds now."""
    return until is not None and until > (now or clock.now())


def _values(
    content: Content,
    kind: OrganisationKind,
    slug: str,
    revision: int,
    domains: frozenset[str],
    is_verified: bool,
    per_usd: dict[str, Any],
) -> Mandate | Solution:
    common: dict[str, Any] = {
        "key": slug,
        "version": str(revision),
        "mail_domains": domains,
        "is_verified": is_verified,
    }
    if kind in kinds.VENDORS:
        return answers.solution(content, **common)
    return answers.mandate(content, **common, per_usd=per_usd.get(content.get("ticket_currency", "")))


def mail_domains(identities: Iterable[int] | None) -> defaultdict[int, frozenset[str]]:
    """Return the mail domains of the people of organisations (of all), without those where anybody gets an address."""
    columns: tuple[Any, ...] = (Membership.organisation_id, User.email)
    statement: Select[Any] = (
        select(*columns)
        .join(User, User.id == Membership.user_id)
        # The accounts of the sample all have addresses of one domain, which says nothing.
        .where(Membership.state == MembershipState.ACTIVE, User.is_illustrative.is_(False))
    )
    if identities is not None:
        statement = statement.where(Membership.organisation_id.in_(set(identities)))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for identity, email in session().execute(statement):
        found[identity].add(conflicts.domain(email))
    domains: defaultdict[int, frozenset[str]] = defaultdict(frozenset)
    domains.update({identity: frozenset(names - {""}) for identity, names in found.items()})
    return domains
