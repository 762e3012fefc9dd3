"""In which areas a spot lies, whatever was drawn for it."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from gis.jurisdiction import Jurisdictions
from gis.metric import Metres
from gis.position import Position
from gis.shape import Point, Polygon
from intake.incident import Spot
from liandong.spots import areas_at
from tests.gis_places import CENTRE, FOUR, NOW, patient
from tests.incident_desk_room import DISTRICT, FIRE, desk_room

AREAS = Jurisdictions(FOUR, Metres(CENTRE))
AT = Spot(39.55, 85.3, "call-taker", NOW)
WEST, EAST = {"fire-west", "police-south"}, {"fire-east", "police-south"}
LOOPS = [[39.51, 85.39], [39.53, 85.41], [39.51, 85.41], [39.53, 85.39]]
"""Two of one size, on both sides of the border: the outline crosses itself."""
UNEVEN = [[39.51, 85.39], [39.53, 85.41], [39.51, 85.41], [39.53, 85.3901]]
"""One is a little larger, so that what a plain formula takes for the middle lies far away from both."""


def polygon(ring: list[list[float]]) -> str:
    return json.dumps({"kind": "polygon", "ring": ring})


@pytest.mark.parametrize("ring", [LOOPS, UNEVEN])
def test_a_drawing_that_crosses_itself_lies_where_its_corners_are(ring: list[list[float]]) -> None:
    assert areas_at(AREAS, replace(AT, shape=polygon(ring))) == WEST | EAST


@pytest.mark.parametrize(
    "shape",
    [
        polygon([[39.51, 85.39], [39.52, 85.39], [39.53, 85.39]]),
        polygon([[30, 120], [90, 0], [-90, -90], [0, 120]]),
        polygon([]),
        '{"kind": "polygon", "ring": [[1], null]}',
        '{"kind": "circle", "lat": 39.6, "lon": 85.4, "radius_m": 1e999}',
        '{"kind": []}',
        "[" * 3000,
        "x",
    ],
)
def test_a_drawing_that_is_none_leaves_the_middle_and_the_radius(shape: str) -> None:
    assert areas_at(AREAS, replace(AT, shape=shape)) == WEST
    assert areas_at(AREAS, replace(AT, lon=85.4, radius_m=100.0, shape=shape)) == WEST | EAST


@patient
@example([(39.51, 85.39), (39.53, 85.41), (39.51, 85.41), (39.53, 85.39)], 0.0, None)
@example([], 1e-13, 5e-324)
@given(
    st.lists(st.tuples(st.floats(39.3, 39.9), st.floats(85.1, 85.7)), max_size=9),
    st.none() | st.floats(0.0, 1e7),
    st.none() | st.floats(0.0, 1.0),
)
def test_whatever_is_drawn_nothing_is_raised(
    ring: list[tuple[float, float]], radius_m: float | None, confidence: float | None
) -> None:
    drawn = polygon([list(corner) for corner in ring])
    areas_at(AREAS, replace(AT, lon=85.2, radius_m=radius_m, confidence=confidence, shape=drawn))


def test_where_the_areas_of_a_drawing_cannot_be_computed_those_of_its_middle_are(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plainly = Jurisdictions.at

    def broken(self: Jurisdictions, position: Position) -> Any:
        if isinstance(position.shape, Polygon | Point):
            raise shapely.GEOSException("side location conflict at 39.51 85.39")
        return plainly(self, position)

    monkeypatch.setattr(Jurisdictions, "at", broken)
    drawn = replace(AT, radius_m=20.0, shape=polygon([[39.51, 85.5], [39.52, 85.5], [39.53, 85.51]]))
    with caplog.at_level(logging.WARNING):
        assert areas_at(AREAS, drawn) == WEST
        assert areas_at(AREAS, AT) == frozenset()
    assert "polygon: GEOSException" in caplog.text
    assert "39.5" not in caplog.text, "where somebody is stands in no log"


async def test_an_incident_is_previewed_submitted_and_amended_whatever_was_drawn_for_its_spot(short_path: Path) -> None:
    async with desk_room(short_path, district=DISTRICT) as room:
        loops = [[39.6, 85.34], [39.61, 85.36], [39.6, 85.36], [39.61, 85.34]]
        spot = replace(AT, lat=39.605, lon=85.35, shape=polygon(loops)).plain()
        made = (await room.do("create", changes=FIRE | {"spot": spot})).done.incident
        plans = await room.desk.would_start(made.id, {})
        assert "district" in [each.plan.id for each in plans]
        did = await room.do("submit", incident=made.id, version=made.version)
        assert "district" in did.plans
        again = spot | {"shape": polygon(loops[::-1])}
        version = did.done.incident.version
        changed = await room.do("amend", incident=made.id, version=version, changes={"spot": again})
        assert changed.done.incident.content.spot == Spot.of(again)
