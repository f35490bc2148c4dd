"""Breaking a text into lines and shortening it by the widths of the type, before anything is drawn."""

import re
from collections.abc import Callable, Mapping

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_UNKNOWN = 0.6
"""How wide a sign is taken for that the type has not, as a share of its size."""


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """Return as many whole sentences of the text as fit; where not even one does, as many words, and `…`."""
    if fits(text):
        return text
    kept = _most(_SENTENCE.split(text), " ", "", fits)
    return kept or _most(text.split(), " ", "\u00a0…", fits)


def _most(parts: list[str], glue: str, end: str, fits: Callable[[str], bool]) -> str:
    low, high = 0, len(parts)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(glue.join(parts[:middle]) + end) else (low, middle - 1)
    return glue.join(parts[:low]) + end if low else ""


def wrapped(text: str, width: float, advances: Mapping[int, float]) -> list[str]:
    """Break a text into lines; a word that is wider than a line is broken too.

    `width` is that of a line as a multiple of the type's size, `advances` how wide each sign is as a share of it.
    """
    space, found, line, used = advances[ord(" ")], [], "", 0.0
    for word in text.split(" "):
        long = _width(word, advances)
        if line and used + space + long <= width:
            line, used = f"{line} {word}", used + space + long
            continue
        if line:
            found.append(line)
        while long > width and len(word) > 1:
            cut = _cut(word, width, advances)
            found.append(word[:cut])
            word = word[cut:]
            long = _width(word, advances)
        line, used = word, long
    return [*found, line] if line else found


def _width(text: str, advances: Mapping[int, float]) -> float:
    return sum(advances.get(ord(sign), _UNKNOWN) for sign in text)


def _cut(word: str, width: float, advances: Mapping[int, float]) -> int:
    """Return how many signs of a word fit; at least one."""
    used = 0.0
    for place, sign in enumerate(word):
        used += advances.get(ord(sign), _UNKNOWN)
        if used > width:
            return max(1, place)
    return len(word)
