"""The passport of a project: what its reader may read, as codes and numbers, in a form other platforms can take.

The schema (JSON Schema 2020-12) is made from the sheet, so that the two cannot differ. Fields of a block that is not
open to the reader are missing; `closed` names those blocks and who may read them.
"""

from collections.abc import Set
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketplace import config
from marketplace.i18n import speaking
from marketplace.models import Block, Visibility
from marketplace.services.projects.leaf import BLOCKS, Leaf, city_name
from marketplace.services.sheets.fields import Field, Kind
from marketplace.services.sheets.pitch import PITCH

VERSION = 1
LICENCE = (
    "For evaluating this project. Parts that are not public may not be passed on without the city's consent; "
    "figures are the city's own statements."
)

_OPEN = (Block.BASICS, *BLOCKS)
_MONEY = r"^-?[0-9]+\.[0-9]{2}$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


def schema_address() -> str:
    """Return the address every passport names as its schema."""
    return f"{config.current().public_url}/schemas/passport-{VERSION}.json"


def make(leaf: Leaf) -> dict[str, Any]:
    """Return the passport of a project as this reader may read it; `None` stands for nothing and is left out."""
    version, city = leaf.version, leaf.city
    found: dict[str, Any] = _filled(
        {
            "$schema": schema_address(),
            "passport_version": VERSION,
            "sheet_version": PITCH.version,
            "uid": leaf.project.uid,
            "slug": leaf.slug,
            "url": leaf.address,
            "is_illustrative": leaf.project.is_illustrative,
            "licence": LICENCE,
            "version": {"uid": version.uid, "number": version.number, "submitted_at": version.submitted_at.isoformat()},
            "published_at": leaf.project.listing.published_at.isoformat() if leaf.project.listing else None,
            "city": {
                "slug": city.slug,
                "name": city_name(city),
                "names": city.names or None,
                "country": city.country or None,
                "pair": {"slug": leaf.partner.slug, "name": city_name(leaf.partner)} if leaf.partner else None,
            },
            "closed": {block.value: needed.value for block, needed in leaf.hidden},
            "exchange_rate": _rate(leaf),
            "figures": _figures(leaf) or None,
            "answers": {
                block.value: {field.name: _value(leaf, field, value) for field, value in leaf.answers(block)}
                for block in _OPEN
                if leaf.answers(block)
            },
            "files": [
                {
                    "uid": file.uid,
                    "kind": file.kind.value,
                    "name": file.name,
                    "media_type": file.media_type,
                    "size": file.size,
                    "sha256": file.sha256,
                    "alt": file.alt or None,
                    "url": f"{leaf.address}/files/{file.uid}",
                }
                for file in sorted(leaf.files.values(), key=lambda file: file.id)
            ],
        }
    )
    return found


def _filled(value: Any) -> Any:
    """Return the value without members that say nothing, at every depth."""
    if isinstance(value, dict):
        return {name: _filled(one) for name, one in value.items() if one is not None}
    return [_filled(one) for one in value] if isinstance(value, list) else value


def _rate(leaf: Leaf) -> dict[str, str] | None:
    if leaf.amount("capex") is None and leaf.rate is None:
        return None
    if leaf.rate is None:
        return {"currency": leaf.version.currency, "per_usd": "1", "on": leaf.version.usd_rate_on.isoformat()}
    per_usd, on = leaf.rate
    return {"currency": leaf.version.currency, "per_usd": format(per_usd, "f"), "on": on.isoformat()}


def _figures(leaf: Leaf) -> dict[str, Any]:
    """Return what is computed from the answers; nothing where this reader may not read what it needs."""
    found: dict[str, Any] = {}
    if leaf.gap is not None:
        found["gap"] = _money(leaf, leaf.gap.value)
    if leaf.lifetime_ghg is not None:
        found["ghg_tco2e_lifetime"] = format(leaf.lifetime_ghg, "f")
    return found


def _money(leaf: Leaf, value: str | Decimal) -> dict[str, Any]:
    amount = leaf.amount_of(value)
    if amount is None:
        raise ValueError("an amount without its currency")
    dollars = amount.value if amount.usd is None else amount.usd
    return {"amount": f"{amount.value:.2f}", "currency": amount.currency, "usd": f"{dollars:.2f}"}


def _value(leaf: Leaf, field: Field, value: Any) -> Any:
    if field.kind is Kind.MONEY:
        return _money(leaf, value)
    if field.kind is Kind.ROWS:
        return [
            {
                column.name: _value(leaf, column, row[column.name])
                for column in field.columns
                if row.get(column.name) not in (None, "", [], {})
            }
            for row in value
        ]
    return value


