"""Answers in the reader's words."""

import pytest
from hypothesis import given, settings

from marketplace.i18n import speaking
from marketplace.services.sheets import words
from marketplace.services.sheets.mandate import MANDATE
from marketplace.services.sheets.pitch import PITCH
from tests.services.sheets import strategies


@given(content=strategies.content(PITCH))
@settings(max_examples=40, deadline=None)
def test_say_has_words_for_every_answer(content):
    for name, value in content.items():
        assert words.say(PITCH.by_name[name], value, "BRL").strip()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("capex", "12000000.00", "COP\u00a012,000,000"),
        ("capex", "12000000.50", "COP\u00a012,000,000.5"),
        ("pct_women", "52.5", "52.5\u00a0%"),
        ("build_months", 18, "18\u00a0months"),
        ("baseline_year", 2019, "2019"),
        ("start_date", "2027-01-15", "January 15, 2027"),
        ("sector_primary", "nbs", "Nature-based solutions"),
        ("instruments_sought", ["grant", "conc_loan"], "Grant, Concessional loan"),
        ("is_infrastructure", True, "Yes"),
        ("location", {"lat": -3.1, "lon": -60.02}, "-3.10000, -60.02000"),
        ("visibility", {"finance": "matched"}, "Finance: Matched parties"),
        ("secured", [{"key": "a", "source": "City", "amount": "5.00"}], "City, COP\u00a05"),
        ("title", {"pt": "Parque"}, "Parque"),
        ("capex", None, ""),
        ("wanted_funders", ["bank-of-rivers", "other"], "Bank of Rivers, other"),
    ],
)
def test_say_speaks_as_readers_write(name, value, said):
    assert words.say(PITCH.by_name[name], value, "COP", {"bank-of-rivers": "Bank of Rivers"}) == said


def test_say_writes_numbers_in_the_readers_notation():
    with speaking("pt"):
        assert words.say(PITCH.by_name["capex"], "1250000.50", "BRL") == "BRL\u00a01.250.000,5"


def test_say_names_the_border_rule():
    value = {"kind": "border", "border": "mexico_us_border", "north_km": 100.0, "south_km": 300.0}

    assert words.say(MANDATE.by_name["area"], value).startswith("100 km north and 300 km south")


def test_rows_name_every_column():
    rows = words.rows(PITCH.by_name["risks"], [{"key": "a", "type": "legal"}])

    assert rows == [[("Kind of risk", "Legal"), ("Level", ""), ("What is done about it", "")]]
