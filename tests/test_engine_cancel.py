"""Callers who hang up at the worst moment, twenty times each: nothing is left of them, or promised to them."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phones import BY_HAND, OutgoingCall, Phone, Stage, ignore, ring_then_answer
from tests.centre import Centre
from tests.conversation import CALLER_HZ, taken
from tests.manager import Event
from tests.unwatched import frozen
from tests.watch import Watch, engine_room

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES = 20
AT_ONCE = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening(sounds: Path) -> AsyncIterator[Watch]:
    quick = {"announce_after_s": 0, "overflow_after_s": 600}
    patient = {"ask_s": 2, "heartbeat_s": 10}
    async with engine_room(sounds, fallback=quick | patient, silent_menu={"timeout_s": 4}) as watch:
        yield watch


@pytest_asyncio.fixture(loop_scope="module")
async def centre(listening: Watch) -> AsyncIterator[Centre]:
    """The centre; after each test: no channel, no promise, no helper, and one end for each call."""
    known = set(listening.facts)
    running = listening.centre
    yield running
    await running.hang_up(*running.phones)
    await running.manager.silence()
    await listening.idle()
    await listening.go_home()
    await running.no_groups()
    began = await listening.until("every call has ended", lambda: _ended(listening, known))
    assert began >= TIMES


def _ended(watch: Watch, known: set[int]) -> int:
    """How many calls began and ended since; 0 while one of them has not ended."""
    new = [fact for sequence, fact in watch.facts.items() if sequence not in known]
    began = [fact.subjects["call"] for fact in new if fact.body.get("what") == "CallArrived"]
    ended = [fact.subjects["call"] for fact in new if fact.body.get("what") == "CallEnded"]
    assert len(ended) == len(set(ended)), "a call has ended twice"
    return len(began) if sorted(began) == sorted(ended) and len(began) >= TIMES else 0


@pytest.fixture
def watch(centre: Centre, listening: Watch) -> Watch:
    return listening


async def dialled(centre: Centre, caller: Phone) -> tuple[OutgoingCall, Event]:
    """A call whose channel Asterisk has made just now."""
    since = len(centre.manager.events)
    call = await caller.dial("119")
    began = await centre.manager.wait(
        lambda event: event.get("Event") == "Newchannel" and event["CallerIDNum"] == caller.user, since=since
    )
    return call, began


async def leave(call: OutgoingCall) -> None:
    """Hang up, in whatever stage the call is."""
    if call.stage is Stage.TALKING:
        await call.hang_up()
    else:
        await call.cancel()
    await call.ended()


async def helpers(centre: Centre) -> list[str]:
    return [name for name in await centre.manager.channels() if name.startswith("Local/")]


async def fresh(centre: Centre) -> bool:
    """Whether the engine lives, for the dialplan, and will a while longer."""
    alive = await centre.manager.ask("Getvar", Variable="LD_ALIVE")
    return time.time() - int(alive["Value"]) < 2


async def test_before_the_question(centre: Centre, watch: Watch) -> None:
    await centre.seat(1, ignore())
    await watch.work(1)
    caller = await centre.caller()
    for _ in range(TIMES):
        call, _ = await dialled(centre, caller)
        await leave(call)


async def test_during_the_question(centre: Centre, watch: Watch) -> None:
    await centre.seat(1, ignore())
    await watch.work(1)
    caller = await centre.caller()
    for _ in range(TIMES):
        await centre.until("the engine's heartbeat is fresh", lambda: fresh(centre), True)
        with frozen(centre):
            since = len(centre.manager.events)
            call = await caller.dial("119")
            await centre.manager.wait(
                lambda event: event.get("Event") == "Newchannel" and event["Channel"].startswith("Local/s@ask"),
                since=since,
            )
            await leave(call)
        await centre.until("no helper is left", lambda: helpers(centre), [])
        await watch.up()


async def test_with_the_engine_frozen_while_the_net_rings(centre: Centre, watch: Watch) -> None:
    seats = [await centre.seat(number, ignore()) for number in range(1, AT_ONCE + 1)]
    callers = [await centre.caller() for _ in seats]
    await watch.work(1)
    for _ in range(TIMES // AT_ONCE):
        rung = sum(len(seat.calls) for seat in seats)
        await centre.until("the engine's heartbeat is fresh", lambda: fresh(centre), True)
        with frozen(centre):
            calls = [await caller.dial("119") for caller in callers]
            for call in calls:
                await call.ringing()

            async def rings(rung: int = rung) -> bool:
                return sum(len(seat.calls) for seat in seats) > rung

            await centre.until("the net rings", rings, True)
            for call in calls:
                await leave(call)
        await watch.up()


async def test_while_a_seat_rings(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(1, BY_HAND)
    await watch.work(1)
    caller = await centre.caller()
    for _ in range(TIMES):
        call = await caller.dial("119")
        at_seat = await seat.incoming()
        await at_seat.ring()
        await watch.until("the engine knows that it rings", lambda: watch.seat(1).line == "ringing")
        await leave(call)
        await at_seat.ended()
        await watch.until("the seat is free again", lambda: watch.seat(1).free)


async def test_as_the_seat_answers(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(1, BY_HAND)
    await watch.work(1)
    caller = await centre.caller()
    for _ in range(TIMES):
        call = await caller.dial("119")
        at_seat = await seat.incoming()
        await at_seat.ring()
        answering = asyncio.create_task(at_seat.answer())
        await leave(call)
        await answering
        await at_seat.ended()
        await watch.until("the seat is free again", lambda: watch.seat(1).free)


async def test_when_joined(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(1, ring_then_answer(0.0))
    await watch.work(1)
    caller = await centre.caller()
    for _ in range(TIMES):
        call = await caller.dial("119")
        at_seat = await taken(seat)
        await watch.joined(caller.user, 1)
        await leave(call)
        await at_seat.ended()
        await watch.until("the seat is free again", lambda: watch.seat(1).free)


async def test_while_waiting(centre: Centre, watch: Watch) -> None:
    seat, first = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)
    talking = await first.dial("119", tone=CALLER_HZ)
    await taken(seat)
    callers = [await centre.caller() for _ in range(TIMES)]
    calls = [await caller.dial("119") for caller in callers]
    for caller in callers:
        await watch.until("it waits", lambda caller=caller: (c := watch.call(caller.user)) and c.stage == "waiting")
    assert sorted(call.place or 0 for call in watch.tap.calls.values() if call.stage == "waiting") == [
        *range(1, TIMES + 1)
    ]
    for call in calls:
        await leave(call)
    await watch.until("only one call is left", lambda: len(watch.tap.calls) == 1)
    await leave(talking)


async def test_in_the_menu_for_those_who_cannot_speak(centre: Centre, watch: Watch) -> None:
    seat, first = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)
    talking = await first.dial("119", tone=CALLER_HZ)
    await taken(seat)
    callers = [await centre.caller() for _ in range(TIMES)]
    calls = [await caller.dial("119") for caller in callers]
    for call in calls:
        await call.answered()
    since = len(centre.manager.events)
    for call in calls:
        await call.send_keys("5")
    for caller in callers:
        await centre.manager.wait(
            lambda event, caller=caller: (
                event.get("Event") == "DTMFEnd" and event["CallerIDNum"] == caller.user and event["Digit"] == "5"
            ),
            since=since,
        )
    for call in calls:
        await leave(call)
    await watch.until("only one call is left", lambda: len(watch.tap.calls) == 1)
    await leave(talking)
