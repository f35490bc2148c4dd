"""Limits on attempts at an account, made so that whoever attacks it cannot lock its owner out.

A browser that has signed in to the account before carries a signed mark and has a count of its own (OWASP's device
cookies). Strangers are counted per account and network, per account over all networks, and per network over
all accounts. The counts are the same for addresses without an account.
"""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta

from marketplace import keys
from marketplace.errors import TooManyAttempts
from marketplace.services import throttle

_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """How many failures one kind of attempt may have: per quarter of an hour, and over all networks per day."""

    at_account: int
    from_network: int
    from_strangers: int


PASSWORD = "password"  # noqa: S105 - a kind of attempt
CODE = "code"
SECOND_FACTOR = "second_factor"
LETTER = "letter"

LIMITS = {
    PASSWORD: Limits(at_account=10, from_network=100, from_strangers=100),
    # A stranger's chance to guess a code of six digits stays below one in 6,000 a day and account.
    CODE: Limits(at_account=30, from_network=150, from_strangers=150),
    # Only somebody who has passed the first factor comes this far. Three steps are valid at a time.
    SECOND_FACTOR: Limits(at_account=5, from_network=50, from_strangers=30),
    # Asking for a letter; how many a mailbox receives is limited where they are written.
    LETTER: Limits(at_account=30, from_network=150, from_strangers=1000),
}


@dataclass(frozen=True)
class Visitor:
    """Where an attempt comes from: the address of the client and the mark its browser carries, if any."""

    address: str = ""
    mark: str = ""


def mark(visitor: Visitor, key: str) -> str:
    """Return the mark of this browser after somebody signed in here as `key`; it names up to five accounts."""
    browser, known = _read(visitor.mark)
    names = [_name(key), *(name for name in known if name != _name(key))][:5]
    return keys.sign("known_browser", " ".join([browser or secrets.token_urlsafe(9), *names]))


def is_known(visitor: Visitor, key: str) -> bool:
    """Tell whether this browser has signed in to the account before."""
    return _name(key) in _read(visitor.mark)[1]


def count(kind: str, key: str, visitor: Visitor) -> None:
    """Count one attempt at the account with that e-mail key; raises `TooManyAttempts`. Committed at once."""
    for action, subject, limit, period in _counts(kind, key, visitor):
        throttle.hit(action, subject, limit, period)


def give_back(kind: str, key: str, visitor: Visitor) -> None:
    """Take one attempt back because it was right."""
    for action, subject, _, period in _counts(kind, key, visitor):
        throttle.give_back(action, subject, period)


def may_write(kind: str, key: str, limit: int = 5) -> bool:
    """Count a letter of that kind to this mailbox; False where it has had enough of them within the hour."""
    try:
        throttle.hit(f"letter.{kind}", _name(key), limit, timedelta(hours=1))
    except TooManyAttempts:
        return False
    return True


def _counts(kind: str, key: str, visitor: Visitor) -> list[tuple[str, str, int, timedelta]]:
    limits, name = LIMITS[kind], _name(key)
    network = _network(visitor.address)
    browser, known = _read(visitor.mark)
    if name in known:
        return [(f"{kind}.browser", f"{name} {browser}", limits.at_account, _QUARTER)]
    return [
        (f"{kind}.network", network, limits.from_network, _QUARTER),
        (f"{kind}.account", f"{name} {network}", limits.at_account, _QUARTER),
        (f"{kind}.strangers", name, limits.from_strangers, _DAY),
    ]


def _read(signed: str) -> tuple[str, list[str]]:
    browser, *names = (keys.unsign("known_browser", signed) or "").split(" ")
    return browser, names


def _name(key: str) -> str:
    return keys.digest("account_name", key)[:24]


def _network(address: str) -> str:
    """Return what one attacker surely has: a single IPv4 address, or a /56 of IPv6, which every household gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 56), strict=False))
