"""The words for acts of the audit trail, their details, and kinds of letters and jobs: a test finds gaps."""

from marketplace.i18n import LazyText
from marketplace.i18n import lazy_gettext as _
from marketplace.models import MembershipRole, OrganisationKind, Role
from marketplace.services import labels, letters

ACTS: dict[str, LazyText] = {
    "account.confirmed": _("Confirmed their e-mail address"),
    "account.deactivated": _("Deactivated an account"),
    "account.deleted": _("Deleted their account"),
    "account.email_change_cancelled": _("Called a change of e-mail address off"),
    "account.email_change_requested": _("Asked for a change of e-mail address"),
    "account.email_changed": _("Changed their e-mail address"),
    "account.email_confirmed": _("Confirmed one end of a change of e-mail address"),
    "account.profile_changed": _("Changed their account"),
    "account.reactivated": _("Reactivated an account"),
    "account.registered": _("Registered"),
    "answer_file.kept": _("Sent a file with a registration"),
    "answer_file.read": _("Read a file of a registration"),
    "calendar_feed.revoked": _("Switched a personal calendar address off"),
    "city.edited": _("Changed the facts about a city"),
    "consent.given": _("Gave a consent"),
    "consent.withdrawn": _("Withdrew a consent"),
    "event.archived": _("Archived an event"),
    "event.cancelled": _("Cancelled an event"),
    "event.copied": _("Copied an event"),
    "event.created": _("Entered an event"),
    "event.edited": _("Changed an event"),
    "event.moved": _("Moved an event by days"),
    "event.published": _("Published an event"),
    "event.withdrawn": _("Made an event a draft again"),
    "job.cancelled": _("Cancelled a job"),
    "job.retried": _("Started a job again"),
    "letter.cancelled": _("Called a letter back"),
    "letter.resent": _("Sent a letter again"),
    "letter_text.reset": _("Went back to the platform's words of a letter"),
    "letter_text.saved": _("Wrote the words of a letter"),
    "membership.accepted": _("Accepted an invitation"),
    "membership.approved": _("Approved a request to join"),
    "membership.declined": _("Declined a request to join"),
    "membership.handed_over": _("Handed an organisation over"),
    "membership.invitation_declined": _("Declined an invitation"),
    "membership.invitation_withdrawn": _("Withdrew an invitation"),
    "membership.invited": _("Invited somebody to an organisation"),
    "membership.invited_again": _("Sent an invitation again"),
    "membership.left": _("Left an organisation"),
    "membership.removed": _("Removed somebody from an organisation"),
    "membership.request_withdrawn": _("Took a request to join back"),
    "membership.requested": _("Asked to join an organisation"),
    "membership.role_changed": _("Changed a role in an organisation"),
    "needs.deleted": _("Deleted access and dietary needs after an event"),
    "needs.read": _("Read access and dietary needs"),
    "organisation.created": _("Entered an organisation"),
    "organisation.deactivated": _("Deactivated an organisation"),
    "organisation.edited": _("Changed an organisation"),
    "organisation.reactivated": _("Reactivated an organisation"),
    "organisation.unverified": _("Took the verification of an organisation back"),
    "organisation.verified": _("Verified an organisation"),
    "organisations.exported": _("Downloaded the list of organisations"),
    "pair.added": _("Added a city pair"),
    "pair.changed": _("Changed the dates of a city pair"),
    "password.changed": _("Changed their password"),
    "password.reset_sent": _("Sent the link for a new password"),
    "people.exported": _("Downloaded the list of people"),
    "question.moved": _("Changed the order of questions"),
    "question.retired": _("Stopped asking a question"),
    "question.saved": _("Wrote a question"),
    "registration.accepted": _("Took a place that was offered"),
    "registration.admitted": _("Gave a place at the desk"),
    "registration.approved": _("Approved a registration"),
    "registration.cancelled": _("Cancelled a registration"),
    "registration.claimed": _("Bound a registration to their account"),
    "registration.declined": _("Declined a registration"),
    "registration.edited": _("Changed a registration"),
    "registration.exported": _("Downloaded registrations"),
    "registration.forgotten": _("Emptied a registration"),
    "registration.link_renewed": _("Sent a new link to a registration"),
    "registration.made": _("Registered for an event"),
    "registration.message": _("Wrote to participants"),
    "registration.offer_ended": _("Ended an offer that had run out"),
    "registration.offered": _("Offered a place"),
    "registration.walked_in": _("Registered somebody at the desk"),
    "role.granted": _("Granted a role"),
    "role.revoked": _("Revoked a role"),
    "room.removed": _("Removed a room"),
    "room.saved": _("Wrote down a room"),
    "second_factor.disabled": _("Switched their second factor off"),
    "second_factor.enabled": _("Switched their second factor on"),
    "second_factor.recovery_code_used": _("Signed in with a recovery code"),
    "second_factor.recovery_codes_replaced": _("Made new recovery codes"),
    "second_factor.removed": _("Removed somebody's second factor"),
    "session.added": _("Added a session"),
    "session.begun": _("Signed in"),
    "session.cancelled": _("Cancelled a session"),
    "session.draft": _("Made a session a draft again"),
    "session.edited": _("Changed a session"),
    "session.ended": _("Signed out"),
    "session.others_ended": _("Ended all other sessions"),
    "session.published": _("Published a session"),
    "session.removed": _("Removed a session"),
    "session.signed_up": _("Signed up for a session"),
    "session.withdrawn": _("Left a session"),
    "speaker.removed": _("Removed a speaker"),
    "speaker.saved": _("Wrote down a speaker"),
    "ticket.closed": _("Stopped offering a ticket"),
    "ticket.opened": _("Offered a ticket again"),
    "ticket.removed": _("Removed a ticket"),
    "ticket.saved": _("Wrote down a ticket"),
    "ticket_pool.removed": _("Removed shared places"),
    "ticket_pool.saved": _("Wrote down shared places"),
    "track.removed": _("Removed a track"),
    "track.saved": _("Wrote down a track"),
    "trail.exported": _("Downloaded the audit trail"),
}

