"""The sample's mandates and solutions: what the invented funders may finance and the invented vendors can do."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from marketplace import clock
from marketplace.database import session
from marketplace.models import CounterpartyProfile, CounterpartyVersion, Organisation, User
from marketplace.services.sample import pitch_sheets, records
from marketplace.services.sheets import checks
from marketplace.services.sheets.fields import Sheet
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.solution import SOLUTION

_DATA = Path(__file__).parent / "data"

VALID = timedelta(days=365)
"""How long what was verified holds."""

_MONTH = timedelta(days=30)


def load(users: dict[str, User], bodies: dict[str, Organisation]) -> None:
    """Store the profiles of sample funders and vendors that have none yet."""
    known = set(session().scalars(select(CounterpartyProfile.organisation_id)))
    for sheet, name in ((MANDATE, "mandates.toml"), (SOLUTION, "solutions.toml")):
        entries = tomllib.loads((_DATA / name).read_text(encoding="utf-8"))
        for place, (slug, entry) in enumerate(entries.items()):
            if bodies[slug].id not in known:
                _store(sheet, slug, entry, place, users, bodies)
    session().flush()


def content_of(sheet: Sheet, slug: str, entry: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return an entry of the data files as answers of its sheet. A ValueError names what does not fit."""
    body = next(one for one in records.bodies() if one.slug == slug)
    raw = {name: answer for name, answer in entry.items() if name not in {"verified", "call_closes_in"}}
    if sheet is MANDATE:
        raw |= {"funder_type": records.types()[slug], "mandate": body.descriptions}
        if "call_closes_in" in entry:
            raw["call_closes"] = (now.date() + timedelta(days=entry["call_closes_in"])).isoformat()
    else:
        raw |= {"legal_country": body.country, "sheet": body.descriptions, "visibility": "registered"}
        raw["references"] = [
            {
                "key": str(place),
                "city": city,
                "country": country,
                "category": category,
                "year": now.year - age,
                "value_usd": value,
                "contact_ok": agreed,
            }
            for place, (city, country, category, age, value, agreed) in enumerate(entry.get("references", ()), start=1)
        ]
    return pitch_sheets.read(sheet, raw, slug)


def _store(
    sheet: Sheet,
    slug: str,
    entry: dict[str, Any],
    place: int,
    users: dict[str, User],
    bodies: dict[str, Organisation],
) -> None:
    now = clock.now()
    content = content_of(sheet, slug, entry, now)
    # What is not verified yet was written last week; the rest before it was verified.
    verified = now - _MONTH * entry["verified"] - timedelta(hours=place) if "verified" in entry else None
    written = (verified or now) - timedelta(days=4 + place % 5)
    person = next(one for one in records.people() if one.organisation == slug)
    by = users[person.email]
    profile = CounterpartyProfile(
        organisation_id=bodies[slug].id,
        content=content,
        revision=1,
        completeness=checks.completeness(sheet, content),
        created_at=written,
        changed_at=written,
        changed_by_id=by.id,
        verified_at=verified,
        verified_until=verified + VALID if verified else None,
        verified_by_id=users["organiser@cities.example"].id if verified else None,
        is_illustrative=True,
    )
    session().add(profile)
    session().flush()
    session().add(CounterpartyVersion(profile_id=profile.id, number=1, content=content, by_id=by.id, at=written))
