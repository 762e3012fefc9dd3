"""`liandong demo`: one emergency call from end to end on real telephones, for a stranger to watch.

A caller rings 119 and no engine decides anything: the dialplan alone rings two seats, one answers, both hear each
other's tone, and the recording is proved afterwards. Every line of the timeline is a fact that was witnessed: by a
telephone, or by reading what lies on disk. A fact that does not come ends the demo with exit code 1, naming it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import TypeVar

import soundfile
import soxr  # type: ignore[import-untyped]

from config.ports import PortSettings
from liandong.account import account_text
from liandong.centre import EXAMPLE
from liandong.installation import Installation
from liandong.lock import Role, holding
from liandong.serve import NET_ALONE, Service
from phones import Call, IncomingCall, OutgoingCall, Phone, PhoneError, What, recognise, tone_of
from recordings.verification import verify

CALLER = "13800000119"
TRUNK = "127.0.0.2"  # where the example centre's trunk calls from
CALLER_HZ, SEAT_HZ = tone_of(3), tone_of(10)
ANSWER_S = 1.2  # how long the demo's call-taker lets it ring: a trained one takes up to three seconds
TALK_S = 2.0
WITHIN_S = 15.0
LOOK_S = 0.05
TOLERANCE_HZ = 8.0

T = TypeVar("T")


class NotSeen(ValueError):
    """A fact of the demo did not come."""

    code = "demo_fact_missing"


@dataclass(frozen=True)
class Timeline:
    """Prints facts with their time after the first one."""

    begun: float

    def tell(self, *facts: tuple[float, str, str]) -> None:
        """A line for each fact (when, who, what), the earliest first."""
        for at, who, what in sorted(facts):
            print(f"  {at - self.begun:7.3f} s  {who:<10} {what}", flush=True)


def demo(state: Path, *, stay: bool) -> int:
    """Play the call; then stay up until Ctrl-C, unless not wanted."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    installation = Installation.open(EXAMPLE, state, gives_way=True)
    with holding(installation.state.run, Role.SERVE):
        asyncio.run(_demo(installation, stay=stay))
    return 0


