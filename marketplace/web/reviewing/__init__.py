"""The reviewers' room: what one has to judge, the pitch beside the score sheet, and giving a review back."""

from marketplace.web.reviewing import reviews
from marketplace.web.reviewing.blueprint import room

__all__ = ["reviews", "room"]
