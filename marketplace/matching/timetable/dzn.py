"""The syntax of MiniZinc data files (.dzn): `name = value;` with integers, sets and arrays, no expressions.

A refusal names the field and the line. Sizes and depth are limited, so a hostile file costs no more than its length.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from marketplace.matching.errors import ProblemError

MAX_DIGITS = 9
MAX_DEPTH = 8
MAX_RANGE = 100_000

_TOKEN = re.compile(r"(?:%[^\n]*|/\*.*?\*/|\s)+|\.\.|\[\||\|\]|-?[0-9]+|[A-Za-z_]\w*|\"[^\"\n]*\"|.", re.DOTALL)
_SPACE = re.compile(r"%|/\*|\s")
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"-?[0-9]+")
_ARRAY = re.compile(r"array([1-6])d")


class DataFileError(ProblemError):
    """A data file that is not a valid problem; `index` counts from 1, as MiniZinc does."""


@dataclass(frozen=True)
class Table:
    """A two-dimensional array by rows, from `[| 1, 2 | 3, 4 |]` or `array2d(rows, columns, [...])`."""

    rows: list[Value]


Value = int | bool | list["Value"] | frozenset[int] | Table


def read_fields(text: str) -> dict[str, Value]:
    """All fields of a data file by name. Refuses (DataFileError) what is not `name = value;`, or is given twice."""
    return _Parser(text).fields()


class _Parser:
    """A recursive descent over the tokens of one file."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        self.lines: list[int] = []
        self.position = 0
        self.field = ""
        line = 1
        for match in _TOKEN.finditer(text):
            token = match[0]
            if not _SPACE.match(token):
                self.tokens.append(token)
                self.lines.append(line)
            line += token.count("\n")
        self.tokens.append("")
        self.lines.append(line)

    def fields(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while self.peek():
            self.field = ""
            name = self.take()
            if not _NAME.fullmatch(name):
                self.refuse("the name of a field", name)
            self.field = name
            if name in found:
                raise DataFileError(name, None, "one value only", f"a second one in line {self.line()}")
            self.expect("=")
            found[name] = self.value(0)
            if self.peek():
                self.expect(";")
        return found

    def value(self, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self.refuse(f"at most {MAX_DEPTH} levels of brackets", self.peek())
        symbol = self.take()
        if symbol == "[":
            return self.items("]", depth)
        if symbol == "[|":
            return self.table(depth)
        if symbol == "{":
            return frozenset(self.integers(self.items("}", depth)))
        if symbol in ("true", "false"):
            return symbol == "true"
        if _ARRAY.fullmatch(symbol):
            return self.shaped(int(symbol[5]), depth)
        if not _NUMBER.fullmatch(symbol):
            self.refuse("a number, a set or an array", symbol)
        number = self.number(symbol)
        if self.peek() != "..":
            return number
        self.take()
        return self.span(number, self.number(self.take()))

    def items(self, closing: str, depth: int) -> list[Value]:
        values: list[Value] = []
        while self.peek() != closing:
            values.append(self.value(depth + 1))
            if self.peek() != closing:
                self.expect(",")
        self.take()
        return values

    def table(self, depth: int) -> Table:
        rows: list[Value] = []
        row: list[Value] = []
        while True:
            symbol = self.peek()
            if symbol in ("|", "|]"):
                self.take()
                if row or symbol == "|":
                    rows.append(row)
                    row = []
                if symbol == "|]":
                    return Table(rows)
            else:
                row.append(self.value(depth + 1))
                if self.peek() not in ("|", "|]"):
                    self.expect(",")

    def shaped(self, dimensions: int, depth: int) -> Value:
        """`arrayNd(index sets, array)`: only the shape is kept, whatever the indices are called."""
        self.expect("(")
        sizes = []
        for _ in range(dimensions):
            indices = self.value(depth + 1)
            if not isinstance(indices, frozenset):
                self.refuse(f"{dimensions} index sets for array{dimensions}d", "something else")
            sizes.append(len(indices))
            self.expect(",")
        values = self.value(depth + 1)
        self.expect(")")
        if dimensions > 2 or not isinstance(values, list) or len(values) != math.prod(sizes):
            self.refuse("one or two dimensions, and as many values as they say", "others")
        if dimensions == 1:
            return values
        return Table([values[row * sizes[1] : (row + 1) * sizes[1]] for row in range(sizes[0])])

    def integers(self, values: list[Value]) -> list[int]:
        numbers: list[int] = []
        for value in values:
            if isinstance(value, frozenset):
                numbers.extend(value)
            elif isinstance(value, int) and not isinstance(value, bool):
                numbers.append(value)
            else:
                self.refuse("only integers in a set", "others")
        return numbers

    def span(self, first: int, last: int) -> frozenset[int]:
        if last - first >= MAX_RANGE:
            self.refuse(f"a range of at most {MAX_RANGE} numbers", f"{first}..{last}")
        return frozenset(range(first, last + 1))

    def number(self, token: str) -> int:
        if not _NUMBER.fullmatch(token):
            self.refuse("a number", token)
        if len(token.lstrip("-")) > MAX_DIGITS:
            self.refuse(f"a number of at most {MAX_DIGITS} digits", token)
        return int(token)

    def peek(self) -> str:
        return self.tokens[self.position]

    def take(self) -> str:
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def expect(self, wanted: str) -> None:
        token = self.take()
        if token != wanted:
            self.refuse(f"'{wanted}'", token)

    def line(self) -> int:
        return self.lines[max(self.position - 1, 0)]

    def refuse(self, wanted: str, token: str) -> NoReturn:
        shown = token[:40] if token else "the end of the file"
        raise DataFileError(self.field or "the file", None, f"{wanted} in line {self.line()}", shown)
