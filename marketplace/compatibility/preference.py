"""What the city thinks of a counterparty: wanted organisation 40, first-choice instrument 30, tenor 20, language 10.

Source: domain document, section (d). Our own decisions: unknown terms are skipped and the rest renormalised as in the
funder's score; of a vendor only the wish and the language are asked, because a vendor brings no instrument or tenor.
"""

from __future__ import annotations

from .codes import PREFERENCE_WEIGHTS, Code, Term
from .explanation import Line
from .findings import listed, say, silent_counterparty, silent_project
from .profiles import Mandate, Project, Solution
from .scoring import Judged, line


def funder_preference(project: Project, mandate: Mandate) -> tuple[Line, ...]:
    """The four terms of a city's preference for a funder."""
    judged = {
        Term.WANTED: wanted(project, mandate),
        Term.FIRST_CHOICE: first_choice(project, mandate),
        Term.TENOR: tenor(project, mandate),
        Term.SHARED_LANGUAGE: shared_language(project, mandate),
    }
    return tuple(line(term, weight, judged[term]) for term, weight in PREFERENCE_WEIGHTS.items())


def vendor_preference(project: Project, solution: Solution) -> tuple[Line, ...]:
    """The two terms of a city's preference for a vendor."""
    judged = {Term.WANTED: wanted(project, solution), Term.SHARED_LANGUAGE: shared_language(project, solution)}
    return tuple(line(term, PREFERENCE_WEIGHTS[term], one) for term, one in judged.items())


def wanted(project: Project, counterparty: Mandate | Solution) -> Judged:
    """The city named the organisation 1, else 0; unknown while the city has named nobody at all."""
    if project.wanted_organisations is None:
        return Judged(None, silent_project("wanted_organisations"))
    if counterparty.organisation is None:
        return Judged(None, silent_counterparty("organisation"))
    named = counterparty.organisation in project.wanted_organisations
    return Judged(1.0, say(Code.WANTED)) if named else Judged(0.0, say(Code.NOT_WANTED))


def first_choice(project: Project, mandate: Mandate) -> Judged:
    """The first-choice instrument is offered 1, else 0."""
    if project.instruments is None:
        return Judged(None, silent_project("instruments"))
    if mandate.instruments is None:
        return Judged(None, silent_counterparty("instruments"))
    first = project.instruments[0] if project.instruments else None
    if first in mandate.instruments:
        return Judged(1.0, say(Code.FIRST_CHOICE_OFFERED, instrument=first))
    return Judged(0.0, say(Code.FIRST_CHOICE_NOT_OFFERED, instrument=first))


def tenor(project: Project, mandate: Mandate) -> Judged:
    """The funder's longest tenor reaches the one sought 1, else 0."""
    sought, longest = project.tenor_years, mandate.tenor_max_years
    if sought is None:
        return Judged(None, silent_project("tenor_years"))
    if longest is None:
        return Judged(None, silent_counterparty("tenor_max_years"))
    code = Code.TENOR_MET if longest >= sought else Code.TENOR_TOO_SHORT
    return Judged(1.0 if longest >= sought else 0.0, say(code, years=sought, maximum_years=longest))


def shared_language(project: Project, counterparty: Mandate | Solution) -> Judged:
    """A shared language 1, else 0; interpreters do not count here."""
    if project.languages is None:
        return Judged(None, silent_project("languages"))
    if counterparty.languages is None:
        return Judged(None, silent_counterparty("languages"))
    shared = project.languages & counterparty.languages
    if shared:
        return Judged(1.0, say(Code.LANGUAGE_SHARED, languages=listed(shared)))
    sides = {"project": listed(project.languages), "counterparty": listed(counterparty.languages)}
    return Judged(0.0, say(Code.LANGUAGE_NOT_SHARED, **sides))
