"""Search without regard to accents and case, alike on both databases."""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute


def fold(*texts: str | None) -> str:
    """Return the texts in one line without accents and case: what is stored to be searched, and searched for."""
    joined = " ".join(text for text in texts if text)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", joined) if not unicodedata.combining(sign))
    return " ".join(bare.casefold().split())


def fits(query: str, *folded: str) -> bool:
    """Tell whether every word of the query occurs in one of the folded texts."""
    return all(any(word in text for text in folded) for word in fold(query).split())


def matches(column: InstrumentedAttribute[str], query: str) -> ColumnElement[Any]:
    """Return the condition that every word of the query occurs in the folded column."""
    words = fold(query[:200]).split()[:8]
    return and_(True, *(column.contains(word, autoescape=True) for word in words))
