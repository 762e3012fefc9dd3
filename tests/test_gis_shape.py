"""Shapes on the earth, what confidence makes of them, and rings that senders get wrong."""

import math
from typing import Any

import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from gis.confidence import Pdf, percentage, scale
from gis.datum import LatLon
from gis.earth import distance_m
from gis.metric import Metres, zone_of
from gis.ring import ring
from gis.shape import ArcBand, BadShape, Circle, Ellipse, Point, Polygon, Shape
from tests.gis_places import CENTRE, flaws, patient, places

LENGTH_M = st.floats(1.0, 50_000.0)
BEARING = st.floats(0.0, 359.9)
NEAR = places((39.0, 40.0), (84.5, 86.0))


METRES = Metres(CENTRE)
BEYOND_THE_POLE = (LatLon(-90, -90), LatLon(0, 120), LatLon(90, 0), LatLon(30, 120))
"""A ring of places on earth whose middle would be none."""


def ground(shape: Shape) -> shapely.Polygon:
    return shapely.Polygon(METRES.plane(shape.outline()))


def test_from_68_to_95_percent_a_radius_grows_by_1_62_and_to_90_by_1_42() -> None:
    assert scale(0.68, 0.95) == pytest.approx(1.62, abs=0.005)
    assert scale(0.68, 0.90) == pytest.approx(1.42, abs=0.005)
    assert scale(0.68, 0.95, Pdf.RECTANGULAR) == pytest.approx(math.sqrt(0.95 / 0.68))


@patient
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.sampled_from(Pdf))
def test_scaling_there_and_back_changes_nothing_and_more_confidence_is_never_a_smaller_radius(
    held: float, wanted: float, pdf: Pdf
) -> None:
    factor = scale(held, wanted, pdf)
    assert factor * scale(wanted, held, pdf) == pytest.approx(1.0)
    assert (factor >= 1.0) == (wanted >= held) or factor == pytest.approx(1.0)


@pytest.mark.parametrize("wrong", [0.0, -0.5, 1.1, math.nan])
def test_a_confidence_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        scale(wrong, 0.95)


@pytest.mark.parametrize(
    ("text", "pdf", "expected", "told"),
    [
        ("95", "normal", (0.95, Pdf.NORMAL), []),
        (" 68.5 ", "Normal", (0.685, Pdf.NORMAL), []),
        ("100", "rectangular", (1.0, Pdf.RECTANGULAR), []),
        ("", "", (0.95, Pdf.UNKNOWN), []),
        ("unknown", "", (None, Pdf.UNKNOWN), []),
        ("0.95", "", (0.95, Pdf.UNKNOWN), ["bad_confidence"]),
        ("0", "", (0.95, Pdf.UNKNOWN), ["bad_confidence"]),
        ("101", "gamma", (0.95, Pdf.UNKNOWN), ["bad_confidence"]),
        ("nan", "", (0.95, Pdf.UNKNOWN), ["bad_confidence"]),
    ],
)
def test_what_a_sender_says_of_its_confidence(
    text: str, pdf: str, expected: tuple[float | None, Pdf], told: Any
) -> None:
    confidence, spread, troubles = percentage(text, pdf, extent=True)
    assert (confidence if confidence is None else round(confidence, 6), spread) == expected
    assert flaws(troubles) == told


def test_a_bare_point_has_no_confidence_that_nobody_said() -> None:
    assert percentage("", "", extent=False) == (None, Pdf.UNKNOWN, ())


@patient
@given(places(), LENGTH_M)
def test_a_circle_is_one_at_any_latitude_and_across_the_date_line(at: LatLon, radius_m: float) -> None:
    shape = Circle(at, radius_m)
    assert all(distance_m(at, corner) == pytest.approx(radius_m, rel=1e-6) for corner in shape.outline())
    assert shape.scaled(2.0).radius_m == 2.0 * radius_m


@patient
@given(NEAR, LENGTH_M, st.floats(0.05, 1.0), BEARING)
def test_an_ellipse_has_its_area_and_points_where_it_says(
    at: LatLon, major_m: float, ratio: float, turn: float
) -> None:
    shape = Ellipse(at, major_m, major_m * ratio, turn)
    assert ground(shape).area == pytest.approx(math.pi * major_m * major_m * ratio, rel=0.02)
    tip = shape.outline()[0]
    assert distance_m(at, tip) == pytest.approx(major_m, rel=1e-6)
    north, east = tip.lat - at.lat, (tip.lon - at.lon) * math.cos(math.radians(at.lat))
    off = (math.degrees(math.atan2(east, north)) - turn + 180.0) % 360.0 - 180.0
    assert abs(off) < 1.0