async def _demo(installation: Installation, *, stay: bool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    service = Service(installation, NET_ALONE)
    serving = asyncio.create_task(service.run(asyncio.Event()))
    try:
        await _first(serving, service.serving.wait())
        await _first(serving, _interruptible(ended, _play(installation, service)))
        if stay and not ended.is_set():
            _invite(installation, service)
            await _first(serving, ended.wait())
    finally:
        await service.stop()
        await serving
        print("\nAll that the demo started is stopped.")


async def _first(serving: asyncio.Task[None], other: Awaitable[object]) -> None:
    """Wait for the other; if serving ends first, raise what ended it."""
    waiting = asyncio.ensure_future(other)
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        waiting.result()
    else:
        waiting.cancel()
        serving.result()


async def _interruptible(ended: asyncio.Event, playing: Awaitable[None]) -> None:
    task = asyncio.ensure_future(playing)
    interruption = asyncio.ensure_future(ended.wait())
    await asyncio.wait({task, interruption}, return_when=asyncio.FIRST_COMPLETED)
    interruption.cancel()
    if task.done():
        task.result()
    else:
        task.cancel()


async def _play(installation: Installation, service: Service) -> None:
    server = (installation.centre.part(PortSettings).bind, service.ports.sip_udp)
    print("\nOne emergency call. No engine is running: Asterisk's dialplan does all of this by itself.\n")
    seats = [Phone(server, name, installation.secrets.get_or_make(name).reveal()) for name in ("seat-01", "seat-02")]
    caller = Phone(server, CALLER, local=(TRUNK, 0))
    phones = (*seats, caller)
    try:
        for phone in phones:
            await phone.open()
        for seat in seats:
            await seat.register()
        await _fact("the telephones of the seats are there", partial(_present, service, len(seats)))
        await _call(installation, service, caller, seats)
    except PhoneError as error:
        raise NotSeen(f"the demo ends here, a fact did not come: {error}") from error
    finally:
        for phone in phones:
            await phone.close()


async def _present(service: Service, wanted: int) -> bool | None:
    """True once Asterisk has reached this many telephones."""
    contacts = await asyncio.to_thread(service.asterisk.console, "pjsip show contacts")
    return sum("seat-" in line and " Avail " in line for line in contacts.splitlines()) == wanted or None


async def _call(installation: Installation, service: Service, caller: Phone, seats: list[Phone]) -> None:
    before = _evidence(installation.state.recordings)
    call = await caller.dial("119", tone=CALLER_HZ)
    line = Timeline(_time(call, What.DIALLED))
    line.tell((line.begun, "caller", f"{CALLER} dials 119"))
    ringing = await asyncio.gather(*(seat.incoming() for seat in seats))
    for at_seat in ringing:
        await at_seat.ring()
    await call.ringing()
    line.tell(
        *(
            (_time(each, What.CALLED), seat.user, f"rings, shows {each.caller}")
            for seat, each in zip(seats, ringing, strict=True)
        ),
        (_time(call, What.RINGING, What.EARLY_MEDIA), "caller", "hears that it rings"),
    )
    await asyncio.sleep(ANSWER_S)
    taken, left = ringing
    taken.play_tone(SEAT_HZ)
    await taken.answer()
    await call.answered()
    await left.ended()
    line.tell(
        (_time(taken, What.ANSWERED), seats[0].user, "answers"),
        (_time(left, What.CANCEL_CAME), seats[1].user, "stops ringing"),
        (_time(call, What.ANSWERED), "caller", "is joined to a person"),
    )
    await _both_heard(line, call, taken)
    await asyncio.sleep(TALK_S)
    await call.hang_up()
    await taken.ended()
    line.tell(
        (_time(call, What.BYE_SENT), "caller", "hangs up"),
        (_time(taken, What.BYE_CAME), seats[0].user, "is free again"),
    )
    await _recorded(installation, line, before)


async def _both_heard(line: Timeline, call: OutgoingCall, taken: IncomingCall) -> None:
    loop = asyncio.get_running_loop()
    await taken.hears(CALLER_HZ)
    line.tell((loop.time(), "seat-01", f"hears the caller's voice ({CALLER_HZ} Hz)"))
    await call.hears(SEAT_HZ)
    line.tell((loop.time(), "caller", f"hears the call-taker's voice ({SEAT_HZ} Hz)"))


async def _recorded(installation: Installation, line: Timeline, before: frozenset[Path]) -> None:
    root = installation.state.recordings
    loop = asyncio.get_running_loop()

    async def new() -> Path | None:
        return next(iter(_evidence(root) - before), None)

    evidence = await _fact("the recording of the call", new)
    flac = evidence.with_suffix(".flac")
    line.tell((loop.time(), "recording", f"is kept: {flac.relative_to(installation.state.path)}"))
    left, right = await asyncio.to_thread(_tones, flac)
    if (left, right) != (CALLER_HZ, SEAT_HZ):
        raise NotSeen(f"the demo ends here: the recording has {left} Hz left and {right} Hz right, not the two voices")
    line.tell((loop.time(), "recording", f"has the caller left ({left} Hz), the call-taker right ({right} Hz)"))
    if not (await asyncio.to_thread(verify, root)).sound:
        raise NotSeen("the demo ends here: the recording is not what its evidence says")
    line.tell((loop.time(), "recording", "is verified: every byte is what its evidence says"))


def _evidence(root: Path) -> frozenset[Path]:
    """The evidence of every finished call."""
    return frozenset(root.glob("[0-9]*/*/*/*.json"))


def _tones(flac: Path) -> tuple[int, int]:
    """The tone in each channel of the middle of a recording, in Hz as `tone_of` gives it; 0 where there is none."""
    samples, rate = soundfile.read(flac, dtype="int16", always_2d=True)
    middle = samples[len(samples) // 2 :][: rate // 2]
    heard = [recognise(soxr.resample(middle[:, ear], rate, 8000)).tone or 0.0 for ear in (0, 1)]
    near = [next((hz for hz in (CALLER_HZ, SEAT_HZ) if abs(hz - tone) < TOLERANCE_HZ), round(tone)) for tone in heard]
    return near[0], near[1]


async def _fact(what: str, ask: Callable[[], Awaitable[T | None]]) -> T:
    """Ask again until there is an answer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN_S
    while (answer := await ask()) is None:
        if loop.time() > deadline:
            raise NotSeen(f"the demo ends here, a fact did not come within {WITHIN_S:.0f} s: {what}")
        await asyncio.sleep(LOOK_S)
    return answer


def _time(call: Call, *whats: What) -> float:
    """When the first of these happened in a call."""
    times = [at for what in whats if (at := call.time_of(what)) is not None]
    if not times:
        raise NotSeen(f"the demo ends here, a fact did not come: {' or '.join(what.value for what in whats)}")
    return min(times)


def _invite(installation: Installation, service: Service) -> None:
    """How a stranger goes on."""
    server = f"{installation.centre.part(PortSettings).bind}:{service.ports.sip_udp}"
    print(f"""
The centre stays up. Ring it yourself with softphones on this machine (SIP over UDP, {server}):

{indent(account_text(installation, service.ports, "seat-01"), "  ")}
             a call-taker: register, and wait for it to ring
{indent(account_text(installation, service.ports, "caller-1"), "  ")}
             a caller: register, and dial 119

State, logs and recordings: {installation.state.path}
Ctrl-C stops everything.""")
