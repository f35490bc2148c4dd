"""Choosing another password: knowing the present one, or with the link of a letter."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Gone, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import LinkPurpose
from marketplace.services import attempts, links, passwords
from marketplace.web import signed_in
from marketplace.web.access import PUBLIC, SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room, secret_page, visitor
from marketplace.web.account.identity import fresh
from marketplace.web.forms.account import EmailForm, NewPasswordForm, PasswordForm


@room.route("/forgot-password", methods=["GET", "POST"])
@access(PUBLIC)
def forgot_password() -> ResponseReturnValue:
    """Have a link sent with which a new password can be chosen. The answer does not tell who has an account."""
    if request.method == "GET":
        return render_template("account/forgot_password.html", form=EmailForm(request.args))
    form = EmailForm()
    if form.validate():
        try:
            passwords.request_reset(form.email.data, visitor())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("account.reset_sent"), code=303)
    return render_template("account/forgot_password.html", form=form), 422


@room.get("/forgot-password/sent")
@access(PUBLIC)
def reset_sent() -> str:
    """Tell that a letter is on its way, if there is an account."""
    return render_template("account/reset_sent.html")


@room.route("/reset/<token>", methods=["GET", "POST"])
@access(PUBLIC)
def reset_password(token: str) -> Response:
    """Set a new password with the link of the letter; every session ends, and the reader signs in anew."""
    try:
        user = links.find(LinkPurpose.RESET_PASSWORD, token).user
    except Gone:
        return secret_page(render_template("account/link_over.html", again=url_for("account.forgot_password")), 410)
    form, email = PasswordForm(), user.email
    if request.method == "POST" and form.validate():
        try:
            passwords.reset(token, form.password.data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            signed_in.forget()
            flash(_("Your new password is set. Please sign in with it."), "success")
            return make_response(redirect(url_for("account.sign_in"), code=303))
    status = 200 if request.method == "GET" else 422
    return secret_page(render_template("account/reset_password.html", form=form, email=email), status)


@room.route("/account/password", methods=["GET", "POST"])
@access(SIGNED_IN)
@fresh
def change_password() -> ResponseReturnValue:
    """Set another password; all other sessions end."""
    form = NewPasswordForm()
    if reader().password_hash is None:
        del form.present
    if request.method == "POST" and form.validate():
        present = form.present.data if "present" in form else ""
        key = reader().email_key
        attempts.count(attempts.PASSWORD, key, visitor())
        try:
            passwords.change(reader(), present, form.password.data, signed_in.current_session())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            attempts.give_back(attempts.PASSWORD, key, visitor())
            flash(_("Your new password is set. All other sessions have ended."), "success")
            return redirect(url_for("account.security"), code=303)
    status = 200 if request.method == "GET" else 422
    return render_template("account/change_password.html", form=form), status
