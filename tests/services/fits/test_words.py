"""Every code says something, with exactly its parameters, in whole sentences."""

import re

import pytest

from marketplace import i18n
from marketplace.compatibility import (
    COUNTERPARTY_FIELDS,
    PARAMETERS,
    PROJECT_FIELDS,
    Code,
    Message,
    Rule,
    Term,
    explain_funder,
    explain_vendor,
)
from marketplace.services.fits import disclosure, sentences, words
from tests.compatibility.random_profiles import Maker

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("code", Code)
def test_sentence_has_exactly_the_parameters_of_its_code(code):
    sentence = sentences.SENTENCES[code]
    texts = [text for text in (sentence.text, *sentence.tails.values()) if text is not None]

    said = {name for text in texts for name in PLACEHOLDER.findall(str(text))}
    parameters = {part for name in said for part in sentences.COMPOUNDS.get(name, (name,))}

    assert parameters | sentence.unsaid | set(sentence.tails) == set(PARAMETERS[code])


def test_everything_a_side_may_be_silent_about_has_words_and_blocks():
    assert set(sentences.PROJECT_FIELDS) == PROJECT_FIELDS
    assert set(sentences.COUNTERPARTY_FIELDS) == COUNTERPARTY_FIELDS
    assert set(disclosure._PROJECT_BLOCKS) >= PROJECT_FIELDS
    assert set(disclosure.TELLS) == set(Code)


def test_rules_and_terms_have_titles():
    assert set(sentences.RULES) == set(Rule)
    assert set(sentences.TERMS) == set(Term)


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_everything_the_model_says_of_random_pairs_can_be_said(language):
    maker = Maker(7)
    explanations = [explain_funder(maker.project(), maker.mandate()) for _ in range(150)]
    explanations += [explain_vendor(maker.project(), maker.solution()) for _ in range(150)]
    heard = set()

    with i18n.speaking(language):
        for found in explanations:
            messages = [message for finding in found.findings for message in finding.messages]
            messages += [line.message for line in (*found.lines, *found.preference_lines)]
            for message in messages:
                said = words.say(message)
                heard.add(message.code)

                assert said
                assert "%(" not in said
                assert "None" not in said

    assert len(heard) > 70


def test_ticket_is_said_as_a_mayor_would():
    message = Message(Code.TICKET_INSIDE, {"amount_usd": 12e6, "minimum_usd": 5e6, "maximum_usd": 50e6, "basis": "ask"})

    said = words.say(message).replace("\u00a0", " ")

    assert said == "The project asks for USD 12 million; this funder gives USD 5 million to USD 50 million."


def test_open_end_of_a_ticket_is_said_as_such():
    message = Message(
        Code.TICKET_ABOVE,
        {"amount_usd": 80e6, "minimum_usd": None, "maximum_usd": 50e6, "basis": "total_cost", "share": 0.625},
    )

    said = words.say(message).replace("\u00a0", " ")

    assert said == (
        "The project costs USD 80 million in all; this funder takes projects of at most USD 50 million. "
        "That is too much for this funder."
    )


def test_lists_are_said_in_words_and_small_letters():
    message = Message(Code.INSTRUMENTS_OFFERED, {"offered": ("conc_loan", "ppp"), "missing": ()})

    assert words.say(message) == "This funder offers what the project seeks: concessional loan and PPP."


def test_percentages_keep_the_decimal_they_have():
    message = Message(Code.COFINANCE_BELOW_MINIMUM, {"offered_pct": 12.5, "minimum_pct": 20.0})

    assert words.say(message) == "The city pays 12.5% itself, and this funder asks for at least 20%."


def test_silences_of_one_side_are_one_sentence():
    assert words.silence(Code.PROJECT_SILENT, ["currency", "stage", "currency"]) == (
        "Not stated in the project: Currency; Stage"
    )
