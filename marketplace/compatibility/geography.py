"""Areas a funder may work in, and whether a place lies in one.

Distances are great-circle distances on a sphere of 6,371.0088 km, right to half a percent. A place that lies exactly on
the edge is inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from .border import LINES
from .errors import ProfileError

EARTH_KM = 6371.0088

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Countries:
    """All places in some countries, ISO 3166-1 alpha-2."""

    codes: frozenset[str]

    def __post_init__(self) -> None:
        if isinstance(self.codes, str):
            raise ProfileError("areas", "a collection of countries", self.codes)
        object.__setattr__(self, "codes", frozenset(self.codes))


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within ``km`` of a centre (WGS84 degrees), along the great circle."""

    latitude: float
    longitude: float
    km: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180 and self.km >= 0):
            raise ProfileError("areas", "a centre in degrees and a radius from 0 km", self)


@dataclass(frozen=True, slots=True)
class Polygon:
    """The inside of one GeoJSON ring: (longitude, latitude) pairs in WGS84 degrees, closed or not.

    Edges are straight in longitude and latitude and must not cross the antimeridian (RFC 7946).
    """

    ring: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ring", tuple((x, y) for x, y in self.ring))
        if len(set(self.ring)) < 3 or not all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in self.ring):
            raise ProfileError("areas", "a ring of at least three points (longitude, latitude)", self.ring)


@dataclass(frozen=True, slots=True)
class Border:
    """A strip along a named border: ``north_km`` on its northern side and ``south_km`` on its southern.

    The rule of a border bank: 100 km north and 300 km south of the Mexico-US border.
    """

    line: str = "mexico_us"
    north_km: float = 100.0
    south_km: float = 300.0

    def __post_init__(self) -> None:
        if self.line not in LINES or not (self.north_km >= 0 and self.south_km >= 0):
            raise ProfileError("areas", "a known border and distances from 0 km", self)


Area = Countries | Circle | Polygon | Border


def area_as_json(area: Area) -> dict[str, Any]:
    """The area in values that JSON knows; a polygon's ring is that of GeoJSON."""
    if isinstance(area, Countries):
        return {"kind": "countries", "codes": sorted(area.codes)}
    if isinstance(area, Circle):
        return {"kind": "circle", "latitude": area.latitude, "longitude": area.longitude, "km": area.km}
    if isinstance(area, Polygon):
        return {"kind": "polygon", "ring": [list(point) for point in area.ring]}
    return {"kind": "border", "line": area.line, "north_km": area.north_km, "south_km": area.south_km}


def area_from_json(document: Mapping[str, Any]) -> Area:
    """Read what :func:`area_as_json` wrote; anything else raises ``ProfileError``."""
    kinds: dict[str, type[Area]] = {"countries": Countries, "circle": Circle, "polygon": Polygon, "border": Border}
    try:
        values = dict(document)
        return kinds[values.pop("kind")](**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ProfileError("areas", "an area", document) from error


def contains(area: Area, country: str | None, latitude: float | None, longitude: float | None) -> bool | None:
    """Whether a place lies in an area; None if too little is known about the place."""
    if isinstance(area, Countries):
        return None if country is None else country in area.codes
    if isinstance(area, Border) and country is not None and country not in LINES[area.line].sides:
        return False
    if latitude is None or longitude is None:
        return None
    if isinstance(area, Circle):
        # No way is shorter than the difference in latitude; the metre keeps rounding out of it.
        if EARTH_KM * math.radians(abs(latitude - area.latitude)) > area.km + 0.001:
            return False
        return distance_km(latitude, longitude, area.latitude, area.longitude) <= area.km
    if isinstance(area, Polygon):
        return _in_ring(area.ring, longitude, latitude)
    away, northern = _from_line(area.line, latitude, longitude)
    side = LINES[area.line].sides.get(country or "")
    return away <= (area.north_km if (side == "north" if side else northern) else area.south_km)


def inside_any(
    areas: tuple[Area, ...], country: str | None, latitude: float | None, longitude: float | None
) -> bool | None:
    """Whether a place lies in one of the areas; None if that hangs on something unknown."""
    answers = {contains(area, country, latitude, longitude) for area in areas}
    return True if True in answers else None if None in answers else False


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance between two places, km."""
    return EARTH_KM * _angle(vector(latitude, longitude), vector(to_latitude, to_longitude))


def distance_to_border_km(line: str, latitude: float, longitude: float) -> float:
    """Great-circle distance from a place to the nearest point of a named border, km."""
    return _from_line(line, latitude, longitude)[0]


@lru_cache(maxsize=8192)
def _from_line(line: str, latitude: float, longitude: float) -> tuple[float, bool]:
    """Distance in km to the nearest point of a line that runs from west to east, and whether the place is north."""
    place = vector(latitude, longitude)
    angle, left = min(
        (_angle_to_segment(place, start, end, normal) for start, end, normal in _segments(line)),
        key=lambda pair: pair[0],
    )
    return EARTH_KM * angle, left


@lru_cache(maxsize=8)
def _segments(line: str) -> tuple[tuple[Vector, Vector, Vector], ...]:
    """Start, end and unit normal (to the left) of every segment of a line."""
    vectors = [vector(latitude, longitude) for latitude, longitude in LINES[line].points]
    return tuple((start, end, _unit(_cross(start, end))) for start, end in pairwise(vectors))


def _angle_to_segment(place: Vector, start: Vector, end: Vector, normal: Vector) -> tuple[float, bool]:
    """Angle to the nearest point of a segment of a great circle, and whether the place is to its left."""
    height = _dot(place, normal)
    left = height >= 0
    if _dot(_cross(normal, start), place) >= 0 and _dot(_cross(end, normal), place) >= 0:
        return abs(math.asin(max(-1.0, min(1.0, height)))), left
    return min(_angle(place, start), _angle(place, end)), left


def _in_ring(ring: tuple[tuple[float, float], ...], x: float, y: float) -> bool:
    """Even-odd rule; a point on an edge is inside."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        turn = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if turn == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and (turn > 0) == (y2 > y1):
            inside = not inside
    return inside


@lru_cache(maxsize=16384)
def vector(latitude: float, longitude: float) -> Vector:
    """The place as a unit vector."""
    phi, lam = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _unit(a: Vector) -> Vector:
    length = math.sqrt(_dot(a, a))
    return a[0] / length, a[1] / length, a[2] / length


def _angle(a: Vector, b: Vector) -> float:
    """Angle between two unit vectors, exact for near and far ones alike."""
    normal = _cross(a, b)
    return math.atan2(math.sqrt(_dot(normal, normal)), _dot(a, b))
