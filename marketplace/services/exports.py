"""Registrations as rows for a spreadsheet. Who exported what is written down; private needs are never among it."""

from collections.abc import Sequence

from sqlalchemy.orm import joinedload, selectinload

from marketplace import i18n
from marketplace.database import atomic
from marketplace.i18n import gettext as _
from marketplace.i18n import in_language
from marketplace.models import Registration, RegistrationConsentKind, User
from marketplace.services import attendees, audit, events, labels, policies, questions, sign_ups, wallclock

Rows = tuple[list[str], list[list[str]]]
"""A header and rows of words; what they would mean to a spreadsheet is the concern of `gateways.tables`."""


def registrations(slug: str, wanted: attendees.Filter, by: User) -> Rows:
    """Return the registrations of an event that a filter selects, in the reader's language, the oldest first."""
    with atomic() as current:
        event = events.managed(slug, by)
        policies.require(by, "registration.manage", event)
        asked = questions.every(event)
        found = list(
            current.scalars(
                attendees.filtered(event, wanted)
                .order_by(None)
                .order_by(Registration.created_at, Registration.id)
                .options(
                    joinedload(Registration.ticket_type),
                    selectinload(Registration.answers),
                    selectinload(Registration.consents),
                )
            )
        )
        chosen = sign_ups.titles_by_registration(event)
        header = [*_header(event.timezone), *(in_language(question.labels) for question in asked)]
        rows = []
        for one in found:
            answers = {answer.question_id: questions.words(answer) for answer in one.answers}
            sessions = "; ".join(chosen.get(one.id, []))
            rows.append([*_cells(one, event.timezone, sessions), *(answers.get(question.id, "") for question in asked)])
        audit.record("registration.exported", by, event, number=len(rows))
        return header, rows


def _header(zone: str) -> list[str]:
    return [
        _("Number"),
        _("State"),
        _("Name"),
        _("Name on the badge"),
        _("E-mail address"),
        _("Organisation"),
        _("Job title"),
        _("Group"),
        _("Country"),
        _("Ticket"),
        _("Attendance"),
        _("Languages"),
        _("Interpretation"),
        _("Language of letters"),
        _("Photographs"),
        _("Directory"),
        _("Sessions"),
        _("Registered (%(zone)s)", zone=i18n.zone_city(zone)),
    ]


def _cells(one: Registration, zone: str, sessions: str) -> Sequence[str]:
    return [
        one.uid,
        str(labels.of(one.state)),
        one.name,
        one.badge_name or one.name,
        one.email,
        one.organisation_name,
        one.job_title,
        str(labels.of(one.category)),
        i18n.country_name(one.country) if one.country else "",
        in_language(one.ticket_type.names),
        str(labels.of(one.attendance)),
        ", ".join(i18n.language_name(code) for code in one.languages),
        i18n.language_name(one.interpretation) if one.interpretation else "",
        i18n.language_name(one.locale),
        _("Yes") if one.has_consent(RegistrationConsentKind.PHOTO) else _("No"),
        _("Yes") if one.has_consent(RegistrationConsentKind.DIRECTORY) else _("No"),
        sessions,
        wallclock.local(one.created_at, zone).strftime("%Y-%m-%d %H:%M"),
    ]
