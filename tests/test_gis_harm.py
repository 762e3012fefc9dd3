"""Location documents that mean harm, or are nonsense: refused or read, and never slow."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis.datum import LatLon
from gis.locate import CallFacts, Locator
from gis.pidf import MOST_POSITIONS, MOST_SIGNS, read_pidf
from gis.reading import Reading
from gis.settings import GisSettings
from intake.edge.about import About
from intake.edge.locating import located_draft
from intake.edge.now import CallNow
from intake.need import Need
from intake.stage import Stage
from intake.view import CallView
from liandong.showing import call_state
from tests.gis_places import ADDRESS, DEGREES, FOUR, METRES, NOW, WGS84, circle, document, flaws, patient, polygon

HARM = [
    '<!DOCTYPE a [<!ENTITY x "39.6 85.4">]>',
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    '<!DOCTYPE a [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + '<!ENTITY x "&a9;">]>',
]


@pytest.mark.parametrize("doctype", HARM)
def test_documents_with_entities_are_refused_without_harm(doctype: str) -> None:
    begun = time.thread_time()
    reading = read_pidf(doctype + document(circle("&x;")).partition("?>")[2].strip(), NOW)
    assert flaws(reading.troubles) == ["forbidden_xml"]
    assert time.thread_time() - begun < 0.1


DEEP = "<a>" * 9000 + "</a>" * 300
WIDE = document("<gp:location-info>" * 1500 + circle() + "</gp:location-info>" * 1500)
MANY = document("".join(circle(f"39.{n:03d} 85.4") for n in range(300)))
CORNERS = document(polygon(*(f"{n % 50} {n % 70}" for n in range(1500))))
UNITS = document(circle(unit="m" * 60_000 + "!"))
SYSTEMS = document(circle(srs=f'srsName="{"4326 " * 10_000}"'))
STAMPS = document(circle(), f"<dm:timestamp>{'1' * 60_000}</dm:timestamp>")
NUMERALS = document(circle("1" * 60_000))
LIGATURES = document(circle("ﷺ" * 20_000))


@pytest.mark.parametrize(
    "whole",
    ["x" * (MOST_SIGNS + 1), b"x" * (5 * MOST_SIGNS), DEEP, "<a>" * 9000 + "</a>" * 9000],
    ids=["long", "long bytes", "broken deep", "deep"],
)
def test_a_document_without_a_place_is_no_position_however_large(whole: str | bytes) -> None:
    begun = time.thread_time()
    reading = read_pidf(whole, NOW)
    assert reading.positions == ()
    assert reading.troubles
    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize(
    "whole", [WIDE, MANY, CORNERS, UNITS, SYSTEMS, STAMPS, NUMERALS, LIGATURES],
    ids=["nested", "many", "corners", "units", "systems", "stamps", "numerals", "ligatures"],
)  # fmt: skip
def test_a_document_made_to_be_slow_is_not(whole: str) -> None:
    assert len(whole) <= MOST_SIGNS
    begun = time.thread_time()
    reading = read_pidf(whole, NOW)
    assert time.thread_time() - begun < 0.5
    assert len(reading.positions) <= MOST_POSITIONS
    assert all(len(trouble.detail) <= 100 for trouble in reading.troubles)


def test_too_many_positions_are_told_and_the_first_ones_kept() -> None:
    reading = read_pidf(MANY, NOW)
    assert [each.centre for each in reading.positions[:2]] == [LatLon(39.0, 85.4), LatLon(39.001, 85.4)]
    assert (len(reading.positions), flaws(reading.troubles)) == (MOST_POSITIONS, ["too_many"])


PIECES = [
    "<gs:Circle>",
    "</gs:Circle>",
    "<gml:pos>",
    "</gml:pos>",
    "39.6 85.4",
    ",",
    "\x00",
    "&amp;",
    "&x;",
    "<!--",
    "-->",
]
PIECES += ["<![CDATA[", "]]>", "\ud800", "🚒", "<gp:location-info>", "</gp:location-info>", ADDRESS, circle(), "<?pi?>"]


@patient
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join))
def test_whatever_comes_nothing_is_raised(text: str) -> None:
    for whole in (text, document(text), document(circle(text)), text.encode("utf-8", "replace")):
        reading = read_pidf(whole, NOW)
        assert isinstance(reading, Reading)
        assert reading.positions or reading.troubles or reading.references


@patient
@given(st.binary(max_size=200))
def test_whatever_bytes_come_nothing_is_raised(whole: bytes) -> None:
    assert read_pidf(whole, NOW).positions == ()


# Shapes that nobody would send who means well.

LOCATOR = Locator(GisSettings(), FOUR)
VIEW = CallView("1.1", Stage.UNKNOWN, "119", "", Need(), 5, 0.0, None, (), None, None, 0, False)
EDGES = ["-90", "90", "-180", "180", "0", "360", "39.6", "85.4", "39.60000000000001", "85.40000000000001", "1e-99"]
SPOTS = st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)).map(" ".join)
NEAR = st.tuples(st.floats(39.55, 39.65), st.floats(85.35, 85.45)).map(lambda at: f"{at[0]} {at[1]}")
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(lambda at: f"{at[0]:.9f} {at[1]:.9f}")
SLIVER = st.tuples(st.integers(0, 9), st.integers(0, 3)).map(lambda at: f"39.6{at[0]} {85.4 + at[0] / 97:.15f}{at[1]}")
PLACES = SPOTS | NEAR | ANYWHERE
LENGTHS = st.sampled_from(["0", "1e-99", "0.000000000000000000000001e-99", "50", "20000000", "1e99"])
LENGTHS |= st.floats(0.0, 2e7).map(str)
ANGLES = st.sampled_from(["0", "360", "1e-99", "-1e99", "90"]) | st.floats(-720.0, 720.0).map(str)


def measured(kind: str, at: str, *measures: str) -> str:
    return f"<gs:{kind} {WGS84}><gml:pos>{at}</gml:pos>{''.join(measures)}</gs:{kind}>"


def length(name: str) -> st.SearchStrategy[str]:
    return LENGTHS.map(lambda text: f'<gs:{name} uom="{METRES}">{text}</gs:{name}>')


def angle(name: str) -> st.SearchStrategy[str]:
    return ANGLES.map(lambda text: f'<gs:{name} uom="{DEGREES}">{text}</gs:{name}>')


SHAPES = (
    st.lists(PLACES, min_size=3, max_size=7).map(lambda corners: polygon(*corners))
    | st.lists(SLIVER, min_size=3, max_size=5).map(lambda corners: polygon(*corners))
    | st.builds(measured, st.just("Circle"), PLACES, length("radius"))
    | st.builds(
        measured, st.just("Ellipse"), PLACES, length("semiMajorAxis"), length("semiMinorAxis"), angle("orientation")
    )
    | st.builds(
        measured,
        st.just("ArcBand"),
        PLACES,
        length("innerRadius"),
        length("outerRadius"),
        angle("startAngle"),
        angle("openingAngle"),
    )
)


@settings(patient, max_examples=400)
@example([polygon("30 120", "90 0", "-90 -90", "0 120")])
@given(st.lists(SHAPES, min_size=1, max_size=3))
def test_whatever_shape_a_call_carries_it_is_located_written_and_shown(shapes: list[str]) -> None:
    located = LOCATOR.locate(CallFacts("", NOW, "", tuple(map(document, shapes))))
    assert "areas_failed" not in flaws(located.troubles)
    assert located_draft("1.1", located, NOW)
    shown = call_state(CallNow(VIEW, "119", "", NOW, None, by_net=False, about=About(located)))
    assert "not_shown" not in {each.code for each in shown.troubles}
    assert len(shown.positions) == len(located.positions)
    assert "NaN" not in shown.model_dump_json()
