"""Where one can go from every page, by role."""

from typing import TypedDict

from flask import request, url_for
from flask_login import current_user

from marketplace.i18n import gettext as _
from marketplace.models import OrganisationKind
from marketplace.services import policies
from marketplace.services.counterparties import kinds
from marketplace.web import signed_in


class Item(TypedDict):
    """One link of the navigation."""

    label: str
    url: str
    active: bool
    icon: str


class Group(TypedDict):
    """Links that belong together; the first group is for everybody."""

    label: str
    items: list[Item]


def groups() -> list[Group]:
    """Return the main navigation of the reader."""
    here = (request.endpoint or "").partition(".")[0]
    everybody = [
        _item(_("Home"), "public.home", "home"),
        _item(_("Events"), "events.listing", "calendar"),
        _item(_("Cities"), "public.cities", "city"),
        _item(_("Projects"), "book.listing", "project"),
        _item(_("About"), "public.about", "info"),
    ]
    everybody[1]["active"] = here == "events"
    everybody[3]["active"] = here == "book"
    partners = [
        _item(_("Funders"), "counterparty.funders", "organisation"),
        _item(_("Technology providers"), "counterparty.vendors", "organisation"),
    ]
    found: list[Group] = [
        {"label": _("The programme"), "items": everybody},
        {"label": _("Partners"), "items": partners},
    ]
    if current_user.is_authenticated:
        registrations = _item(_("My events"), "attendee.own_list", "check")
        registrations["active"] = here in {"attendee", "meetings"}
        mine = _item(_("My organisations"), "organisations.mine", "organisation")
        found.append({"label": _("Mine"), "items": [registrations, mine]})
        if any(body.kind is OrganisationKind.CITY for body in signed_in.bodies()):
            projects = _item(_("My projects"), "city.projects", "project")
            projects["active"] = here == "city"
            found[-1]["items"].insert(0, projects)
        found[-1]["items"][0:0] = _profiles()
        if any(kinds.sheet_of(body) is not None for body in signed_in.bodies()):
            found[-1]["items"].insert(0, _item(_("My matches"), "counterparty.matches", "meeting"))
        if policies.can(current_user, "reviews.enter"):
            reviews = _item(_("My reviews"), "reviewing.own_list", "edit")
            reviews["active"] = here == "reviewing"
            found[-1]["items"].append(reviews)
    if current_user.is_authenticated and policies.can(current_user, "desk.enter"):
        desk_item = _item(_("Organiser's desk"), "organiser.dashboard", "desk")
        desk_item["active"] = (request.endpoint or "").startswith("organiser.")
        found.append({"label": _("Desk"), "items": [desk_item]})
    return found


def _profiles() -> list[Item]:
    """Return the ways to what the reader's organisations seek or offer."""
    of_mine = {body.kind for body in signed_in.bodies()}
    here = (request.view_args or {}).get("what", "") if (request.endpoint or "").startswith("counterparty.") else ""
    found = []
    for some, label, name in (
        (kinds.FUNDERS, _("My mandate"), "mandate"),
        (kinds.VENDORS, _("My solutions"), "solutions"),
    ):
        if of_mine & some:
            item = _item(label, f"counterparty.{name}", "edit")
            item["active"] = here == name
            found.append(item)
    return found


def desk() -> list[Group]:
    """Return the side navigation of the organiser's desk."""
    overview = [
        _item(_("Overview"), "organiser.dashboard", "desk"),
        _item(_("Events"), "organiser.events", "calendar"),
    ]
    if not policies.can(current_user, "desk.platform"):
        return [{"label": _("Desk"), "items": overview}]
    return [
        {
            "label": _("The programme"),
            "items": [
                *overview,
                _item(_("People"), "organiser.people", "people"),
                _item(_("Organisations"), "organiser.organisations", "organisation"),
                _item(_("City pairs"), "organiser.pairs", "pair"),
                _item(_("Projects"), "organiser.projects", "project"),
                _item(_("Funders and vendors"), "organiser.counterparties", "check"),
                _item(_("Matches"), "organiser.fits", "meeting"),
                _item(_("Calls"), "organiser.calls", "calendar"),
                _item(_("Exchange rates"), "organiser.rates", "globe"),
            ],
        },
        {
            "label": _("Operation"),
            "items": [
                _item(_("Outbox"), "organiser.outbox", "mail"),
                _item(_("Jobs"), "organiser.jobs", "job"),
                _item(_("Audit trail"), "organiser.audit_trail", "audit"),
            ],
        },
    ]


def _item(label: str, endpoint: str, icon: str) -> Item:
    # Pages of one record belong to its list: `people_person` to `people`.
    here = request.endpoint or ""
    is_here = here == endpoint or here.startswith(f"{endpoint}_")
    return {"label": label, "url": url_for(endpoint), "active": is_here, "icon": icon}
