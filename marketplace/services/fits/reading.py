"""Who reads which pairs: a city those of its project, a counterparty those of its mandate, the organisers all.

A pair that one side blocked, or that the organisers keep apart, is in nobody's list and has no page but at the desk.
Lists are chosen by the stored rows and ordered by the score their reader is shown: the whole score would tell, by the
order, of what is not open. What is said of pairs in words is computed for the page that is shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import joinedload

from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.i18n import in_language
from marketplace.models import (
    Block,
    Fit,
    FitOverride,
    FitStatus,
    Organisation,
    OverrideKind,
    ProjectListing,
    Sector,
    User,
    Visibility,
)
from marketplace.models import Project as ProjectRow
from marketplace.services import paging, policies, search
from marketplace.services.counterparties import kinds
from marketplace.services.fits import disclosure, inputs, rescoring, verdicts
from marketplace.services.fits.disclosure import Open
from marketplace.services.fits.inputs import Party, Pitch
from marketplace.services.fits.verdicts import Verdict
from marketplace.services.projects import drafts, visibility
from marketplace.services.sheets.fields import Content

SIZE = 12
"""Pairs on a page: each comes with its reasons."""


class Side(StrEnum):
    """Whom a city looks for."""

    FUNDERS = "funders"
    VENDORS = "vendors"


class Shown(StrEnum):
    """Which pairs a list shows."""

    OFFERED = "offered"
    NEAR = "near"


@dataclass(frozen=True)
class Other:
    """A counterparty as a city sees it beside the verdict."""

    organisation: Organisation
    is_verified: bool
    verdict: Verdict

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return in_language(self.organisation.names) or self.organisation.name


@dataclass(frozen=True)
class ForCity:
    """A page of a city's list. `is_preview`: computed from the working text, because nothing is published yet."""

    project: ProjectRow
    page: paging.Page[Other]
    counts: dict[Shown, int]
    is_preview: bool


@dataclass(frozen=True)
class Match:
    """A project as a counterparty sees it beside the verdict. `ask_usd` is None where it is not open to them."""

    project: ProjectRow
    listing: ProjectListing
    ask_usd: int | None
    verdict: Verdict

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return in_language(self.listing.titles) or self.project.slug

    @property
    def city(self) -> str:
        """The city in the reader's language."""
        return in_language(self.project.city.names) or self.project.city.name


@dataclass(frozen=True)
class ForCounterparty:
    """A page of a counterparty's list; without a profile there is nothing to compare."""

    page: paging.Page[Match]
    counts: dict[Shown, int]
    has_profile: bool
    is_verified: bool


@dataclass(frozen=True)
class Filter:
    """What a counterparty's list shows; empty values mean no restriction."""

    query: str = ""
    sector: Sector | None = None
    country: str = ""


def for_city(slug: str, side: Side, shown: Shown, by: User, number: int = 1) -> ForCity:
    """Return who could fund a project, or deliver what it needs, and who nearly could.

    For the people of its city and the organisers; for others the project does not exist (`NotFound`).
    """
    project = drafts.find(slug, by)
    pitch = inputs.pitch_of(project)
    if pitch.version == 0:
        return _preview(project, pitch, side, shown, number)
    mine = (Fit.project_id == project.id, Organisation.deactivated_at.is_(None), _side(side))
    statement = select(Fit).join(Organisation, Organisation.id == Fit.organisation_id).where(*mine)
    offered = _offered(statement.with_only_columns(Fit.organisation_id, Fit.is_offered).where(_in(shown)))
    return ForCity(project, _page_for_city(pitch, offered, number), _counts(statement), is_preview=False)


def city_pair(slug: str, organisation_slug: str, by: User) -> tuple[ProjectRow, Other]:
    """Return one pair of a project as its city sees it; raises `NotFound` unless it is in one of the city's lists."""
    project = drafts.find(slug, by)
    pitch = inputs.pitch_of(project)
    identity = session().scalar(select(Organisation.id).where(Organisation.slug == organisation_slug))
    if identity is None:
        raise NotFound
    is_offered = _is_offered(project.id, identity) if pitch.version else _is_offered_now(pitch, identity)
    found = [] if is_offered is None else _others(pitch, {identity: is_offered})
    if not found:
        raise NotFound
    return project, found[0]


def for_counterparty(
    organisation: Organisation, shown: Shown, by: User, wanted: Filter = Filter(), number: int = 1
) -> ForCounterparty:
    """Return the published projects that fit a counterparty, or nearly do, and why. For its people only."""
    policies.require(by, "organisation.act", organisation)
    party = _party(organisation)
    if party is None:
        return ForCounterparty(paging.Page([], 0, 1, 1, SIZE), dict.fromkeys(Shown, 0), False, False)
    statement = (
        select(Fit)
        .join(ProjectRow, ProjectRow.id == Fit.project_id)
        .join(ProjectListing, ProjectListing.project_id == ProjectRow.id)
        .join(Organisation, Organisation.id == ProjectRow.city_id)
        .where(Fit.organisation_id == organisation.id, visibility.in_book(), *_conditions(wanted))
    )
    offered = _offered(statement.with_only_columns(Fit.project_id, Fit.is_offered).where(_in(shown)))
    scores = _scores_for_counterparty(party, offered)
    page = paging.page_of_list(_best_first(scores), number, SIZE)
    matches = _matches(party, {identity: offered[identity] for identity in page})
    return ForCounterparty(
        paging.Page(matches, page.total, page.number, page.pages, page.size),
        _counts(statement),
        True,
        party.is_verified,
    )


