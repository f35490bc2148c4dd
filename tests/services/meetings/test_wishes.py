"""Wishes: whom a side must, wants to and will not meet, and what they add up to."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace import i18n
from marketplace.database import atomic, session
from marketplace.errors import Conflict, Invalid, NotFound, NotOpen
from marketplace.models import AuditEntry, EventState, Fit, PartyRole, Wish, WishKind
from marketplace.services.meetings import pairings, parties, wishes
from marketplace.services.meetings.wishes import MustsUsedUp
from tests.meetings import market, user_of


@pytest.fixture
def place(make, organiser):
    return market(make, organiser, funders=4, musts=2)


def wish(place, funder, kind, by=None):
    side = place.projects[0]
    return wishes.save(place.event.slug, side.uid, place.funders[funder].uid, kind, by or user_of(side))


def mine(place):
    return [(place.funders.index(one.to_party), one.kind.value, one.rank) for one in wishes.of_party(place.projects[0])]


def test_wishes_are_ranked_in_order_and_musts_come_first(place):
    wish(place, 0, WishKind.WANT)
    wish(place, 1, WishKind.WANT)
    wish(place, 2, WishKind.MUST)
    wish(place, 3, WishKind.NOT)

    assert mine(place) == [(2, "must", 1), (0, "want", 2), (1, "want", 3), (3, "not", 0)]


def test_wish_taken_back_leaves_no_gap(place):
    for number in range(3):
        wish(place, number, WishKind.WANT)

    wish(place, 1, None)
    wish(place, 1, None)

    assert mine(place) == [(0, "want", 1), (2, "want", 2)]


def test_musts_are_few_and_one_can_be_changed_for_another(place):
    wish(place, 0, WishKind.MUST)
    wish(place, 1, WishKind.MUST)
    wish(place, 1, WishKind.MUST)

    with pytest.raises(MustsUsedUp):
        wish(place, 2, WishKind.MUST)
    wish(place, 0, WishKind.WANT)

    assert wish(place, 2, WishKind.MUST).kind is WishKind.MUST


def test_order_ranks_what_it_names_and_keeps_the_rest(place):
    for number in range(4):
        wish(place, number, WishKind.WANT)
    wish(place, 3, WishKind.MUST)
    side = place.projects[0]

    wishes.order(place.event.slug, side.uid, [place.funders[2].uid, "nobody", place.funders[3].uid], user_of(side))

    assert mine(place) == [(3, "must", 1), (2, "want", 2), (0, "want", 3), (1, "want", 4)]


def test_window_closes_at_its_last_moment_but_not_for_vetoes_and_organisers(place, organiser, clock):
    clock.move_to(place.setup.wishes_close_at - timedelta(seconds=1))
    wish(place, 0, WishKind.WANT)
    clock.move_to(place.setup.wishes_close_at)

    with pytest.raises(NotOpen):
        wish(place, 1, WishKind.WANT)
    with pytest.raises(NotOpen):
        wish(place, 0, None)
    with pytest.raises(NotOpen):
        wishes.order(place.event.slug, place.projects[0].uid, [], user_of(place.projects[0]))
    wish(place, 2, WishKind.NOT)
    wish(place, 2, None)
    wish(place, 3, WishKind.NOT)
    wish(place, 1, WishKind.WANT, organiser)

    assert mine(place) == [(0, "want", 1), (1, "want", 2), (3, "not", 0)]


def test_veto_ends_with_the_event(place, clock):
    clock.move_to(place.event.ends_at)

    with pytest.raises(NotOpen):
        wish(place, 0, WishKind.NOT)


@pytest.mark.parametrize("state", [EventState.CANCELLED, EventState.ARCHIVED])
def test_nothing_is_wished_at_an_event_that_is_off(place, organiser, state):
    with atomic():
        place.event.state = state

    with pytest.raises(Conflict):
        wish(place, 0, WishKind.WANT)
    with pytest.raises(Conflict):
        wish(place, 0, WishKind.WANT, organiser)


def test_wish_of_others_is_not_theirs_to_say(place, make):
    with pytest.raises(NotFound):
        wish(place, 0, WishKind.WANT, user_of(place.funders[1]))
    with pytest.raises(NotFound):
        wish(place, 0, WishKind.WANT, make.user())


def test_who_may_not_meet_cannot_be_wished_for(place, make):
    side = place.projects[0]
    with pytest.raises(Invalid):
        wishes.save(place.event.slug, side.uid, place.projects[1].uid, WishKind.WANT, user_of(side))
    with atomic() as current:
        fit = current.scalar(
            select(Fit).where(Fit.project_id == side.project_id).order_by(Fit.project_id, Fit.organisation_id)
        )
        fit.is_offered = False

    with pytest.raises(Invalid):
        wish(place, 0, WishKind.WANT)


def test_veto_is_told_to_nobody_else(place):
    wishes.save(place.event.slug, place.funders[0].uid, place.projects[0].uid, WishKind.NOT, user_of(place.funders[0]))

    assert wish(place, 0, WishKind.WANT).kind is WishKind.WANT
    assert [one.kind for one in wishes.of_party(place.projects[0])] == [WishKind.WANT]
    details = session().scalars(select(AuditEntry.details).where(AuditEntry.action == "wish.saved")).all()
    assert "not" not in str(details).lower()
    assert not pairings.may_meet(place.setup, place.projects[0], place.funders[0])


def test_side_that_leaves_takes_all_its_wishes_along(place, organiser):
    wish(place, 0, WishKind.WANT)
    wishes.save(place.event.slug, place.funders[0].uid, place.projects[1].uid, WishKind.WANT, user_of(place.funders[0]))

    parties.withdraw(place.event.slug, place.funders[0].uid, "", organiser)

    assert session().scalars(select(Wish.id)).all() == []
    with pytest.raises(Invalid):
        wish(place, 0, WishKind.WANT)


def test_supply_counts_every_side(place, organiser):
    wish(place, 0, WishKind.MUST)
    wish(place, 1, WishKind.WANT)
    wish(place, 2, WishKind.NOT)

    found = wishes.supply(place.event)

    by_name = {parties.title(one.party): one for one in found.standings}
    project = next(one for one in found.standings if one.party.id == place.projects[0].id)
    assert (found.musts, found.wants, found.slots, found.seats) == (1, 1, 6, 12)
    assert (project.musts, project.wants, project.eligible, project.slots, project.meetings) == (1, 1, 3, 6, 0)
    assert (by_name["Funder 0"].wanted_by, by_name["Funder 2"].wanted_by, by_name["Funder 2"].eligible) == (1, 0, 1)


def test_supply_names_who_is_without_short_and_drowning(make, organiser):
    limits = {PartyRole.PROJECT: (3, 9), PartyRole.FUNDER: (0, 1)}
    place = market(make, organiser, limits=limits)
    for project in place.projects:
        wishes.save(place.event.slug, project.uid, place.funders[0].uid, WishKind.WANT, user_of(project))
    everywhen = {slot.uid for slot in place.slots}
    parties.set_absences(place.event.slug, place.funders[1].uid, everywhen, organiser)

    found = wishes.supply(place.event).standings

    def names(only):
        return [one.party.id for one in wishes.arranged(found, only=only)]

    assert names("without") == [place.funders[1].id]
    assert names("short") == [side.id for side in place.projects]
    assert names("drowning") == [place.funders[0].id]


def test_standings_are_searched_and_sorted(place):
    wish(place, 3, WishKind.WANT)
    found = wishes.supply(place.event).standings

    assert [one.party.id for one in wishes.arranged(found, "FÚNDER 2")] == [place.funders[2].id]
    assert wishes.arranged(found, sort="-wanted")[0].party.id == place.funders[3].id
    assert wishes.arranged(found, sort="wanted")[-1].party.id == place.funders[3].id
    assert wishes.arranged(found, sort="-name") == wishes.arranged(found)[::-1]
    funders = wishes.arranged(found, role=PartyRole.FUNDER)
    assert {one.party.role for one in funders} == {PartyRole.FUNDER}
    assert len(funders) == len(place.funders)


def test_standings_are_in_the_order_of_the_names_shown(place):
    with atomic():
        place.funders[0].organisation.names = {"en": "Zebra Bank", "es": "Aurora"}
    found = wishes.supply(place.event).standings

    assert wishes.arranged(found)[-1].party.id == place.funders[0].id
    with i18n.speaking("es"):
        assert wishes.arranged(found)[0].party.id == place.funders[0].id


def test_supply_sends_as_many_statements_for_many_as_for_few(make, organiser, count_queries):
    small, large = market(make, organiser), market(make, organiser, projects=6, funders=6)
    for one in (small, large):
        session().refresh(one.event)

    with count_queries() as few:
        wishes.supply(small.event)
    with count_queries() as many:
        wishes.supply(large.event)

    assert len(many) == len(few)
