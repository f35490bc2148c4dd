"""Country facts that funders ask about: eligibility for official development assistance and income group.

Eligibility follows the DAC List of ODA Recipients effective for reporting on 2024 and 2025 flows (Chile and Uruguay
left it in 2018, Antigua and Barbuda in 2022; Guyana and Panama stay on it although their income is high). Income groups
are those of the World Bank for its fiscal year 2025 (July 2024 to June 2025); Venezuela is not classified there. A
caller with newer facts passes them in the project.
"""

from __future__ import annotations

from typing import NamedTuple

ODA_LIST = "DAC List of ODA Recipients 2024-25"
INCOME_LIST = "World Bank income groups FY2025"


class CountryFacts(NamedTuple):
    """What is known about a country; None where the list does not say."""

    oda_eligible: bool | None
    income_group: str | None


_UNKNOWN = CountryFacts(None, None)
_LISTED = {
    (True, "lower_middle"): "BO HN HT NI",
    (True, "upper_middle"): "AR BR BZ CO CR CU DM DO EC GD GT JM LC MX PE PY SR SV VC",
    (True, "high"): "GY PA",
    (True, None): "MS VE",
    # Not on the list: the rest of the Americas, and some countries that funders and firms come from.
    (False, "high"): "AG BB BS CA CL KN PR TT US UY AT AU BE CH DE DK ES FI FR GB IE IT JP KR LU NL NO NZ PT SE SG",
}
FACTS: dict[str, CountryFacts] = {
    code: CountryFacts(oda_eligible, income_group)
    for (oda_eligible, income_group), codes in _LISTED.items()
    for code in codes.split()
}


def country_facts(country: str | None) -> CountryFacts:
    """The facts about a country (ISO 3166-1 alpha-2); all unknown for one that is not in the table."""
    return FACTS.get(country or "", _UNKNOWN)
