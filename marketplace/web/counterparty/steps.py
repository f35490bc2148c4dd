"""The steps of a mandate or of solutions: shown as a form, saved as a whole or by itself while it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.errors import Conflict, NotFound, Refusal, Unavailable
from marketplace.i18n import gettext as _
from marketplace.models import CounterpartyProfile
from marketplace.models.base import new_uid
from marketplace.services import labels
from marketplace.services.counterparties import kinds, profiles, verification, visibility
from marketplace.services.projects import rates
from marketplace.services.sheets import checks, words
from marketplace.services.sheets.fields import Kind, Step
from marketplace.services.sheets.mandate import MANDATE
from marketplace.web import sheet_boxes, sheet_pages, sheets
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.counterparty.blueprint import PATH, profile_url, reader, room, theirs
from marketplace.web.counterparty.overview import may_write
from marketplace.web.sheet_boxes import Standing, Told


@room.get(f"{PATH}/steps/<name>")
@access(SIGNED_IN)
def step(what: str, slug: str, name: str) -> ResponseReturnValue:
    """Show one step as a form, or to be read by those who may not write it."""
    profile = theirs(what, slug)
    one = _step(profile, name)
    if not may_write(profile):
        return render_template(
            "counterparty/step_read.html",
            profile=profile,
            step=one,
            words=words,
            currency_of=kinds.currency_of,
            names=profiles.named(profile.content),
            **_way(profile, one),
        )
    told = _told(profile, one, {}, {}, {}, blank=request.args.get("blank", ""))
    return _page(profile, one, told, profile.revision, new_uid())


@room.post(f"{PATH}/steps/<name>")
@access(SIGNED_IN)
def save_step(what: str, slug: str, name: str) -> ResponseReturnValue:
    """Save what was typed, and do what the button says."""
    profile = theirs(what, slug)
    one = _step(profile, name)
    if sheet_pages.saves_itself():
        try:
            return _acknowledged(slug, one)
        except Refusal as refusal:
            return sheet_pages.refused(refusal)
    try:
        return _saved(profile, one)
    except (Conflict, Unavailable) as refusal:
        told = replace(_told(profile, one, sheets.typed(one, request.form).raw, {}, {}), is_refused=True)
        name = request.form.get("form", "")[:40] or new_uid()
        return _page(profile, one, told, sheets.revision(request.form), name, refusal.status, str(refusal))


def _step(profile: CounterpartyProfile, name: str) -> Step:
    try:
        return kinds.sheet(profile).step(name)
    except KeyError:
        raise NotFound from None


def _acknowledged(slug: str, one: Step) -> Response:
    form, typed = request.form, sheets.typed(one, request.form)
    saved = profiles.save(slug, one.name, typed.raw, sheets.revision(form), reader(), form.get("form", ""))
    profile = saved.profile
    told = _told(profile, one, typed.raw, saved.errors, _standing(one, saved))
    macros = current_app.jinja_env.get_template("components/sheets.html")
    return sheet_pages.acknowledged(one, profile.content, typed, saved, told, profile.revision, macros)


def _saved(profile: CounterpartyProfile, one: Step) -> ResponseReturnValue:
    form, typed, pressed = request.form, sheets.typed(one, request.form), sheets.action(request.form)
    slug, raw = profile.organisation.slug, dict(typed.raw)
    decided = raw.pop(pressed.field, None) if pressed.name in {"keep_mine", "take_theirs"} else None
    saved = profiles.save(slug, one.name, raw, sheets.revision(form), reader(), form.get("form", ""))
    if pressed.name == "keep_mine" and pressed.field in typed.raw:
        kept = profiles.keep_mine(slug, pressed.field, decided, sheet_pages.seen(pressed.field), reader())
        saved = replace(
            saved,
            profile=kept.profile,
            errors=saved.errors | kept.errors,
            conflicts=saved.conflicts | kept.conflicts,
            ended=saved.ended or kept.ended,
        )
    if saved.ended:
        flash(
            _("An answer that decides which projects fit was changed: the organisers check the profile again."), "info"
        )
    if saved.errors or saved.conflicts:
        blank = pressed.field if pressed.name == "add_row" else ""
        told = _told(saved.profile, one, typed.raw, saved.errors, _standing(one, saved), blank)
        name, status = form.get("form", "")[:40] or new_uid(), 409 if saved.conflicts else 422
        return _page(saved.profile, one, told, saved.revision, name, status)
    return redirect(_target(saved.profile, one, pressed), code=303)


def _target(profile: CounterpartyProfile, one: Step, pressed: sheets.Action) -> str:
    """Return where a button leads after everything was saved."""
    organisation, names = profile.organisation, [step.name for step in kinds.sheet(profile).steps]
    if pressed.name == "add_row":
        return profile_url(organisation, "step", name=one.name, blank=pressed.field, _anchor=f"{pressed.field}-box")
    if pressed.name in {"remove_row", "keep_mine", "take_theirs"}:
        anchor = f"{pressed.field}-box" if pressed.name == "remove_row" else None
        return profile_url(organisation, "step", name=one.name, _anchor=anchor)
    if pressed.name == "go" and pressed.field in names:
        return profile_url(organisation, "step", name=pressed.field)
    if pressed.name == "next":
        following = names[names.index(one.name) + 1 :]
        return profile_url(organisation, "step", name=following[0]) if following else profile_url(organisation)
    flash(_("The changes are saved."), "success")
    return profile_url(organisation, "step", name=one.name)


def _standing(one: Step, saved: profiles.Saved) -> dict[str, Standing]:
    names = {slug: name for pairs in profiles.offered(saved.profile, one).values() for slug, name in pairs}
    return sheet_pages.standing(one, saved, names, _currency(saved.profile))


def _currency(profile: CounterpartyProfile) -> str | None:
    # Amounts of one step of the solutions are in two currencies, as their labels say.
    is_mandate = kinds.sheet(profile) is MANDATE
    found: str | None = profile.content.get("ticket_currency") if is_mandate else None
    return found


def _told(
    profile: CounterpartyProfile,
    one: Step,
    raw: Mapping[str, Any],
    errors: Mapping[str, Any],
    standing: Mapping[str, Standing],
    blank: str = "",
) -> Told:
    currency = _currency(profile)
    has_money = any(field.kind is Kind.MONEY for field in one.fields)
    return Told(
        raw=raw,
        errors=errors,
        standing=standing,
        blank=blank,
        options=profiles.offered(profile, one),
        currency=currency,
        per_usd=rates.per_usd(currency) if has_money else None,
    )


def _page(
    profile: CounterpartyProfile,
    one: Step,
    told: Told,
    revision: int,
    name: str,
    status: int = 200,
    message: str = "",
) -> Response:
    page = render_template(
        "counterparty/step.html",
        profile=profile,
        step=one,
        boxes=sheet_boxes.boxes(one, profile.content, told),
        revision=revision,
        form_name=name,
        is_answer=status != 200,
        message=message,
        keep=reader().uid,
        is_verified=verification.is_verified(profile),
        usual=labels.of(visibility.USUAL),
        deciding=[field.label for field in one.fields if field.decides_fit],
        **_way(profile, one),
    )
    return make_response(page, status)


def _way(profile: CounterpartyProfile, one: Step) -> dict[str, Any]:
    sheet = kinds.sheet(profile)
    place = sheet.steps.index(one)
    return {
        "sheet": sheet,
        "number": place + 1,
        "answered": checks.completeness_by_step(sheet, profile.content),
        "previous": sheet.steps[place - 1] if place else None,
        "following": sheet.steps[place + 1] if place + 1 < len(sheet.steps) else None,
    }
