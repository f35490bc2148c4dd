"""Random profiles with gaps everywhere, from a seed: for comparing paths and for measuring."""

import random

from marketplace.compatibility import (
    ANYTIME,
    NO_RATING,
    Border,
    Circle,
    Countries,
    Mandate,
    Polygon,
    Project,
    Reference,
    Solution,
)
from marketplace.compatibility.profiles import (
    BORROWING,
    CLIMATE,
    GUARANTEES,
    GUARANTEES_REQUIRED,
    INCOME_GROUPS,
    STAGES,
    USES,
)

COUNTRIES = ("MX", "US", "CO", "BR", "CL", "AR", "EC", "GT", "JM", "BS", "VE", "GY", "XX")
PLACES = ((29.07, -110.96), (20.97, -89.62), (32.22, -110.97), (3.45, -76.53), (-3.12, -60.02), (25.69, -100.32))
SECTORS = ("mobility", "energy", "buildings", "waste", "water", "flood", "nbs", "housing", "digital")
INSTRUMENTS = ("grant", "ta", "conc_loan", "loan", "guarantee", "blended", "equity", "export_credit")
AMOUNTS = (0.0, 1e5, 7.5e5, 1e6, 3e6, 5e6, 12e6, 20e6, 30e6, 50e6, 80e6, 1e9)
PERCENTS = (0, 5, 10, 12.5, 25, 50, 60, 75, 100)
RATINGS = ("AAA", "BB+", "Ba3", "B/B2", "CCC", "mxAA", "none at all", "D")
ORGANISATIONS = ("cali", "manaus", "andean-bank", "sensores", "merida")
DOMAINS = ("cali.gov.co", "andean.example", "gmail.com", "sensores.example")
LANGUAGES = ("es", "en", "pt", "fr")
BORROWERS = ("local_government", "agency", "utility", "private_endorsed")
DOCUMENTS = ("screening", "esia", "esmp", "grievance")
CURRENCIES = ("USD", "COP", "MXN", "BRL")
ACTIVITIES = ("coal", "resettlement", "primary_forest")
SLOTS = ("s1", "s2", "s3", "s4")
AREAS = (
    Border(),
    Border(north_km=10, south_km=20),
    Circle(3.4, -76.5, 50),
    Countries(frozenset({"MX", "BR"})),
    Polygon(((-80, 0), (-70, 0), (-70, 10), (-80, 10))),
)


