"""Exchange rates at the desk: what one US dollar costs, by currency and day."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import clock
from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.i18n import write_number
from marketplace.services import paging
from marketplace.services.projects import rates
from marketplace.web.access import access
from marketplace.web.forms.organiser_calls import RateForm, currencies
from marketplace.web.organiser.desk import page_number, room


@room.get("/rates", endpoint="rates")
@access("desk.platform")
def listing() -> str:
    """Show the rate of today of every currency, and what was entered before."""
    wanted = request.args.get("currency", "")
    return render_template(
        "organiser/rates/list.html",
        currencies=currencies(),
        latest=rates.latest(),
        is_old=rates.is_old,
        old_days=rates.OLD.days,
        wanted=wanted,
        write_number=write_number,
        page=paging.page(rates.listing(wanted), page_number()),
    )


@room.route("/rates/new", endpoint="rates_new", methods=["GET", "POST"])
@access("desk.platform")
def enter() -> ResponseReturnValue:
    """Enter the rate of a day, or correct it."""
    form = RateForm(data={"currency": request.args.get("currency", ""), "on_day": clock.now().date()})
    if form.validate_on_submit():
        assert form.per_usd.data is not None
        try:
            rate = rates.enter(form.currency.data, form.on_day.data, form.per_usd.data, form.source.data, current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The rate of %(currency)s is entered.", currency=rate.currency.value), "success")
            return redirect(url_for("organiser.rates"), code=303)
    return render_template("organiser/rates/new.html", form=form), 422 if form.is_submitted() else 200
