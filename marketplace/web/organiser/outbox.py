"""The outbox: every letter with its state, what it says in each language, sent again or called back."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.errors import NotFound
from marketplace.i18n import LANGUAGES, ngettext
from marketplace.i18n import gettext as _
from marketplace.models import Letter, LetterState
from marketplace.services import bulk, labels, outbox, paging
from marketplace.web.access import access
from marketplace.web.organiser.desk import ask, page_number, room
from marketplace.web.public import local_target


@room.get("/outbox", endpoint="outbox")
@access("desk.platform")
def listing() -> str:
    """List letters, the newest first."""
    wanted = outbox.Filter(
        query=request.args.get("q", "")[:200],
        kind=request.args.get("kind", "")[:60],
        state=labels.read(LetterState, request.args.get("state")),
    )
    return render_template(
        "organiser/outbox.html",
        page=paging.page(outbox.listing(wanted), page_number()),
        wanted=wanted,
        kinds=outbox.kinds(),
        counts=outbox.counts(),
        states=list(LetterState),
    )


@room.post("/outbox/resend", endpoint="outbox_resend_several")
@access("desk.platform")
def resend_several() -> ResponseReturnValue:
    """Send the failed letters that were ticked once more."""
    number = bulk.resend_letters(request.form.getlist("uid"), by=current_user)
    if number:
        flash(ngettext("%(num)s letter is sent again.", "%(num)s letters are sent again.", number), "success")
    else:
        flash(_("Please tick the failed letters to send again first."), "warning")
    return redirect(local_target(request.form.get("next"), "organiser.outbox"), code=303)


@room.get("/outbox/<uid>", endpoint="outbox_letter")
@access("desk.platform")
def letter(uid: str) -> str:
    """Show one letter and what it says, links and codes masked; `?in=` chooses the language."""
    found = outbox.find(uid)
    language = _language(found)
    return render_template(
        "organiser/letter.html",
        letter=found,
        language=language,
        content=None if _is_empty(found) else outbox.render(found, locale=language, secrets=False),
    )


@room.get("/outbox/<uid>/html", endpoint="outbox_html")
@access("desk.platform")
def letter_html(uid: str) -> Response:
    """Return the HTML part of one letter, links and codes masked, to be framed."""
    found = outbox.find(uid)
    if _is_empty(found):
        raise NotFound
    response = Response(outbox.render(found, locale=_language(found), secrets=False).html)
    # A letter brings its own style, and is shown inside a page of ours, where its links lead nowhere.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _language(found: Letter) -> str:
    asked = request.args.get("in", "")
    return asked if asked in LANGUAGES else found.locale


def _is_empty(found: Letter) -> bool:
    """Tell whether what the letter said has been deleted, which happens after a year."""
    return not found.recipient


@room.get("/outbox/<uid>/resend", endpoint="outbox_resend_ask")
@access("desk.platform")
def ask_resend(uid: str) -> str:
    """Ask before a letter is sent again."""
    found = outbox.find(uid)
    return ask(
        _("Send this letter again?"),
        _("“%(subject)s” goes to %(address)s once more.", subject=found.subject, address=found.recipient),
        _("Send again"),
        url_for("organiser.outbox_letter", uid=uid),
        tone="primary",
    )


@room.post("/outbox/<uid>/resend", endpoint="outbox_resend")
@access("desk.platform")
def resend(uid: str) -> ResponseReturnValue:
    """Send a letter again."""
    outbox.resend(uid, by=current_user)
    flash(_("The letter waits to be sent again."), "success")
    return redirect(url_for("organiser.outbox_letter", uid=uid), code=303)


@room.get("/outbox/<uid>/call-back", endpoint="outbox_cancel_ask")
@access("desk.platform")
def ask_cancel(uid: str) -> str:
    """Ask before a letter is called back."""
    found = outbox.find(uid)
    return ask(
        _("Call this letter back?"),
        _("“%(subject)s” is not sent to %(address)s.", subject=found.subject, address=found.recipient),
        _("Call back"),
        url_for("organiser.outbox_letter", uid=uid),
    )


@room.post("/outbox/<uid>/call-back", endpoint="outbox_cancel")
@access("desk.platform")
def cancel(uid: str) -> ResponseReturnValue:
    """Call a letter back that has not been sent."""
    outbox.cancel(uid, by=current_user)
    flash(_("The letter is called back."), "success")
    return redirect(url_for("organiser.outbox_letter", uid=uid), code=303)
