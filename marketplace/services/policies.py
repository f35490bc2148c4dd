"""Who may do what: the only place that decides. Asked by the gate, by services and by templates alike."""

from collections.abc import Callable
from typing import Any

from marketplace.errors import NotAllowed
from marketplace.models import (
    Event,
    EventState,
    MembershipRole,
    MembershipState,
    Organisation,
    Project,
    Registration,
    Role,
    User,
)
from marketplace.services import installation

Rule = Callable[[User, Any], bool]
_rules: dict[str, Rule] = {}


def _rule(name: str) -> Callable[[Rule], Rule]:
    def add(function: Rule) -> Rule:
        _rules[name] = function
        return function

    return add


def names() -> set[str]:
    """Return the names of all policies."""
    return set(_rules)


def can(user: Any, action: str, about: Any = None) -> bool:
    """Tell whether the user (perhaps nobody) may do `action` to `about`. An unknown action is a bug: KeyError."""
    rule = _rules[action]
    return isinstance(user, User) and user.is_active and rule(user, about)


def require(user: Any, action: str, about: Any = None) -> None:
    """Raise `NotAllowed` unless the user may."""
    if not can(user, action, about):
        raise NotAllowed


def has_role(user: User, *roles: Role, event_id: int | None = None) -> bool:
    """Tell whether the user has one of the roles, on the platform or for that event."""
    return any(
        grant.role in roles and (grant.event_id is None or (event_id is not None and grant.event_id == event_id))
        for grant in user.roles
    )


def is_desk_member(user: User) -> bool:
    """Tell whether the user has an organiser's role anywhere, second factor or not."""
    return any(grant.role in {Role.ADMINISTRATOR, Role.ORGANISER} for grant in user.roles)


def may_skip_second_factor(user: User) -> bool:
    """Tell whether the desk opens without a second factor: only for the sample organiser of a sample installation."""
    return user.is_illustrative and installation.is_sample()


def needs_second_factor(user: Any, action: str) -> bool:
    """Tell whether a second factor is all that keeps the user from `action`."""
    return (
        isinstance(user, User)
        and action.startswith("desk.")
        and is_desk_member(user)
        and not user.has_second_factor
        and not may_skip_second_factor(user)
    )


def _at_desk(user: User) -> bool:
    return user.has_second_factor or may_skip_second_factor(user)


@_rule("desk.enter")
def _enter_desk(user: User, _: Any) -> bool:
    return is_desk_member(user) and _at_desk(user)


@_rule("desk.platform")
def _organise_platform(user: User, _: Any) -> bool:
    """People, organisations, letters and jobs belong to the whole programme: a role for one event is not enough."""
    return has_role(user, Role.ADMINISTRATOR, Role.ORGANISER) and _at_desk(user)


@_rule("desk.grant_roles")
def _grant_roles(user: User, _: Any) -> bool:
    return has_role(user, Role.ADMINISTRATOR) and _at_desk(user)


@_rule("person.deactivate")
def _deactivate_person(user: User, person: User) -> bool:
    """Nobody ends their own account here (that is done in one's account), and organisers not an administrator's."""
    if person.id == user.id or not _organise_platform(user, None):
        return False
    return has_role(user, Role.ADMINISTRATOR) or not has_role(person, Role.ADMINISTRATOR)


@_rule("organisation.create")
def _create_organisation(user: User, _: Any) -> bool:
    """Everybody may bring their organisation; it is marked as not verified until an organiser has looked at it."""
    return True


@_rule("organisation.view")
def _view_organisation(user: User, organisation: Organisation) -> bool:
    return _belongs(user, organisation) or _organise_platform(user, None)


@_rule("organisation.act")
def _act_for_organisation(user: User, organisation: Organisation) -> bool:
    """Nobody acts for an organisation that was deactivated, though those who belong to it still see it."""
    return organisation.deactivated_at is None and _belongs(user, organisation)


@_rule("organisation.manage")
def _manage_organisation(user: User, organisation: Organisation) -> bool:
    is_manager = organisation.deactivated_at is None and _belongs(user, organisation, MembershipRole.MANAGER)
    return is_manager or _organise_platform(user, None)


