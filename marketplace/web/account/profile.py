"""The first page of the account, and what a person tells about themselves."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import i18n
from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.services import accounts, email_changes, invitations, memberships, sessions, twofactor
from marketplace.web import language
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room
from marketplace.web.forms.account import ProfileForm


@room.get("/account")
@access(SIGNED_IN)
def home() -> str:
    """Show the account at a glance: organisations, profile, security."""
    user = reader()
    return render_template(
        "account/home.html",
        ties=memberships.of(user),
        invitations=invitations.of(user),
        session_count=len(sessions.of(user)),
    )


@room.route("/account/profile", methods=["GET", "POST"])
@access(SIGNED_IN)
def profile() -> ResponseReturnValue:
    """Change name, language, time zone and spoken languages."""
    user = reader()
    form = ProfileForm(obj=user)
    if request.method == "GET":
        return render_template("account/profile.html", form=form)
    if form.validate():
        told = accounts.Profile(form.name.data, form.locale.data, form.timezone.data, form.spoken_languages.data)
        try:
            accounts.change_profile(user, told)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            i18n.set_locale(told.locale)
            flash(_("Your profile is saved."), "success")
            response = make_response(redirect(url_for("account.home"), code=303))
            return language.remember(response, told.locale)
    return render_template("account/profile.html", form=form), 422


@room.get("/account/security")
@access(SIGNED_IN)
def security() -> str:
    """Show how the account is protected: address, password, second factor, sessions."""
    user = reader()
    return render_template(
        "account/security.html",
        pending_email=email_changes.pending(user),
        codes_left=twofactor.recovery_codes_left(user),
        session_count=len(sessions.of(user)),
    )
