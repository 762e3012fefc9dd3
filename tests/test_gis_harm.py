"""Location documents that mean harm, or are nonsense: refused or read, and never slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.datum import LatLon
from gis.pidf import MOST_POSITIONS, MOST_SIGNS, read_pidf
from gis.reading import Reading
from tests.gis_places import ADDRESS, NOW, circle, document, flaws, patient, polygon

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
    begun = time.process_time()
    reading = read_pidf(doctype + document(circle("&x;")).partition("?>")[2].strip(), NOW)
    assert flaws(reading.troubles) == ["forbidden_xml"]
    assert time.process_time() - begun < 0.1


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
    begun = time.process_time()
    reading = read_pidf(whole, NOW)
    assert reading.positions == ()
    assert reading.troubles
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "whole", [WIDE, MANY, CORNERS, UNITS, SYSTEMS, STAMPS, NUMERALS, LIGATURES],
    ids=["nested", "many", "corners", "units", "systems", "stamps", "numerals", "ligatures"],
)  # fmt: skip
def test_a_document_made_to_be_slow_is_not(whole: str) -> None:
    assert len(whole) <= MOST_SIGNS
    begun = time.process_time()
    reading = read_pidf(whole, NOW)
    assert time.process_time() - begun < 0.5
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