@_rule("organisation.verify")
def _verify_organisation(user: User, _: Any) -> bool:
    """Verify, deactivate and reactivate, and enter what the programme says about its cities and their pairs."""
    return _organise_platform(user, None)


@_rule("event.create")
def _create_event(user: User, _: Any) -> bool:
    return _organise_platform(user, None)


@_rule("event.view")
def _view_event(user: User, event: Event) -> bool:
    """Only a draft is hidden, and not from those who work on it. (Who is not signed in asks `events.public`.)"""
    return event.state is not EventState.DRAFT or has_role(user, *Role, event_id=event.id)


@_rule("event.manage")
def _manage_event(user: User, event: Event) -> bool:
    """Whoever organises one event sees and changes nothing of another."""
    return has_role(user, Role.ADMINISTRATOR, Role.ORGANISER, event_id=event.id) and _at_desk(user)


@_rule("registration.manage")
def _manage_registrations(user: User, event: Event) -> bool:
    return _manage_event(user, event)


@_rule("registration.edit")
def _edit_registration(user: User, registration: Registration) -> bool:
    """One's own, or as an organiser of its event. (The signed link of a letter needs no account.)"""
    return registration.user_id == user.id or _manage_event(user, registration.event)


@_rule("needs.read")
def _read_needs(user: User, event: Event) -> bool:
    """Access and dietary needs: the event's organisers only; `needs.readers` names them to those concerned."""
    return _manage_event(user, event)


@_rule("project.create")
def _create_project(user: User, city: Organisation) -> bool:
    return _act_for_organisation(user, city)


@_rule("project.view")
def _view_project(user: User, project: Project) -> bool:
    """The working text: the people of its city, also while the city is out of service, and the organisers."""
    return _belongs(user, project.city) or _organise_platform(user, None)


@_rule("project.edit")
def _edit_project(user: User, project: Project) -> bool:
    """The people of the city write; organisers and reviewers comment, and change nothing of the text."""
    return _act_for_organisation(user, project.city)


@_rule("project.submit")
def _submit_project(user: User, project: Project) -> bool:
    """Submitting, withdrawing and reopening bind the city: its managers do it."""
    return project.city.deactivated_at is None and _belongs(user, project.city, MembershipRole.MANAGER)


@_rule("project.organise")
def _organise_projects(user: User, _: Any) -> bool:
    """Calls, exchange rates, leave to submit late, who reviews what, decisions, publication."""
    return _organise_platform(user, None)


@_rule("fit.override")
def _override_fit(user: User, _: Any) -> bool:
    """Offer a pair the rules speak against, or keep one apart that fits."""
    return _organise_platform(user, None)


@_rule("counterparty.view")
def _view_counterparty(user: User, organisation: Organisation) -> bool:
    """All of a mandate or of solutions: the organisation's people, also while it is out of service, and organisers."""
    return _belongs(user, organisation) or _organise_platform(user, None)


@_rule("counterparty.edit")
def _edit_counterparty(user: User, organisation: Organisation) -> bool:
    return _act_for_organisation(user, organisation)


@_rule("counterparty.verify")
def _verify_counterparty(user: User, _: Any) -> bool:
    """Check profiles of funders and vendors, take a check back, and list them all."""
    return _organise_platform(user, None)


@_rule("reviews.enter")
def _enter_reviews(user: User, _: Any) -> bool:
    """The reviewers' room: for whoever reviews anywhere."""
    return any(grant.role is Role.REVIEWER for grant in user.roles)


@_rule("review.may_judge")
def _may_judge(user: User, project: Project) -> bool:
    """A reviewer of the platform judges any project, one of an event those that answer a call of that event."""
    return has_role(user, Role.REVIEWER, event_id=project.call.event_id if project.call else None)


def _belongs(user: User, organisation: Organisation, role: MembershipRole | None = None) -> bool:
    return any(
        tie.organisation_id == organisation.id and tie.state is MembershipState.ACTIVE and role in {None, tie.role}
        for tie in user.memberships
    )
