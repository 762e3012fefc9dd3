"""Shapes as location objects carry them (GML 3.1.1 and the GeoShape profile), whoever unpacked them.

Asterisk's geolocation profile and a PIDF-LO document say the same in different wrappings; both become a `Sent`, and
`shaped` makes a shape on WGS-84 of it. What a sender got wrong is understood where only one reading makes sense, and
told; where a length makes none, the place alone is kept: it is still where help goes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gis.datum import Datum, LatLon, to_wgs84
from gis.numerals import Places, number, places
from gis.ring import ring
from gis.shape import ArcBand, BadShape, Circle, Ellipse, Point, Polygon, Shape
from gis.trouble import Flaw, Trouble, trouble

FOOT_M = 0.3048

_CODE = re.compile(r"(?<![0-9])(4326|4979|4490|4480)$")
_DATUMS = {"4326": Datum.WGS84, "4979": Datum.WGS84, "4490": Datum.CGCS2000, "4480": Datum.CGCS2000}
_THREE_D = ("4979", "4480")
_NAMED = {"gcj02": Datum.GCJ02, "gcj-02": Datum.GCJ02, "bd09": Datum.BD09, "bd-09": Datum.BD09}
# Of a length, in metres; EPSG:9002 is dealt with apart.
_METRES = {"": 1.0, "9001": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "9036": 1000.0}
_FEET = ("9002", "ft", "foot", "feet")
# Of an angle, in degrees.
_DEGREES = {"": 1.0, "9102": 1.0, "degree": 1.0, "degrees": 1.0, "deg": 1.0, "9101": math.degrees(1.0)}
_UNIT = re.compile(r"(?:[A-Za-z]+|[0-9]+)$")


@dataclass(frozen=True, slots=True)
class Sent:
    """A shape as it was sent, unpacked and not yet believed."""

    kind: str
    """The element's name: Point, Circle, Ellipse, ArcBand, Polygon, Sphere, Ellipsoid, Prism."""
    places: tuple[str, ...]
    """The texts of `pos`, `posList` or `coordinates`, in their order."""
    srs: str = ""
    """The reference system as it was written; empty if none was."""
    dimensions: int = 2
    """Numbers a place in a list of places."""
    measures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Radii, axes and angles by their elements' names: text and unit."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """What became of it."""

    shape: Shape | None
    """On WGS-84; None where nothing could be made of it."""
    datum: Datum
    """In which it came."""
    height_m: float | None
    troubles: tuple[Trouble, ...]


def shaped(sent: Sent, meant: Datum = Datum.WGS84) -> Shaped:
    """The shape that was sent. `meant` is what this sender means when it says WGS-84 or nothing; never raises."""
    reading = _Reading(sent)
    datum = reading.datum(meant)
    try:
        shape, height_m = reading.shape(datum)
    except BadShape as error:
        reading.tell(Flaw.BAD_SHAPE, str(error))
        shape, height_m = None, None
    return Shaped(shape, datum or Datum.WGS84, height_m if shape else None, tuple(reading.troubles))


class _BadLength(ValueError):
    """A radius, axis or angle that cannot be."""


