"""Room: the organiser's desk. Events, people, organisations, city pairs, letters, jobs and the audit trail."""

from marketplace.web.organiser import (
    audit_trail,
    event_letters,
    event_numbers,
    event_parts,
    event_programme,
    event_questions,
    event_registrations,
    event_tickets,
    events,
    jobs,
    organisations,
    outbox,
    overview,
    pairs,
    people,
)
from marketplace.web.organiser.desk import room

__all__ = [
    "audit_trail",
    "event_letters",
    "event_numbers",
    "event_parts",
    "event_programme",
    "event_questions",
    "event_registrations",
    "event_tickets",
    "events",
    "jobs",
    "organisations",
    "outbox",
    "overview",
    "pairs",
    "people",
    "room",
]
