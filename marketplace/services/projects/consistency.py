"""What looks like a mistake in a pitch and may have a reason: the city may justify it, reviewers read both.

After the consistency checks of SOURCE: a contradiction is red, one that was justified is yellow. None keeps a pitch
from being submitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from marketplace import clock
from marketplace.compatibility.geography import distance_km
from marketplace.i18n import LazyText, format_magnitude, format_number, lazy_gettext
from marketplace.models import (
    ClimateObjective,
    Guarantee,
    Instrument,
    Organisation,
    Revenue,
    Stage,
    StudyKind,
    WorkStatus,
)
from marketplace.services.projects import figures, rates
from marketplace.services.projects.figures import day, population_of
from marketplace.services.sheets.fields import Content
from marketplace.services.sheets.pitch import at_least

JUSTIFICATIONS = "justifications"
"""Where a working text keeps what the city says to a warning, by code: no field of the sheet, never shown outside."""

LONGEST_JUSTIFICATION = 500

FAR = 100
"""Kilometres between a city and its project above which one of the two is probably wrong."""

LOANS = frozenset({Instrument.LOAN.value, Instrument.CONC_LOAN.value, Instrument.GREEN_BOND.value})

CODES = frozenset(
    {
        "adaptation_without_hazard",
        "cost_large",
        "cost_small",
        "dates_out_of_order",
        "far_from_city",
        "ghg_large",
        "ghg_without_mitigation",
        "loan_without_guarantee",
        "low_income_extreme",
        "more_than_city",
        "no_feasibility",
        "resettlement_without_standard",
        "revenue_without_model",
        "shares_exceed_cost",
        "small_ask",
        "women_extreme",
    }
)
"""Every warning there is."""


@dataclass(frozen=True)
class Warning:
    """What looks wrong, in which fields, and what the city says to it ('' for nothing yet)."""

    code: str
    fields: tuple[str, ...]
    message: LazyText
    justified: str = ""


Found = Iterator[Warning]


def warnings(content: Content, city: Organisation) -> list[Warning]:
    """Return the warnings about a pitch, those not yet justified first."""
    said = content.get(JUSTIFICATIONS) or {}
    found = [
        Warning(one.code, one.fields, one.message, said.get(one.code, ""))
        for part in (_money(content), _climate(content), _people(content, city), _dates(content), _place(content, city))
        for one in part
    ]
    return sorted(found, key=lambda one: bool(one.justified))


def _money(content: Content) -> Found:
    number = figures.number
    ask, gap, capex = number(content, "ask_amount"), figures.gap(content), number(content, "capex")
    if ask is not None and gap is not None and 0 < ask < gap / 100:
        yield Warning(
            "small_ask",
            ("ask_amount", "capex", "secured"),
            lazy_gettext("Less than one hundredth of what is missing is asked for."),
        )
    share = number(content, "cofinance_pct_city")
    if None not in (ask, capex, share) and capex and ask and share is not None:
        preparation = number(content, "preparation_cost") or 0
        if ask + capex * share / 100 > capex + preparation:
            yield Warning(
                "shares_exceed_cost",
                ("cofinance_pct_city", "ask_amount", "capex"),
                lazy_gettext("What the city pays itself and what is asked for are together more than the cost."),
            )
    yield from _size(content)
    revenue = number(content, "revenue_year")
    if revenue and Revenue.NONE in (content.get("revenue_models") or ()):
        yield Warning(
            "revenue_without_model",
            ("revenue_year", "revenue_models"),
            lazy_gettext("Revenue is given, but the revenue model is “none”."),
        )
    sought = set(content.get("instruments_sought") or ())
    if sought and sought <= LOANS and list(content.get("guarantee_available") or ()) == [Guarantee.NONE]:
        yield Warning(
            "loan_without_guarantee",
            ("instruments_sought", "guarantee_available"),
            lazy_gettext("Only loans are sought, and there is no guarantee. Few lenders can follow."),
        )


def _size(content: Content) -> Found:
    cost = figures.cost_usd(content, rates.per_usd(content.get("currency")))
    if cost is not None and (cost > 1_000_000_000 or cost < 10_000):
        yield Warning(
            "cost_large" if cost > 10_000 else "cost_small",
            ("capex", "currency"),
            lazy_gettext(
                "The cost is %(amount)s US dollars. Are the zeros and the currency right?",
                amount=format_magnitude(cost),
            ),
        )


def _climate(content: Content) -> Found:
    objective, ghg = content.get("climate_objective"), figures.number(content, "ghg_tco2e_year")
    if ghg and objective == ClimateObjective.ADAPTATION:
        yield Warning(
            "ghg_without_mitigation",
            ("ghg_tco2e_year", "climate_objective"),
            lazy_gettext("Emissions are avoided, but mitigation is not named as an objective."),
        )
    if objective in {ClimateObjective.ADAPTATION, ClimateObjective.BOTH} and not content.get("hazards"):
        yield Warning(
            "adaptation_without_hazard",
            ("climate_objective", "hazards"),
            lazy_gettext("The project adapts to climate change, but no hazard is named."),
        )
    lifetime = figures.ghg_lifetime(content)
    if lifetime is not None and lifetime > figures.MEGATONNE:
        yield Warning(
            "ghg_large",
            ("ghg_tco2e_year", "life_years"),
            lazy_gettext(
                "Over its life the project avoids %(tonnes)s t CO₂e. Is the unit right?",
                tonnes=format_magnitude(lifetime),
            ),
        )


def _people(content: Content, city: Organisation) -> Found:
    people, population = figures.number(content, "beneficiaries_direct"), population_of(city)
    if people is not None and population and people > population:
        yield Warning(
            "more_than_city",
            ("beneficiaries_direct",),
            lazy_gettext(
                "More people benefit directly than live in the city (%(number)s).", number=format_number(population)
            ),
        )
    for code, name, message in (
        ("women_extreme", "pct_women", lazy_gettext("None or all who benefit are women: is that meant?")),
        (
            "low_income_extreme",
            "pct_low_income",
            lazy_gettext("None or all who benefit have low incomes: is that meant?"),
        ),
    ):
        if figures.number(content, name) in {Decimal(0), Decimal(100)}:
            yield Warning(code, (name,), message)
    standards = content.get("performance_standards") or {}
    if figures.number(content, "resettled_people") and standards.get("PS5", "none") == "none":
        yield Warning(
            "resettlement_without_standard",
            ("resettled_people", "performance_standards"),
            lazy_gettext("People would have to move, but standard 5 (land and resettlement) is not touched."),
        )


def _dates(content: Content) -> Found:
    studies = content.get("studies") or ()
    if at_least(content, Stage.STRUCTURING) and not any(
        row.get("type") == StudyKind.FEASIBILITY and row.get("status") == WorkStatus.DONE for row in studies
    ):
        yield Warning(
            "no_feasibility",
            ("stage", "studies"),
            lazy_gettext("From the stage of structuring on, a feasibility study is expected to be done."),
        )
    this_year = clock.now().year
    council, start = day(content, "council_date"), day(content, "start_date")
    base = content.get("baseline_year")
    wrong = [
        *(("council_date", "start_date") if council and start and council > start else ()),
        *(("baseline_year",) if isinstance(base, int) and base > this_year else ()),
        *(
            ("studies",)
            if any(row.get("status") == WorkStatus.DONE and (row.get("year") or 0) > this_year for row in studies)
            else ()
        ),
    ]
    if wrong:
        yield Warning("dates_out_of_order", tuple(wrong), lazy_gettext("These dates are not in order."))


def _place(content: Content, city: Organisation) -> Found:
    place, profile = content.get("location"), city.city
    if not place or profile is None:
        return
    kilometres = distance_km(place["lat"], place["lon"], profile.latitude, profile.longitude)
    if kilometres > FAR:
        yield Warning(
            "far_from_city",
            ("location",),
            lazy_gettext(
                "The project is %(km)s km from the city. Are latitude and longitude right?",
                km=format_number(round(kilometres)),
            ),
        )
