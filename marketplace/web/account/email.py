"""Changing one's e-mail address: asked for here, confirmed by a link at the old and at the new address."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Gone, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import LinkPurpose
from marketplace.services import email_changes, links
from marketplace.web import signed_in
from marketplace.web.access import PUBLIC, SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room, secret_page, visitor
from marketplace.web.account.identity import fresh
from marketplace.web.forms.account import EmailForm


@room.route("/account/email", methods=["GET", "POST"])
@access(SIGNED_IN)
@fresh
def email() -> ResponseReturnValue:
    """Ask for the new address and write to both."""
    form = EmailForm()
    if request.method == "POST" and form.validate():
        try:
            email_changes.request(reader(), form.email.data, visitor())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("We have written to both addresses. The change is made when both links have been used."), "success")
            return redirect(url_for("account.email"), code=303)
    status = 200 if request.method == "GET" else 422
    return render_template("account/email.html", form=form, pending=email_changes.pending(reader())), status


@room.post("/account/email/cancel")
@access(SIGNED_IN)
def cancel_email() -> ResponseReturnValue:
    """Call the change off."""
    email_changes.cancel(reader())
    flash(_("The change is called off. Your address stays as it is."), "success")
    return redirect(url_for("account.security"), code=303)


@room.route("/email/old/<token>", methods=["GET", "POST"])
@access(PUBLIC)
def confirm_old_email(token: str) -> Response:
    """Let the owner of the present address agree."""
    return _confirm(LinkPurpose.CHANGE_EMAIL_OLD, token)


@room.route("/email/new/<token>", methods=["GET", "POST"])
@access(PUBLIC)
def confirm_new_email(token: str) -> Response:
    """Let the owner of the new address agree."""
    return _confirm(LinkPurpose.CHANGE_EMAIL_NEW, token)


@room.post("/email/old/<token>/cancel")
@access(PUBLIC)
def refuse_email(token: str) -> ResponseReturnValue:
    """Let the owner of the present address call the change off without signing in."""
    email_changes.cancel(links.find(LinkPurpose.CHANGE_EMAIL_OLD, token).user)
    flash(_("The change is called off. If you did not ask for it, please change your password."), "warning")
    return redirect(url_for("account.forgot_password"), code=303)


def _confirm(purpose: LinkPurpose, token: str) -> Response:
    try:
        link = links.find(purpose, token)
        if request.method == "GET":
            is_old = purpose is LinkPurpose.CHANGE_EMAIL_OLD
            return secret_page(
                render_template("account/confirm_email.html", new=link.email, is_old=is_old, token=token)
            )
        changed = email_changes.confirm(purpose, token)
    except Gone:
        return secret_page(render_template("account/link_over.html", again=url_for("account.email")), 410)
    if changed:
        signed_in.forget()
        flash(_("Your e-mail address is changed. Please sign in with the new one."), "success")
    else:
        flash(_("Thank you. The change is made when the link at the other address has been used, too."), "info")
    return make_response(redirect(url_for("account.sign_in" if changed else "public.home"), code=303))
