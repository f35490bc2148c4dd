"""Rules and terms of projects and vendors, by blocks: ``vendor`` and ``preference`` in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .codes import PREFERENCE_WEIGHTS, VENDOR_WEIGHTS, Term
from .columns import Bools, Floats, Open, Overlap, Sum, flags, incidence, numbers, one
from .identity_table import IdentityBlocks
from .profiles import Project, Reference, Solution
from .vendor import ENOUGH_REFERENCES, compliance

NAN = float("nan")


class VendorBlocks:
    """Projects and solutions as columns; every method judges some projects against all solutions."""

    def __init__(self, projects: Sequence[Project], solutions: Sequence[Solution]) -> None:
        self.shape = (len(projects), len(solutions))
        self.identity = IdentityBlocks(projects, solutions)
        needs = [project.technology_needs for project in projects]
        self.categories = Overlap(needs, [solution.categories for solution in solutions])
        self.presence = Overlap(
            [one(project.country) for project in projects], [solution.local_presence for solution in solutions]
        )
        self.languages = Overlap(
            [project.languages for project in projects], [solution.languages for solution in solutions]
        )
        self.conflict = flags(solutions, "conflict_declared")[None, :]
        self.sounding = flags(solutions, "accepts_market_sounding")[None, :]
        judged = [compliance(solution) for solution in solutions]
        self.compliance = np.array([NAN if term.value is None else term.value for term in judged], dtype=np.float64)
        self.compliance_known = np.array([term.known for term in judged], dtype=np.float64)
        self.cost = numbers(projects, "total_cost_usd")
        self.least, self.most = numbers(solutions, "project_min_usd"), numbers(solutions, "project_max_usd")
        finance = flags(solutions, "vendor_finance").astype(np.float64)
        self.finance = np.where(finance == -1, NAN, finance)
        self._references(projects, solutions)

    def _references(self, projects: Sequence[Project], solutions: Sequence[Solution]) -> None:
        self.countries = [project.country for project in projects]
        self.abroad = np.array([country is None for country in self.countries], dtype=np.bool_)
        given = [solution.references for solution in solutions]
        self.given = np.array([references is not None for references in given], dtype=np.bool_)
        self.some = np.array([bool(references) for references in given], dtype=np.bool_)
        # References without a category lean on the vendor's categories; without those nothing can be said.
        self.leaning = np.array(
            [any(work.category is None for work in references or ()) for references in given], dtype=np.bool_
        )
        names = sorted(
            {work.category for references in given for work in references or () if work.category is not None}
        )
        self.vocabulary = {name: number for number, name in enumerate(names)}
        self.needs = incidence([project.technology_needs for project in projects], self.vocabulary)
        self.counted = {country: self._count(given, country) for country in {None, *self.countries}}

    def _count(
        self, given: Sequence[tuple[Reference, ...] | None], country: str | None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """References per category and solution, and those without category; of one country or of all."""
        by_category = np.zeros((len(self.vocabulary), len(given)), dtype=np.float32)
        without = np.zeros(len(given), dtype=np.float32)
        for column, references in enumerate(given):
            for work in references or ():
                if country is not None and work.country != country:
                    continue
                if work.category is None:
                    without[column] += 1
                else:
                    by_category[self.vocabulary[work.category], column] += 1
        return by_category, without

    def judge(self, rows: slice, keep: bool) -> tuple[list[Open], Sum, Sum, Bools]:
        """The four rules in order, the score, the preference, and the blocked pairs of a block."""
        blocked = self.identity.blocked(rows)
        shared = self.categories.count(rows)
        languages = self._where_both(self.languages, rows, self.languages.any(rows))
        nothing = np.zeros(shared.shape, dtype=np.bool_)
        rules = [
            self.identity.debarment() | Open(nothing, nothing),
            Open(self.conflict == 1, self.conflict == -1) | self.identity.conflicts(rows, blocked),
            self.categories.offered(rows, shared > 0),
            Open(self.sounding == 0, self.sounding == -1) | Open(nothing, nothing),
        ]
        presence, presence_known = self._presence(rows, languages)
        score = Sum(shared.shape, VENDOR_WEIGHTS, keep)
        needs = np.maximum(self.categories.row_size[rows, None], 1.0).astype(np.float64)
        score.add(Term.CATEGORY, self._where_both(self.categories, rows, shared.astype(np.float64) / needs))
        score.add(Term.REFERENCES, self._comparable(rows, shared > 0))
        score.add(Term.PRESENCE, presence, presence_known)
        score.add(Term.COMPLIANCE, self.compliance, self.compliance_known)
        score.add(Term.SCALE, self._scale(rows))
        score.add(Term.VENDOR_FINANCE, self.finance)
        preference = Sum(shared.shape, {term: PREFERENCE_WEIGHTS[term] for term in (Term.WANTED, Term.SHARED_LANGUAGE)})
        preference.add(Term.WANTED, self.identity.wanted(rows))
        preference.add(Term.SHARED_LANGUAGE, languages)
        return rules, score, preference, blocked

    def _where_both(self, sets: Overlap, rows: slice, value: Floats | Bools) -> Floats:
        """The value where both sides are known."""
        return np.where(sets.row_known[rows, None] & sets.column_known, value, NAN)

    def _comparable(self, rows: slice, fits: Bools) -> Floats:
        needs = self.needs[rows]
        by_category, without = self.counted[None]
        points = needs @ by_category + fits * without
        for country in sorted({country for country in self.countries[rows] if country is not None}):
            here = np.array([mine == country for mine in self.countries[rows]], dtype=np.bool_)
            by_category, without = self.counted[country]
            points[here] += needs[here] @ by_category + fits[here] * without
        value = np.minimum(1.0, points.astype(np.float64) / ENOUGH_REFERENCES)
        unknown = ~self.categories.row_known[rows, None] | ~self.given
        unknown = unknown | (self.abroad[rows, None] & self.some) | (self.leaning & ~self.categories.column_known)
        return np.where(unknown, NAN, value)

    def _presence(self, rows: slice, languages: Floats) -> tuple[Floats, Floats]:
        local = self._where_both(self.presence, rows, self.presence.any(rows))
        one_known = np.where(np.isnan(local), languages, local)
        both = ~np.isnan(local) & ~np.isnan(languages)
        return np.where(both, (local + languages) / 2.0, one_known), np.where(both, 1.0, 0.5)

    def _scale(self, rows: slice) -> Floats:
        cost = self.cost[rows, None]
        above = cost > self.most
        below = ~above & (cost < self.least)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(above, self.most / cost, np.where(below, cost / self.least, 1.0))
        silent = np.isnan(cost) | (~above & ~below & (np.isnan(self.least) | np.isnan(self.most)))
        return np.where(silent, NAN, ratio)
