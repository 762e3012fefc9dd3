"""Who calls and from where, beside the call: in an engine whose Asterisk is rehearsed."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from console.state import CallState
from gis.datum import LatLon
from gis.locate import Located, Locator
from gis.position import Position, Source
from gis.ranking import Rank
from gis.settings import GisSettings
from gis.shape import Point
from gis.subscriber_import import import_subscribers
from intake.edge import beside as beside_module
from intake.edge.locating import located_draft
from journal import Fact, facts_about
from telephony.manager import event as told
from telephony.manager.exchange import Gap, Why
from tests.centre import EXAMPLE, write_centre
from tests.edge_room import WITHIN_S, until
from tests.engine_house import BY, SEAT, WHO, House, house
from tests.incident_desk_room import DISTRICT
from tests.incident_room import SPOT
from tests.journal_places import START

CIRCLE = 'shape="Circle", crs="2d", pos="39.601 85.402", radius="40"'
BEYOND = 'shape="Polygon", crs="2d", pos="30 120", pos="90 0", pos="-90 -90", pos="0 120"'
"""Places on earth, around a middle that is none."""
TAKER = {"by": "call-taker"}
NUMBER = "13800000001"


@pytest.fixture
async def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with house(short_path, monkeypatch) as living:
        yield living


async def shown(engine: House, call: str, true: Callable[[CallState], Any]) -> CallState:
    """The call as it is told, once this is true of it."""
    await until(lambda: call in engine.tap.calls and true(engine.tap.calls[call]))
    return engine.tap.calls[call]


def impossible() -> Located:
    """A position with a number that neither the journal nor a browser can read."""
    position = Position(Source.SIP, START, Point(LatLon(39.6, 85.4)), height_m=math.nan)
    return Located((position,), ((0, Rank.MEASURED),))


def comes(engine: House, number: str = NUMBER) -> str:
    call = engine.telephones.comes(number=number)
    engine.telephones.unanswered(call)
    return call


def carries(engine: House, call: str, **geo: str) -> None:
    """What the INVITE carried is told, after the call itself."""
    values = {"header": "", "format": "GML", "location_info": CIRCLE, "confidence": "", "method": "GPS"} | geo
    engine.link.tell(told.Carried(engine.telephones._at, engine.telephones.up[call], **values))


def up_before(engine: House, carried: str) -> str:
    """A call that came while no engine was there, and carried this."""
    telephones = engine.telephones
    tell, telephones._tell = telephones._tell, lambda news: None
    call = telephones.comes(number=NUMBER)
    telephones._tell = tell
    keeps(engine, call, carried)
    engine.link.tell(telephones.seen())
    return call


def keeps(engine: House, call: str, carried: str) -> None:
    """This is on his channel, whether it was told or not."""
    geo = {"LD_GEO": f"header=&format=GML&confidence=&method=GPS&length={len(carried)}", "LD_GEO_1": carried}
    engine.link.variables |= {(call, name): value for name, value in geo.items()}


async def located(engine: House, call: str, count: int) -> list[Fact]:
    """The facts about where the caller is, as soon as there are so many."""

    def found() -> list[Fact]:
        facts = facts_about(engine.journal.reader, "call", call)
        return [each for each in facts if each.type == "CallLocated"]

    await until(lambda: len(found()) >= count)
    return found()


def sources(state: CallState) -> list[tuple[str, str]]:
    return [(each.source, each.rank) for each in state.positions]


async def test_a_caller_is_told_with_where_he_may_be_and_who_is_in_charge_there(engine: House) -> None:
    call = comes(engine)
    state = await shown(engine, call, lambda it: it.positions and it.known)
    assert sources(state) == [("trunk", "default")]
    assert (state.best, state.positions[0].datum, state.positions[0].radius_m) == (0, "wgs84", 11500)
    assert set(state.jurisdictions) >= {"fire", "police"}
    assert state.known is not None
    assert (state.known.count, state.known.score, state.known.open) == (0, 0, ())
    (fact,) = await located(engine, call, 1)
    assert fact.body["positions"] == [{"source": "trunk", "rank": "default", "radius_m": 11500.0}]
    assert "39.6" not in fact.text, "where somebody is can be erased"


async def test_what_the_invite_carried_is_added_when_it_comes_and_is_the_best(engine: House) -> None:
    call = comes(engine)
    await shown(engine, call, lambda it: it.positions)
    carries(engine, call)
    state = await shown(engine, call, lambda it: len(it.positions) == 2)
    assert sources(state) == [("trunk", "default"), ("sip", "measured")]
    assert state.best == 1
    best = state.positions[1]
    assert (best.lat, best.lon, best.radius_m, best.method) == (39.601, 85.402, 40, "GPS")
    facts = await located(engine, call, 2)
    assert [len(each.body["positions"]) for each in facts] == [1, 2]


async def test_what_is_carried_and_not_understood_is_a_trouble_and_nothing_else(engine: House) -> None:
    call = comes(engine)
    carries(engine, call, location_info='shape="Blob", pos="x y"')
    state = await shown(engine, call, lambda it: it.troubles and it.positions)
    assert sources(state) == [("trunk", "default")]
    assert {each.code for each in state.troubles} & {"unknown_shape", "bad_shape", "not_understood"}


async def test_a_polygon_whose_middle_is_no_place_ends_no_engine_and_costs_only_itself(engine: House) -> None:
    call = comes(engine)
    carries(engine, call, location_info=BEYOND)
    state = await shown(engine, call, lambda it: it.positions and it.troubles)
    assert sources(state) == [("trunk", "default")]
    assert "bad_shape" in {each.code for each in state.troubles}
    before = up_before(engine, BEYOND)
    state = await shown(engine, before, lambda it: it.positions and it.troubles)
    assert "bad_shape" in {each.code for each in state.troubles}, "whoever takes over from an engine is asked the same"
    assert not engine.running.done()


async def test_what_cannot_be_written_down_is_not_shown_either_and_told(
    engine: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Locator, "locate", lambda *_: impossible())
    call = comes(engine)
    state = await shown(engine, call, lambda it: it.troubles and it.known)
    assert [(each.code, each.detail) for each in state.troubles] == [("location_not_written", "BadFact")]
    assert state.positions == ()
    assert not engine.running.done()


async def test_a_call_of_which_something_cannot_be_shown_is_shown_without_it(
    engine: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(beside_module, "located_draft", lambda call, *_: located_draft(call, Located(), START))
    monkeypatch.setattr(Locator, "locate", lambda *_: impossible())
    call = comes(engine)
    state = await shown(engine, call, lambda it: it.troubles)
    assert [(each.code, each.detail) for each in state.troubles] == [("not_shown", "ValidationError")]
    assert (state.positions, state.caller) == ((), NUMBER)
    assert [each.id for each in engine.engine._hello().calls] == [call], "who begins to listen is told of it, too"
    assert "height_m" in caplog.text
    assert "39.6" not in caplog.text, "where somebody is stands in no log"


async def test_a_reference_is_told_and_not_fetched(engine: House) -> None:
    call = comes(engine)
    carries(engine, call, header="<https://lis.example/abc>", format="", location_info="")
    state = await shown(engine, call, lambda it: it.troubles and it.positions)
    assert "by_reference" in {each.code for each in state.troubles}


async def test_the_subscriber_is_found_as_soon_as_the_table_is_there(engine: House) -> None:
    table = engine.installation.subscribers
    table.parent.mkdir()
    settings = engine.installation.centre.part(GisSettings)
    await asyncio.to_thread(import_subscribers, EXAMPLE / "subscribers.csv", table, START, settings.plan)
    call = comes(engine, "090055510001")
    state = await shown(engine, call, lambda it: it.positions)
    assert state.subscriber is not None
    assert state.subscriber.line == "fixed"
    assert ("subscriber", "fixed-line") in sources(state)


async def test_the_past_of_a_number_stands_beside_its_next_call(engine: House) -> None:
    first = comes(engine)
    await shown(engine, first, lambda it: it.known)
    made = await engine.wants(
        "incident", deed="create", args={"changes": {"type": "house-fire"}, "call": first}, **TAKER
    )
    id = made["incident"]["id"]
    assert made["incident"]["calls"][0]["caller"] == NUMBER
    state = await shown(engine, first, lambda it: it.incidents)
    assert [(each.id, each.state, each.type) for each in state.incidents] == [(id, "draft", "house-fire")]
    engine.telephones.leaves(first)
    await engine.wants("incident", deed="submit", args={"incident": id, "version": 2}, **TAKER)
    second = comes(engine)
    state = await shown(engine, second, lambda it: it.known and it.known.count)
    assert state.known is not None
    assert [each.call for each in state.known.calls] == [first]
    assert [each.id for each in state.known.open] == [id]
    assert state.incidents == (), "nobody has said that this call is about it, too"
    whole = await engine.wants("caller", call=second)
    assert (whole["count"], whole["key"], [each["id"] for each in whole["incidents"]]) == (1, NUMBER, [id])


async def test_who_redials_is_shown_the_incident_that_is_made_of_his_first_call(engine: House) -> None:
    first = comes(engine)
    await shown(engine, first, lambda it: it.known)
    second, other, hidden = comes(engine, f"+86 {NUMBER}"), comes(engine, "13800000002"), comes(engine, "")
    for each in (second, other):
        await shown(engine, each, lambda it: it.known)
    engine.telephones.leaves(first)
    await until(lambda: first not in engine.tap.calls)
    begun = {"changes": {"type": "house-fire"}, "call": first}
    made = (await engine.wants("incident", deed="create", args=begun, **TAKER))["incident"]
    await shown(engine, second, lambda it: it.known and [each.incidents for each in it.known.calls] == [(made["id"],)])
    args = {"incident": made["id"], "version": made["version"]}
    await engine.wants("incident", deed="submit", args=args, **TAKER)
    state = await shown(engine, second, lambda it: it.known and it.known.open)
    assert state.incidents == (), "nobody has said that this call is about it, too"
    others = engine.tap.calls[other].known
    assert others is not None
    assert (others.count, others.open, engine.tap.calls[hidden].known) == (0, (), None)


async def test_who_withholds_his_number_has_no_past_and_is_located_all_the_same(engine: House) -> None:
    call = comes(engine, "")
    state = await shown(engine, call, lambda it: it.positions)
    assert state.known is None
    assert (await engine.wants("caller", call=call))["count"] == 0


async def test_what_a_call_taker_marks_is_the_best_and_is_on_disk_before_it_is_answered(engine: House) -> None:
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    call = comes(engine)
    await shown(engine, call, lambda it: it.positions)
    place = {"lat": 39.61, "lon": 85.38, "radius_m": 25, "datum": "gcj02", "address": "晨光路12号"}
    reply = await engine.wants("locate", call=call, seat=SEAT, **place, **TAKER)
    assert (reply["position"]["source"], reply["position"]["datum"]) == ("call-taker", "gcj02")
    fact = (await located(engine, call, 2))[-1]
    assert (fact.subjects["person"], fact.subjects["seat"], fact.body["by"]) == (WHO, SEAT, WHO)
    state = await shown(engine, call, lambda it: it.best == 1)
    assert sources(state) == [("trunk", "default"), ("call-taker", "confirmed")]
    assert state.positions[1].civic is not None
    assert state.positions[1].civic.line == "晨光路12号"


async def test_a_place_that_cannot_be_and_a_call_that_never_was_are_refused(engine: House) -> None:
    call = comes(engine)
    await shown(engine, call, lambda it: it.positions)
    for place, code in (
        ({"lat": 95, "lon": 0}, "bad_position"),
        ({"lat": 39.6, "lon": 85.4, "radius_m": -1}, "bad_position"),
        ({"lat": 39.6, "lon": 85.4, "datum": "mars"}, "bad_datum"),
        ({"lat": "39.6", "lon": 85.4}, "bad_request"),
        ({"lat": 39.6}, "bad_request"),
    ):
        assert await engine.refuses("locate", call=call, **place, **TAKER) == code, place
    assert await engine.refuses("locate", call="never.1", lat=39.6, lon=85.4, **TAKER) == "no_such_call"
    assert await engine.refuses("locate", call=call, lat=39.6, lon=85.4, seat=SEAT, **TAKER) == "nobody_signed_in"
    assert await engine.refuses("caller", call="never.1") == "no_such_call"
    assert len(await located(engine, call, 1)) == 1


async def test_a_place_may_be_marked_after_the_call_is_over(engine: House) -> None:
    call = comes(engine)
    await located(engine, call, 1)
    engine.telephones.leaves(call)
    await until(lambda: call not in engine.tap.calls)
    await engine.wants("locate", call=call, lat=39.6, lon=85.4, **TAKER)
    assert [len(each.body["positions"]) for each in await located(engine, call, 2)] == [1, 2]


async def test_two_who_mark_it_at_once_after_the_call_are_both_known(engine: House) -> None:
    call = comes(engine)
    await located(engine, call, 1)
    engine.telephones.leaves(call)
    await until(lambda: call not in engine.tap.calls)
    again = threading.Event()
    engine.journal.submit(lambda unit: again.wait())
    marks = [asyncio.create_task(engine.wants("locate", call=call, lat=39.6, lon=lon, **TAKER)) for lon in (85.4, 85.5)]
    await until(lambda: engine.journal.status().waiting)
    again.set()
    await asyncio.gather(*marks)
    assert [len(each.body["positions"]) for each in await located(engine, call, 3)] == [1, 2, 3]


async def test_the_next_life_of_the_engine_knows_what_was_known(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(short_path, monkeypatch) as first:
        call = comes(first)
        await shown(first, call, lambda it: it.positions)
        await first.wants("locate", call=call, lat=39.61, lon=85.38, **TAKER)
        before = await shown(first, call, lambda it: len(it.positions) == 2)
        telephones = first.telephones
    async with house(short_path, monkeypatch, seen=False) as second:
        telephones._tell = second.link.tell
        second.link.telephones = second.telephones = telephones
        await second.seen()
        after = await shown(second, call, lambda it: len(it.positions) == 2)
        for old, new in zip(before.positions, after.positions, strict=True):
            assert new.model_copy(update={"at": old.at}) == old
            assert new.at[:23] == old.at[:23], "to the millisecond"
        assert (after.best, after.jurisdictions) == (before.best, before.jurisdictions)
        beside = second.engine._casework.beside
        known = beside.about(call).located
        await second.seen()
        await second.link.heard()
        await until(lambda: beside._calls[call].working is None)
        assert beside.about(call).located == known, "one more look at what is up adds nothing"


async def test_a_call_that_nobody_has_looked_up_yet_is_asked_for_what_it_carried(engine: House) -> None:
    call = up_before(engine, CIRCLE)
    state = await shown(engine, call, lambda it: it.positions)
    assert ("sip", "measured") in sources(state)


async def test_what_a_call_carried_is_found_though_the_link_was_broken_as_it_was_told(engine: House) -> None:
    call = comes(engine)
    await shown(engine, call, lambda it: it.positions)
    keeps(engine, call, CIRCLE)
    engine.link.tell(Gap(Why.LINK))
    await engine.seen()
    state = await shown(engine, call, lambda it: len(it.positions) > 1)
    assert sources(state) == [("trunk", "default"), ("sip", "measured")]


async def test_where_a_call_came_from_is_found_though_only_its_question_was_heard(engine: House) -> None:
    telephones = engine.telephones
    tell, telephones._tell = telephones._tell, lambda news: None
    call = telephones.comes(number=NUMBER)
    telephones._tell = tell
    keeps(engine, call, CIRCLE)
    beside = engine.engine._casework.beside
    beside.asked(call, NUMBER)
    await until(lambda: beside._calls[call].timely is not None)
    assert beside.about(call).located.positions == ()
    await engine.seen()
    state = await shown(engine, call, lambda it: it.positions)
    assert sorted(sources(state)) == [("sip", "measured"), ("trunk", "default")]


async def test_whatever_fails_is_told_beside_the_call_and_stops_nothing(
    engine: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no map today")

    monkeypatch.setattr(Locator, "locate", broken)
    call = comes(engine)
    state = await shown(engine, call, lambda it: it.troubles and it.known)
    assert [(each.code, each.detail) for each in state.troubles][-1] == ("location_failed", "RuntimeError")
    assert state.positions == ()


async def test_a_slow_look_up_delays_no_question_and_is_counted(engine: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_module, "LATE_S", 0.05)
    locate, may = Locator.locate, threading.Event()

    def slow(self: Locator, call: Any) -> Any:
        may.wait(WITHIN_S)
        return locate(self, call)

    monkeypatch.setattr(Locator, "locate", slow)
    call = comes(engine)
    state = await shown(engine, call, lambda it: True)
    assert state.positions == (), "the call is told before it is known where its caller is"
    await asyncio.sleep(0.1)
    may.set()
    await shown(engine, call, lambda it: it.positions)

    await until(lambda: engine.engine._casework.beside.late == 1)
    assert (await engine.wants("status"))["lookups_late"] == 1


async def test_nothing_is_kept_of_calls_that_are_over(engine: House) -> None:
    call = comes(engine)
    await shown(engine, call, lambda it: it.positions)
    assert engine.engine._casework.beside._calls
    engine.telephones.leaves(call)
    await until(lambda: not engine.engine._casework.beside._calls)


async def test_plans_for_a_district_start_by_the_callers_own_position_as_long_as_nobody_has_set_a_spot(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (write_centre(short_path / "centre") / "plans" / "district.yaml").write_text(DISTRICT)
    async with house(short_path, monkeypatch) as engine:
        call = comes(engine)
        carries(engine, call, location_info=CIRCLE.replace("85.402", "85.35"))
        await shown(engine, call, lambda it: len(it.positions) == 2)
        begun = {"changes": {"type": "house-fire"}, "call": call}
        made = (await engine.wants("incident", deed="create", args=begun, **TAKER))["incident"]
        plans = (await engine.wants("plans", incident=made["id"]))["plans"]
        assert [each["id"] for each in plans] == ["house-fire", "district"]
        elsewhere = {"spot": SPOT.plain() | {"lat": 39.6, "lon": 85.49}}
        plans = (await engine.wants("plans", incident=made["id"], changes=elsewhere))["plans"]
        assert [each["id"] for each in plans] == ["house-fire"], "what a person has set counts alone"
        other = comes(engine, "13800000002")
        await shown(engine, other, lambda it: it.positions)
        begun = {"changes": {"type": "house-fire"}, "call": other}
        made = (await engine.wants("incident", deed="create", args=begun, **TAKER))["incident"]
        plans = (await engine.wants("plans", incident=made["id"]))["plans"]
        assert [each["id"] for each in plans] == ["house-fire"], "the trunk's own position says nothing of districts"


async def test_plans_for_a_district_start_by_where_a_caller_was_who_has_hung_up(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (write_centre(short_path / "centre") / "plans" / "district.yaml").write_text(DISTRICT)
    async with house(short_path, monkeypatch) as engine:
        plans = []
        for number, where in (("13800000001", CIRCLE.replace("85.402", "85.35")), ("13800000002", "")):
            call = comes(engine, number)
            if where:
                carries(engine, call, location_info=where)
            await shown(engine, call, lambda it, count=1 + bool(where): len(it.positions) == count)
            assert await asyncio.to_thread(engine.journal.wait_behind, WITHIN_S)
            begun = {"changes": {"type": "house-fire"}, "call": call}
            made = (await engine.wants("incident", deed="create", args=begun, **TAKER))["incident"]
            engine.telephones.leaves(call)
            await until(lambda call=call: not engine.engine._desk.knows(call))
            would = (await engine.wants("plans", incident=made["id"]))["plans"]
            args = {"incident": made["id"], "version": made["version"]}
            plans.append((await engine.wants("incident", deed="submit", args=args, **TAKER))["plans"])
            assert [each["id"] for each in would] == plans[-1]
        assert plans == [["house-fire", "district"], ["house-fire"]]
