"""What organisers decide against the rules: offer a pair, or keep it apart, with a reason that is written down.

A decision takes effect at once, outlives every new computation, and stands until it is withdrawn or another is made. It
never brings together whom one side has blocked.
"""

from sqlalchemy import select

from marketplace import clock
from marketplace.database import atomic, lock, session
from marketplace.errors import Conflict, Invalid, NotFound
from marketplace.i18n import lazy_gettext
from marketplace.models import CounterpartyProfile, FitOverride, Organisation, OverrideKind, Project, User
from marketplace.services import audit, policies, texts
from marketplace.services.fits import inputs, rescoring, verdicts

LONGEST_REASON = 1000


def decide(project_slug: str, organisation_slug: str, kind: OverrideKind, reason: str, by: User) -> FitOverride:
    """Offer a pair or keep it apart, in the place of what was decided about it before.

    For organisers; others get `NotAllowed`. Raises `Invalid` without a reason, `NotFound` for a project or counterparty
    that does not exist, `Conflict` for a project that is not in the book and for offering whom one side has blocked.
    """
    policies.require(by, "fit.override")
    reason = texts.within(texts.paragraphs(reason) or "", "reason", LONGEST_REASON)
    if not reason:
        raise Invalid("reason", lazy_gettext("Please say why: others will want to know."))
    with atomic() as current:
        project, organisation = _pair(project_slug, organisation_slug)
        pitches = inputs.published([project.id])
        if not pitches:
            raise Conflict(lazy_gettext("The project is not published."))
        parties = inputs.counterparties([organisation.id])
        for party in (*parties.funders, *parties.vendors):
            if kind is OverrideKind.OFFER and verdicts.explain(pitches[0], party).private:
                raise Conflict(lazy_gettext("One side does not want to meet the other. Nobody can offer this pair."))
        _withdraw_standing(project.id, organisation.id, by)
        current.flush()
        override = FitOverride(
            project_id=project.id,
            organisation_id=organisation.id,
            kind=kind,
            reason=reason,
            by_id=by.id,
            at=clock.now(),
        )
        current.add(override)
        current.flush()
        audit.record("fit.overridden", by, project, kind=kind.value, organisation=organisation.slug, reason=reason)
        rescoring.pair(project.id, organisation.id)
        return override


def withdraw(uid: str, by: User) -> FitOverride:
    """Withdraw a decision: the rules count again. Raises `Conflict` where it stands no more."""
    policies.require(by, "fit.override")
    with atomic():
        identity = session().scalar(select(FitOverride.id).where(FitOverride.uid == uid))
        if identity is None:
            raise NotFound
        known = session().get_one(FitOverride, identity)
        project = lock(Project, known.project_id)[0]
        override = lock(FitOverride, identity)[0]
        if override.withdrawn_at is not None:
            raise Conflict
        override.withdrawn_at, override.withdrawn_by_id = clock.now(), by.id
        session().flush()
        audit.record("fit.override_withdrawn", by, project, organisation=override.organisation.slug)
        rescoring.pair(override.project_id, override.organisation_id)
        return override


def find(uid: str) -> FitOverride:
    """Return a decision by its uid; raises `NotFound`."""
    override = session().scalar(select(FitOverride).where(FitOverride.uid == uid))
    if override is None:
        raise NotFound
    return override


def _pair(project_slug: str, organisation_slug: str) -> tuple[Project, Organisation]:
    identity = session().scalar(select(Project.id).where(Project.slug == project_slug))
    organisation = session().scalar(
        select(Organisation)
        .join(CounterpartyProfile, CounterpartyProfile.organisation_id == Organisation.id)
        .where(Organisation.slug == organisation_slug, inputs.in_service())
    )
    if identity is None or organisation is None:
        raise NotFound
    return lock(Project, identity)[0], organisation


def _withdraw_standing(project_id: int, organisation_id: int, by: User) -> None:
    standing = select(FitOverride.id).where(
        FitOverride.project_id == project_id,
        FitOverride.organisation_id == organisation_id,
        FitOverride.withdrawn_at.is_(None),
    )
    for override in lock(FitOverride, *session().scalars(standing)):
        override.withdrawn_at, override.withdrawn_by_id = clock.now(), by.id
