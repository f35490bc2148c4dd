"""What one has agreed to, one's own data to take along, and deleting the account."""

import json

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid, NotFound
from marketplace.i18n import gettext as _
from marketplace.models import ConsentKind
from marketplace.services import addresses, consents, deletion, own_data
from marketplace.web import signed_in
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room
from marketplace.web.account.identity import fresh
from marketplace.web.forms.account import DeleteForm


@room.get("/account/consents")
@access(SIGNED_IN)
def consent_list() -> str:
    """Show what one has agreed to, with the version of the text and the day."""
    user = reader()
    return render_template(
        "account/consents.html", texts=consents.TEXTS, given=consents.given(user), history=consents.history(user)
    )


@room.post("/account/consents/<kind>")
@access(SIGNED_IN)
def change_consent(kind: str) -> ResponseReturnValue:
    """Agree to a text, or take that back: one button each."""
    if kind not in set(ConsentKind):
        raise NotFound
    if request.form.get("agree") == "1":
        consents.give(reader(), ConsentKind(kind))
        flash(_("Thank you, that is noted."), "success")
    else:
        consents.withdraw(reader(), ConsentKind(kind))
        flash(_("Your agreement is taken back."), "success")
    return redirect(url_for("account.consent_list"), code=303)


@room.get("/account/data.json")
@access(SIGNED_IN)
@fresh
def own_data_file() -> Response:
    """Hand over everything that is kept about the reader."""
    text = json.dumps(own_data.export(reader()), ensure_ascii=False, indent=2)
    response = make_response(text)
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = "attachment; filename=my-data.json"
    return response


@room.route("/account/delete", methods=["GET", "POST"])
@access(SIGNED_IN)
@fresh
def delete() -> ResponseReturnValue:
    """Delete the account, after its address was typed."""
    form = DeleteForm()
    if request.method == "POST" and form.validate():
        try:
            if addresses.normalise(form.email.data).key != reader().email_key:
                raise Invalid("email", _("This is not the e-mail address of this account."))
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            deletion.delete_own(reader())
            signed_in.forget()
            flash(_("Your account is deleted. Thank you for having been with us."), "success")
            return redirect(url_for("public.home"), code=303)
    return render_template("account/delete.html", form=form), 200 if request.method == "GET" else 422
