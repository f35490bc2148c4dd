"""Meetings at an event for those who meet: agenda, partners and wishes, requests, availability, the team."""

from marketplace.web.meetings import agenda, availability, partners, requests, team
from marketplace.web.meetings.blueprint import room

__all__ = ["agenda", "availability", "partners", "requests", "room", "team"]
