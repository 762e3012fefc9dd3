"""Distances and directions on the WGS-84 ellipsoid: metres, and degrees clockwise from north."""

from __future__ import annotations

from collections.abc import Sequence

from pyproj import Geod

from gis.datum import LatLon

_EARTH = Geod(ellps="WGS84")


def wrapped(lon: float) -> float:
    """A longitude brought into -180 to 180."""
    return lon if -180.0 <= lon <= 180.0 else (lon + 180.0) % 360.0 - 180.0


def distance_m(one: LatLon, other: LatLon) -> float:
    """Along the earth, in metres."""
    _, _, metres = _EARTH.inv(one.lon, one.lat, other.lon, other.lat)
    return float(metres)


def farthest_m(centre: LatLon, corners: Sequence[LatLon]) -> float:
    """How far the farthest corner is, in metres."""
    count = len(corners)
    lons, lats = [corner.lon for corner in corners], [corner.lat for corner in corners]
    _, _, metres = _EARTH.inv([centre.lon] * count, [centre.lat] * count, lons, lats)
    return float(max(metres))


def ahead(at: LatLon, bearing: float, metres: float) -> LatLon:
    """The place that lies so far in this direction."""
    lon, lat, _ = _EARTH.fwd(at.lon, at.lat, bearing, metres)
    return LatLon(float(lat), float(lon))


def around(at: LatLon, bearings: Sequence[float], distances_m: Sequence[float]) -> tuple[LatLon, ...]:
    """The places that lie so far in these directions."""
    count = len(bearings)
    lons, lats, _ = _EARTH.fwd([at.lon] * count, [at.lat] * count, list(bearings), list(distances_m))
    return tuple(LatLon(float(lat), float(lon)) for lat, lon in zip(lats, lons, strict=True))
