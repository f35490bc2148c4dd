"""City pairs at the desk: who works with whom since when, new pairs, and the end of old ones."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace import clock
from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.services import cities
from marketplace.web.access import access
from marketplace.web.forms.organiser import EndPairForm, PairForm
from marketplace.web.organiser.desk import room


@room.get("/pairs", endpoint="pairs")
@access("desk.platform")
def listing() -> str:
    """List the pairs of today and those that have ended or not begun."""
    return render_template("organiser/pairs.html", pairs=cities.pairs(), today=clock.now().date())


@room.route("/pairs/new", endpoint="pairs_new", methods=["GET", "POST"])
@access("desk.platform")
def add() -> ResponseReturnValue:
    """Pair two cities."""
    form = PairForm()
    form.offer(cities.directory().cities)
    if form.validate_on_submit():
        try:
            cities.add_pair(
                form.lac_city.data,
                form.us_city.data,
                form.valid_from.data,
                current_user,
                source=form.source.data or "",
                note=form.note.data or "",
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The cities are paired."), "success")
            return redirect(url_for("organiser.pairs"), code=303)
    return render_template("organiser/pair_form.html", form=form), 422 if form.is_submitted() else 200


@room.route("/pairs/<uid>/end", endpoint="pairs_end", methods=["GET", "POST"])
@access("desk.platform")
def end(uid: str) -> ResponseReturnValue:
    """State the day on which a pair ends."""
    pair = cities.find_pair(uid)
    form = EndPairForm(data={"valid_until": pair.valid_until or clock.now().date()})
    if form.validate_on_submit():
        try:
            cities.end_pair(uid, form.valid_until.data, current_user)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The end of the pair is written down."), "success")
            return redirect(url_for("organiser.pairs"), code=303)
    return render_template("organiser/pair_end.html", form=form, pair=pair), 422 if form.is_submitted() else 200
