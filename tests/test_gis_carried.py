"""What a call carries as its position, in the forms that reach us: Asterisk's own, headers, documents."""

import re
import time
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.carried import Geoloc, read_carried
from gis.reading import Reading
from gis.shape import ArcBand, Circle, Ellipse, Point, Polygon
from tests.gis_places import CENTRE, NOW, circle, document, flaws, patient

RECORDED = Path(__file__).with_name("recorded_geoloc.txt")


def recorded() -> dict[str, tuple[Geoloc, str]]:
    """What Asterisk printed for each case: the profile, and the header as it came."""
    cases: dict[str, dict[str, str]] = defaultdict(dict)
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"(\d+) (\w+)=\[(.*)\]", line):
            cases[found[1]][found[2]] = found[3]
    return {
        case: (Geoloc(told["format"], told["location_info"], told["confidence"], told["method"]), told["header"])
        for case, told in cases.items()
    }


def read(case: str) -> Reading:
    return read_carried(recorded()[case][0], NOW)


# What was sent in each case, and what must come of what Asterisk made of it.
SENT = {
    "201": "a polygon of pos, with confidence 68, normal",
    "202": "the same polygon as posList",
    "203": "a circle",
    "204": "a circle in EPSG:4490",
    "205": "a circle whose radius is in feet",
    "206": "a circle with a comma in its pos",
    "207": "an address with quotes in it",
    "208": "a circle, then an address",
    "209": "an address, then a circle",
    "210": "two circles",
    "211": "a circle in EPSG:4326, written short",
    "212": "a circle without a reference system",
    "301": "a document that is no XML",
    "302": "a reference",
    "303": "a reference, and a cid without a body",
    "304": "nothing",
    "305": "a body that the header does not name",
    "306": "a body without a header",
    "307": "a circle with one number",
}


def test_every_recorded_case_is_known() -> None:
    assert set(recorded()) == set(SENT)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("203", []),
        ("204", ["no_crs"]),
        ("205", []),
        ("206", ["punctuation"]),
        ("208", ["guessed_shape", "no_crs"]),
        ("210", []),
        ("211", ["no_crs"]),
        ("212", ["no_crs"]),
    ],
)
def test_a_circle_by_way_of_asterisk_is_one(case: str, told: list[str]) -> None:
    (position,) = read(case).positions
    assert position.shape == Circle(CENTRE, 50.0)
    assert (position.confidence, position.pdf, position.method) == (0.68, "normal", "GPS")
    assert flaws(position.notes) == told


@pytest.mark.parametrize("case", ["201", "202"])
def test_a_polygon_by_way_of_asterisk_is_one(case: str) -> None:
    (position,) = read(case).positions
    assert isinstance(position.shape, Polygon)
    assert position.shape.ring == ((39.6, 85.4), (39.61, 85.4), (39.61, 85.41))
    assert position.notes == ()


@pytest.mark.parametrize("case", ["207", "209"])
def test_an_address_by_way_of_asterisk_keeps_its_parts_whatever_is_in_them(case: str) -> None:
    (position,) = read(case).positions
    assert position.shape is None
    assert position.civic is not None
    assert dict(position.civic.parts)["A3"] == "启明区"
    assert position.civic.line.startswith("启明区晨光路")
    assert dict(position.civic.parts)["HNO"] == "12"


def test_references_are_told_and_nothing_is_made_of_nothing() -> None:
    assert read("302").references == ("https://lis.example.com/abc",)
    assert read("303").references == ("https://lis.example.com/abc",)
    for case in ("301", "304", "305", "306"):
        assert read(case) == Reading()
    assert flaws(read("307").troubles) == ["bad_shape"]


def test_the_headers_say_what_asterisk_lost() -> None:
    headers = {case: read_carried(header, NOW) for case, (_, header) in recorded().items()}
    assert headers["301"].references == ("cid:loc@x",)
    assert headers["303"].references == ("https://lis.example.com/abc", "cid:loc@x")
    assert headers["304"] == Reading()


