"""Lines: no wider than there is room, nothing lost, and texts that end with a sentence."""

from hypothesis import given
from hypothesis import strategies as some

from marketplace.gateways import line_breaks

EVEN = dict.fromkeys(range(32, 383), 1.0)


def test_text_is_shortened_at_the_end_of_a_sentence_or_of_a_word():
    text = "One two three. Four five six! Seven eight nine?"

    def up_to(most):
        return line_breaks.shortened(text, lambda part: len(part) <= most)

    assert up_to(99) == text
    assert up_to(46) == "One two three. Four five six!"
    assert up_to(20) == "One two three."
    assert up_to(10) == "One two\u00a0…"
    assert up_to(1) == ""


def test_lines_are_broken_between_words_and_long_words_within():
    assert line_breaks.wrapped("one two three", 7, EVEN) == ["one two", "three"]
    assert line_breaks.wrapped("abcdefghij kl", 4, EVEN) == ["abcd", "efgh", "ij", "kl"]
    assert line_breaks.wrapped("", 4, EVEN) == []


@given(some.lists(some.text("abcdefgh", min_size=1, max_size=30), max_size=30), some.integers(1, 20))
def test_no_line_is_too_wide_and_no_sign_is_lost(words, width):
    lines = line_breaks.wrapped(" ".join(words), width, EVEN)

    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(words)
