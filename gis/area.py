"""Who is in charge where: the file `areas.geojson`.

    {"type": "FeatureCollection", "features": [
      {"type": "Feature",
       "properties": {"service": "fire", "id": "fire-north", "name": {"zh": "城北消防救援站", "en": "North Brigade"}},
       "geometry": {"type": "Polygon", "coordinates": [[[85.4, 39.6], …]]}},
      {"type": "Feature",
       "properties": {"station": "fire", "id": "station-fire-north", "name": {"zh": "城北消防救援站", "en": "North"}},
       "geometry": {"type": "Point", "coordinates": [85.41, 39.62]}}]}

A feature with `service` is an area (Polygon or MultiPolygon) of that service, one with `station` is the place of one of
its stations (Point). Services are those that callers dial and whatever else a centre divides itself by, such as
`district`. Coordinates are longitude and latitude, as RFC 7946 says, in the datum that `gis.yaml` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.field import Wording
from config.part import repeated
from config.problem import ConfigErrors, Problem, Refused, Step, path_text
from gis.datum import Datum, LatLon, to_wgs84
from gis.geojson import Feature, features

Rings = tuple[tuple[LatLon, ...], ...]
"""The outer ring of a polygon and those of its holes; each open, on WGS-84."""

_ID = re.compile(r"[a-z](?:-?[a-z0-9]){0,39}")
_NAME_RULE = "up to 40 lower-case letters, digits and single dashes between them, beginning with a letter"


@dataclass(frozen=True, slots=True)
class Area:
    """Where one unit of one service is in charge."""

    service: str
    id: str
    name: Wording
    polygons: tuple[Rings, ...]


@dataclass(frozen=True, slots=True)
class Station:
    """Where a service is at home."""

    service: str
    id: str
    name: Wording
    at: LatLon


@dataclass(frozen=True, slots=True)
class Areas:
    """Everything in one file, in its order."""

    areas: tuple[Area, ...] = ()
    stations: tuple[Station, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The services that have areas, in the file's order."""
        return tuple(dict.fromkeys(area.service for area in self.areas))

    @property
    def middle(self) -> LatLon | None:
        """The middle of the rectangle around all areas; None without any."""
        corners = [corner for area in self.areas for rings in area.polygons for corner in rings[0]]
        if not corners:
            return None
        lats, lons = zip(*corners, strict=True)
        return LatLon((min(lats) + max(lats)) / 2.0, (min(lons) + max(lons)) / 2.0)


def load_areas(path: Path, datum: Datum = Datum.WGS84) -> Areas:
    """Read the file; raises ConfigErrors with every feature that is wrong, its line and what is allowed."""
    areas: list[Area] = []
    stations: list[Station] = []
    ids: list[tuple[object, tuple[Step, ...]]] = []
    lines: list[int] = []
    problems: list[Problem] = []

    def complain(refused: Refused, line: int, *where: Step) -> None:
        path_of = path_text((*where, *refused.path))
        message = refused.message or "wrong"
        problems.append(Problem(path.name, line, 1, path_of, message, refused.code, refused.allowed))

    for index, feature in enumerate(features(path)):
        lines.append(feature.line)
        try:
            made = _made(feature, datum)
        except Refused as refused:
            complain(refused, feature.line, "features", index)
            continue
        ids.append((made.id, ("features", index, "properties", "id")))
        if isinstance(made, Area):
            areas.append(made)
        else:
            stations.append(made)
    for twice in repeated(ids):
        complain(twice, lines[int(twice.path[1])])
    if problems:
        raise ConfigErrors(problems)
    return Areas(tuple(areas), tuple(stations))


def _made(feature: Feature, datum: Datum) -> Area | Station:
    value = feature.value
    properties = value.get("properties") if isinstance(value, dict) else None
    geometry = value.get("geometry") if isinstance(value, dict) else None
    if not isinstance(properties, dict) or not isinstance(geometry, dict):
        raise Refused("bad_feature", "a feature has properties and a geometry")
    kinds = [key for key in ("service", "station") if key in properties]
    if len(kinds) != 1:
        raise Refused("bad_feature", "what this is is not said", allowed=("service", "station"), path=("properties",))
    service, id_ = _id(properties, kinds[0]), _id(properties, "id")
    name = _name(properties)
    if kinds == ["service"]:
        return Area(service, id_, name, tuple(_polygons(geometry, datum)))
    if geometry.get("type") != "Point":
        raise Refused("bad_geometry", "where a station is", allowed=("Point",), path=("geometry", "type"))
    return Station(service, id_, name, _corner(geometry.get("coordinates"), datum, ("geometry", "coordinates")))


def _id(properties: dict[str, Any], key: str) -> str:
    value = properties.get(key)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Refused("bad_name", f"got {value!r:.60}", allowed=(_NAME_RULE,), path=("properties", key))
    return value


def _name(properties: dict[str, Any]) -> Wording:
    value = properties.get("name")
    texts = value if isinstance(value, dict) else {"zh": value, "en": value}
    try:
        return Wording(**texts)
    except (ValueError, TypeError):
        allowed = "one line of text, or one in zh and one in en"
        raise Refused("bad_text", f"got {value!r:.60}", allowed=(allowed,), path=("properties", "name")) from None


def _polygons(geometry: dict[str, Any], datum: Datum) -> Iterator[Rings]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        allowed = ("Polygon", "MultiPolygon")
        raise Refused("bad_geometry", f"got {kind!r:.60}", allowed=allowed, path=("geometry", "type"))
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise Refused("bad_geometry", "no polygon is in it", path=("geometry", "coordinates"))
    for number, rings in enumerate(polygons):
        where: tuple[Step, ...] = (
            ("geometry", "coordinates") if kind == "Polygon" else ("geometry", "coordinates", number)
        )
        if not isinstance(rings, list) or not rings:
            raise Refused("bad_geometry", "a polygon is a list of rings", path=where)
        yield tuple(_ring(ring, datum, (*where, index)) for index, ring in enumerate(rings))


def _ring(ring: object, datum: Datum, where: tuple[Step, ...]) -> tuple[LatLon, ...]:
    if not isinstance(ring, list) or len(ring) < 4:
        raise Refused("bad_ring", "a ring has four corners at least, the last one as the first", path=where)
    corners = [_corner(corner, datum, (*where, index)) for index, corner in enumerate(ring)]
    if corners[0] != corners[-1]:
        raise Refused("open_ring", "the last corner of a ring is its first", path=where)
    return tuple(corners[:-1])


def _corner(corner: object, datum: Datum, where: tuple[Step, ...]) -> LatLon:
    numbers = corner if isinstance(corner, list) else []
    if len(numbers) not in (2, 3) or not all(type(number) in (int, float) for number in numbers):
        raise Refused("bad_corner", "a corner is longitude and latitude", path=where)
    lon, lat = float(numbers[0]), float(numbers[1])
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        hint = "; latitude stands first?" if -180.0 <= lat <= 180.0 and -90.0 <= lon <= 90.0 else ""
        raise Refused("bad_corner", f"longitude {lon}, latitude {lat} is no place on earth{hint}", path=where)
    return to_wgs84(LatLon(lat, lon), datum)
