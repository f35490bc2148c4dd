"""What one side of a pair may learn from an explanation: no sentence and no figure tells what a page does not show.

A message is open to a reader only if they may read every answer it tells of, on both sides. What is not open is said
without its content, and its value is left out of the score they see, so that it cannot be worked out from the rest.
"""

from dataclasses import dataclass

from marketplace.compatibility import Code, Message
from marketplace.models import Block, Visibility
from marketplace.services.counterparties import visibility as of_counterparties
from marketplace.services.fits.inputs import Party
from marketplace.services.projects import visibility
from marketplace.services.sheets.fields import Content, Sheet
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from marketplace.services.sheets.solution import SOLUTION

Blocks = frozenset[Block]
EVERYTHING: Blocks = frozenset(Block)

_PROJECT_ANSWERS: dict[str, tuple[str, ...]] = {
    "country": (),
    "income_group": (),
    "oda_eligible": (),
    "latitude": ("location",),
    "sector_primary": ("sector_primary",),
    "sectors_secondary": ("sectors_secondary",),
    "activities": ("resettled_people",),
    "stage": ("stage",),
    "climate_objective": ("climate_objective",),
    "ask_usd": ("ask_amount",),
    "total_cost_usd": ("capex",),
    "instruments": ("instruments_sought",),
    "uses": ("uses_sought",),
    "borrower_type": ("applicant_type",),
    "guarantee": ("guarantee_available",),
    "borrowing_capacity": ("borrowing_capacity",),
    "rating": ("rating_grade",),
    "private_sponsor": ("delivery_mode", "applicant_type"),
    "cofinance_pct": ("cofinance_pct_city",),
    "supplier_countries": (),
    "es_documents": ("esia_status", "studies"),
    "es_category": ("es_category",),
    "gender_marker": ("gender_marker",),
    "low_income_pct": ("pct_low_income",),
    "languages": ("understands",),
    "interpreter": ("interpreter_needed",),
    "currency": ("currency",),
    "tenor_years": ("tenor_years",),
    "technology_needs": ("technology_needs",),
    "wanted_organisations": ("wanted_funders",),
    "capacity_left": (),
    "free_slots": (),
}
"""From which answers of the pitch a field of the model comes: they name the blocks it belongs to."""

# What reviewers found is the city's until it shows it.
_PROJECT_BLOCKS: dict[str, Blocks] = {
    **{
        field: frozenset(PITCH.by_name[name].block for name in names) | {Block.BASICS}
        for field, names in _PROJECT_ANSWERS.items()
    },
    "readiness": frozenset({Block.INTERNAL}),
}

_COUNTERPARTY_ANSWERS = {
    "readiness_band": "readiness_min",
    "debarred": "is_debarred",
    "conflict_declared": "has_conflict",
    "project_min_usd": "project_min",
    "project_max_usd": "project_max",
    "beneficial_owner_declared": "beneficial_owner",
}
"""The fields of the counterparty that not everybody may read who may read its profile."""


def _block_of(name: str) -> Block:
    sheets: tuple[Sheet, ...] = (MANDATE, SOLUTION)
    return next(sheet.by_name[name].block for sheet in sheets if name in sheet.by_name)


_COUNTERPARTY_BLOCKS: dict[str, Blocks] = {
    field: frozenset({Block.BASICS, _block_of(name)}) for field, name in _COUNTERPARTY_ANSWERS.items()
}
# The owner is named to the organisers only; that one is named is told to whom the company was matched with.
_COUNTERPARTY_BLOCKS["beneficial_owner_declared"] = frozenset({Block.BASICS, Block.FINANCE})

