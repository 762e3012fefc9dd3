"""In which areas an incident lies, by its spot: what conditions of plans ask for. Pure, and for any thread."""

from __future__ import annotations

import json
from collections.abc import Iterable

from gis.datum import LatLon
from gis.jurisdiction import Jurisdiction, Jurisdictions
from gis.position import Position, Source
from gis.record import shape_of
from gis.shape import Circle, Point, Shape
from intake.incident import Spot


def areas_at(jurisdictions: Jurisdictions | None, spot: Spot | None) -> frozenset[str]:
    """Ids of every area in which it lies, or may lie; empty where nothing says where it is."""
    if jurisdictions is None or spot is None:
        return frozenset()
    position = Position(Source.CALL_TAKER, spot.at, _shape(spot), confidence=spot.confidence or None)
    return area_ids((jurisdictions.at(position) or {}).values())


def area_ids(found: Iterable[Jurisdiction]) -> frozenset[str]:
    """Ids of the areas of some jurisdictions."""
    return frozenset(share.id for each in found for share in each.shares)


def _shape(spot: Spot) -> Shape:
    """The whole shape, if it is one that we read; else its middle and radius."""
    if spot.shape is not None:
        try:
            return shape_of(json.loads(spot.shape))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            pass  # somebody else's form of a shape; the spot says enough without it
    at = LatLon(spot.lat, spot.lon)
    return Point(at) if not spot.radius_m else Circle(at, spot.radius_m)
