"""The demo's story: two calls on real telephones, and an engine that is killed in the middle of the first.

What the centre does is told by its feed (`liandong.timeline`); what only a telephone can know, that two people hear
each other, is told by the telephones. In the end the recordings and the journal are read again and proved.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile
import soxr  # type: ignore[import-untyped]

from config.ports import PortSettings
from journal import PublicKey, facts_about, read_engine
from journal import verify as verify_journal
from liandong.installation import Installation
from liandong.lock import Role, holder
from liandong.serve import Service
from liandong.timeline import WITHIN_S, Json, NotSeen, Timeline, timeline
from phones import IncomingCall, OutgoingCall, Phone, PhoneError, recognise, tone_of
from recordings.verification import verify as verify_recordings

CALLERS = ("13800000119", "13800000110")
TRUNK = "127.0.0.2"  # where the example centre's trunk calls from
SEATS = ("seat-01", "seat-02")
PEOPLE = ("zhang-wei", "li-na")
CALLERS_HZ, SEATS_HZ = (tone_of(3), tone_of(5)), (tone_of(10), tone_of(12))
ANSWER_S = 1.2  # how long the demo's call-taker lets it ring: a trained one takes up to three seconds
TALK_S = 1.5
LOOK_S = 0.05
TOLERANCE_HZ = 8.0


@dataclass(frozen=True)
class Api:
    """The centre's interface, with a supervisor's token."""

    address: str
    """host:port."""
    token: str

    async def get(self, path: str) -> Any:
        """What is there now. Raises OSError."""
        return await self._ask("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Want something. Raises OSError."""
        await self._ask("POST", path, json.dumps(body).encode())

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self.address}{path}", body, headers, method=method)

        def ask() -> Any:
            with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310 - our own address
                return json.loads(answer.read() or b"null")

        return await asyncio.to_thread(ask)


@dataclass(frozen=True)
class Conversation:
    """One call that was joined: both ends of it."""

    caller: str
    """His number."""
    call: OutgoingCall
    taken: IncomingCall
    seat: str
    hz: tuple[int, int]
    """The caller's tone and the seat's."""

    async def heard(self, line: Timeline) -> None:
        """Both hear each other now. Raises PhoneError."""
        caller_hz, seat_hz = self.hz
        await self.taken.hears(caller_hz)
        await self.call.hears(seat_hz)
        line.tell("telephones", f"caller and {self.seat} hear each other ({caller_hz} and {seat_hz} Hz)")


async def play(installation: Installation, service: Service) -> None:
    """Play it. Raises NotSeen for a fact that did not come."""
    bind = installation.centre.part(PortSettings).bind
    api = Api(f"{bind}:{service.ports.http}", installation.token("supervisor").reveal())
    server = (bind, service.ports.sip_udp)
    seats = [Phone(server, name, installation.secrets.get_or_make(name).reveal()) for name in SEATS]
    callers = [Phone(server, number, local=(TRUNK, 0)) for number in CALLERS]
    try:
        for phone in (*seats, *callers):
            await phone.open()
        for seat in seats:
            await seat.register()
        await _until("the API is ready", lambda: _ready(api))
        async with timeline(f"ws://{api.address}/api/v1/feed", api.token) as line:
            calls = await _story(installation, api, line, seats, callers)
            await _proved(installation, line, calls)
    except (PhoneError, OSError) as error:
        raise NotSeen(f"the demo ends here, a fact did not come: {error}") from error
    finally:
        for phone in (*seats, *callers):
            await phone.close()


async def _story(
    installation: Installation, api: Api, line: Timeline, seats: list[Phone], callers: list[Phone]
) -> dict[str, Conversation]:
    """Play it; the conversations by their calls' ids."""
    await _work(api, line)
    first = await _conversation(line, callers[0], seats[0], "119", (CALLERS_HZ[0], SEATS_HZ[0]))
    before = await _listed(api, first)
    killed = _kill_engine(installation)
    line.tell("demo", f"kills the engine (process {killed}) in the middle of this call")
    await first.heard(line)
    second = await _conversation(line, callers[1], seats[1], "110", (CALLERS_HZ[1], SEATS_HZ[1]))
    await line.heard("the engine is back", lambda message: message["kind"] == "engine" and message["up"])
    await _until("the API is ready again", lambda: _ready(api))
    after, other = await _listed(api, first), await _listed(api, second)
    if (after["id"], after["arrived_at"]) != (before["id"], before["arrived_at"]):
        raise NotSeen("the demo ends here: the engine that came back knows another beginning of the first call")
    who = {"engine": "chosen by an engine", "net": "rung by the dialplan alone"}
    line.tell("engine", f"knows the first call, which began at {after['arrived_at']}, as before")
    line.tell("engine", f"knows the second, which {second.seat} answered, {who[other['by']]}")
    await first.heard(line)
    await asyncio.sleep(TALK_S)
    for each in (first, second):
        await each.call.hang_up()
        await each.taken.ended()
    return {after["id"]: first, other["id"]: second}


