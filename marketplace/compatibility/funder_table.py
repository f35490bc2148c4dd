"""Rules and terms of projects and funders, by blocks: ``rules``, ``funder`` and ``preference`` in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .area_table import AreaBlocks
from .borrower import DEBT, borrowing_power_check, guarantee_check, rating_check, sponsor_check
from .codes import FUNDER_WEIGHTS, PREFERENCE_WEIGHTS, Term
from .columns import Bools, Checks, Floats, Lookup, Open, Overlap, Sum, flags, numbers, one
from .funder import climate_value
from .identity_table import IdentityBlocks
from .place import country_check, income_group, income_group_check, oda_check, oda_eligible
from .profiles import ANYTIME, STAGES, Codes, Mandate, Project
from .rules import steps_outside
from .ticket import LEAST_BUNDLED, LEAST_SYNDICATED

NAN = float("nan")


class FunderBlocks:
    """Projects and mandates as columns; every method judges some projects against all mandates."""

    def __init__(self, projects: Sequence[Project], mandates: Sequence[Mandate]) -> None:
        self.shape = (len(projects), len(mandates))
        self.identity = IdentityBlocks(projects, mandates)
        self._place(projects, mandates)
        self._matter(projects, mandates)
        self._money(projects, mandates)
        self._meeting(projects, mandates)

    def _place(self, projects: Sequence[Project], mandates: Sequence[Mandate]) -> None:
        countries = [project.country for project in projects]
        self.country = Checks(
            countries,
            [(mandate.countries, mandate.priority_countries) for mandate in mandates],
            lambda country, lists: country_check(country, *lists),
        )
        self.area = AreaBlocks(
            [(project.country, project.latitude, project.longitude) for project in projects],
            [mandate.areas for mandate in mandates],
        )
        self.income = Checks(
            [income_group(project) for project in projects],
            [mandate.income_groups for mandate in mandates],
            lambda group, accepted: income_group_check(None, group, accepted),
        )
        self.oda = Checks(
            [oda_eligible(project) for project in projects],
            [mandate.oda_only for mandate in mandates],
            lambda eligible, only: oda_check(None, eligible, only),
        )
        self.priority = Lookup(countries, [mandate.priority_countries for mandate in mandates], _priority)

    def _matter(self, projects: Sequence[Project], mandates: Sequence[Mandate]) -> None:
        primary = [one(project.sector_primary) for project in projects]
        sectors = [mandate.sectors for mandate in mandates]
        self.primary = Overlap(primary, sectors)
        self.secondary = Overlap([project.sectors_secondary for project in projects], sectors)
        self.generalist = flags(mandates, "generalist") == 1
        self.excluded_sector = Overlap(primary, [mandate.excluded_sectors for mandate in mandates])
        self.excluded_activity = Overlap(
            [project.activities for project in projects], [mandate.excluded_activities for mandate in mandates]
        )
        self.steps = Lookup([project.stage for project in projects], [mandate.stages for mandate in mandates], _steps)
        self.climate = Lookup(
            [project.climate_objective for project in projects],
            [mandate.climate_focus for mandate in mandates],
            lambda objective, focus: NAN if objective is None or focus is None else climate_value(objective, focus),
        )
        self.documents = Overlap(
            [project.es_documents for project in projects], [mandate.es_documents for mandate in mandates]
        )
        self.category = Overlap(
            [one(project.es_category) for project in projects], [mandate.es_categories for mandate in mandates]
        )
        self.marker, self.low_income = numbers(projects, "gender_marker"), numbers(projects, "low_income_pct")
        self.marker_min = numbers(mandates, "gender_marker_min")
        self.readiness = numbers(projects, "readiness")
        bands = [mandate.readiness_band or (NAN, NAN) for mandate in mandates]
        self.band = np.array(bands, dtype=np.float64).reshape(-1, 2)

    def _money(self, projects: Sequence[Project], mandates: Sequence[Mandate]) -> None:
        sought = [project.instruments for project in projects]
        offered = [mandate.instruments for mandate in mandates]
        self.instruments = Overlap(sought, offered)
        self.first = Overlap([None if codes is None else codes[:1] for codes in sought], offered)
        self.debt = Overlap([DEBT.intersection(codes or ()) for codes in sought], offered)
        self.borrower = Overlap(
            [one(project.borrower_type) for project in projects], [mandate.borrower_types for mandate in mandates]
        )
        self.debt_checks = [
            Checks([getattr(it, mine) for it in projects], [getattr(it, theirs) for it in mandates], check)
            for mine, theirs, check in (
                ("guarantee", "guarantee_required", guarantee_check),
                ("borrowing_capacity", "borrowing_capacity_required", borrowing_power_check),
                ("rating", "min_rating", rating_check),
            )
        ]
        self.sponsor = Checks(
            [project.private_sponsor for project in projects],
            [mandate.private_sponsor_required for mandate in mandates],
            sponsor_check,
        )
        self.uses = Overlap([project.uses for project in projects], [mandate.uses for mandate in mandates])
        self.suppliers = Overlap(
            [project.supplier_countries for project in projects], [mandate.supplier_countries for mandate in mandates]
        )
        self.ask, self.cost = numbers(projects, "ask_usd"), numbers(projects, "total_cost_usd")
        self.cofinance, self.tenor = numbers(projects, "cofinance_pct"), numbers(projects, "tenor_years")
        self.least, self.most = numbers(mandates, "ticket_min_usd"), numbers(mandates, "ticket_max_usd")
        self.by_ask = np.array([mandate.ticket_basis == "ask" for mandate in mandates], dtype=np.bool_)
        self.syndicates, self.bundles = flags(mandates, "allows_syndication"), flags(mandates, "allows_bundling")
        self.cofinance_min, self.share_max = numbers(mandates, "min_cofinance_pct"), numbers(mandates, "max_share_pct")
        self.tenor_max = numbers(mandates, "tenor_max_years")
        self.currency = Overlap(
            [one(project.currency) for project in projects], [mandate.currencies for mandate in mandates]
        )

    def _meeting(self, projects: Sequence[Project], mandates: Sequence[Mandate]) -> None:
        self.languages = Overlap(
            [project.languages for project in projects], [mandate.languages for mandate in mandates]
        )
        self.interpreter, self.interpreter_ok = flags(projects, "interpreter"), flags(mandates, "interpreter_ok")
        self.slots = Overlap([project.free_slots for project in projects], [mandate.free_slots for mandate in mandates])
        self.anytime = np.array([project.free_slots == ANYTIME for project in projects], dtype=np.bool_)
        self.anytime_there = np.array([mandate.free_slots == ANYTIME for mandate in mandates], dtype=np.bool_)
        self.left, self.left_there = numbers(projects, "capacity_left"), numbers(mandates, "capacity_left")

    def judge(self, rows: slice, keep: bool) -> tuple[list[Open], Sum, Sum, Bools]:
        """The eleven rules in order, the score, the preference, and the blocked pairs of a block."""
        place = self.country.block(rows) | self.area.block(rows) | self.income.block(rows) | self.oda.block(rows)
        ticket, ticket_value = self._ticket(rows)
        steps = self.steps.block(rows)
        offered = self.instruments.count(rows)
        language, shared, language_value = self._language(rows)
        blocked = self.identity.blocked(rows)
        rules = [
            place,
            self.excluded_sector.excluded(rows) | self.excluded_activity.excluded(rows),
            self.instruments.offered(rows, offered > 0),
            ticket,
            Open(steps > 1, np.isnan(steps)),
            self._borrower(rows, offered > 0),
            self.uses.offered(rows, self.uses.any(rows)) | self.suppliers.restricted(rows),
            self._cofinance(rows),
            self.documents.required(rows)
            | self.category.restricted(rows)
            | self.identity.debarment()
            | self.identity.conflicts(rows, blocked),
            language,
            self._slot(rows),
        ]
        first = self._where_both(self.first, rows, self.first.any(rows))
        points = (offered + self.first.any(rows)).astype(np.float64)
        instrument = self._where_both(self.instruments, rows, points / (self.instruments.row_size[rows, None] + 1.0))
        inclusion, inclusion_known = self._inclusion(rows)
        terms: dict[Term, Floats] = {
            Term.SECTOR: self._sector(rows),
            Term.INSTRUMENT: instrument,
            Term.TICKET: ticket_value,
            Term.STAGE: np.where(np.isnan(steps), NAN, np.where(steps == 0, 1.0, np.where(steps == 1, 0.5, 0.0))),
            Term.CLIMATE: self.climate.block(rows),
            Term.GEOGRAPHY: self._geography(rows, place.fail),
            Term.INCLUSION: inclusion,
            Term.READINESS: self._readiness(rows),
            Term.LANGUAGE: language_value,
            Term.CURRENCY: self._where_both(self.currency, rows, self.currency.any(rows)),
        }
        score = Sum(offered.shape, FUNDER_WEIGHTS, keep)
        for term, value in terms.items():
            score.add(term, value, inclusion_known if term is Term.INCLUSION else 1.0)
        preference = Sum(offered.shape, PREFERENCE_WEIGHTS)
        preference.add(Term.WANTED, self.identity.wanted(rows))
        preference.add(Term.FIRST_CHOICE, first)
        preference.add(Term.TENOR, self._tenor(rows))
        preference.add(Term.SHARED_LANGUAGE, self._where_both(self.languages, rows, shared))
        return rules, score, preference, blocked

    def _where_both(self, sets: Overlap, rows: slice, value: Floats | Bools) -> Floats:
        """The value where both sides are known."""
        return np.where(sets.row_known[rows, None] & sets.column_known, value, NAN)

    def _ticket(self, rows: slice) -> tuple[Open, Floats]:
        amount = np.where(self.by_ask, self.ask[rows, None], self.cost[rows, None])
        above = amount > self.most
        below = ~above & (amount < self.least)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(above, self.most / amount, np.where(below, amount / self.least, 1.0))
        allowed = np.where(above, self.syndicates, self.bundles)
        outside = above | below
        fail = outside & ((ratio < np.where(above, LEAST_SYNDICATED, LEAST_BUNDLED)) | (allowed == 0))
        silent = np.isnan(amount) | (~outside & (np.isnan(self.least) | np.isnan(self.most)))
        unknown = silent | (outside & ~fail & (allowed == -1))
        return Open(fail, unknown), np.where(fail, 0.0, np.where(unknown, NAN, ratio))

    def _borrower(self, rows: slice, common: Bools) -> Open:
        owes = ~common | self.debt.any(rows)
        result = self.borrower.restricted(rows) | self.sponsor.block(rows)
        for checks in self.debt_checks:
            result = result | checks.block(rows).where(owes)
        return result

    def _cofinance(self, rows: slice) -> Open:
        mine, ask, cost = self.cofinance[rows, None], self.ask[rows, None], self.cost[rows, None]
        own = Open(
            mine < self.cofinance_min, np.isnan(self.cofinance_min) | (np.isnan(mine) & (self.cofinance_min > 0))
        )
        free = (self.share_max >= 100) | (self.syndicates == 1)
        silent = np.isnan(ask) | np.isnan(cost)
        above = ~free & (ask * 100 > cost * self.share_max)
        share = Open(
            above & (self.syndicates == 0),
            np.isnan(self.share_max) | (~free & silent) | (above & (self.syndicates == -1)),
        )
        return own | share

    def _language(self, rows: slice) -> tuple[Open, Bools, Floats]:
        shared = self.languages.any(rows)
        mine, theirs = self.interpreter[rows, None], self.interpreter_ok
        bridged, refused = (mine == 1) & (theirs == 1), (mine == 0) | (theirs == 0)
        known = self.languages.row_known[rows, None] & self.languages.column_known
        finding = Open(~shared & ~bridged & known & refused, ~shared & ~bridged & ~(known & refused))
        value = np.where(shared, 1.0, np.where(refused, 0.0, np.where(bridged, 0.4, NAN)))
        return finding, shared, np.where(known, value, NAN)

    def _slot(self, rows: slice) -> Open:
        left, slots = self.left[rows, None], self.slots
        known = slots.row_known[rows, None] & slots.column_known
        common = slots.any(rows)
        common |= self.anytime[rows, None] & (slots.column_size > 0)
        common |= self.anytime_there & (slots.row_size[rows, None] > 0)
        return Open(
            (left < 1) | (self.left_there < 1) | (known & ~common),
            np.isnan(left) | np.isnan(self.left_there) | ~known,
        )

    def _sector(self, rows: slice) -> Floats:
        primary, secondary = self.primary.any(rows), self.secondary.any(rows)
        silent = ~self.secondary.row_known[rows, None] & (self.primary.column_size > 0)
        value = np.where(self.generalist, 0.5, np.where(silent, NAN, 0.0))
        value = np.where(primary, 1.0, np.where(secondary, 0.6, value))
        known = self.primary.row_known[rows, None] & (self.primary.column_known | self.generalist)
        return np.where(known, value, NAN)

    def _geography(self, rows: slice, outside: Bools) -> Floats:
        priority = self.priority.block(rows)
        return np.where(np.isnan(priority), NAN, np.where(priority == 1, 1.0, np.where(outside, 0.0, 0.5)))

    def _inclusion(self, rows: slice) -> tuple[Floats, Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.minimum(1.0, self.marker[rows, None] / self.marker_min)
        by_marker = np.where(self.marker_min == 0, 1.0, ratio)
        by_income = np.broadcast_to(np.minimum(1.0, self.low_income[rows, None] / 50.0), by_marker.shape)
        one_known = np.where(np.isnan(by_marker), by_income, by_marker)
        both = ~np.isnan(by_marker) & ~np.isnan(by_income)
        return np.where(both, (by_marker + by_income) / 2.0, one_known), np.where(both, 1.0, 0.5)

    def _readiness(self, rows: slice) -> Floats:
        mine, low, high = self.readiness[rows, None], self.band[:, 0], self.band[:, 1]
        distance = np.maximum(np.maximum(low - mine, mine - high), 0.0)
        return np.maximum(0.0, 1.0 - distance / 25.0)

    def _tenor(self, rows: slice) -> Floats:
        mine = self.tenor[rows, None]
        return np.where(np.isnan(mine) | np.isnan(self.tenor_max), NAN, self.tenor_max >= mine)


def _priority(country: str | None, priority: Codes | None) -> float:
    return NAN if country is None or priority is None else float(country in priority)


def _steps(stage: str | None, stages: Codes | None) -> float:
    return NAN if stage is None or stages is None else float(min(steps_outside(stage, stages), len(STAGES)))
