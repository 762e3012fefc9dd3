"""After the play somebody answers at the second seat, until the stranger has a telephone at the first.

So one softphone is enough to dial 119 and hear a person; and who registers the seat's account gets the calls himself.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from liandong.play.api import Api
from liandong.play.timeline import NotSeen
from liandong.play.voice import GREETING, voices
from phones import IncomingCall, Phone, PhoneError
from phones.g711 import Samples

LOOK_S = 1.0
RINGS_S = 2.0
FOR_EVER_S = 30 * 86400.0


async def stand_in(api: Api, phone: Phone, first: str) -> None:
    """Answer at this telephone until the seat `first` can be reached, or this is cancelled. Raises PhoneError."""
    greeting = (await voices())[GREETING]
    async with phone:
        await phone.register()
        answering = asyncio.create_task(_answer(phone, greeting))
        try:
            while True:
                if await _reachable(api, first):
                    return
                await asyncio.sleep(LOOK_S)
        finally:
            answering.cancel()


async def _reachable(api: Api, seat: str) -> bool:
    with suppress(OSError, NotSeen):  # the web process may be starting again
        return bool((await api.get(f"/api/v1/seats/{seat}"))["reachable"])
    return False


async def _answer(phone: Phone, greeting: Samples) -> None:
    while True:
        with suppress(PhoneError):  # a caller who is gone before the answer
            await _greet(await phone.incoming(FOR_EVER_S), greeting)


async def _greet(call: IncomingCall, greeting: Samples) -> None:
    await call.ring()
    await asyncio.sleep(RINGS_S)
    await call.answer()
    call.play(greeting)