class Maker:
    """Makes profiles; ``gaps`` is the chance that a field is unknown."""

    def __init__(self, seed: int, gaps: float = 0.2) -> None:
        self.random = random.Random(seed)
        self.gaps = gaps
        self.number = 0

    def known(self) -> bool:
        return self.random.random() >= self.gaps

    def one(self, values):
        return self.random.choice(values) if self.known() else None

    def some(self, values, most=4, chance_of_none=0.1):
        if not self.known():
            return None
        if self.random.random() < chance_of_none:
            return frozenset()
        return frozenset(self.random.sample(values, self.random.randint(1, min(most, len(values)))))

    def sure(self, values, chance=0.3):
        return frozenset(self.random.sample(values, 1)) if self.random.random() < chance else frozenset()

    def yes_no(self):
        return self.one((True, False))

    def restriction(self, values, most=4):
        return self.some(values, most, chance_of_none=0.6)

    def slots(self):
        return ANYTIME if self.random.random() < 0.3 else self.some(SLOTS, 2)

    def pair(self, values):
        low, high = sorted((self.random.choice(values), self.random.choice(values)))
        return low, high

    def identity(self, kind):
        self.number += 1
        return {
            "key": f"{kind}{self.number}",
            "version": "1",
            "organisation": self.one(ORGANISATIONS),
            "mail_domains": self.sure(DOMAINS),
            "blocked_organisations": self.sure(ORGANISATIONS, 0.1),
        }

    def project(self) -> Project:
        latitude, longitude = self.random.choice(PLACES) if self.known() else (None, None)
        sought = self.some(INSTRUMENTS, 4)
        return Project(
            **self.identity("p"),
            country=self.one(COUNTRIES),
            latitude=latitude,
            longitude=longitude,
            income_group=self.one(INCOME_GROUPS) if self.random.random() < 0.2 else None,
            oda_eligible=self.yes_no() if self.random.random() < 0.2 else None,
            sector_primary=self.one(SECTORS),
            sectors_secondary=self.some(SECTORS, 3),
            activities=self.some(ACTIVITIES, 2, 0.7),
            stage=self.one(STAGES),
            climate_objective=self.one(CLIMATE),
            ask_usd=self.one(AMOUNTS),
            total_cost_usd=self.one(AMOUNTS),
            instruments=None if sought is None else tuple(self.random.sample(sorted(sought), len(sought))),
            uses=self.some(USES, 2),
            borrower_type=self.one(BORROWERS),
            guarantee=self.one(GUARANTEES),
            borrowing_capacity=self.one(BORROWING),
            rating=self.one(RATINGS),
            private_sponsor=self.yes_no(),
            cofinance_pct=self.one(PERCENTS),
            supplier_countries=self.some(COUNTRIES, 3),
            es_documents=self.some(DOCUMENTS, 4),
            es_category=self.one("ABC"),
            gender_marker=self.one((0, 1, 2)),
            low_income_pct=self.one(PERCENTS),
            readiness=self.one(PERCENTS),
            languages=self.some(LANGUAGES, 2),
            interpreter=self.yes_no(),
            currency=self.one(CURRENCIES),
            tenor_years=self.one((5, 10, 15, 20)),
            technology_needs=self.some(SECTORS, 3),
            wanted_organisations=self.some(ORGANISATIONS, 2),
            free_slots=self.slots(),
            capacity_left=self.one((0, 1, 5, 5)),
        )

    def mandate(self) -> Mandate:
        least, most = self.pair((*AMOUNTS, float("inf")))
        band = self.pair(PERCENTS)
        return Mandate(
            **self.identity("f"),
            sectors=self.some(SECTORS, 4),
            generalist=self.yes_no(),
            excluded_sectors=self.restriction(SECTORS),
            excluded_activities=self.restriction(ACTIVITIES),
            instruments=self.some(INSTRUMENTS, 4),
            ticket_min_usd=least if self.known() and least < float("inf") else None,
            ticket_max_usd=most if self.known() else None,
            ticket_basis=self.random.choice(("ask", "total_cost")),
            allows_syndication=self.yes_no(),
            allows_bundling=self.yes_no(),
            stages=self.some(STAGES, 4),
            climate_focus=self.one(CLIMATE),
            countries=self.restriction(COUNTRIES, 8),
            priority_countries=self.some(COUNTRIES, 3),
            areas=(tuple(self.random.sample(AREAS, self.random.choice((0, 0, 1, 2)))) if self.known() else None),
            income_groups=self.restriction(INCOME_GROUPS),
            oda_only=self.yes_no(),
            borrower_types=self.restriction(BORROWERS),
            guarantee_required=self.one(GUARANTEES_REQUIRED),
            borrowing_capacity_required=self.yes_no(),
            min_rating=self.one((*RATINGS, NO_RATING)),
            private_sponsor_required=self.yes_no(),
            min_cofinance_pct=self.one(PERCENTS),
            max_share_pct=self.one(PERCENTS),
            uses=self.some(USES, 3),
            supplier_countries=self.restriction(COUNTRIES),
            es_documents=self.restriction(DOCUMENTS, 2),
            es_categories=self.restriction("ABC"),
            gender_marker_min=self.one((0, 1, 2)),
            readiness_band=band if self.known() else None,
            currencies=self.some(CURRENCIES, 3),
            tenor_max_years=self.one((5, 10, 15, 20)),
            languages=self.some(LANGUAGES, 2),
            interpreter_ok=self.yes_no(),
            debarred=self.one((True, False, False, False)),
            free_slots=self.slots(),
            capacity_left=self.one((0, 1, 5, 5)),
        )

    def solution(self) -> Solution:
        least, most = self.pair((*AMOUNTS, float("inf")))
        references = tuple(
            Reference(self.one(SECTORS), self.one(COUNTRIES)) for _ in range(self.random.choice((0, 1, 2, 4)))
        )
        return Solution(
            **self.identity("v"),
            categories=self.some(SECTORS, 4),
            references=references if self.known() else None,
            local_presence=self.some(COUNTRIES, 3),
            languages=self.some(LANGUAGES, 2),
            certifications=self.some(("iso_9001", "iso_14001", "iso_27001", "leed"), 3),
            anti_corruption_policy=self.yes_no(),
            beneficial_owner_declared=self.yes_no(),
            project_min_usd=least if self.known() and least < float("inf") else None,
            project_max_usd=most if self.known() else None,
            vendor_finance=self.yes_no(),
            debarred=self.one((True, False, False)),
            conflict_declared=self.one((True, False, False)),
            accepts_market_sounding=self.one((True, True, False)),
        )
