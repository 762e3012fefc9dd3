"""How long after its commit a fact is heard: journal → engine's socket → web process → listeners, each its own process.

The bench plays the engine. The moment of the commit is taken in the journal's writer, that of hearing by the listeners'
process as its socket is read; both are of the machine's one monotonic clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.ports import Ports
from console.api.token import Role
from console.hub import Hub
from console.state import FactState, Hello
from journal import Draft, Fact, Journal, Refusal, Registry
from liandong.installation import Installation
from liandong.web import token_name
from tests.centre import write_centre

LISTENERS = 50
RATES = (40, 400)
"""Facts a second: a large city's every day (2 calls/s of 20 facts), and the busiest centre's design peak (20/s)."""
WARM_UP = 20  # facts before those that count
WITHIN_S = 60


@dataclass(frozen=True)
class Heard:
    """What was measured at one rate."""

    rate: int
    facts: int
    delays_ms: tuple[float, ...]
    """From commit to hearing, of every fact at every listener."""


async def measure(seconds: float, make: Callable[[int], Draft]) -> list[Heard]:
    """At each rate for so many seconds; `make` makes the fact number so-and-so."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ld-bench-")))
        installation = Installation.open(write_centre(folder / "config"), folder / "var")
        installation.ports().write(installation.state.run)
        engine = await stack.enter_async_context(_engine(installation))
        where = ("--config", str(folder / "config"), "--state", str(folder / "var"))
        await stack.enter_async_context(_process("liandong.child", "web", *where))
        await _answering(Ports.read(installation.state.run).http)
        return [await _at(rate, round(rate * seconds), make, engine, installation) for rate in RATES]


class _Engine:
    """As much of an engine as tells facts."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.committed: dict[int, float] = {}
        self.hub = Hub(lambda: Hello(sequence=len(self.committed)), self._handle)
        self._loop = asyncio.get_running_loop()
        journal.listen(self._hear)

    def _hear(self, facts: tuple[Fact, ...]) -> None:
        now = time.monotonic()
        self._loop.call_soon_threadsafe(self._told, facts, now)

    def _told(self, facts: tuple[Fact, ...], now: float) -> None:
        self.committed |= dict.fromkeys((fact.sequence for fact in facts), now)
        self.hub.facts([FactState.of(fact) for fact in facts])

    async def _handle(self, want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}


@asynccontextmanager
async def _engine(installation: Installation) -> AsyncIterator[_Engine]:
    journal = await asyncio.to_thread(Journal.open, installation.journal_places, Registry())
    engine = _Engine(journal)
    await engine.hub.start(installation.engine_socket)
    try:
        yield engine
    finally:
        await engine.hub.stop()
        await asyncio.to_thread(journal.close)


async def _at(
    rate: int, count: int, make: Callable[[int], Draft], engine: _Engine, installation: Installation
) -> Heard:
    port = Ports.read(installation.state.run).http
    first = len(engine.committed) + 1 + WARM_UP
    until = first + count - 1
    words = ("--port", str(port), "--count", str(LISTENERS), "--until", str(until))
    async with _process("bench.listeners", *words) as listeners:
        assert listeners.stdin is not None
        assert listeners.stdout is not None
        token = installation.secrets.get(token_name(Role.SUPERVISOR)).reveal()
        listeners.stdin.write(f"{token}\n".encode())
        if await asyncio.wait_for(listeners.stdout.readline(), WITHIN_S) != b"ready\n":
            raise RuntimeError("the listeners did not begin")
        await _record(WARM_UP + count, rate, make, engine.journal)
        told = json.loads(await asyncio.wait_for(listeners.stdout.read(), WITHIN_S))
    delays = [
        1000 * (came - engine.committed[sequence])
        for ear in told
        for sequence, came in enumerate(ear["came"], ear["first"])
        if sequence >= first
    ]
    if len(delays) != LISTENERS * count:
        raise RuntimeError(f"{len(delays)} facts were heard, not {LISTENERS * count}")
    return Heard(rate, count, tuple(delays))


async def _record(count: int, rate: int, make: Callable[[int], Draft], journal: Journal) -> None:
    """So many facts at this pace, whatever the journal makes of them: it groups what comes while it is busy."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(began + number / rate - loop.time())
            group.create_task(_one(journal, make(number)))


async def _one(journal: Journal, draft: Draft) -> None:
    if isinstance(done := await journal.record(draft), Refusal):
        raise RuntimeError(f"the journal refused: {done}")


@asynccontextmanager
async def _process(module: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module of ours as a process; ended afterwards, if it hasn't by itself."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", module, *words)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=2**30)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answering(port: int) -> None:
    """Wait until somebody listens there."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
