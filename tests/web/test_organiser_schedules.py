"""The scheduling room through its pages: run, look, change by hand, publish, repair."""

import re
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from marketplace.database import session
from marketplace.models import (
    Meeting,
    MeetingState,
    PartyRole,
    Publication,
    Schedule,
    ScheduleKind,
    ScheduleState,
    WishKind,
)
from marketplace.services import jobs
from marketplace.services.meetings import parties, self_booking, setup, tables, wishes
from marketplace.services.meetings.scheduling import runs
from tests.meetings import audit, market, user_of


@pytest.fixture
def organiser(app, make):
    return make.organiser()


@pytest.fixture
def place(make, organiser):
    limits = {role: (2 if role is PartyRole.PROJECT else 0, 6) for role in PartyRole}
    return market(make, organiser, projects=3, funders=3, tables=2, limits=limits)


@pytest.fixture
def base(place):
    return f"/desk/events/{place.event.slug}/schedules"


@pytest.fixture
def desk(login_as, organiser, place):
    return login_as(organiser)


def begun(desk, base, **values):
    answer = desk.post(base, data={"kind": "solve", "seconds": "2", "seed": "1", "source": "", **values})
    assert answer.status_code == 303, answer.text
    run = session().scalar(select(Schedule).order_by(Schedule.id.desc()))
    runs.perform(jobs.Run(0, 1, {"schedule": run.uid}))
    return session().scalar(
        select(Schedule)
        .where(Schedule.uid == run.uid)
        .options(undefer(Schedule.meetings))
        .execution_options(populate_existing=True)
    )


def scheduled():
    return session().scalars(select(Meeting).where(Meeting.state == MeetingState.SCHEDULED)).all()


def test_run_is_listed_with_its_bound_and_opens_every_page(desk, base, place, organiser):
    wishes.save(place.event.slug, place.projects[0].uid, place.funders[0].uid, WishKind.MUST, organiser)
    run = begun(desk, base, title="First try")

    assert "First try" in desk.get(base).text
    for page in ("", "/plan", "/parties", "/publish"):
        answer = desk.get(f"{base}/{run.uid}{page}")
        assert answer.status_code == 200
        assert "City 0" in answer.text or page in {"", "/publish"}
    assert desk.get(f"{base}/{run.uid}/problem.json").json["format"] == "cm-match/1"
    assert desk.get(f"{base}/{run.uid}/answer.json").json["input_hash"] == run.input_hash


def test_bad_numbers_come_back_filled(desk, base):
    answer = desk.post(base, data={"kind": "solve", "seconds": "100000", "seed": "1", "title": "Mine"})

    assert answer.status_code == 422
    assert 'value="Mine"' in answer.text


def test_publication_shows_the_difference_first_and_does_it(desk, base, place):
    run = begun(desk, base)

    asked = desk.get(f"{base}/{run.uid}/publish").text
    done = desk.post(f"{base}/{run.uid}/publish", data={"final": "1"})

    assert re.search(r"New</dt>\s*<dd[^>]*>9<", asked)
    assert done.status_code == 303
    assert len(scheduled()) == 9
    assert setup.of(place.event.id).publication is Publication.FINAL
    assert audit() == []


def test_stale_draft_says_so_and_offers_repair(desk, base, place):
    run = begun(desk, base)
    side = place.projects[0]
    self_booking.book(place.event.slug, side.uid, place.funders[0].uid, place.slots[5].uid, user_of(side))

    refused = desk.post(f"{base}/{run.uid}/publish", data={"final": "1"})
    assert refused.status_code == 409
    assert "Bring it up to date" in refused.text

    mended = begun(desk, base, kind="repair", source=run.uid)
    assert desk.post(f"{base}/{mended.uid}/publish", data={"final": "1"}).status_code == 303
    assert audit() == []


def test_draft_that_cannot_take_place_names_the_meeting_and_offers_repair(desk, base, place):
    run = begun(desk, base)
    one = run.meetings[0]
    side = next(side for side in place.projects if side.uid == one["first"])
    parties.set_absences(place.event.slug, side.uid, {one["slot"]}, user_of(side), side.members[0].registration.uid)

    refused = desk.post(f"{base}/{run.uid}/publish", data={"final": "1"})

    assert refused.status_code == 409
    assert "Nobody of one side is free then." in refused.text
    assert "Bring it up to date" in refused.text


def test_draft_names_the_meetings_that_got_another_table_since(desk, base, place, organiser):
    run = begun(desk, base)
    held = Counter(one["slot"] for one in run.meetings)
    one = next(one for one in run.meetings if held[one["slot"]] == 1)
    tables.close(place.event.slug, one["table"], organiser, {one["slot"]})

    pages = [desk.get(f"{base}/{run.uid}/{page}").text for page in ("plan", "publish")]

    for page in pages:
        assert "These meetings have others now, at the same time:" in page
        assert "Bring it up to date" not in page
    assert desk.post(f"{base}/{run.uid}/publish", data={"final": "1"}).status_code == 303
    assert audit() == []


