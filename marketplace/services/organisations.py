"""Organisations: entered, described, found, verified, taken out of service and back."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import LANGUAGES, country_name, in_language, lazy_gettext
from marketplace.i18n import gettext as _
from marketplace.models import (
    AccountState,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    OrganisationKind,
    User,
)
from marketplace.services import audit, jobs, labels, outbox, places, policies, search, sessions, throttle

RESCORE = "fits.rescore_counterparty"
"""The job that compares what an organisation seeks or offers anew."""

CREATIONS_PER_DAY = 5
"""Organisations one person may bring in a day."""

_RESERVED = frozenset({"new", "find", "invitations", "people", "edit"})
"""Words that mean something else in addresses of pages."""


@dataclass(frozen=True)
class Profile:
    """What an organisation tells about itself; `names` and `descriptions` hold a text per language code."""

    names: dict[str, str]
    descriptions: dict[str, str] = field(default_factory=dict)
    website: str = ""
    country: str = ""
    timezone: str = "UTC"


def create(kind: OrganisationKind, profile: Profile, by: User) -> Organisation:
    """Bring a new organisation, not yet verified, of which the person who brings it is the first manager.

    Cities come through the programme: only those who may verify enter one, and they do not become its manager.
    Raises `Invalid` for a field that cannot be taken, `TooManyAttempts` above the limit of a day.
    """
    policies.require(by, "organisation.create")
    organises = policies.can(by, "organisation.verify")
    if kind is OrganisationKind.CITY and not organises:
        raise Invalid("kind", lazy_gettext("Cities are entered by the organisers. Please write to them."))
    profile = checked(profile)
    if not organises:
        throttle.hit("organisation.create", by.uid, CREATIONS_PER_DAY, timedelta(days=1))
    with atomic() as current:
        now = clock.now()
        organisation = Organisation(kind=kind, created_at=now)
        _fill(organisation, profile)
        _store_with_slug(organisation)
        if not organises:
            current.add(
                Membership(
                    organisation_id=organisation.id,
                    user_id=by.id,
                    role=MembershipRole.MANAGER,
                    state=MembershipState.ACTIVE,
                    created_at=now,
                    since=now,
                )
            )
        audit.record("organisation.created", by, organisation, kind=kind.value)
        return organisation


def edit(slug: str, profile: Profile, by: User) -> Organisation:
    """Change what an organisation tells about itself.

    A verified organisation that changes a name is to be verified again, unless an organiser changed it: what was
    verified is that the people behind the name are who they say. The address of its page stays.
    """
    with atomic():
        organisation = locked(slug, by)
        policies.require(by, "organisation.manage", organisation)
        profile = checked(profile)
        before = _values(organisation)
        _fill(organisation, profile)
        changed = sorted(name for name, value in _values(organisation).items() if value != before[name])
        if "names" in changed and not policies.can(by, "organisation.verify"):
            organisation.verified_at, organisation.verified_by_id = None, None
        if changed:
            audit.record("organisation.edited", by, organisation, changed=changed)
        return organisation


def checked(profile: Profile) -> Profile:
    """Return the profile without empty texts; raises `Invalid` for the first field that cannot be taken."""
    names = {code: text.strip() for code, text in profile.names.items() if code in LANGUAGES and text.strip()}
    if not names:
        raise Invalid("name_en", lazy_gettext("Please give the name in at least one language."))
    for code, name in names.items():
        if len(name) > 160:
            raise Invalid(f"name_{code}", lazy_gettext("Please write at most %(max)s characters.", max=160))
        if "://" in name or "@" in name:
            # Names stand in letters to people who do not know the sender.
            raise Invalid(f"name_{code}", lazy_gettext("Please write a name, not an address."))
    descriptions = {
        code: text.strip() for code, text in profile.descriptions.items() if code in LANGUAGES and text.strip()
    }
    for code, description in descriptions.items():
        if len(description) > 3000:
            raise Invalid(f"description_{code}", lazy_gettext("Please write at most %(max)s characters.", max=3000))
    if profile.country and profile.country not in places.countries():
        raise Invalid("country", lazy_gettext("Please choose a country from the list."))
    if not places.is_zone(profile.timezone):
        raise Invalid("timezone", lazy_gettext("Please choose a time zone from the list."))
    return Profile(names, descriptions, web_address(profile.website), profile.country, profile.timezone)


def web_address(text: str, field_name: str = "website") -> str:
    """Return a web address that may be linked to ('' for none); raises `Invalid` for anything but http and https."""
    address = text.strip()
    if not address:
        return ""
    refusal = Invalid(field_name, lazy_gettext("Please enter a web address like https://www.example.org."))
    if len(address) > 300 or not address.isprintable() or any(sign in address for sign in " <>\"'\\^`{|}"):
        raise refusal
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or port == 0:
        raise refusal
    if not re.fullmatch(r"([\w-]{1,63}\.)+[\w-]{2,63}\.?", host) or host.rstrip(".").rpartition(".")[2].isdigit():
        raise refusal
    return address


def find(slug: str) -> Organisation:
    """Return an organisation by the last part of its address; raises `NotFound`."""
    organisation = session().scalar(select(Organisation).where(Organisation.slug == slug))
    if organisation is None:
        raise NotFound
    return organisation


def find_for(slug: str, by: User) -> Organisation:
    """Return an organisation that the person may see from inside; raises `NotFound` for all others'."""
    organisation = find(slug)
    if not policies.can(by, "organisation.view", organisation):
        raise NotFound
    return organisation


