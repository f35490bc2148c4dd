"""The people of an organisation: inviting, letting in, roles, handing over, removing."""

from collections.abc import Callable

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.errors import Invalid
from marketplace.i18n import gettext as _
from marketplace.models import Membership, MembershipRole, MembershipState, Organisation
from marketplace.services import invitations, memberships, policies
from marketplace.services.labels import read
from marketplace.web.access import SIGNED_IN, access
from marketplace.web.forms.organisations import InvitationForm
from marketplace.web.organisations.blueprint import question, reader, room, theirs, to_people


@room.get("/organisations/<slug>/people")
@access(SIGNED_IN)
def people(slug: str) -> str:
    """List who belongs to an organisation; managers decide here who else does."""
    return _page(theirs(slug), InvitationForm())


@room.post("/organisations/<slug>/people")
@access(SIGNED_IN)
def invite(slug: str) -> ResponseReturnValue:
    """Invite an address."""
    organisation = theirs(slug)
    policies.require(reader(), "organisation.manage", organisation)
    form = InvitationForm()
    if form.validate():
        try:
            tie = invitations.invite(
                slug, form.email.data, MembershipRole(form.role.data), reader(), job_title=form.job_title.data or ""
            )
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            if tie.state is MembershipState.ACTIVE:
                flash(_("This person had asked to join and now belongs to the organisation."), "success")
            else:
                flash(_("The invitation to %(email)s is on its way.", email=form.email.data), "success")
            return to_people(slug)
    return _page(organisation, form), 422


@room.post("/organisations/<slug>/people/<uid>/approve")
@access(SIGNED_IN)
def approve(slug: str, uid: str) -> ResponseReturnValue:
    """Let somebody in who asked to join."""
    memberships.approve(_tie(slug, uid).uid, reader())
    flash(_("The request is approved."), "success")
    return to_people(slug)


@room.route("/organisations/<slug>/people/<uid>/decline", methods=["GET", "POST"])
@access(SIGNED_IN)
def decline(slug: str, uid: str) -> ResponseReturnValue:
    """Ask, then decline a request to join."""
    return _ask_then(
        slug,
        _tie(slug, uid),
        memberships.refuse,
        _("Decline the request of %(person)s?"),
        _("They get a letter that says so. They can ask again, and you can invite them."),
        _("Decline"),
        _("The request is declined."),
    )


@room.post("/organisations/<slug>/people/<uid>/role")
@access(SIGNED_IN)
def change_role(slug: str, uid: str) -> ResponseReturnValue:
    """Make a member a manager, or a manager a member."""
    role = read(MembershipRole, request.form.get("role"))
    if role is not None:
        memberships.change_role(_tie(slug, uid).uid, role, reader())
        flash(_("The role is changed."), "success")
    return to_people(slug)


@room.route("/organisations/<slug>/people/<uid>/hand-over", methods=["GET", "POST"])
@access(SIGNED_IN)
def hand_over(slug: str, uid: str) -> ResponseReturnValue:
    """Ask, then make somebody else the manager in one's own place."""
    return _ask_then(
        slug,
        _tie(slug, uid),
        memberships.hand_over,
        _("Hand the organisation over to %(person)s?"),
        _("They become its manager in your place, and you stay as a member."),
        _("Hand over"),
        _("The organisation is handed over."),
    )


@room.route("/organisations/<slug>/people/<uid>/remove", methods=["GET", "POST"])
@access(SIGNED_IN)
def remove(slug: str, uid: str) -> ResponseReturnValue:
    """Ask, then end somebody's membership."""
    return _ask_then(
        slug,
        _tie(slug, uid),
        memberships.remove,
        _("Remove %(person)s?"),
        _("They no longer act in the name of the organisation and get a letter that says so. Their account stays."),
        _("Remove"),
        _("The membership is ended."),
    )


@room.post("/organisations/<slug>/people/<uid>/resend")
@access(SIGNED_IN)
def resend(slug: str, uid: str) -> ResponseReturnValue:
    """Send an invitation once more."""
    invitations.resend(_tie(slug, uid).uid, reader())
    flash(_("The invitation is on its way again."), "success")
    return to_people(slug)


@room.route("/organisations/<slug>/people/<uid>/withdraw", methods=["GET", "POST"])
@access(SIGNED_IN)
def withdraw(slug: str, uid: str) -> ResponseReturnValue:
    """Ask, then take an invitation back."""
    return _ask_then(
        slug,
        _tie(slug, uid),
        invitations.withdraw,
        _("Withdraw the invitation to %(person)s?"),
        _("The link in the letter stops working."),
        _("Withdraw"),
        _("The invitation is withdrawn."),
    )


def _page(organisation: Organisation, form: InvitationForm) -> str:
    user = reader()
    return render_template(
        "organisations/people.html",
        organisation=organisation,
        form=form,
        people=memberships.people(organisation, user),
        tie=memberships.own(organisation, user),
        is_expired=invitations.is_expired,
    )


def _tie(slug: str, uid: str) -> Membership:
    """Return a tie of this organisation; raises `NotFound` for one of another."""
    return memberships.find(uid, reader(), of=theirs(slug))


def _ask_then(
    slug: str, tie: Membership, act: Callable[..., object], title: str, text: str, confirm_label: str, done: str
) -> ResponseReturnValue:
    """Answer a GET with the question and a POST with the act. `title` has a place for the person."""
    if request.method == "GET":
        person = tie.user.name if tie.user and tie.state is not MembershipState.INVITED else tie.email
        cancel_url = url_for("organisations.people", slug=slug)
        return question(title % {"person": person}, text, confirm_label, cancel_url, request.path)
    act(tie.uid, reader())
    flash(done, "success")
    return to_people(slug)