@patient
@given(NEAR, st.floats(0.0, 20_000.0), LENGTH_M, BEARING, st.floats(5.0, 360.0))
def test_an_arc_band_holds_its_area_around_its_centroid(
    at: LatLon, inner_m: float, width_m: float, start: float, opening: float
) -> None:
    shape = ArcBand(at, inner_m, inner_m + width_m, start, opening)
    area = math.pi * (shape.outer_m**2 - inner_m**2) * opening / 360.0
    drawn = ground(shape)
    assert drawn.area == pytest.approx(area, rel=0.02)
    centroid = METRES.place(drawn.centroid.x, drawn.centroid.y)
    assert distance_m(centroid, shape.centre) < 0.02 * shape.outer_m
    assert all(distance_m(shape.centre, corner) <= shape.radius_m * 1.000001 for corner in shape.outline())


def test_a_polygon_across_the_date_line_has_its_middle_there() -> None:
    shape = Polygon((LatLon(10, 179), LatLon(10, -179), LatLon(12, -179), LatLon(12, 179)))
    assert shape.centre == pytest.approx((11.0, 180.0))
    assert 140_000 < shape.radius_m < 170_000


@pytest.mark.parametrize(
    "make",
    [
        lambda: Point(LatLon(90.1, 0)),
        lambda: Point(LatLon(math.nan, 0)),
        lambda: Point(LatLon(0, 180.1)),
        lambda: Circle(CENTRE, 0.0),
        lambda: Circle(CENTRE, math.inf),
        lambda: Circle(CENTRE, -5.0),
        lambda: Ellipse(CENTRE, 10.0, 20.0, 0.0),
        lambda: Ellipse(CENTRE, 20.0, 10.0, math.nan),
        lambda: ArcBand(CENTRE, 20.0, 20.0, 0.0, 90.0),
        lambda: ArcBand(CENTRE, 10.0, 20.0, 0.0, 0.0),
        lambda: Polygon((CENTRE, LatLon(40, 86))),
        lambda: Polygon((CENTRE,) * 201),
        lambda: Polygon(BEYOND_THE_POLE),
    ],
)
def test_a_shape_that_cannot_be_is_not_made(make: Any) -> None:
    with pytest.raises(BadShape):
        make()


def test_a_band_that_opens_by_next_to_nothing_is_a_line_along_its_bearing() -> None:
    line = ArcBand(CENTRE, 100.0, 200.0, 90.0, 5e-324)
    assert distance_m(CENTRE, line.centre) == pytest.approx(1400 / 9)
    assert line.radius_m == pytest.approx(500 / 9)


def test_a_ring_is_closed_and_straightened_and_told() -> None:
    a, b, c, d = LatLon(0, 0), LatLon(0, 1), LatLon(1, 1), LatLon(1, 0)
    assert ring([a, b, c, d, a]) == ((a, b, c, d), ())
    kept, troubles = ring([a, b, b, c, d])
    assert (kept, flaws(troubles)) == ((a, b, c, d), ["unclosed_ring"])
    kept, troubles = ring([a, c, b, d, a])
    assert (set(kept), flaws(troubles)) == ({a, b, c, d}, ["crossed_ring"])
    assert shapely.Polygon([(p.lon, p.lat) for p in kept]).is_valid


@pytest.mark.parametrize("corners", [[], [(0, 0)], [(0, 0), (1, 1), (0, 0)], [(0, 0), (1, 1), (2, 2), (0, 0)]])
def test_corners_that_enclose_nothing_are_no_ring(corners: list[tuple[float, float]]) -> None:
    with pytest.raises(BadShape):
        ring([LatLon(*corner) for corner in corners])


@patient
@given(st.lists(NEAR, min_size=3, max_size=12, unique=True))
def test_whatever_the_corners_the_ring_holds_all_of_them_or_is_theirs(corners: list[LatLon]) -> None:
    try:
        kept, _ = ring(corners)
    except BadShape:
        assume(False)
    enclosed = shapely.Polygon([(p.lon, p.lat) for p in kept])
    assert enclosed.is_valid
    assert set(kept) <= set(corners)
    assert all(enclosed.buffer(1e-9).covers(shapely.Point(p.lon, p.lat)) for p in corners)


@pytest.mark.parametrize(
    ("place", "epsg"),
    [
        (LatLon(39.9, 116.4), 4548),  # Beijing: central meridian 117
        (LatLon(31.2, 121.5), 4549),  # Shanghai: 120
        (LatLon(39.6, 85.4), 4537),  # 84
        (LatLon(39.5, 76.0), 4534),  # Kashgar: 75
        (LatLon(48.3, 134.5), 4554),  # Fuyuan: 135
        (LatLon(51.5, -0.1), 32630),
        (LatLon(-33.9, 151.2), 32756),
        (LatLon(0.0, 180.0), 32660),
    ],
)
def test_the_metric_system_is_chosen_by_longitude(place: LatLon, epsg: int) -> None:
    assert zone_of(place) == epsg
    assert Metres(place).epsg == epsg


@patient
@given(NEAR, NEAR)
def test_metres_on_the_plane_are_metres_on_the_ground(one: LatLon, other: LatLon) -> None:
    (x1, y1), (x2, y2) = METRES.plane([one, other])
    assert math.hypot(x1 - x2, y1 - y2) == pytest.approx(distance_m(one, other), rel=6e-4, abs=0.01)
    back = METRES.place(x1, y1)
    assert distance_m(back, one) < 0.001
