"""Shapes of RFC 5491: what a sender says about where somebody is, and how far off he may be.

Every shape lies on WGS-84; lengths are metres on the ground, angles are degrees clockwise from north. The shapes with a
height (Sphere, Ellipsoid, Prism) are kept as what they cover on the ground.

Rules:

- A shape that exists makes sense: its numbers are finite and in range, and `BadShape` says why one is not made.
- An outline is drawn by the geodesic, so that a circle is one at any latitude and across the date line.
- A polygon's ring is stored open, without the first vertex again at the end, and never crosses itself: see
  `gis.ring`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from gis.datum import LatLon
from gis.earth import ahead, around, farthest_m, wrapped

_CORNERS = 64  # of a drawn circle: its area is 0.16 % too small
POINT_M = 0.1  # a smaller inner arc is the centre itself: its corners fall together, and the outline would touch itself
LONGEST_M = 20_004_000.0
"""Half way round the earth: nothing is further away."""
MOST_VERTICES = 200
"""Of a polygon: RFC 5491 asks senders for 15 at most, and a position has to fit into one fact of the journal."""

Move = Callable[[LatLon], LatLon]
"""What takes a place to where it belongs, such as another datum."""


class BadShape(ValueError):
    """A shape that cannot be: a number out of range, or too few corners."""

    code = "gis_bad_shape"


@dataclass(frozen=True, slots=True)
class Point:
    """A place, with nothing said about how far off it may be."""

    kind: ClassVar[str] = "point"
    at: LatLon

    def __post_init__(self) -> None:
        _place(self.at)

    @property
    def centre(self) -> LatLon:
        """The place itself."""
        return self.at

    @property
    def radius_m(self) -> None:
        """Unknown."""
        return None

    def scaled(self, factor: float) -> Point:
        """A point has nothing to scale."""
        return self

    def moved(self, move: Move) -> Point:
        """The same point elsewhere."""
        return Point(move(self.at))

    def outline(self) -> tuple[LatLon, ...]:
        """One corner."""
        return (self.at,)


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within a radius."""

    kind: ClassVar[str] = "circle"
    at: LatLon
    radius_m: float

    def __post_init__(self) -> None:
        _place(self.at)
        _length(self.radius_m)

    @property
    def centre(self) -> LatLon:
        """Its middle."""
        return self.at

    def scaled(self, factor: float) -> Circle:
        """With a radius so many times as long."""
        return replace(self, radius_m=min(self.radius_m * factor, LONGEST_M))

    def moved(self, move: Move) -> Circle:
        """The same circle elsewhere."""
        return replace(self, at=move(self.at))

    def outline(self) -> tuple[LatLon, ...]:
        """A regular polygon."""
        bearings = [360.0 * corner / _CORNERS for corner in range(_CORNERS)]
        return around(self.at, bearings, [self.radius_m] * _CORNERS)


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Everything within an ellipse."""

    kind: ClassVar[str] = "ellipse"
    at: LatLon
    major_m: float
    """Half of the long axis."""
    minor_m: float
    """Half of the short axis."""
    orientation_deg: float
    """Where the long axis points to."""

    def __post_init__(self) -> None:
        _place(self.at)
        _length(self.major_m)
        _length(self.minor_m)
        _angle(self.orientation_deg)
        if self.minor_m > self.major_m:
            raise BadShape("the short axis of an ellipse is longer than the long one")

    @property
    def centre(self) -> LatLon:
        """Its middle."""
        return self.at

    @property
    def radius_m(self) -> float:
        """Of the circle around it."""
        return self.major_m

    def scaled(self, factor: float) -> Ellipse:
        """With axes so many times as long."""
        major_m = min(self.major_m * factor, LONGEST_M)
        return replace(self, major_m=major_m, minor_m=min(self.minor_m * factor, major_m))

    def moved(self, move: Move) -> Ellipse:
        """The same ellipse elsewhere."""
        return replace(self, at=move(self.at))

    def outline(self) -> tuple[LatLon, ...]:
        """A polygon whose corners lie on it."""
        bearings, distances_m = [], []
        for corner in range(_CORNERS):
            turn = 2.0 * math.pi * corner / _CORNERS
            along, across = self.major_m * math.cos(turn), self.minor_m * math.sin(turn)
            bearings.append(self.orientation_deg + math.degrees(math.atan2(across, along)))
            distances_m.append(math.hypot(along, across))
        return around(self.at, bearings, distances_m)


@dataclass(frozen=True, slots=True)
class ArcBand:
    """A piece of a ring around an antenna: between two radii, from one bearing on."""

    kind: ClassVar[str] = "arc-band"
    at: LatLon
    """Where the antenna stands: not where the caller is."""
    inner_m: float
    outer_m: float
    start_deg: float
    """The first bearing."""
    opening_deg: float
    """From there clockwise."""

    def __post_init__(self) -> None:
        _place(self.at)
        _length(self.outer_m)
        _angle(self.start_deg)
        _angle(self.opening_deg)
        if not 0.0 <= self.inner_m < self.outer_m:
            raise BadShape("the inner radius of an arc band is not smaller than the outer one")
        if not 0.0 < self.opening_deg <= 360.0:
            raise BadShape("an arc band opens by more than 0 and at most 360 degrees")

    @property
    def centre(self) -> LatLon:
        """The centroid (RFC 7459, section 5.1.1)."""
        half = math.radians(self.opening_deg) / 2.0
        chord = math.sin(half) / half if half else 1.0  # the smallest of all numbers has no half
        rings_m = (self.outer_m**2 + self.outer_m * self.inner_m + self.inner_m**2) / (self.outer_m + self.inner_m)
        return ahead(self.at, self.start_deg + self.opening_deg / 2.0, 2.0 / 3.0 * chord * rings_m)

    @property
    def radius_m(self) -> float:
        """Of the circle around its centroid that holds all of it."""
        return farthest_m(self.centre, self.outline())

    def scaled(self, factor: float) -> ArcBand:
        """An arc band is cut by an antenna's sector and delays: it is not scaled."""
        return self

    def moved(self, move: Move) -> ArcBand:
        """The same arc band elsewhere."""
        return replace(self, at=move(self.at))

    def outline(self) -> tuple[LatLon, ...]:
        """Along the outer arc and back along the inner one."""
        steps = max(2, math.ceil(_CORNERS * self.opening_deg / 360.0))
        outer = [self.start_deg + self.opening_deg * step / steps for step in range(steps + 1)]
        inner = outer[::-1] if self.inner_m >= POINT_M else [self.start_deg]
        distances_m = [self.outer_m] * len(outer) + [self.inner_m] * len(inner)
        return around(self.at, outer + inner, distances_m)


