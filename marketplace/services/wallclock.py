"""Time as it is read on a wall: moments from local times of a zone, days moved, windows that are open or not."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from marketplace import clock, i18n


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


def span(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """Write a period as clocks in the zone show it, with the zone, in the reader's language."""
    return _span(starts_at, ends_at, zone, i18n.locale())


@lru_cache(maxsize=4096)
def _span(starts_at: datetime, ends_at: datetime, zone: str, locale: str) -> str:
    # The same periods are written again and again: in every feed, letter and programme of an event.
    if day(starts_at, zone) != day(ends_at, zone):
        return f"{i18n.format_datetime(starts_at, zone, 'long')} – {i18n.format_datetime(ends_at, zone, 'long')}"
    date_words = i18n.format_date(day(starts_at, zone))
    hours = f"{i18n.format_time(starts_at, zone)}–{i18n.format_time(ends_at, zone)}"
    return f"{date_words}, {hours} ({i18n.zone_name(zone, starts_at)})"


def spans(starts_at: datetime, ends_at: datetime, zone: str, readers_zone: str) -> list[str]:
    """Write a period in the zone of the place, then in the reader's own where clocks there show something else."""
    same = local(starts_at, zone).utcoffset() == local(starts_at, readers_zone).utcoffset()
    return [span(starts_at, ends_at, name) for name in ((zone,) if same else (zone, readers_zone))]


def stored_span(moments: list[str], zone: str) -> str:
    """Write a period whose two moments were stored as ISO text."""
    starts_at, ends_at = (datetime.fromisoformat(at) for at in moments)
    return span(starts_at, ends_at, zone)
