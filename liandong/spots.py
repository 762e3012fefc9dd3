"""In which areas an incident lies, by its spot: what conditions of plans ask for. For any thread."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from gis.datum import LatLon
from gis.jurisdiction import CANNOT_CUT, Jurisdiction, Jurisdictions
from gis.position import Position, Source
from gis.record import shape_of
from gis.ring import ring
from gis.shape import Circle, Point, Polygon, Shape
from intake.incident import Spot

log = logging.getLogger("engine")


def areas_at(jurisdictions: Jurisdictions | None, spot: Spot | None) -> frozenset[str]:
    """Ids of every area in which it lies, or may lie; empty where nothing says where it is. Never raises."""
    if jurisdictions is None or spot is None:
        return frozenset()
    for shape in (_whole(spot), _plain(spot)):
        if shape is None:
            continue
        position = Position(Source.CALL_TAKER, spot.at, shape, confidence=spot.confidence or None)
        try:
            return area_ids((jurisdictions.at(position) or {}).values())
        except CANNOT_CUT as error:  # its text may name the place
            log.warning("the areas of a spot could not be computed by its %s: %s", shape.kind, type(error).__name__)
    return frozenset()


def area_ids(found: Iterable[Jurisdiction]) -> frozenset[str]:
    """Ids of the areas of some jurisdictions."""
    return frozenset(share.id for each in found for share in each.shares)


def _whole(spot: Spot) -> Shape | None:
    """The whole shape, if it is one that we read; of a polygon that crosses itself the hull, as of a caller's."""
    if spot.shape is None:
        return None
    try:
        shape = shape_of(json.loads(spot.shape))
        return Polygon(ring(shape.ring)[0]) if isinstance(shape, Polygon) else shape
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None  # somebody else's form of a shape; the spot says enough without it


def _plain(spot: Spot) -> Shape:
    """Its middle and radius."""
    at = LatLon(spot.lat, spot.lon)
    return Point(at) if not spot.radius_m else Circle(at, spot.radius_m)
