"""Differences between two states of a sheet."""

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.services.sheets import changes, values
from marketplace.services.sheets.pitch import PITCH
from tests.services.sheets import strategies

TEXTS = st.text("ab ,.\né", max_size=40)


@given(content=strategies.content(PITCH))
@settings(max_examples=40, deadline=None)
def test_difference_is_empty_for_equal_contents(content):
    assert changes.difference(PITCH, content, dict(content)) == []


@given(before=strategies.content(PITCH), after=strategies.content(PITCH))
@settings(max_examples=40, deadline=None)
def test_difference_leads_from_one_content_to_the_other_and_back(before, after):
    found = changes.difference(PITCH, before, after)

    assert values.merge(before, {change.field: change.after for change in found}) == after
    assert values.merge(after, {change.field: change.before for change in found}) == before


@given(before=TEXTS, after=TEXTS)
def test_words_hold_both_texts(before, after):
    pieces = changes.words(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != "new") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == after


def test_words_mark_what_changed_and_nothing_else():
    pieces = changes.words("A park of 30 ha in the north.", "A park of 39 ha in the north.")

    assert [(piece.kind, piece.text) for piece in pieces if piece.kind != "same"] == [("gone", "30"), ("new", "39")]


def test_words_of_very_long_texts_are_shown_whole():
    before, after = "word " * 4000, "other " * 4000

    assert [piece.kind for piece in changes.words(before, after)] == ["gone", "new"]


def test_texts_tell_the_languages_that_differ():
    found = changes.texts(PITCH.by_name["title"], {"en": "Park", "es": "Parque"}, {"en": "A park", "es": "Parque"})

    assert list(found) == ["en"]
    assert list(changes.texts(PITCH.by_name["title"], None, {"pt": "Parque"})) == ["pt"]


def test_rows_are_the_same_by_their_key_wherever_they_stand():
    before = [{"key": "a", "type": "legal"}, {"key": "b", "type": "social"}, {"key": "c", "type": "currency"}]
    after = [{"key": "c", "type": "currency"}, {"key": "a", "type": "political"}, {"key": "d", "type": "technical"}]

    found = changes.rows(before, after)

    assert [(row.before or {}).get("key", "") + ">" + (row.after or {}).get("key", "") for row in found] == [
        "a>a",
        ">d",
        "b>",
    ]