def countries_of(organisation: Organisation) -> list[str]:
    """Return the countries of the projects in a counterparty's lists."""
    statement = (
        select(ProjectListing.country)
        .join(Fit, Fit.project_id == ProjectListing.project_id)
        .where(Fit.organisation_id == organisation.id, _in(Shown.OFFERED) | _in(Shown.NEAR))
        .distinct()
    )
    return list(session().scalars(statement))


def counterparty_pair(organisation: Organisation, slug: str, by: User) -> Match:
    """Return one pair as the counterparty sees it; raises `NotFound` unless it is in one of its lists."""
    policies.require(by, "organisation.act", organisation)
    party = _party(organisation)
    identity = session().scalar(select(ProjectRow.id).where(ProjectRow.slug == slug))
    is_offered = None if identity is None else _is_offered(identity, organisation.id)
    if party is None or identity is None or is_offered is None:
        raise NotFound
    found = _matches(party, {identity: is_offered})
    if not found:
        raise NotFound
    return found[0]


def told_to_city(slug: str, organisation_ids: Iterable[int], by: User) -> dict[int, Verdict]:
    """Return what a city reads of pairs of its project that are offered, by organisation. Raises `NotFound` for people
    of others; a project that is not published yet has none."""
    pitch = inputs.pitch_of(drafts.find(slug, by))
    if pitch.version == 0:
        return {}
    return {other.organisation.id: other.verdict for other in _others(pitch, dict.fromkeys(organisation_ids, True))}


def told_to_counterparty(organisation: Organisation, project_ids: Iterable[int], by: User) -> dict[int, Verdict]:
    """Return what a counterparty reads of its pairs that are offered, by project. For its people only."""
    policies.require(by, "organisation.act", organisation)
    party = _party(organisation)
    if party is None:
        return {}
    return {match.project.id: match.verdict for match in _matches(party, dict.fromkeys(project_ids, True))}


def scores_for_city(project: ProjectRow, organisation_ids: Iterable[int]) -> dict[int, float]:
    """Return the scores that a city is shown of pairs of its published project that are offered, by organisation."""
    pitch = inputs.pitch_of(project)
    parties = _parties(organisation_ids)
    return dict(_scores_for_city(pitch, parties, dict.fromkeys(parties, True)))


