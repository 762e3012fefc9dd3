"""Location documents: right ones, real ones, dirty ones, and those that mean harm."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gis.confidence import Pdf
from gis.datum import Datum, LatLon, from_wgs84
from gis.earth import distance_m
from gis.gml import FOOT_M
from gis.pidf import read_pidf
from gis.position import Position, Source
from gis.shape import ArcBand, Circle, Ellipse, Point, Polygon
from tests.gis_places import ADDRESS, CENTRE, DEGREES, METRES, NOW, WGS84, circle, data, document, flaws, polygon

SHAPES = {
    f"<gml:Point {WGS84}><gml:pos>39.6 85.4</gml:pos></gml:Point>": Point(CENTRE),
    '<gml:Point srsName="urn:ogc:def:crs:EPSG::4979"><gml:pos>39.6 85.4 812.5</gml:pos></gml:Point>': Point(CENTRE),
    circle(): Circle(CENTRE, 50.0),
    f'<gs:Ellipse {WGS84}><gml:pos>39.6 85.4</gml:pos><gs:semiMajorAxis uom="{METRES}">70</gs:semiMajorAxis>'
    f'<gs:semiMinorAxis uom="{METRES}">30</gs:semiMinorAxis><gs:orientation uom="{DEGREES}">43.2</gs:orientation>'
    "</gs:Ellipse>": Ellipse(CENTRE, 70.0, 30.0, 43.2),
    f'<gs:ArcBand {WGS84}><gml:pos>39.6 85.4</gml:pos><gs:innerRadius uom="{METRES}">3594</gs:innerRadius>'
    f'<gs:outerRadius uom="{METRES}">4148</gs:outerRadius><gs:startAngle uom="{DEGREES}">20</gs:startAngle>'
    f'<gs:openingAngle uom="{DEGREES}">60</gs:openingAngle></gs:ArcBand>': ArcBand(CENTRE, 3594.0, 4148.0, 20.0, 60.0),
    polygon("39.6 85.4", "39.6 85.41", "39.61 85.41", "39.6 85.4"): Polygon(
        (LatLon(39.6, 85.4), LatLon(39.6, 85.41), LatLon(39.61, 85.41))
    ),
    '<gs:Sphere srsName="urn:ogc:def:crs:EPSG::4979"><gml:pos>39.6 85.4 30</gml:pos>'
    f'<gs:radius uom="{METRES}">50</gs:radius></gs:Sphere>': Circle(CENTRE, 50.0),
    '<gs:Prism srsName="urn:ogc:def:crs:EPSG::4979"><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>'
    "39.6 85.4 30 39.6 85.41 30 39.61 85.41 30 39.6 85.4 30</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    f'</gs:base><gs:height uom="{METRES}">12</gs:height></gs:Prism>': Polygon(
        (LatLon(39.6, 85.4), LatLon(39.6, 85.41), LatLon(39.61, 85.41))
    ),
}


def only(location: str, more: str = "", meant: Datum = Datum.WGS84) -> Position:
    reading = read_pidf(document(location, more), NOW, meant)
    (position,) = reading.positions
    return position


def nothing(location: str) -> list[str]:
    reading = read_pidf(document(location), NOW)
    assert reading.positions == ()
    return flaws(reading.troubles)


@pytest.mark.parametrize("element", SHAPES, ids=lambda element: element[1:12])
def test_every_shape_of_rfc_5491_is_read_without_a_complaint(element: str) -> None:
    position = only(element, "<dm:timestamp>2026-11-25T07:59:30Z</dm:timestamp>")
    assert position.shape == SHAPES[element]
    assert (position.source, position.datum, position.method) == (Source.SIP, Datum.WGS84, "GPS")
    assert position.at == NOW - timedelta(seconds=30)
    assert position.notes == ()
    assert position.confidence == (None if isinstance(position.shape, Point) else 0.95)


def test_confidence_scales_the_radius() -> None:
    position = only(circle() + '<con:confidence pdf="normal">68</con:confidence>')
    assert (position.confidence, position.pdf, position.radius_m) == (0.68, Pdf.NORMAL, 50.0)
    assert position.radius_at(0.95) == pytest.approx(81.1, abs=0.1)
    unsure = only(circle() + "<con:confidence>unknown</con:confidence>")
    assert (unsure.confidence, unsure.radius_at(0.95)) == (None, 50.0)


def test_a_shape_and_an_address_in_one_are_one_position_and_those_of_two_devices_are_two() -> None:
    position = only(ADDRESS + circle())
    assert position.shape == Circle(CENTRE, 50.0)
    assert position.civic is not None
    assert position.civic.line == "启明区晨光路12号"
    reading = read_pidf(_joined(circle(), circle("39.7 85.5"), ADDRESS), NOW)
    assert [each.centre for each in reading.positions] == [CENTRE, LatLon(39.7, 85.5), None]
    assert reading.troubles == ()


def _joined(*locations: str) -> str:
    """One document with a device for each location."""
    whole = document("")
    head, _, rest = whole.partition("<dm:device")
    device = "<dm:device" + rest.removesuffix("</presence>")
    devices = [device.replace("<gp:location-info>", f"<gp:location-info>{location}") for location in locations]
    return head + "".join(devices) + "</presence>"


def test_two_shapes_in_one_are_kept_side_by_side_in_their_order() -> None:
    reading = read_pidf(document(circle() + circle("39.7 85.5") + ADDRESS), NOW)
    assert [each.centre for each in reading.positions] == [CENTRE, LatLon(39.7, 85.5)]
    assert [each.civic is None for each in reading.positions] == [False, True]


GCJ02 = from_wgs84(CENTRE, Datum.GCJ02)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (circle("39.6, 85.4"), ["punctuation"]),
        (circle("39.6,85.4"), ["punctuation"]),
        (circle("39,6 85,4"), ["punctuation"]),
        (circle("３９．６　８５．４"), ["punctuation"]),
        (circle("39:36:00N 85:24:00E"), []),
        (circle("85:24:00E 39:36:00N"), []),
        (circle("\n 39.6\t 85.4 \n"), []),
        (circle("39.6 445.4"), ["bad_shape"]),
        (circle("39.6 -274.6"), ["wrapped"]),
        (circle(srs=""), ["no_crs"]),
        (circle(srs='srsName="urn:ogc:def::crs:EPSG::4326"'), []),
        (circle(srs='srsName="EPSG:4490"'), []),
        (circle("85.4 39.6", srs='srsName="urn:ogc:def:crs:OGC:1.3:CRS84"'), []),
        (circle(srs='srsName="EPSG:3857"'), ["unknown_crs"]),
        (circle(f"{GCJ02.lat} {GCJ02.lon}", srs='srsName="GCJ-02"'), []),
        (circle(unit="urn:ogc:def:uom:EPSG::9002"), ["feet"]),
        (circle(unit="furlong"), ["unknown_unit"]),
        (circle(radius="0.05", unit="urn:ogc:def:uom:EPSG::9036"), []),
        (circle().replace("gs:Circle", "gml:Circle"), ["namespace"]),
        (circle().replace("gs:Circle ", 'Circle xmlns="urn:none" ').replace("/gs:Circle", "/Circle"), ["namespace"]),
    ],
)
def test_what_dirty_senders_mean_is_understood_and_told(location: str, told: list[str]) -> None:
    reading = read_pidf(document(location), NOW)
    if "bad_shape" in told or "unknown_crs" in told:
        assert (reading.positions, flaws(reading.troubles)) == ((), told)
        return
    (position,) = reading.positions
    assert isinstance(position.shape, Circle)
    assert distance_m(position.shape.at, CENTRE) < 0.01
    assert position.shape.radius_m == 50.0
    assert flaws(position.notes) == told


def test_longitude_before_latitude_is_found_where_it_can_be() -> None:
    position = only(circle("116.4 39.9"))
    assert position.centre == LatLon(39.9, 116.4)
    assert flaws(position.notes) == ["swapped"]


def test_feet_are_taken_so_that_the_area_is_the_larger_one() -> None:
    band = (
        f'<gs:ArcBand {WGS84}><gml:pos>39.6 85.4</gml:pos><gs:innerRadius uom="EPSG::9002">1000</gs:innerRadius>'
        '<gs:outerRadius uom="EPSG::9002">2000</gs:outerRadius><gs:startAngle uom="EPSG::9102">0</gs:startAngle>'
        '<gs:openingAngle uom="EPSG::9102">360</gs:openingAngle></gs:ArcBand>'
    )
    position = only(band)
    assert position.shape == ArcBand(CENTRE, 1000.0 * FOOT_M, 2000.0, 0.0, 360.0)
    assert flaws(position.notes) == ["feet"]


@pytest.mark.parametrize("radius", ["", "0", "-5", "many", "1e30", "nan"])
def test_a_radius_that_cannot_be_leaves_the_place(radius: str) -> None:
    position = only(circle(radius=radius))
    assert position.shape == Point(CENTRE)
    assert flaws(position.notes) == ["bad_length"]


def test_rings_that_are_open_or_cross_themselves_are_understood() -> None:
    assert flaws(only(polygon("39.6 85.4", "39.6 85.41", "39.61 85.41")).notes) == ["unclosed_ring"]
    crossed = only(polygon("39.6 85.4", "39.61 85.41", "39.6 85.41", "39.61 85.4", "39.6 85.4"))
    assert flaws(crossed.notes) == ["crossed_ring"]


def test_a_hole_is_left_out() -> None:
    hole = "<gml:interior><gml:LinearRing><gml:pos>39.601 85.401</gml:pos></gml:LinearRing></gml:interior>"
    ring = polygon("39.6 85.4", "39.6 85.41", "39.61 85.41", "39.6 85.4")
    assert only(ring.replace("</gml:Polygon>", hole + "</gml:Polygon>")).shape == only(ring).shape


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("", ["nothing_in_it"]),
        ("<gs:Blob/>", ["nothing_in_it"]),
        (circle("0 0"), ["null_place"]),
        (circle("0.0 -0.0"), ["null_place"]),
        (circle(""), ["bad_shape"]),
        (circle("39.6"), ["bad_shape"]),
        (circle("nan nan"), ["bad_shape"]),
        (circle("39.6 85.4 1 2"), ["bad_shape"]),
        (circle("inf 1e400"), ["bad_shape"]),
        (circle("39°36 somewhere"), ["bad_shape"]),
        (polygon("39.6 85.4"), ["bad_shape"]),
        (polygon("39.6 85.4", "39.61 85.4", "39.62 85.4"), ["bad_shape"]),
        (f"<gml:Polygon {WGS84}/>", ["bad_shape"]),
    ],
)
def test_what_says_no_place_is_told_and_no_position(location: str, told: list[str]) -> None:
    assert nothing(location) == told


def test_a_broken_shape_beside_an_address_is_a_flaw_of_that_address() -> None:
    position = only(circle("0 0") + ADDRESS)
    assert position.shape is None
    assert flaws(position.notes) == ["null_place"]


@pytest.mark.parametrize(
    ("stamp", "at", "told"),
    [
        ("2026-11-25T16:00:00+08:00", NOW, []),
        ("2026-11-25T08:00:30Z", NOW + timedelta(seconds=30), []),
        ("2050-05-15T12:30:00Z", NOW, ["future_time"]),
        ("2007-06-22T20:57:29Z", datetime(2007, 6, 22, 20, 57, 29, tzinfo=UTC), ["old_time"]),
        ("2026-11-25T08:00:00", NOW, ["bad_time"]),
        ("yesterday", NOW, ["bad_time"]),
        ("0001-01-01T00:00:00+14:00", NOW, ["bad_time"]),
    ],
)
def test_when_it_was_measured(stamp: str, at: datetime, told: list[str]) -> None:
    position = only(circle(), f"<dm:timestamp>{stamp}</dm:timestamp>")
    assert (position.at, flaws(position.notes)) == (at, told)


def test_a_sender_that_says_wgs84_and_means_gcj02_is_put_right() -> None:
    position = only(circle(f"{GCJ02.lat} {GCJ02.lon}"), meant=Datum.GCJ02)
    assert position.centre is not None
    assert distance_m(position.centre, CENTRE) < 0.01
    assert position.datum is Datum.GCJ02


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_comes_through_in_both_encodings(encoding: str) -> None:
    reading = read_pidf(document(ADDRESS).replace("UTF-8", encoding).encode(encoding), NOW)
    (position,) = reading.positions
    assert position.civic is not None
    assert position.civic.line == "启明区晨光路12号"


# Documents of others, where they are.

REAL = {
    "pidf/DeviceCircleWithConfidence.xml": ["circle 41.7605 -88.2619 50 0.95 normal"],
    "pidf/PersonDeviceCivicCircleLocation.xml": [
        "1657 Kay Ave, Simi Valley, CA, 93063",
        "circle 34.2685 -118.6665 50 0.95",
    ],
    "pidf/RFC5491TupleArcBandLocation.xml": ["arc-band -43.5422 153.2415 755 0.95"],
    "pidf/RFC5491TupleCircleLocation.xml": ["circle 42.5463 -73.2512 850 0.95"],
    "pidf/RFC5491TupleCivicLocation.xml": ["123 Broadway, Suite 75, New York, New York, 10027-0401"],
    "pidf/RFC5491TupleEllipseLocation.xml": ["ellipse 42.5463 -73.2512 1275 0.95"],
    "pidf/RFC5491TuplePointLocation.xml": ["point 37.7750 -122.4194 None None"],
    "held/Default_location.xml": ["point -63.1847 -56.6415 None None"],
    "held/Location_response.xml": ["point 40.7167 -73.9907 None None"],
    "lost/findService_civic_address.xml": ["1009 Fairlawn Avenue, Laurel, Maryland, 20707"],
    "lost/findService_geodetic_circle.xml": ["circle 39.0966 -76.8561 123 0.95"],
    "lost/findService_geodetic_polygon.xml": ["polygon 39.0966 -76.8562 70 0.95"],
}


def told(position: Position) -> str:
    if position.shape is None or position.centre is None:
        assert position.civic is not None
        return position.civic.line
    radius = None if position.radius_m is None else f"{position.radius_m:.0f}"
    pdf = "" if position.pdf is Pdf.UNKNOWN else f" {position.pdf}"
    lat, lon = position.centre
    return f"{position.shape.kind} {lat:.4f} {lon:.4f} {radius} {position.confidence}{pdf}"


@pytest.mark.parametrize("name", REAL)
def test_a_real_document_is_read(name: str) -> None:
    reading = read_pidf(data(f"location/{name}").read_bytes(), NOW)
    assert [told(each) for each in reading.positions] == REAL[name]
    assert reading.troubles == ()


def test_every_real_document_gives_positions_or_a_reason() -> None:
    files = sorted(Path(data("location")).rglob("*.xml"))
    assert len(files) > 20
    for file in files:
        reading = read_pidf(file.read_bytes(), NOW)
        assert reading.positions or reading.troubles, file.name
