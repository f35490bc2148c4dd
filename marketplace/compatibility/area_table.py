"""Areas and places, by blocks: circles are measured by numpy, and by the plain function where a metre decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .columns import Open, numbered, outcome_code
from .geography import EARTH_KM, Area, Circle, vector
from .place import Place, area_check

_FAIL, _UNKNOWN = 1, 2

# Both ways to a distance agree to far less than a metre; within one of the circle's edge the plain function decides.
_NEAR_KM = 0.001


class AreaBlocks:
    """The check of areas. Most projects have a place of their own, and many funders a circle: too many to ask each."""

    def __init__(self, places: Sequence[Place], areas: Sequence[tuple[Area, ...] | None]) -> None:
        self._row, different_places = numbered(places)
        self._column, different_areas = numbered(areas)
        self._codes = np.zeros((len(different_places), len(different_areas)), dtype=np.int8)
        located = np.array([None not in place[1:] for place in different_places], dtype=np.bool_)
        known = [number for number, is_located in enumerate(located) if is_located]
        points = np.array([vector(*different_places[number][1:]) for number in known]).reshape(-1, 3)
        for column, some in enumerate(different_areas):
            if some is not None and len(some) == 1 and isinstance(some[0], Circle):
                self._codes[~located, column] = _UNKNOWN
                self._codes[known, column], near = _circle(points, some[0])
                asked = [known[number] for number in near]
            else:
                asked = list(range(len(different_places)))
            for number in asked:
                self._codes[number, column] = outcome_code(area_check(different_places[number], some))

    def block(self, rows: slice) -> Open:
        """The check for some projects and all counterparties."""
        codes = self._codes[self._row[rows]][:, self._column]
        return Open(codes == _FAIL, codes == _UNKNOWN)


def _circle(points: npt.NDArray[np.float64], circle: Circle) -> tuple[npt.NDArray[np.int8], list[int]]:
    """Code of every point (unit vectors, [points, 3]), and the points too near the edge to tell."""
    centre = np.array(vector(circle.latitude, circle.longitude))
    normal = np.cross(points, centre)
    away = EARTH_KM * np.arctan2(np.sqrt((normal * normal).sum(axis=1)), points @ centre)
    codes = np.where(away <= circle.km, 0, _FAIL).astype(np.int8)
    return codes, np.flatnonzero(np.abs(away - circle.km) <= _NEAR_KM).tolist()
