"""What this installation is: a sample whose accounts are public, or a real one."""

import time

from sqlalchemy import select

from marketplace import config
from marketplace.database import atomic, session
from marketplace.models import InstallationFact

_SECONDS = 5.0
_seen: dict[str, tuple[float, bool]] = {}


def is_sample() -> bool:
    """Tell whether the sample programme was loaded here. Looked up at most every few seconds per process."""
    url, now = config.current().database_url, time.monotonic()
    at, value = _seen.get(url, (-_SECONDS, False))
    if not value and now - at >= _SECONDS:
        value = session().scalar(select(InstallationFact.id).where(InstallationFact.name == "sample")) is not None
        _seen[url] = (now, value)
    return value


def mark_as_sample() -> None:
    """Write down that this is a sample installation; raises RuntimeError in production."""
    if config.current().production:
        raise RuntimeError("the sample programme has public passwords and is refused in production")
    with atomic() as current:
        if current.scalar(select(InstallationFact.id).where(InstallationFact.name == "sample")) is None:
            current.add(InstallationFact(name="sample", value="1"))
    forget()


def forget() -> None:
    """Forget what was looked up, after the database itself was exchanged."""
    _seen.clear()
