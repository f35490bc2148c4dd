"""Codes of the compatibility model as sentences in the reader's language: amounts, countries and lists in words."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketplace.compatibility import Code, Message, Outcome, Rule, Term
from marketplace.i18n import (
    country_name,
    format_list,
    format_magnitude,
    format_percent,
    gettext,
    language_name,
    write_number,
)
from marketplace.models import (
    Activity,
    Applicant,
    Certification,
    ClimateObjective,
    EsCategory,
    EsDocument,
    GenderMarker,
    Guarantee,
    GuaranteeRequired,
    IncomeGroup,
    Instrument,
    Sector,
    Stage,
    Technology,
    UseOfFunds,
)
from marketplace.services import labels
from marketplace.services.fits.sentences import COMPOUNDS, COUNTERPARTY_FIELDS, PROJECT_FIELDS, RULES, SENTENCES, TERMS

Format = Callable[[Any], str]


def say(message: Message) -> str:
    """Say a message in the reader's language."""
    sentence = SENTENCES[message.code]
    values = _values(message)
    said = [str(sentence.text) % values] if sentence.text is not None else []
    said += [str(text) % values for name, text in sentence.tails.items() if message.parameters.get(name)]
    return " ".join(said)


def silence(code: Code, fields: list[str]) -> str:
    """Say in one sentence what one side does not state."""
    known = PROJECT_FIELDS if code is Code.PROJECT_SILENT else COUNTERPARTY_FIELDS
    names = list(dict.fromkeys(str(known[name]) for name in fields))
    return str(SENTENCES[code].text) % {"field": "; ".join(names)}


def rule(name: Rule) -> str:
    """Name a rule."""
    return str(RULES[name])


def term(name: Term) -> str:
    """Name a term of a score."""
    return str(TERMS[name])


def outcome(found: Outcome) -> str:
    """Say what a rule says."""
    if found is Outcome.PASS:
        return gettext("met")
    return gettext("not met") if found is Outcome.FAIL else gettext("to check")


def dollars(amount: float) -> str:
    """Write an amount in US dollars that is read at a glance."""
    return f"USD\u00a0{format_magnitude(Decimal(round(amount)))}"


def percent(value: float) -> str:
    """Write a percentage given from 0 to 100, with one decimal where it has any."""
    return format_percent(Decimal(str(round(value, 1))) / 100, is_exact=True)


def _values(message: Message) -> dict[str, str]:
    given = message.parameters
    values = {name: _one(message.code, name, value) for name, value in given.items()}
    for name, parts in COMPOUNDS.items():
        if set(parts) <= set(given):
            values[name] = _COMPOUND[name](given)
    return values


def _one(code: Code, name: str, value: Any) -> str:
    if value is None:
        return gettext("not stated")
    write = _SPECIAL.get((code, name)) or _FORMATS[name]
    if isinstance(value, tuple):
        return format_list([write(one) for one in value]) if value else gettext("nothing")
    return write(value)


def _label(kind: type[StrEnum]) -> Format:
    def write(code: str) -> str:
        member = labels.read(kind, code)
        return code if member is None else _inside(str(labels.of(member)))

    return write


