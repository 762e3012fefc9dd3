"""Areas read from a file, and which of them a position lies in."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from config.problem import ConfigErrors
from gis.area import Area, Areas, load_areas
from gis.civic import Civic
from gis.datum import Datum, LatLon, from_wgs84
from gis.earth import distance_m
from gis.jurisdiction import LEAST_SHARE, Jurisdiction, Jurisdictions
from gis.metric import Metres
from gis.position import Position, Source
from gis.shape import ArcBand, Circle, Ellipse, Point, Polygon, Shape
from tests.gis_places import CENTRE, FOUR, NOW, patient, places, square

METRES = Metres(CENTRE)
WHERE = Jurisdictions(FOUR, METRES)
NEAR = places((39.45, 39.75), (85.25, 85.55))


def at(shape: Shape, confidence: float | None = None) -> dict[str, Jurisdiction]:
    found = WHERE.at(Position(Source.SIP, NOW, shape, confidence=confidence))
    assert found is not None
    return found


def shares(jurisdiction: Jurisdiction) -> dict[str, float]:
    return {each.id: each.share for each in jurisdiction.shares}


def test_a_point_lies_in_one_area_of_each_service() -> None:
    found = at(Point(LatLon(39.65, 85.3)))
    assert {service: shares(each) for service, each in found.items()} == {
        "fire": {"fire-west": 1.0},
        "police": {"police-north": 1.0},
    }
    assert [each.outside for each in found.values()] == [0.0, 0.0]


def test_a_point_in_no_area_of_a_service_is_outside() -> None:
    found = at(Point(LatLon(39.75, 85.3)))
    assert shares(found["fire"]) == {"fire-west": 1.0}
    assert (found["police"].main, found["police"].outside) == (None, 1.0)


def test_a_circle_on_a_border_is_halved() -> None:
    found = at(Circle(LatLon(39.55, 85.4), 300.0))
    assert shares(found["fire"]) == {
        "fire-east": pytest.approx(0.5, abs=0.01),
        "fire-west": pytest.approx(0.5, abs=0.01),
    }
    assert shares(found["police"]) == {"police-south": 1.0}


def test_what_lies_in_no_area_is_told() -> None:
    found = at(Circle(LatLon(39.7, 85.3), 300.0))
    assert shares(found["police"]) == {"police-north": pytest.approx(0.5, abs=0.01)}
    assert found["police"].outside == pytest.approx(0.5, abs=0.01)


def test_areas_are_looked_up_with_the_radius_of_95_percent() -> None:
    near = LatLon(39.55, 85.4005)  # 43 m east of the border
    assert len(at(Circle(near, 40.0), 0.95)["fire"].shares) == 1
    assert len(at(Circle(near, 40.0), 0.68)["fire"].shares) == 2


def test_a_place_on_a_border_lies_on_both_sides_and_on_a_meridian_that_is_exact() -> None:
    east_west = Areas((square("fire", "b", 39.4, 85.4, 39.8, 85.6), square("fire", "a", 39.4, 85.2, 39.8, 85.4)))
    corner = LatLon(39.4, 85.4)
    found = Jurisdictions(east_west, METRES).at(Position(Source.SIP, NOW, Point(corner)))
    assert found is not None
    assert [(each.id, each.share) for each in found["fire"].shares] == [("a", 0.5), ("b", 0.5)]


def test_what_says_nothing_about_areas_gets_none() -> None:
    address = Civic.of((("RD", "晨光路"),))
    assert WHERE.at(Position(Source.SIP, NOW, None, civic=address)) is None
    assert WHERE.at(Position(Source.SIP, NOW, Circle(CENTRE, 150_000.0))) is None
    far = at(Point(LatLon(-33.9, 151.2)))
    assert [(each.main, each.outside) for each in far.values()] == [(None, 1.0)] * 2


def test_an_area_in_two_pieces_with_a_hole_is_one() -> None:
    hole = tuple(LatLon(*corner) for corner in ((39.5, 85.3), (39.5, 85.31), (39.51, 85.31), (39.51, 85.3)))
    west, east = (square("fire", "x", 39.4, w, 39.6, w + 0.1).polygons[0][0] for w in (85.25, 85.45))
    area = Area("fire", "both", FOUR.areas[0].name, ((west, hole), (east,)))
    where = Jurisdictions(Areas((area,)), METRES)

    def inside(lat: float, lon: float) -> bool:
        found = where.at(Position(Source.SIP, NOW, Point(LatLon(lat, lon))))
        return found is not None and found["fire"].main is not None

    assert (inside(39.45, 85.3), inside(39.45, 85.5), inside(39.505, 85.305), inside(39.45, 85.4)) == (
        True,
        True,
        False,
        False,
    )


def test_areas_that_overlap_by_mistake_are_found() -> None:
    areas = (*FOUR.areas, square("fire", "fire-middle", 39.5, 85.39, 39.52, 85.41))
    found = Jurisdictions(Areas(areas), METRES).overlaps()
    assert {each.ids for each in found} == {("fire-west", "fire-middle"), ("fire-east", "fire-middle")}
    assert all(each.square_m == pytest.approx(860 * 2221, rel=0.01) for each in found)
    assert WHERE.overlaps() == ()


@cache
def ground(area: Area) -> shapely.Polygon:
    """A rectangle on the plane, its edges as bent as parallels and meridians are."""
    (south, west), _, (north, east), _ = area.polygons[0][0]
    part = [step / 400 for step in range(401)]
    up = [south + (north - south) * each for each in part]
    along = [west + (east - west) * each for each in part]
    ring = [LatLon(south, lon) for lon in along] + [LatLon(lat, east) for lat in up]
    ring += [LatLon(north, lon) for lon in reversed(along)] + [LatLon(lat, west) for lat in reversed(up)]
    return shapely.Polygon(METRES.plane(ring))


TURN = st.floats(0.0, 359.0)
# Not smaller: what is left of a bent edge is 5 cm, which would be seen in a circle of 1 m.
CIRCLES = st.builds(Circle, NEAR, st.floats(20.0, 15_000.0))
ELLIPSES = st.builds(
    lambda at, major_m, ratio, turn: Ellipse(at, major_m, major_m * ratio, turn),
    NEAR,
    st.floats(100.0, 9000.0),
    st.floats(0.2, 1.0),
    TURN,
)
BANDS = st.builds(
    lambda at, inner_m, width_m, start, opening: ArcBand(at, inner_m, inner_m + width_m, start, opening),
    NEAR,
    st.floats(0.0, 4000.0),
    st.floats(50.0, 3000.0),
    TURN,
    st.floats(5.0, 360.0),
)


@patient
@example(ArcBand(LatLon(39.75, 85.4), 7.1e-57, 50.0, 97.0, 5.0))
@given(CIRCLES | ELLIPSES | BANDS)
def test_shares_and_what_is_outside_make_one_whole_and_are_what_a_plain_cut_gives(shape: Shape) -> None:
    spot = shapely.Polygon(METRES.plane(shape.outline()))
    found = at(shape)
    for service, jurisdiction in found.items():
        told = shares(jurisdiction)
        assert sum(told.values()) + jurisdiction.outside == pytest.approx(1.0, abs=2 * LEAST_SHARE + 1e-3)
        assert [*told.values()] == sorted(told.values(), reverse=True)
        for area in FOUR.areas:
            if area.service == service:
                cut = ground(area).intersection(spot).area / spot.area
                assert told.get(area.id, 0.0) == pytest.approx(cut, abs=LEAST_SHARE)


@patient
@given(NEAR)
def test_exactly_one_area_of_a_service_that_divides_the_city_has_a_point(place: LatLon) -> None:
    assert sum(shares(at(Point(place))["fire"]).values()) == pytest.approx(1.0)


def test_a_polygon_as_position_is_cut_as_it_is() -> None:
    ring = tuple(LatLon(*corner) for corner in ((39.51, 85.38), (39.51, 85.41), (39.52, 85.41), (39.52, 85.38)))
    told = shares(at(Polygon(ring), 0.5)["fire"])
    assert told == {"fire-west": pytest.approx(2 / 3, abs=0.01), "fire-east": pytest.approx(1 / 3, abs=0.01)}


def test_where_areas_overlap_what_is_outside_is_still_right() -> None:
    twice = Areas((square("fire", "a", 39.4, 85.2, 39.8, 85.4), square("fire", "b", 39.4, 85.2, 39.8, 85.4)))
    found = Jurisdictions(twice, METRES).at(Position(Source.SIP, NOW, Circle(LatLon(39.55, 85.4), 300.0)))
    assert found is not None
    assert shares(found["fire"]) == {"a": pytest.approx(0.5, abs=0.01), "b": pytest.approx(0.5, abs=0.01)}
    assert found["fire"].outside == pytest.approx(0.5, abs=0.01)


def corners(*places: tuple[float, float]) -> Polygon:
    return Polygon(tuple(LatLon(*place) for place in places))


def test_an_outline_that_crosses_itself_covers_what_its_loops_enclose() -> None:
    loops = corners((39.51, 85.39), (39.53, 85.41), (39.51, 85.41), (39.53, 85.39))
    assert shares(at(loops)["fire"]) == {
        "fire-west": pytest.approx(0.5, abs=0.01),
        "fire-east": pytest.approx(0.5, abs=0.01),
    }


@pytest.mark.parametrize(
    "shape",
    [
        Circle(CENTRE, 1e-300),
        Circle(CENTRE, 1e-13),
        Circle(LatLon(39.55, 85.2), 1e-13),
        ArcBand(LatLon(39.55, 85.6), 0.0, 1e-13, 40.0, 90.0),
        corners((39.549, 85.4), (39.551, 85.4), (39.55, 85.4)),
    ],
)
def test_what_covers_no_ground_is_looked_up_as_a_point(shape: Shape) -> None:
    assert at(shape) == at(Point(shape.centre))


# The file.

FIRST_CORNER = "features[0].geometry.coordinates[0][0]"
RING = [[85.2, 39.4], [85.4, 39.4], [85.4, 39.8], [85.2, 39.8], [85.2, 39.4]]


def feature(**changes: Any) -> dict[str, Any]:
    properties = {"service": "fire", "id": "fire-west", "name": {"zh": "城西", "en": "West"}} | changes.pop(
        "properties", {}
    )
    geometry = {"type": "Polygon", "coordinates": [RING]} | changes.pop("geometry", {})
    properties = {key: value for key, value in properties.items() if value is not None}
    return {"type": "Feature", "properties": properties, "geometry": geometry} | changes


def written(folder: Path, *features: Any) -> Path:
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in features)
    (folder / "areas.geojson").write_text(
        f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}', encoding="utf-8"
    )
    return folder / "areas.geojson"


def refused(path: Path) -> list[str]:
    with pytest.raises(ConfigErrors) as errors:
        load_areas(path)
    return [f"{problem.file}:{problem.line} {problem.path} {problem.code}" for problem in errors.value.problems]


def test_a_file_of_areas_and_stations_is_read(tmp_path: Path) -> None:
    station = feature(
        properties={"service": None, "station": "fire", "id": "home", "name": "城西站"},
        geometry={"type": "Point", "coordinates": [85.3, 39.5]},
    )
    two = feature(properties={"id": "two"}, geometry={"type": "MultiPolygon", "coordinates": [[RING], [RING]]})
    read = load_areas(written(tmp_path, feature(), station, two))
    assert [(each.id, each.name.zh, len(each.polygons)) for each in read.areas] == [
        ("fire-west", "城西", 1),
        ("two", "城西", 2),
    ]
    assert [(each.service, each.name.en, each.at) for each in read.stations] == [("fire", "城西站", LatLon(39.5, 85.3))]
    assert (read.services, read.middle) == (("fire",), pytest.approx((39.6, 85.3)))


def test_a_file_drawn_on_a_chinese_map_is_put_right(tmp_path: Path) -> None:
    shifted = [from_wgs84(LatLon(lat, lon), Datum.GCJ02) for lon, lat in RING]
    path = written(tmp_path, feature(geometry={"coordinates": [[[lon, lat] for lat, lon in shifted]]}))
    (area,) = load_areas(path, Datum.GCJ02).areas
    assert distance_m(area.polygons[0][0][0], LatLon(39.4, 85.2)) < 0.01


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (feature(properties={"service": "Fire!"}), "features[0].properties.service bad_name"),
        (feature(properties={"id": None}), "features[0].properties.id bad_name"),
        (feature(properties={"name": {"zh": "x"}}), "features[0].properties.name bad_text"),
        (feature(properties={"name": 5}), "features[0].properties.name bad_text"),
        (feature(properties={"service": None}), "features[0].properties bad_feature"),
        (feature(geometry={"type": "LineString"}), "features[0].geometry.type bad_geometry"),
        (feature(geometry={"coordinates": []}), "features[0].geometry.coordinates bad_geometry"),
        (feature(geometry={"coordinates": [RING[:-1]]}), "features[0].geometry.coordinates[0] open_ring"),
        (feature(geometry={"coordinates": [RING[:2]]}), "features[0].geometry.coordinates[0] bad_ring"),
        (feature(geometry={"coordinates": [[[39.4, 185.2], *RING[1:]]]}), f"{FIRST_CORNER} bad_corner"),
        (feature(geometry={"coordinates": [[["x", 1], *RING[1:]]]}), f"{FIRST_CORNER} bad_corner"),
        (feature() | {"geometry": None}, "features[0] bad_feature"),
        ("nonsense", "features[0] bad_feature"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path, wrong: Any, complaint: str) -> None:
    assert refused(written(tmp_path, wrong)) == [f"areas.geojson:2 {complaint}"]
    assert refused(written(tmp_path, feature(), wrong)) == [f"areas.geojson:3 {complaint.replace('[0]', '[1]', 1)}"]


def test_an_id_that_stands_twice_is_told_at_the_second(tmp_path: Path) -> None:
    assert refused(written(tmp_path, feature(), feature())) == ["areas.geojson:3 features[1].properties.id repeated"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "areas.geojson:1  syntax"),
        ("[]", "areas.geojson:1  syntax"),
        ("{}", "areas.geojson:1  syntax"),
        ('{"features": {}}', "areas.geojson:1  syntax"),
        ('{"features": [{}\n,]}', "areas.geojson:2  syntax"),
        ('{"features": [NaN]}', "areas.geojson:1  syntax"),
        ('{"features": []} x', "areas.geojson:1  syntax"),
        ('{"features": ' + "[" * 100_000, "areas.geojson:0  too_deep"),
        ("\udcff", "areas.geojson:0  encoding"),
    ],
)
def test_a_file_that_is_no_geojson_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "areas.geojson").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert refused(tmp_path / "areas.geojson") == [complaint]


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "areas.geojson") == ["areas.geojson:0  file_unreadable"]
