"""Whether a project and a funder or vendor fit, and why: plain values in, codes out."""

from .codes import (
    COUNTERPARTY_FIELDS,
    FUNDER_RULES,
    PARAMETERS,
    PRIVATE,
    PROJECT_FIELDS,
    VENDOR_RULES,
    Code,
    Rule,
    Term,
)
from .errors import CompatibilityError, ExplanationError, ProfileError
from .explanation import MODEL, Explanation, Finding, Line, Message, Outcome, Status
from .geography import Area, Border, Circle, Countries, Polygon, area_as_json, area_from_json
from .pair import explain_funder, explain_vendor
from .profiles import ANYTIME, NO_RATING, Mandate, Project, Reference, Solution
from .scoring import mutual_value

__all__ = [
    "ANYTIME",
    "COUNTERPARTY_FIELDS",
    "FUNDER_RULES",
    "MODEL",
    "NO_RATING",
    "PARAMETERS",
    "PRIVATE",
    "PROJECT_FIELDS",
    "VENDOR_RULES",
    "Area",
    "Border",
    "Circle",
    "Code",
    "CompatibilityError",
    "Countries",
    "Explanation",
    "ExplanationError",
    "Finding",
    "Line",
    "Mandate",
    "Message",
    "Outcome",
    "Polygon",
    "ProfileError",
    "Project",
    "Reference",
    "Rule",
    "Solution",
    "Status",
    "Term",
    "area_as_json",
    "area_from_json",
    "explain_funder",
    "explain_vendor",
    "mutual_value",
]
