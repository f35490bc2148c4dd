"""Which passwords are among the first that anybody would guess: common words, patterns, and words about the person.

The list is our own and short: it holds what passwords are made from, and the rules undo the usual disguises.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from marketplace.services.search import fold

_WORDS = frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())

_ZIGZAGS = {"1q2w3e4r", "1q2w3e4r5t", "1q2w3e4r5t6y", "q1w2e3r4", "q1w2e3r4t5", "zaq12wsx", "zaq1xsw2", "1qaz2wsx3edc"}
_DISGUISES = str.maketrans("0134578@$!€|+", "oieastbasieit")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
_DATE = re.compile(r"((19|20)\d\d)?[0-3]?\d[-./]?[0-3]?\d[-./]?((19|20)\d\d)?")


def is_common(password: str, about: Iterable[str] = ()) -> bool:
    """Tell whether a password is a pattern, one or two common words with trimmings, or made of words `about` its owner.

    `about` holds texts such as name and e-mail address. Figures and signs added at the ends of a word, and signs in the
    place of letters they look like, change nothing.
    """
    text = fold(password).replace(" ", "")
    words = _WORDS | {word for one in about for word in re.split(r"[^a-z]+", fold(one)) if len(word) > 2}
    words |= {"".join(re.findall("[a-z]+", fold(one))) for one in about}
    return _is_pattern(text) or any(_is_built_from(bare, words) for bare in _undisguised(text))


def _undisguised(text: str) -> set[str]:
    """Return what may be behind the disguise: figures taken as trimmings, or as the letters they look like."""
    trimmed = re.sub(r"^[^a-z]+|[^a-z]+$", "", text)
    plain = {trimmed, trimmed.translate(_DISGUISES), re.sub(r"[^a-z@$!]+$", "", text).translate(_DISGUISES)}
    return {re.sub("[^a-z]", "", each) for each in plain}


def _is_built_from(bare: str, words: frozenset[str] | set[str]) -> bool:
    if bare in words or bare == "":
        return bare != ""
    unit = _repeated_unit(bare)
    return unit in words or any(bare[:cut] in words and bare[cut:] in words for cut in range(3, len(bare) - 2))


def _is_pattern(text: str) -> bool:
    if text in _ZIGZAGS or len(set(text)) <= 2 or len(_repeated_unit(text)) <= 4:
        return True
    if _DATE.fullmatch(text):
        return True
    # Long runs along the alphabet, the figures or the keyboard leave little to guess.
    return len(_without_runs(text)) <= 3


def _repeated_unit(text: str) -> str:
    return next((text[:size] for size in range(1, len(text) + 1) if text[:size] * (len(text) // size) == text), text)


def _without_runs(text: str) -> str:
    """Return the text with each run of four or more neighbouring keys taken out."""
    rest, at = [], 0
    while at < len(text):
        length = max((_run(text[at:], row) for row in (*_ROWS, *(row[::-1] for row in _ROWS))), default=0)
        if length >= 4:
            at += length
        else:
            rest.append(text[at])
            at += 1
    return "".join(rest)


def _run(text: str, row: str) -> int:
    start = row.find(text[0])
    length = 0
    while start >= 0 and length < len(text) and start + length < len(row) and text[length] == row[start + length]:
        length += 1
    return length
