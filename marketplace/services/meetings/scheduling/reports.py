"""What the engine says about a run, in words: why wishes were not met, what would meet them, how fair it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from marketplace.database import session
from marketplace.i18n import LazyText, language_pair, lazy_gettext
from marketplace.i18n import gettext as _
from marketplace.models import Event, MeetingParty, MeetingSlot, Schedule
from marketplace.services import search, wallclock
from marketplace.services.meetings import parties
from marketplace.services.meetings.scheduling.pools import Need

REASONS: dict[str, LazyText] = {
    "no_common_slot": lazy_gettext("The two are never free at the same time."),
    "project_full": lazy_gettext("%(project)s has as many meetings as it may have (%(project_max)s)."),
    "counterparty_full": lazy_gettext("%(counterparty)s has as many meetings as it may have (%(counterparty_max)s)."),
    "both_full": lazy_gettext(
        "Both have as many meetings as they may have (%(project_max)s and %(counterparty_max)s)."
    ),
    "no_table": lazy_gettext("No table is left when both could meet."),
    "no_interpreter": lazy_gettext("No interpreter for %(languages)s is left when both could meet."),
    "no_accessible_table": lazy_gettext("No accessible table is left when both could meet."),
    "no_accessible_table_with_interpreter": lazy_gettext(
        "No accessible table with an interpreter for %(languages)s is left when both could meet."
    ),
    "delegation_full": lazy_gettext("All %(people)s people of the city are in other meetings when both could meet."),
    "representatives_full": lazy_gettext("All %(reps)s people of %(counterparty)s are in other meetings."),
    "outbid": lazy_gettext("%(project)s meets somebody else whenever %(counterparty)s could."),
    "several": lazy_gettext("Whenever both could meet, at least two things are taken at once."),
    "open": lazy_gettext("Nothing stands in the way; the search ended before it got there. Let it run longer."),
    "not_eligible": lazy_gettext("The rules keep the two apart."),
}
"""Why a wish was not met, by the engine's code; for its pools, by what they hold."""

CHANGES: dict[str, LazyText] = {
    "project_cap": lazy_gettext("One meeting more than %(project_max)s for %(project)s."),
    "counterparty_cap": lazy_gettext("One meeting more than %(counterparty_max)s for %(counterparty)s."),
    "project_slot": lazy_gettext("%(project)s becomes available %(slot)s."),
    "counterparty_slot": lazy_gettext("%(counterparty)s becomes available %(slot)s."),
    "table": lazy_gettext("One table more, %(slot)s."),
    "interpreter": lazy_gettext("One interpreter more for %(languages)s, %(slot)s."),
    "accessible_table": lazy_gettext("One accessible table more, %(slot)s."),
    "accessible_table_with_interpreter": lazy_gettext(
        "One accessible table and one interpreter more for %(languages)s, %(slot)s."
    ),
    "representative": lazy_gettext("One person more of %(counterparty)s, %(slot)s."),
    "delegate": lazy_gettext("One person more of the city, %(slot)s."),
}
"""The smallest single change that would meet a wish, by the engine's code; for its pools, by what they hold."""

KEPT: dict[str, LazyText] = {
    "locked": lazy_gettext("it is locked"),
    "must": lazy_gettext("it is a must meeting"),
    "value": lazy_gettext("it is worth as much or more"),
    "floor": lazy_gettext("one of its sides needs it for its least number"),
    "search": lazy_gettext("the search did not come to exchange it"),
}
"""Why the meeting in the way was kept, by the engine's code."""

SHORTFALLS: dict[str, LazyText] = {
    "cap": lazy_gettext("It may have fewer meetings than it is promised."),
    "slots": lazy_gettext("It is free in too few slots."),
    "wishes": lazy_gettext("Too few others may meet it."),
    "common": lazy_gettext("It shares a free slot with too few of those it may meet."),
    "crowded": lazy_gettext("Others were preferred."),
}
"""Why a party has fewer meetings than it is promised, by the engine's code."""


@dataclass(frozen=True)
class Unmet:
    """A wish that was not met, in the reader's language."""

    first: MeetingParty
    second: MeetingParty
    is_must: bool
    reason: str
    change: str
    in_the_way: str


@dataclass(frozen=True)
class Short:
    """A party with fewer meetings than it is promised."""

    party: MeetingParty
    held: int
    floor: int
    reason: str


@dataclass(frozen=True)
class Report:
    """What is said about one run."""

    unmet: list[Unmet]
    short: list[Short]
    spreads: list[dict[str, Any]]
    ranks: list[dict[str, Any]]


