"""What a duty line may do, on a real Asterisk: each proved by what the telephone heard, and by what stands on disk.

The scenes play at the same time; each test awaits its own.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from config.field import Language
from dispatch import wish
from dispatch.ladder import Ring
from dispatch.notification import Why
from phones import Behaviour, Ending, IncomingCall, Side, engaged, not_there
from phones.g711 import RATE_HZ, Samples
from phones.history import What
from telephony.prompt.order import said_code
from tests.notification_officer import Act, hangs_up, picks_up, pressed, presses, takes_it
from tests.notification_room import PATIENT_S, TEXT, City, Play, Playing, playing
from tests.notification_scene import SHORT, Scene
from tests.sound import HEARD, UNHEARD

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCENES: dict[str, Play] = {}


def scene(play: Play) -> Play:
    SCENES[play.__name__] = play
    return play


def speech_of(seconds: int) -> Samples:
    """Somebody, or something, that speaks for so long."""
    random = np.random.default_rng(1)
    bursts = np.repeat(random.uniform(0.1, 1, 10 * seconds), RATE_HZ // 10)
    return (random.normal(0, 4000, bursts.size) * bursts).astype(np.int16)


def presses_at_once(key: str) -> Act:
    return lambda call: call.send_keys(key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def now(sounds: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playing]:
    async with playing(sounds, SCENES, request) as tasks:
        yield tasks


# --- a line that does not take it -------------------------------------------------------------------------------------


async def next_line_takes_it(city: City, outcome: str, behaviour: Behaviour, **more: Any) -> tuple[Scene, IncomingCall]:
    """The first line does this, and comes to that; the second takes it, and is not told that anything repeats."""
    async with city.scene() as scene:
        first, second = scene.line(behaviour), scene.line(takes_it())
        await scene.live()
        order = await scene.order(first, second, **more)
        await scene.settled(order)
        assert scene.outcomes(order) == [(first, outcome), (second, "acknowledged")]
        assert scene.told == []
        (call,) = scene.calls(first)
        (taken,) = scene.facts(order, "Acknowledged")
        assert taken.subjects["attempt"] == scene.calls(second)[0].caller_name
        heard, _ = (each.body["heard"] for each in scene.facts(order, "AttemptEnded"))
        assert heard is (call.time_of(What.ANSWERED) is not None)
        await scene.faultless(order)
        return scene, call


@scene
async def a_busy_line_is_followed_by_the_next_at_once(city: City) -> None:
    _, call = await next_line_takes_it(city, "busy", engaged())
    assert call.outcome is not None
    assert call.outcome.status == 486


@scene
async def a_line_that_rejects_is_followed_by_the_next(city: City) -> None:
    await next_line_takes_it(city, "rejected", engaged(603))


@scene
async def a_number_that_does_not_exist_is_followed_by_the_next(city: City) -> None:
    await next_line_takes_it(city, "failed", engaged(404))


@scene
async def a_line_where_nobody_comes_stops_ringing_and_the_next_rings(city: City) -> None:
    _, call = await next_line_takes_it(city, "no-answer", not_there(), ring_s=5)
    assert call.outcome is not None
    assert call.outcome.ending is Ending.CANCELLED


@scene
async def an_answering_machine_acknowledges_nothing_however_long_it_speaks(city: City) -> None:
    async def speaks(call: IncomingCall) -> None:
        call.play(speech_of(20))

    _, call = await next_line_takes_it(city, "no-key", picks_up(speaks))
    assert call.packets_sent > 100
    assert call.outcome is not None
    assert call.outcome.by is Side.OTHER, "it still spoke when the centre hung up"
    assert await city.heard(call, "order-keys")


@scene
async def silence_acknowledges_nothing(city: City) -> None:
    async def says_nothing(call: IncomingCall) -> None:
        call.stop_rtp()

    _, call = await next_line_takes_it(city, "no-key", picks_up(says_nothing))
    assert await city.heard(call, "order-keys")


@scene
async def who_hangs_up_during_the_prompt_has_taken_nothing(city: City) -> None:
    _, call = await next_line_takes_it(city, "hung-up", picks_up(hangs_up))
    assert not await city.heard(call, "order-keys")


@scene
async def who_is_called_again_after_he_heard_some_of_it_is_told_that_it_repeats(city: City) -> None:
    async with city.scene(key_s=PATIENT_S) as scene:
        line = scene.line(engaged(), picks_up(hangs_up), city.listens_for("order-repeats", presses("1")))
        await scene.live()
        order = await scene.order(line)
        await scene.settled(order)
        assert [each for _, each in scene.outcomes(order)] == ["busy", "hung-up", "acknowledged"]
        repeats = [each.body["repeats"] for each in scene.facts(order, "AttemptDecided")]
        assert repeats == [False, False, True], "who was busy has heard nothing"
        await scene.faultless(order)


# --- keys ------------------------------------------------------------------------------------------------------------


async def one_line(city: City, behaviour: Behaviour, *keys: str, text: str = SHORT) -> tuple[Scene, IncomingCall]:
    """One line that is called once, and takes it by these keys."""
    async with city.scene(key_s=PATIENT_S) as scene:
        line = scene.line(behaviour)
        await scene.live()
        order = await scene.order(line, text=text)
        await scene.settled(order)
        (call,) = scene.calls(line)
        assert scene.outcomes(order) == [(line, "acknowledged")]
        heard = [each.body["key"] for each in scene.facts(order, "KeyPressed")]
        assert heard == [*keys][: len(heard)]
        assert len(heard) == len(keys) or pressed(call) == "11", "while he is thanked only 9 means something"
        assert await city.heard(call, "order-thanks")
        assert await city.heard_text(call, said_code(order.code, Language.ZH)) > 0.6
        await scene.faultless(order)
        return scene, call


@scene
async def key_1_during_the_prompt_takes_it(city: City) -> None:
    _, call = await one_line(city, takes_it(), "1")
    assert not await city.heard(call, "order-keys")


@scene
async def the_whole_order_is_heard_in_chinese(city: City) -> None:
    _, call = await one_line(city, city.listens_for("order-keys", presses_at_once("1")), "1", text=TEXT)
    assert await city.heard_text(call, TEXT) > HEARD
    assert await city.heard(call, "order-intro")
    assert not await city.heard(call, "order-repeats")
    assert not await city.heard(call, "order-unspoken")


@scene
async def key_2_has_it_spoken_from_its_beginning(city: City) -> None:
    async def listens_again(call: IncomingCall) -> None:
        since = 0
        for key in ("2", "2", "1"):
            await city.hears(call, "order-intro", since)
            since = call.position  # before the key: what follows may begin before it is released
            await call.send_keys(key)

    await one_line(city, picks_up(listens_again), "2", "2", "1")


@scene
async def another_key_has_the_keys_told(city: City) -> None:
    async def errs(call: IncomingCall) -> None:
        await call.hears_something(20)
        since = call.position
        await call.send_keys("5")
        await city.hears(call, "order-keys", since)
        await call.send_keys("1")

    await one_line(city, picks_up(errs), "5", "1")


@scene
async def who_presses_1_twice_has_taken_it_once(city: City) -> None:
    scene, _ = await one_line(city, picks_up(presses("11")), "1", "1")
    assert scene.told == []


@scene
async def who_presses_1_and_then_9_has_taken_it_and_the_dispatcher_knows(city: City) -> None:
    scene, _ = await one_line(city, picks_up(presses("19")), "1", "9")
    assert [each.why for each in scene.told] == [Why.TAKEN_BACK]


@scene
async def who_presses_9_while_he_is_thanked_takes_it_back_and_the_dispatcher_knows(city: City) -> None:
    async def regrets(call: IncomingCall) -> None:
        await presses("1")(call)
        await city.hears(call, "order-thanks")
        await call.send_keys("9")

    scene, _ = await one_line(city, picks_up(regrets), "1", "9")
    assert [each.why for each in scene.told] == [Why.TAKEN_BACK]


@scene
async def after_key_9_the_next_number_rings_at_once_and_this_one_is_not_asked_again(city: City) -> None:
    async with city.scene() as scene:
        first, second = scene.line(picks_up(presses("9"))), scene.line(engaged(), takes_it())
        await scene.live()
        order = await scene.order(first, second)
        await scene.settled(order)
        outcomes = scene.outcomes(order)
        assert sorted(outcomes) == sorted([(first, "declined"), (second, "busy"), (second, "acknowledged")])
        (refused,) = scene.calls(first)
        rang, _ = scene.calls(second)
        ended = refused.time_of(What.ENDED)
        assert ended is not None
        assert rang.history[0].at < ended, "he still hears that somebody else is called"
        assert await city.heard(refused, "order-next")
        assert len(scene.facts(order, "Declined")) == 1
        await scene.faultless(order)


# --- several lines ---------------------------------------------------------------------------------------------------


@scene
async def of_two_who_press_at_once_one_has_taken_it_and_the_other_hears_so(city: City) -> None:
    together = asyncio.Barrier(2)

    async def press(call: IncomingCall) -> None:
        await call.hears_something(20)
        await together.wait()
        await call.send_keys("1")

    async with city.scene() as scene:
        lines = scene.line(picks_up(press)), scene.line(picks_up(press))
        await scene.live()
        order = await scene.order(*lines, ring=Ring.ANY_ONE)
        await scene.settled(order)
        (taken,) = scene.facts(order, "Acknowledged")
        one, other = sorted(scene.calls(), key=lambda call: call.caller_name != taken.subjects["attempt"])
        assert [pressed(one), pressed(other)] == ["1", "1"]
        assert sorted(each for _, each in scene.outcomes(order)) == ["acknowledged", "stopped"]
        assert await city.heard(one, "order-thanks")
        assert await city.heard(other, "order-taken")
        assert not await city.heard(one, "order-taken")
        assert not await city.heard(other, "order-thanks")
        await scene.faultless(order)


@scene
async def the_first_key_stops_the_other_telephones_and_who_listens_hears_why(city: City) -> None:
    ready = asyncio.Event()

    async def listens(call: IncomingCall) -> None:
        await call.hears_something(20)
        ready.set()

    async with city.scene(key_s=PATIENT_S) as scene:
        ringing = scene.line(not_there())

        async def waits(call: IncomingCall) -> None:
            await ready.wait()
            await (await scene.called(ringing)).ringing()
            await call.send_keys("1")

        taker, listener = scene.line(picks_up(waits)), scene.line(picks_up(listens))
        await scene.live()
        order = await scene.order(taker, listener, ringing, ring=Ring.ANY_ONE)
        await scene.settled(order)
        assert dict(scene.outcomes(order)) == {taker: "acknowledged", listener: "stopped", ringing: "stopped"}
        (rang,) = scene.calls(ringing)
        assert rang.outcome is not None
        assert rang.outcome.ending is Ending.CANCELLED
        (heard,) = scene.calls(listener)
        assert await city.heard(heard, "order-taken")
        await scene.faultless(order)


@scene
async def two_incidents_want_one_line_and_get_it_one_after_the_other(city: City) -> None:
    async with city.scene(key_s=PATIENT_S) as scene:
        line = scene.line(city.listens_for("order-keys", presses_at_once("1")))
        texts = ("启明路发生车祸，请派交警。", "老人迷路两天没有回家，帮忙寻找。")  # no words in common
        await scene.live()
        orders = [await scene.order(line, text=text, other=other) for text, other in zip(texts, "ab", strict=True)]
        await scene.settled(*orders)
        calls = scene.calls(line)
        assert [call.caller_name for call in calls] == [f"{order.id}-1" for order in orders]
        first_end = calls[0].time_of(What.ENDED)
        assert first_end is not None
        assert first_end <= calls[1].history[0].at
        for call, text, other in zip(calls, texts, reversed(texts), strict=True):
            assert await city.heard_whole(call, text)
            assert await city.heard_text(call, other) < UNHEARD
        for order in orders:
            await scene.faultless(order)


# --- the dispatcher --------------------------------------------------------------------------------------------------


@scene
async def an_order_that_is_cancelled_while_it_rings_rings_no_more(city: City) -> None:
    async with city.scene() as scene:
        line, next_line = scene.line(not_there()), scene.line(takes_it())
        await scene.live()
        order = await scene.order(line, next_line)
        call = await scene.called(line)
        await scene.rings(order)
        await scene.wish(wish.Cancel, order, reason="误报")
        await scene.settled(order, state="cancelled")
        assert call.outcome is not None
        assert call.outcome.ending is Ending.CANCELLED
        assert scene.outcomes(order) == [(line, "stopped")]
        assert scene.calls(next_line) == []


@scene
async def who_hears_an_order_that_is_cancelled_is_told_so(city: City) -> None:
    async with city.scene() as scene:
        line = scene.line(picks_up())
        await scene.live()
        order = await scene.order(line)
        call = await scene.called(line)
        await scene.fact(order, "AttemptAccepted")
        await scene.wish(wish.Cancel, order, reason="误报")
        await scene.settled(order, state="cancelled")
        assert await city.heard(call, "order-cancelled")
        assert not await city.heard(call, "order-keys")


@scene
async def a_department_that_has_given_its_word_is_rung_no_more(city: City) -> None:
    async with city.scene() as scene:
        line = scene.line(not_there())
        await scene.live()
        order = await scene.order(line)
        call = await scene.called(line)
        await scene.wish(wish.TakeWord, order)
        await scene.settled(order)
        assert call.outcome is not None
        assert call.outcome.ending is Ending.CANCELLED
        assert scene.facts(order, "Acknowledged")[0].body["how"] == "word"


@scene
async def when_the_deadline_passes_every_line_rings_and_the_dispatcher_is_told(city: City) -> None:
    async with city.scene(remind_s=60) as scene:
        first = scene.line(not_there())
        others = scene.line(not_there()), scene.line(takes_it())
        await scene.live()
        order = await scene.order(first, *others, deadline_s=10)
        await scene.settled(order)
        assert [each.body["why"] for each in scene.facts(order, "Escalated")] == ["deadline"]
        assert [(each.order, each.why, each.times) for each in scene.told] == [(order.id, Why.DEADLINE, 1)]
        assert [len(scene.calls(line)) for line in (first, *others)] == [1, 1, 1]
        assert dict(scene.outcomes(order)) == {first: "stopped", others[0]: "stopped", others[1]: "acknowledged"}
        await scene.faultless(order)


@scene
async def when_no_line_is_left_the_dispatcher_is_told_until_he_orders_again(city: City) -> None:
    async with city.scene() as scene:
        line = scene.line(engaged(), engaged(603), takes_it())
        await scene.live()
        order = await scene.order(line, tries=2)
        await scene.until("he was told again", lambda: len(scene.told) >= 2)
        assert [(each.why, each.times) for each in scene.told[:2]] == [(Why.EXHAUSTED, 1), (Why.EXHAUSTED, 2)]
        assert scene.stored(order).state == "unreached"
        await scene.wish(wish.Again, order)
        await scene.settled(order)
        assert [each for _, each in scene.outcomes(order)] == ["busy", "rejected", "acknowledged"]
        await scene.faultless(order)


@pytest.mark.parametrize("name", SCENES)
async def test_of_a_duty_line(name: str, now: Playing) -> None:
    await now[name]