def test_moving_by_form_and_by_dragging_is_checked(desk, base, place):
    run = begun(desk, base)
    one = run.meetings[0]
    pick = {"first": one["first"], "second": one["second"], "round": "1", "revision": str(run.revision)}
    busy = next(
        other["slot"] for other in run.meetings if other["first"] == one["first"] and other["slot"] != one["slot"]
    )
    used = {other["slot"] for other in run.meetings}
    free = next(slot.uid for slot in place.slots if slot.uid not in used)

    assert desk.get(f"{base}/{run.uid}/move", query_string=pick).status_code == 200
    by_form = desk.post(f"{base}/{run.uid}/move", data={**pick, "slot": busy, "table": ""})
    dragged = desk.post(f"{base}/{run.uid}/move", data={**pick, "slot": busy, "table": ""}, headers={"X-Plan": "grid"})
    assert by_form.status_code == 422
    assert "has another meeting then" in by_form.text
    assert dragged.status_code == 409
    assert 'id="plan"' in dragged.text

    moved = desk.post(f"{base}/{run.uid}/move", data={**pick, "slot": free, "table": ""})
    again = desk.post(f"{base}/{run.uid}/move", data={**pick, "slot": one["slot"], "table": ""})
    assert moved.status_code == 303
    assert again.status_code == 409
    dropped = desk.post(f"{base}/{run.uid}/drop", data=pick)
    locked = desk.post(f"{base}/{run.uid}/lock", data={**pick, "locked": "1"})
    for answer in (again, dropped, locked):
        assert answer.status_code == 409
        assert "This plan was changed meanwhile." in answer.text
        assert 'id="plan"' in answer.text


def test_lock_drop_add_rename_discard(desk, base, place):
    run = begun(desk, base)
    one = run.meetings[0]
    pick = {"first": one["first"], "second": one["second"], "round": "1"}

    desk.post(f"{base}/{run.uid}/lock", data={**pick, "locked": "1"})
    assert "locked" in desk.get(f"{base}/{run.uid}/plan").text
    desk.post(f"{base}/{run.uid}/drop", data=pick)
    assert desk.get(f"{base}/{run.uid}/add").status_code == 200
    offered = desk.get(f"{base}/{run.uid}/add", query_string={"first": one["first"], "second": one["second"]}).text
    assert offered.index('label="Free for both"') < offered.index(f'value="{one["slot"]}"')
    added = desk.post(
        f"{base}/{run.uid}/add", data={"first": one["first"], "second": one["second"], "slot": one["slot"]}
    )
    twice = desk.post(
        f"{base}/{run.uid}/add", data={"first": one["first"], "second": one["second"], "slot": one["slot"]}
    )
    desk.post(f"{base}/{run.uid}/rename", data={"title": "With a <b>lock</b>"})
    assert (added.status_code, twice.status_code) == (303, 422)
    assert "With a &lt;b&gt;lock&lt;/b&gt;" in desk.get(base).text

    assert desk.get(f"{base}/{run.uid}/discard").status_code == 200
    assert desk.post(f"{base}/{run.uid}/discard").status_code == 303
    assert desk.get(f"{base}/{run.uid}").status_code == 404


def test_unmet_wishes_and_lists_are_searched(login_as, make, organiser):
    place = market(make, organiser, projects=3, funders=2, tables=1, hours=1, limits=dict.fromkeys(PartyRole, (0, 1)))
    for side in place.projects:
        for other in place.funders:
            kind = WishKind.MUST if side is place.projects[0] else WishKind.WANT
            wishes.save(place.event.slug, side.uid, other.uid, kind, organiser)
    desk, base = login_as(organiser), f"/desk/events/{place.event.slug}/schedules"
    run = begun(desk, base)

    def rows(query):
        page = desk.get(f"{base}/{run.uid}{query}").text
        return page.split('id="unmet"')[1].split("</section>")[0].count("Add by hand")

    assert rows("") == 4
    assert rows("?only=must") == 1
    assert 0 < rows("?q=city+1") < 4
    assert "None found" in desk.get(f"{base}/{run.uid}?q=nobody").text
    lists = desk.get(f"{base}/{run.uid}/parties?q=funder+1").text
    assert 'id="party-1"' in lists
    assert 'id="party-2"' not in lists


def test_waiting_run_can_be_ended(desk, base):
    desk.post(base, data={"kind": "solve", "seconds": "2", "seed": "1", "source": ""})
    run = session().scalar(select(Schedule))

    desk.post(f"{base}/{run.uid}/cancel")

    session().refresh(run)
    assert run.state is ScheduleState.CANCELLED


def test_organiser_of_another_event_finds_nothing(login_as, make, desk, base):
    run = begun(desk, base)
    stranger = make.user(totp_nonce="nonce", totp_confirmed_at=run.created_at)
    make.role(stranger, "organiser", make.event())
    session().refresh(stranger)
    client = login_as(stranger)

    for page in ("", f"/{run.uid}", f"/{run.uid}/plan", f"/{run.uid}/publish", f"/{run.uid}/problem.json"):
        assert client.get(base + page).status_code == 404
    for act in ("publish", "drop", "lock", "discard", "cancel", "replay", "rename"):
        assert client.post(f"{base}/{run.uid}/{act}").status_code == 404


def test_plan_of_sixty_slots_by_twelve_tables_takes_few_queries(desk, base, make, organiser, count_queries):
    big = market(make, organiser, projects=30, funders=30, tables=12, hours=13)
    uid = runs.start(big.event.slug, ScheduleKind.SOLVE, organiser, seconds=3).uid
    runs.perform(jobs.Run(0, 1, {"schedule": uid}))

    address = f"/desk/events/{big.event.slug}/schedules/{uid}/plan"

    with count_queries() as counted:
        answer = desk.get(address)

    assert answer.status_code == 200
    assert len(counted) <= 15, "\n".join(one[-130:] for one in counted)
