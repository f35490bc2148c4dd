"""The city's room: its projects, written in eight steps, submitted, and what became of them."""

from marketplace.web.city import files, fits, history, overview, preview, projects, steps, submission
from marketplace.web.city.blueprint import room

__all__ = ["files", "fits", "history", "overview", "preview", "projects", "room", "steps", "submission"]
