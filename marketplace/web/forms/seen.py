"""Forms about something that exists: they carry a mark of what they showed, and keep what was typed when overtaken."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from wtforms import HiddenField

from marketplace.i18n import LANGUAGES
from marketplace.services import seen
from marketplace.web.forms import Form


class SeenForm(Form):
    """A form of what an organiser decides; `different` names what somebody else has decided otherwise meanwhile."""

    seen = HiddenField()
    different: list[str] | None = None

    def show(self, present: Any) -> None:
        """Remember what is shown, unless the form comes back with it."""
        if present is not None and not self.is_submitted():
            self.seen.data = seen.mark(present)

    def catch_up(self, mine: Any, theirs: Any) -> None:
        """Keep what was typed, and take what somebody else has saved as seen."""
        self.different = list(self._differing(mine, theirs))
        self.seen.raw_data, self.seen.data = None, seen.mark(theirs)

    def _differing(self, mine: Any, theirs: Any) -> Iterable[str]:
        for one in fields(mine):
            own, other = getattr(mine, one.name), getattr(theirs, one.name)
            if isinstance(own, dict):
                for code in LANGUAGES:
                    if own.get(code, "") != other.get(code, ""):
                        yield str(self[f"{one.name}_{code}"].label.text)
            elif own != other and one.name in self:
                yield str(self[one.name].label.text)
