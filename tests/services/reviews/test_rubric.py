"""The readiness rubric: weights, the test vector, bands, advice, and how two reviews and a moderator's combine."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.models import Band, Criterion, Review, ReviewRole, ReviewState
from marketplace.services.reviews import rubric
from marketplace.services.reviews.rubric import WEIGHTS
from tests.reviewing import VECTOR


def points(*scores: float) -> dict[Criterion, float]:
    return dict(zip(WEIGHTS, scores, strict=True))


def review(*scores: int, role: ReviewRole = ReviewRole.REVIEWER, state: ReviewState = ReviewState.DONE) -> Review:
    return Review(role=role, state=state, scores={key.value: score for key, score in points(*scores).items()})


def test_weights_sum_to_a_hundred_and_every_criterion_has_words():
    assert sum(WEIGHTS.values()) == 100
    assert list(WEIGHTS) == list(Criterion)
    assert all(list(rubric.ANCHORS[criterion]) == [0, 2, 4] for criterion in Criterion)


def test_readiness_of_the_test_vector_is_56_and_means_preparation():
    assert rubric.readiness(points(*VECTOR)) == 56.0
    assert rubric.band(points(*VECTOR)) is Band.PREPARATION


def test_readiness_without_a_criterion_is_a_bug():
    with pytest.raises(KeyError):
        rubric.readiness({Criterion.FINANCE: 4})


@pytest.mark.parametrize(
    ("scores", "value", "band"),
    [
        ((4, 4, 4, 4, 4, 4, 4, 4, 4), 100, Band.INVESTMENT_READY),
        ((3, 3, 3, 3, 3, 3, 3, 3, 3), 75, Band.INVESTMENT_READY),
        ((4, 1, 4, 4, 4, 4, 4, 4, 4), 88.75, Band.PREPARATION),
        ((4, 4, 1, 4, 4, 4, 4, 4, 4), 86.5, Band.PREPARATION),
        ((4, 4, 4, 1, 4, 4, 4, 4, 4), 92.5, Band.PREPARATION),
        ((4, 4, 4, 1.5, 4, 4, 4, 4, 4), 93.75, Band.PREPARATION),
        ((1, 4, 4, 4, 4, 4, 4, 4, 4), 91, Band.INVESTMENT_READY),
        ((2, 2, 2, 2, 2, 2, 2, 2, 2), 50, Band.CONCEPT),
        ((1, 1, 1, 1, 1, 1, 1, 1, 1), 25, Band.IDEA),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), 0, Band.IDEA),
    ],
)
def test_band_of_scores(scores, value, band):
    assert rubric.readiness(points(*scores)) == value
    assert rubric.band(points(*scores)) is band


@given(st.lists(st.integers(0, 4), min_size=9, max_size=9), st.integers(0, 8))
def test_a_better_score_never_lowers_readiness(scores, place):
    better = [*scores]
    better[place] = min(4, better[place] + 1)

    assert 0 <= rubric.readiness(points(*scores)) <= rubric.readiness(points(*better)) <= 100


@pytest.mark.parametrize(
    ("score", "code"), [(0, "3.2"), (1, "3.2"), (1.5, "3.2"), (2, "3.4"), (2.5, "3.4"), (3, None), (4, None)]
)
def test_advice_for_a_low_score_names_criterion_and_level(score, code):
    advice = rubric.advice(Criterion.FINANCE, score)

    assert (advice.code if advice else None) == code


def test_advice_says_something_different_for_every_code():
    found = {
        (advice.code, str(advice.words))
        for criterion, score in itertools.product(Criterion, (0, 2))
        if (advice := rubric.advice(criterion, score))
    }

    assert len(found) == len({words for _, words in found}) == 18


@pytest.mark.parametrize("stored", [{}, {"finance": "5"}, {"finance": -1}, {"finance": None}, {"else": 3}])
def test_read_leaves_out_what_is_no_score(stored):
    assert rubric.read(stored) == {}


def test_read_takes_numbers_and_texts_alike():
    assert rubric.read({"finance": "3", "climate": 0}) == {Criterion.FINANCE: 3, Criterion.CLIMATE: 0}


def test_combine_waits_for_two_finished_reviews():
    one = rubric.combine([review(*VECTOR), review(*VECTOR, state=ReviewState.STARTED)])

    assert (one.done, one.is_settled, one.needs_moderator, one.readiness, one.band) == (1, False, False, None, None)


def test_combine_takes_the_mean_where_two_differ_by_less_than_two():
    both = rubric.combine([review(3, 3, 3, 3, 3, 3, 3, 3, 3), review(2, 3, 3, 3, 3, 3, 3, 3, 4)])

    assert both.is_settled
    assert not both.needs_moderator
    assert both.scores[Criterion.STRATEGY] == 2.5
    assert both.readiness == 75 - 12 / 8 + 5 / 8


def test_combine_leaves_a_gap_of_two_open_until_a_moderator_spoke():
    reviews = [review(3, 3, 4, 3, 3, 3, 3, 3, 3), review(3, 3, 2, 3, 3, 3, 3, 3, 3)]

    before = rubric.combine(reviews)
    after = rubric.combine([*reviews, review(0, 0, 2, 0, 0, 0, 0, 0, 0, role=ReviewRole.MODERATOR)])

    assert before.differs == before.unsettled == {Criterion.FINANCE}
    assert (before.is_settled, before.readiness) == (False, None)
    assert after.differs == {Criterion.FINANCE}
    assert after.unsettled == frozenset()
    assert after.scores[Criterion.FINANCE] == 2
    assert after.readiness == 75 - 18 / 4


@given(*[st.lists(st.integers(0, 4), min_size=9, max_size=9) for _ in range(2)])
def test_combine_does_not_depend_on_the_order(first, second):
    assert rubric.combine([review(*first), review(*second)]) == rubric.combine([review(*second), review(*first)])
