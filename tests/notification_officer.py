"""Who is called at a duty line: what people, and machines, do there."""

import asyncio
from collections.abc import Awaitable, Callable

from phones import Behaviour, IncomingCall, Stage
from phones.history import What

WITHIN = 60.0  # seconds; generous, a test that waits longer has failed

Act = Callable[[IncomingCall], Awaitable[object]]


def pressed(call: IncomingCall) -> str:
    """The keys that were pressed in a call."""
    return "".join(each.detail for each in call.history if each.what is What.KEYS_SENT)


def picks_up(then: Act | None = None, ring_s: float = 0.2) -> Behaviour:
    """Somebody picks up, does this, and waits for the end."""

    async def behave(call: IncomingCall) -> None:
        await call.ring()
        await asyncio.sleep(ring_s)
        await call.answer()
        await call.acknowledged()
        if then is not None:
            await then(call)
        await call.ended(3600)

    return behave


def presses(*keys: str) -> Act:
    """When he hears something, each time."""

    async def press(call: IncomingCall) -> None:
        for key in keys:
            await call.hears_something(20)
            await call.send_keys(key)

    return press


async def hangs_up(call: IncomingCall) -> None:
    """At once."""
    await call.hang_up()


def takes_it() -> Behaviour:
    """As soon as he hears something."""
    return picks_up(presses("1"))


async def thanked(call: IncomingCall) -> None:
    """Press 1 and hang up as soon as somebody says something to that."""
    await presses("1")(call)
    await leaves_when_thanked(call)


async def leaves_when_thanked(call: IncomingCall) -> None:
    """Hang up as soon as something is heard."""
    await call.hears_something(WITHIN)
    await call.hang_up()


async def done(call: IncomingCall, over: bool) -> None:
    """Wait until somebody has pressed a key, or the call is over; or only for that."""
    async with asyncio.timeout(WITHIN):
        while (over or not pressed(call)) and call.stage is not Stage.ENDED:  # noqa: ASYNC110 - a call tells nobody of it
            await asyncio.sleep(0.02)
