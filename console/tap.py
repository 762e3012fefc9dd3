"""The other end of the local socket: what the engine tells, for as long as anybody wants to know.

Rules: it keeps the newest state of calls and seats, also while the engine is away; then that state is old, and `up`
says so. It connects again and again, for ever. What is asked for while nobody answers fails at once, or soon, with a
clear error; nothing is sent twice. Listeners are told in order, in the step of the event loop in which it was heard,
and must not wait.

    tap = Tap(path)
    running = asyncio.create_task(tap.run())
    off = tap.listen(heard)                           # Up, Down, Facts, Live, Tell
    value = await tap.request("ready", {"seat": "seat-01", "by": "call-taker"})     # raises Refused, EngineAway
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from console.state import CallState, Facts, Figure, Hello, Live, SeatState, Tell
from console.wire import Damage, Decoder, Denied, FromEngine, Granted, Refused, Request, from_engine, request_line

BACK_OFF_S = (0.05, 0.1, 0.2, 0.4, 0.5)  # an engine is back within 3 s; asking a socket of this machine costs nothing
REPLY_S = 5.0  # a commit takes some ms; after six seconds a frozen engine is killed
CHUNK = 256 * 1024

log = logging.getLogger("console.tap")


class EngineAway(OSError):
    """The engine is not there: try again in a moment."""

    code = "engine_away"


class EngineSilent(EngineAway):
    """The engine was asked and said nothing in time: nobody knows whether it was done."""

    code = "engine_silent"


@dataclass(frozen=True, slots=True)
class Up:
    """The engine is there; `Tap.calls` and `Tap.seats` are new."""

    sequence: int
    """Of the last fact that it told before."""


@dataclass(frozen=True, slots=True)
class Down:
    """The engine is away; calls and seats stay as they were known last."""


Heard = Up | Down | Facts | Live | Tell
"""What listeners are told. After an `Up` comes a `Live` with everything, and with what is gone since the last one."""

Listener = Callable[[Heard], None]


class Tap:
    """Hears one engine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listeners: dict[object, Listener] = {}
        self._asked: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._ids = count(1)
        self._writer: asyncio.StreamWriter | None = None
        self.known = False
        """Whether anything was ever heard."""
        self.sequence = 0
        """Of the last fact that was told."""
        self.calls: dict[str, CallState] = {}
        """Every call that is up, by id, in the order in which they became known."""
        self.seats: dict[str, SeatState] = {}
        """Every seat, by id."""
        self.status: Mapping[str, Figure] = {}
        """The engine's figures as of its hello."""

    @property
    def up(self) -> bool:
        """Whether the engine is there."""
        return self._writer is not None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told from now on; returns what ends it."""
        token = object()
        self._listeners[token] = listener

        def off() -> None:
            self._listeners.pop(token, None)

        return off

    async def run(self) -> NoReturn:
        """Hear, until cancelled."""
        failed = 0
        while True:
            try:
                failed = 0 if await self._connect() else failed + 1
            finally:
                self._lost()
            await asyncio.sleep(BACK_OFF_S[min(failed, len(BACK_OFF_S) - 1)])

    async def request(self, want: str, args: Mapping[str, Any], timeout_s: float = REPLY_S) -> Mapping[str, Any]:
        """Ask the engine for something; its answer. Raises Refused, EngineAway, EngineSilent, wire.TooLong."""
        if self._writer is None or self._writer.is_closing():
            raise EngineAway("the engine is away; it is started again by itself")
        id = next(self._ids)
        line = request_line(Request(id, want, args))
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[id] = answer
        try:
            self._writer.write(line)
            async with asyncio.timeout(timeout_s):  # wait_for swallows a cancellation that comes with the answer
                return await answer
        except TimeoutError:
            raise EngineSilent(f"the engine did not answer within {timeout_s:g} s; look whether it was done") from None
        finally:
            self._asked.pop(id, None)

    async def _connect(self) -> bool:
        """One connection from its beginning to its end; whether anything was heard on it."""
        decoder = Decoder(from_engine)
        try:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=CHUNK)
        except OSError:
            return False
        try:
            while data := await reader.read(CHUNK):
                for message in decoder.feed(data):
                    if isinstance(message, Damage):
                        log.error("the engine said what is not understood: %s: %r", message.because, message.start)
                        return False
                    if not self._heard(message, writer):
                        return False
        except OSError as error:
            log.info("the engine is gone: %s", error)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return self._writer is not None

    def _heard(self, message: FromEngine, writer: asyncio.StreamWriter) -> bool:
        """Take one message; False if it comes before a hello."""
        match message:
            case Hello():
                self._begin(message, writer)
                return True
            case _ if self._writer is None:
                log.error("the engine did not say hello first")
                return False
            case Facts():
                if message.facts:
                    self.sequence = max(self.sequence, message.facts[-1].sequence)
                self._tell(message)
            case Live():
                self._take(message)
                self._tell(message)
            case Tell():
                self._tell(message)
            case Granted(id, value):
                if (asked := self._asked.get(id)) is not None and not asked.done():
                    asked.set_result(value)
            case Denied(id, code, because):
                if (asked := self._asked.get(id)) is not None and not asked.done():
                    asked.set_exception(Refused(code, because))
        return True

    def _begin(self, hello: Hello, writer: asyncio.StreamWriter) -> None:
        gone = tuple(id for id in self.calls if id not in {call.id for call in hello.calls})
        self.known = True
        self.sequence = hello.sequence
        self.calls = {call.id: call for call in hello.calls}
        self.seats = {seat.id: seat for seat in hello.seats}
        self.status = hello.status
        self._writer = writer
        self._tell(Up(hello.sequence))
        self._tell(Live(calls=hello.calls, seats=hello.seats, gone=gone))

    def _take(self, live: Live) -> None:
        self.calls |= {call.id: call for call in live.calls}
        self.seats |= {seat.id: seat for seat in live.seats}
        for id in live.gone:
            self.calls.pop(id, None)

    def _lost(self) -> None:
        if self._writer is None:
            return
        self._writer = None
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(EngineAway("the engine went away before it answered; look whether it was done"))
        self._tell(Down())

    def _tell(self, heard: Heard) -> None:
        for listener in list(self._listeners.values()):
            listener(heard)
