"""A whole mandate and a whole solution, as a funder and a vendor would state them: what tests change one answer of."""

from typing import Any


def mandate_of(**changes: Any) -> dict[str, Any]:
    """Return the answers of a funder that fits the pitch of `tests.pitches`, with one gap; None takes one out."""
    content: dict[str, Any] = {
        "funder_type": "mdb",
        "roles": ["finance"],
        "instruments": ["conc_loan", "guarantee"],
        "ticket_currency": "USD",
        "ticket_min": "5000000.00",
        "ticket_max": "50000000.00",
        "ticket_basis": "ask",
        "allows_syndication": "no",
        "allows_bundling": "no",
        "min_cofinance_pct": "10",
        "max_share_pct": "100",
        "uses_funded": ["works", "equipment"],
        "currencies": ["USD"],
        "tenor_max": 25,
        "sectors": ["nbs", "water"],
        "excluded_sectors": ["waste"],
        "excluded_activities": ["fossil"],
        "stages": ["feasibility", "structuring", "transaction"],
        "climate_focus": "both",
        "countries": ["BR", "CO", "MX", "US"],
        "priority_countries": ["BR"],
        "oda_only": "no",
        "borrower_types": ["local_government"],
        "guarantee_required": "none",
        "borrowing_capacity_required": "yes",
        "min_rating": "none",
        "private_sponsor_required": None,
        "supplier_countries": None,
        "min_es_documents": ["screening"],
        "gender_marker_min": "1",
        "readiness_min": "55",
        "readiness_max": "100",
        "languages": ["en", "es"],
        "interpreter_ok": "yes",
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}


def solution_of(**changes: Any) -> dict[str, Any]:
    """Return the answers of a vendor that offers what the pitch of `tests.pitches` needs; None takes one out."""
    content: dict[str, Any] = {
        "legal_country": "US",
        "size": "small",
        "categories": ["nbs", "engineering"],
        "local_presence": ["BR"],
        "languages": ["en", "pt"],
        "title": {"en": "Living banks"},
        "sheet": {"en": "Banks that hold in a flood."},
        "project_min": "100000.00",
        "project_max": "50000000.00",
        "vendor_finance": "no",
        "references": [{"key": "a", "city": "Belém", "country": "BR", "category": "nbs", "year": 2023}],
        "certifications": ["iso_9001", "iso_14001"],
        "is_debarred": "no",
        "has_conflict": "no",
        "anti_corruption": "yes",
        "market_sounding": "yes",
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}
