"""Signing in by password or by a code from a letter, the second factor, and signing out."""

from dataclasses import asdict
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import Invalid, TooManyAttempts
from marketplace.i18n import gettext as _
from marketplace.models import User
from marketplace.services import installation, policies, sample, signin, twofactor
from marketplace.services.sample import SampleAccount
from marketplace.services.signin import Pending
from marketplace.web import language, signed_in
from marketplace.web.access import PUBLIC, access
from marketplace.web.account.blueprint import reader, remember_browser, room, secret_page, visitor
from marketplace.web.forms.account import CodeForm, EmailForm, SecondFactorForm, SignInForm
from marketplace.web.public import local_target

_PENDING = "pending"
_CODE = "code"


@room.get("/sign-in")
@access(PUBLIC)
def sign_in() -> ResponseReturnValue:
    """Ask for address and password, or only for the address to send a code to."""
    if current_user.is_authenticated:
        return redirect(_target(reader(), request.args.get("next")), code=303)
    return _sign_in_page(SignInForm(request.args))


@room.post("/sign-in")
@access(PUBLIC)
def sign_in_with_password() -> ResponseReturnValue:
    """Check address and password."""
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form, 422)
    try:
        user = signin.by_password(form.email.data, form.password.data, visitor())
    except TooManyAttempts as refusal:
        form.form_errors.append(
            _("Too many attempts with a password. Wait a quarter of an hour, or have a code sent to you by e-mail.")
        )
        response = _sign_in_page(form, refusal.status)
        response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    if user is None:
        form.form_errors.append(_("E-mail address and password do not fit together."))
        return _sign_in_page(form, 422)
    return _passed_first_factor(user, form.next.data)


def _sign_in_page(form: SignInForm, status: int = 200) -> Response:
    groups: dict[str, list[SampleAccount]] = {}
    for account in sample.accounts() if installation.is_sample() else []:
        # The accounts that stand for a role have its name; those of organisations are many, and grouped by kind.
        stands_for_role = account.email.partition("@")[0].isalpha()
        groups.setdefault("" if stands_for_role else account.role, []).append(account)
    page = render_template("account/sign_in.html", form=form, sample_groups=groups, sample_password=sample.PASSWORD)
    return make_response(page, status)


@room.post("/sign-in/send-code")
@access(PUBLIC)
def send_code() -> ResponseReturnValue:
    """Have a six-digit code sent to the address, if it has an account."""
    form = EmailForm()
    before = session.get(_CODE) or {}
    try:
        if not form.validate():
            raise Invalid("email", _("Please enter an e-mail address like name@example.org."))
        ticket = signin.request_code(form.email.data, visitor(), replaces=str(before.get("ticket", "")))
    except Invalid as refusal:
        page = SignInForm()
        page.refuse(refusal)
        return _sign_in_page(page, 422)
    session[_CODE] = {"email": form.email.data, "ticket": ticket, "next": (form.next.data or "")[:500]}
    return redirect(url_for("account.sign_in_code"), code=303)


@room.get("/sign-in/send-code")
@access(PUBLIC)
def code_asked() -> ResponseReturnValue:
    """Lead somebody who comes back to this address, which only takes a form, to where the form is."""
    return redirect(url_for("account.sign_in"), code=303)


@room.get("/sign-in/code")
@access(PUBLIC)
def sign_in_code() -> ResponseReturnValue:
    """Ask for the code of the letter."""
    if _CODE not in session:
        return redirect(url_for("account.sign_in"), code=303)
    return secret_page(render_template("account/sign_in_code.html", form=CodeForm(), asked=session[_CODE]))


@room.post("/sign-in/code")
@access(PUBLIC)
def sign_in_with_code() -> ResponseReturnValue:
    """Check the code; it is right once, for ten minutes, in the browser that asked for it."""
    asked = session.get(_CODE)
    if not asked:
        return redirect(url_for("account.sign_in"), code=303)
    form = CodeForm()
    if form.validate():
        user = signin.by_code(asked["email"], asked["ticket"], form.code.data, visitor())
        if user is not None:
            return _passed_first_factor(user, asked["next"])
        form.code.errors = [_("This code is not right or no longer valid. After five tries, have a new one sent.")]
    return secret_page(render_template("account/sign_in_code.html", form=form, asked=asked), 422)


def _passed_first_factor(user: User, target: str | None) -> ResponseReturnValue:
    if not user.has_second_factor:
        return enter(user, target, with_second_factor=False)
    session.pop(_CODE, None)
    session[_PENDING] = {**asdict(signin.pend(user)), "next": (target or "")[:500]}
    return redirect(url_for("account.second_factor"), code=303)


@room.route("/sign-in/second-factor", methods=["GET", "POST"])
@access(PUBLIC)
def second_factor() -> ResponseReturnValue:
    """Ask for the code of the authenticator app, or a recovery code; only then a session begins."""
    kept: dict[str, Any] = session.get(_PENDING) or {}
    user = signin.pending_user(Pending(kept["uid"], kept["at"], kept["proof"])) if kept else None
    if user is None:
        session.pop(_PENDING, None)
        flash(_("Please sign in again: the time for the second step is over."), "info")
        return redirect(url_for("account.sign_in"), code=303)
    form = SecondFactorForm()
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            if twofactor.check(user, form.code.data, visitor()):
                return enter(user, kept["next"], with_second_factor=True)
            form.code.errors = [_("This code is not right. Please type the one the app shows now.")]
    return secret_page(render_template("account/second_factor.html", form=form), status)


def enter(user: User, target: str | None, *, with_second_factor: bool) -> Response:
    """Begin the session and go where the reader wanted to; the account's language comes along."""
    signed_in.begin(user, with_second_factor=with_second_factor)
    response = make_response(redirect(_target(user, target), code=303))
    remember_browser(response, user)
    return language.remember(response, user.locale)


def _target(user: User, wanted: str | None) -> str:
    at_desk = policies.can(user, "desk.enter") or policies.needs_second_factor(user, "desk.enter")
    return local_target(wanted, "organiser.dashboard" if at_desk else "account.home")


@room.post("/sign-out")
@access(PUBLIC)
def sign_out() -> Response:
    """End the session on the server, and forget it in the browser."""
    response = make_response(redirect(url_for("public.home"), code=303))
    return signed_in.end(response)
