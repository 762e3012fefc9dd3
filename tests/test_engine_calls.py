"""The engine chooses the seat, on a real Asterisk with real telephones: the everyday of a centre."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phones import ignore, reject, ring_then_answer, silent
from tests.centre import Centre
from tests.conversation import CALLER_HZ, OTHER_HZ, SEAT_HZ, taken, talk
from tests.watch import Watch, engine_room, seat_id

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening(sounds: Path) -> AsyncIterator[Watch]:
    quick = {"announce_after_s": 1, "overflow_after_s": 600, "seat_rtp_timeout_s": 6}
    patient = {"ask_s": 2, "heartbeat_s": 10}
    intake = {"offer_s": 6, "place_first_s": 1, "place_again_s": 1, "fault_s": 1}
    async with engine_room(sounds, intake=intake, fallback=quick | patient) as watch:
        yield watch


@pytest_asyncio.fixture(loop_scope="module")
async def centre(listening: Watch) -> AsyncIterator[Centre]:
    """The centre, with nothing left of the test before, and nothing left after this one."""
    running = listening.centre
    yield running
    phones = running.phones
    await running.hang_up(*phones)
    await running.manager.silence()
    await listening.idle()
    await listening.go_home()
    assert all(not phone.unexpected for phone in phones)
    await running.no_groups()


@pytest.fixture
def watch(centre: Centre, listening: Watch) -> Watch:
    return listening


async def test_one_seat_rings_both_hear_each_other_and_every_step_is_a_fact(centre: Centre, watch: Watch) -> None:
    first, second = await centre.seat(1, ring_then_answer()), await centre.seat(2, ring_then_answer())
    await watch.work(1, 2)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(first)
    await talk(call, at_seat)
    state = await watch.joined(caller.user, 1)
    assert (state.called, state.service, state.by, state.answered) == ("119", "fire", "engine", True)
    await call.hang_up()
    await at_seat.ended()
    ended = await watch.until("the end is written", lambda: watch.about("CallEnded", call=state.id))
    await watch.until("his place is written", lambda: watch.about("CallLocated", call=state.id))
    story = [fact.body["what"] for fact in watch.facts.values() if fact.subjects.get("call") == state.id]
    assert story.count("CallLocated") == 1  # beside the others, whenever it was found out
    story.remove("CallLocated")
    assert story == ["CallArrived", "CallOffered", "SeatRang", "CallAnswered", "CallEnded"]
    assert ended[0].body["answered"]
    assert watch.about("CallArrived", call=state.id)[0].personal == {"caller": caller.user}
    assert not second.calls


async def test_when_the_call_taker_hangs_up_the_call_ends_and_the_seat_is_free_again(
    centre: Centre, watch: Watch
) -> None:
    seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)
    call = await caller.dial("110", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat, last=2.2)  # shorter, and the hang-up would count as a slip of the hand
    await at_seat.hang_up()
    await call.ended()
    await watch.idle()
    assert watch.seat(1).free


async def test_who_waits_for_the_only_seat_is_joined_when_it_is_free(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(1, ring_then_answer())
    await watch.work(1)
    first, second = await centre.caller(), await centre.caller()
    one = await first.dial("119", tone=CALLER_HZ)
    await talk(one, await taken(seat))
    other = await second.dial("110", tone=CALLER_HZ)
    await watch.until("the second waits", lambda: (c := watch.call(second.user)) and c.stage == "waiting")
    await other.answered()  # by the announcement
    await other.hears_something()
    waiting = watch.call(second.user)
    assert waiting is not None
    assert waiting.place == 1
    await one.hang_up()
    await talk(other, await taken(seat))
    await other.hang_up()


async def test_a_seat_that_rejects_is_paused_somebody_is_told_and_another_one_takes_the_call(
    centre: Centre, watch: Watch
) -> None:
    await centre.seat(1, reject(486, after=0.2))
    second, caller = await centre.seat(2, ring_then_answer()), await centre.caller()
    await watch.work(1, 2)
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(second))
    await watch.until("it is paused", lambda: (watch.seat(1).presence, watch.seat(1).reason) == ("paused", "rejected"))
    await watch.until("it is told", lambda: ("rejected", seat_id(1)) in [(it.about, it.seat) for it in watch.told])
    state = await watch.joined(caller.user, 2)
    assert state.tries == 1
    await call.hang_up()


async def test_a_seat_that_ignores_its_call_is_paused_and_the_next_offer_rings_two(
    centre: Centre, watch: Watch
) -> None:
    await centre.seat(1, ignore())
    second, third = await centre.seat(2, ignore()), await centre.seat(3, ring_then_answer(0.5))
    await watch.work(1, 2, 3)
    caller = await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(third))
    await watch.until("it is paused", lambda: (watch.seat(1).presence, watch.seat(1).reason) == ("paused", "no-answer"))
    assert watch.seat(2).presence == "ready", "who was only slower than another is not to blame"
    assert len(second.calls) == 1
    await call.hang_up()


async def test_a_seat_whose_telephone_says_nothing_is_in_fault_and_its_person_is_not_to_blame(
    centre: Centre, watch: Watch
) -> None:
    await centre.seat(1, silent())
    second, caller = await centre.seat(2, ring_then_answer()), await centre.caller()
    await watch.work(1, 2)
    since = len(watch.told)
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(second))
    await watch.until("it is told", lambda: watch.told[since:])
    assert {(it.about, it.seat) for it in watch.told[since:]} == {("failed", seat_id(1))}
    assert watch.seat(1).presence == "ready"
    await call.hang_up()


async def test_a_caller_whose_seat_dies_in_the_conversation_reaches_another_one(centre: Centre, watch: Watch) -> None:
    seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
    await watch.work(1)
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(seat))
    other = await centre.seat(2, ring_then_answer())
    await watch.work(2)
    seat.vanish()
    await talk(call, await taken(other))
    state = await watch.joined(caller.user, 2)
    await watch.until("that he came back is written", lambda: watch.about("CallCameBack", call=state.id))
    await call.hang_up()


async def test_twenty_callers_on_three_seats_are_taken_in_the_order_in_which_they_came(
    centre: Centre, watch: Watch
) -> None:
    seats = [await centre.seat(number, ring_then_answer(0.05)) for number in (1, 2, 3)]
    await watch.work(1, 2, 3)
    callers = [await centre.caller() for _ in range(20)]
    calls = []
    for caller in callers:
        calls.append(await caller.dial("119"))
        await watch.until(f"{caller.user} is known", lambda caller=caller: watch.call(caller.user))

    async def converse(index: int) -> None:
        state = await watch.joined(callers[index].user)
        assert state.seat is not None
        await asyncio.sleep(0.2 + 0.05 * (index % 3))
        await calls[index].hang_up()

    async with asyncio.TaskGroup() as talking:
        for index in range(20):
            talking.create_task(converse(index))
    numbers = {fact.subjects["call"]: (fact.personal or {})["caller"] for fact in watch.about("CallArrived")}
    offered = [numbers[fact.subjects["call"]] for fact in watch.about("CallOffered")][-20:]
    assert offered == [caller.user for caller in callers]
    assert len(watch.about("CallAnswered")) >= 20
    assert sum(len(seat.calls) for seat in seats) == 20


async def test_with_nobody_signed_in_every_telephone_rings(centre: Centre, watch: Watch) -> None:
    seat, caller = await centre.seat(1, ring_then_answer()), await centre.caller()
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(seat))
    state = await watch.joined(caller.user, 1)
    assert state.by == "net"
    await call.hang_up()
    (answered,) = await watch.until("it is written", lambda: watch.about("CallAnswered", call=state.id))
    assert answered.body["by_net"]


async def test_who_signs_in_by_the_keys_of_the_telephone_gets_calls(centre: Centre, watch: Watch) -> None:
    seat = await centre.seat(4, ring_then_answer())
    pin = centre.liandong("pin", "liu-yang", "--config", str(centre.config), "--state", str(centre.state)).stdout
    keying = await seat.dial("*111004")
    await keying.answered()
    await keying.hears_something()
    await keying.send_keys(pin.split()[-1] + "#")
    await watch.until("seat 4 is free for calls", lambda: watch.seat(4).person == "liu-yang")
    await keying.ended(within=15)
    await watch.until("seat 4 is free", lambda: watch.seat(4).free)
    pausing = await seat.dial("*132")
    await watch.until("seat 4 is paused", lambda: watch.seat(4).reason == "meal")
    await pausing.ended(within=15)
    back = await seat.dial("*14")
    await watch.until("seat 4 is ready", lambda: watch.seat(4).presence == "ready")
    await back.ended(within=15)
    leaving = await seat.dial("*12")
    await watch.until("nobody is at seat 4", lambda: watch.seat(4).person is None)
    await leaving.ended(within=15)


async def test_a_seat_that_telephones_by_itself_is_not_offered_a_call(centre: Centre, watch: Watch) -> None:
    first, second = await centre.seat(1, ring_then_answer()), await centre.seat(2, ring_then_answer())
    third, caller = await centre.seat(3, ring_then_answer()), await centre.caller()
    await watch.work(1, 2)
    own = await first.dial("8003", tone=OTHER_HZ)
    await taken(third)
    await watch.until("seat 1 is busy", lambda: watch.seat(1).line == "talking")
    call = await caller.dial("119", tone=CALLER_HZ)
    await talk(call, await taken(second), SEAT_HZ)
    await own.hang_up()
    await watch.until("seat 1 is free again", lambda: watch.seat(1).free)
    await call.hang_up()
