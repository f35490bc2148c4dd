"""The sample pitches as answers of the sheet, from the files in `data/pitches/`.

A file has the facts of its city and the pitches themselves; what a pitch does not say follows from its stage, its
sector and its language (`data/pitch_defaults.toml`). Amounts of money are in millions there. Days are counted from the
day of loading, so that the programme never grows old.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from marketplace import i18n
from marketplace.models import FileKind, PerformanceStandard, Stage
from marketplace.services.projects.consistency import JUSTIFICATIONS
from marketplace.services.sample import records
from marketplace.services.sheets import values
from marketplace.services.sheets.fields import Sheet
from marketplace.services.sheets.pitch import DEFAULT_VISIBILITY, PITCH
from marketplace.services.sheets.values import merge

_DATA = Path(__file__).parent / "data"

_EARLY = {Stage.SCOPING, Stage.PREFEASIBILITY, Stage.FEASIBILITY}
_LENT = {"loan", "conc_loan", "green_bond", "export_credit"}


@dataclass(frozen=True)
class Pitch:
    """One pitch: whose it is, what its file says of it (`facts`), and what holds for its city (`city`)."""

    slug: str
    city_slug: str
    facts: dict[str, Any]
    city: dict[str, Any]
    people: tuple[records.Person, ...]
    place: int

    @property
    def language(self) -> str:
        """The language of the city, in which the pitch was written first."""
        return self.people[0].locale

    @property
    def currency(self) -> str:
        """What its amounts are in."""
        return str(self.facts.get("currency", self.city["currency"]))

    def files(self) -> list[FileKind]:
        """Return the kinds of files it has, one of each."""
        found = [FileKind.IMAGE] if self.facts.get("image") else []
        if self.facts.get("note"):
            found.append(FileKind.CONCEPT_NOTE)
        if self.facts.get("evidence", "estimated") != "estimated":
            found.append(FileKind.EVIDENCE)
        if self.facts.get("applicant", "local_government") != "local_government":
            found.append(FileKind.ENDORSEMENT)
        return found

    def content(self, today: date) -> dict[str, Any]:
        """Return the answers, without files. A ValueError names what does not fit the sheet."""
        raw = _Answers(self, today).all()
        steps = self.facts.get("steps")
        found = read(PITCH, {name: answer for name, answer in raw.items() if name in PITCH.by_name}, self.slug)
        if steps:
            found = {name: answer for name, answer in found.items() if PITCH.step_of[name].name in steps}
        # A field that is not asked of this project stands empty, as it does where a city fills the form.
        found = {name: answer for name, answer in found.items() if PITCH.by_name[name].applies(found)}
        return found | ({JUSTIFICATIONS: self.facts["justified"]} if "justified" in self.facts else {})


def read(sheet: Sheet, raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Return answers as a sheet keeps them; a ValueError names the file's entry and what cannot be read."""
    found: dict[str, Any] = {}
    with i18n.speaking("en"):
        for step in sheet.steps:
            answers, errors = values.read(step, raw)
            if errors:
                said = "; ".join(f"{path}: {message}" for path, message in errors.items())
                raise ValueError(f"sample {name}: {said}")
            found = merge(found, answers)
    unknown = set(raw) - set(sheet.by_name)
    if unknown:
        raise ValueError(f"sample {name}: no such fields: {', '.join(sorted(unknown))}")
    return found


@lru_cache(maxsize=1)
def pitches() -> list[Pitch]:
    """Return all sample pitches, by city."""
    teams: dict[str, list[records.Person]] = {}
    for person in records.people():
        if person.email.startswith("city."):
            teams.setdefault(person.organisation, []).append(person)
    found: list[Pitch] = []
    for path in sorted((_DATA / "pitches").glob("*.toml")):
        file = tomllib.loads(path.read_text(encoding="utf-8"))
        for entry in file["pitch"]:
            slug = entry.get("city", path.stem)
            team = tuple(teams[slug])
            address = entry.get("slug", f"{slug}-{entry['name']}")
            facts = file.get(slug) or file["city"]
            found.append(Pitch(address, slug, entry, facts, team, len(found)))
    return found


@lru_cache(maxsize=1)
def defaults() -> dict[str, Any]:
    """Return what pitches have in common."""
    return tomllib.loads((_DATA / "pitch_defaults.toml").read_text(encoding="utf-8"))