def schema() -> dict[str, Any]:
    """Return the JSON Schema every passport fits."""
    text, code = {"type": "string"}, {"type": "string", "pattern": "^[a-z0-9-]+$"}
    moment = {"type": "string", "format": "date-time"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_address(),
        "title": "Project passport",
        "description": "One published project as one reader may read it. Codes are those of the sheet; absent means "
        "not answered, or closed to this reader (see `closed`).",
        **_object(
            {
                "$schema": {"const": schema_address()},
                "passport_version": {"const": VERSION},
                "sheet_version": {"const": PITCH.version},
                "uid": text,
                "slug": code,
                "url": {"type": "string", "format": "uri"},
                "is_illustrative": {
                    "type": "boolean",
                    "description": "True where amounts, dates and figures are invented for a sample programme.",
                },
                "licence": text,
                "version": _object({"uid": text, "number": {"type": "integer", "minimum": 1}, "submitted_at": moment}),
                "published_at": moment,
                "city": _object(
                    {
                        "slug": code,
                        "name": text,
                        "names": {"type": "object", "additionalProperties": text},
                        "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
                        "pair": _object({"slug": code, "name": text}),
                    },
                    optional={"names", "country", "pair"},
                ),
                "closed": {
                    "type": "object",
                    "description": "Blocks this reader may not read, and how near one must be to read them.",
                    "propertyNames": {"enum": [block.value for block in BLOCKS]},
                    "additionalProperties": {"enum": [one.value for one in Visibility if one is not Visibility.PUBLIC]},
                },
                "exchange_rate": _object(
                    {
                        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                        "per_usd": {"type": "string", "pattern": _DECIMAL},
                        "on": {"type": "string", "format": "date"},
                    }
                ),
                "figures": _object(
                    {"gap": {"$ref": "#/$defs/money"}, "ghg_tco2e_lifetime": {"type": "string", "pattern": _DECIMAL}},
                    optional={"gap", "ghg_tco2e_lifetime"},
                ),
                "answers": _object(
                    {block.value: _block(block) for block in _OPEN}, optional={block.value for block in _OPEN[1:]}
                ),
                "files": {
                    "type": "array",
                    "items": _object(
                        {
                            "uid": text,
                            "kind": text,
                            "name": text,
                            "media_type": text,
                            "size": {"type": "integer", "minimum": 0},
                            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                            "alt": {"$ref": "#/$defs/texts"},
                            "url": {"type": "string", "format": "uri"},
                        },
                        optional={"alt"},
                    ),
                },
            },
            optional={"exchange_rate", "figures", "published_at"},
        ),
        "$defs": {
            "texts": {
                "type": "object",
                "description": "A text per language (ISO 639-1).",
                "propertyNames": {"pattern": "^[a-z]{2}$"},
                "additionalProperties": text,
            },
            "money": {
                "description": "An amount as stated, and in US dollars at `exchange_rate`.",
                **_object(
                    {
                        "amount": {"type": "string", "pattern": _MONEY},
                        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                        "usd": {"type": "string", "pattern": _MONEY},
                    }
                ),
            },
        },
    }


def _object(properties: dict[str, Any], optional: Set[str] = frozenset()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _block(block: Block) -> dict[str, Any]:
    fields = [field for field in PITCH.by_name.values() if field.block is block]
    always = {"title", "summary"}
    return _object(
        {field.name: _fitting(field) for field in fields}, optional={field.name for field in fields} - always
    )


def _fitting(field: Field) -> dict[str, Any]:
    """Return the schema of one answer, with its English label as description."""
    return {"description": _described(field), **_of_kind(field)}


def _described(field: Field) -> str:
    # English is the source of all words, whoever asks.
    with speaking("en"):
        return f"{field.label} ({field.unit})" if field.unit is not None else str(field.label)


def _codes(codes: type[StrEnum] | None) -> dict[str, Any]:
    return {"enum": [member.value for member in codes]} if codes else {"type": "string"}


def _of_kind(field: Field) -> dict[str, Any]:
    kind = field.kind
    if kind is Kind.TEXTS:
        return {"$ref": "#/$defs/texts"}
    if kind is Kind.MONEY:
        return {"$ref": "#/$defs/money"}
    if kind is Kind.CHOICE:
        return _codes(field.choices)
    if kind in {Kind.CHOICES, Kind.RANKED}:
        return {"type": "array", "items": _codes(field.choices), "uniqueItems": True}
    if kind in {Kind.FILES, Kind.ORGANISATIONS, Kind.COUNTRIES}:
        return {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
    if kind is Kind.GRID:
        rows = {row.value: _codes(field.choices) for row in field.rows_of}
        return _object(rows, optional=set(rows))
    if kind is Kind.ROWS:
        columns = {column.name: _fitting(column) for column in field.columns}
        return {"type": "array", "items": _object(columns, optional=set(columns))}
    if kind is Kind.POINT:
        return _object({"lat": _between(-90, 90), "lon": _between(-180, 180)})
    return _SIMPLE[kind]


def _between(low: int, high: int) -> dict[str, Any]:
    return {"type": "number", "minimum": low, "maximum": high}


_SIMPLE: dict[Kind, dict[str, Any]] = {
    Kind.LINE: {"type": "string"},
    Kind.EMAIL: {"type": "string", "format": "email"},
    Kind.PHONE: {"type": "string", "pattern": r"^\+[0-9]{5,15}$"},
    Kind.URL: {"type": "string", "format": "uri"},
    Kind.CHECK: {"const": True},
    Kind.WHOLE: {"type": "integer"},
    Kind.NUMBER: {"type": "string", "pattern": _DECIMAL},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.COUNTRY: {"type": "string", "pattern": "^[A-Z]{2}$"},
}
