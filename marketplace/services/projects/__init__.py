"""Projects: calls, the pitch a city writes, its submission and publication, and the book in which others read it."""
