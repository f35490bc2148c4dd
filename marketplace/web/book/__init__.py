"""The project book: the published projects, for everybody as far as each city opened them."""

from marketplace.web.book import exports, listing, project
from marketplace.web.book.blueprint import room

__all__ = ["exports", "listing", "project", "room"]
