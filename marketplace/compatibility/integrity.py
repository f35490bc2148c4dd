"""H9: safeguards, debarment, conflicts of interest and blocks; the last three hold for vendors too."""

from __future__ import annotations

from collections.abc import Iterator

from .codes import Code, Rule
from .explanation import Finding
from .findings import Check, counterparty_unsure, fails, finding, listed, project_unsure, say
from .profiles import Mandate, Project, Solution

# Mail domains that say nothing about an organisation.
PUBLIC_MAIL = frozenset(
    {
        *(
            "gmail.com",
            "googlemail.com",
            "outlook.com",
            "hotmail.com",
            "live.com",
            "msn.com",
            "yahoo.com",
            "icloud.com",
        ),
        *("me.com", "aol.com", "proton.me", "protonmail.com", "gmx.com", "gmx.net", "zoho.com"),
        *("outlook.es", "hotmail.es", "yahoo.es", "yahoo.com.mx", "live.com.mx", "prodigy.net.mx"),
        *("outlook.com.br", "hotmail.com.br", "yahoo.com.br", "uol.com.br", "bol.com.br", "terra.com.br"),
    }
)


def h9_safeguards(project: Project, mandate: Mandate) -> Finding:
    """Documents and risk category must satisfy the funder; no debarment, conflict of interest or block."""

    def checks() -> Iterator[Check | None]:
        if mandate.es_documents is None:
            yield counterparty_unsure("es_documents")
        elif mandate.es_documents and project.es_documents is None:
            yield project_unsure("es_documents")
        elif mandate.es_documents - (project.es_documents or frozenset()):
            missing = mandate.es_documents - (project.es_documents or frozenset())
            yield fails(Code.DOCUMENTS_MISSING, documents=listed(missing))
        if mandate.es_categories is None:
            yield counterparty_unsure("es_categories")
        elif mandate.es_categories and project.es_category is None:
            yield project_unsure("es_category")
        elif mandate.es_categories and project.es_category not in mandate.es_categories:
            accepted = listed(mandate.es_categories)
            yield fails(Code.RISK_CATEGORY_NOT_ACCEPTED, category=project.es_category, accepted=accepted)
        yield debarment(mandate)
        yield from conflicts(project, mandate)

    return finding(Rule.H9, say(Code.SAFEGUARDS_MET), checks())


def debarment(counterparty: Mandate | Solution) -> Check | None:
    """A debarred organisation is not met."""
    if counterparty.debarred is None:
        return counterparty_unsure("debarred")
    return fails(Code.DEBARRED) if counterparty.debarred else None


def conflicts(project: Project, counterparty: Mandate | Solution) -> Iterator[Check]:
    """Same organisation, same mail domain (public mail providers aside), or one party blocked the other."""
    if project.organisation is not None and project.organisation == counterparty.organisation:
        yield fails(Code.SAME_ORGANISATION)
    domains = (project.mail_domains & counterparty.mail_domains) - PUBLIC_MAIL
    if domains:
        yield fails(Code.SAME_MAIL_DOMAIN, domains=listed(domains))
    if counterparty.organisation is not None and counterparty.organisation in project.blocked_organisations:
        yield fails(Code.BLOCKED_BY_CITY)
    if project.organisation is not None and project.organisation in counterparty.blocked_organisations:
        yield fails(Code.BLOCKED_BY_COUNTERPARTY)
