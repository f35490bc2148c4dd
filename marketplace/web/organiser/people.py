"""People at the desk: the list, one person, what may be done to an account, and their roles."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from marketplace.errors import Invalid
from marketplace.i18n import LANGUAGES
from marketplace.i18n import gettext as _
from marketplace.models import AccountState, Role
from marketplace.services import consents, labels, memberships, paging, people, roles, sessions, twofactor
from marketplace.web.access import access
from marketplace.web.forms.organiser import RoleForm
from marketplace.web.organiser.desk import ask, download, page_number, room


@room.get("/people", endpoint="people")
@access("desk.platform")
def listing() -> str:
    """List people, searched and filtered."""
    wanted = _filter(request.args)
    return render_template(
        "organiser/people.html",
        page=paging.page(people.listing(wanted), page_number()),
        wanted=wanted,
        states=labels.choices(AccountState),
        roles=labels.choices(Role),
        locales=list(LANGUAGES.items()),
    )


def _filter(values: MultiDict[str, str]) -> people.Filter:
    sort = values.get("sort", "")
    return people.Filter(
        query=values.get("q", "")[:200],
        state=labels.read(AccountState, values.get("state")),
        role=labels.read(Role, values.get("role")),
        organisation=values.get("organisation", "")[:80],
        locale=values.get("language", "")[:2],
        sort=sort if sort in people.SORTS else "name",
    )


@room.post("/people/export", endpoint="people_export")
@access("desk.platform")
def export() -> Response:
    """Download the people of the list as it is filtered."""
    return download("people", people.export(_filter(request.form), by=current_user))


@room.get("/people/<uid>", endpoint="people_person")
@access("desk.platform")
def person(uid: str) -> str:
    """Show one person."""
    return _person(uid, RoleForm(formdata=None))


def _person(uid: str, form: RoleForm) -> str:
    person = people.find(uid)
    return render_template(
        "organiser/person.html",
        person=person,
        memberships=memberships.of(person),
        grants=roles.of(person),
        sessions=sessions.of(person),
        consents=consents.history(person),
        consent_texts=consents.TEXTS,
        letters=people.newest_letters(person),
        form=form,
    )


def _back(uid: str) -> Response:
    return redirect(url_for("organiser.people_person", uid=uid), code=303)  # type: ignore[return-value]


@room.get("/people/<uid>/deactivate", endpoint="people_deactivate_ask")
@access("desk.platform")
def ask_deactivate(uid: str) -> str:
    """Ask before an account is deactivated."""
    person = people.find(uid)
    return ask(
        _("Deactivate the account of %(name)s?", name=person.name),
        _("All its sessions end at once and nobody can sign in with it. You can reactivate it later."),
        _("Deactivate"),
        url_for("organiser.people_person", uid=uid),
    )


@room.post("/people/<uid>/deactivate", endpoint="people_deactivate")
@access("desk.platform")
def deactivate(uid: str) -> Response:
    """Deactivate an account."""
    person = people.deactivate(uid, by=current_user)
    flash(_("The account of %(name)s is deactivated.", name=person.name), "success")
    return _back(uid)


@room.post("/people/<uid>/reactivate", endpoint="people_reactivate")
@access("desk.platform")
def reactivate(uid: str) -> Response:
    """Reactivate an account."""
    person = people.reactivate(uid, by=current_user)
    flash(_("The account of %(name)s is active again.", name=person.name), "success")
    return _back(uid)


@room.post("/people/<uid>/password-reset", endpoint="people_reset")
@access("desk.platform")
def send_reset(uid: str) -> Response:
    """Send the link for a new password to the person."""
    person = people.send_password_reset(uid, by=current_user)
    flash(_("%(name)s gets a letter with a link to choose a new password.", name=person.name), "success")
    return _back(uid)


@room.post("/people/<uid>/roles", endpoint="people_grant")
@access("desk.grant_roles")
def grant_role(uid: str) -> ResponseReturnValue:
    """Give a role."""
    form = RoleForm()
    people.find(uid)
    if form.validate_on_submit():
        try:
            roles.grant(uid, Role(form.role.data), current_user, event_slug=form.event_slug())
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            flash(_("The role is granted."), "success")
            return _back(uid)
    return _person(uid, form), 422


@room.get("/people/<uid>/roles/<role>/revoke", endpoint="people_revoke_ask")
@access("desk.grant_roles")
def ask_revoke_role(uid: str, role: str) -> str:
    """Ask before a role is taken away; `?event=` names the event it is for."""
    person = people.find(uid)
    grant = people.role_of(person, role, request.args.get("event", ""))
    return render_template(
        "confirm.html",
        title=_("Take this role from %(name)s?", name=person.name),
        text=people.role_words(grant),
        confirm_label=_("Take the role away"),
        action=request.path,
        fields={"event": grant.event.slug if grant.event else ""},
        cancel_url=url_for("organiser.people_person", uid=uid),
    )


@room.post("/people/<uid>/roles/<role>/revoke", endpoint="people_revoke")
@access("desk.grant_roles")
def revoke_role(uid: str, role: str) -> Response:
    """Take a role away."""
    event = request.form.get("event", "")
    grant = people.role_of(people.find(uid), role, event)
    roles.revoke(uid, grant.role, current_user, event_slug=event)
    flash(_("The role is taken away."), "success")
    return _back(uid)


@room.get("/people/<uid>/second-factor", endpoint="people_second_factor_ask")
@access("desk.grant_roles")
def ask_remove_second_factor(uid: str) -> str:
    """Ask before somebody's authenticator app is taken out of force."""
    person = people.find(uid)
    return ask(
        _("Remove the second factor of %(name)s?", name=person.name),
        _("Do this only after you have made sure, by another way than e-mail, that they ask for it themselves."),
        _("Remove the second factor"),
        url_for("organiser.people_person", uid=uid),
    )


@room.post("/people/<uid>/second-factor", endpoint="people_second_factor")
@access("desk.grant_roles")
def remove_second_factor(uid: str) -> Response:
    """Take somebody's authenticator app out of force."""
    person = people.find(uid)
    twofactor.remove(person, by=current_user)
    flash(_("The second factor is removed. All sessions of this person have ended."), "success")
    return _back(uid)
