"""The city's room: its projects, written in eight steps, submitted, and what became of them."""

from marketplace.web.city import files, history, overview, preview, projects, steps, submission
from marketplace.web.city.blueprint import room

__all__ = ["files", "history", "overview", "preview", "projects", "room", "steps", "submission"]
