"""Garbage at every door of the engine while people call: every call is answered, and nothing is left."""

import asyncio
import json
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from liandong.lock import Role
from phones import ring_then_answer
from tests.centre import Centre, running_centre
from tests.conversation import CALLER_HZ, taken, talk
from tests.watch import Watch, watching

PIECES = 1000
CALLS = 20
SEATS = (1, 2, 3)
FORGED = (
    b"Event: Hangup\r\nUniqueid: liandong-1.1\r\n\r\n",
    b"Event: BridgeEnter\r\nChannel: PJSIP/seat-01-00000001\r\nBridgeUniqueid: x\r\n\r\n",
    b"Response: Error\r\nMessage: no\r\n\r\n",
    b"Event: FullyBooted\r\nEvent: FullyBooted\r\n\r\n",
    b"\r\n\r\n\r\n",
    "Event: 张三\r\n李四: 王五\r\n\r\n".encode(),
)
AGI = (
    b"agi_network: yes\nagi_network_script: ask?call=x&asker=PJSIP/seat-01-1&fence=9999999999999999999999\n\n",
    b"agi_network: yes\nagi_network_script: ask?" + b"a" * 20_000,
    b"agi_network: yes\nagi_network_script: wish?kind=sign-in&seat=seat-01&asker=PJSIP/x-1&\n\n200 result=1 (1)\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"agi_network: yes\n" * 3_000,
)
HTTP = (
    b"GET /api/v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"x" * 5000 + b"\r\n\r\n",
    b"POST /api/v1/seats/seat-01/sign-out HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{",
    b"GET /api/v1/feed?after=-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "GET /中文%00 HTTP/1.1\r\n\r\n".encode(),
)


def piece(rng: random.Random, pattern: tuple[bytes, ...]) -> bytes:
    """Noise, or something meant to be taken for more, whole, cut or with one byte changed."""
    if rng.random() < 0.3:
        return rng.randbytes(rng.randrange(1, 600))
    data = bytearray(rng.choice(pattern))
    if rng.random() < 0.5:
        del data[rng.randrange(1, len(data)) :]
    if rng.random() < 0.5:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


async def thrown(port: int, data: bytes) -> None:
    """Throw it at a port, and leave as soon as the other side says or does anything, or after a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(0.3):
            writer.write(data)
            await writer.drain()
            await reader.read(100)
    except (OSError, TimeoutError):
        pass
    finally:
        writer.transport.abort()


class Spoiler:
    """Between the engine and Asterisk's manager interface: it passes everything on, and adds garbage."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._due: list[bytes] = []
        self.added = 0

    def add(self, data: bytes) -> None:
        """Put this into what Asterisk says next."""
        self._due.append(data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(_passed(reader, ours))
        try:
            while data := await theirs.read(4096):
                while self._due:
                    at = len(data) // 2
                    data = data[:at] + self._due.pop() + data[at:]
                    self.added += 1
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            asking.cancel()
            ours.close()
            writer.close()


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)


@asynccontextmanager
async def spoiled(centre: Centre, watch: Watch) -> AsyncIterator[Spoiler]:
    """The engine hears Asterisk through a spoiler, until the block ends."""
    file = centre.state / "run" / "ports.json"
    ports = json.loads(file.read_text())
    spoiler = Spoiler(ports["ami"])
    server = await asyncio.start_server(spoiler.serve, "127.0.0.1", 0)
    try:
        file.write_text(json.dumps(ports | {"ami": server.sockets[0].getsockname()[1]}))
        await replaced(centre, watch)
        file.write_text(json.dumps(ports))
        yield spoiler
    finally:
        server.close()


async def replaced(centre: Centre, watch: Watch) -> None:
    """Another engine is in charge."""
    await centre.replaced(Role.ENGINE, centre.signal(Role.ENGINE, signal.SIGKILL))
    await watch.until("the old one is gone", lambda: not watch.tap.up or watch.tap.status)
    await watch.up()


@pytest.mark.parametrize("seed", [119])
async def test_a_thousand_pieces_of_garbage_at_the_engines_doors_cost_no_caller_a_person(
    short_path: Path, sounds: Path, seed: int
) -> None:
    rng = random.Random(seed)
    async with running_centre(short_path, sounds, engine=True) as centre, watching(centre) as watch:
        seats = [await centre.seat(number, ring_then_answer(0.05)) for number in SEATS]
        await watch.work(*SEATS)
        async with spoiled(centre, watch) as spoiler:
            doors = (centre.port("agi"), AGI), (centre.port("http"), HTTP)
            for _ in range(CALLS):
                throwing = []
                for number in range(PIECES // CALLS):
                    if number % 3:
                        port, pattern = doors[number % 3 - 1]
                        throwing.append(asyncio.create_task(thrown(port, piece(rng, pattern))))
                    else:
                        spoiler.add(piece(rng, FORGED))
                caller = await centre.caller()
                call = await caller.dial("119", tone=CALLER_HZ)
                first = {asyncio.create_task(taken(seat)): seat for seat in seats}
                done, waiting = await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
                for task in waiting:
                    task.cancel()
                await talk(call, done.pop().result())
                await call.hang_up()
                await asyncio.gather(*throwing)
            assert spoiler.added > PIECES // 4
        await centre.manager.silence()
        await watch.idle()
        await centre.hang_up(*centre.phones)
        await centre.spotless()
