"""Borders that funders measure from, as lines of WGS84 points.

The Mexico-US border runs from the Pacific to the Gulf. Its straight land sections follow the treaty's corner points and
are right to about 1 km; along the Colorado and the Rio Grande the points follow the river's course from city to city,
leaving out meanders, and are right to about 10 km. That decides for cities; a place within 10 km of a limit deserves a
look at a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BorderLine:
    """A line of (latitude, longitude) from west to east, and the side each country lies on ("north" or "south")."""

    points: tuple[tuple[float, float], ...]
    sides: Mapping[str, str]


MEXICO_US = BorderLine(
    points=(
        (32.5343, -117.1239),  # Pacific, Tijuana and San Diego
        (32.6605, -115.4958),  # Mexicali and Calexico
        (32.7186, -114.7196),  # Colorado River, Los Algodones
        (32.4943, -114.8130),  # San Luis Río Colorado
        (31.8780, -112.8163),  # Sonoyta and Lukeville
        (31.3327, -111.0745),  # corner west of Nogales
        (31.3327, -110.9426),  # Nogales
        (31.3341, -109.5604),  # Agua Prieta and Douglas
        (31.3322, -109.0500),  # Arizona meets New Mexico
        (31.3333, -108.2083),  # south-eastern corner of the bootheel
        (31.7838, -108.2083),  # north-eastern corner of the bootheel
        (31.7838, -106.5286),  # Rio Grande, El Paso
        (31.7470, -106.4860),  # Ciudad Juárez and El Paso
        (31.4345, -106.1480),  # Guadalupe and Tornillo
        (31.2732, -105.8524),  # El Porvenir and Fort Hancock
        (30.9900, -105.5600),  # south of Sierra Blanca
        (30.6800, -104.9900),  # south of Van Horn
        (30.1353, -104.6876),  # Candelaria
        (29.5607, -104.3950),  # Ojinaga and Presidio
        (29.2602, -103.7757),  # Lajitas
        (29.1300, -103.5200),  # Castolon
        (28.9720, -103.1470),  # southern tip of the Big Bend
        (29.1850, -102.9500),  # Boquillas
        (29.4453, -102.8225),  # La Linda
        (29.7450, -102.6700),  # lower canyons
        (29.7800, -102.3500),
        (29.7700, -102.0500),
        (29.8088, -101.5590),  # Langtry
        (29.7000, -101.3700),  # mouth of the Pecos
        (29.4503, -101.0575),  # Amistad dam
        (29.3270, -100.9270),  # Ciudad Acuña and Del Rio
        (29.0700, -100.6700),  # Jiménez
        (28.7050, -100.5120),  # Piedras Negras and Eagle Pass
        (28.2800, -100.2900),  # Guerrero and El Indio
        (27.7010, -99.7470),  # Colombia bridge
        (27.5010, -99.5070),  # Nuevo Laredo and Laredo
        (27.0400, -99.4450),  # San Ygnacio
        (26.9000, -99.2750),  # Zapata
        (26.5590, -99.1650),  # Falcon dam
        (26.4030, -99.0190),  # Ciudad Miguel Alemán and Roma
        (26.3650, -98.8100),  # Camargo and Rio Grande City
        (26.0960, -98.2710),  # Reynosa and Hidalgo
        (26.0620, -97.9500),  # Nuevo Progreso
        (25.8990, -97.4970),  # Matamoros and Brownsville
        (25.9560, -97.1460),  # Gulf of Mexico
    ),
    sides={"US": "north", "MX": "south"},
)

LINES: Mapping[str, BorderLine] = {"mexico_us": MEXICO_US}
