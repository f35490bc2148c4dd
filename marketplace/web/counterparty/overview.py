"""One profile at a glance: its steps, what is missing, the organisers' check, what cities see, who changed what."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.errors import NotFound
from marketplace.i18n import gettext as _
from marketplace.models import CounterpartyProfile, OrganisationKind, Visibility
from marketplace.services import labels, policies
from marketplace.services.counterparties import kinds, listing, profiles, verification, visibility
from marketplace.services.sheets import changes, checks, words
from marketplace.services.sheets.fields import Required
from marketplace.web import sheet_boxes
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.counterparty.blueprint import PATH, own, profile_url, reader, room, theirs

READERS = (Visibility.PUBLIC, Visibility.REGISTERED, Visibility.MATCHED)


@room.get("/my/mandate", endpoint="mandate")
@access(SIGNED_IN)
def mandate() -> ResponseReturnValue:
    """Go to the mandate of the organisation one acts for."""
    return _entry(kinds.FUNDERS)


@room.get("/my/solutions", endpoint="solutions")
@access(SIGNED_IN)
def solutions() -> ResponseReturnValue:
    """Go to the solutions of the organisation one acts for."""
    return _entry(kinds.VENDORS)


def _entry(some: frozenset[OrganisationKind]) -> ResponseReturnValue:
    found = own(some)
    if not found:
        raise NotFound
    return redirect(profile_url(found[0]), code=302)


def may_write(profile: CounterpartyProfile) -> bool:
    """Tell whether the reader may write a profile now."""
    return policies.can(reader(), "counterparty.edit", profile.organisation)


@room.get(PATH, endpoint="profile")
@access(SIGNED_IN)
def show(what: str, slug: str) -> str:
    """Show where a profile stands."""
    profile = theirs(what, slug)
    sheet, content = kinds.sheet(profile), profile.content
    missing = checks.problems(sheet, content, Required.SUBMIT)
    answered = checks.completeness_by_step(sheet, content)
    return render_template(
        "counterparty/profile.html",
        profile=profile,
        sheet=sheet,
        parts=[
            (number, step, answered[step.name], [one for one in missing if one.step == step.name])
            for number, step in enumerate(sheet.steps, start=1)
        ],
        problems=missing,
        gaps=checks.missing_translations(sheet, content),
        check=listing.check_of(profile),
        chosen=visibility.chosen(content),
        others=[body for body in own(kinds.FUNDERS | kinds.VENDORS) if body.id != profile.organisation.id],
        may_write=may_write(profile),
        anchor=lambda path: sheet_boxes.anchor(sheet.by_name, path),
        is_verified=verification.is_verified(profile),
    )


@room.get(f"{PATH}/preview")
@access(SIGNED_IN)
def preview(what: str, slug: str) -> str:
    """Show a profile as others see it: everybody, those signed in, or matched cities."""
    profile = theirs(what, slug)
    near = labels.read(Visibility, request.args.get("as"))
    if near is None or near not in READERS:
        near = Visibility.MATCHED
    return render_template(
        "counterparty/preview.html",
        profile=profile,
        near=near,
        readers=READERS,
        leaf=listing.preview(profile, visibility.blocks_for(profile.content, near)),
        words=words,
        currency_of=kinds.currency_of,
    )


@room.get(f"{PATH}/history")
@access(SIGNED_IN)
def history(what: str, slug: str) -> str:
    """List what each save changed, the latest first."""
    profile = theirs(what, slug)
    page = profiles.history(slug, reader(), request.args.get("page", 1, type=int))
    return render_template(
        "counterparty/history.html",
        profile=profile,
        page=page,
        sheet=kinds.sheet(profile),
        words=words,
        changes=changes,
        currency_of=kinds.currency_of,
        may_write=may_write(profile),
        names=profiles.named(*(content for one in page.items for content in one.contents)),
    )


@room.post(f"{PATH}/restore")
@access(SIGNED_IN)
def restore(what: str, slug: str) -> ResponseReturnValue:
    """Give one answer back the value it had."""
    profile = theirs(what, slug)
    number = request.form.get("number", "")
    profiles.restore(
        slug,
        int(number) if number.isdigit() and len(number) < 10 else -1,
        request.form.get("field", ""),
        by=reader(),
    )
    flash(_("The earlier answer is back."), "success")
    return redirect(profile_url(profile.organisation, "history"), code=303)
