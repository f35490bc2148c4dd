"""What must hold for any pair, on random profiles with gaps; and the list of codes against what is really said."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.compatibility import (
    COUNTERPARTY_FIELDS,
    PARAMETERS,
    PROJECT_FIELDS,
    Code,
    Explanation,
    ExplanationError,
    Mandate,
    Outcome,
    ProfileError,
    Project,
    Solution,
    Status,
    explain_funder,
    explain_vendor,
)
from tests.compatibility.random_profiles import Maker

seeds = st.integers(0, 2**32)
kinds = st.sampled_from(["funder", "vendor"])


def pair(seed, kind, gaps=0.3):
    maker = Maker(seed, gaps)
    return maker.project(), maker.mandate() if kind == "funder" else maker.solution()


def explain(project, counterparty):
    return (explain_funder if isinstance(counterparty, Mandate) else explain_vendor)(project, counterparty)


@settings(max_examples=400, deadline=None)
@given(seeds, kinds, st.sampled_from([0.2, 0.6, 0.95]), st.booleans(), st.data())
def test_adding_information_never_lowers_confidence(seed, kind, gaps, of_project, data):
    project, counterparty = pair(seed, kind, gaps)
    poor = project if of_project else counterparty
    rich = pair(seed + 1, kind, 0.0)[0 if of_project else 1]
    silent = [field.name for field in fields(poor) if getattr(poor, field.name) is None]
    assume(silent)
    name = data.draw(st.sampled_from(silent))
    try:
        richer = replace(poor, **{name: getattr(rich, name)})
    except ProfileError:  # a minimum above the maximum
        assume(False)

    before = explain(project, counterparty)
    after = explain(richer, counterparty) if of_project else explain(project, richer)

    assert after.confidence >= before.confidence
    for lines in ("lines", "preference_lines"):
        for old, new in zip(getattr(before, lines), getattr(after, lines), strict=True):
            assert new.counted >= old.counted


@settings(max_examples=300, deadline=None)
@given(seeds, kinds, st.sampled_from([0.0, 0.2, 0.6]))
def test_failed_filter_always_excludes(seed, kind, gaps):
    got = explain(*pair(seed, kind, gaps))

    failed = sum(one.outcome is Outcome.FAIL for one in got.findings)
    unknown = any(one.outcome is Outcome.UNKNOWN for one in got.findings)
    assert len(got.failed) == failed
    assert (got.status in (Status.OFFERED, Status.TO_CHECK)) is (failed == 0)
    assert (got.status is Status.NEAR_MISS) is (failed == 1)
    assert (got.status is Status.TO_CHECK) is (failed == 0 and unknown)


@settings(max_examples=200, deadline=None)
@given(seeds, kinds, st.randoms(use_true_random=False))
def test_order_of_lists_is_irrelevant(seed, kind, shuffle):
    project, counterparty = pair(seed, kind, 0.1)

    def stirred(profile):
        changes = {}
        for field in fields(profile):
            values = getattr(profile, field.name)
            if isinstance(values, frozenset) or field.name in ("areas", "references"):
                changes[field.name] = None if values is None else shuffle.sample(list(values), len(values))
            elif field.name == "instruments" and values:
                changes[field.name] = [values[0], *shuffle.sample(values[1:], len(values) - 1)]
        return replace(profile, **changes)

    assert explain(stirred(project), stirred(counterparty)) == explain(project, counterparty)


@settings(max_examples=300, deadline=None)
@given(seeds, kinds, st.sampled_from([0.0, 0.3, 0.9]))
def test_explanation_survives_json(seed, kind, gaps):
    got = explain(*pair(seed, kind, gaps))

    assert Explanation.from_json(json.loads(json.dumps(got.as_json(), allow_nan=False))) == got


@settings(max_examples=300, deadline=None)
@given(seeds, kinds, st.sampled_from([0.0, 0.3, 0.9]))
def test_numbers_stay_in_their_bounds(seed, kind, gaps):
    got = explain(*pair(seed, kind, gaps))

    for score in (got.score, got.preference, got.mutual):
        assert score is None or 0 <= score <= 100
    assert 0 <= got.confidence <= 1
    assert (got.score is None) is (got.confidence == 0)
    for line in (*got.lines, *got.preference_lines):
        assert line.value is None or 0 <= line.value <= 1
        assert (line.counted == 0) is (line.value is None)
        assert line.counted <= line.weight
    assert len(got.reasons) <= 3
    assert len(got.gaps) <= 2
    assert len({repr(message) for message in got.unknowns}) == len(got.unknowns)


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_conflict_does_not_depend_on_who_is_who(seed):
    project, mandate = pair(seed, "funder")
    turned = (
        replace(project, organisation=mandate.organisation, mail_domains=mandate.mail_domains),
        replace(mandate, organisation=project.organisation, mail_domains=project.mail_domains),
    )

    def conflicts(one, other):
        messages = [message.code for found in explain(one, other).findings for message in found.messages]
        return {Code.SAME_ORGANISATION, Code.SAME_MAIL_DOMAIN} & set(messages)

    assert conflicts(project, mandate) == conflicts(*turned)


@pytest.fixture(scope="module")
def said():
    """Everything said about many random pairs."""
    heard = []
    for gaps in (0.0, 0.1, 0.4, 0.9):
        maker = Maker(5, gaps)
        projects = [maker.project() for _ in range(60)]
        others = [maker.mandate() for _ in range(40)] + [maker.solution() for _ in range(40)]
        for project in projects:
            for other in others:
                got = explain(project, other)
                heard += [message for found in got.findings for message in found.messages]
                heard += [line.message for line in (*got.lines, *got.preference_lines)]
    return heard


def test_every_code_is_said_with_its_parameters(said):
    assert {message.code for message in said} == set(Code) == set(PARAMETERS)
    for message in said:
        assert tuple(message.parameters) == PARAMETERS[message.code], message


def test_silence_names_fields_of_the_profiles(said):
    by_project = {one.parameters["field"] for one in said if one.code is Code.PROJECT_SILENT}
    by_counterparty = {one.parameters["field"] for one in said if one.code is Code.COUNTERPARTY_SILENT}

    assert by_project == PROJECT_FIELDS
    assert by_counterparty == COUNTERPARTY_FIELDS
    assert {field.name for field in fields(Project)} >= PROJECT_FIELDS
    assert {field.name for kind in (Mandate, Solution) for field in fields(kind)} >= COUNTERPARTY_FIELDS


@pytest.mark.parametrize("broken", [{}, {"status": "perhaps"}, {"lines": 7}, {"reasons": [{"code": "x"}]}])
def test_what_is_no_explanation_is_refused(broken):
    document = explain(*pair(1, "funder")).as_json()

    with pytest.raises(ExplanationError):
        Explanation.from_json({**document, **broken} if broken else {})
