"""Answers as people type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.i18n import speaking
from marketplace.services.sheets import values, words
from marketplace.services.sheets.fields import Kind, Step
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import FINANCE, GATE, IMPACT, MATURITY, NEEDS, PITCH, PROJECT
from marketplace.services.sheets.solution import SOLUTION
from tests.services.sheets import strategies

STEPS = [step for sheet in (PITCH, MANDATE, SOLUTION) for step in sheet.steps]
LANGUAGES = st.sampled_from(["en", "es", "pt"])


def read(step: Step, raw: dict, language: str = "en") -> tuple[dict, dict[str, str]]:
    with speaking(language):
        content, errors = values.read(step, raw)
        return content, {path: str(message) for path, message in errors.items()}


def written(step: Step, content: dict) -> dict:
    return {field.name: values.write(field, content.get(field.name)) for field in step.fields}


@given(step=st.sampled_from(STEPS), data=st.data(), language=LANGUAGES)
@settings(max_examples=80, deadline=None)
def test_read_understands_what_write_shows_in_every_language(step, data, language):
    content = data.draw(strategies.step_content(step))

    with speaking(language):
        again, _ = values.read(step, written(step, content))

    assert values.merge({}, again) == content
    assert set(again) == {field.name for field in step.fields}


@given(step=st.sampled_from(STEPS), data=st.data(), language=LANGUAGES)
@settings(max_examples=40, deadline=None)
def test_read_understands_amounts_and_numbers_as_pages_say_them(step, data, language):
    figures = [field for field in step.fields if field.kind in {Kind.WHOLE, Kind.NUMBER, Kind.MONEY}]
    for field in figures:
        value = data.draw(strategies.answer(field))

        with speaking(language):
            said = words.say(field, value, "COP")
            again, _ = values.read(step, {field.name: said.removesuffix(f"\u00a0{field.unit}")})

        assert again[field.name] == value


@given(step=st.sampled_from(STEPS), data=st.data())
@settings(max_examples=80, deadline=None)
def test_read_survives_any_shape_and_loses_no_other_answer(step, data):
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
    content = data.draw(strategies.step_content(step))
    hostile = data.draw(st.sampled_from([field.name for field in step.fields]))

    again, errors = read(step, {**written(step, content), hostile: data.draw(anything)})

    others = {name: value for name, value in content.items() if name != hostile}
    assert {name: value for name, value in values.merge({}, again).items() if name != hostile} == others
    assert hostile in again or any(path.split(".")[0] == hostile for path in errors)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_merge_twice_is_merge_once(data):
    before = data.draw(strategies.content(PITCH))
    changes = {
        name: data.draw(st.none() | st.just(value)) for name, value in data.draw(strategies.content(PITCH)).items()
    }

    once = values.merge(before, changes)

    assert values.merge(once, changes) == once
    assert None not in once.values()
    assert {name: once.get(name) for name in changes} == changes


@pytest.mark.parametrize(
    ("language", "typed", "amount"),
    [
        ("en", "1,250,000.50", "1250000.50"),
        ("en", "1.250.000,50", "1250000.50"),
        ("pt", "1.250.000,50", "1250000.50"),
        ("pt", "1.250", "1250.00"),
        ("en", "1,250", "1250.00"),
        ("es", "1,250", "1250.00"),
        ("pt", "1250,5", "1250.50"),
        ("en", "1250000", "1250000.00"),
        ("pt", "R$ 1.250,00", "1250.00"),
        ("en", "US$ 12", "12.00"),
        ("es", "COP 1 250 000", "1250000.00"),
        ("en", "1\u202f250\u202f000,5", "1250000.50"),
    ],
)
def test_read_takes_amounts_as_the_reader_writes_them(language, typed, amount):
    content, errors = read(FINANCE, {"capex": typed}, language)

    assert content == {"capex": amount}
    assert errors == {}


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        ("en", "1.250"),
        ("es", "12.500"),
        ("pt", "1,250"),
        ("en", "12.3456"),
        ("en", "1,25,0"),
        ("en", "1e9"),
        ("en", "twelve"),
        ("en", "١٢٣"),
        ("en", "NaN"),
        ("en", "Infinity"),
        ("en", "100000000000000"),
        ("en", "9" * 5000),
    ],
)
def test_read_refuses_an_amount_that_may_be_misread(language, typed):
    content, errors = read(FINANCE, {"capex": typed, "opex_year": "3"}, language)

    assert content == {"opex_year": "3.00"}
    assert list(errors) == ["capex"]


def test_read_names_what_is_wrong_by_its_path_and_keeps_the_rest():
    content, errors = read(
        PROJECT,
        {
            "title": {"en": "A park for everybody", "es": "x" * 121},
            "summary": {"pt": "Um parque.\r\n\r\nPara todos."},
            "plan_links": [
                {"type": "local_climate", "title": "Plan"},
                {"type": "nothing", "title": "Plan", "url": "javascript:alert(1)"},
            ],
            "location": {"lat": "-3,1", "lon": "200"},
            "sdgs": ["11", "13"],
            "served_areas": "  North\x00  and\u202e south ",
        },
    )

    assert set(errors) == {"title.es", "plan_links.1.type", "plan_links.1.url", "location.lon"}
    assert content == {
        "summary": {"pt": "Um parque.\n\nPara todos."},
        "sdgs": ["11", "13"],
        "served_areas": "North and south",
    }


def test_read_keeps_a_number_out_of_bounds_and_says_so():
    content, errors = read(IMPACT, {"pct_women": "140", "beneficiaries_direct": "52,000"})

    assert content == {"pct_women": "140", "beneficiaries_direct": 52000}
    assert errors == {"pct_women": "Please give a number from 0 to 100."}


def test_read_keeps_too_many_choices_and_says_so():
    content, errors = read(PROJECT, {"sectors_secondary": ["nbs", "flood", "water", "energy"]})

    assert content == {"sectors_secondary": ["energy", "water", "flood", "nbs"]}
    assert errors == {"sectors_secondary": "Please give at most 3."}


def test_read_leaves_out_what_was_not_asked_and_empties_what_was_left_empty():
    content, errors = read(GATE, {"contact_name": "  ", "is_infrastructure": None})

    assert content == {"contact_name": None, "is_infrastructure": None}
    assert errors == {}


@pytest.mark.parametrize("typed", ["+55 92 3215-0000", "+55 (92) 3215 0000", "0055 92 32150000"])
def test_read_takes_a_telephone_number_however_it_is_grouped(typed):
    assert read(GATE, {"contact_phone": typed})[0] == {"contact_phone": "+559232150000"}


@pytest.mark.parametrize("typed", ["3215 0000", "+0 123 456 789", "+55", "call me"])
def test_read_refuses_a_telephone_number_nobody_abroad_could_call(typed):
    assert list(read(GATE, {"contact_phone": typed})[1]) == ["contact_phone"]


@pytest.mark.parametrize("typed", ["2026-02-30", "20260302", "02/03/2026", "2026-W10-1", "0000-01-01"])
def test_read_refuses_a_day_that_is_none(typed):
    assert list(read(MATURITY, {"start_date": typed})[1]) == ["start_date"]


def test_read_gives_every_row_a_key_of_its_own_and_drops_empty_ones():
    content, _ = read(
        MATURITY,
        {
            "risks": [
                {"key": "a", "type": "legal", "level": "low"},
                {"key": "b", "type": "", "mitigation": " "},
                {"key": "a", "type": "social"},
                {"mitigation": "We ask."},
            ]
        },
    )

    keys = [row["key"] for row in content["risks"]]
    assert keys[0] == "a"
    assert len(set(keys)) == 3


def test_read_keeps_the_order_of_ranked_answers_and_each_once():
    content, _ = read(FINANCE, {"instruments_sought": ["grant", "", "conc_loan", "grant"]})

    assert content == {"instruments_sought": ["grant", "conc_loan"]}


def test_read_does_not_take_names_that_are_none():
    content, errors = read(NEEDS, {"wanted_funders": ["bank-of-rivers", "../../etc"]})

    assert content == {}
    assert list(errors) == ["wanted_funders"]
