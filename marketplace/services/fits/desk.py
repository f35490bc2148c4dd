"""All pairs as the organisers list them, and one pair with everything the model says, whatever it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased, joinedload

from marketplace.compatibility import FUNDER_RULES, VENDOR_RULES, Rule
from marketplace.compatibility.explanation import PROVISIONAL_BELOW
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.i18n import in_language
from marketplace.models import (
    Fit,
    FitOverride,
    FitStatus,
    Organisation,
    OrganisationKind,
    OverrideKind,
    Project,
    User,
)
from marketplace.services import paging, policies, search
from marketplace.services.counterparties import kinds
from marketplace.services.fits import inputs, verdicts, words
from marketplace.services.fits.disclosure import Open
from marketplace.services.fits.inputs import Party, Pitch
from marketplace.services.fits.verdicts import Verdict

SORTS = ("score", "confidence", "mutual", "city", "counterparty")
"""What the list may be sorted by; a minus before it means descending."""


@dataclass(frozen=True)
class Filter:
    """What the list shows; empty values mean no restriction. `rule` is one that failed, `minimum` the least score."""

    query: str = ""
    status: FitStatus | None = None
    kind: OrganisationKind | None = None
    project: str = ""
    organisation: str = ""
    rule: Rule | None = None
    is_overridden: bool = False
    minimum: int | None = None
    sort: str = "-score"


class Entry(NamedTuple):
    """A pair as it stands in the list."""

    status: FitStatus
    is_offered: bool
    score: float
    confidence: float
    mutual: float | None
    failed: int
    unknown: int
    project_slug: str
    titles: dict[str, str]
    city_names: dict[str, str]
    city_name: str
    organisation_slug: str
    organisation_names: dict[str, str]
    organisation_name: str
    kind: OrganisationKind
    override: OverrideKind | None

    @property
    def title(self) -> str:
        """The project in the reader's language."""
        return in_language(self.titles) or self.project_slug

    @property
    def city(self) -> str:
        """The city in the reader's language."""
        return in_language(self.city_names) or self.city_name

    @property
    def counterparty(self) -> str:
        """The counterparty in the reader's language."""
        return in_language(self.organisation_names) or self.organisation_name

    @property
    def is_provisional(self) -> bool:
        """Whether too little is known for the score to count."""
        return self.confidence < PROVISIONAL_BELOW

    @property
    def failed_rules(self) -> list[str]:
        """The titles of the rules that failed."""
        return _titles(self.failed, self.kind)

    @property
    def unknown_rules(self) -> list[str]:
        """The titles of the rules that are to be checked."""
        return _titles(self.unknown, self.kind)


@dataclass(frozen=True)
class Pair:
    """Everything about one pair. `stored` is what lists show of it, `standing` what was decided, `history` since ever.

    `is_private`: one side has blocked the other, which neither is told.
    """

    pitch: Pitch
    party: Party
    verdict: Verdict
    is_private: bool
    stored: Fit | None
    standing: FitOverride | None
    history: Sequence[FitOverride]

    @property
    def computed_at(self) -> datetime | None:
        """When the stored row was computed."""
        return self.stored.computed_at if self.stored else None

    @property
    def is_stale(self) -> bool:
        """Whether a side has changed since, and the worker has not come to it yet."""
        return self.stored is not None and (self.stored.project_version, self.stored.profile_version) != (
            self.pitch.version,
            self.party.revision,
        )


_City = aliased(Organisation)


def page(wanted: Filter, by: User, number: int = 1) -> paging.Page[Entry]:
    """Return one page of the pairs that are kept: those that fit, nearly fit, or were decided about."""
    policies.require(by, "project.organise")
    found = paging.page_of_rows(_statement(wanted), number)
    return paging.Page([Entry(*row) for row in found.items], found.total, found.number, found.pages, found.size)


