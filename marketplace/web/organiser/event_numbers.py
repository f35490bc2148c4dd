"""What an organiser watches and what few may read: numbers of an event, and the needs told in confidence."""

from flask import render_template
from flask_login import current_user

from marketplace.i18n import country_name, format_date, in_language, language_name
from marketplace.i18n import gettext as _
from marketplace.services import attendance_numbers, events, labels, needs, tickets
from marketplace.services.attendance_numbers import Day
from marketplace.web.access import access
from marketplace.web.organiser.desk import room

COLUMNS = 14
"""Columns of a chart over time, which fit a phone; a longer time has several days in each."""


@room.get("/events/<slug>/numbers", endpoint="events_numbers")
@access("desk.enter")
def numbers(slug: str) -> str:
    """Show how many take part, and how that has grown."""
    event = events.managed(slug, current_user)
    found = attendance_numbers.of_event(slug, current_user)
    names = {ticket.uid: in_language(ticket.names) for ticket in tickets.types(event)}
    charts = {
        "tickets": [(names[uid], number) for uid, number in found.tickets.items()],
        "categories": [(str(labels.of(one)), number) for one, number in found.categories.items()],
        "attendances": [(str(labels.of(one)), number) for one, number in found.attendances.items()],
        "countries": [(country_name(code), number) for code, number in found.countries.items()],
        "spoken": [(language_name(code), number) for code, number in found.languages.items()],
    }
    return render_template(
        "organiser/events/numbers.html", event=event, found=found, charts=charts, periods=_periods(found.days)
    )


def _periods(days: list[Day]) -> list[tuple[str, int, int]]:
    """Put days together: the words for the period, registrations made in it, and in all by its end."""
    step = -(-len(days) // COLUMNS) or 1
    found = []
    for number in range(0, len(days), step):
        part = days[number : number + step]
        first, last = format_date(part[0].day), format_date(part[-1].day)
        words = first if len(part) == 1 else _("%(first)s to %(last)s", first=first, last=last)
        found.append((words, sum(day.made for day in part), part[-1].total))
    return found


@room.get("/events/<slug>/needs", endpoint="events_needs")
@access("desk.enter")
def ask_needs(slug: str) -> str:
    """Say who may read what people need, before it is shown."""
    event = events.managed(slug, current_user)
    return render_template("organiser/events/needs.html", event=event, readers=needs.readers(event), rows=None)


@room.post("/events/<slug>/needs", endpoint="events_needs_read")
@access("desk.enter")
def read_needs(slug: str) -> str:
    """Show what people need; that it was read, and by whom, is written down."""
    event = events.managed(slug, current_user)
    rows = needs.of_event(slug, by=current_user)
    return render_template("organiser/events/needs.html", event=event, readers=needs.readers(event), rows=rows)
