"""The life of a project: every state has its moves, and nothing is judged while it is written."""

import pytest

from marketplace.errors import Conflict
from marketplace.models import ProjectState
from marketplace.services.projects import states

S = ProjectState


def test_every_state_can_be_left_and_all_but_the_first_entered():
    assert set(states.MOVES) == set(S)
    assert all(states.MOVES.values())
    assert set().union(*states.MOVES.values()) == set(S)
    assert all(state not in following for state, following in states.MOVES.items())


def test_what_is_judged_is_not_written(make, app):
    city = make.city()
    for state in S:
        project = make.project(city, state=state)
        is_written = state in {S.DRAFT, S.CHANGES_REQUESTED, S.ACCEPTED, S.PUBLISHED}
        assert states.is_editable(project) == is_written
        if not is_written:
            with pytest.raises(Conflict) as refusal:
                states.require_editable(project)
            assert str(refusal.value) != str(Conflict())


@pytest.mark.parametrize(
    ("state", "to"), [(S.DRAFT, S.PUBLISHED), (S.SUBMITTED, S.DRAFT), (S.DECLINED, S.SUBMITTED), (S.DRAFT, S.DRAFT)]
)
def test_steps_cannot_be_skipped(make, app, state, to):
    project = make.project(make.city(), state=state)

    with pytest.raises(Conflict):
        states.move(project, to)


def test_declined_update_leaves_what_is_in_the_book(make, app):
    city = make.city()

    assert states.after_refusal(make.published(city)) is S.PUBLISHED
    assert states.after_refusal(make.project(city)) is S.DECLINED
