"""The profile of a funder or vendor: found, saved by several people at once, kept as it was after every save.

Nothing is overwritten that the writer has not seen: a save tells which revision its form was made from, and where
somebody else has changed the same answer since, the stored one stays and both are returned (`sheets.saving`).
A profile comes into being with its first answer: before, there is nothing to compare and nothing to read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import NotFound
from marketplace.i18n import LazyText, in_language, lazy_gettext
from marketplace.models import CounterpartyProfile, CounterpartyVersion, Organisation, OrganisationKind, User
from marketplace.services import audit, organisations, paging, policies
from marketplace.services.counterparties import verification
from marketplace.services.counterparties.kinds import profile_of, sheet, sheet_of
from marketplace.services.fits import rescoring
from marketplace.services.sheets import changes as differences
from marketplace.services.sheets import checks, saving, values
from marketplace.services.sheets.changes import Change
from marketplace.services.sheets.fields import Content, Field, Kind, Sheet, Step
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.saving import Clash, Known
from marketplace.services.sheets.solution import SOLUTION

LOOK_BACK = 300
"""Saves that are looked through to rebuild what a page knew; of an older page only what is still the same is known."""

SITTING = timedelta(minutes=10)
"""Saves of one person that follow each other within this time are one act in the audit trail."""

_ONLY_CITIES = frozenset({"wanted_cities", "conflict_cities"})


@dataclass(frozen=True)
class Saved:
    """What became of a save.

    `revision` is the one the page is to be sent with next time. `errors` are by path of the field; what could not be
    read was left as it was. `conflicts` are by field. `newer` are the answers, by field, that others changed since the
    page was made and that it does not show yet. `ended` tells that the organisers' check ended with it.
    """

    profile: CounterpartyProfile
    revision: int
    errors: dict[str, LazyText] = field(default_factory=dict)
    conflicts: dict[str, Clash] = field(default_factory=dict)
    newer: dict[str, Any] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class Version:
    """One save: who changed what, and how the answers differ from those before."""

    number: int
    row: CounterpartyVersion
    changes: list[Change]
    contents: tuple[Content, Content]


def find(slug: str, by: User) -> CounterpartyProfile:
    """Return an organisation's profile to its people and the organisers; an empty one where nothing was answered yet.

    Raises `NotFound` for everybody else, and for organisations that state neither mandate nor solutions.
    """
    organisation = organisations.find(slug)
    if sheet_of(organisation) is None or not policies.can(by, "counterparty.view", organisation):
        raise NotFound
    return profile_of(organisation) or _empty(organisation)


def _empty(organisation: Organisation) -> CounterpartyProfile:
    now = clock.now()
    return CounterpartyProfile(
        organisation_id=organisation.id,
        organisation=organisation,
        content={},
        revision=0,
        completeness=0,
        created_at=now,
        changed_at=now,
        is_illustrative=organisation.is_illustrative,
    )


def save(slug: str, step_name: str, raw: Mapping[str, Any], revision: int, by: User, form: str = "") -> Saved:
    """Save what was typed in one step of a page that was made from `revision`.

    A page that stays open and saves itself sends a random name of its own as `form`, and the revision that the answer
    before told it. Raises `NotFound` for a profile of others, `NotAllowed` where the organisation is out of service.
    """
    organisation = find(slug, by).organisation
    found = sheet_of(organisation)
    try:
        step = found.step(step_name) if found else None
    except KeyError:
        step = None
    if step is None:
        raise NotFound
    return _save(organisation, step, raw, revision, by, form)


def keep_mine(slug: str, name: str, value: Any, revision: int, by: User) -> Saved:
    """Put my answer in the place of the newer one that I have seen at `revision`; `value` is as typed in the form."""
    organisation = find(slug, by).organisation
    found = sheet_of(organisation)
    if found is None or name not in found.by_name:
        raise NotFound
    step = found.step_of[name]
    one = Step(step.name, step.title, step.intro, (found.by_name[name],))
    return _save(organisation, one, {name: value}, revision, by, "")


def restore(slug: str, number: int, name: str, by: User) -> CounterpartyProfile:
    """Give one answer back the value it had after save `number` (0: before the first).

    Raises `NotFound` for a profile, a save or a field that is not there, and `NotAllowed` where one may not write.
    """
    organisation = find(slug, by).organisation
    with atomic():
        organisation = lock(Organisation, organisation.id)[0]
        policies.require(by, "counterparty.edit", organisation)
        profile = _locked(organisation)
        found = _versions(profile, number, number) if 0 <= number <= profile.revision else []
        if not found or name not in sheet(profile).by_name:
            raise NotFound
        _write(profile, {name: found[0].content.get(name)}, by, "")
        return profile


def _save(organisation: Organisation, step: Step, raw: Mapping[str, Any], revision: int, by: User, form: str) -> Saved:
    answers, errors = values.read(step, {one.name: raw[one.name] for one in step.fields if one.name in raw})
    with atomic():
        organisation = lock(Organisation, organisation.id)[0]
        policies.require(by, "counterparty.edit", organisation)
        profile = _locked(organisation)
        own = sheet(profile)
        errors |= _refuse_unknown(own, answers, profile)
        known = _known(profile, revision, form)
        joined = saving.join(own, profile.content, answers, known, (profile.changed_by, profile.changed_at))
        ended = _write(profile, joined.changes, by, form)
        newer = saving.newer(step, profile.content, answers, known) if form else {}
        # A page that stays open goes on from here only if it shows what is stored.
        is_level = not form or (not newer and not joined.conflicts)
        at = profile.revision if is_level else revision
        return Saved(profile, at, errors, joined.conflicts, newer, ended)


def _locked(organisation: Organisation) -> CounterpartyProfile:
    """Return the profile of an organisation that is locked, as it is now."""
    found = profile_of(organisation)
    return lock(CounterpartyProfile, found.id)[0] if found else _empty(organisation)


def _known(profile: CounterpartyProfile, revision: int, form: str) -> Known:
    """Rebuild what a page knows that was made from `revision` and has saved itself under the name `form` since."""
    if not 0 <= revision <= profile.revision or profile.revision - revision > LOOK_BACK:
        return Known(None, {})
    if revision == profile.revision:
        return Known(profile.content, {})
    rows = _versions(profile, revision, profile.revision)
    last, own = {}, []
    for before, after in pairwise(rows):
        for change in differences.difference(sheet(profile), before.content, after.content):
            last[change.field] = after
            if form and after.form == form:
                own.append((change.field, change.before, change.after))
    if [row.number for row in rows] != list(range(revision, profile.revision + 1)):
        return Known(None, last)
    return Known(saving.with_own(sheet(profile), rows[0].content, own), last)


def _versions(profile: CounterpartyProfile, first: int, last: int) -> list[CounterpartyVersion]:
    """Return the states after the saves of these numbers, in order; number 0 is that before the first save."""
    statement = (
        select(CounterpartyVersion)
        .where(CounterpartyVersion.profile_id == profile.id, CounterpartyVersion.number.between(first, last))
        .options(joinedload(CounterpartyVersion.by))
        .order_by(CounterpartyVersion.number)
    )
    found = list(session().scalars(statement))
    return [CounterpartyVersion(number=0, content={}, form=""), *found] if first == 0 else found


def _write(profile: CounterpartyProfile, changes: Content, by: User, form: str) -> bool:
    """Change answers of a locked profile; None empties one. Returns whether the organisers' check ended with it."""
    changed = [name for name, value in changes.items() if value != profile.content.get(name)]
    if not changed:
        return False
    now, own = clock.now(), sheet(profile)
    if profile.id is None:
        session().add(profile)
        session().flush()
    if not _is_going_on(profile, by):
        audit.record("counterparty.edited", by, profile, revision=profile.revision + 1)
    profile.revision += 1
    profile.content = values.merge(profile.content, changes)
    profile.completeness = checks.completeness(own, profile.content)
    profile.changed_at, profile.changed_by_id = now, by.id
    session().add(
        CounterpartyVersion(
            profile_id=profile.id,
            number=profile.revision,
            content=profile.content,
            form=form[:40],
            by_id=by.id,
            at=now,
        )
    )
    deciding = [name for name in own.by_name if name in changed and own.by_name[name].decides_fit]
    ended = verification.end_with_change(profile, [own.by_name[name] for name in deciding], by)
    if deciding or ended or profile.revision == 1:
        rescoring.counterparty(profile.organisation_id)
    session().flush()
    return ended


