"""Metres around a centre: areas, distances and shares are counted in them and never in degrees.

Nearest in degrees is wrong for one query in nine at Beijing's latitude. The system is chosen from the centre's
longitude: within China the CGCS2000 3-degree Gauss-Kruger zone whose meridian is nearest (EPSG:4534 to 4554, what the
city's own surveyors use), elsewhere UTM on WGS-84. One centre has one system; nobody sees its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyproj import CRS, Transformer

from gis.datum import LatLon

_FIRST_MERIDIAN, _LAST_MERIDIAN = 75, 135
_FIRST_ZONE = 4534  # EPSG: CGCS2000 / 3-degree Gauss-Kruger CM 75E; one more for each three degrees


def zone_of(centre: LatLon) -> int:
    """The EPSG code of the metric system that is right around this place."""
    meridian = round(centre.lon / 3.0) * 3
    if _FIRST_MERIDIAN <= meridian <= _LAST_MERIDIAN and 3.0 <= centre.lat <= 54.0:
        return _FIRST_ZONE + (meridian - _FIRST_MERIDIAN) // 3
    zone = min(int((centre.lon + 180.0) // 6.0) + 1, 60)
    return (32600 if centre.lat >= 0.0 else 32700) + zone


class Metres:
    """The plane in metres around one centre; right to a few metres in ten kilometres within some 300 km of it."""

    def __init__(self, centre: LatLon) -> None:
        self.centre = centre
        self.epsg = zone_of(centre)
        system = CRS.from_epsg(self.epsg)
        # From the system's own latitudes and longitudes: CGCS2000 is WGS-84 here, and no shift is looked for.
        assert system.geodetic_crs is not None
        self._there = Transformer.from_crs(system.geodetic_crs, system, always_xy=True)

    def plane(self, places: Sequence[LatLon]) -> list[tuple[float, float]]:
        """East and north in metres, for each place; infinite for a place on the other side of the earth."""
        easts, norths = self._there.transform([place.lon for place in places], [place.lat for place in places])
        return list(zip(easts, norths, strict=True))

    def place(self, east: float, north: float) -> LatLon:
        """The place at these metres."""
        lon, lat = self._there.transform(east, north, direction="INVERSE")
        return LatLon(float(lat), float(lon))