def scores_for_counterparty(organisation: Organisation, project_ids: Iterable[int]) -> dict[int, float]:
    """Return the scores that a counterparty is shown of its pairs that are offered, by project."""
    party = _party(organisation)
    return {} if party is None else dict(_scores_for_counterparty(party, dict.fromkeys(project_ids, True)))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What everybody may know of a project, so that no filter tells more than its page."""
    found: list[ColumnElement[bool]] = []
    if wanted.query:
        found.append(search.matches(ProjectListing.search_text, wanted.query))
    if wanted.sector:
        found.append(ProjectListing.sector == wanted.sector)
    if wanted.country:
        found.append(ProjectListing.country == wanted.country)
    return found


def _side(side: Side) -> ColumnElement[bool]:
    return Organisation.kind.in_(kinds.VENDORS if side is Side.VENDORS else kinds.FUNDERS)


def _in(shown: Shown) -> ColumnElement[bool]:
    if shown is Shown.OFFERED:
        return Fit.is_offered.is_(True)
    apart = exists().where(
        FitOverride.project_id == Fit.project_id,
        FitOverride.organisation_id == Fit.organisation_id,
        FitOverride.kind == OverrideKind.KEEP_APART,
        FitOverride.withdrawn_at.is_(None),
    )
    return and_(Fit.is_offered.is_(False), Fit.status == FitStatus.NEAR_MISS, ~apart)


def _counts(statement: Any) -> dict[Shown, int]:
    return {shown: paging.count(statement.where(_in(shown))) for shown in Shown}


def _is_offered(project_id: int, organisation_id: int) -> bool | None:
    """Tell whether a pair is offered; None where it is in neither list."""
    mine = (Fit.project_id == project_id, Fit.organisation_id == organisation_id)
    return session().scalar(select(Fit.is_offered).where(*mine, _in(Shown.OFFERED) | _in(Shown.NEAR)))


def _party(organisation: Organisation) -> Party | None:
    return _parties([organisation.id]).get(organisation.id)


def _offered(statement: Any) -> dict[int, bool]:
    return {row[0]: row[1] for row in session().execute(statement)}


def _parties(identities: Iterable[int]) -> dict[int, Party]:
    found = inputs.counterparties(list(identities))
    return {party.organisation_id: party for party in (*found.funders, *found.vendors)}


def _best_first(scores: Iterable[tuple[int, float]]) -> list[int]:
    return [identity for identity, _score in sorted(scores, key=lambda one: (-one[1], one[0]))]


def _scores_for_city(pitch: Pitch, parties: dict[int, Party], offered: dict[int, bool]) -> Iterator[tuple[int, float]]:
    """Yield the score a city is shown of each pair; what one side has blocked since is left out."""
    for identity, party in parties.items():
        explanation = verdicts.explain(pitch, party)
        if not explanation.private:
            yield identity, verdicts.score_for(explanation, _reader_for_city(pitch, party, offered[identity]))


def _scores_for_counterparty(party: Party, offered: dict[int, bool]) -> Iterator[tuple[int, float]]:
    """Yield the score a counterparty is shown of each pair; what one side has blocked since is left out."""
    for pitch in inputs.projects(offered.keys()):
        explanation = verdicts.explain(pitch, party)
        if not explanation.private:
            reader = _reader_for_counterparty(party, pitch.content, offered[pitch.identity])
            yield pitch.identity, verdicts.score_for(explanation, reader)


def _reader_for_city(pitch: Pitch, party: Party, is_offered: bool) -> Open:
    # Before a project is published, nobody was matched with it.
    return disclosure.to_city(party, is_matched=is_offered and pitch.version > 0)


def _reader_for_counterparty(party: Party, content: Content, is_offered: bool) -> Open:
    near = Visibility.MATCHED if is_offered and party.is_verified else Visibility.REGISTERED
    return disclosure.to_counterparty(content, near)


def _page_for_city(pitch: Pitch, offered: dict[int, bool], number: int) -> paging.Page[Other]:
    parties = _parties(offered)
    page = paging.page_of_list(_best_first(_scores_for_city(pitch, parties, offered)), number, SIZE)
    others = _others(pitch, {identity: offered[identity] for identity in page}, parties)
    return paging.Page(others, page.total, page.number, page.pages, page.size)


def _others(pitch: Pitch, offered: dict[int, bool], parties: dict[int, Party] | None = None) -> list[Other]:
    """Compare a project with some counterparties, in the order given; what one side has blocked since is left out."""
    by_id = _parties(offered) if parties is None else parties
    found = []
    for identity, is_offered in offered.items():
        party = by_id.get(identity)
        explanation = verdicts.explain(pitch, party) if party else None
        if party is None or explanation is None or explanation.private:
            continue
        reader = _reader_for_city(pitch, party, is_offered)
        verdict = verdicts.tell(explanation, is_offered, reader, with_wishes=True)
        found.append(Other(party.organisation, party.is_verified, verdict))
    return found


def _matches(party: Party, offered: dict[int, bool]) -> list[Match]:
    """Compare a counterparty with some projects, in the order given; what one side has blocked since is left out."""
    listings = {
        listing.project_id: listing
        for listing in session().scalars(
            select(ProjectListing)
            .where(ProjectListing.project_id.in_(offered.keys()))
            .options(joinedload(ProjectListing.project))
        )
    }
    pitches = {pitch.row.id: pitch for pitch in inputs.published(offered.keys())}
    found = []
    for identity, is_offered in offered.items():
        pitch = pitches.get(identity)
        explanation = verdicts.explain(pitch, party) if pitch else None
        if pitch is None or explanation is None or explanation.private:
            continue
        reader = _reader_for_counterparty(party, pitch.content, is_offered)
        verdict = verdicts.tell(explanation, is_offered, reader, with_wishes=False)
        ask = listings[identity].ask_usd if Block.FINANCE in reader.project else None
        found.append(Match(pitch.row, listings[identity], ask, verdict))
    return found


def _preview(project: ProjectRow, pitch: Pitch, side: Side, shown: Shown, number: int) -> ForCity:
    """Compare a working text with everybody now: nothing is stored before there is a published version."""
    rows = _now(pitch, side)
    lists = {
        Shown.OFFERED: {row.organisation_id: True for row in rows if row.is_offered},
        Shown.NEAR: {row.organisation_id: False for row in rows if row.status == FitStatus.NEAR_MISS},
    }
    counts = {name: len(some) for name, some in lists.items()}
    return ForCity(project, _page_for_city(pitch, lists[shown], number), counts, is_preview=True)


def _now(pitch: Pitch, side: Side) -> list[rescoring.Row]:
    others = inputs.others()
    return list(rescoring.rows_of([pitch.side], others.vendors if side is Side.VENDORS else others.funders))


def _is_offered_now(pitch: Pitch, identity: int) -> bool | None:
    others = inputs.others([identity])
    for row in rescoring.rows_of([pitch.side], [*others.funders, *others.vendors]):
        return row.is_offered
    return None
