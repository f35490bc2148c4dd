"""The room of those who act for an organisation: theirs, its profile, its people, invitations, asking to join."""

from marketplace.web.organisations import invitations, joining, mine, people, profile
from marketplace.web.organisations.blueprint import room

__all__ = ["invitations", "joining", "mine", "people", "profile", "room"]
