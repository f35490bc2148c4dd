"""All pairs of projects and counterparties at the desk: found, explained, and decided about by hand."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace.compatibility import Rule
from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import FitStatus, OrganisationKind, OverrideKind
from marketplace.services import labels
from marketplace.services.counterparties import kinds
from marketplace.services.fits import desk, overrides, words
from marketplace.web.access import access
from marketplace.web.forms.organiser_fits import DecisionForm
from marketplace.web.organiser.desk import ask, page_number, room


@room.get("/fits", endpoint="fits")
@access("desk.platform")
def listing() -> str:
    """List the pairs that fit, nearly fit, or were decided about."""
    wanted = _filter(request.args)
    of = sorted(kinds.FUNDERS | kinds.VENDORS, key=list(OrganisationKind).index)
    return render_template(
        "organiser/fits/list.html",
        page=desk.page(wanted, current_user, page_number()),
        wanted=wanted,
        statuses=labels.choices(FitStatus),
        kinds=[(kind.value, labels.of(kind)) for kind in of],
        rules=[(rule.value, f"{rule.value} {words.rule(rule)}") for rule in Rule],
    )


def _filter(values: MultiDict[str, str]) -> desk.Filter:
    sort, minimum = values.get("sort", ""), values.get("minimum", "")
    return desk.Filter(
        query=values.get("q", "")[:200],
        status=labels.read(FitStatus, values.get("status")),
        kind=labels.read(OrganisationKind, values.get("kind")),
        project=values.get("project", "")[:80],
        organisation=values.get("organisation", "")[:80],
        rule=labels.read(Rule, values.get("rule")),
        is_overridden=values.get("decided") == "yes",
        minimum=int(minimum) if minimum.isascii() and minimum.isdecimal() and len(minimum) < 4 else None,
        sort=sort if sort.removeprefix("-") in desk.SORTS else "-score",
    )


@room.get("/fits/<project>/<organisation>", endpoint="fits_pair")
@access("desk.platform")
def pair(project: str, organisation: str) -> str:
    """Show one pair with every rule and term, and what was decided about it."""
    return render_template("organiser/fits/pair.html", pair=desk.pair(project, organisation, current_user))


@room.route("/fits/<project>/<organisation>/decide", endpoint="fits_decide", methods=["GET", "POST"])
@access("desk.platform")
def decide(project: str, organisation: str) -> ResponseReturnValue:
    """Offer a pair, or keep it apart, with a reason."""
    found = desk.pair(project, organisation, current_user)
    form = DecisionForm()
    if form.validate_on_submit():
        try:
            overrides.decide(project, organisation, OverrideKind(form.kind.data), form.reason.data or "", current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        except Conflict as refusal:
            form.form_errors.append(str(refusal))
        else:
            flash(_("The decision is written down and counts at once."), "success")
            return redirect(url_for("organiser.fits_pair", project=project, organisation=organisation), code=303)
    return render_template("organiser/fits/decide.html", pair=found, form=form), 422 if form.is_submitted() else 200


@room.get("/fits/decisions/<uid>/withdraw", endpoint="fits_withdraw_ask")
@access("desk.platform")
def ask_withdraw(uid: str) -> str:
    """Ask before a decision is withdrawn."""
    override = overrides.find(uid)
    return ask(
        _("Withdraw this decision?"),
        _("From then on the rules decide about the pair again."),
        _("Withdraw"),
        url_for("organiser.fits_pair", project=override.project.slug, organisation=override.organisation.slug),
    )


@room.post("/fits/decisions/<uid>/withdraw", endpoint="fits_withdraw")
@access("desk.platform")
def withdraw(uid: str) -> ResponseReturnValue:
    """Withdraw a decision."""
    override = overrides.withdraw(uid, current_user)
    flash(_("The decision is withdrawn. The rules count again."), "success")
    address = url_for("organiser.fits_pair", project=override.project.slug, organisation=override.organisation.slug)
    return redirect(address, code=303)
