"""Areas a funder may work in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Countries:
    """All places in some countries, ISO 3166-1 alpha-2."""

    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within ``km`` of a centre (WGS84 degrees), along the great circle."""

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """The inside of one GeoJSON ring: (longitude, latitude) pairs in WGS84 degrees, closed or not."""

    ring: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Border:
    """A strip along a named border: ``north_km`` on its northern side and ``south_km`` on its southern."""

    line: str = "mexico_us"
    north_km: float = 100.0
    south_km: float = 300.0


Area = Countries | Circle | Polygon | Border
