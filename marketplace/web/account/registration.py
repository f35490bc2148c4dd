"""Getting an account: registering, and confirming it with the link of the letter."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import i18n
from marketplace.errors import Gone, Invalid
from marketplace.i18n import gettext as _
from marketplace.models import LinkPurpose
from marketplace.services import accounts, consents, links
from marketplace.web.access import PUBLIC, access
from marketplace.web.account.blueprint import room, secret_page, visitor
from marketplace.web.account.signing_in import enter
from marketplace.web.forms.account import ConfirmForm, RegistrationForm


@room.get("/register")
@access(PUBLIC)
def register() -> str:
    """Ask who wants an account; an invitation may have filled in the address."""
    form = RegistrationForm(request.args, locale=i18n.locale())
    form.terms.data = form.news.data = False
    if "locale" not in request.args:
        form.locale.data = i18n.locale()
    return render_template("account/register.html", form=form, texts=consents.TEXTS)


@room.post("/register")
@access(PUBLIC)
def send_registration() -> ResponseReturnValue:
    """Take the registration. The answer is the same whether the address has an account or not."""
    form = RegistrationForm()
    if form.validate():
        registration = accounts.Registration(
            name=form.name.data,
            email=form.email.data,
            locale=form.locale.data,
            timezone=form.timezone.data or "UTC",
            wants_news=form.news.data,
        )
        try:
            accounts.request_registration(registration, visitor())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return redirect(url_for("account.registered"), code=303)
    return render_template("account/register.html", form=form, texts=consents.TEXTS), 422


@room.get("/register/sent")
@access(PUBLIC)
def registered() -> str:
    """Tell that a letter is on its way."""
    return render_template("account/registered.html")


@room.get("/terms")
@access(PUBLIC)
def terms() -> str:
    """Show what one agrees to with an account."""
    return render_template("account/terms.html", texts=consents.TEXTS)


@room.route("/confirm/<token>", methods=["GET", "POST"])
@access(PUBLIC)
def confirm(token: str) -> Response:
    """Let the owner of the address choose a password, confirm, and come in."""
    try:
        user = links.find(LinkPurpose.CONFIRM_ACCOUNT, token).user
    except Gone:
        return secret_page(render_template("account/link_over.html", again=url_for("account.sign_in")), 410)
    form = ConfirmForm()
    if request.method == "GET" or not form.validate():
        return _confirm_page(form, user.name, user.email, 200 if request.method == "GET" else 422)
    try:
        confirmed = accounts.confirm(token, form.password.data or "")
    except Invalid as refusal:
        form.refuse(refusal)
        return _confirm_page(form, user.name, user.email, 422)
    response = enter(confirmed, None, with_second_factor=False)
    flash(_("Welcome! Your address is confirmed."), "success")
    return response


def _confirm_page(form: ConfirmForm, name: str, email: str, status: int) -> Response:
    return secret_page(render_template("account/confirm.html", form=form, name=name, email=email), status)