class _Reading:
    """One shape on its way in, and what is told of it."""

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self.srs = sent.srs.strip()[-200:]
        self.troubles: list[Trouble] = []

    def tell(self, flaw: Flaw, detail: str = "") -> None:
        """One more trouble; each kind once."""
        if all(known.flaw is not flaw for known in self.troubles):
            self.troubles.append(trouble(flaw, detail))

    def datum(self, meant: Datum) -> Datum | None:
        """The datum that the reference system says; None for a system that is not known."""
        srs = self.srs
        if not srs:
            self.tell(Flaw.NO_CRS)
            return meant
        if code := _CODE.search(srs):
            said = _DATUMS[code[1]]
            return meant if said is Datum.WGS84 else said
        if "crs84" in srs.lower():
            return meant
        for name, datum in _NAMED.items():
            if name in srs.lower():
                return datum
        self.tell(Flaw.UNKNOWN_CRS, srs)
        return None

    def shape(self, datum: Datum | None) -> tuple[Shape | None, float | None]:
        """The shape on WGS-84 and its height; raises BadShape."""
        if datum is None:
            return None, None
        code = _CODE.search(self.srs)
        dimensions = 3 if code and code[1] in _THREE_D else self.sent.dimensions
        found = places(self.sent.places, dimensions=dimensions, east_first="crs84" in self.srs.lower())
        for each in found.troubles:
            self.tell(each.flaw, each.detail)
        if not found.at:
            raise BadShape(f"{self.sent.kind} without a place")
        if any(place == (0.0, 0.0) for place in found.at[:1]):
            self.tell(Flaw.NULL_PLACE, self.sent.places[0])
            return None, None
        shape = self._shape(found)
        if shape is None or datum in (Datum.WGS84, Datum.CGCS2000):
            return shape, found.height_m
        return shape.moved(lambda place: to_wgs84(place, datum)), found.height_m

    def _shape(self, found: Places) -> Shape | None:
        at = found.at[0]
        if len(found.at) > 1 and self.sent.kind not in ("Polygon", "Prism"):
            raise BadShape(f"{self.sent.kind} with {len(found.at)} places")
        try:
            match self.sent.kind:
                case "Point":
                    return Point(at)
                case "Circle" | "Sphere":
                    return Circle(at, self._length("radius"))
                case "Ellipse" | "Ellipsoid":
                    return self._ellipse(at)
                case "ArcBand":
                    return self._arc_band(at)
                case "Polygon" | "Prism":
                    return self._polygon(found.at)
                case unknown:
                    self.tell(Flaw.UNKNOWN_SHAPE, unknown)
                    return Point(at)
        except _BadLength as error:
            self.tell(Flaw.BAD_LENGTH, str(error))
            return Point(at)

    def _polygon(self, corners: tuple[LatLon, ...]) -> Shape:
        if len(corners) == 1:
            raise BadShape("a polygon of one corner")
        enclosed, troubles = ring(corners)
        for each in troubles:
            self.tell(each.flaw, each.detail)
        return Polygon(enclosed)

    def _ellipse(self, at: LatLon) -> Shape:
        major_m, minor_m = self._length("semiMajorAxis"), self._length("semiMinorAxis")
        turn = self._angle("orientation")
        if minor_m > major_m:
            self.tell(Flaw.CROSSED_AXES, f"{major_m} and {minor_m} m")
            major_m, minor_m, turn = minor_m, major_m, (turn + 90.0) % 360.0
        return Ellipse(at, major_m, minor_m, turn)

    def _arc_band(self, at: LatLon) -> Shape:
        # In feet or in metres? The widest band holds both readings.
        inner_m, outer_m = self._length("innerRadius", zero=True, wide=False), self._length("outerRadius")
        opening = self._angle("openingAngle", whole=True)
        if inner_m >= outer_m or not opening:
            raise _BadLength(f"a band from {inner_m} to {outer_m} m that opens by {opening} degrees")
        return ArcBand(at, inner_m, outer_m, self._angle("startAngle"), opening)

    def _length(self, name: str, *, zero: bool = False, wide: bool = True) -> float:
        text, unit = self.sent.measures.get(name, ("", ""))
        value, said = number(text), _unit(unit)
        if value is None or value < 0.0 or (value == 0.0 and not zero):
            raise _BadLength(f"{name} {text.strip() or 'missing'}")
        factor = _METRES.get(said)
        if said in _FEET:
            # Typed for 9001, or really feet? Metres make the area larger, and a caller outside it is the worse error.
            self.tell(Flaw.FEET, f"{name} {text.strip()} {unit}")
            factor = 1.0 if wide else FOOT_M
        elif factor is None:
            self.tell(Flaw.UNKNOWN_UNIT, f"{name} {text.strip()} {unit}")
            factor = 1.0
        if value * factor > 20_000_000.0:
            raise _BadLength(f"{name} {text.strip()}")
        return value * factor

    def _angle(self, name: str, *, whole: bool = False) -> float:
        text, unit = self.sent.measures.get(name, ("", ""))
        value, factor = number(text), _DEGREES.get(_unit(unit))
        if value is None:
            raise _BadLength(f"{name} {text.strip() or 'missing'}")
        if factor is None:
            self.tell(Flaw.UNKNOWN_UNIT, f"{name} {text.strip()} {unit}")
            factor = 1.0
        degrees = value * factor
        return 360.0 if whole and degrees == 360.0 else degrees % 360.0


def _unit(unit: str) -> str:
    end = unit.strip()[-20:]
    found = _UNIT.search(end)
    return found[0].lower() if found else end
