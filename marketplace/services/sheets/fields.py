"""What a field of a sheet can be, and where it stands: in which step, which block, and when it must be answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketplace.i18n import LazyText
from marketplace.models import Block

Content = Mapping[str, Any]
"""The answers of a sheet by name of the field; a name that is missing was not answered."""


class Kind(StrEnum):
    """What an answer is, and how it stands in `Content`."""

    LINE = "line"
    """One line of text: str."""
    TEXTS = "texts"
    """A text per language: dict of language code and str, without empty ones."""
    EMAIL = "email"
    """An address: str."""
    PHONE = "phone"
    """A telephone number in E.164: str."""
    URL = "url"
    """A web address: str."""
    CHOICE = "choice"
    """One code of `choices`: str."""
    CHOICES = "choices"
    """Codes of `choices` without order: list of str, in the order of the vocabulary."""
    RANKED = "ranked"
    """Codes of `choices`, the first choice first: list of str."""
    CHECK = "check"
    """Agreed or not: True (False is kept as no answer)."""
    WHOLE = "whole"
    """A whole number: int."""
    NUMBER = "number"
    """A number with a fraction: str in plain decimal notation."""
    MONEY = "money"
    """An amount in the sheet's currency: str with two decimals."""
    DATE = "date"
    """A day: ISO 8601 str."""
    POINT = "point"
    """A place (WGS84): {"lat": float, "lon": float}."""
    AREA = "area"
    """Where a funder works: see `mandate`."""
    COUNTRY = "country"
    """A country: ISO 3166-1 alpha-2 str."""
    COUNTRIES = "countries"
    """Countries: list of ISO 3166-1 alpha-2 str."""
    GRID = "grid"
    """A code of `choices` for each of `rows_of`: dict of code and code."""
    ROWS = "rows"
    """A table of `columns`: list of dicts, each with a "key" of its own that stays when rows move."""
    FILES = "files"
    """Uploaded files of `file_kind`: list of their uids."""
    ORGANISATIONS = "organisations"
    """Organisations: list of their slugs."""


class Required(StrEnum):
    """When a field must be answered."""

    NO = "no"
    SUBMIT = "submit"
    PUBLISH = "publish"


def always(_: Content) -> bool:
    """The condition of a field that always applies."""
    return True


@dataclass(frozen=True)
class Field:
    """One field. Numbers lie between `low` and `high`; texts have `shortest` to `longest` characters; lists `least`
    to `most` entries. `applies` tells whether the field is asked at all, `required_when` narrows `required`."""

    name: str
    kind: Kind
    label: LazyText
    hint: LazyText | None = None
    block: Block = Block.BASICS
    required: Required = Required.NO
    required_when: Callable[[Content], bool] = always
    applies: Callable[[Content], bool] = always
    choices: type[StrEnum] | None = None
    rows_of: tuple[StrEnum, ...] = ()
    columns: tuple["Field", ...] = ()
    file_kind: str = ""
    low: Decimal | int | None = None
    high: Decimal | int | None = None
    shortest: int = 0
    longest: int = 300
    least: int = 0
    most: int = 50
    unit: LazyText | None = None
    decides_fit: bool = False


@dataclass(frozen=True)
class Step:
    """One page of a sheet."""

    name: str
    title: LazyText
    intro: LazyText
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Sheet:
    """A declared record of many fields in steps. `version` rises when the meaning of a stored answer changes."""

    name: str
    version: int
    steps: tuple[Step, ...]
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)
    step_of: dict[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {one.name: one for step in self.steps for one in step.fields}
        if len(by_name) != sum(len(step.fields) for step in self.steps):
            raise ValueError(f"a field stands twice in sheet {self.name}")
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "step_of", {one.name: step for step in self.steps for one in step.fields})

    def step(self, name: str) -> Step:
        """Return a step by name; KeyError for an unknown one."""
        return next((step for step in self.steps if step.name == name), None) or self._unknown(name)

    @staticmethod
    def _unknown(name: str) -> Step:
        raise KeyError(name)
