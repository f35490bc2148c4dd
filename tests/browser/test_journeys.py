"""From wishes to meetings as each role goes it, in a real browser: the sample Marketplace, an engine in the worker, and
an audit of the tables at each end."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import permutations

from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from marketplace.database import session
from marketplace.models import (
    Event,
    Meeting,
    MeetingNote,
    MeetingParty,
    MeetingRequest,
    MeetingState,
    PartyRole,
    RequestState,
    Schedule,
    ScheduleState,
    User,
    Wish,
    WishKind,
)
from marketplace.services.meetings import parties, partners, self_booking, setup
from tests.browser.conftest import MARKETPLACE, ORGANISER
from tests.meetings import audit

Visit = Callable[..., BrowserContext]
Stored = Callable[[], AbstractContextManager[object]]
ROOM, DESK = f"/events/{MARKETPLACE}/meetings", f"/desk/events/{MARKETPLACE}/schedules"
RUN_SECONDS = "20"

NEAR = """() => {
    const cells = [...document.querySelectorAll('#plan td[data-slot]')];
    const top = (cell) => cell.getBoundingClientRect().top;
    for (const meeting of document.querySelectorAll('.plan-meeting')) {
        const own = meeting.closest('td');
        const free = cells.find((cell) => cell.dataset.slot === own.dataset.slot && cell.dataset.table
            && !cell.matches('.plan-closed') && !cell.querySelector('.plan-meeting')
            && Math.abs(top(cell) - top(own)) < 350);
        if (!free) continue;
        scrollBy({top: (top(own) + top(free) - innerHeight) / 2, behavior: 'instant'});
        return {...meeting.dataset, slot: free.dataset.slot, table: free.dataset.table};
    }
}"""
"""A meeting of the plan and a free table of the same slot, both brought onto the screen: a page that scrolls between
pressing and moving would let the mouse take another meeting."""


def run_engine(page: Page, kind: str = "A new schedule") -> str:
    """Ask for a run at the desk and wait until the worker has done it; the address of its report."""
    page.goto(DESK)
    page.get_by_label("What to do").select_option(label=kind)
    page.get_by_label("Seconds at most").fill(RUN_SECONDS)
    page.get_by_role("button", name="Begin", exact=True).click()
    expect(page.get_by_text("The engine has begun.")).to_be_visible()
    newest = page.locator("#runs tbody tr").first
    # The list renews itself.
    expect(newest).to_contain_text("Draft", timeout=60_000)
    newest.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Run")
    return page.url


def publish(page: Page, run: str) -> None:
    page.goto(f"{run}/publish")
    page.get_by_role("button", name="Publish as final").click()
    expect(page.get_by_text("The schedule is published:")).to_be_visible()


def planned(run: str) -> tuple[ScheduleState, dict[tuple[str, str], dict]]:
    """What a draft keeps: its state, and its meetings by the sides that meet."""
    found = session().scalars(select(Schedule).where(Schedule.uid == run.rpartition("/")[2])).one()
    return found.state, {(seat["first"], seat["second"]): seat for seat in found.meetings}


def scheduled() -> dict[tuple[str, str], Meeting]:
    """The meetings there are, by the sides that meet."""
    rows = session().scalars(
        select(Meeting)
        .join(Event, Event.id == Meeting.event_id)
        .where(Event.slug == MARKETPLACE, Meeting.state == MeetingState.SCHEDULED)
    )
    return {(one.first_party.uid, one.second_party.uid): one for one in rows}


def side_of(email: str) -> MeetingParty:
    """The first side somebody acts for."""
    user = session().scalars(select(User).where(User.email == email)).one()
    return parties.mine(user, session().scalars(select(Event).where(Event.slug == MARKETPLACE)).one())[0]


def test_organiser_makes_changes_and_publishes_a_schedule(visit: Visit, stored: Stored) -> None:
    page = visit(ORGANISER).new_page()
    page.goto(f"/desk/events/{MARKETPLACE}/meetings")
    expect(page.get_by_role("heading", name="Wishes and supply")).to_be_visible()

    run = run_engine(page)
    expect(page.get_by_role("heading", name="Wishes that were not met")).to_be_visible()
    expect(page.get_by_role("heading", name="How meetings are shared out")).to_be_visible()

    # By dragging: to another table of the same slot.
    page.goto(f"{run}/plan")
    dragged = page.evaluate(NEAR)
    meeting = f'.plan-meeting[data-first="{dragged["first"]}"][data-second="{dragged["second"]}"]'
    cell = page.locator(f'td[data-slot="{dragged["slot"]}"][data-table="{dragged["table"]}"]')
    with page.expect_response("**/move"):
        page.locator(f"{meeting} summary").drag_to(cell)
    expect(cell.locator(meeting)).to_be_visible()

    # A plan that somebody else changed meanwhile is shown as it is, and that is said where one is looking.
    page.evaluate("document.getElementById('plan').dataset.revision = '999'")
    again = page.evaluate(NEAR)
    page.evaluate("scrollBy({top: 300, behavior: 'instant'})")
    chosen = f'.plan-meeting[data-first="{again["first"]}"][data-second="{again["second"]}"] summary'
    with page.expect_response("**/move") as refused:
        page.locator(chosen).drag_to(page.locator(f'td[data-slot="{again["slot"]}"][data-table="{again["table"]}"]'))
    assert refused.value.status == 409
    expect(page.get_by_text("This plan was changed meanwhile.")).to_be_in_viewport()

    # By the form: to the first slot that does not clash. What clashes is refused in words.
    other = page.locator(f".plan-meeting:not({meeting.removeprefix('.plan-meeting')})").last
    moved = (other.get_attribute("data-first"), other.get_attribute("data-second"))
    other.locator("summary").click()
    other.get_by_role("link", name="Move").click()
    was = page.get_by_label("Slot").input_value()
    options = page.get_by_label("Slot").locator("option")
    for slot in [options.nth(place).get_attribute("value") for place in range(options.count())]:
        if slot == was:
            continue
        page.get_by_label("Slot").select_option(slot)
        page.locator("select[name=table]").select_option("")
        page.locator("main").get_by_role("button", name="Move", exact=True).click()
        page.wait_for_load_state()
        if page.url.endswith("/plan"):
            break
        expect(page.locator(".error-summary, [role=alert]").first).to_be_visible()
    with stored():
        _state, seats = planned(run)
    assert seats[moved]["slot"] != was

    # The difference, and the act.
    page.goto(f"{run}/publish")
    page.locator("#new + details summary").click()
    expect(page.locator(".changes li").first).to_be_visible()
    publish(page, run)
    expect(page.get_by_text("The final schedule is published.")).to_be_visible()
    with stored():
        state, _seats = planned(run)
        there = scheduled()
        assert state is ScheduleState.PUBLISHED
        assert there[dragged["first"], dragged["second"]].table.uid == dragged["table"]
        assert there[moved].slot.uid == seats[moved]["slot"]
        assert audit() == []


def test_funder_reads_matches_and_leaves_and_the_schedule_is_repaired(
    visit: Visit, stored: Stored, schedule: str
) -> None:
    email = "funder.3@cities.example"
    with stored():
        own = {pair for pair in scheduled() if side_of(email).uid in pair}
        rest = set(scheduled()) - own
    assert own
    page = visit(email, language="pt", width=390).new_page()

    page.goto("/my/mandate")
    expect(page.get_by_role("heading", level=1)).to_have_text("Banco Atlântico Sul de Infraestrutura")
    page.goto("/my/matches")
    page.locator(".fit-head a").first.click()
    expect(page.get_by_text("Por que tem aderência").first).to_be_visible()
    page.goto(ROOM)
    expect(page.get_by_role("heading", level=1)).to_have_text("Minha agenda")
    expect(page.locator(".session-meeting")).to_have_count(len(own))
    expect(page.locator(".meeting-place").first).to_contain_text("Mesa")

    page.get_by_role("link", name="Nossa equipe").click()
    page.get_by_role("link", name="Não participar mais das reuniões").click()
    page.get_by_label("Motivo, para o outro lado").fill("Nosso orçamento foi cortado.")
    page.get_by_role("button", name="Não participar mais").click()
    expect(page.get_by_text("Este lado não participa mais das reuniões. Os outros foram avisados.")).to_be_visible()
    expect(page.get_by_role("heading", name="Reuniões canceladas")).to_be_visible()
    with stored():
        assert set(scheduled()) == rest

    desk = visit(ORGANISER).new_page()
    run = run_engine(desk, "Repair with the least change")
    desk.goto(f"{run}/publish")
    expect(desk.get_by_text("As before")).to_be_visible()
    publish(desk, run)
    with stored():
        there = scheduled()
        assert not any(side_of(email).uid in pair for pair in there)
        # The least change: hardly anybody else lost a meeting.
        assert len(rest - set(there)) <= len(own)
        assert audit() == []


def meeting_of(role: PartyRole, *, at_once: bool, language: str = "") -> tuple[str, str, Meeting]:
    """A meeting whose sides could book (or ask for) another time: who holds it for a side, the other side, and it."""
    for meeting in scheduled().values():
        for side, other in permutations((meeting.first_party, meeting.second_party)):
            user = side.members[0].registration.user
            if side.role is role and language in {user.locale, ""}:
                times = partners.times(setup.needed(meeting.event_id), side, other)
                if times.bookable if at_once else times.askable:
                    return user.email, side.uid, meeting
    raise AssertionError("nobody can book")


def test_delegate_follows_a_project_to_its_meetings_and_asks_for_one(
    visit: Visit, stored: Stored, schedule: str
) -> None:
    with stored():
        email, side, meeting = meeting_of(PartyRole.PROJECT, at_once=False, language="es")
        party, partner = meeting.first_party, meeting.second_party
        project, other = party.project.slug, partner.uid
        self_booking.cancel(meeting.uid, "We cannot come at that time.", partner.members[0].registration.user)
    page = visit(email, language="es", width=390).new_page()

    page.goto("/my/projects")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mis proyectos")
    page.locator(f'main a[href="/my/projects/{project}"]').first.click()
    expect(page.get_by_text("Publicado").first).to_be_visible()
    page.goto(f"/projects/{project}")
    expect(page.get_by_role("heading", name="Resumen")).to_be_visible()

    page.goto(f"{ROOM}?as={side}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mi agenda")
    page.get_by_role("link", name=re.compile("^Detalles, nota, cambios")).first.click()
    page.get_by_label("Nota privada").fill("Llevar el plano de la cuenca.")
    page.locator("section", has=page.locator("#note")).get_by_role("button", name="Guardar").click()
    expect(page.get_by_label("Nota privada")).to_have_value("Llevar el plano de la cuenca.")
    page.goto(f"{ROOM}?as={side}")
    expect(page.get_by_text("Llevar el plano de la cuenca.")).to_be_visible()

    page.goto(f"{ROOM}/partners/{other}?as={side}")
    page.get_by_role("button", name="Quiero reunirme", exact=True).click()
    expect(page.get_by_role("button", name="Quiero reunirme", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Por qué quiere reunirse").fill("Buscamos un préstamo a veinte años.")
    page.get_by_role("button", name="Enviar la solicitud").click()
    page.wait_for_url("**/requests/**")
    expect(page.get_by_text("Buscamos un préstamo a veinte años.")).to_be_visible()
    with stored():
        mine = select(MeetingParty.id).where(MeetingParty.uid == side)
        theirs = select(MeetingParty.id).where(MeetingParty.uid == other)
        asked = session().scalars(
            select(MeetingRequest.state).where(
                MeetingRequest.from_party_id == mine.scalar_subquery(),
                MeetingRequest.to_party_id == theirs.scalar_subquery(),
            )
        )
        wished = session().scalars(
            select(Wish.kind).where(
                Wish.from_party_id == mine.scalar_subquery(), Wish.to_party_id == theirs.scalar_subquery()
            )
        )
        noted = session().scalars(
            select(MeetingNote.text).join(User, User.id == MeetingNote.user_id).where(User.email == email)
        )
        assert (list(asked), list(wished)) == ([RequestState.SENT], [WishKind.WANT])
        assert list(noted) == ["Llevar el plano de la cuenca."]
        assert audit() == []


def test_agenda_booking_and_cancelling_need_no_scripts(visit: Visit, stored: Stored, schedule: str) -> None:
    with stored():
        email, side, meeting = meeting_of(PartyRole.FUNDER, at_once=True)
        uid, other = meeting.uid, meeting.first_party.uid
        before = sum(side in pair for pair in scheduled())
    page = visit(email, width=390, scripts=False).new_page()

    page.goto(ROOM)
    expect(page.locator(".session-meeting")).to_have_count(before)
    page.goto(f"{ROOM}/{uid}")
    page.get_by_label("Reason, for the other side").fill("Our train comes later.")
    page.get_by_role("button", name="Cancel the meeting").click()
    expect(page.get_by_text("The meeting is cancelled. Both sides were told.")).to_be_visible()
    expect(page.locator(".session-meeting")).to_have_count(before - 1)
    with stored():
        assert (other, side) not in scheduled()
        assert audit() == []

    page.goto(f"{ROOM}/partners/{other}")
    page.get_by_role("button", name="Next time free for both").click()
    expect(page.get_by_text("The meeting is booked. Both sides get an invitation.")).to_be_visible()
    page.goto(ROOM)
    expect(page.locator(".session-meeting")).to_have_count(before)
    with stored():
        assert (other, side) in scheduled()
        assert audit() == []
