"""The first administrator, appointed by whoever operates the installation."""

from sqlalchemy import select

from marketplace import clock, i18n
from marketplace.database import atomic
from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext
from marketplace.models import AccountState, Role, RoleAssignment, User
from marketplace.services import accounts, addresses, audit
from marketplace.services.search import fold


def appoint(email: str, name: str, locale: str = "en") -> User:
    """Make the person with that address an administrator; a new one gets a letter to confirm it and choose a password.

    Raises `Invalid` for what is no address and `Conflict` for an account that has been deactivated.
    """
    address = addresses.normalise(email)
    with atomic() as current:
        user = current.scalar(select(User).where(User.email_key == address.key).with_for_update())
        if user is None:
            user = User(
                email=address.email,
                email_key=address.key,
                name=name,
                search_text=fold(name, address.email),
                state=AccountState.UNCONFIRMED,
                locale=locale if locale in i18n.LANGUAGES else "en",
                created_at=clock.now(),
            )
            current.add(user)
            current.flush()
            accounts.send_confirmation(user)
        if user.state not in {AccountState.ACTIVE, AccountState.UNCONFIRMED}:
            raise Conflict(lazy_gettext("This account has been deactivated."))
        if not any(grant.role is Role.ADMINISTRATOR for grant in user.roles):
            current.add(RoleAssignment(user_id=user.id, role=Role.ADMINISTRATOR, granted_at=clock.now()))
            audit.record("role.granted", None, user, role=Role.ADMINISTRATOR, event="")
        return user
