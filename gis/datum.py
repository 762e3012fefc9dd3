"""Datums: which earth a pair of numbers means.

Everything is stored as WGS-84. CGCS2000 equals it within a metre and is taken as it is. GCJ-02 ("Mars coordinates") is
what Chinese map services must show: about half a kilometre off, by a distortion that varies from place to place. BD-09
is Baidu's, a second distortion upon GCJ-02. Whoever takes one for the other sends the fire engine to the next street.

Rules:

- GCJ-02 is defined for the rectangle that its formula names; outside nothing is distorted. That rectangle also holds
  parts of China's neighbours, and so does the formula that everybody uses.
- The way back is found by trying: four rounds leave less than 5e-8 m.
- The formula has no published standard; it is the one that all open converters share, held to measured cities by the
  tests.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

_A_M = 6378245.0  # Krasovsky 1940, the semi-major axis that the formula uses whatever the earth is
_EE = 0.00669342162296594323
_BD_PI = math.pi * 3000.0 / 180.0
_ROUNDS = 4  # each round makes the error some thousand times smaller

CHINA = (0.8293, 55.8271, 72.004, 137.8347)
"""The formula's rectangle: south, north, west, east, in degrees."""


class LatLon(NamedTuple):
    """A place on the earth in degrees, latitude first; WGS-84 unless something else is said."""

    lat: float
    lon: float


class Datum(StrEnum):
    """The datum of a pair of numbers."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(place: LatLon, datum: Datum) -> LatLon:
    """The same place in WGS-84."""
    match datum:
        case Datum.WGS84 | Datum.CGCS2000:
            return place
        case Datum.GCJ02:
            return _from_gcj02(place)
        case Datum.BD09:
            return _from_gcj02(_bd09_to_gcj02(place)) if in_china(place) else place


def from_wgs84(place: LatLon, datum: Datum) -> LatLon:
    """The same place in another datum, for maps that others drew."""
    match datum:
        case Datum.WGS84 | Datum.CGCS2000:
            return place
        case Datum.GCJ02:
            return _to_gcj02(place)
        case Datum.BD09:
            return _gcj02_to_bd09(_to_gcj02(place)) if in_china(place) else place


def in_china(place: LatLon) -> bool:
    """Whether the formula distorts here."""
    south, north, west, east = CHINA
    return south <= place.lat <= north and west <= place.lon <= east


def _to_gcj02(place: LatLon) -> LatLon:
    if not in_china(place):
        return place
    north, east = _shift(place)
    return LatLon(place.lat + north, place.lon + east)


def _from_gcj02(place: LatLon) -> LatLon:
    if not in_china(place):
        return place
    guess = place
    for _ in range(_ROUNDS):
        north, east = _shift(guess)
        guess = LatLon(place.lat - north, place.lon - east)
    return guess


def _shift(place: LatLon) -> tuple[float, float]:
    """How far GCJ-02 moves this place, in degrees of latitude and longitude."""
    x, y = place.lon - 105.0, place.lat - 35.0
    root = math.sqrt(abs(x))
    wave = 20.0 * math.sin(6.0 * math.pi * x) + 20.0 * math.sin(2.0 * math.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20.0 * math.sin(math.pi * y) + 40.0 * math.sin(math.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * math.sin(math.pi * y / 12.0) + 320.0 * math.sin(math.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20.0 * math.sin(math.pi * x) + 40.0 * math.sin(math.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * math.sin(math.pi * x / 12.0) + 300.0 * math.sin(math.pi * x / 30.0)) * 2.0 / 3.0
    sine = math.sin(math.radians(place.lat))
    magic = 1.0 - _EE * sine * sine
    north_radius_m = _A_M * (1.0 - _EE) / (magic * math.sqrt(magic))
    east_radius_m = _A_M / math.sqrt(magic) * math.cos(math.radians(place.lat))
    return math.degrees(north / north_radius_m), math.degrees(east / east_radius_m)


def _gcj02_to_bd09(place: LatLon) -> LatLon:
    distance = math.hypot(place.lon, place.lat) + 0.00002 * math.sin(place.lat * _BD_PI)
    angle = math.atan2(place.lat, place.lon) + 0.000003 * math.cos(place.lon * _BD_PI)
    return LatLon(distance * math.sin(angle) + 0.006, distance * math.cos(angle) + 0.0065)


def _bd09_to_gcj02(place: LatLon) -> LatLon:
    lat, lon = place.lat - 0.006, place.lon - 0.0065
    distance = math.hypot(lon, lat) - 0.00002 * math.sin(lat * _BD_PI)
    angle = math.atan2(lat, lon) - 0.000003 * math.cos(lon * _BD_PI)
    return LatLon(distance * math.sin(angle), distance * math.cos(angle))