def months(day: date, number: int) -> date:
    """Return the first of the month so many months after (or before) a day."""
    place = day.year * 12 + day.month - 1 + number
    return date(place // 12, place % 12 + 1, 1)


def millions(amount: float, share: float = 1) -> str:
    """Return so much of so many millions as plain digits."""
    return f"{Decimal(str(amount)) * Decimal(str(share)) * 1_000_000:.2f}"


def _rough(amount: float, share: float) -> str:
    """Return a share of an amount in millions, to two digits that count: an estimate looks like one."""
    found = Decimal(str(amount)) * Decimal(str(share)) * 1_000_000
    return f"{Decimal(f'{found:.1e}'):.2f}"


class _Answers:
    """The raw answers of one pitch, step by step."""

    def __init__(self, pitch: Pitch, today: date) -> None:
        self.pitch, self.today = pitch, today
        self.facts, self.city, self.language = pitch.facts, pitch.city, pitch.language
        self.stage = defaults()["stage"][self.facts["stage"]]
        self.sector = defaults()["sector"][self.facts["sector"]]

    def all(self) -> dict[str, Any]:
        """Return the answers of all steps."""
        return {
            **self._gate(),
            **self._project(),
            **self._maturity(),
            **self._finance(),
            **self._impact(),
            **self._inclusion(),
            **self._needs(),
            **self._consent(),
        }

    def _gate(self) -> dict[str, Any]:
        # Each delegate of a city answers for some of its projects.
        contact = self.pitch.people[self.pitch.place % len(self.pitch.people)]
        council = self.stage["council"]
        back = self.facts.get("council", self.stage.get("council_months", 0))
        day = {"approved": months(self.today, -back), "scheduled": months(self.today, 2)}.get(council)
        return {
            "applicant_type": self.facts.get("applicant", "local_government"),
            "contact_name": contact.name,
            "contact_role": contact.job_title,
            "contact_email": contact.email,
            "contact_phone": self.city["phone"],
            "contact_language": contact.locale,
            "council_status": council,
            "council_date": day.isoformat() if day else None,
            "borrowing_capacity": self.city["borrowing"],
            "is_infrastructure": True,
            "exclusion_list_ack": True,
            "accuracy_ack": True,
        }

    def _project(self) -> dict[str, Any]:
        facts = self.facts
        kind, title = self.city["plan"]
        plans = [{"key": "1", "type": kind, "title": title}]
        if facts.get("known"):
            source = next(body.city for body in records.bodies() if body.slug == self.pitch.city_slug)
            plans.append(
                {
                    "key": "2",
                    "type": "local_development",
                    "title": {
                        "es": "Anuncio público del proyecto",
                        "en": "Public announcement of the project",
                        "pt": "Anúncio público do projeto",
                    }[self.language],
                    "url": source["known_project_source"] if source else "",
                }
            )
        return {
            "title": facts["title"],
            "summary": facts["summary"],
            "problem": facts.get("problem"),
            "solution": facts.get("solution"),
            "sector_primary": facts["sector"],
            "sectors_secondary": facts.get("also"),
            "programme_theme": facts["theme"],
            "climate_objective": facts["climate"],
            "hazards": facts.get("hazards"),
            "sdgs": facts["sdgs"],
            "location": {"lat": facts["at"][0], "lon": facts["at"][1]},
            "served_areas": facts["areas"],
            "plan_links": plans,
            "pair_contribution": {self.language: self.city["pair"]},
        }

    def _maturity(self) -> dict[str, Any]:
        return {
            "stage": self.facts["stage"],
            "studies": [
                {"key": str(place), "type": kind, "status": status, "year": self.today.year - years[0] if years else ""}
                for place, (kind, status, *years) in enumerate(self.stage["studies"], start=1)
            ],
            "land_status": self.facts.get("land", self.stage["land"]),
            "permits_status": self.facts.get("permits", self.stage["permits"]),
            "delivery_mode": self.facts.get("delivery", "public_works"),
            "start_date": months(self.today, self.stage["start"]).isoformat(),
            "build_months": self.sector["build"],
            "life_years": self.facts.get("life", self.sector["life"]),
            "risks": [
                {"key": str(place), "type": risk["kind"], "level": risk["level"], "mitigation": risk[self.language]}
                for place, risk in enumerate(self._risks(), start=1)
            ],
        }

    def _risks(self) -> Iterable[dict[str, Any]]:
        """Return the risk of the sector, the one of the way it is paid for, and the one of its stage."""
        known = defaults()["risk"]
        is_lent = bool(_LENT & set(self.facts["instruments"]))
        yield known[self.facts["sector"]]
        yield known["currency" if is_lent and self.pitch.currency not in {"USD", "BSD"} else "financial"]
        yield known["political" if self.facts["stage"] in _EARLY else "procurement"]

    def _finance(self) -> dict[str, Any]:
        facts, capex = self.facts, self.facts["capex"]
        agency, grade, age = self.city.get("rating", ("", "", 0))
        is_early = facts["stage"] in _EARLY
        return {
            "currency": self.pitch.currency,
            "capex": millions(capex),
            "opex_year": _rough(capex, self.sector["opex"]),
            "cost_accuracy_pct": self.stage["accuracy"],
            "secured": [
                {"key": str(place), "source": source, "instrument": kind, "amount": millions(sum_), "status": status}
                for place, (source, kind, sum_, status) in enumerate(facts.get("secured", ()), start=1)
            ],
            "ask_amount": millions(facts["ask"]),
            "preparation_cost": _rough(capex, 0.04) if is_early else None,
            "ask_prep_amount": _rough(capex, 0.03) if is_early else None,
            "uses_sought": facts.get("uses", self.stage["uses"]),
            "instruments_sought": facts["instruments"],
            "tenor_years": facts.get("tenor"),
            "grace_years": facts.get("grace"),
            "revenue_models": facts["revenue"],
            "revenue_year": millions(facts["revenue_year"]) if "revenue_year" in facts else None,
            # A project paid from the budget loses money in the books of its owner, and says so.
            "firr_pct": facts.get("firr", -3 if facts["stage"] not in _EARLY or "eirr" in facts else None),
            "eirr_pct": facts.get("eirr"),
            "payback_years": facts.get("payback"),
            "dscr": facts.get("dscr"),
            "guarantee_available": facts.get("guarantee", self.city["guarantee"]),
            "rating_agency": agency,
            "rating_grade": grade,
            # Older than the first round, which was submitted with it.
            "rating_date": months(self.today, -6 - age).isoformat() if grade else None,
            "cofinance_pct_city": facts["city_share"],
        }

    def _impact(self) -> dict[str, Any]:
        facts = self.facts
        direct, indirect = facts["beneficiaries"]
        build, permanent = facts.get("jobs", (None, None))
        return {
            "ghg_tco2e_year": facts.get("ghg"),
            "ghg_method": facts.get("method"),
            "baseline_year": facts.get("baseline_year", self.today.year - 4) if "ghg" in facts else None,
            "beneficiaries_direct": direct,
            "beneficiaries_indirect": indirect,
            "pct_women": facts["women"],
            "pct_low_income": facts["low_income"],
            "jobs_build": build,
            "jobs_permanent": permanent,
            **facts.get("impact", {}),
            "evidence_level": facts.get("evidence", "estimated"),
        }

    def _inclusion(self) -> dict[str, Any]:
        facts = self.facts
        touched = facts.get("standards", {})
        confirmed = sorted(name for name, status in touched.items() if status == "confirmed")
        languages = [self.language, *(["en"] if "en" in facts["title"] and self.language != "en" else [])]
        measures = {code: " ".join(defaults()["standard"][name][code] for name in confirmed) for code in languages}
        is_late = facts["stage"] not in _EARLY
        return {
            "gender_marker": facts.get("gender"),
            "groups": facts.get("groups"),
            "inclusion_measures": facts.get("inclusion"),
            "es_category": facts.get("es"),
            "performance_standards": {one.value: touched.get(one.value, "none") for one in PerformanceStandard},
            "safeguard_measures": measures if confirmed else None,
            "resettled_people": facts.get("resettled", 0),
            "fpic_status": facts.get("fpic"),
            "grievance_mechanism": is_late or facts.get("es") == "A",
            "esia_status": self.stage["esia"],
            "climate_risk_screened": facts["stage"] != Stage.SCOPING,
        }

    def _needs(self) -> dict[str, Any]:
        understands = self.city["understands"]
        return {
            "support_needs": self.facts.get("needs", self.stage["needs"]),
            "technology_needs": self.facts.get("technology"),
            "market_sounding": True,
            "pitch_language": self.language,
            "understands": understands,
            "interpreter_needed": "en" not in self.pitch.people[0].speaks,
            "wanted_funders": self.facts.get("wanted"),
        }

    def _consent(self) -> dict[str, Any]:
        chosen = self.facts.get("visibility", {})
        scores = self.facts.get("self", self.stage["self"])
        criteria = [member.value for member in PITCH.by_name["self_scores"].rows_of]
        return {
            "visibility": {
                block.value: chosen.get(block.value, level.value) for block, level in DEFAULT_VISIBILITY.items()
            },
            "self_scores": dict(zip(criteria, scores, strict=True)),
            "consent_data": True,
            "consent_translation": True,
        }
