"""Plots are well-formed, say what they show, and hide no value."""

from xml.etree import ElementTree

from plot import dots

SVG = "{http://www.w3.org/2000/svg}"


def test_every_value_is_drawn_with_its_words_and_outliers_at_the_edge():
    rows = [("S-base-1", {"engine": 100.0, "first come": 91.25}), ("L <&> 1", {"engine": 99.9, "first come": 12.0})]

    root = ElementTree.fromstring(dots("Value", "per cent", rows, 60, 100, 10))

    marks = [mark.find(f"{SVG}title").text for mark in root if mark.find(f"{SVG}title") is not None]
    assert sorted(marks) == [
        "L <&> 1, engine: 99.900",
        "L <&> 1, first come: 12.000",
        "S-base-1, engine: 100.000",
        "S-base-1, first come: 91.250",
    ]
    shapes = [mark.tag for mark in root if mark.find(f"{SVG}title") is not None]
    assert shapes.count(f"{SVG}path") == 1
    labels = [text.text for text in root.iter(f"{SVG}text")]
    assert {"60", "70", "80", "90", "100", "per cent", "engine", "first come"} <= set(labels)
