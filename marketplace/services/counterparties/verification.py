"""The organisers' check of a profile: given for twelve months, ended by a change of what decides about fit, by the
organisers or by time.

Whether a check holds is a question of the moment (`holds`), never of a job: the job only writes the letters. The
moment of the last letter is kept, so that each is written once however often the job runs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from marketplace import clock, i18n
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import in_language, lazy_gettext
from marketplace.models import (
    AccountState,
    CounterpartyProfile,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    User,
)
from marketplace.services import audit, jobs, organisations, outbox, policies, texts
from marketplace.services.counterparties import kinds
from marketplace.services.fits import rescoring
from marketplace.services.fits.inputs import holds
from marketplace.services.projects import team
from marketplace.services.sheets import checks
from marketplace.services.sheets.checks import Problem
from marketplace.services.sheets.fields import Field, Required

REMINDERS = (timedelta(days=30), timedelta(days=7))
"""How long before a check ends the managers are told, once each."""

LONGEST_REASON = 1000
_BATCH = 100


def is_verified(profile: CounterpartyProfile) -> bool:
    """Tell whether the organisers' check of a profile holds now."""
    return holds(profile.verified_until)


def is_expired(profile: CounterpartyProfile) -> bool:
    """Tell whether a check was given and ended by time."""
    return profile.verified_until is not None and not is_verified(profile)


def end_of_term(start: datetime) -> datetime:
    """Return the moment twelve months later: the same day and time of the next year, on 28 February for the 29th."""
    try:
        return start.replace(year=start.year + 1)
    except ValueError:
        return start.replace(year=start.year + 1, day=28)


def problems(profile: CounterpartyProfile) -> list[Problem]:
    """Return what keeps a profile from being verified: answers that are missing or out of bounds."""
    return checks.problems(kinds.sheet(profile), profile.content, Required.SUBMIT)


def at_desk(slug: str, by: User) -> CounterpartyProfile:
    """Return a profile to the organisers; raises `NotFound` for others, and where nothing was answered yet."""
    organisation = organisations.find(slug)
    found = kinds.profile_of(organisation)
    if found is None or kinds.sheet_of(organisation) is None or not policies.can(by, "counterparty.verify"):
        raise NotFound
    return found


def verify(slug: str, seen: int, by: User) -> CounterpartyProfile:
    """Say that what a profile states was checked, for twelve months from now; `seen` is the revision that was.

    Raises `Conflict` where it was changed since, where required answers are missing, and for one's own organisation.
    """
    with atomic():
        profile = _locked(at_desk(slug, by))
        organisation = profile.organisation
        if profile.revision != seen:
            raise Conflict(lazy_gettext("The profile was changed since you opened this page. Please read it again."))
        if organisation.deactivated_at is not None:
            raise Conflict(lazy_gettext("The organisation is out of service."))
        if policies.can(by, "organisation.act", organisation):
            raise Conflict(lazy_gettext("You belong to this organisation: somebody else has to check its profile."))
        if problems(profile):
            raise Conflict(lazy_gettext("Answers are missing or wrong. The organisation must complete them first."))
        now = clock.now()
        profile.verified_at, profile.verified_until, profile.verified_by_id = now, end_of_term(now), by.id
        profile.reminded_at = None
        audit.record(
            "counterparty.verified", by, profile, revision=profile.revision, until=profile.verified_until.isoformat()
        )
        _tell_managers("profile_verified", profile, until=profile.verified_until.isoformat())
        rescoring.counterparty(profile.organisation_id)
        return profile


def take_back(slug: str, reason: str, by: User) -> CounterpartyProfile:
    """End a check that holds; the managers get a letter with the reason.

    Raises `Invalid` for `reason`, `Conflict` where no check holds.
    """
    reason = texts.within(texts.clean(reason), "reason", LONGEST_REASON)
    if not reason:
        raise Invalid("reason", lazy_gettext("Please fill in this field."))
    with atomic():
        profile = _locked(at_desk(slug, by))
        if not is_verified(profile):
            raise Conflict(lazy_gettext("The profile is not verified now."))
        _end(profile)
        audit.record("counterparty.verification_taken_back", by, profile, reason=reason)
        _tell_managers("profile_unverified", profile, reason=reason, fields=[], person="")
        rescoring.counterparty(profile.organisation_id)
        return profile


