"""The ticket of a confirmed registration: on the screen, and as PDF."""

import segno
from flask import Response, render_template
from flask.typing import ResponseReturnValue

from marketplace import i18n
from marketplace.errors import NotFound
from marketplace.gateways import documents
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import RegistrationState
from marketplace.services import invites, labels, registration_links
from marketplace.web.attendee.blueprint import Way, both_ways
from marketplace.web.attendee.managing import frame


@both_ways("/ticket")
def ticket(way: Way) -> str:
    """Show the ticket with its code, to be scanned at the door."""
    code = _code(way)
    return render_template(
        "attendee/ticket.html",
        **frame(way),
        picture=segno.make(code, error="m", boost_error=False).svg_data_uri(scale=8, border=4),
        place=invites.place_of(way.event, way.registration.attendance),
    )


@both_ways("/ticket.pdf")
def ticket_file(way: Way) -> ResponseReturnValue:
    """Return the ticket as a page to be printed or kept on a phone."""
    code, mine, event = _code(way), way.registration, way.event
    content = documents.ticket(
        documents.Ticket(
            code=code,
            language=i18n.locale(),
            heading=i18n.programme_name(),
            event=in_language(event.titles),
            name=mine.badge_name or mine.name,
            organisation=mine.organisation_name,
            facts=[
                *((_("Time"), span) for span in frame(way)["spans"]),
                (_("Place"), invites.place_of(event, mine.attendance)),
                (_("Ticket"), in_language(mine.ticket_type.names)),
                (_("Group"), str(labels.of(mine.category))),
            ],
            note=_("Please have this code ready at the door."),
            illustrative=_("This event is an illustration: it is part of a sample programme.")
            if event.is_illustrative
            else "",
        )
    )
    response = Response(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{event.slug}-ticket.pdf"'
    return response


def _code(way: Way) -> str:
    if way.registration.state is not RegistrationState.CONFIRMED:
        raise NotFound
    return registration_links.ticket_code(way.registration)
