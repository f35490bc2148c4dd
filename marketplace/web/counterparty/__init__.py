"""The counterparty's room: what a funder or vendor states, and the projects that fit."""

from marketplace.web.counterparty import fits
from marketplace.web.counterparty.blueprint import room

__all__ = ["fits", "room"]