def locked(slug: str, by: User) -> Organisation:
    """Return an organisation the person may see from inside, locked until the transaction ends.

    Whoever changes who belongs to an organisation, or what it tells, holds this lock.
    """
    return lock(Organisation, find_for(slug, by).id)[0]


SORTS = ("name", "-name", "created", "-created")
"""What a list of organisations may be sorted by; a minus means descending."""


@dataclass(frozen=True)
class Filter:
    """What a list of organisations shows; empty values mean no restriction."""

    query: str = ""
    kind: OrganisationKind | None = None
    country: str = ""
    is_verified: bool | None = None
    is_active: bool | None = None
    sort: str = "name"


def listing(wanted: Filter) -> Select[Organisation]:
    """Return the statement that lists organisations in the order asked for; the caller paginates it."""
    column: InstrumentedAttribute[Any] = (
        Organisation.created_at if wanted.sort.endswith("created") else Organisation.search_text
    )
    statement = select(Organisation).order_by(
        column.desc() if wanted.sort.startswith("-") else column.asc(), Organisation.id
    )
    if wanted.query:
        statement = statement.where(search.matches(Organisation.search_text, wanted.query))
    if wanted.kind is not None:
        statement = statement.where(Organisation.kind == wanted.kind)
    if wanted.country:
        statement = statement.where(Organisation.country == wanted.country)
    if wanted.is_verified is not None:
        is_pending = Organisation.verified_at.is_(None)
        statement = statement.where(~is_pending if wanted.is_verified else is_pending)
    if wanted.is_active is not None:
        is_active = Organisation.deactivated_at.is_(None)
        statement = statement.where(is_active if wanted.is_active else ~is_active)
    return statement


def names(kinds: Collection[OrganisationKind] = ()) -> list[tuple[str, str]]:
    """Return slug and name, in the reader's language, of all organisations in service, in order, to choose from.

    With `kinds` only those of these kinds.
    """
    statement = select(Organisation.slug, Organisation.names, Organisation.name).where(
        Organisation.deactivated_at.is_(None)
    )
    rows = session().execute(statement.where(Organisation.kind.in_(kinds)) if kinds else statement)
    found = [(slug, in_language(words) or name) for slug, words, name in rows]
    return sorted(found, key=lambda pair: search.fold(pair[1]))


def export(wanted: Filter, by: User) -> list[list[str]]:
    """Return header and rows of the organisations found, in the reader's language; the download is recorded."""
    policies.require(by, "desk.platform")
    rows = [_row(organisation) for organisation in session().scalars(listing(wanted))]
    with atomic():
        audit.record("organisations.exported", by, rows=len(rows))
    header = [_("Name"), _("Kind"), _("Country"), _("Website"), _("Time zone"), _("Entered")]
    return [[*header, _("Verified"), _("Deactivated"), _("Illustrative")], *rows]


def _row(organisation: Organisation) -> list[str]:
    verified, deactivated = organisation.verified_at, organisation.deactivated_at
    return [
        in_language(organisation.names) or organisation.name,
        str(labels.of(organisation.kind)),
        country_name(organisation.country) if organisation.country else "",
        organisation.website,
        organisation.timezone,
        organisation.created_at.date().isoformat(),
        verified.date().isoformat() if verified else "",
        deactivated.date().isoformat() if deactivated else "",
        _("yes") if organisation.is_illustrative else "",
    ]


