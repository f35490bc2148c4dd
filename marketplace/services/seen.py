"""What somebody saw when they began to write, so that two who change the same thing do not undo each other unawares."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from marketplace.errors import Conflict
from marketplace.i18n import lazy_gettext


class Overtaken(Conflict):
    """Somebody else has saved the same thing since the form was shown."""

    message = lazy_gettext("Somebody else has saved changes meanwhile.")


def mark(details: Any) -> str:
    """Return a short mark of what is decided about something, another one after every change of it."""
    words = json.dumps(asdict(details), sort_keys=True, default=_stable)
    return hashlib.sha256(words.encode()).hexdigest()[:22]


def _stable(value: Any) -> Any:
    # The order of a set is another one in every process.
    return sorted(value) if isinstance(value, frozenset) else str(value)


def require(present: Any, seen: str) -> None:
    """Raise `Overtaken` unless this is what was seen; without a mark nobody saw anything. Ask under the lock."""
    if seen and mark(present) != seen:
        raise Overtaken