@dataclass(frozen=True, slots=True)
class Polygon:
    """Everything within a ring of corners."""

    kind: ClassVar[str] = "polygon"
    ring: tuple[LatLon, ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.ring) <= MOST_VERTICES:
            raise BadShape(f"a polygon has 3 to {MOST_VERTICES} corners, not {len(self.ring)}")
        for corner in self.ring:
            _place(corner)
        _place(self.centre)  # of a ring that crosses itself it may lie anywhere, beyond the poles too

    @property
    def centre(self) -> LatLon:
        """The centroid of its area; of its corners where it has none."""
        first = self.ring[0]
        # Relative to the first corner, so that the date line is no wall.
        points = [((corner.lon - first.lon + 540.0) % 360.0 - 180.0, corner.lat - first.lat) for corner in self.ring]
        doubled = east = north = 0.0
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            cross = x1 * y2 - x2 * y1
            doubled, east, north = doubled + cross, east + (x1 + x2) * cross, north + (y1 + y2) * cross
        if abs(doubled) < 1e-14:
            east, north = (sum(values) / len(points) for values in zip(*points, strict=True))
        else:
            east, north = east / (3.0 * doubled), north / (3.0 * doubled)
        return LatLon(first.lat + north, wrapped(first.lon + east))

    @property
    def radius_m(self) -> float:
        """Of the circle around its centroid that holds all of it."""
        return farthest_m(self.centre, self.ring)

    def scaled(self, factor: float) -> Polygon:
        """Nobody knows how a polygon's probability is spread: it is not scaled."""
        return self

    def moved(self, move: Move) -> Polygon:
        """The same polygon elsewhere."""
        return Polygon(tuple(map(move, self.ring)))

    def outline(self) -> tuple[LatLon, ...]:
        """Its corners."""
        return self.ring


Shape = Point | Circle | Ellipse | ArcBand | Polygon


def _place(at: LatLon) -> None:
    if not (-90.0 <= at.lat <= 90.0 and -180.0 <= at.lon <= 180.0):
        raise BadShape(f"{at.lat}, {at.lon} is no place on earth")


def _length(metres: float) -> None:
    if not 0.0 < metres <= LONGEST_M:
        raise BadShape(f"{metres} m is no length that a shape has")


def _angle(degrees: float) -> None:
    if not -360.0 <= degrees <= 360.0:
        raise BadShape(f"{degrees} is no angle")
