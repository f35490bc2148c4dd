"""The second factor: setting up an authenticator app, recovery codes, taking it away."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.services import policies, twofactor
from marketplace.web import signed_in
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room, secret_page, visitor
from marketplace.web.account.identity import fresh
from marketplace.web.forms.account import SecondFactorForm


@room.get("/account/two-factor")
@access(SIGNED_IN)
def two_factor() -> ResponseReturnValue:
    """Show whether a second factor is set up; with `needed`, why the desk asks for one."""
    return _page(SecondFactorForm())


@room.get("/account/two-factor/<any(confirm, disable, 'recovery-codes'):_step>")
@access(SIGNED_IN)
def back_to_two_factor(_step: str) -> ResponseReturnValue:
    """Lead somebody who comes back to an address that only takes a form to where the form is."""
    return redirect(url_for("account.two_factor"), code=303)


@room.post("/account/two-factor/set-up")
@access(SIGNED_IN)
@fresh
def begin_two_factor() -> ResponseReturnValue:
    """Make a fresh secret and show it."""
    twofactor.begin_setup(reader())
    return redirect(url_for("account.set_up_two_factor"), code=303)


@room.get("/account/two-factor/set-up")
@access(SIGNED_IN)
@fresh
def set_up_two_factor() -> ResponseReturnValue:
    """Show the secret as a picture and in letters, and ask for a first code."""
    return _set_up_page(SecondFactorForm())


@room.post("/account/two-factor/confirm")
@access(SIGNED_IN)
@fresh
def confirm_two_factor() -> ResponseReturnValue:
    """Put the app in force and show the recovery codes, once."""
    form = SecondFactorForm()
    if not form.validate():
        return _set_up_page(form, 422)
    try:
        codes = twofactor.confirm(reader(), form.code.data, signed_in.current_session())
    except Invalid as refusal:
        form.refuse(refusal)
        return _set_up_page(form, 422)
    return secret_page(render_template("account/recovery_codes.html", codes=codes))


@room.post("/account/two-factor/recovery-codes")
@access(SIGNED_IN)
@fresh
def new_recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes and show the new ones, once."""
    form = SecondFactorForm()
    if form.validate():
        try:
            codes = twofactor.new_recovery_codes(reader(), form.code.data, visitor())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            return secret_page(render_template("account/recovery_codes.html", codes=codes))
    return _page(form, 422)


@room.post("/account/two-factor/disable")
@access(SIGNED_IN)
@fresh
def disable_two_factor() -> ResponseReturnValue:
    """Take the app out of force, with a last code."""
    form = SecondFactorForm()
    if form.validate():
        try:
            twofactor.disable(reader(), form.code.data, visitor(), signed_in.current_session())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("Signing in no longer asks for a code of your app. All other sessions have ended."), "success")
            return redirect(url_for("account.security"), code=303)
    return _page(form, 422)


def _page(form: SecondFactorForm, status: int = 200) -> ResponseReturnValue:
    user = reader()
    return secret_page(
        render_template(
            "account/two_factor.html",
            form=form,
            codes_left=twofactor.recovery_codes_left(user),
            needed=request.args.get("needed") == "1" and policies.is_desk_member(user),
            is_required=policies.is_desk_member(user) and not policies.may_skip_second_factor(user),
        ),
        status,
    )


def _set_up_page(form: SecondFactorForm, status: int = 200) -> ResponseReturnValue:
    setup = twofactor.setup(reader())
    if setup is None:
        return redirect(url_for("account.two_factor"), code=303)
    return secret_page(render_template("account/set_up_two_factor.html", form=form, setup=setup), status)