def of(event: Event, run: Schedule) -> Report:
    """Return the report of a run in the reader's language; empty where the engine said nothing."""
    report, problem = session().execute(select(Schedule.report, Schedule.problem).where(Schedule.id == run.id)).one()
    if not report or not problem or "projects" not in problem:
        return Report([], [], [], [])
    here = {party.uid: party for party in parties.of_event(event.id, with_withdrawn=True)}
    slots = {slot.uid: slot for slot in session().scalars(select(MeetingSlot).where(MeetingSlot.event_id == event.id))}
    words = _Words(
        event,
        [here.get(uid) for uid in problem["projects"]],
        [here.get(uid) for uid in problem["counterparties"]],
        [slots.get(uid) for uid in problem["slots"]],
        problem["document"]["interpreters"]["pool"],
    )
    fairness = report.get("fairness") or {}
    return Report(
        unmet=[found for wish in report["unmet"]["wishes"] if (found := words.unmet(wish)) is not None],
        short=[short for one in fairness.get("shortfalls", ()) if (short := words.short(one)) is not None],
        spreads=list(fairness.get("spreads", ())),
        ranks=list(fairness.get("by_project", ())),
    )


def chosen(unmet: Iterable[Unmet], query: str = "", *, musts_only: bool = False) -> list[Unmet]:
    """Return the unmet wishes between parties that match, the musts first."""
    found = [
        wish
        for wish in unmet
        if (wish.is_must or not musts_only) and search.fits(query, wish.first.search_text, wish.second.search_text)
    ]
    return sorted(found, key=lambda wish: not wish.is_must)


class _Words:
    """Turns indices of a problem into names."""

    def __init__(
        self,
        event: Event,
        projects: list[MeetingParty | None],
        counterparties: list[MeetingParty | None],
        slots: list[MeetingSlot | None],
        pools: list[str],
    ) -> None:
        self.event, self.projects, self.counterparties = event, projects, counterparties
        self.slots, self.pools = slots, pools

    def unmet(self, wish: dict[str, Any]) -> Unmet | None:
        first, second = self.projects[wish["project"]], self.counterparties[wish["counterparty"]]
        if first is None or second is None:
            return None
        change = wish["changes"][0] if wish["changes"] else None
        return Unmet(
            first=first,
            second=second,
            is_must=wish["must"],
            reason=self._say(REASONS, wish["reason"]),
            change=self._say(CHANGES, change) if change else "",
            in_the_way=self._outbid(wish["outbid"]),
        )

    def short(self, one: dict[str, Any]) -> Short | None:
        side = self.projects if one["role"] == "project" else self.counterparties
        party = side[one["party"]]
        if party is None:
            return None
        reason = str(SHORTFALLS[one["code"]])
        if one.get("change"):
            reason += " " + self._say(CHANGES, {"code": one["change"]["code"], **one["change"]["parameters"]})
        return Short(party, one["held"], one["floor"], reason)

    def _outbid(self, outbid: dict[str, Any] | None) -> str:
        if outbid is None:
            return ""
        p, f, t = outbid["meeting"]
        return _(
            "In the way: %(project)s with %(counterparty)s, %(slot)s; %(why)s.",
            project=self._party(self.projects[p]),
            counterparty=self._party(self.counterparties[f]),
            slot=self._slot(t),
            why=str(KEPT[outbid["why"]]),
        )

    def _say(self, table: dict[str, LazyText], coded: dict[str, Any]) -> str:
        values = {name: value for name, value in coded.items() if name != "code"}
        if "project" in values:
            values["project"] = self._party(self.projects[values["project"]])
        if "counterparty" in values:
            values["counterparty"] = self._party(self.counterparties[values["counterparty"]])
        if "slot" in values:
            values["slot"] = self._slot(values["slot"])
        code = coded["code"]
        if code.endswith("interpreter"):
            need = Need.of_name(self.pools[values["pool"]])
            values["languages"] = language_pair(need.languages) if need.languages else ""
            if need.is_accessible:
                pooled = "accessible_table_with_interpreter" if need.languages else "accessible_table"
                code = code.replace("interpreter", pooled)
        return str(table[code]) % values

    def _party(self, party: MeetingParty | None) -> str:
        return parties.title(party) if party is not None else "–"

    def _slot(self, index: int) -> str:
        slot = self.slots[index]
        return wallclock.span(slot.starts_at, slot.ends_at, self.event.timezone) if slot is not None else "–"
