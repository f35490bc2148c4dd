"""Random answers to sheets, as they are stored."""

from decimal import Decimal

from hypothesis import strategies as st

from marketplace.services.sheets.fields import Field, Kind, Sheet, Step
from marketplace.services.sheets.limits import LARGEST_AMOUNT
from marketplace.services.sheets.values import LONG_TEXT

_LETTERS = st.sampled_from("aãçéñüXZ09.,;-()€₂¿ ")
_CODES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)
_KM = st.integers(0, 20_000_000).map(lambda metres: metres / 1000)


def _line(longest: int) -> st.SearchStrategy[str]:
    return st.text(_LETTERS, max_size=min(longest, 40)).map(lambda text: " ".join(text.split())).filter(bool)


def _paragraphs() -> st.SearchStrategy[str]:
    return st.lists(_line(40), min_size=1, max_size=3).map("\n".join)


def _decimal(places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(-LARGEST_AMOUNT, LARGEST_AMOUNT, places=places, allow_nan=False, allow_infinity=False)


def _plain(number: Decimal) -> str:
    return format(number.normalize() if number else Decimal(0), "f")


def _degrees(bound: int) -> st.SearchStrategy[float]:
    return st.integers(-bound * 10**6, bound * 10**6).map(lambda millionths: round(millionths / 10**6, 6))


def _point() -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({"lat": _degrees(90), "lon": _degrees(180)})


def _codes(field: Field) -> list[str]:
    return [member.value for member in field.choices or ()]


def _subset(field: Field) -> st.SearchStrategy[list[str]]:
    every = _codes(field)
    return st.sets(st.sampled_from(every), min_size=1).map(lambda some: [code for code in every if code in some])


def _rows(field: Field) -> st.SearchStrategy[list[dict]]:
    cells = st.fixed_dictionaries({}, optional={column.name: answer(column) for column in field.columns})
    return st.lists(cells.filter(bool), min_size=1, max_size=3).map(
        lambda rows: [{"key": f"k{place}", **row} for place, row in enumerate(rows)]
    )


def answer(field: Field) -> st.SearchStrategy:
    """Return answers to one field."""
    text = _paragraphs() if field.longest > LONG_TEXT else _line(field.longest)
    by_kind = {
        Kind.LINE: lambda: _line(field.longest),
        Kind.TEXTS: lambda: st.dictionaries(st.sampled_from(["en", "es", "pt"]), text, min_size=1),
        Kind.EMAIL: lambda: st.just("ana@example.org"),
        Kind.PHONE: lambda: st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True).filter(str.isascii),
        Kind.URL: lambda: st.just("https://example.org/a?b=c"),
        Kind.CHOICE: lambda: st.sampled_from(_codes(field)),
        Kind.CHOICES: lambda: _subset(field),
        Kind.RANKED: lambda: st.lists(st.sampled_from(_codes(field)), min_size=1, unique=True),
        Kind.CHECK: lambda: st.just(True),
        Kind.WHOLE: lambda: st.integers(-(10**12), 10**12),
        Kind.NUMBER: lambda: _decimal(6).map(_plain),
        Kind.MONEY: lambda: _decimal(2).map(lambda number: f"{number + 0:.2f}".replace("-0.00", "0.00")),
        Kind.DATE: lambda: st.dates().map(str),
        Kind.POINT: _point,
        Kind.AREA: lambda: st.one_of(
            st.builds(lambda point, km: {"kind": "circle", **point, "km": km}, _point(), _KM),
            st.builds(
                lambda north, south: {
                    "kind": "border",
                    "border": "mexico_us_border",
                    "north_km": north,
                    "south_km": south,
                },
                _KM,
                _KM,
            ),
        ),
        Kind.COUNTRY: lambda: st.sampled_from(["BR", "MX", "CO", "US"]),
        Kind.COUNTRIES: lambda: st.sets(st.sampled_from(["BR", "MX", "CO", "US"]), min_size=1).map(sorted),
        Kind.GRID: lambda: st.dictionaries(
            st.sampled_from([row.value for row in field.rows_of]), st.sampled_from(_codes(field)), min_size=1
        ),
        Kind.ROWS: lambda: _rows(field),
        Kind.FILES: lambda: st.lists(_CODES, min_size=1, unique=True, max_size=4),
        Kind.ORGANISATIONS: lambda: st.lists(_CODES, min_size=1, unique=True, max_size=4),
    }
    return by_kind[field.kind]()


def step_content(step: Step) -> st.SearchStrategy[dict]:
    """Return answers to some fields of a step."""
    return st.fixed_dictionaries({}, optional={field.name: answer(field) for field in step.fields})


def content(sheet: Sheet) -> st.SearchStrategy[dict]:
    """Return answers to some fields of a sheet."""
    return st.fixed_dictionaries({}, optional={name: answer(field) for name, field in sheet.by_name.items()})
