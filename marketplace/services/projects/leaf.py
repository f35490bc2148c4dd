"""One project of the book as one reader sees it: the published answers they may read, and what follows from them.

Pages, documents and exports are all made from a leaf, so none of them can tell more than another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from marketplace import clock, config
from marketplace.database import session
from marketplace.errors import NotFound
from marketplace.i18n import in_language
from marketplace.models import (
    Block,
    CityPair,
    Organisation,
    Project,
    ProjectFile,
    ProjectListing,
    ProjectVersion,
    User,
    Visibility,
)
from marketplace.services.projects import figures, visibility
from marketplace.services.sheets.fields import Field
from marketplace.services.sheets.pitch import PITCH

BLOCKS = (
    Block.STORY,
    Block.IMPACT,
    Block.FINANCE,
    Block.MATURITY,
    Block.INCLUSION,
    Block.NEEDS,
    Block.DOCUMENTS,
    Block.CONTACT,
)
"""The blocks in the order in which a reader meets them, after the basics. What is internal is in no book."""


class Amount(NamedTuple):
    """An amount as stated, and in whole US dollars at the frozen rate (None where it is stated in dollars)."""

    value: Decimal
    currency: str
    usd: int | None


@dataclass(frozen=True)
class Leaf:
    """What one reader may read of a project. `hidden` names the blocks kept from them and who may read those."""

    project: Project
    version: ProjectVersion
    city: Organisation
    partner: Organisation | None
    content: Mapping[str, Any]
    near: Visibility
    hidden: list[tuple[Block, Visibility]]
    files: dict[str, ProjectFile]

    @property
    def slug(self) -> str:
        """The address of the project."""
        return self.project.slug

    @property
    def address(self) -> str:
        """The address of the project's page."""
        return f"{config.current().public_url}/projects/{self.slug}"

    @property
    def is_more_than_public(self) -> bool:
        """Whether anything here is not for everybody."""
        whole = self.version.content
        return any(
            PITCH.by_name[name].block not in visibility.blocks_for(whole, Visibility.PUBLIC) for name in self.content
        )

    @property
    def images(self) -> list[ProjectFile]:
        """The pictures, the first one first."""
        return [self.files[uid] for uid in self.content.get("images", ()) if uid in self.files]

    def answers(self, block: Block) -> list[tuple[Field, Any]]:
        """Return the answers of a block in the order of the sheet; questions that do not apply are left out."""
        return [
            (field, self.content[field.name])
            for field in PITCH.by_name.values()
            if field.block is block
            and self.content.get(field.name) not in (None, "", [], {})
            and field.applies(self.version.content)
        ]

    def files_of(self, field: Field) -> list[ProjectFile]:
        """Return the files an answer names."""
        return [self.files[uid] for uid in self.content.get(field.name, ()) if uid in self.files]

    def amount(self, name: str) -> Amount | None:
        """Return the amount of a field; None where it is not stated or not for this reader."""
        return self.amount_of(self.content.get(name)) if self._has(name) else None

    def amount_of(self, value: str | Decimal | None) -> Amount | None:
        """Return a value in the project's currency as an amount."""
        if value is None or not self._has("currency"):
            return None
        number, currency = Decimal(value), self.version.currency
        return Amount(number, currency, None if currency == "USD" else figures.in_usd(number, self.version.usd_rate))

    @property
    def rate(self) -> tuple[Decimal, date] | None:
        """The frozen rate (how much of the currency a US dollar cost) and its day, where finance may be read."""
        if not self._has("currency") or self.version.currency == "USD":
            return None
        return self.version.usd_rate, self.version.usd_rate_on

    @property
    def gap(self) -> Amount | None:
        """What of the cost is not secured yet."""
        return self.amount_of(figures.gap(self.content))

    @property
    def lifetime_ghg(self) -> Decimal | None:
        """Emissions avoided over the useful life, in t CO2e; needs both answers."""
        return figures.ghg_lifetime(self.content)

    def _has(self, name: str) -> bool:
        return self.content.get(name) is not None


def find(slug: str, reader: User | None) -> Leaf:
    """Return a project of the book as somebody (or everybody) may read it; raises `NotFound` for any other."""
    project = session().scalar(
        select(Project)
        .where(Project.slug == slug)
        .options(
            joinedload(Project.city).joinedload(Organisation.city),
            joinedload(Project.listing).joinedload(ProjectListing.version),
        )
    )
    if project is None or project.listing is None or not visibility.is_in_book(project):
        raise NotFound
    version, found = project.listing.version, visibility.reading(project, reader)
    blocks = found.blocks - {Block.INTERNAL}
    whole = version.content
    return Leaf(
        project=project,
        version=version,
        city=project.city,
        partner=_partner(project.city_id),
        content=visibility.shown(whole, blocks, found.without),
        near=found.level,
        hidden=[(block, visibility.needed(whole, block)) for block in BLOCKS if block not in blocks],
        files=_files(project, visibility.files_in(whole, blocks)),
    )


def city_name(city: Organisation) -> str:
    """Name a city in the reader's language."""
    return in_language(city.names) or city.name


def _files(project: Project, uids: set[str]) -> dict[str, ProjectFile]:
    if not uids:
        return {}
    statement = select(ProjectFile).where(ProjectFile.project_id == project.id, ProjectFile.uid.in_(uids))
    return {file.uid: file for file in session().scalars(statement)}


def _partner(identity: int) -> Organisation | None:
    today = clock.now().date()
    pair = session().scalar(
        select(CityPair)
        .where(
            or_(CityPair.lac_city_id == identity, CityPair.us_city_id == identity),
            CityPair.valid_from <= today,
            or_(CityPair.valid_until.is_(None), CityPair.valid_until > today),
        )
        .order_by(CityPair.valid_from.desc())
        .limit(1)
        .options(joinedload(CityPair.lac_city), joinedload(CityPair.us_city))
    )
    if pair is None:
        return None
    partner = pair.us_city if pair.lac_city_id == identity else pair.lac_city
    return partner if partner.deactivated_at is None else None
