import pytest
from sqlalchemy import select

from marketplace import clock
from marketplace.database import atomic, session
from marketplace.errors import NotAllowed
from marketplace.models import AuditEntry, Letter, LetterState, Organisation
from marketplace.services import bulk, outbox


def test_several_organisations_are_verified_each_with_its_own_act(app, make):
    organiser = make.organiser()
    one, other = make.organisation(), make.organisation()
    known = make.organisation(verified_at=clock.now())
    gone = make.organisation(deactivated_at=clock.now())

    number = bulk.verify_organisations([one.slug, other.slug, known.slug, gone.slug, "nothing", one.slug], by=organiser)

    verified = session().scalars(select(Organisation.slug).where(Organisation.verified_at.is_not(None))).all()
    acts = session().scalars(select(AuditEntry.object_uid).where(AuditEntry.action == "organisation.verified")).all()
    assert number == 2
    assert set(verified) == {one.slug, other.slug, known.slug}
    assert set(acts) == {one.uid, other.uid}


def test_several_letters_that_failed_are_sent_again(app, make, deliver):
    organiser, person = make.organiser(), make.user()
    uids = [outbox.queue("membership_declined", to=person, organisation="Fund") for _ in range(3)]
    deliver()
    with atomic():
        for uid in uids[:2]:
            letter = outbox.find(uid)
            letter.state, letter.last_error = LetterState.FAILED, "550 no such mailbox"

    number = bulk.resend_letters(uids, by=session().merge(organiser))

    states = session().execute(select(Letter.state, Letter.last_error).order_by(Letter.id)).all()
    assert number == 2
    assert [tuple(state) for state in states] == [
        (LetterState.QUEUED, ""),
        (LetterState.QUEUED, ""),
        (LetterState.SENT, ""),
    ]
    assert [letter.state for letter in deliver()] == [LetterState.SENT] * 3


@pytest.mark.parametrize("act", [bulk.verify_organisations, bulk.resend_letters])
def test_acts_on_several_are_for_organisers_only(app, make, act):
    with pytest.raises(NotAllowed):
        act(["one"], by=make.user())