ANGLES = 'startAngle="20 {0}",openingAngle="60 {0}"'


@pytest.mark.parametrize("word", ["degrees", "radians"])
def test_angles_are_degrees_whatever_an_older_asterisk_calls_them(word: str) -> None:
    text = f'shape="ArcBand",crs="2d",pos="39.6 85.4",innerRadius="3594",outerRadius="4148",{ANGLES.format(word)}'
    (band,) = read_carried(Geoloc("GML", text), NOW).positions
    assert band.shape == ArcBand(CENTRE, 3594.0, 4148.0, 20.0, 60.0)
    text = f'shape="Ellipse",crs="2d",pos="39.6 85.4",semiMajorAxis="70",semiMinorAxis="30",orientation="43.2 {word}"'
    (ellipse,) = read_carried(Geoloc("GML", text), NOW).positions
    assert ellipse.shape == Ellipse(CENTRE, 70.0, 30.0, 43.2)


@pytest.mark.parametrize(
    ("info", "shape"),
    [
        ('pos="39.6 85.4"', Point(CENTRE)),
        ('pos="39.6 85.4",radius="50"', Circle(CENTRE, 50.0)),
        (
            'pos="39.6 85.4",semiMajorAxis="70",semiMinorAxis="30",orientation="5 degrees"',
            Ellipse(CENTRE, 70.0, 30.0, 5.0),
        ),
    ],
)
def test_a_shape_whose_name_was_lost_is_known_by_what_belongs_to_it(info: str, shape: object) -> None:
    (position,) = read_carried(Geoloc("civicAddress", info), NOW).positions
    assert position.shape == shape
    assert "guessed_shape" in flaws(position.notes)


def test_a_text_is_known_for_what_it_is() -> None:
    assert [each.shape for each in read_carried(document(circle()), NOW).positions] == [Circle(CENTRE, 50.0)]
    assert [each.shape for each in read_carried(document(circle()).encode(), NOW).positions] == [Circle(CENTRE, 50.0)]
    info = recorded()["203"][0].location_info
    assert [each.shape for each in read_carried(info, NOW).positions] == [Circle(CENTRE, 50.0)]
    assert read_carried("https://lis.example.com/1", NOW).references == ("https://lis.example.com/1",)
    assert read_carried("  ", NOW) == Reading()
    assert flaws(read_carried("somewhere in the north", NOW).troubles) == ["not_understood"]
    assert flaws(read_carried(Geoloc("GML", 'shape="Blob",pos="39.6 85.4"'), NOW).positions[0].notes)[-1:] == [
        "unknown_shape"
    ]


SLOW = {
    "blanks": " " * 60_000 + "x",
    "blanks in a reference": "<https:" + " " * 60_000,
    "many references": "<cid:" * 12_000,
    "opened pairs": 'a="' * 20_000,
    "pairs": 'a="b"' * 12_000,
    "quotes": 'shape="Circle",pos="' + '"," ' * 15_000,
    "corners": 'shape="Polygon",' + ",".join('pos="39.6 85.4"' for _ in range(4000)),
    "blanks between pairs": 'a="b"' + " " * 60_000 + ',c="d"',
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_what_is_made_to_be_slow_is_not(text: str) -> None:
    begun = time.process_time()
    for form in ("GML", "civicAddress", "URI"):
        read_carried(Geoloc(form, text, text, text), NOW)
    assert read_carried(text, NOW).positions == ()
    assert time.process_time() - begun < 0.5


@patient
@given(st.text(alphabet='ashpeo="., \n39<>:;', max_size=60) | st.text(max_size=60))
def test_whatever_is_carried_nothing_is_raised(text: str) -> None:
    for carried in (text, text.encode("utf-8", "replace"), Geoloc(text, text, text, text), Geoloc("GML", text, text)):
        assert isinstance(read_carried(carried, NOW), Reading)
    assert isinstance(read_carried(Geoloc("civicAddress", text), NOW), Reading)
    assert isinstance(read_carried(Geoloc("URI", text), NOW), Reading)
