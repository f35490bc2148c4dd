"""The counterparty's room: what a funder or vendor states, the projects that fit, and lists of all of them."""

from marketplace.web.counterparty import directory, fits, overview, steps
from marketplace.web.counterparty.blueprint import room

__all__ = ["directory", "fits", "overview", "room", "steps"]
