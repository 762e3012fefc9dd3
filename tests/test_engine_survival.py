"""Our processes die, freeze and dawdle while people telephone: nobody on the telephone notices."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from liandong.lock import Role
from phones import OutgoingCall, Phone, ignore, ring_then_answer
from tests.centre import Centre
from tests.conversation import CALLER_HZ, SEAT_HZ, taken
from tests.unwatched import frozen, unwatched
from tests.watch import Watch, engine_room

pytestmark = pytest.mark.asyncio(loop_scope="module")


HEARTBEAT_S = 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening(sounds: Path) -> AsyncIterator[Watch]:
    quick = {"announce_after_s": 1, "overflow_after_s": 600}
    patient = {"ask_s": 2, "heartbeat_s": HEARTBEAT_S}
    async with engine_room(sounds, intake={"offer_s": 60}, fallback=quick | patient) as watch:
        yield watch


@pytest_asyncio.fixture(loop_scope="module")
async def centre(listening: Watch) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    running = listening.centre
    yield running
    await running.hang_up(*running.phones)
    await running.manager.silence()
    await listening.up()
    await listening.idle()
    await listening.go_home()
    await running.no_groups()
    await listening.until("every call has one beginning and one end", lambda: _whole(listening))


def _whole(watch: Watch) -> bool:
    """Whether each call of which anything is written has exactly one beginning and one end."""
    calls = {fact.subjects["call"] for fact in watch.facts.values() if "call" in fact.subjects}
    for call in calls:
        beginnings, ends = watch.about("CallArrived", call=call), watch.about("CallEnded", call=call)
        assert len(beginnings) <= 1
        assert len(ends) <= 1
        if not beginnings or not ends:
            return False
    return True


@pytest.fixture
def watch(centre: Centre, listening: Watch) -> Watch:
    return listening


async def conversations(centre: Centre, watch: Watch, *seats: int) -> list[tuple[Phone, OutgoingCall, Phone]]:
    """A caller, his call and the telephone of the seat for each of these seats, talking."""
    talks = []
    for number in seats:
        seat = await centre.seat(number, ring_then_answer())
        await watch.work(number)
        caller = await centre.caller()
        call = await caller.dial("119", tone=CALLER_HZ)
        (await taken(seat)).play_tone(SEAT_HZ)
        await watch.joined(caller.user, number)
        talks.append((caller, call, seat))
    return talks


async def still_heard(*talks: tuple[Phone, OutgoingCall, Phone]) -> None:
    """Both hear each other, in each of these conversations."""
    for _, call, seat in talks:
        await call.hears(SEAT_HZ)
        await seat.calls[-1].hears(CALLER_HZ)


def listed(watch: Watch) -> list[tuple[str, str, str]]:
    """What the engine lists: ids, beginnings and callers, in order."""
    return [(call.id, call.arrived_at, call.caller) for call in watch.tap.calls.values()]


async def test_an_engine_that_is_killed_drops_nobody_and_its_successor_knows_everybody(
    centre: Centre, watch: Watch
) -> None:
    talks = await conversations(centre, watch, 1, 2, 3)
    ringing = await centre.seat(4, ignore())
    await watch.work(4)
    rings = await centre.caller()
    rung = await rings.dial("110")
    await watch.until("the fourth rings", lambda: watch.seat(4).line == "ringing")
    waiting = [await centre.caller() for _ in range(2)]
    waits = [await caller.dial("120", tone=CALLER_HZ) for caller in waiting]
    for caller in waiting:
        await watch.until("it waits", lambda caller=caller: (c := watch.call(caller.user)) and c.stage == "waiting")
    before = listed(watch)
    assert len(before) == 6

    await centre.seat(5, ring_then_answer(), tone=SEAT_HZ)  # nobody is signed in there: the net's own
    with unwatched(centre):
        old = centre.signal(Role.ENGINE, signal.SIGKILL)
        newcomer = await centre.caller()
        calls = [await newcomer.dial("119", tone=CALLER_HZ), *waits]
        hearing = {asyncio.create_task(call.hears(SEAT_HZ, within=60)): call for call in calls}
        (heard, *_), others = await asyncio.wait(hearing, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await heard
        lucky = hearing[heard]
        await still_heard(*talks)

    await centre.replaced(Role.ENGINE, old, within=60)
    await watch.up()
    await watch.until("the successor lists the same six", lambda: set(before) <= set(listed(watch)))
    assert sorted(entry for entry in listed(watch) if entry in before) == sorted(before)
    await watch.until("the three talk", lambda: {watch.seat(number).line for number in (1, 2, 3)} == {"talking"})
    assert {watch.seat(number).person is not None for number in (1, 2, 3, 4)} == {True}

    await ringing.calls[-1].answer()  # type: ignore[attr-defined]
    await watch.joined(rings.user, 4)
    await talks[0][1].hang_up()
    await talks[1][1].hang_up()
    for caller, waited in zip((newcomer, *waiting), calls, strict=True):
        if waited is not lucky:
            await watch.joined(caller.user)
    await still_heard(talks[2])
    for each in (*calls, rung, talks[2][1]):
        await each.hang_up()


async def test_an_engine_that_is_too_slow_for_the_question_costs_the_caller_a_moment(
    centre: Centre, watch: Watch
) -> None:
    seat, caller = await centre.seat(1), await centre.caller()
    await watch.work(1)
    with frozen(centre):
        call = await caller.dial("119", tone=CALLER_HZ)
        at_seat = await seat.incoming()
    await at_seat.answer()
    at_seat.play_tone(SEAT_HZ)
    await call.hears(SEAT_HZ)
    await watch.up()
    state = await watch.joined(caller.user, 1)
    assert state.by == "net"
    await call.hang_up()


async def test_an_engine_that_stops_before_the_question_is_replaced_and_costs_the_caller_a_moment(
    centre: Centre, watch: Watch
) -> None:
    seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)
    old = centre.signal(Role.ENGINE, signal.SIGSTOP)
    call = await caller.dial("119", tone=CALLER_HZ)
    (await taken(seat)).play_tone(SEAT_HZ)
    await call.hears(SEAT_HZ)
    await centre.replaced(Role.ENGINE, old, within=60)
    await watch.up()
    state = await watch.joined(caller.user, 1)
    assert state.by == "net"
    await call.hang_up()


async def test_an_engine_that_stopped_a_while_ago_is_not_even_asked(centre: Centre, watch: Watch) -> None:
    seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)

    async def stale() -> bool:
        alive = await centre.manager.ask("Getvar", Variable="LD_ALIVE")
        return time.time() - int(alive["Value"]) > HEARTBEAT_S + 1

    with frozen(centre):
        await centre.until("the heartbeat is old", stale, True)
        since = len(centre.manager.events)
        call = await caller.dial("119", tone=CALLER_HZ)
        (await taken(seat)).play_tone(SEAT_HZ)
        await call.hears(SEAT_HZ)
        asked = [each for each in centre.manager.events[since:] if each.get("Channel", "").startswith("Local/s@ask")]
        assert asked == []
    state = await watch.joined(caller.user, 1)
    assert state.by == "net"
    await call.hang_up()


async def test_an_engine_that_stops_after_its_answer_knows_the_conversation_when_it_goes_on(
    centre: Centre, watch: Watch
) -> None:
    seat, caller = await centre.seat(1), await centre.caller()
    await watch.work(1)
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await seat.incoming()
    await at_seat.ring()
    await watch.until("it rings", lambda: watch.seat(1).line == "ringing")
    with frozen(centre):
        at_seat.play_tone(SEAT_HZ)
        await at_seat.answer()
        await call.hears(SEAT_HZ)
    state = await watch.joined(caller.user, 1)
    assert state.by == "engine"
    await call.hang_up()


@pytest.mark.parametrize("role", [Role.WEB, Role.WORKER])
async def test_without_web_or_worker_calls_go_on_and_it_comes_back(centre: Centre, watch: Watch, role: Role) -> None:
    (talking,) = await conversations(centre, watch, 1)
    old = centre.signal(role, signal.SIGKILL)
    await still_heard(talking)
    other = await conversations(centre, watch, 2)
    await centre.replaced(role, old)
    await still_heard(talking, *other)
    for _, call, _ in (talking, *other):
        await call.hang_up()
    await centre.quiet()


async def test_without_a_supervisor_the_engine_still_distributes_and_the_next_one_adopts_it(
    centre: Centre, watch: Watch
) -> None:
    (talking,) = await conversations(centre, watch, 1)
    children, asterisk = centre.children(), centre.asterisk_pid
    centre.kill()
    await still_heard(talking)
    (other,) = await conversations(centre, watch, 2)
    assert watch.call(other[0].user).by == "engine"  # type: ignore[union-attr]
    await centre.serve()
    assert (centre.children(), centre.asterisk_pid) == (children, asterisk)
    await still_heard(talking, other)
    for _, call, _ in (talking, other):
        await call.hang_up()


async def test_a_manager_link_that_is_cut_with_twenty_calls_up_costs_no_call(centre: Centre, watch: Watch) -> None:
    talks = await conversations(centre, watch, *range(1, 13))
    waiting = [await centre.caller() for _ in range(8)]
    waits = []
    for caller in waiting:
        waits.append(await caller.dial("110"))
        await watch.until("it waits", lambda caller=caller: (c := watch.call(caller.user)) and c.stage == "waiting")
    before = listed(watch)
    assert len(before) == 20
    snapshots = (await watch.tap.request("status", {}))["snapshots"]
    await _cut_link(centre)

    async def again() -> bool:
        status = await watch.tap.request("status", {})
        return bool(status["ready"] and status["snapshots"] > snapshots)

    await centre.until("the link stands again", again, True)
    assert listed(watch) == before
    await still_heard(talks[0], talks[11])
    await talks[0][1].hang_up()
    await watch.joined(waiting[0].user, 1)
    for _, call, _ in talks[1:]:
        await call.hang_up()
    for call in waits:
        await call.answered()
        await call.hang_up()


async def _cut_link(centre: Centre) -> None:
    """Have Asterisk close the engine's connection to its manager interface."""
    await centre.manager.close()
    await centre.listen()
    rows = [row.split() for row in (await centre.manager.command("manager show connected")).splitlines()]
    engine, ours = sorted((row for row in rows if row[0] == "liandong"), key=lambda row: int(row[2]))
    assert int(engine[2]) < int(ours[2]), "the engine's is the older one"
    await centre.manager.command(f"manager kick session {engine[4]}")


async def test_an_asterisk_that_dies_takes_its_calls_with_it_and_everything_goes_on_afterwards(
    centre: Centre, watch: Watch
) -> None:
    ((caller, call, seat),) = await conversations(centre, watch, 1)
    state = watch.call(caller.user)
    assert state is not None
    old = centre.asterisk_pid
    await centre.manager.close()
    os.kill(old, signal.SIGKILL)
    await watch.until("the call is over", lambda: not watch.tap.calls, within=40)
    seat.vanish()
    call.vanish()

    async def another() -> bool:
        try:
            return centre.asterisk_pid != old
        except FileNotFoundError:
            return False

    await centre.until("another Asterisk runs", another, True, within=30)
    await watch.up()
    await centre.listen()
    (talking,) = await conversations(centre, watch, 2)
    assert watch.seat(1).person is not None, "who was signed in is so still"
    await still_heard(talking)
    await talking[1].hang_up()
    await watch.until("its end is written", lambda: watch.about("CallEnded", call=state.id), within=40)
