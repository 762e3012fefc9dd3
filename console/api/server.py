"""uvicorn as this house runs it: bounded in time and number towards whoever connects, ended by an event.

uvicorn leaves three things open, which stand here. A connection that never finishes a request is kept for ever: here it
has a deadline. Its own limit on connections counts listeners of the feed, whom nobody may turn away for others'
requests: here each kind has its own. And what a dead peer has not taken is kept for ever: here the system drops it.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from console.api.listening import ListeningProtocol
from console.api.problem import MEDIA_TYPE, ProblemError

HEAD_MAX = 16 * 1024  # bytes of a request's line and headers; a browser's have 1 or 2 KiB
REQUEST_S = 10.0  # for a whole request, head and body, from its first byte; also before the first byte of the first one
KEEP_ALIVE_S = 15  # between requests; a console asks every few seconds
UNTAKEN_S = 20.0  # a peer that takes nothing of what was sent for this long is dead
CONNECTIONS = 512  # that are no listeners; each console has at most six
MESSAGE_MAX = 4 * 1024  # bytes of what a listener may say; it has nothing to say
PING_S = 10.0  # a listener whose machine died is gone after this and PONG_S
PONG_S = 10.0
ENDING_S = 1  # for requests under way, when we end; the whole end takes less than 3 s on a busy machine, too
BACKLOG = 256

log = logging.getLogger("console.api")


class PortTaken(OSError):
    """Somebody else listens there."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, and how many; tests have no patience."""

    request_s: float = REQUEST_S
    connections: int = CONNECTIONS
    keep_alive_s: int = KEEP_ALIVE_S
    untaken_s: float = UNTAKEN_S
    send_buffer: int | None = None
    """Bytes that the system takes for a peer before we wait for it; None: as it likes."""


def listen(bind: str, port: int) -> socket.socket:
    """Listen here; 0 takes a free port. Raises PortTaken, OSError."""
    listening = socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((bind, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"{bind}:{port} (http): somebody else listens there") from error
        raise
    return listening


async def serve(app: ASGIApp, listening: socket.socket, ended: asyncio.Event, limits: Limits = Limits()) -> None:
    """Serve until `ended`, then end within `ENDING_S` and a moment."""
    config = uvicorn.Config(
        app,
        http=_bounded(limits),
        ws=ListeningProtocol,
        loop="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # whatever garbage comes would be a warning: a way to fill the disk
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_MAX,
        timeout_keep_alive=limits.keep_alive_s,
        timeout_graceful_shutdown=ENDING_S,
        ws_max_size=MESSAGE_MAX,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_S,
        ws_per_message_deflate=False,  # on one's own network it costs more than it saves
        backlog=BACKLOG,
    )
    try:
        await _Server(config, ended).serve(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ended: asyncio.Event) -> None:
        super().__init__(config)
        self._ended = ended

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's; it sets `ended`."""
        yield

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn itself looks for it ten times a second."""
        while not self._ended.is_set():
            await self.on_tick(0)  # makes the Date header
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ended.wait()


def _bounded(limits: Limits) -> type[H11Protocol]:
    """uvicorn's protocol with these limits; it makes one itself for each connection."""

    class Bounded(_Bounded):
        limits_of_ours: ClassVar[Limits] = limits
        open_connections: ClassVar[set[_Bounded]] = set()

    return Bounded


class _Bounded(H11Protocol):
    """One connection, until it becomes a WebSocket."""

    limits_of_ours: ClassVar[Limits]
    open_connections: ClassVar[set[_Bounded]]
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _bound_socket(transport.get_extra_info("socket"), self.limits_of_ours)
        if len(self.open_connections) >= self.limits_of_ours.connections:
            log.warning("more than %d connections: one is turned away", self.limits_of_ours.connections)
            transport.abort()
            return
        self.open_connections.add(self)
        self._watch(receiving=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self in self.open_connections:
            # Idle, with data: the beginning of a request. Done: the answer is on its way, and bounded by others.
            idle = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
            self._watch(receiving=idle or self.conn.their_state is h11.SEND_BODY)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._let_go()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets a problem, too, if that can still be said."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        response = ProblemError(HTTPStatus.BAD_REQUEST, "bad_request", msg).response()
        headers: list[Any] = [("content-type", MEDIA_TYPE), ("connection", "close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self, *, receiving: bool) -> None:
        if receiving and self._deadline is None:
            self._deadline = self.loop.call_later(self.limits_of_ours.request_s, self._late)
        elif not receiving and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self.transport.abort()

    def _let_go(self) -> None:
        self._watch(receiving=False)
        self.open_connections.discard(self)


def _bound_socket(peer: socket.socket, limits: Limits) -> None:
    """Towards a peer that takes nothing, or is no longer there."""
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(limits.untaken_s * 1000))
    if limits.send_buffer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer)
