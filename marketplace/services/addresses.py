"""The one rule by which e-mail addresses are accepted, stored and compared."""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from marketplace.errors import Invalid
from marketplace.i18n import lazy_gettext

MAX_LENGTH = 254
"""Characters of an address that mail servers carry (RFC 5321, 4.5.3.1)."""


@dataclass(frozen=True)
class Address:
    """An address as it is written to, and the key by which it is the same as another."""

    email: str
    key: str


def normalise(email: str, field: str = "email") -> Address:
    """Return the address to write to and its key; raises `Invalid` for `field` where nobody could be written to.

    The domain is kept in its ASCII form, which every mail server takes. Keys ignore case and compatibility forms of
    letters (NFKC), also before the @: no provider gives two people addresses that differ in case only.
    """
    try:
        found = validate_email(email.strip()[:1000], check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise Invalid(field, lazy_gettext("Please enter an e-mail address like name@example.org.")) from error
    address = f"{found.local_part}@{found.ascii_domain}"
    if len(address) > MAX_LENGTH:
        raise Invalid(field, lazy_gettext("This address is too long."))
    return Address(email=address, key=_folded(_folded(address)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
