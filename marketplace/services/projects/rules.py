"""What the answers of a pitch must be to each other: problems that keep it from being submitted or published.

What only looks like a mistake, and may be justified, is in `consistency`.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from marketplace import clock
from marketplace.i18n import LazyText, lazy_gettext
from marketplace.models import ConsentStatus, CouncilStatus, Group, Guarantee, Organisation, PlanType, Revenue, Stage
from marketplace.services import wallclock
from marketplace.services.projects import figures
from marketplace.services.projects.consistency import Warning as Warning
from marketplace.services.projects.consistency import warnings as warnings
from marketplace.services.projects.figures import day, population_of
from marketplace.services.sheets import checks
from marketplace.services.sheets.checks import Problem
from marketplace.services.sheets.fields import Content, Required
from marketplace.services.sheets.pitch import PITCH, at_least
from marketplace.services.sheets.words import amount

REACH = Decimal("1.5")
"""Direct beneficiaries may be at most so many times the people of the city (commuters, visitors, neighbours)."""

BOOK_LANGUAGE = "en"
"""What a pitch must say to be submitted may be in any language; to be published it is in this one too."""

_TRANSLATE = lazy_gettext("The book of projects needs this text in English as well. Please add a translation.")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}")
_PHONE = re.compile(r"(?<![\w.,])(?:\+|00|\()\s?\d(?:[\s().-]{0,2}\d){6,14}(?!\w)")
_LOCAL = {PlanType.LOCAL_CLIMATE.value, PlanType.LOCAL_DEVELOPMENT.value, PlanType.LOCAL_SECTOR.value}

Found = Iterator[tuple[str, LazyText]]


def problems(content: Content, city: Organisation, level: Required, on: date | None = None) -> list[Problem]:
    """Return everything that keeps a pitch from a level: what is missing, out of bounds, or at odds with the rest.

    Days are held against `on`, today in the city's zone unless given.
    """
    found = [*checks.problems(PITCH, content, level), *at_odds(content, city, on)]
    return [*found, *_without_english(content)] if level is Required.PUBLISH else found


def _without_english(content: Content) -> list[Problem]:
    """Return the texts the book needs whose readers, from many countries, could not read them."""
    return [
        Problem(f"{name}.{BOOK_LANGUAGE}", PITCH.step_of[name].name, _TRANSLATE)
        for name in checks.missing_translations(PITCH, content, [BOOK_LANGUAGE])
        if checks.is_due(PITCH.by_name[name], content, Required.PUBLISH)
    ]


def at_odds(content: Content, city: Organisation, on: date | None = None) -> list[Problem]:
    """Return the answers that contradict each other."""
    today = on or wallclock.day(clock.now(), city.timezone)
    found = [
        *_project(content),
        *_days(content, today),
        *_money(content),
        *_people(content, city),
    ]
    return [Problem(path, PITCH.step_of[path.partition(".")[0]].name, message) for path, message in found]


def _project(content: Content) -> Found:
    for name in ("title", "summary"):
        for code, text in (content.get(name) or {}).items():
            if _EMAIL.search(text) or _PHONE.search(text):
                yield (
                    f"{name}.{code}",
                    lazy_gettext("Please leave out e-mail addresses and telephone numbers: there are fields for them."),
                )
    if content.get("sector_primary") in (content.get("sectors_secondary") or ()):
        yield "sectors_secondary", lazy_gettext("The main sector need not be named again.")
    plans = content.get("plan_links") or ()
    if plans and not any(row.get("type") in _LOCAL for row in plans):
        yield "plan_links", lazy_gettext("Please name at least one plan of the city itself.")


def _days(content: Content, today: date) -> Found:
    council = day(content, "council_date")
    if content.get("council_status") == CouncilStatus.APPROVED and council is not None and council > today:
        yield "council_date", lazy_gettext("The council cannot have decided in the future.")
    start = day(content, "start_date")
    if start is not None and start < today and not at_least(content, Stage.IMPLEMENTATION):
        yield "start_date", lazy_gettext("This day is over. Is the project being built already? Then change its stage.")
    rated = day(content, "rating_date")
    if rated is not None and rated > today:
        yield "rating_date", lazy_gettext("This day is in the future.")


def _money(content: Content) -> Found:
    currency = content.get("currency")
    capex, ask = figures.number(content, "capex"), figures.number(content, "ask_amount")
    most = figures.most_to_ask(content)
    if capex is not None and figures.secured(content) > capex:
        yield (
            "secured",
            lazy_gettext(
                "More is secured than the project costs: %(sum)s.", sum=amount(figures.secured(content), currency)
            ),
        )
    elif ask is not None and most is not None and ask > most:
        yield "ask_amount", lazy_gettext("At most %(max)s can be asked for.", max=amount(most, currency))
    asked, preparation = figures.number(content, "ask_prep_amount"), figures.number(content, "preparation_cost")
    if asked is not None and asked > (preparation or 0):
        yield "ask_prep_amount", lazy_gettext("More is asked for than preparation costs.")
    tenor, grace = figures.number(content, "tenor_years"), figures.number(content, "grace_years")
    if tenor is not None and grace is not None and grace > tenor:
        yield "grace_years", lazy_gettext("The grace period cannot be longer than the term.")
    for name, alone in (
        ("revenue_models", {Revenue.NONE.value}),
        ("guarantee_available", {Guarantee.NONE.value, Guarantee.UNKNOWN.value}),
    ):
        chosen = set(content.get(name) or ())
        if chosen & alone and len(chosen) > 1:
            yield name, lazy_gettext("“None” or “unknown” cannot stand beside another answer.")
    if content.get("rating_grade") and not content.get("rating_agency"):
        yield "rating_agency", lazy_gettext("Please say who gave the rating.")


def _people(content: Content, city: Organisation) -> Found:
    people, population = figures.number(content, "beneficiaries_direct"), population_of(city)
    if people is not None and population and people > REACH * population:
        yield (
            "beneficiaries_direct",
            lazy_gettext("That is more than one and a half times the people of the city."),
        )
    is_indigenous = Group.INDIGENOUS in (content.get("groups") or ())
    if is_indigenous and content.get("fpic_status") == ConsentStatus.NOT_NEEDED:
        yield "fpic_status", lazy_gettext("Where indigenous peoples are affected, their consent is needed.")