def _is_going_on(profile: CounterpartyProfile, by: User) -> bool:
    """Tell whether the save before was of the same person and not long ago."""
    return profile.revision > 0 and profile.changed_by_id == by.id and clock.now() - profile.changed_at <= SITTING


def _refuse_unknown(own: Sheet, answers: dict[str, Any], profile: CounterpartyProfile) -> dict[str, LazyText]:
    """Take out lists of organisations that name one which cannot be chosen, and say so."""
    errors: dict[str, LazyText] = {}
    for name, answer in list(answers.items()):
        one = own.by_name[name]
        if one.kind is not Kind.ORGANISATIONS or not answer or answer == profile.content.get(name):
            continue
        statement = select(Organisation.slug).where(
            Organisation.slug.in_(answer),
            Organisation.kind.in_(kinds_of(one)),
            Organisation.id != profile.organisation_id,
        )
        if set(answer) - set(session().scalars(statement)):
            errors[name] = lazy_gettext("Please choose from the list.")
            del answers[name]
    return errors


def kinds_of(one: Field) -> frozenset[OrganisationKind]:
    """Return the kinds of organisations that a field may name."""
    return frozenset({OrganisationKind.CITY}) if one.name in _ONLY_CITIES else frozenset(OrganisationKind)


def offered(profile: CounterpartyProfile, step: Step) -> dict[str, list[tuple[str, str]]]:
    """Return the organisations that may be named in a step, by field: address and name in the reader's language."""
    return {
        one.name: [pair for pair in organisations.names(kinds_of(one)) if pair[0] != profile.organisation.slug]
        for one in step.fields
        if one.kind is Kind.ORGANISATIONS
    }


def named(*contents: Content) -> dict[str, str]:
    """Return the names of organisations that profiles name, by the last part of their address."""
    fields = [one for own in (MANDATE, SOLUTION) for one in own.by_name.values() if one.kind is Kind.ORGANISATIONS]
    slugs = {slug for content in contents for one in fields for slug in content.get(one.name) or ()}
    if not slugs:
        return {}
    rows = session().execute(
        select(Organisation.slug, Organisation.names, Organisation.name).where(Organisation.slug.in_(slugs))
    )
    return {slug: in_language(words) or name for slug, words, name in rows}


def history(slug: str, by: User, number: int = 1, size: int = 20) -> paging.Page[Version]:
    """Return what each save changed, the latest first. For those who may read the profile as a whole."""
    profile = find(slug, by)
    total = profile.revision
    pages = max(1, -(-total // size))
    number = min(max(1, number), pages)
    last = total - (number - 1) * size
    rows = _versions(profile, max(0, last - size), last) if total else []
    return paging.Page(list(_compared(profile, rows)), total, number, pages, size)


def _compared(profile: CounterpartyProfile, rows: list[CounterpartyVersion]) -> Iterator[Version]:
    for before, after in reversed(list(pairwise(rows))):
        changes = differences.difference(sheet(profile), before.content, after.content)
        yield Version(after.number, after, changes, (before.content, after.content))
