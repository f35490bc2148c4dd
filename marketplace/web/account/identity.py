"""Proving again who one is, before what a stolen session must not do: the sign-in itself counts for ten minutes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from marketplace import clock
from marketplace.i18n import gettext as _
from marketplace.services import signin
from marketplace.web import signed_in
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room, secret_page, visitor
from marketplace.web.forms.account import CodeForm, PresentPasswordForm
from marketplace.web.public import local_target

FRESH_SECONDS = 600
_PROVED = "proved"
_ASKED = "proof_ticket"

View = TypeVar("View", bound=Callable[..., Any])


def fresh(view: View) -> View:
    """Let a view be entered only by somebody who has signed in or proved who they are within ten minutes."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if is_fresh():
            return view(*args, **kwargs)
        target = request.path if request.method == "GET" else url_for("account.security")
        return redirect(url_for("account.prove_identity", next=target), code=303)

    return guarded  # type: ignore[return-value]


def is_fresh() -> bool:
    """Tell whether the reader has just shown who they are."""
    found = signed_in.current_session()
    if found is None:
        return False
    now = clock.now().timestamp()
    proved: dict[str, Any] = session.get(_PROVED) or {}
    latest = float(proved.get("at", 0)) if proved.get("session") == found.uid else 0.0
    return 0 <= now - max(latest, found.created_at.timestamp()) < FRESH_SECONDS


@room.get("/account/prove")
@access(SIGNED_IN)
def prove_identity() -> ResponseReturnValue:
    """Ask for the password, or offer a code by e-mail."""
    return _page(PresentPasswordForm(request.args), CodeForm())


@room.post("/account/prove")
@access(SIGNED_IN)
def prove_with_password() -> ResponseReturnValue:
    """Check the password."""
    form = PresentPasswordForm()
    if form.validate():
        if signin.by_password(reader().email, form.present.data, visitor()) is not None:
            return _proved(form.next.data)
        form.present.errors = [_("This is not your present password.")]
    return _page(form, CodeForm(), 422)


@room.post("/account/prove/send-code")
@access(SIGNED_IN)
def send_proof_code() -> ResponseReturnValue:
    """Have a code sent to one's own address."""
    session[_ASKED] = signin.request_code(reader().email, visitor(), replaces=str(session.get(_ASKED, "")))
    flash(_("A code is on its way to your e-mail address."), "success")
    return redirect(url_for("account.prove_identity", next=request.form.get("next", "")[:500]), code=303)


@room.get("/account/prove/code")
@access(SIGNED_IN)
def back_to_proof() -> ResponseReturnValue:
    """Lead somebody who comes back to an address that only takes a form to where the form is."""
    return redirect(url_for("account.prove_identity"), code=303)


@room.post("/account/prove/code")
@access(SIGNED_IN)
def prove_with_code() -> ResponseReturnValue:
    """Check the code of the letter."""
    form = CodeForm()
    if form.validate():
        ticket = str(session.get(_ASKED, ""))
        user = signin.by_code(reader().email, ticket, form.code.data, visitor())
        if user is not None and user.id == reader().id:
            session.pop(_ASKED, None)
            return _proved(form.next.data)
        form.code.errors = [_("This code is not right or no longer valid. After five tries, have a new one sent.")]
    return _page(PresentPasswordForm(next=form.next.data), form, 422)


def _proved(target: str | None) -> ResponseReturnValue:
    found = signed_in.current_session()
    if found is not None:
        session[_PROVED] = {"session": found.uid, "at": int(clock.now().timestamp())}
    return redirect(local_target(target, "account.security"), code=303)


def _page(password: PresentPasswordForm, code: CodeForm, status: int = 200) -> ResponseReturnValue:
    code.next.data = password.next.data
    return secret_page(
        render_template(
            "account/prove_identity.html",
            password=password,
            code=code,
            has_password=reader().password_hash is not None,
            code_asked=_ASKED in session,
        ),
        status,
    )
