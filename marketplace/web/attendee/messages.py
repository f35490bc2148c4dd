"""What organisers write to groups, ended and wanted again: on one's own page, by a link, by a mail program."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import i18n
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.i18n import lazy_gettext as _l
from marketplace.models import Registration
from marketplace.services import outbox, registration, registration_links
from marketplace.web import language
from marketplace.web.access import MACHINE, PUBLIC, access
from marketplace.web.account.blueprint import secret_page
from marketplace.web.attendee.blueprint import Way, both_ways, room


@both_ways("/messages", ("POST",))
def messages(way: Way) -> ResponseReturnValue:
    """Want the messages of the organisers no more, or again."""
    is_wanted = request.form.get("wanted") == "1"
    registration.want_messages(way.registration.uid, is_wanted, by=way.by)
    flash(_("You get messages from the organisers again.") if is_wanted else str(_ENDED), "success")
    return redirect(way.url("overview"), code=303)


_ENDED = _l(
    "You get no more messages from the organisers of this event. Letters about your registration itself still come."
)


@room.get(f"{outbox.UNSUBSCRIBE_PATH}/<token>")
@access(PUBLIC)
def unsubscribe(token: str) -> ResponseReturnValue:
    """Ask whether the messages of an event's organisers shall end; programs that look at links change nothing."""
    found = _unsubscribing(token)
    return secret_page(
        render_template(
            "confirm.html",
            title=_("No more messages from the organisers of this event?"),
            text=_(
                "“%(event)s”: letters about your registration itself still come.", event=in_language(found.event.titles)
            ),
            action=url_for("attendee.end_messages", token=token),
            confirm_label=_("No more messages"),
            cancel_url=url_for("events.event", slug=found.event.slug),
        )
    )


@room.post(f"{outbox.UNSUBSCRIBE_PATH}/<token>")
@access(MACHINE)
def end_messages(token: str) -> ResponseReturnValue:
    """End the messages: by the button of the page above, or by a mail program in its reader's name (RFC 8058).

    That has neither cookies nor a page of ours, and follows no redirect: the signed token is all it brings.
    """
    found = _unsubscribing(token)
    registration.want_messages(found.uid, False)
    return secret_page(render_template("attendee/messages_ended.html", event=found.event, words=_ENDED))


def _unsubscribing(token: str) -> Registration:
    found = registration_links.by_unsubscribing(token)
    if request.cookies.get(language.COOKIE) is None:
        # The letter spoke this language; a browser may not ask for it.
        i18n.set_locale(found.locale)
    return found
