"""A point on the map, with everything that has to be known to trust it; and a box to search in.

Always WGS-84 degrees; `datum` says in what it came. The whole shape, if there is more than a point and a radius, stands
in `shape` as the folder gis writes it. The place of an incident is one spot, chosen by a person; the positions of its
calls stand side by side elsewhere, and an amendment keeps the spot before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from intake.incident.error import BadValue
from intake.incident.text import line
from journal import BadFact
from journal.canonical import Json, canonical
from journal.instant import from_text, to_text

DATUMS = frozenset({"wgs84", "cgcs2000", "gcj02", "bd09"})
METRES_A_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""
_MOST_SHAPE = 4_000  # bytes: a polygon of some 150 corners; a finer one is a map's, not an incident's
_KEYS = ("lat", "lon", "source", "at", "datum", "radius_m", "confidence", "shape")


@dataclass(frozen=True, slots=True)
class Spot:
    """A point. Raises BadValue when made of what cannot be."""

    lat: float
    """Degrees, WGS-84, north positive."""
    lon: float
    """Degrees, WGS-84, east positive."""
    source: str
    """Who or what says so: `call-taker`, `sip`, `subscriber`, `aml` …"""
    at: datetime
    """When it was so, UTC."""
    datum: str = "wgs84"
    """What it came in: wgs84, cgcs2000, gcj02, bd09. It is WGS-84 here in any case."""
    radius_m: float | None = None
    """Metres around the point; None: not known."""
    confidence: float | None = None
    """0 to 1, that the truth lies within the radius; None: not known."""
    shape: str | None = None
    """Canonical JSON of the whole shape, WGS-84; None: the point and its radius are all."""

    def __post_init__(self) -> None:
        _number("lat", self.lat, -90, 90)
        _number("lon", self.lon, -180, 180)
        _number("radius_m", self.radius_m, 0, 20_000_000)
        _number("confidence", self.confidence, 0, 1)
        if not isinstance(self.datum, str) or self.datum not in DATUMS:
            raise BadValue("bad_datum", "spot.datum", f"one of {', '.join(sorted(DATUMS))}")
        if self.shape is not None and len(self.shape.encode(errors="replace")) > _MOST_SHAPE:
            raise BadValue("too_long", "spot.shape", f"at most {_MOST_SHAPE} bytes are allowed")
        if not line("spot.source", self.source, 40):
            raise BadValue("empty", "spot.source", "a position always says whose it is")

    def plain(self) -> dict[str, Json]:
        """As JSON has it."""
        told: dict[str, Json] = {"lat": self.lat, "lon": self.lon, "source": self.source, "at": to_text(self.at)}
        told["datum"] = self.datum
        for key in ("radius_m", "confidence", "shape"):
            value = getattr(self, key)
            if value is not None:
                told[key] = value
        return told

    @classmethod
    def of(cls, value: object) -> Self:
        """From JSON, or a spot itself; a shape may be a text or any JSON object. Raises BadValue."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping):
            raise BadValue("wrong_kind", "spot", "a position is wanted: lat, lon, source, at")
        unknown = sorted(str(key) for key in value if key not in _KEYS)
        missing = [key for key in _KEYS[:4] if key not in value]
        if unknown or missing:
            raise BadValue("wrong_kind", "spot", f"it has {', '.join(_KEYS)}; wrong or missing: {unknown or missing}")
        told: dict[str, Any] = dict(value)
        try:
            if not isinstance(told["at"], datetime):
                told["at"] = from_text(str(told["at"]))
            to_text(told["at"])
            if told.get("shape") is not None and not isinstance(told["shape"], str):
                told["shape"] = canonical(told["shape"])
        except BadFact as error:
            raise BadValue("wrong_kind", "spot", str(error)) from error
        return cls(**told)


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map between two latitudes and two longitudes, WGS-84 degrees, the edges included.

    One whose west lies east of its east spans the 180th meridian.
    """

    south: float
    west: float
    north: float
    east: float

    def __post_init__(self) -> None:
        for name, value, most in (("south", self.south, 90), ("north", self.north, 90)):
            _number(name, value, -most, most)
        for name, value in (("west", self.west), ("east", self.east)):
            _number(name, value, -180, 180)
        if self.south > self.north:
            raise BadValue("bad_box", "south", "it lies north of the north")

    @classmethod
    def around(cls, lat: float, lon: float, metres: float) -> Self:
        """The smallest box that holds a circle."""
        _number("lat", lat, -90, 90)
        _number("lon", lon, -180, 180)
        _number("metres", metres, 0, 20_000_000)
        high = metres / METRES_A_DEGREE
        south, north = max(-90.0, lat - high), min(90.0, lat + high)
        if abs(lat) + high >= 90:  # a pole is in it
            return cls(south, -180.0, north, 180.0)
        # The circle touches its outermost meridians not at its centre's latitude but nearer to the pole.
        wide = math.degrees(math.asin(min(1.0, math.sin(math.radians(high)) / math.cos(math.radians(lat)))))
        return cls(south, _turned(lon - wide), north, _turned(lon + wide))

    def holds(self, lat: float, lon: float) -> bool:
        """Whether a point lies in it."""
        if self.west <= self.east:
            return self.south <= lat <= self.north and self.west <= lon <= self.east
        return self.south <= lat <= self.north and (lon >= self.west or lon <= self.east)


def _turned(lon: float) -> float:
    return lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon


def _number(name: str, value: object, least: float, most: float) -> None:
    if value is None and name in ("radius_m", "confidence"):
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadValue("bad_position", f"spot.{name}", f"a number from {least:g} to {most:g} is wanted")
