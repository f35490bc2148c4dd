"""Places in and out of areas: real cities against the border rule, and shapes against arithmetic by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.compatibility import (
    Border,
    Circle,
    Countries,
    Polygon,
    ProfileError,
    area_as_json,
    area_from_json,
)
from marketplace.compatibility.border import MEXICO_US
from marketplace.compatibility.geography import contains, distance_km, distance_to_border_km, inside_any

SQUARE = Polygon(((-80, 0), (-70, 0), (-70, 10), (-80, 10)))
CITIES = {
    "Hermosillo": ("MX", 29.07, -110.96),
    "Mérida": ("MX", 20.97, -89.62),
    "Tijuana": ("MX", 32.5149, -117.0382),
    "Ciudad Juárez": ("MX", 31.6904, -106.4245),
    "Chihuahua": ("MX", 28.6353, -106.0889),
    "Monterrey": ("MX", 25.6866, -100.3161),
    "Matamoros": ("MX", 25.8690, -97.5027),
    "Mexico City": ("MX", 19.4326, -99.1332),
    "Culiacán": ("MX", 24.8091, -107.3940),
    "San Diego": ("US", 32.7157, -117.1611),
    "El Paso": ("US", 31.7619, -106.4850),
    "Tucson": ("US", 32.2226, -110.9747),
    "Laredo": ("US", 27.5306, -99.4803),
    "Brownsville": ("US", 25.9017, -97.4975),
    "Phoenix": ("US", 33.4484, -112.0740),
    "San Antonio": ("US", 29.4241, -98.4936),
    "Austin": ("US", 30.2672, -97.7431),
    "Los Angeles": ("US", 34.0522, -118.2437),
}
OUTSIDE = {"Mérida", "Mexico City", "Culiacán", "Phoenix", "San Antonio", "Austin", "Los Angeles"}

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@pytest.mark.parametrize("city", CITIES)
def test_border_rule_admits_the_strip_and_nothing_else(city):
    assert contains(Border(), *CITIES[city]) is (city not in OUTSIDE)


@pytest.mark.parametrize("city", CITIES)
def test_border_rule_finds_the_side_without_a_country(city):
    _, latitude, longitude = CITIES[city]

    assert contains(Border(), None, latitude, longitude) is (city not in OUTSIDE)


def test_border_rule_measures_both_sides_apart():
    tucson = CITIES["Tucson"]

    assert contains(Border(north_km=95, south_km=300), *tucson) is False
    assert contains(Border(north_km=97, south_km=0), *tucson) is True


def test_border_distance_is_that_of_the_map():
    # Tucson lies 0.8899 degrees north of a stretch that runs along a parallel, which bends away from the great circle.
    assert distance_to_border_km("mexico_us", *CITIES["Tucson"][1:]) == pytest.approx(0.87 * 111.2, abs=3)
    assert distance_to_border_km("mexico_us", *CITIES["Mérida"][1:]) > 900


def test_border_line_runs_from_ocean_to_ocean():
    longitudes_on_line = [longitude for _, longitude in MEXICO_US.points]

    assert len(MEXICO_US.points) >= 25
    assert longitudes_on_line[0] < -117.1
    assert longitudes_on_line[-1] > -97.2
    assert all(distance_to_border_km("mexico_us", *point) < 1e-6 for point in MEXICO_US.points)


def test_border_rule_leaves_other_countries_out_wherever_they_are():
    assert contains(Border(), "GT", None, None) is False
    assert contains(Border(), "MX", None, None) is None
    assert contains(Border(), None, None, None) is None


@pytest.mark.parametrize(
    ("area", "place", "inside"),
    [
        (Circle(0, 0, 111.2), (None, 1.0, 0.0), True),
        (Circle(0, 0, 111.1), (None, 1.0, 0.0), False),
        (Circle(0, 0, 0), (None, 0.0, 0.0), True),
        (Circle(0, 179.9, 50), (None, 0.0, -179.9), True),
        (Circle(0, 0, 10), ("CO", None, 0.0), None),
        (SQUARE, (None, 3.45, -76.53), True),
        (SQUARE, (None, 0.0, -75.0), True),
        (SQUARE, (None, 10.0, -70.0), True),
        (SQUARE, (None, 10.1, -75.0), False),
        (SQUARE, (None, 5.0, -69.9), False),
        (SQUARE, (None, None, -75.0), None),
        (Countries(frozenset({"CO"})), ("CO", None, None), True),
        (Countries(frozenset({"CO"})), ("PE", None, None), False),
        (Countries(frozenset({"CO"})), (None, 3.0, -76.0), None),
    ],
)
def test_area_contains_place(area, place, inside):
    assert contains(area, *place) is inside


def test_polygon_with_a_dent_leaves_the_dent_out():
    dented = Polygon(((0, 0), (10, 0), (10, 10), (5, 2), (0, 10)))

    assert contains(dented, None, 8, 5) is False
    assert contains(dented, None, 1, 5) is True


def test_union_of_areas_needs_one():
    areas = (Countries(frozenset({"PE"})), SQUARE)

    assert inside_any(areas, "CO", 3.45, -76.53) is True
    assert inside_any(areas, "CO", None, None) is None
    assert inside_any(areas, "PE", None, None) is True
    assert inside_any(areas, "CO", 50, 50) is False


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_and_bounded(a, b, c, d):
    assert distance_km(a, b, c, d) == pytest.approx(distance_km(c, d, a, b), abs=1e-6)
    assert 0 <= distance_km(a, b, c, d) <= 20_016
    assert distance_km(a, b, a, b) == pytest.approx(0, abs=1e-6)


@given(st.integers(-79, -71), st.integers(1, 9), st.integers(0, 3), st.booleans())
def test_ring_may_start_anywhere_and_run_either_way(x, y, start, backwards):
    ring = SQUARE.ring[start:] + SQUARE.ring[:start]
    turned = Polygon((*(ring[::-1] if backwards else ring), ring[-1 if backwards else 0]))

    assert contains(turned, None, y, x) is True
    assert contains(turned, None, y, x + 20) is False


@pytest.mark.parametrize("area", [Border(), Circle(1, 2, 3), SQUARE, Countries(frozenset({"MX", "CO"}))])
def test_area_survives_json(area):
    assert area_from_json(json.loads(json.dumps(area_as_json(area)))) == area


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "moon"},
        {"kind": "circle", "latitude": 91, "longitude": 0, "km": 1},
        {"kind": "circle", "latitude": float("nan"), "longitude": 0, "km": 1},
        {"kind": "circle", "latitude": "north", "longitude": 0, "km": 1},
        {"kind": "polygon", "ring": [[0, 0], [1, 1], [0, 0]]},
        {"kind": "polygon", "ring": [[0, 0, 0]]},
        {"kind": "polygon", "ring": 7},
        {"kind": "border", "line": "styx", "north_km": 1, "south_km": 1},
        {"kind": "border", "line": "mexico_us", "north_km": -1, "south_km": 1},
        {"kind": "countries", "codes": "MX"},
        {"kind": "countries", "codes": ["MX"], "more": 1},
    ],
)
def test_impossible_area_is_refused(document):
    with pytest.raises(ProfileError):
        area_from_json(document)