def _inside(words: str) -> str:
    """Words as they stand inside a sentence; abbreviations stay as they are."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _marker(value: int) -> str:
    """The gender marker without its number, which says little inside a sentence."""
    return _label(GenderMarker)(str(value)).rpartition(": ")[2]


def _number(value: float) -> str:
    return write_number(Decimal(str(value)).normalize() + 0)


def _field(names: Mapping[str, Any]) -> Format:
    return lambda name: str(names[name])


def _claim(given: Mapping[str, Any]) -> str:
    amount = dollars(given["amount_usd"])
    if given["basis"] == "ask":
        return gettext("The project asks for %(amount)s", amount=amount)
    return gettext("The project costs %(amount)s in all", amount=amount)


def _ticket(given: Mapping[str, Any]) -> str:
    low, high = given["minimum_usd"], given["maximum_usd"]
    values = {"low": None if low is None else dollars(low), "high": None if high is None else dollars(high)}
    if given["basis"] == "ask":
        if low is not None and high is not None:
            return gettext("this funder gives %(low)s to %(high)s", **values)
        return gettext("this funder gives at least %(low)s", **values) if low is not None else _up_to(values)
    if low is not None and high is not None:
        return gettext("this funder takes projects of %(low)s to %(high)s", **values)
    if low is not None:
        return gettext("this funder takes projects of at least %(low)s", **values)
    return gettext("this funder takes projects of at most %(high)s", **values)


def _up_to(values: Mapping[str, Any]) -> str:
    return gettext("this funder gives at most %(high)s", **values)


def _declared(given: Mapping[str, Any]) -> str:
    write = _label(Certification)
    said = [write(code) for code in given["certificates"] or ()]
    if given["policy"] is not None:
        said.append(gettext("an anti-corruption policy") if given["policy"] else gettext("no anti-corruption policy"))
    if given["owner"] is not None:
        said.append(gettext("the beneficial owner") if given["owner"] else gettext("no beneficial owner"))
    return format_list(said) if said else gettext("nothing")


_COMPOUND: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "claim": _claim,
    "ticket": _ticket,
    "declared": _declared,
}

_INSTRUMENT, _TECHNOLOGY, _USE = _label(Instrument), _label(Technology), _label(UseOfFunds)

_FORMATS: dict[str, Format] = {
    "country": country_name,
    "countries": country_name,
    "income_group": _label(IncomeGroup),
    "sector": _label(Sector),
    "sectors": _label(Sector),
    "activities": _label(Activity),
    "offered": _INSTRUMENT,
    "missing": _INSTRUMENT,
    "sought": _INSTRUMENT,
    "instrument": _INSTRUMENT,
    "stage": _label(Stage),
    "stages": _label(Stage),
    "borrower_type": _label(Applicant),
    "guarantee": _label(Guarantee),
    "rating": str,
    "minimum": str,
    "uses": _USE,
    "funded": _USE,
    "documents": _label(EsDocument),
    "category": str,
    "domains": str,
    "languages": language_name,
    "project": language_name,
    "counterparty": language_name,
    "categories": _TECHNOLOGY,
    "needs": _TECHNOLOGY,
    "objective": _label(ClimateObjective),
    "focus": _label(ClimateObjective),
    "marker": _marker,
    "required": _marker,
    "currency": str,
    "basis": str,
    "share": lambda value: percent(round(value * 100)),
    "certificates": _label(Certification),
    "policy": str,
    "owner": str,
    **dict.fromkeys(("amount_usd", "minimum_usd", "maximum_usd", "cost_usd"), dollars),
    **dict.fromkeys(("offered_pct", "minimum_pct", "share_pct", "maximum_pct", "low_income_pct"), percent),
    **dict.fromkeys(("readiness", "low", "high", "years", "maximum_years", "comparable", "same_country"), _number),
}
"""How a parameter is written, by its name."""

_SPECIAL: dict[tuple[Code, str], Format] = {
    (Code.PROJECT_SILENT, "field"): _field(PROJECT_FIELDS),
    (Code.COUNTERPARTY_SILENT, "field"): _field(COUNTERPARTY_FIELDS),
    (Code.INCOME_GROUP_NOT_ELIGIBLE, "accepted"): _label(IncomeGroup),
    (Code.BORROWER_TYPE_NOT_ACCEPTED, "accepted"): _label(Applicant),
    (Code.RISK_CATEGORY_NOT_ACCEPTED, "accepted"): _label(EsCategory),
    (Code.RISK_CATEGORY_NOT_ACCEPTED, "category"): _label(EsCategory),
    (Code.GUARANTEE_UNKNOWN, "required"): _label(GuaranteeRequired),
    (Code.CATEGORIES_NEEDED, "missing"): _TECHNOLOGY,
    (Code.CURRENCY_NOT_OFFERED, "offered"): str,
}
"""Parameters that mean something else in one code."""
