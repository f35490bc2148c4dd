"""Funders and vendors at the desk: the list, one profile with all its parts, the check and its end."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace import clock
from marketplace.errors import Conflict, Invalid
from marketplace.gateways import tables
from marketplace.i18n import gettext as _
from marketplace.services import audit_trail, labels, paging
from marketplace.services.counterparties import kinds, listing, profiles, verification, visibility
from marketplace.services.counterparties.listing import Check, Side
from marketplace.services.sheets import checks, words
from marketplace.web.access import access
from marketplace.web.forms.organiser_counterparties import SeenForm, TakeBackForm
from marketplace.web.organiser.desk import page_number, room

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def check_words() -> dict[Check, str]:
    """Return what the states of a check are called."""
    return {
        Check.VERIFIED: _("Verified"),
        Check.ENDING: _("Verified, ends soon"),
        Check.EXPIRED: _("Check ended"),
        Check.UNVERIFIED: _("Not verified"),
    }


@room.get("/counterparties", endpoint="counterparties")
@access("desk.platform")
def counterparties() -> str:
    """List the profiles of all funders and vendors, searched, filtered and sorted."""
    wanted = _filter(request.args)
    return render_template(
        "organiser/counterparties/list.html",
        page=listing.at_desk(wanted, current_user, page_number()),
        wanted=wanted,
        sides=[(Side.FUNDERS.value, _("Funders")), (Side.VENDORS.value, _("Technology providers"))],
        checks=[(check.value, text) for check, text in check_words().items()],
        check_words=check_words(),
        countries=listing.choices(),
    )


def _filter(values: MultiDict[str, str]) -> listing.Filter:
    sort = values.get("sort", "")
    return listing.Filter(
        query=values.get("q", "")[:200],
        side=labels.read(Side, values.get("side")),
        check=labels.read(Check, values.get("check")),
        country=values.get("country", "")[:2],
        is_incomplete=values.get("incomplete") == "yes",
        sort=sort if sort.removeprefix("-") in listing.SORTS else "-changed",
    )


@room.post("/counterparties/export", endpoint="counterparties_export")
@access("desk.platform")
def export() -> Response:
    """Download the list as it is filtered, as CSV or Excel file; that it was taken is recorded."""
    header, rows = listing.export(_filter(request.form), current_user, check_words())
    if request.form.get("format") == "xlsx":
        content, media_type, ending = tables.to_xlsx(header, rows, sheet=_("Funders and vendors")), _XLSX, "xlsx"
    else:
        content, media_type, ending = tables.to_csv(header, rows), "text/csv; charset=utf-8", "csv"
    response = Response(content, content_type=media_type)
    name = f"funders-and-vendors-{clock.now():%Y-%m-%d}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@room.get("/counterparties/<slug>", endpoint="counterparties_one")
@access("desk.platform")
def one(slug: str) -> str:
    """Show one profile with all its parts, and what was done about it."""
    return _page(slug)


def _page(slug: str) -> str:
    profile = verification.at_desk(slug, current_user)
    sheet = kinds.sheet(profile)
    return render_template(
        "organiser/counterparties/one.html",
        profile=profile,
        sheet=sheet,
        problems=verification.problems(profile),
        check=listing.check_of(profile),
        check_words=check_words(),
        is_verified=verification.is_verified(profile),
        chosen=visibility.chosen(profile.content),
        gaps=checks.missing_translations(sheet, profile.content),
        names=profiles.named(profile.content),
        managers=verification.managers(profile.organisation),
        words=words,
        currency_of=kinds.currency_of,
        entries=paging.page(audit_trail.listing(audit_trail.Filter(about=profile.uid)), 1, 10).items,
        details=audit_trail.details,
    )


@room.post("/counterparties/<slug>/verify", endpoint="counterparties_verify")
@access("desk.platform")
def verify(slug: str) -> ResponseReturnValue:
    """Say that a profile was checked as its page showed it."""
    try:
        verification.verify(slug, SeenForm().revision, current_user)
    except Conflict as refusal:
        flash(str(refusal), "warning")
    else:
        flash(_("The profile is verified for twelve months. Its managers get a letter."), "success")
    return _back(slug)


@room.route("/counterparties/<slug>/take-back", endpoint="counterparties_take_back", methods=["GET", "POST"])
@access("desk.platform")
def take_back(slug: str) -> ResponseReturnValue:
    """Ask for the reason, and end a check."""
    profile = verification.at_desk(slug, current_user)
    form = TakeBackForm()
    if form.validate_on_submit():
        try:
            verification.take_back(slug, form.reason.data or "", current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The profile is no longer verified. Its managers get a letter."), "success")
            return _back(slug)
    page = render_template("organiser/counterparties/take_back.html", profile=profile, form=form)
    return page, 422 if form.is_submitted() else 200


def _back(slug: str) -> ResponseReturnValue:
    return redirect(url_for("organiser.counterparties_one", slug=slug), code=303)
