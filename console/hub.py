"""The engine's end of the local socket: tells everybody the same, and takes requests.

Rules: the engine waits for nobody. What is told is put into each client's buffer and goes out when the client reads;
a client that does not read is cut off. Requests run beside each other; what one of them does touches no other one, and
no client. Everything here happens in the engine's event loop.

    hub = Hub(hello, handle)
    await hub.start(path)
    hub.facts(facts)            # after each commit, in order
    hub.live(Live(calls=…))     # what changed in memory
    hub.tell(Tell(about="no-answer", seat="seat-01"))
    await hub.stop()

`hello()` is asked once for each client, as it comes, and may tell the others first what is new; its `sequence` is that
of the last fact given to `facts`, or at first the journal's last. `handle(want, args)` does what is wanted; it raises
`console.wire.Refused` to refuse. What a request changed is best told by `live` before it is answered: who asked then
finds it everywhere at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from console.state import FactState, Hello, Live, Tell
from console.wire import (
    Damage,
    Decoder,
    Denied,
    Granted,
    Refused,
    Request,
    facts_lines,
    hello_lines,
    live_lines,
    reply_line,
    tell_line,
    to_engine,
)

Handle = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Does what is wanted and says what came of it; raises Refused. Cancelled when its client is gone."""

BACKLOG = 32

log = logging.getLogger("console.hub")


class End(Enum):
    """How a connection ended; `Hub.ends` counts them."""

    LEFT = "left"
    SLOW = "slow"
    """More was unread than `Limits.unread_bytes`."""
    GARBAGE = "garbage"
    """Said something that is not in the language."""
    TOO_MANY = "too_many"
    NO_HELLO = "no_hello"
    """We could not say where everything stands: a bug, logged by the loop."""
    STOPPED = "stopped"
    """We did."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and how many."""

    unread_bytes: int = 8 * 1024 * 1024
    """For one client; more means that it is stuck."""
    clients: int = 32
    """At once; there are two: the web and the worker."""
    requests: int = 256
    """Of one client at once; each seat has one person, who wants one thing at a time."""
    leaving_s: float = 0.5
    """For clients to take what was said last, when we stop."""


class Hub:
    """Listens on one Unix socket; `start` and `stop` it."""

    def __init__(self, hello: Callable[[], Hello], handle: Handle, limits: Limits = Limits()) -> None:
        self._hello = hello
        self._handle = handle
        self._limits = limits
        self._clients: dict[_Client, None] = {}
        self._server: asyncio.Server | None = None
        self._place: tuple[Path, int] | None = None
        self.ends: Counter[End] = Counter()

    @property
    def clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    def facts(self, facts: Sequence[FactState]) -> None:
        """Tell what was committed; in order, each fact once."""
        if self._clients:
            self._say(facts_lines(facts))

    def live(self, live: Live) -> None:
        """Tell what changed in memory."""
        if self._clients:
            self._say(live_lines(live))

    def tell(self, tell: Tell) -> None:
        """Tell the supervisors that they should look."""
        if self._clients:
            self._say([tell_line(tell)])

    async def start(self, path: Path) -> None:
        """Listen; for this user alone. A socket that a dead engine left there is replaced. Raises OSError."""
        listening, inode = _listening(path)
        self._place = path, inode
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Client(self), sock=listening, backlog=BACKLOG)
        except BaseException:
            listening.close()
            raise

    async def stop(self) -> None:
        """Stop listening, and end every connection and request."""
        if self._server is not None:
            self._server.close()
        if self._place is not None:
            _remove(*self._place)
        leaving = [client.leave() for client in list(self._clients)]
        if leaving:
            await asyncio.wait(leaving, timeout=self._limits.leaving_s)
        for client in list(self._clients):
            client.cut(End.STOPPED)

    def _say(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            for client in list(self._clients):
                client.say(line)


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._decoder = Decoder(to_engine)
        self._requests: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport
        self._end = End.LEFT
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._hub._clients) >= self._hub._limits.clients:
            self._hub._clients[self] = None
            self.cut(End.TOO_MANY)
            return
        # Between the hello and the first thing that is told afterwards nothing can happen: one step of the loop.
        try:
            lines = list(hello_lines(self._hub._hello()))
        except BaseException:
            self.cut(End.NO_HELLO)
            raise
        self._hub._clients[self] = None
        for line in lines:
            self.say(line)

    def data_received(self, data: bytes) -> None:
        for message in self._decoder.feed(data):
            match message:
                case Request() if len(self._requests) >= self._hub._limits.requests:
                    self.say(reply_line(Denied(message.id, "too_many", "too many requests at once")))
                case Request():
                    task = asyncio.create_task(self._serve(message))
                    self._requests.add(task)
                    task.add_done_callback(self._requests.discard)
                case Damage():
                    log.warning("a client said what is no request: %s: %r", message.because, message.start)
                    self.cut(End.GARBAGE)

    def connection_lost(self, error: Exception | None) -> None:
        self._hub._clients.pop(self, None)
        self._hub.ends[self._end] += 1
        for task in self._requests:
            task.cancel()
        if not self._gone.done():
            self._gone.set_result(None)

    def say(self, line: bytes) -> None:
        """Put it into the client's buffer, or cut the client off."""
        if self._transport.is_closing():
            return
        self._transport.write(line)
        if self._transport.get_write_buffer_size() > self._hub._limits.unread_bytes:
            log.warning("a client does not read: cut off")
            self.cut(End.SLOW)

    def cut(self, end: End) -> None:
        """End it at once."""
        self._ends_by(end)
        self._transport.abort()

    def leave(self) -> asyncio.Future[None]:
        """End it once the client has what was said; done when it has."""
        self._ends_by(End.STOPPED)
        self._transport.close()
        return self._gone

    def _ends_by(self, end: End) -> None:
        if self._end is End.LEFT:
            self._end = end

    async def _serve(self, request: Request) -> None:
        try:
            value = await self._hub._handle(request.want, request.args)
            line = reply_line(Granted(request.id, value))
        except Refused as refused:
            line = reply_line(Denied(request.id, refused.code, refused.because))
        except Exception:
            log.exception("the request %r failed: a bug", request.want)
            line = reply_line(Denied(request.id, "internal", "the engine failed to do this; its log says why"))
        self.say(line)


def _listening(path: Path) -> tuple[socket.socket, int]:
    """A socket of this name, and its inode. It takes no connection yet: nobody comes before its mode is right."""
    new = path.with_name(f".{path.name}")
    new.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(os.fspath(new))
        new.chmod(0o600)
        inode = new.stat().st_ino
        new.replace(path)
    except BaseException:
        bound.close()
        new.unlink(missing_ok=True)
        raise
    return bound, inode


def _remove(path: Path, inode: int) -> None:
    """Take our socket's name away, unless an engine that has followed us has put its own there."""
    with suppress(OSError):
        if path.stat().st_ino == inode:
            path.unlink()
