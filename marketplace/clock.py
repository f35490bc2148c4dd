"""The only clock of the product: every moment is an aware datetime in UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)
