"""Where one is signed in, and ending it from afar."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.i18n import gettext as _
from marketplace.services import sessions as services
from marketplace.web import signed_in
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.account.blueprint import reader, room


@room.get("/account/sessions")
@access(SIGNED_IN)
def sessions() -> str:
    """List the browsers in which one is signed in."""
    return render_template("account/sessions.html", rows=services.of(reader()), present=signed_in.current_session())


@room.post("/account/sessions/<uid>/end")
@access(SIGNED_IN)
def end_session(uid: str) -> ResponseReturnValue:
    """End one of one's own sessions; ending the present one is signing out."""
    found = signed_in.current_session()
    services.end(reader(), uid)
    if found is not None and found.uid == uid:
        signed_in.forget()
        return redirect(url_for("public.home"), code=303)
    flash(_("That session has ended."), "success")
    return redirect(url_for("account.sessions"), code=303)


@room.post("/account/sessions/end-others")
@access(SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    """End all sessions but the present one."""
    services.end_others(reader(), signed_in.current_session())
    flash(_("All other sessions have ended."), "success")
    return redirect(url_for("account.sessions"), code=303)
