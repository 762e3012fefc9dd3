"""A conversation as the tests tell it: somebody takes the call, and both hear each other."""

import asyncio

from phones import Call, IncomingCall, NeverCame, OutgoingCall, Phone, Stage, tone_of
from phones.voice import SOUND_S

CALLER_HZ, SEAT_HZ, OTHER_HZ = tone_of(2), tone_of(9), tone_of(15)


async def taken(phone: Phone, within: float = 40.0) -> IncomingCall:
    """The next call that this telephone answers and keeps for a moment."""
    while True:
        call = await phone.incoming(within)
        try:
            await call.acknowledged()
        except NeverCame:
            continue
        if call.stage is Stage.TALKING:
            return call


async def talk(call: OutgoingCall, other: Call, hz: int = SEAT_HZ, last: float = 0.3) -> None:
    """Both hear each other for so many seconds."""
    other.play_tone(hz)
    within = last + SOUND_S
    await asyncio.gather(call.hears(hz, within, last), other.hears(CALLER_HZ, within, last))
