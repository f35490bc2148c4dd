"""What everything has that appears in people's calendars: one UID for life, and how often it changed."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace import clock, config


def new_calendar_uid() -> str:
    """Return a UID for a calendar entry (RFC 7986, 5.3); stored, because the domain may change and it must not."""
    return f"{uuid4()}@{config.current().mail_domain}"


class InCalendars:
    """`calendar_sequence` rises with every change a calendar must notice: time, place, link, state.

    `calendar_changed_at` is the moment of the last change of anything a calendar shows (DTSTAMP).
    """

    calendar_uid: Mapped[str] = mapped_column(String(320), unique=True, default=new_calendar_uid)
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    calendar_changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class PersonalEntry:
    """One person's part in something with a UID: it can end and begin again, and so has steps of its own.

    They are added to those of the thing itself, so that the SEQUENCE a person receives only ever rises.
    """

    calendar_sequence: Mapped[int] = mapped_column(default=0)
    calendar_changed_at: Mapped[datetime] = mapped_column(default=clock.now)
