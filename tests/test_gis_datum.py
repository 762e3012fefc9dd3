"""Datums: the same place in the numbers of four systems."""

import json
import math

import pytest
from hypothesis import given

from gis.datum import Datum, LatLon, from_wgs84, in_china, to_wgs84
from gis.earth import distance_m
from tests.gis_places import data, patient, places

# WGS-84 and GCJ-02, computed by others to 1e-9 degrees.
VECTORS = [
    (LatLon(31.1774276, 121.5272106), LatLon(31.17530398364597, 121.531541859215)),
    (LatLon(22.543847, 113.912316), LatLon(22.540796131694766, 113.9171764808363)),
]


@pytest.mark.parametrize(("wgs84", "gcj02"), VECTORS)
def test_gcj02_is_what_everybody_computes(wgs84: LatLon, gcj02: LatLon) -> None:
    there = from_wgs84(wgs84, Datum.GCJ02)
    assert there.lat == pytest.approx(gcj02.lat, abs=1e-9)
    assert there.lon == pytest.approx(gcj02.lon, abs=1e-9)
    back = to_wgs84(gcj02, Datum.GCJ02)
    assert distance_m(back, wgs84) < 1e-4


def test_the_cities_of_china_lie_where_they_are_in_all_three_systems() -> None:
    cities = json.loads(data("datum/china-cities.json").read_text(encoding="utf-8"))
    assert len(cities) == 120
    for city in cities:
        wgs84, gcj02, bd09 = (LatLon(*reversed(city[key])) for key in ("WGS84", "GCJ02", "BD09"))
        assert distance_m(from_wgs84(wgs84, Datum.GCJ02), gcj02) < 0.8, city["name"]
        assert distance_m(to_wgs84(gcj02, Datum.GCJ02), wgs84) < 0.8, city["name"]
        assert distance_m(from_wgs84(to_wgs84(gcj02, Datum.GCJ02), Datum.BD09), bd09) < 0.02, city["name"]
        assert distance_m(from_wgs84(to_wgs84(bd09, Datum.BD09), Datum.GCJ02), gcj02) < 0.2, city["name"]


@pytest.mark.parametrize(
    "place", [LatLon(51.5, -0.1), LatLon(-33.9, 151.2), LatLon(0.5, 100.0), LatLon(40.0, 71.9), LatLon(56.0, 100.0)]
)
@pytest.mark.parametrize("datum", list(Datum))
def test_outside_the_rectangle_nothing_is_distorted(place: LatLon, datum: Datum) -> None:
    assert not in_china(place)
    assert from_wgs84(place, datum) == place == to_wgs84(place, datum)


@patient
@given(places((1.0, 55.0), (73.0, 137.0)))
def test_there_and_back_is_the_same_place_everywhere_in_china(place: LatLon) -> None:
    for datum, most_m in ((Datum.GCJ02, 1e-3), (Datum.BD09, 0.5)):
        there = from_wgs84(place, datum)
        assert distance_m(to_wgs84(there, datum), place) < most_m


@patient
@given(places((18.0, 53.0), (74.0, 134.0)))
def test_gcj02_lies_half_a_kilometre_off_and_bd09_further(place: LatLon) -> None:
    gcj02, bd09 = from_wgs84(place, Datum.GCJ02), from_wgs84(place, Datum.BD09)
    assert 10.0 < distance_m(place, gcj02) < 1_300.0
    assert 400.0 < distance_m(gcj02, bd09) < 1_400.0


@patient
@given(places())
def test_cgcs2000_is_taken_as_it_is_and_no_place_becomes_no_number(place: LatLon) -> None:
    assert to_wgs84(place, Datum.CGCS2000) == place
    for datum in Datum:
        assert all(map(math.isfinite, (*to_wgs84(place, datum), *from_wgs84(place, datum))))
