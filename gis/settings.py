"""`gis.yaml`: what a centre says about places.

place: {lat: 39.6, lon: 85.4}
areas: areas.geojson
subscribers: subscribers.csv
numbers: {area: 900}
trunks:
  city: {origin: {lat: 39.6, lon: 85.4, radius_m: 12000, confidence: 0.9}}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from config.field import Between, Digits, Line, Name
from config.part import Part
from config.problem import Refused, nearest
from gis.datum import Datum, LatLon, to_wgs84
from gis.number import NumberPlan

Latitude = Annotated[float, Between(-90, 90, "degrees")]
Longitude = Annotated[float, Between(-180, 180, "degrees")]

_FILE = re.compile(r"[^/\x00-\x1f\\.][^/\x00-\x1f\\]{0,99}")


def _file(value: str) -> str:
    if not _FILE.fullmatch(value):
        raise Refused("bad_file", allowed=("the name of a file in this folder",))
    return value


FileName = Annotated[str, AfterValidator(_file)]
"""The name of a file beside `gis.yaml`."""


class PlaceSettings(Part):
    """A place on the earth."""

    lat: Latitude = Field(description="latitude, WGS-84")
    lon: Longitude = Field(description="longitude, WGS-84")


class NumberSettings(Part):
    """How telephone numbers are written where the centre is."""

    country: Digits = Field("86", description="country code")
    area: Digits | None = Field(
        None, description="the centre's area code without the 0 before it; local numbers are completed with it"
    )

    def complaints(self) -> Iterator[Refused]:
        """Codes that no number can begin with."""
        for name, value in (("country", self.country), ("area", self.area)):
            if value is not None and value.startswith("0"):
                yield Refused("leading_zero", "the 0 before it is left out", path=(name,))


class OriginSettings(Part):
    """Where the calls of one trunk come from, when nothing better is known."""

    lat: Latitude = Field(description="latitude of the middle")
    lon: Longitude = Field(description="longitude of the middle")
    radius_m: Annotated[float, Between(1, 500_000, "m")] = Field(description="how far from there callers are")
    confidence: Annotated[float, Between(0.01, 1)] = Field(0.95, description="for which part of them that holds")
    datum: Datum = Field(Datum.WGS84, description="what `lat` and `lon` are in")
    address: Line | None = Field(None, description="what people call that region")


class TrunkPlaces(Part):
    """What is known of one trunk's callers."""

    origin: OriginSettings | None = Field(None, description="the position that every call of it has")
    means: Datum = Field(
        Datum.WGS84, description="what its senders really mean by WGS-84; some put GCJ-02 there and do not say so"
    )


class GisSettings(Part):
    """`gis.yaml`: what the centre knows of places."""

    place: PlaceSettings | None = Field(
        None, description="where the centre is, WGS-84: metres are counted around it; else the middle of all areas"
    )
    datum: Datum = Field(
        Datum.WGS84, description="what people's coordinates are in, and those of subscribers that do not say"
    )
    areas: FileName | None = Field(None, description="GeoJSON of areas and stations by service")
    areas_datum: Datum = Field(Datum.WGS84, description="what its coordinates are in")
    subscribers: FileName | None = Field(None, description="CSV of subscribers: numbers, names, addresses, places")
    numbers: NumberSettings = Field(NumberSettings(), description="how numbers are written here")
    far_km: Annotated[float, Between(1, 20_000, "km")] = Field(
        300, description="a position so far from the centre is told, kept, and ranked last"
    )
    trunks: dict[Name, TrunkPlaces] = Field({}, description="what is known of a trunk's callers")

    @property
    def plan(self) -> NumberPlan:
        """How numbers become keys."""
        return NumberPlan(self.numbers.country, self.numbers.area or "")

    @property
    def centre(self) -> LatLon | None:
        """Where the centre is, if that is said."""
        return None if self.place is None else LatLon(self.place.lat, self.place.lon)

    def unknown_trunks(self, trunks: Collection[str]) -> Iterator[Refused]:
        """A complaint for each trunk that the centre does not have; whoever composes the parts asks for it."""
        for name in self.trunks:
            if name not in trunks:
                yield Refused("no_such_trunk", allowed=trunks, nearest=nearest(name, trunks), path=("trunks", name))


def origin_place(origin: OriginSettings) -> LatLon:
    """The middle of a trunk's origin, WGS-84."""
    return to_wgs84(LatLon(origin.lat, origin.lon), origin.datum)
