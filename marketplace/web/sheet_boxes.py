"""What the page of one step of a sheet shows: for each field its words, its answer, and what is to be said about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.i18n import LANGUAGES, LazyText, format_magnitude, gettext
from marketplace.models.base import new_uid
from marketplace.services import labels, places
from marketplace.services.sheets import values, words
from marketplace.services.sheets.fields import Content, Field, Kind, Required, Step
from marketplace.services.sheets.limits import NUMBERS

Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Standing:
    """An answer that somebody else saved meanwhile, as it is said, and by whom and when.

    It is `rival` where the reader changed the same; else it only waits to be shown in the page.
    """

    said: str
    by: str
    at: datetime | None
    is_rival: bool = True


@dataclass(frozen=True)
class Row:
    """One row of a table: the number its boxes are named by, its lasting key, and its cells."""

    number: str
    key: str
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class Box:
    """One field in a page. `value` is what its boxes show, `mark` tells when it must be answered: '' at submission.

    `usual` says what holds for a row of a grid where nothing is chosen, `meanings` what its choices mean, in code and
    words.
    """

    field: Field
    value: Any
    errors: Mapping[str, Any]
    is_asked: bool
    mark: str
    standing: Standing | None = None
    options: Choices = ()
    understood: Mapping[str, str] = made(default_factory=dict)
    gaps: Sequence[str] = ()
    files: Sequence[Any] = ()
    usual: Mapping[str, Any] = made(default_factory=dict)
    meanings: Mapping[str, Choices] = made(default_factory=dict)
    has_blank: bool = False

    @property
    def name(self) -> str:
        """The name of the field."""
        return self.field.name

    @property
    def error(self) -> Any:
        """What is wrong with the answer as a whole."""
        return self.errors.get(self.name, "")

    @property
    def rows(self) -> list[Row]:
        """The rows of a table as the page numbers them, with an empty one where one is wanted."""
        found = [Row(str(place), row.get("key") or new_uid(), row) for place, row in enumerate(self.value or ())]
        if self.has_blank:
            found.append(Row(str(len(found)), new_uid(), {}))
        return found

    @staticmethod
    def options_of(column: Field) -> Choices:
        """Return what can be chosen in a column of a table."""
        return options(column, {})

    @property
    def is_long(self) -> bool:
        """Whether the text has paragraphs."""
        return self.field.longest > values.LONG_TEXT

    @property
    def first(self) -> str:
        """The id of the box an error of the field as a whole leads to."""
        return first_box(self.field)


@dataclass(frozen=True)
class Told:
    """What there is to say about the answers of a page, besides the answers themselves."""

    raw: Mapping[str, Any] = made(default_factory=dict)
    errors: Mapping[str, LazyText] = made(default_factory=dict)
    standing: Mapping[str, Standing] = made(default_factory=dict)
    blank: str = ""
    options: Mapping[str, Choices] = made(default_factory=dict)
    files: Mapping[str, Any] = made(default_factory=dict)
    usual: Mapping[str, Mapping[str, Any]] = made(default_factory=dict)
    meanings: Mapping[str, Mapping[str, Choices]] = made(default_factory=dict)
    currency: str | None = None
    per_usd: Decimal | None = None
    is_refused: bool = False


def boxes(step: Step, content: Content, told: Told) -> list[Box]:
    """Return the fields of a step as the page shows them.

    What could not be stored (errors, rivals, everything of a form that was refused as a whole) is shown as it was
    typed, everything else as it is stored.
    """
    wrong = {path.partition(".")[0] for path in told.errors}
    found = []
    for one in step.fields:
        is_typed = one.name in told.raw and (
            told.is_refused or one.name in wrong or (one.name in told.standing and told.standing[one.name].is_rival)
        )
        value = told.raw[one.name] if is_typed else values.write(one, content.get(one.name))
        found.append(_box(one, value, content, told))
    return found


def _box(one: Field, value: Any, content: Content, told: Told) -> Box:
    errors = {
        path: message for path, message in told.errors.items() if path == one.name or path.startswith(f"{one.name}.")
    }
    is_blank = one.kind is Kind.ROWS and (told.blank == one.name or not value)
    return Box(
        field=one,
        value=value,
        errors=errors,
        is_asked=one.applies(content),
        mark=mark(one, content),
        standing=told.standing.get(one.name),
        options=options(one, told.options, value),
        understood=understood(one, content.get(one.name), told.currency, told.per_usd),
        gaps=gaps(one, value),
        usual=told.usual.get(one.name, {}),
        meanings=told.meanings.get(one.name, {}),
        files=[told.files[uid] for uid in content.get(one.name) or () if uid in told.files]
        if one.kind is Kind.FILES
        else (),
        has_blank=is_blank,
    )


def mark(one: Field, content: Content) -> str:
    """Return when a field must be answered: '' to submit, `publish`, or `optional`."""
    if one.required is Required.NO or not one.required_when(content):
        return "optional"
    return "publish" if one.required is Required.PUBLISH else ""


def options(one: Field, offered: Mapping[str, Choices], value: Any = ()) -> Choices:
    """Return what can be chosen: the vocabulary, the countries, or what the page offers for this field."""
    if one.name in offered:
        known = {code for code, _ in offered[one.name]}
        further = [(code, code) for code in value or () if isinstance(code, str) and code not in known]
        return [*offered[one.name], *further]
    if one.choices is not None:
        return labels.choices(one.choices)
    if one.kind in {Kind.COUNTRY, Kind.COUNTRIES}:
        return places.country_choices()
    return ()


def gaps(one: Field, value: Any) -> list[str]:
    """Return the languages a text lacks that is written in another."""
    if one.kind is not Kind.TEXTS or not isinstance(value, Mapping) or not any(value.values()):
        return []
    return [code for code in LANGUAGES if not value.get(code)]


def understood(one: Field, value: Any, currency: str | None, per_usd: Decimal | None) -> dict[str, str]:
    """Return how large numbers were understood, by path: in words, and amounts in US dollars beside it."""
    if value is None:
        return {}
    if one.kind is Kind.ROWS:
        return {
            f"{one.name}.{place}.{column.name}": text
            for place, row in enumerate(value)
            for column in one.columns
            if (text := _magnitude(column, row.get(column.name), currency, per_usd))
        }
    text = _magnitude(one, value, currency, per_usd)
    return {one.name: text} if text else {}


def _magnitude(one: Field, value: Any, currency: str | None, per_usd: Decimal | None) -> str:
    if one.kind not in NUMBERS or value is None or values.is_year(one):
        return ""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return ""
    if one.kind is not Kind.MONEY:
        return format_magnitude(number) if abs(number) >= 1_000_000 else ""
    said = f"{format_magnitude(number)} {currency}" if currency else format_magnitude(number)
    if currency in (None, "USD") or per_usd is None or per_usd <= 0:
        return said
    return gettext("%(amount)s, about %(dollars)s US dollars", amount=said, dollars=format_magnitude(number / per_usd))


def first_box(one: Field) -> str:
    """Return the id of the first box of a field."""
    if one.kind is Kind.TEXTS:
        return f"{one.name}.{next(iter(LANGUAGES))}"
    if one.kind is Kind.RANKED:
        return f"{one.name}.0"
    if one.kind is Kind.GRID:
        return f"{one.name}.{one.rows_of[0].value}"
    if one.kind is Kind.POINT:
        return f"{one.name}.lat"
    if one.kind is Kind.AREA:
        return f"{one.name}.kind"
    if one.kind in {Kind.ROWS, Kind.FILES, Kind.CHOICES, Kind.COUNTRIES, Kind.ORGANISATIONS}:
        return f"{one.name}-box"
    return one.name


def anchor(fields: Mapping[str, Field], path: str) -> str:
    """Return the id of the box that a problem's path leads to."""
    one = fields[path.partition(".")[0]]
    return path if path != one.name else first_box(one)


def say_standing(one: Field, value: Any, currency: str | None, names: Mapping[str, str] | None = None) -> str:
    """Say an answer that stands against another, in every language it is written in."""
    if one.kind is Kind.TEXTS and value:
        return "\n\n".join(f"{LANGUAGES.get(code, code)}: {text}" for code, text in value.items())
    return words.say(one, value, currency, names) or gettext("nothing")
