"""The terms of an event are kept for each of its revisions, and are never older than what is committed."""

import pytest
from sqlalchemy.orm import object_session

from marketplace.database import atomic, session
from marketplace.errors import NotFound
from marketplace.models import EventState, QuestionKind
from marketplace.services import events, programme, questions, terms, tickets


@pytest.fixture
def event(make):
    event = make.event(slug="dialogue")
    make.ticket(event, names={"en": "Delegate"})
    return event


def names(slug="dialogue"):
    return [ticket.names["en"] for ticket in terms.of(slug).tickets]


def test_terms_are_read_once_for_a_revision(event, count_queries):
    first = terms.of("dialogue")

    with count_queries() as again:
        second = terms.of("dialogue")

    assert second is first
    assert len(again) == 1


def test_every_change_of_tickets_questions_and_sessions_is_seen_at_once(event, make, clock):
    by = make.organiser()
    workshop = make.session(event, needs_sign_up=True)
    assert (names(), terms.of("dialogue").questions) == (["Delegate"], ())

    tickets.save("dialogue", tickets.Details({"en": "Press"}), by)
    questions.save("dialogue", questions.Details(QuestionKind.TEXT, {"en": "Which hotel?"}), by)
    programme.set_session_state("dialogue", workshop.uid, workshop.state.CANCELLED, by)

    found = terms.of("dialogue")
    assert names() == ["Delegate", "Press"]
    assert [question.labels["en"] for question in found.questions] == ["Which hotel?"]
    assert found.sessions == ()


def test_change_that_was_taken_back_is_not_kept(event, make):
    by = make.organiser()

    def fail():
        with atomic():
            tickets.save("dialogue", tickets.Details({"en": "Never"}), by)
            assert "Never" in [ticket.names["en"] for ticket in terms.tickets(events.public("dialogue"))]
            raise LookupError

    terms.of("dialogue")
    with pytest.raises(LookupError):
        fail()
    tickets.save("dialogue", tickets.Details({"en": "Press"}), by)

    assert names() == ["Delegate", "Press"]


def test_terms_of_a_draft_are_nobodys(make):
    make.event(slug="secret", state=EventState.DRAFT)

    with pytest.raises(NotFound):
        terms.of("secret")


def test_locked_event_is_the_one_that_is_committed_and_the_session_s_own(event, make):
    by, kept = make.organiser(), terms.of("dialogue").event
    make.event(slug="secret", state=EventState.DRAFT)

    with atomic():
        same = terms.locked("dialogue")
        assert (same.id, same.capacity, object_session(same)) == (kept.id, kept.capacity, session())
    with atomic():
        locked = events.locked("dialogue", by)
        locked.capacity = 7
        events.touch(locked)
    with atomic():
        changed = terms.locked("dialogue").capacity

    assert (changed, kept.capacity, object_session(kept)) == (7, None, None)
    for slug in ("secret", "nowhere"):
        with atomic(), pytest.raises(NotFound):
            terms.locked(slug)