def end_with_change(profile: CounterpartyProfile, fields: Sequence[Field], by: User) -> bool:
    """End the check of a locked profile of which fields that decide about fit were changed; other words may change.

    Returns whether a check ended. Managers and organisers get a letter; comparing anew is the caller's.
    """
    if not fields or not is_verified(profile):
        return False
    _end(profile)
    audit.record("counterparty.verification_ended", by, profile, changed=[one.name for one in fields])
    _tell_managers("profile_unverified", profile, fields=fields, reason="", person=by.name)
    for reader in team.organisers():
        outbox.queue("profile_changed", to=reader, **_about(profile, reader, fields=fields, person=by.name))
    return True


def _end(profile: CounterpartyProfile) -> None:
    profile.verified_at = profile.verified_until = profile.verified_by_id = profile.reminded_at = None


def _locked(profile: CounterpartyProfile) -> CounterpartyProfile:
    """Lock organisation and profile, in the order in which every act on a profile does."""
    lock(Organisation, profile.organisation_id)
    return lock(CounterpartyProfile, profile.id)[0]


def managers(organisation: Organisation) -> list[User]:
    """Return the managers of an organisation who can sign in, the longest-serving first."""
    return list(
        session().scalars(
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organisation_id == organisation.id,
                Membership.state == MembershipState.ACTIVE,
                Membership.role == MembershipRole.MANAGER,
                User.state == AccountState.ACTIVE,
            )
            .order_by(Membership.since, Membership.id)
        )
    )


def _tell_managers(kind: str, profile: CounterpartyProfile, **context: Any) -> None:
    for reader in managers(profile.organisation):
        outbox.queue(kind, to=reader, **_about(profile, reader, **context))


def _about(profile: CounterpartyProfile, reader: User, **context: Any) -> dict[str, Any]:
    """Return what letters say of a profile, in their reader's language."""
    organisation = profile.organisation
    with i18n.speaking(reader.locale):
        context["fields"] = [str(one.label) for one in context.get("fields", ())]
        return {
            **context,
            "organisation": in_language(organisation.names) or organisation.name,
            "slug": organisation.slug,
            "room": "solutions" if organisation.kind in kinds.VENDORS else "mandate",
            "zone": reader.timezone,
        }


@jobs.handler("counterparties.remind", every=timedelta(hours=1))
def remind(run: jobs.Run) -> None:
    """Tell managers 30 and 7 days before the check of their profile ends, and when it has ended."""
    now = clock.now()
    statement = (
        select(CounterpartyProfile.id)
        .join(CounterpartyProfile.organisation)
        .where(
            Organisation.deactivated_at.is_(None),
            CounterpartyProfile.verified_until <= now + max(REMINDERS),
            or_(
                CounterpartyProfile.reminded_at.is_(None),
                CounterpartyProfile.reminded_at < CounterpartyProfile.verified_until,
            ),
        )
        .order_by(CounterpartyProfile.id)
    )
    found = list(session().scalars(statement))
    session().rollback()
    for start in range(0, len(found), _BATCH):
        if run.cancelled():
            return
        with atomic():
            for profile in lock(CounterpartyProfile, *found[start : start + _BATCH]):
                _remind(profile, now)


def _remind(profile: CounterpartyProfile, now: datetime) -> None:
    """Write the letter that is due for one locked profile, if any."""
    until = profile.verified_until
    if until is None:
        return
    # Of several that are due, the latest is written: nobody reads that 30 days are left when there are seven.
    due = [moment for moment in (*(until - before for before in REMINDERS), until) if moment <= now]
    if not due or (profile.reminded_at is not None and profile.reminded_at >= max(due)):
        return
    if until <= now:
        audit.record("counterparty.expired", None, profile)
        _tell_managers("profile_expired", profile, until=until.isoformat())
        rescoring.counterparty(profile.organisation_id)
    else:
        _tell_managers("profile_expiring", profile, until=until.isoformat())
    profile.reminded_at = now
