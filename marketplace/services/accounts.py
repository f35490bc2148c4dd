"""The life of an account: registered, confirmed by e-mail, kept up to date; its end is in `deletion`."""

import re
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from marketplace import clock, i18n
from marketplace.database import atomic, lock
from marketplace.errors import Gone, Invalid
from marketplace.i18n import lazy_gettext
from marketplace.models import AccountState, Consent, ConsentKind, LinkPurpose, User
from marketplace.services import (
    addresses,
    attempts,
    audit,
    consents,
    invitations,
    jobs,
    links,
    outbox,
    passwords,
    places,
    registration,
)
from marketplace.services.attempts import Visitor
from marketplace.services.search import fold

_ADDRESS_IN_NAME = re.compile(r"://|@|\bwww\.|\w\.\w{2,}/|\.(com|net|org|info|ru|xyz|top|link|site)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Registration:
    """What somebody tells about themselves to get an account; the terms were agreed to in `locale`."""

    name: str
    email: str
    locale: str
    timezone: str = "UTC"
    wants_news: bool = False


def check_name(name: str) -> None:
    """Raise `Invalid` for a name that would turn letters to strangers into advertising: one with an address in it."""
    if _ADDRESS_IN_NAME.search(name):
        raise Invalid("name", lazy_gettext("Please write your name only, without any address."))


def request_registration(registration: Registration, visitor: Visitor) -> None:
    """Take a registration; what becomes of it is told to the mailbox only.

    Raises `Invalid` for an address nobody could write to and for a name that is none, and `TooManyAttempts`.
    """
    check_name(registration.name)
    address = addresses.normalise(registration.email)
    attempts.count(attempts.LETTER, address.key, visitor)
    jobs.enqueue("accounts.register", asdict(registration))


@jobs.handler("accounts.register")
def _register(run: jobs.Run) -> None:
    if not run.payload:
        return
    with atomic():
        register(Registration(**run.payload))
        jobs.forget_payload(run)


def register(registration: Registration) -> User:
    """Make an account that is not confirmed yet and write to its address; return whose address it is.

    Who registers again before confirming replaces what was told before. An address that has an account already gets a
    letter that says so, and nothing changes. Of many registrations at once, one makes the account.
    """
    address = addresses.normalise(registration.email)
    with atomic() as current:
        user = current.scalar(select(User).where(User.email_key == address.key).with_for_update())
        if user is None:
            user = User(
                email=address.email,
                email_key=address.key,
                name="",
                state=AccountState.UNCONFIRMED,
                created_at=clock.now(),
            )
            try:
                with current.begin_nested():
                    current.add(user)
            except IntegrityError:
                (user,) = current.scalars(select(User).where(User.email_key == address.key).with_for_update())
        if user.state is AccountState.UNCONFIRMED:
            _note_registration(user, registration)
            send_confirmation(user)
        elif user.state is AccountState.ACTIVE and attempts.may_write("account_exists", address.key):
            outbox.queue("account_exists", to=user)
        return user


def _note_registration(user: User, registration: Registration) -> None:
    user.name = registration.name
    user.search_text = _search_text(registration.name, user.email)
    user.locale = registration.locale if registration.locale in i18n.LANGUAGES else "en"
    user.timezone = registration.timezone if places.is_zone(registration.timezone) else "UTC"
    user.created_at = clock.now()
    with atomic() as current:
        current.flush()
        current.execute(delete(Consent).where(Consent.user_id == user.id))
        consents.give(user, ConsentKind.TERMS, user.locale)
        if registration.wants_news:
            consents.give(user, ConsentKind.NEWS, user.locale)
        audit.record("account.registered", None, user)


def send_confirmation(user: User) -> None:
    """Write the letter whose link confirms the address. Joins the caller's transaction."""
    if attempts.may_write("confirm_account", user.email_key):
        link = links.create(LinkPurpose.CONFIRM_ACCOUNT, user)
        outbox.queue("confirm_account", to=user, link=link.uid)


def confirm(token: str, password: str = "") -> User:
    """Confirm an account with the link of a letter, once, and keep the password chosen (none: codes by e-mail).

    Open invitations to the address are bound to the person. Raises `Gone`, or `Invalid` for the field `password`.
    """
    invited = links.find(LinkPurpose.CONFIRM_ACCOUNT, token).user
    if password:
        passwords.check(password, (invited.name, invited.email))
    stored = passwords.hashed(password) if password else None
    with atomic():
        link = links.use(LinkPurpose.CONFIRM_ACCOUNT, token)
        (user,) = lock(User, link.user_id)
        if user.state is not AccountState.UNCONFIRMED:
            raise Gone
        user.state, user.confirmed_at, user.password_hash = AccountState.ACTIVE, clock.now(), stored
        links.end(user, LinkPurpose.CONFIRM_ACCOUNT)
        audit.record("account.confirmed", user, user)
        invitations.claim(user)
        registration.claim(user)
        return user


@dataclass(frozen=True)
class Profile:
    """What a person tells about themselves and may change at any time."""

    name: str
    locale: str
    timezone: str
    spoken_languages: list[str]


def change_profile(user: User, profile: Profile) -> None:
    """Keep name, language, time zone and spoken languages; raises `Invalid` for what does not exist."""
    check_name(profile.name)
    if profile.locale not in i18n.LANGUAGES:
        raise Invalid("locale", lazy_gettext("Please choose one of the languages."))
    if not places.is_zone(profile.timezone):
        raise Invalid("timezone", lazy_gettext("Please choose one of the time zones."))
    with atomic():
        (owner,) = lock(User, user.id)
        owner.name, owner.locale, owner.timezone = profile.name, profile.locale, profile.timezone
        owner.spoken_languages = list(profile.spoken_languages)
        owner.search_text = _search_text(owner.name, owner.email)
        audit.record("account.profile_changed", owner, owner)


def set_language(user: User, code: str) -> None:
    """Keep the language chosen on a page with the account too; an unknown code changes nothing."""
    if code in i18n.LANGUAGES and user.locale != code:
        with atomic():
            for owner in lock(User, user.id):
                owner.locale = code


def _search_text(name: str, email: str) -> str:
    return fold(name, email)[:400]
