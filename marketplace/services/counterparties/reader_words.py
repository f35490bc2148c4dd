"""What answers of a profile are called for those who read it: the sheets themselves speak to those who write."""

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.services.sheets.fields import Field

LABELS: dict[str, LazyText] = {
    "roles": _("What they do"),
    "call": _("Takes projects"),
    "allows_syndication": _("Others may pay the rest of a larger project"),
    "allows_bundling": _("Small projects may be put together"),
    "max_share_pct": _("Largest share of the cost they pay"),
    "currencies": _("Pays out in"),
    "is_generalist": _("Any sector"),
    "oda_only": _("Only countries that may receive official development assistance"),
    "borrowing_capacity_required": _("The city must be allowed to borrow"),
    "private_sponsor_required": _("A private sponsor must take part"),
    "interpreter_ok": _("Meets with an interpreter"),
    "delegates": _("People they send"),
    "meetings_max": _("Meetings they can hold"),
    "categories": _("What they offer"),
    "local_presence": _("Countries with people of theirs"),
    "vendor_finance": _("Can finance the purchase"),
    "is_debarred": _("On a list of excluded suppliers"),
    "has_conflict": _("Conflict of interest with a city of the programme"),
    "anti_corruption": _("Anti-corruption policy"),
    "market_sounding": _("Accepts the market-sounding rules"),
}


def label(field: Field) -> LazyText:
    """Return what an answer is called for its readers."""
    return LABELS.get(field.name, field.label)
