"""With no engine at all every caller reaches a person: real Asterisk, real telephones."""

import asyncio
from pathlib import Path

from phones import Call, Phone, Stage, ring_then_answer, tone_of
from tests.centre import running_centre


def joined(seat: Phone) -> Call:
    """The one call that this seat talks in."""
    (call,) = (call for call in seat.calls if call.stage is Stage.TALKING)
    return call


async def test_twelve_callers_and_twelve_seats_at_once_hear_each_other_in_pairs(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = [
            await centre.seat(n, ring_then_answer(0.3), tone=tone_of(11 + n), first_sequence=10000 if n % 2 else 50000)
            for n in range(1, 13)
        ]
        callers = [await centre.caller(first_sequence=50000 if n % 2 else 10000) for n in range(12)]
        calls = await asyncio.gather(*(caller.dial("119", tone=tone_of(n)) for n, caller in enumerate(callers)))
        for call in calls:
            await call.answered(within=60)
        by_number = {caller.user: index for index, caller in enumerate(callers)}
        for number, seat in enumerate(seats):
            at_seat = joined(seat)
            index = by_number.pop(at_seat.caller)
            await at_seat.hears(tone_of(index))
            await calls[index].hears(tone_of(12 + number))
        assert not by_number
        for call in calls:
            await call.hang_up()
        await centre.quiet()
        assert [evidence["findings"] for evidence in centre.evidence()] == [[]] * 12
        assert all(not phone.unexpected for phone in (*seats, *callers))