def pair(project_slug: str, organisation_slug: str, by: User) -> Pair:
    """Return one pair, computed now from the published version (or, before there is one, from the working text)."""
    policies.require(by, "project.organise")
    project = session().scalar(select(Project).where(Project.slug == project_slug))
    identity = session().scalar(select(Organisation.id).where(Organisation.slug == organisation_slug))
    if project is None or identity is None:
        raise NotFound
    parties = inputs.counterparties([identity])
    party = next(iter((*parties.funders, *parties.vendors)), None)
    if party is None:
        raise NotFound
    pitch = inputs.pitch_of(project)
    explanation = verdicts.explain(pitch, party)
    history = list(
        session().scalars(
            select(FitOverride)
            .where(FitOverride.project_id == project.id, FitOverride.organisation_id == identity)
            .options(joinedload(FitOverride.by))
            .order_by(FitOverride.at.desc(), FitOverride.id.desc())
        )
    )
    stored = session().scalar(select(Fit).where(Fit.project_id == project.id, Fit.organisation_id == identity))
    is_offered = stored is not None and stored.is_offered
    return Pair(
        pitch=pitch,
        party=party,
        verdict=verdicts.tell(explanation, is_offered, Open(), with_wishes=True),
        is_private=explanation.private,
        stored=stored,
        standing=next((one for one in history if one.withdrawn_at is None), None),
        history=history,
    )


def _titles(bits: int, kind: OrganisationKind) -> list[str]:
    rules = VENDOR_RULES if kind in kinds.VENDORS else FUNDER_RULES
    return [words.rule(rule) for place, rule in enumerate(rules) if bits >> place & 1]


def _statement(wanted: Filter) -> Select[Any]:
    standing = and_(
        FitOverride.project_id == Fit.project_id,
        FitOverride.organisation_id == Fit.organisation_id,
        FitOverride.withdrawn_at.is_(None),
    )
    columns: tuple[Any, ...] = (
        *(Fit.status, Fit.is_offered, Fit.score, Fit.confidence, Fit.mutual, Fit.failed, Fit.unknown),
        *(Project.slug, Project.titles, _City.names, _City.name),
        *(Organisation.slug, Organisation.names, Organisation.name, Organisation.kind, FitOverride.kind),
    )
    statement: Select[Any] = (
        select(*columns)
        .select_from(Fit)
        .join(Project, Project.id == Fit.project_id)
        .join(_City, _City.id == Project.city_id)
        .join(Organisation, Organisation.id == Fit.organisation_id)
        .outerjoin(FitOverride, standing)
        .where(*_conditions(wanted))
        .order_by(*_order(wanted.sort))
    )
    return statement


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.query:
        found.append(
            or_(
                search.matches(Project.search_text, wanted.query),
                search.matches(_City.search_text, wanted.query),
                search.matches(Organisation.search_text, wanted.query),
            )
        )
    if wanted.status:
        found.append(Fit.status == wanted.status)
    if wanted.kind:
        found.append(Organisation.kind == wanted.kind)
    if wanted.project:
        found.append(Project.slug == wanted.project)
    if wanted.organisation:
        found.append(Organisation.slug == wanted.organisation)
    if wanted.rule:
        found += _has_failed(wanted.rule)
    if wanted.is_overridden:
        found.append(FitOverride.id.is_not(None))
    if wanted.minimum is not None:
        found.append(Fit.score >= wanted.minimum)
    return found


def _has_failed(rule: Rule) -> list[ColumnElement[bool]]:
    is_vendors = rule in VENDOR_RULES
    place = (VENDOR_RULES if is_vendors else FUNDER_RULES).index(rule)
    kind = Organisation.kind.in_(kinds.VENDORS)
    return [Fit.failed.bitwise_and(1 << place) != 0, kind if is_vendors else ~kind]


def _order(sort: str) -> list[Any]:
    column: Any = {
        "confidence": Fit.confidence,
        "mutual": Fit.mutual,
        "city": _City.search_text,
        "counterparty": Organisation.search_text,
    }.get(sort.removeprefix("-"), Fit.score)
    ordered = column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
    return [ordered, Fit.project_id, Fit.organisation_id]
