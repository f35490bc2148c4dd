"""Conflicts and blocks between all pairs: who is the same organisation, shares a mail domain, or blocked whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .columns import Bools, Floats, Open, Overlap, flags, one
from .integrity import PUBLIC_MAIL
from .profiles import Mandate, Project, Solution


class IdentityBlocks:
    """What H9 and V2 share, and the city's wish for an organisation."""

    def __init__(self, projects: Sequence[Project], counterparties: Sequence[Mandate] | Sequence[Solution]) -> None:
        mine = [one(project.organisation) for project in projects]
        theirs = [one(counterparty.organisation) for counterparty in counterparties]
        self._same = Overlap(mine, theirs)
        self._mail = Overlap(
            [project.mail_domains - PUBLIC_MAIL for project in projects],
            [counterparty.mail_domains - PUBLIC_MAIL for counterparty in counterparties],
        )
        self._blocked = Overlap([project.blocked_organisations for project in projects], theirs)
        self._blocking = Overlap(mine, [counterparty.blocked_organisations for counterparty in counterparties])
        self._wanted = Overlap([project.wanted_organisations for project in projects], theirs)
        self.debarred = flags(counterparties, "debarred")

    def blocked(self, rows: slice) -> Bools:
        """Pairs of which one party blocked the other."""
        return self._blocked.any(rows) | self._blocking.any(rows)

    def conflicts(self, rows: slice, blocked: Bools) -> Open:
        """Conflicts of interest and blocks."""
        fail = self._same.any(rows) | self._mail.any(rows) | blocked
        return Open(fail, np.zeros_like(fail))

    def debarment(self) -> Open:
        """Debarred organisations, for one row of counterparties."""
        return Open(self.debarred[None, :] == 1, self.debarred[None, :] == -1)

    def wanted(self, rows: slice) -> Floats:
        """The value of the city's wish."""
        known = self._wanted.row_known[rows, None] & self._wanted.column_known
        return np.where(known, self._wanted.any(rows), np.nan)
