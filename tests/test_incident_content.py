"""What a record's fields hold: any text of any script, no half of a character; and the centre's own lists."""

from __future__ import annotations

import json
import math
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config.example
from config.centre import load
from config.problem import ConfigErrors
from intake.incident import BadValue, Box, Catalogue, Content, EventClass, Grade, IncidentTypes, Spot
from intake.incident.content import NAMES, PERSONAL
from intake.incident.spot import METRES_A_DEGREE
from intake.incident.text import line, paragraph
from tests.incident_room import CATALOGUE, SPOT

whole = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50)
anything = st.text(st.characters(), max_size=50) | st.text(st.characters(categories=["Cs", "Cc", "Lo"]), max_size=8)


@given(whole)
def test_whole_characters_of_any_script_are_kept_as_they_were_written(text: str) -> None:
    assert paragraph("summary", text, 50) == text.strip()
    assert Content().changed({"summary": text}).summary == text.strip()


@given(anything)
def test_text_is_kept_or_refused_and_never_bent(text: str) -> None:
    try:
        kept = paragraph("summary", text, 50)
    except BadValue as refused:
        assert refused.code in ("half_character", "control_character") and refused.field == "summary"
        assert any(0xD800 <= ord(each) <= 0xDFFF or each < " " or "\x7f" <= each < "\xa0" for each in text)
        return
    kept.encode()
    assert kept == text.replace("\r\n", "\n").replace("\r", "\n").strip()


