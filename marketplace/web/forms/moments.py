"""Moments as organisers enter them: day and time at the place of the event."""

from datetime import datetime
from typing import Any

from wtforms import DateTimeLocalField

from marketplace.errors import Invalid
from marketplace.i18n import lazy_gettext as _
from marketplace.services import wallclock
from marketplace.web.forms import Form

_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
_YEARS = range(2000, 2101)


class MomentField(DateTimeLocalField):  # type: ignore[misc]
    """Day and time on the wall; the form's `moment` turns it into a moment of a zone."""

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        super().__init__(label, validators, format=_FORMATS, **options)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        if self.data is None:
            return ""
        return str(self.data.strftime("%Y-%m-%dT%H:%M:%S" if self.data.second else "%Y-%m-%dT%H:%M"))


def shown(at: datetime | None, zone: str) -> datetime | None:
    """Return a moment as the field shows it."""
    return wallclock.local(at, zone).replace(tzinfo=None, microsecond=0) if at is not None else None


def moment(form: Form, name: str, zone: str, present: datetime | None = None) -> datetime | None:
    """Return the moment that was entered.

    Where the field still shows the `present` moment, that is returned as it is: an hour that comes twice, when clocks
    are set back, would else change by being looked at. Raises `Invalid` for a year that cannot be meant, and for a time
    that no clock shows, because clocks are set forward that day.
    """
    entered: datetime | None = form[name].data
    if entered is None:
        return None
    if entered.year not in _YEARS:
        raise Invalid(name, _("Please check the year."))
    if shown(present, zone) == entered:
        return present
    at = wallclock.moment(entered.date(), entered.time(), zone)
    if shown(at, zone) != entered.replace(microsecond=0):
        raise Invalid(name, _("Clocks are set forward that day and skip this time."))
    return at
