"""A call located: positions side by side, the best by a stated rule, who is in charge there, and every trouble told."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.carried import Geoloc
from gis.civic import Civic
from gis.datum import Datum, LatLon, from_wgs84
from gis.earth import distance_m
from gis.jurisdiction import Jurisdictions
from gis.locate import MOST_POSITIONS, CallFacts, Located, Locator
from gis.position import Position, Source
from gis.ranking import Rank, ranked
from gis.record import located_data, position_data, position_of
from gis.settings import GisSettings, NumberSettings, OriginSettings, PlaceSettings, TrunkPlaces
from gis.shape import ArcBand, BadShape, Circle, Ellipse, Point, Polygon
from gis.subscriber import LineKind, Subscriber
from gis.testing import SubscribersInMemory
from journal.canonical import canonical
from tests.gis_places import ADDRESS, CENTRE, FOUR, NOW, circle, document, flaws, patient, places, polygon

HOME, FLAT = LatLon(39.55, 85.3), LatLon(39.65, 85.5)
SETTINGS = GisSettings(
    numbers=NumberSettings(area="900"),
    trunks={
        "city": TrunkPlaces(origin=OriginSettings(lat=39.6, lon=85.4, radius_m=12_000, confidence=0.9, address="全市")),
        "sloppy": TrunkPlaces(means=Datum.GCJ02),
    },
)


def subscriber(key: str, line: LineKind, at: LatLon | None, address: str = "晨光路12号") -> Subscriber:
    return Subscriber(key, "王桂英", address, at, Datum.WGS84, 30.0, line, NOW - timedelta(days=30))


TABLE = SubscribersInMemory(
    [
        subscriber("8690055510001", LineKind.FIXED, HOME),
        subscriber("8690055510002", LineKind.FIXED, None),
        subscriber("8613800000001", LineKind.MOBILE, FLAT),
    ]
)
LOCATOR = Locator(SETTINGS, FOUR, TABLE)


def locate(number: str = "", trunk: str = "", *carried: Any) -> Located:
    return LOCATOR.locate(CallFacts(number, NOW, trunk, carried))


def told(located: Located) -> list[str]:
    return [f"{located.positions[index].source} {rank}" for index, rank in located.ranking]


def areas(located: Located) -> dict[str, str]:
    return {service: each.main.id for service, each in located.jurisdictions.items() if each.main is not None}


def test_a_fixed_line_is_found_at_its_address_beside_the_trunks_default() -> None:
    located = locate("55510001", "city")
    assert told(located) == ["subscriber fixed-line", "trunk default"]
    assert located.best is not None
    assert (located.best.centre, located.best.radius_m, located.best.at) == (HOME, 30.0, NOW - timedelta(days=30))
    assert located.best.civic == Civic((), "晨光路12号")
    assert areas(located) == {"fire": "fire-west", "police": "police-south"}
    assert located.subscriber is not None
    assert located.subscriber.name == "王桂英"
    assert located.troubles == ()


def test_what_the_call_measured_goes_before_the_lines_address_and_both_are_kept() -> None:
    located = locate("55510001", "city", document(circle("39.65 85.35")))
    assert told(located) == ["sip measured", "subscriber fixed-line", "trunk default"]
    assert areas(located) == {"fire": "fire-west", "police": "police-north"}


def test_a_coarse_measurement_goes_behind_the_lines_address() -> None:
    located = locate("55510001", "city", document(circle("39.65 85.35", radius="3000")))
    assert told(located) == ["subscriber fixed-line", "sip coarse", "trunk default"]


def test_where_a_mobiles_bill_goes_is_no_place_to_send_anybody_while_anything_else_is_known() -> None:
    located = locate("13800000001", "city")
    assert told(located) == ["trunk default", "registered registered"]
    registered = located.positions[0]
    assert (registered.radius_m, flaws(registered.notes)) == (None, ["registered_address"])
    assert set(flaws(located.troubles)) == {"several_areas"}
    assert located.jurisdictions["fire"].shares[0].share == pytest.approx(0.5, abs=0.01)
    assert told(locate("13800000001")) == ["registered registered"]


def test_a_call_of_which_nothing_is_known_says_so() -> None:
    located = locate("13800000009")
    assert (located.positions, located.best, located.jurisdictions) == ((), None, {})
    assert flaws(located.troubles) == ["no_position"]
    assert flaws(locate("anonymous").troubles) == ["no_number", "no_position"]


def test_an_address_without_a_place_is_read_but_not_looked_up() -> None:
    located = locate("55510002")
    assert told(located) == ["subscriber address-only"]
    assert flaws(located.troubles) == ["no_coordinates", "no_position"]
    assert told(locate("55510002", "city")) == ["trunk default", "subscriber address-only"]


def test_a_reference_is_told_and_its_whole_uri_kept() -> None:
    uri = "https://lis.example.com/" + "x" * 150
    located = locate("55510001", "", f"<{uri}>;inserted-by=example", Geoloc("URI", f'URI="{uri}"'))
    assert located.references == (uri,)
    assert flaws(located.troubles) == ["by_reference"]
    assert told(located) == ["subscriber fixed-line"]


def test_a_body_that_asterisk_could_not_read_is_told() -> None:
    assert flaws(locate("55510001", "", "<cid:loc@x>", Geoloc()).troubles) == ["no_body"]
    assert flaws(locate("55510001", "", "<cid:loc@x>", "<presence broken").troubles) == ["broken_xml"]
    assert locate("55510001", "", "<cid:loc@x>", document(circle())).heard == ()
    assert locate("55510001", "", Geoloc("none")).troubles == ()


def test_what_is_very_far_away_is_told_kept_and_ranked_last() -> None:
    located = locate("55510001", "city", document(circle("-63.18 -56.64")))
    assert told(located) == ["subscriber fixed-line", "trunk default", "sip far"]
    assert flaws(located.troubles) == ["far"]
    only = locate("", "", document(circle("-63.18 -56.64")))
    assert (told(only), areas(only)) == (["sip far"], {})
    assert flaws(only.troubles) == ["no_number", "far", "no_area", "no_area"]


def test_a_trunk_that_means_gcj02_is_put_right() -> None:
    sent = from_wgs84(HOME, Datum.GCJ02)
    located = locate("", "sloppy", document(circle(f"{sent.lat} {sent.lon}")))
    assert located.best is not None
    assert located.best.centre is not None
    assert distance_m(located.best.centre, HOME) < 0.01


def test_a_broken_subscriber_table_is_told_and_costs_only_itself() -> None:
    table = SubscribersInMemory()
    table.broken = True
    located = Locator(SETTINGS, FOUR, table).locate(CallFacts("55510001", NOW, "city", (document(circle()),)))
    assert told(located) == ["sip measured", "trunk default"]
    assert "subscribers_unreadable" in flaws(located.troubles)


def test_a_centre_that_knows_nothing_of_places_still_takes_what_calls_carry() -> None:
    bare = Locator(GisSettings()).locate(CallFacts("55510001", NOW, "city", (document(circle() + ADDRESS),)))
    assert (told(bare), bare.jurisdictions, bare.troubles) == (["sip measured"], {}, ())
    placed = Locator(GisSettings(place=PlaceSettings(lat=39.6, lon=85.4)))
    assert placed.locate(CallFacts("", NOW, "", (document(circle()),))).jurisdictions == {}


def test_what_a_call_taker_marks_is_the_best_and_nothing_else_is_lost() -> None:
    located = locate("55510001", "city")
    marked = LOCATOR.entered(39.6, 85.5, NOW, radius_m=20.0, address="工地北门")
    more = LOCATOR.add(located, marked)
    assert told(more) == ["call-taker confirmed", "subscriber fixed-line", "trunk default"]
    assert more.positions[: len(located.positions)] == located.positions
    assert (more.subscriber, more.heard) == (located.subscriber, located.heard)
    assert LOCATOR.add(more, marked) == more
    in_gcj02 = LOCATOR.entered(*from_wgs84(HOME, Datum.GCJ02), NOW, datum=Datum.GCJ02)
    assert in_gcj02.centre is not None
    assert distance_m(in_gcj02.centre, HOME) < 0.01
    with pytest.raises(BadShape):
        LOCATOR.entered(95.0, 85.4, NOW)


def test_a_telephone_that_floods_the_call_with_positions_fills_no_memory() -> None:
    flood = [Position(Source.AML, NOW, Circle(LatLon(39.6, 85.0 + n / 1000), 50.0)) for n in range(200)]
    located = LOCATOR.add(locate("55510001"), *flood)
    assert len(located.positions) == MOST_POSITIONS
    assert located.positions[0].source is Source.SUBSCRIBER
    assert "too_many" in flaws(located.troubles)


def test_a_polygon_whose_middle_is_no_place_costs_only_itself() -> None:
    beyond = document(polygon("30 120", "90 0", "-90 -90", "0 120"))
    located = locate("55510001", "city", beyond)
    assert told(located) == ["subscriber fixed-line", "trunk default"]
    assert "bad_shape" in flaws(located.troubles)


def test_areas_that_cannot_be_computed_are_told_and_cost_no_position(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise shapely.GEOSException("side location conflict at 39.6 85.4")

    monkeypatch.setattr(Jurisdictions, "at", broken)
    located = locate("55510001", "city")
    assert (told(located), located.jurisdictions) == (["subscriber fixed-line", "trunk default"], {})
    assert [str(each) for each in located.troubles] == ["areas_failed: GEOSException"]


# The rule.

CIRCLES = st.builds(Circle, places((39.4, 39.8), (85.2, 85.6)), st.floats(1.0, 8000.0))
SHAPES = st.none() | CIRCLES | st.builds(Point, places((-80.0, 80.0)))
POSITIONS = st.builds(
    Position,
    st.sampled_from(Source),
    st.just(NOW),
    SHAPES,
    confidence=st.sampled_from([None, 0.5, 0.68, 0.95, 1.0]),
    civic=st.just(Civic((), "晨光路12号")),
)


@patient
@given(st.lists(POSITIONS, max_size=6), st.lists(POSITIONS, max_size=3))
def test_positions_are_only_ever_added_and_the_best_changes_only_for_a_better_one(
    first: list[Position], later: list[Position]
) -> None:
    before = LOCATOR.add(Located(), *first)
    after = LOCATOR.add(before, *later)
    assert after.positions[: len(before.positions)] == before.positions
    if before.best is not None and after.best is not before.best:
        assert after.best is not None
        (better, its), (other, earlier) = ranked([after.best, before.best], CENTRE, SETTINGS.far_km * 1000)
        assert (better, other) == (0, 1)
        radius, before_m = (each.radius_at() for each in (after.best, before.best))
        finer = radius is not None and (before_m is None or radius < before_m)
        assert [*Rank].index(its) < [*Rank].index(earlier) or finer


@patient
@given(st.lists(POSITIONS, max_size=6))
def test_every_position_has_one_place_in_the_ranking(positions: list[Position]) -> None:
    order = ranked(positions, CENTRE, 300_000.0)
    assert sorted(index for index, _ in order) == [*range(len(positions))]
    assert [*order] == sorted(order, key=lambda entry: [*Rank].index(entry[1]))


def test_of_two_equal_ones_the_earlier_stays_and_a_finer_one_wins() -> None:
    one = Position(Source.AML, NOW, Circle(HOME, 50.0), confidence=0.95)
    later = dataclasses.replace(one, at=NOW + timedelta(seconds=30))
    surer = Position(Source.SIP, NOW, Circle(HOME, 50.0), confidence=0.99)
    rougher = Position(Source.SIP, NOW, Circle(HOME, 45.0), confidence=0.68)
    unknown = Position(Source.AML, NOW, Point(HOME))
    assert [index for index, _ in ranked([unknown, one, later, rougher, surer])] == [4, 1, 2, 3, 0]


TEXTS = st.text(max_size=40) | st.sampled_from(
    [document(circle()), "<cid:x>", 'shape="Point",pos="39.6 85.4"', "https://a"]
)


@patient
@given(TEXTS, TEXTS, TEXTS | st.builds(Geoloc, TEXTS, TEXTS, TEXTS, TEXTS))
def test_whatever_a_call_brings_nothing_is_raised_and_a_fact_can_keep_it(number: str, trunk: str, carried: Any) -> None:
    located = locate(number, trunk, carried, "<presence/>")
    assert located.positions or located.troubles
    assert canonical(located_data(located))


# As data.


@pytest.mark.parametrize(
    "shape",
    [
        None,
        Point(HOME),
        Circle(HOME, 12.5),
        Ellipse(HOME, 20.0, 10.0, 43.2),
        ArcBand(HOME, 0.0, 500.0, 10.0, 60.0),
        Polygon((HOME, FLAT, LatLon(39.7, 85.2))),
    ],
)
def test_a_position_is_the_same_written_and_read_again(shape: Any) -> None:
    (sent,) = locate("", "", document(circle("39.6, 85.4") + ADDRESS)).positions
    position = dataclasses.replace(sent, shape=shape, confidence=0.68, height_m=3.5)
    assert position_of(position_data(position)) == position


@patient
@given(POSITIONS)
def test_written_and_read_again_a_position_is_where_it_was_to_a_centimetre(position: Position) -> None:
    again = position_of(position_data(position))
    assert position_data(again) == position_data(position)
    assert (again.centre is None) == (position.centre is None)
    if again.centre is not None and position.centre is not None:
        assert distance_m(again.centre, position.centre) < 0.02


def test_the_largest_position_fits_into_a_fact() -> None:
    ring = tuple(LatLon(39.0 + n / 7e3, 85.0 + n * n / 3e6) for n in range(200))
    notes = locate("", "", document(circle("39,6 85,4", unit="x"))).positions[0].notes
    whole = [Position(Source.SIP, NOW, Polygon(ring[n:]), notes=notes) for n in range(8)]
    assert len(canonical([position_data(each) for each in whole])) < 60_000
