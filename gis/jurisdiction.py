"""Which area of each service a position lies in, and how much of it in which, where it may lie in several.

Counted in metres around the centre. A position with a radius is looked up with the area that holds the caller in 95 of
100 cases; most such areas lie in one jurisdiction, which costs one look into a tree, and only the rest is cut up.

Rules:

- Shares are parts of the position's own area, and what lies in no area is told as `outside`. Nothing is rounded up to
  one: a caller who is with 40 % in the next brigade's area is not in ours.
- A position that covers no ground is a point; one whose outline crosses itself is what its loops enclose.
- A place exactly on a border lies on both sides, with equal shares.
- Areas of one service may overlap, by a mistake of who drew them or on purpose: then shares add up to more than one,
  and `overlaps` finds them beforehand.
- The first share is the largest; of equal ones the smaller id stands first, so that everybody sees the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.errors import ShapelyError

from config.field import Wording
from gis.area import Area, Areas, Rings
from gis.datum import LatLon
from gis.earth import distance_m
from gis.metric import Metres
from gis.position import Position
from gis.shape import Point

REACH_M = 300_000.0
"""From the centre: beyond it nothing is projected, and no area lies there."""
VAGUE_M = 100_000.0
"""A position with a larger radius says nothing about areas."""
LEAST_SHARE = 0.005
"""Less than this is the width of a pencil line."""
CANNOT_CUT = (ShapelyError, ArithmeticError, ValueError)
"""What `Jurisdictions.at` may raise for a shape that nobody has thought of; its text may name a place."""

_BENT_DEG = 0.02  # edges longer than this get corners between: what is left bends by less than a decimetre


@dataclass(frozen=True, slots=True)
class Share:
    """One area, and how much of the position lies in it."""

    id: str
    name: Wording
    share: float
    """Above 0 and up to 1, to four places."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Who is in charge of one service."""

    service: str
    shares: tuple[Share, ...]
    """The largest first; empty where no area has the position."""
    outside: float
    """How much of the position lies in no area of this service, 0 to 1."""

    @property
    def main(self) -> Share | None:
        """The area with the largest share."""
        return self.shares[0] if self.shares else None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two areas of one service that cover the same ground."""

    service: str
    ids: tuple[str, str]
    square_m: float


class Jurisdictions:
    """All areas of a centre, ready to be asked; never changed, so any thread may ask."""

    def __init__(self, areas: Areas, metres: Metres) -> None:
        self._metres = metres
        self._areas: tuple[Area, ...] = areas.areas
        self.services = areas.services
        """Those that have areas, in the order in which they are answered."""
        self._grounds = np.array([_ground(area.polygons, metres) for area in self._areas], dtype=object)
        shapely.prepare(self._grounds)
        self._tree = STRtree(self._grounds)
        self._overlapping = self._overlaps()

    def at(self, position: Position) -> dict[str, Jurisdiction] | None:
        """The jurisdiction of each service; None where the position has no place, or says too little for areas.

        May raise one of `CANNOT_CUT`.
        """
        area = position.area()
        if area is None or (area.radius_m or 0.0) > VAGUE_M:
            return None
        if distance_m(self._metres.centre, area.centre) > REACH_M:
            return {service: Jurisdiction(service, (), 1.0) for service in self.services}
        if isinstance(area, Point):
            return self._at_point(area.at)
        spot = _valid(shapely.Polygon(self._metres.plane(area.outline())))
        return self._in(spot) if shapely.area(spot) > 0.0 else self._at_point(area.centre)

    def overlaps(self, least_square_m: float = 10_000.0) -> tuple[Overlap, ...]:
        """Pairs of areas of one service that share more ground than drawing mistakes explain (a hectare)."""
        found = []
        for one, other in sorted((one, other) for one, others in self._overlapping.items() for other in others):
            if one > other:
                continue
            square_m = float(shapely.area(shapely.intersection(self._grounds[one], self._grounds[other])))
            if square_m > least_square_m:
                ids = (self._areas[one].id, self._areas[other].id)
                found.append(Overlap(self._areas[one].service, ids, square_m))
        return tuple(found)

    def _overlaps(self) -> dict[int, set[int]]:
        """To each area the others of its service that it does more than touch."""
        found: dict[int, set[int]] = defaultdict(set)
        ones, others = self._tree.query(self._grounds, predicate="intersects") if self._areas else ((), ())
        for one, other in zip(ones, others, strict=True):
            if one == other or self._areas[one].service != self._areas[other].service:
                continue
            if not shapely.touches(self._grounds[one], self._grounds[other]):
                found[int(one)].add(int(other))
        return dict(found)

    def _at_point(self, at: LatLon) -> dict[str, Jurisdiction]:
        point = shapely.Point(self._metres.plane([at])[0])
        found = self._by_service(self._tree.query(point, predicate="covered_by"))
        return {
            service: self._told(service, [(index, 1.0 / len(found[service])) for index in found[service]], 0.0)
            if service in found
            else Jurisdiction(service, (), 1.0)
            for service in self.services
        }

    def _in(self, spot: shapely.Geometry) -> dict[str, Jurisdiction]:
        whole = self._by_service(self._tree.query(spot, predicate="covered_by"))
        answers = {service: self._told(service, [(i, 1.0) for i in found], 0.0) for service, found in whole.items()}
        if len(answers) < len(self.services):
            cut = self._by_service(self._tree.query(spot, predicate="intersects"))
            left = [index for service, found in cut.items() if service not in answers for index in found]
            square_m = float(shapely.area(spot))
            pieces = dict(zip(left, shapely.intersection(self._grounds[left], spot), strict=True))
            for service in self.services:
                if service not in answers:
                    answers[service] = self._cut(service, square_m, {i: pieces[i] for i in cut.get(service, ())})
        return {service: answers[service] for service in self.services}

    def _by_service(self, indices: Iterable[int]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for index in indices:
            found[self._areas[index].service].append(int(index))
        return found

    def _cut(self, service: str, square_m: float, pieces: Mapping[int, shapely.Geometry]) -> Jurisdiction:
        shares = [(index, float(shapely.area(piece)) / square_m) for index, piece in pieces.items()]
        covered = sum(share for _, share in shares)
        if any(not pieces.keys().isdisjoint(self._overlapping.get(index, ())) for index in pieces):
            covered = float(shapely.area(shapely.union_all([*pieces.values()]))) / square_m
        return self._told(service, shares, 1.0 - covered)

    def _told(self, service: str, shares: Sequence[tuple[int, float]], outside: float) -> Jurisdiction:
        told = [
            Share(self._areas[index].id, self._areas[index].name, round(min(share, 1.0), 4))
            for index, share in shares
            if share >= LEAST_SHARE
        ]
        told.sort(key=lambda share: (-share.share, share.id))
        return Jurisdiction(service, tuple(told), round(min(max(outside, 0.0), 1.0), 4))


def _ground(polygons: Sequence[Rings], metres: Metres) -> shapely.Geometry:
    """The polygons on the plane, without what makes them invalid: a ring that touches itself is no reason to stop."""
    made = [shapely.Polygon(_flat(rings[0]), [_flat(hole) for hole in rings[1:]]) for rings in polygons]
    degrees = made[0] if len(made) == 1 else shapely.MultiPolygon(made)
    # An edge is straight in degrees (RFC 7946, section 3.1.1): on the plane a long one is bent, by 19 m in 34 km.
    finer = shapely.segmentize(degrees, _BENT_DEG)
    ground = shapely.transform(finer, lambda corners: np.array(metres.plane([LatLon(y, x) for x, y in corners])))
    return _valid(ground)


def _valid(ground: shapely.Geometry) -> shapely.Geometry:
    return ground if shapely.is_valid(ground) else shapely.make_valid(ground)


def _flat(ring: Sequence[LatLon]) -> list[tuple[float, float]]:
    return [(corner.lon, corner.lat) for corner in ring]
