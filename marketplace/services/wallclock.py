"""Time as it is read on a wall: moments from local times of a zone, days moved, windows that are open or not."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from marketplace import clock


def moment(day: date, hour: time, zone: str) -> datetime:
    """Return the moment at which clocks in the zone show this day and time.

    A time that a clock change skips means the moment as if clocks had not changed (an hour later on the wall); one
    that comes twice means the first.
    """
    return datetime.combine(day, hour.replace(tzinfo=None, fold=0), ZoneInfo(zone)).astimezone(UTC)


def local(at: datetime, zone: str) -> datetime:
    """Return the moment as clocks in the zone show it."""
    return at.astimezone(ZoneInfo(zone))


def day(at: datetime, zone: str) -> date:
    """Return the day of a moment on the zone's calendar."""
    return local(at, zone).date()


def shifted(at: datetime, days: int, zone: str) -> datetime:
    """Return the same time of day in the zone, some days later (or earlier), whatever the clocks did in between."""
    there = local(at, zone)
    return moment(there.date() + timedelta(days=days), there.time(), zone)


def is_open(opens_at: datetime | None, closes_at: datetime | None) -> bool:
    """Tell whether a window is open now. Both ends belong to it, closing to its whole last second; None is no limit."""
    now = clock.now()
    return (opens_at is None or now >= opens_at) and not is_past(closes_at)


def is_past(deadline: datetime | None) -> bool:
    """Tell whether a deadline has passed; what is done in its very second is in time."""
    return deadline is not None and clock.now().replace(microsecond=0) > deadline
