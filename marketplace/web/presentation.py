"""What every template may use: words, formats, who is signed in, and the navigation of their role."""

from datetime import datetime
from typing import Any

from flask import Flask, g
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from marketplace import i18n
from marketplace.services import installation, labels, policies, wallclock
from marketplace.web import language, navigation, signed_in


def register(app: Flask) -> None:
    """Install globals and filters."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=False)  # type: ignore[attr-defined]
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.globals.update(
        _=i18n.gettext,
        gettext=i18n.gettext,
        ngettext=i18n.ngettext,
        csrf_token=generate_csrf,
        can=_can,
        navigation=navigation.groups,
        languages=list(i18n.LANGUAGES.items()),
        programme_name=i18n.programme_name,
        country_name=i18n.country_name,
        language_name=i18n.language_name,
        in_language=i18n.in_language,
    )
    environment.filters.update(
        date=i18n.format_date,
        datetime=_datetime,
        datetime_zone=i18n.format_datetime,
        time_in=i18n.format_time,
        day_in=wallclock.day,
        zone_city=i18n.zone_city,
        zone_at=lambda at, zone: i18n.zone_name(zone, at),
        number=i18n.format_number,
        percent=i18n.format_percent,
        money=i18n.format_money,
        magnitude=i18n.format_magnitude,
        country=i18n.country_name,
        language=i18n.language_name,
        language_pair=i18n.language_pair,
        translated=i18n.in_language,
        label=labels.of,
    )
    app.context_processor(_of_this_reader)
    app.config.setdefault("KEEP_PAGES", not app.config["SETTINGS"].testing)


def _of_this_reader() -> dict[str, Any]:
    return {
        "locale_code": i18n.locale(),
        "theme_choice": language.theme(),
        "is_sample": installation.is_sample(),
        "request_id": g.get("request_id", ""),
        "acting_for": signed_in.acting_for(),
    }


def _can(action: str, about: Any = None) -> bool:
    return policies.can(current_user, action, about)


def _datetime(value: datetime) -> str:
    """Write a moment in the reader's own zone, which is named."""
    return i18n.format_datetime(value, language.reader_zone())
