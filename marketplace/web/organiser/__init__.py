"""Room: the organiser's desk. People, organisations, city pairs, letters, jobs and the audit trail of the programme."""

from marketplace.web.organiser import audit_trail, jobs, organisations, outbox, overview, pairs, people
from marketplace.web.organiser.desk import room

__all__ = ["audit_trail", "jobs", "organisations", "outbox", "overview", "pairs", "people", "room"]
