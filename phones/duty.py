"""What somebody does who is called: behaviours for a `Switchboard`, each a coroutine from the ringing to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from phones.incoming import IncomingCall

Behaviour = Callable[[IncomingCall], Awaitable[object]]
"""Is given the call as it comes. An act at a wrong moment, because the caller is gone, ends it."""

HANGS_UP_S = 3600.0  # who is called waits for the caller's end of it; nobody speaks for an hour


def engaged(status: int = 486) -> Behaviour:
    """Busy; with 603 it is rejected, with 404 there is no such number."""
    return lambda call: call.reject(status)


def not_there() -> Behaviour:
    """It rings, and nobody comes."""

    async def ring(call: IncomingCall) -> None:
        await call.ring()
        await call.ended(HANGS_UP_S)

    return ring


def picks_up(ring_s: float = 1.0, *, speak: Callable[[IncomingCall], object] | None = None) -> Behaviour:
    """Somebody picks up, says something perhaps, presses nothing and waits until the caller hangs up."""

    async def listen(call: IncomingCall) -> None:
        await _pick_up(call, ring_s)
        if speak is not None:
            speak(call)
        await call.ended(HANGS_UP_S)

    return listen


def presses(keys: str, ring_s: float = 1.0, after_s: float = 1.5) -> Behaviour:
    """Somebody picks up, listens for so long, presses these keys one after the other, and waits for the end."""

    async def press(call: IncomingCall) -> None:
        await _pick_up(call, ring_s)
        await asyncio.sleep(after_s)
        await call.send_keys(keys)
        await call.ended(HANGS_UP_S)

    return press


def hangs_up(ring_s: float = 1.0, after_s: float = 2.0) -> Behaviour:
    """Somebody picks up, listens for so long, and hangs up."""

    async def leave(call: IncomingCall) -> None:
        await _pick_up(call, ring_s)
        await asyncio.sleep(after_s)
        await call.hang_up()

    return leave


async def _pick_up(call: IncomingCall, ring_s: float) -> None:
    await call.ring()
    await asyncio.sleep(ring_s)
    await call.answer()
    await call.acknowledged()