async def _listed(api: Api, each: Conversation) -> Json:
    """The call of a conversation as the engine lists it; waits for it. Raises NotSeen."""
    found: list[Json] = []

    async def listed() -> bool:
        found.extend(call for call in (await api.get("/api/v1/calls"))["calls"] if call["caller"] == each.caller)
        return bool(found)

    await _until(f"the engine lists the call of {each.caller}", listed)
    return found[0]


async def _work(api: Api, line: Timeline) -> None:
    """Two people sign in, the first one is free for longer."""
    for seat, person in zip(SEATS, PEOPLE, strict=True):
        await api.post(f"/api/v1/seats/{seat}/sign-in", {"person": person})
        await line.fact(f"{person} is signed in", "SignedIn", seat=seat)

        async def free(seat: str = seat) -> bool:
            return bool((await api.get(f"/api/v1/seats/{seat}"))["free"])

        await _until(f"{seat} is free", free)


async def _conversation(line: Timeline, caller: Phone, seat: Phone, number: str, hz: tuple[int, int]) -> Conversation:
    """A caller dials, this seat rings and answers, and both hear each other."""
    call = await caller.dial(number, tone=hz[0])
    ringing = await seat.incoming()
    await ringing.ring()
    await call.ringing()
    await asyncio.sleep(ANSWER_S)
    ringing.play_tone(hz[1])
    await ringing.answer()
    await call.answered()
    talk = Conversation(caller.user, call, ringing, seat.user, hz)
    await talk.heard(line)
    return talk


def _kill_engine(installation: Installation) -> int:
    process = holder(installation.state.run, Role.ENGINE)
    if process is None:
        raise NotSeen("the demo ends here: there is no engine that could be killed")
    os.kill(process, signal.SIGKILL)
    return process


async def _proved(installation: Installation, line: Timeline, calls: Mapping[str, Conversation]) -> None:
    """Everything that was told is on disk, whole: read it again."""
    root = installation.state.recordings
    for id, each in calls.items():
        await line.fact("the end of the call", "CallEnded", call=id)
        kept = await line.fact("the recording of the call", "RecordingKept", call=id)
        tones = await asyncio.to_thread(_tones, root / kept["body"]["path"], each.hz)
        if tones != each.hz:
            raise NotSeen(f"the demo ends here: the recording has {tones} Hz, not the two voices {each.hz}")
        line.tell("recording", f"has the caller left ({tones[0]} Hz), the call-taker right ({tones[1]} Hz)")
    if not (await asyncio.to_thread(verify_recordings, root)).sound:
        raise NotSeen("the demo ends here: a recording is not what its evidence says")
    line.tell("recording", "is verified: every byte is what its evidence says")
    await asyncio.to_thread(_journal_proved, installation, calls)
    line.tell("journal", "is verified: no fact is missing or changed, each call has one beginning and one end")


def _journal_proved(installation: Installation, calls: Collection[str]) -> None:
    places = installation.journal_places
    engine = read_engine(places.url)
    try:
        if not verify_journal(engine, PublicKey.load(places.public_key), places.heads_file).sound:
            raise NotSeen("the demo ends here: the journal is not what was written")
        for call in calls:
            whats = [fact.body.get("what") for fact in facts_about(engine, "call", call)]
            if whats.count("CallArrived") != 1 or whats.count("CallEnded") != 1:
                raise NotSeen(f"the demo ends here: the journal tells of call {call}: {', '.join(map(str, whats))}")
    finally:
        engine.dispose()


def _tones(flac: Path, expected: tuple[int, int]) -> tuple[int, int]:
    """The tone in each channel of the middle of a recording, in Hz: the expected one if it is close; 0: none."""
    samples, rate = soundfile.read(flac, dtype="int16", always_2d=True)
    middle = samples[len(samples) // 2 :][: rate // 2]
    heard = [recognise(soxr.resample(middle[:, ear], rate, 8000)).tone or 0.0 for ear in (0, 1)]
    near = [hz if abs(hz - tone) < TOLERANCE_HZ else round(tone) for hz, tone in zip(expected, heard, strict=True)]
    return near[0], near[1]


async def _ready(api: Api) -> bool:
    try:
        await api.get("/readyz")
    except OSError:  # nobody listens yet, or it says that it is not ready
        return False
    return True


async def _until(what: str, ask: Callable[[], Any]) -> None:
    """Ask again until the answer is yes. Raises NotSeen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN_S
    while not await ask():
        if loop.time() > deadline:
            raise NotSeen(f"the demo ends here, a fact did not come within {WITHIN_S:.0f} s: {what}")
        await asyncio.sleep(LOOK_S)
