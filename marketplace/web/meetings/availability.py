"""When a side and its people can meet: their own word, and what keeps them besides."""

from typing import Any

from flask import flash, render_template
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict
from marketplace.i18n import gettext as _
from marketplace.services.meetings import absences, agenda, parties, slots
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.meetings import AbsencesForm
from marketplace.web.meetings.blueprint import enter, frame, reader, room


@room.get("/availability")
@access(SIGNED_IN)
def availability(slug: str) -> ResponseReturnValue:
    """Show the slots of the event for the side and each of its people."""
    return _page(slug)


def _page(slug: str, status: int = 200, refusal: str = "", sent: AbsencesForm | None = None) -> ResponseReturnValue:
    here = enter(slug)
    usable = slots.all_slots(here.event.id)
    rows: list[dict[str, Any]] = [
        {"person": None, "name": parties.title(here.party), "absent": absences.of_party(here.party), "blocks": {}}
    ]
    for member in here.party.members:
        person = member.registration
        rows.append(
            {
                "person": person,
                "name": person.name,
                "absent": absences.of_person(person),
                "blocks": absences.blocks(person, usable),
            }
        )
    for row in rows:
        # What was sent and refused stays ticked, to be corrected.
        if sent is not None and (sent.person.data or "") == (row["person"].uid if row["person"] else ""):
            row["absent"] = set(sent.slots.data or ())
    page = render_template(
        "meetings/availability.html",
        **frame(here),
        days=agenda.slots_by_day(here.event, usable),
        rows=rows,
        words=absences.BLOCKS,
        refusal=refusal,
    )
    return page, status


@room.post("/availability")
@access(SIGNED_IN)
def set_absences(slug: str) -> ResponseReturnValue:
    """Keep the slots in which a side, or one of its people, does not meet."""
    here = enter(slug)
    form = AbsencesForm()
    form.offer(slots.all_slots(here.event.id))
    try:
        parties.set_absences(
            slug, here.party.uid, set(form.slots.data or ()), reader(), registration_uid=form.person.data or ""
        )
    except Conflict as refusal:
        return _page(slug, refusal.status, str(refusal), form)
    flash(_("Saved."), "success")
    return here.to("availability")
