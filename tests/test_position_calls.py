"""Who calls and from where stands beside a real call while its telephone rings: real INVITEs, a real engine."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from console.state import CallState
from liandong.lock import Role
from phones import OutgoingCall, Phone, ring_then_answer
from phones.message import Enclosure
from tests.centre import Centre
from tests.conversation import taken
from tests.gis_places import circle, document
from tests.watch import Watch, engine_room

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 60.0  # seconds; the machine may be busy with other tests
GOOD = document(circle("39.601 85.35", "50"))
BY_VALUE = "<cid:loc@x>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening(sounds: Path) -> AsyncIterator[Watch]:
    async with engine_room(sounds) as watch:
        yield watch


@pytest_asyncio.fixture(loop_scope="module")
async def centre(listening: Watch) -> AsyncIterator[Centre]:
    running = listening.centre
    yield running
    await running.hang_up(*running.phones)
    await running.manager.silence()
    await listening.idle()
    await listening.go_home()


@pytest.fixture
def watch(centre: Centre, listening: Watch) -> Watch:
    return listening


async def calls(centre: Centre, header: str | None, body: str | None = None) -> tuple[Phone, OutgoingCall]:
    """Somebody calls 119 and hears that it rings."""
    caller = await centre.caller()
    enclosures = () if body is None else (Enclosure("application/pidf+xml", body.encode(), "loc@x"),)
    call = await caller.dial("119", headers={} if header is None else {"Geolocation": header}, enclosures=enclosures)
    await call.ringing()
    return caller, call


async def shown(watch: Watch, caller: Phone, what: str, true: Callable[[CallState], Any]) -> CallState:
    def found() -> CallState | None:
        call = watch.call(caller.user)
        return call if call is not None and true(call) else None

    state = await watch.until(what, found, WITHIN)
    assert state is not None
    return state


def sources(state: CallState) -> list[tuple[str, str]]:
    return sorted((each.source, each.rank) for each in state.positions)


def codes(state: CallState) -> set[str]:
    return {each.code for each in state.troubles} | {each.code for one in state.positions for each in one.notes}


async def test_a_position_in_the_invite_is_the_best_while_it_rings_and_tells_who_is_in_charge(
    centre: Centre, watch: Watch
) -> None:
    seat = await centre.seat(1, ring_then_answer())
    await watch.work(1)
    caller, call = await calls(centre, BY_VALUE, GOOD)
    state = await shown(watch, caller, "his position is shown", lambda it: len(it.positions) >= 2 and it.known)
    assert ("sip", "measured") in sources(state)
    assert state.best is not None
    best = state.positions[state.best]
    assert (best.source, best.radius_m, best.datum) == ("sip", 50, "wgs84")
    assert best.lat == pytest.approx(39.601)
    assert best.lon == pytest.approx(85.35)
    assert [each.id for each in state.jurisdictions["district"].shares] == ["qiming"]
    assert state.known is not None
    assert state.known.count == 0
    assert await taken(seat), "and nobody waited for it"
    await call.hang_up()
    ended = await watch.until("the end is written", lambda: watch.about("CallEnded", call=state.id), WITHIN)
    located = watch.about("CallLocated", call=state.id)
    assert located
    assert "39.601" not in str(located[-1].body)
    assert located[-1].personal is not None
    assert ended


async def test_a_position_by_reference_is_told_and_the_trunks_own_stands_in(centre: Centre, watch: Watch) -> None:
    caller, _ = await calls(centre, "<https://lis.example/held/a1>")
    state = await shown(watch, caller, "the reference is told", lambda it: "by_reference" in codes(it))
    assert sources(state) == [("trunk", "default")]


async def test_a_broken_document_is_told_and_stops_nothing(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(2, ring_then_answer())
    await watch.work(2)
    caller, _ = await calls(centre, BY_VALUE, "<presence")
    assert await taken(seat)
    state = await shown(watch, caller, "that it is broken is told", lambda it: "no_body" in codes(it))
    assert sources(state) == [("trunk", "default")]
    await watch.joined(caller.user, 2)


async def test_who_carries_nothing_has_the_trunks_position_and_his_past(centre: Centre, watch: Watch) -> None:
    caller, first = await calls(centre, None)
    state = await shown(watch, caller, "he is known", lambda it: it.positions and it.known)
    assert sources(state) == [("trunk", "default")]
    id = state.id
    await first.hang_up()
    await watch.until("he is gone", lambda: watch.call(caller.user) is None, WITHIN)
    await watch.until("his call is written down", lambda: watch.about("CallEnded", call=id), WITHIN)
    again = await caller.dial("119")
    await again.ringing()
    state = await shown(watch, caller, "his past is shown", lambda it: it.known and it.known.count)
    assert state.known is not None
    assert id in [each.call for each in state.known.calls]


async def test_an_engine_that_was_killed_finds_the_position_again(centre: Centre, watch: Watch) -> None:
    caller, _ = await calls(centre, BY_VALUE, GOOD)
    before = await shown(watch, caller, "his position is shown", lambda it: len(it.positions) >= 2)
    await watch.tap.request("locate", {"call": before.id, "lat": 39.6, "lon": 85.36, "by": "call-taker"})
    await shown(watch, caller, "what was marked is shown", lambda it: len(it.positions) == 3)
    old = centre.signal(Role.ENGINE, signal.SIGKILL)
    await centre.replaced(Role.ENGINE, old, WITHIN)
    await watch.until("the engine is away", lambda: watch.tap.known, WITHIN)
    await watch.up()
    after = await shown(watch, caller, "it is shown again", lambda it: len(it.positions) == 3)
    assert sources(after) == [("call-taker", "confirmed"), ("sip", "measured"), ("trunk", "default")]
    assert after.best is not None
    assert after.positions[after.best].source == "call-taker"


async def test_an_incident_whose_answer_was_lost_with_the_engine_is_submitted_once(
    centre: Centre, watch: Watch
) -> None:
    caller, call = await calls(centre, BY_VALUE, GOOD)
    state = await shown(watch, caller, "the call is shown", lambda it: it.known)
    begun = {"changes": {"type": "house-fire", "place": "晨光路12号"}, "call": state.id}
    made = (await watch.tap.request("incident", {"deed": "create", "args": begun, "by": "call-taker"}))["incident"]
    await shown(watch, caller, "the record is shown beside the call", lambda it: it.incidents)
    await call.hang_up()  # the caller is gone, and the form is still open
    await watch.until("he is gone", lambda: watch.call(caller.user) is None, WITHIN)
    args = {"incident": made["id"], "version": made["version"]}
    wanted = {"deed": "submit", "args": args, "key": "submit-1", "by": "call-taker"}
    lost = asyncio.create_task(watch.tap.request("incident", wanted))
    await asyncio.sleep(0)
    old = centre.signal(Role.ENGINE, signal.SIGKILL)
    await asyncio.gather(lost, return_exceptions=True)  # granted in time, or lost with it
    await centre.replaced(Role.ENGINE, old, WITHIN)
    await watch.up()
    done = await watch.tap.request("incident", wanted)
    assert done["incident"]["state"] in ("dispatched", "in progress")
    assert len(done["orders"]) == 2
    submitted = [each for each in watch.facts.values() if each.type == "IncidentSubmitted"]
    assert [each.subjects["incident"] for each in submitted] in ([made["id"]], [])  # it may have been told to nobody
    again = await watch.tap.request("incident", wanted)
    assert again["again"] is True
    assert again["orders"] == done["orders"]