LETTERS: dict[str, LazyText] = {
    "account_deleted": _("Account deleted"),
    "account_exists": _("There is an account already"),
    "change_email_new": _("Confirm the new e-mail address"),
    "change_email_taken": _("Address of a change of e-mail is taken"),
    "change_email_old": _("Confirm the change of e-mail address"),
    "confirm_account": _("Confirm the e-mail address"),
    "email_changed": _("E-mail address changed"),
    "membership_approved": _("Request to join approved"),
    "membership_declined": _("Request to join declined"),
    "membership_invited": _("Invitation to an organisation"),
    "membership_removed": _("Removed from an organisation"),
    "membership_requested": _("Request to join"),
    "organisation_verified": _("Organisation verified"),
    "password_changed": _("Password changed"),
    "recovery_code_used": _("Recovery code used"),
    "registration": _("About a registration"),
    "registration.message": _("Message of the organisers"),
    "reset_password": _("Link for a new password"),
    "second_factor_off": _("Second factor switched off"),
    "second_factor_on": _("Second factor switched on"),
    "sign_in_code": _("Code to sign in"),
    **{f"registration.{kind}": words for kind, words in letters.kinds()},
}

JOBS: dict[str, LazyText] = {
    "accounts.register": _("Write to somebody who registers"),
    "answer_files.sweep": _("Delete files that belong to no registration"),
    "deletion.forget": _("Delete what belonged to deleted accounts"),
    "invitations.expire": _("End old invitations"),
    "letters.announce": _("Write to everybody of an event"),
    "letters.remind": _("Remind participants before an event"),
    "links.forget": _("Delete used links"),
    "needs.forget": _("Delete access and dietary needs after events"),
    "outbox.forget": _("Empty old letters"),
    "outbox.send": _("Send a letter"),
    "passwords.reset": _("Write the link for a new password"),
    "registration.look_after_offers": _("Pass places on that were left lying"),
    "registration.pass_on": _("Pass a place on"),
    "sessions.forget": _("Delete old sessions"),
    "signin.code": _("Write a code to sign in"),
    "throttle.forget": _("Delete counters of attempts"),
}

DETAILS: dict[str, LazyText] = {
    "after": _("after"),
    "before": _("before"),
    "changed": _("changed"),
    "cities": _("cities"),
    "days": _("days"),
    "event": _("event"),
    "kind": _("kind"),
    "language": _("language"),
    "languages": _("languages"),
    "number": _("number"),
    "readers": _("readers"),
    "role": _("role"),
    "rows": _("rows"),
    "second_factor": _("with second factor"),
    "side": _("side"),
    "state": _("state"),
    "until": _("until"),
    "valid_from": _("from"),
    "valid_until": _("until"),
    "version": _("version"),
}
"""What the details of an act are called; others, such as the ids of memberships, are not shown."""

_VALUES: dict[str, LazyText] = {
    **LETTERS,
    **JOBS,
    **{member.value: labels.of(member) for kind in (Role, MembershipRole, OrganisationKind) for member in kind},
}


def act(action: str) -> str:
    """Name an act; one without words is shown by its code name."""
    return str(ACTS.get(action, action))


def letter(kind: str) -> str:
    """Name a kind of letter; one without words is shown by its code name."""
    return str(LETTERS.get(kind, kind))


def job(kind: str) -> str:
    """Name a kind of job; one without words is shown by its code name."""
    return str(JOBS.get(kind, kind))


def detail(value: object) -> str:
    """Name the value of a detail: yes and no, kinds, roles; anything else stays as it is."""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(_VALUES.get(str(value), value))