@pytest.mark.parametrize("half", ["\ud800", "火\udfff灾", "🔥"[:0] + "\ud83d", "\udd25\ud83d"])
@pytest.mark.parametrize("field", ["summary", "place", "reporter", "callback"])
def test_half_a_character_is_refused_and_told_where(field: str, half: str) -> None:
    with pytest.raises(BadValue, match="half a character") as caught:
        Content().changed({field: f"火灾{half}"})
    assert (caught.value.code, caught.value.field) == ("half_character", field)


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\u2028b", "a\r\nb"])
def test_a_line_is_one_line(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        line("place", text, 50)
    assert caught.value.code == "not_one_line"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("summary", 5, "wrong_kind"),
        ("summary", "火" * 4_001, "too_long"),
        ("place", "\x00", "control_character"),
        ("injured", -1, "bad_count"),
        ("injured", True, "bad_count"),
        ("injured", 1.0, "bad_count"),
        ("injured", "2", "bad_count"),
        ("grade", "V", "bad_grade"),
        ("grade", 1, "bad_grade"),
        ("type", "nothing-of-ours", "unknown_type"),
        ("type", "old-one", "retired_type"),
        ("type", "火灾", "bad_name"),
        ("form", "police", "unknown_form"),
        ("called", "119a", "bad_number"),
        ("hazards", ["fire"], "unknown_mark"),
        ("hazards", "gas", "wrong_kind"),
        ("flags", [""], "bad_name"),
        ("flags", ["gas"] * 41, "wrong_kind"),
        ("areas", ["a b"], "bad_id"),
        ("spot", {"lat": 1, "lon": 2}, "wrong_kind"),
        ("spot", {"lat": 91, "lon": 2, "source": "sip", "at": "2026-11-25T04:00:00.000000Z"}, "bad_position"),
        ("spot", {"lat": 1, "lon": 2, "source": "sip", "at": "now"}, "wrong_kind"),
        ("spot", {"lat": 1, "lon": 2, "source": "", "at": "2026-11-25T04:00:00.000000Z"}, "empty"),
        ("spot", {**SPOT.plain(), "datum": "moon"}, "bad_datum"),
        ("spot", {**SPOT.plain(), "datum": []}, "bad_datum"),
        ("event_class", "accident", "unknown_field"),
        ("number", "20261125-0001", "unknown_field"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_and_the_field_named(field: str, value: object, code: str) -> None:
    with pytest.raises(BadValue) as caught:
        CATALOGUE.amended(Content(), {field: value})
    assert caught.value.code == code
    assert caught.value.field.split(".")[0] == field


def test_a_record_keeps_what_a_list_lost() -> None:
    content = Content(type="gone", hazards=("gone",), form="gone")
    assert CATALOGUE.amended(content, {"hazards": ["gone", "gas"], "type": "gone"}).hazards == ("gone", "gas")


def test_a_centre_without_a_list_has_one_type_for_each_class() -> None:
    found = [Catalogue().amended(Content(), {"type": each.value}).event_class for each in EventClass]
    assert found == list(EventClass)


@given(
    st.builds(
        Spot,
        lat=st.floats(-90, 90),
        lon=st.floats(-180, 180),
        source=st.just("sip"),
        at=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
        radius_m=st.none() | st.floats(0, 1e6),
        confidence=st.none() | st.floats(0, 1),
    )
)
def test_a_position_comes_back_from_json_as_it_was(spot: Spot) -> None:
    assert Spot.of(json.loads(json.dumps(spot.plain()))) == spot


def test_a_position_keeps_its_whole_shape() -> None:
    shape = {"ellipse": {"semi_major_m": 120.5, "angle": 30}}
    spot = Spot.of({**SPOT.plain(), "shape": shape})
    assert json.loads(spot.shape or "") == shape
    with pytest.raises(BadValue):
        Spot.of({**SPOT.plain(), "shape": {"x": "y" * 4_000}})


@pytest.mark.parametrize("bad", [math.nan, math.inf, 91, True, "1", None])
def test_a_latitude_is_a_latitude(bad: Any) -> None:
    with pytest.raises(BadValue):
        Spot(bad, 1.0, "sip", datetime.now(UTC))


@given(
    st.floats(-89.9, 89.9),
    st.floats(-180, 180),
    st.floats(0, 5_000),
    st.floats(0, 2 * math.pi),
)
def test_a_box_around_a_circle_holds_all_of_it(lat: float, lon: float, metres: float, way: float) -> None:
    box = Box.around(lat, lon, metres * 1.001 + 0.01)
    far = math.radians(metres / METRES_A_DEGREE)
    here = math.radians(lat)
    there = math.asin(math.sin(here) * math.cos(far) + math.cos(here) * math.sin(far) * math.cos(way))
    turn = math.atan2(math.sin(way) * math.sin(far) * math.cos(here), math.cos(far) - math.sin(here) * math.sin(there))
    east = (lon + math.degrees(turn) + 540) % 360 - 180
    assert box.holds(math.degrees(there), east)


def test_a_box_that_is_upside_down_is_refused() -> None:
    with pytest.raises(BadValue):
        Box(10, 0, 5, 1)


def test_what_is_personal_is_named_once_and_nothing_else_is() -> None:
    assert set(PERSONAL) == {"reporter", "callback", "place", "spot", "summary"}
    assert set(PERSONAL) < set(NAMES)


# --- incident_types.yaml ----------------------------------------------------------------------------------------------


def test_the_example_centre_has_the_four_classes_and_the_four_failures() -> None:
    example = Path(config.example.__path__[0])
    text = (example / "incident_types.yaml").read_text(encoding="utf-8")
    types = _loaded(text)
    assert {each.event_class for each in types.types} == set(EventClass)
    names = {each.name.zh for each in types.types}
    assert {"停电", "断水", "断气", "断粮"} <= names
    assert list(types.unknown_forms({"police", "fire", "medical"})) == []
    assert len(list(types.unknown_forms({"police"}))) > 10


def _loaded(text: str) -> IncidentTypes:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "incident_types.yaml").write_text(text, encoding="utf-8")
        return load(Path(folder), {"incident_types": IncidentTypes}).part(IncidentTypes)


def test_a_type_twice_an_unknown_class_and_a_strange_code_are_refused_with_their_lines() -> None:
    name = "{zh: 火, en: Fire}"
    with pytest.raises(ConfigErrors) as caught:
        _loaded(
            f"types:\n  - {{id: fire, name: {name}, event_class: accidents}}\n"
            f"  - {{id: fire, name: {name}, event_class: accident, code: 甲}}\n"
        )
    assert [(each.line, each.path, each.code) for each in caught.value.problems] == [
        (2, "types[0].event_class", "wrong_value"),
        (3, "types[1].code", "bad_code"),
    ]
    with pytest.raises(ConfigErrors) as caught:
        _loaded(f"hazards:\n  - {{id: gas, name: {name}}}\n  - {{id: gas, name: {name}}}\n")
    assert [each.code for each in caught.value.problems] == ["repeated"]


def test_grades_have_an_order() -> None:
    assert [each.rank for each in Grade] == [1, 2, 3, 4]
