"""The team: who meets and how, all its meetings together, and leaving the meetings of an event."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, Invalid
from marketplace.i18n import gettext as _
from marketplace.services.meetings import agenda, parties
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.meetings import CancelForm, TeamForm
from marketplace.web.meetings.blueprint import enter, frame, reader, room


@room.get("/team")
@access(SIGNED_IN)
def team(slug: str) -> ResponseReturnValue:
    """Show who meets for the side, and the meetings of all sides the reader acts for."""
    return _page(slug)


def _page(slug: str, status: int = 200, refusal: str = "", form: TeamForm | None = None) -> ResponseReturnValue:
    here = enter(slug)
    page = render_template(
        "meetings/team.html",
        **frame(here),
        form=form or TeamForm.of(here.party, parties.candidates(here.event, here.party)),
        days=agenda.by_day(here.event, agenda.of_team(here.mine)),
        refusal=refusal,
    )
    return page, status


@room.post("/team")
@access(SIGNED_IN)
def edit_team(slug: str) -> ResponseReturnValue:
    """Change who meets, in which languages, and how."""
    here = enter(slug)
    form = TeamForm.of(here.party, parties.candidates(here.event, here.party))
    if not form.validate():
        return _page(slug, 422, form=form)
    try:
        parties.edit(slug, here.party.uid, form.details(here.party), reader())
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(slug, 422, form=form)
    except Conflict as refusal:
        return _page(slug, refusal.status, str(refusal), form)
    flash(_("Saved."), "success")
    return here.to("team")


@room.get("/team/leave")
@access(SIGNED_IN)
def leave(slug: str) -> str:
    """Ask before a side leaves the meetings."""
    return render_template("meetings/leave.html", **frame(enter(slug)), form=CancelForm(formdata=None))


@room.post("/team/leave")
@access(SIGNED_IN)
def leave_now(slug: str) -> ResponseReturnValue:
    """Take a side out of the meetings: its meetings end, and the other sides are told."""
    here = enter(slug)
    form = CancelForm()
    if not form.validate():
        return render_template("meetings/leave.html", **frame(here), form=form), 422
    parties.withdraw(slug, here.party.uid, form.reason.data or "", reader())
    flash(_("This side no longer takes part in the meetings. The other sides were told."), "success")
    return here.to("agenda")