def countries() -> list[str]:
    """Return the codes of the countries organisations are in, for a filter."""
    return list(
        session().scalars(
            select(Organisation.country).where(Organisation.country != "").distinct().order_by(Organisation.country)
        )
    )


def verify(slug: str, by: User) -> Organisation:
    """State that the programme knows this organisation; its managers get a letter."""
    with atomic():
        organisation = _judged(slug, by)
        if organisation.deactivated_at is not None:
            raise Conflict
        if organisation.verified_at is None:
            organisation.verified_at, organisation.verified_by_id = clock.now(), by.id
            audit.record("organisation.verified", by, organisation)
            for manager in managers(organisation):
                outbox.queue(
                    "organisation_verified", to=manager, organisation=organisation.name, slug=organisation.slug
                )
        return organisation


def unverify(slug: str, by: User) -> Organisation:
    """Take the verification back."""
    with atomic():
        organisation = _judged(slug, by)
        if organisation.verified_at is not None:
            organisation.verified_at, organisation.verified_by_id = None, None
            audit.record("organisation.unverified", by, organisation)
        return organisation


def deactivate(slug: str, by: User) -> Organisation:
    """Take an organisation out of service: it leaves the public pages and nobody can act for it any more.

    Who belongs to it stays written down, so that it can be taken back as it was.
    """
    with atomic():
        organisation = _judged(slug, by)
        if organisation.deactivated_at is None:
            organisation.deactivated_at = clock.now()
            sessions.stop_acting_for(organisation.id)
            audit.record("organisation.deactivated", by, organisation)
            _rescore(organisation)
        return organisation


def reactivate(slug: str, by: User) -> Organisation:
    """Put an organisation back into service, with its people as they were."""
    with atomic():
        organisation = _judged(slug, by)
        if organisation.deactivated_at is not None:
            organisation.deactivated_at = None
            audit.record("organisation.reactivated", by, organisation)
            _rescore(organisation)
        return organisation


def _rescore(organisation: Organisation) -> None:
    if jobs.is_known(RESCORE):
        jobs.enqueue(RESCORE, {"organisation": organisation.id})


def managers(organisation: Organisation) -> list[User]:
    """Return the people who answer for an organisation and can sign in, the longest-serving first."""
    return list(
        session().scalars(
            select(User)
            .join(User.memberships)
            .where(Membership.organisation_id == organisation.id, Membership.state == MembershipState.ACTIVE)
            .where(Membership.role == MembershipRole.MANAGER, User.state == AccountState.ACTIVE)
            .order_by(Membership.since, Membership.id)
        )
    )


def _judged(slug: str, by: User) -> Organisation:
    policies.require(by, "organisation.verify")
    return lock(Organisation, find(slug).id)[0]


def _fill(organisation: Organisation, profile: Profile) -> None:
    organisation.names = profile.names
    organisation.name = profile.names.get("en") or next(iter(profile.names.values()))
    organisation.descriptions = profile.descriptions
    organisation.website = profile.website
    organisation.country = profile.country
    organisation.timezone = profile.timezone
    organisation.search_text = search.fold(organisation.name, *profile.names.values())


def _values(organisation: Organisation) -> dict[str, object]:
    names = ("names", "descriptions", "website", "country", "timezone")
    return {name: getattr(organisation, name) for name in names}


def _store_with_slug(organisation: Organisation) -> None:
    """Give the organisation the first free address made from its name; somebody else may take one meanwhile."""
    base = slug_of(organisation.name)
    for number in range(1, 1000):
        slug = base if number == 1 else f"{base[:74]}-{number}"
        if slug in _RESERVED or session().scalar(select(Organisation.id).where(Organisation.slug == slug)):
            continue
        organisation.slug = slug
        try:
            with session().begin_nested():
                session().add(organisation)
        except IntegrityError:
            continue
        return
    raise Invalid("name_en", lazy_gettext("Too many organisations have this name. Please add the place to it."))


def slug_of(name: str) -> str:
    """Return a name as it can stand in an address: small letters a to z, figures and hyphens, at most 80."""
    words = re.sub(r"[^a-z0-9]+", "-", search.fold(name).replace("ß", "ss").replace("ø", "o")).strip("-")
    return words[:80].rstrip("-") or "organisation"