TELLS: dict[Code, tuple[str, ...]] = {
    **dict.fromkeys(Code, ()),
    Code.OUTSIDE_AREA: ("latitude",),
    Code.ACTIVITY_EXCLUDED: ("activities",),
    Code.NOT_EXCLUDED: ("activities",),
    **dict.fromkeys((Code.INSTRUMENTS_OFFERED, Code.INSTRUMENTS_NONE), ("instruments",)),
    **dict.fromkeys(
        (
            *(Code.TICKET_INSIDE, Code.TICKET_SYNDICATED, Code.TICKET_BUNDLED),
            *(Code.TICKET_ABOVE, Code.TICKET_BELOW),
        ),
        ("ask_usd", "total_cost_usd"),
    ),
    Code.BORROWER_ACCEPTED: ("borrower_type", "guarantee", "borrowing_capacity", "rating"),
    Code.BORROWER_TYPE_NOT_ACCEPTED: ("borrower_type",),
    **dict.fromkeys(
        (
            *(Code.SOVEREIGN_GUARANTEE_MISSING, Code.SUBNATIONAL_GUARANTEE_MISSING),
            *(Code.GUARANTEE_MISSING, Code.GUARANTEE_UNKNOWN),
        ),
        ("guarantee",),
    ),
    **dict.fromkeys(
        (Code.NO_POWER_TO_BORROW, Code.BORROWING_NEEDS_AUTHORISATION, Code.BORROWING_POWER_UNKNOWN),
        ("borrowing_capacity",),
    ),
    **dict.fromkeys(
        (
            *(Code.RATING_BELOW_MINIMUM, Code.RATING_UNKNOWN),
            *(Code.RATING_NATIONAL_SCALE, Code.RATING_UNREADABLE),
        ),
        ("rating",),
    ),
    Code.SPONSOR_MISSING: ("private_sponsor",),
    **dict.fromkeys((Code.USE_FUNDED, Code.USE_NOT_FUNDED), ("uses",)),
    **dict.fromkeys((Code.COFINANCE_ENOUGH, Code.COFINANCE_BELOW_MINIMUM), ("cofinance_pct",)),
    Code.SHARE_ABOVE_MAXIMUM: ("ask_usd", "total_cost_usd"),
    **dict.fromkeys((Code.SAFEGUARDS_MET, Code.DOCUMENTS_MISSING), ("es_documents",)),
    Code.RISK_CATEGORY_NOT_ACCEPTED: ("es_category",),
    **dict.fromkeys((Code.DEBARRED, Code.NOT_DEBARRED), ("debarred",)),
    **dict.fromkeys((Code.CONFLICT_DECLARED, Code.NO_CONFLICT), ("conflict_declared",)),
    **dict.fromkeys((Code.LANGUAGE_SHARED, Code.LANGUAGE_NOT_SHARED), ("languages",)),
    Code.LANGUAGE_INTERPRETED: ("languages", "interpreter"),
    **dict.fromkeys((Code.CATEGORIES_NEEDED, Code.CATEGORIES_NOT_NEEDED), ("technology_needs",)),
    Code.INCLUSION: ("gender_marker", "low_income_pct"),
    Code.INCLUSION_MARKER: ("gender_marker",),
    Code.INCLUSION_LOW_INCOME: ("low_income_pct",),
    **dict.fromkeys((Code.READINESS_INSIDE, Code.READINESS_OUTSIDE), ("readiness", "readiness_band")),
    **dict.fromkeys((Code.CURRENCY_OFFERED, Code.CURRENCY_NOT_OFFERED), ("currency",)),
    **dict.fromkeys((Code.REFERENCES, Code.REFERENCES_NONE), ("technology_needs",)),
    **dict.fromkeys((Code.PRESENCE, Code.PRESENCE_NONE), ("languages",)),
    Code.COMPLIANCE: ("beneficial_owner_declared",),
    Code.SCALE_INSIDE: ("total_cost_usd",),
    Code.SCALE_ABOVE: ("total_cost_usd", "project_max_usd"),
    Code.SCALE_BELOW: ("total_cost_usd", "project_min_usd"),
    **dict.fromkeys((Code.WANTED, Code.NOT_WANTED), ("wanted_organisations",)),
    **dict.fromkeys((Code.FIRST_CHOICE_OFFERED, Code.FIRST_CHOICE_NOT_OFFERED), ("instruments",)),
    **dict.fromkeys((Code.TENOR_MET, Code.TENOR_TOO_SHORT), ("tenor_years",)),
}
"""The fields a message tells of, by the names of the model, beyond what everybody may read of both sides."""


@dataclass(frozen=True)
class Open:
    """What a reader may read of the two sides of a pair."""

    project: Blocks = EVERYTHING
    counterparty: Blocks = EVERYTHING

    def shows(self, message: Message) -> bool:
        """Tell whether a message may be said as it is."""
        if message.code is Code.PROJECT_SILENT:
            # That an answer is missing is told to whom the answer would be.
            return _PROJECT_BLOCKS[str(message.parameters["field"])] <= self.project
        if message.code is Code.COUNTERPARTY_SILENT:
            return self._of_counterparty(str(message.parameters["field"]))
        if not (self.counterparty or message.code in _SAYS_NO_PROFILE):
            return False
        return all(
            _PROJECT_BLOCKS[name] <= self.project if name in _PROJECT_BLOCKS else self._of_counterparty(name)
            for name in TELLS[message.code]
        )

    def _of_counterparty(self, name: str) -> bool:
        return _COUNTERPARTY_BLOCKS.get(name, frozenset({Block.BASICS})) <= self.counterparty

    @property
    def is_all(self) -> bool:
        """Whether nothing is kept from the reader."""
        return self.project >= EVERYTHING and self.counterparty >= EVERYTHING


_SAYS_NO_PROFILE = frozenset({Code.SAME_ORGANISATION, Code.SAME_MAIL_DOMAIN, Code.SLOT_SHARED, Code.WANTED})


def to_city(party: Party, is_matched: bool) -> Open:
    """Return what a city may learn of a counterparty: the parts of its profile that its page shows the city."""
    near = Visibility.MATCHED if is_matched else Visibility.REGISTERED
    if party.organisation.verified_at is None and not is_matched:
        return Open(counterparty=of_counterparties.NOBODY)
    return Open(counterparty=of_counterparties.blocks_for(party.profile.content, near))


def to_counterparty(content: Content, near: Visibility) -> Open:
    """Return what a counterparty this near may learn of a project from its published answers."""
    return Open(project=visibility.blocks_for(content, near))
