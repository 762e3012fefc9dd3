"""One listener of the live feed, with just enough WebSocket (RFC 6455) to hear and to stay.

Fifty of them cost less than what they measure.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable

_TEXT, _PING, _PONG = 1, 9, 10


class Ear(asyncio.Protocol):
    """Gives each message with the time at which its bytes came, by `clock`."""

    def __init__(
        self,
        token: str,
        clock: Callable[[], float],
        heard: Callable[[bytes, float], None],
        ended: Callable[[], None],
    ) -> None:
        self._token = token
        self._clock = clock
        self._heard = heard
        self._ended = ended
        self._rest = bytearray()
        self._greeted = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the feed."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = (
            "GET /api/v1/feed HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {self._token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        )
        transport.write("\r\n".join((*lines, "", "")).encode())

    def data_received(self, data: bytes) -> None:
        """Note the time, then see what it is."""
        now = self._clock()
        self._rest += data
        if not self._greeted:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                raise RuntimeError(f"no feed: {head.decode(errors='replace')}")
            self._greeted, self._rest = True, rest
        for kind, payload in self._frames():
            if kind == _PING and self._transport is not None:
                self._transport.write(bytes((0x80 | _PONG, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
            elif kind == _TEXT:
                self._heard(payload, now)

    def connection_lost(self, error: Exception | None) -> None:
        """The feed ended."""
        self._ended()

    def _frames(self) -> list[tuple[int, bytes]]:
        """Whole frames: of which kind, and their payload; a server's are not masked."""
        found, start, rest = [], 0, self._rest
        while len(rest) >= start + 2:
            length, begin = rest[start + 1], start + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                if len(rest) < begin + wide:
                    break
                length, begin = int.from_bytes(rest[begin : begin + wide], "big"), begin + wide
            if len(rest) < begin + length:
                break
            found.append((rest[start] & 0x0F, bytes(rest[begin : begin + length])))
            start = begin + length
        del rest[:start]
        return found
