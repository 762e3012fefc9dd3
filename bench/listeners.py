"""Listeners of the live feed in a process of their own, which note when each fact came: `python -m bench.listeners`.

They speak just enough WebSocket (RFC 6455) to hear, so that fifty of them cost less than what they measure.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import sys
import time
from collections.abc import Sequence

WITHIN_S = 120
_FACT = b'{"kind":"fact","sequence":'


class Ear(asyncio.Protocol):
    """One listener."""

    def __init__(self, token: str, until: int, ready: asyncio.Event, done: asyncio.Event) -> None:
        self._token = token
        self._until = until
        self._ready = ready
        self._done = done
        self._rest = bytearray()
        self._greeted = False
        self.first = 0
        """Sequence of the first fact heard."""
        self.came: list[float] = []
        """When each fact came, from `first` on, in seconds of the machine's monotonic clock."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the feed."""
        assert isinstance(transport, asyncio.Transport)
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
        now = time.monotonic()
        self._rest += data
        if not self._greeted:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                raise RuntimeError(f"no feed: {head.decode(errors='replace')}")
            self._greeted, self._rest = True, rest
        for payload in self._frames():
            if payload.startswith(_FACT):
                self._fact(int(payload[len(_FACT) :].partition(b",")[0]), now)
            elif payload.startswith(b'{"kind":"snapshot"'):
                self._ready.set()

    def connection_lost(self, error: Exception | None) -> None:
        """The feed ended; too early, if not everything came."""
        self._done.set()

    def _fact(self, sequence: int, now: float) -> None:
        self.first = self.first or sequence
        if sequence != self.first + len(self.came):
            raise RuntimeError(f"fact {sequence} came in place of {self.first + len(self.came)}")
        self.came.append(now)
        if sequence >= self._until:
            self._done.set()

    def _frames(self) -> list[bytes]:
        """The payloads of whole frames; a server's are not masked."""
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
            found.append(bytes(rest[begin : begin + length]))
            start = begin + length
        del rest[:start]
        return found


async def listen(port: int, token: str, count: int, until: int) -> None:
    """Listen, say when all do, and at the end what came when."""
    loop = asyncio.get_running_loop()
    ears = []
    waits = []
    for _ in range(count):
        ready, done = asyncio.Event(), asyncio.Event()
        _, ear = await loop.create_connection(lambda: Ear(token, until, ready, done), "127.0.0.1", port)  # noqa: B023
        await asyncio.wait_for(ready.wait(), WITHIN_S)
        ears.append(ear)
        waits.append(done.wait())
    print("ready", flush=True)
    await asyncio.wait_for(asyncio.gather(*waits), WITHIN_S)
    print(json.dumps([{"first": ear.first, "came": ear.came} for ear in ears]), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen as often as asked; the token comes by standard input."""
    parser = argparse.ArgumentParser(prog="python -m bench.listeners", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--until", type=int, required=True, help="sequence of the last fact to hear")
    options = parser.parse_args(arguments)
    asyncio.run(listen(options.port, sys.stdin.readline().strip(), options.count, options.until))
    return 0


if __name__ == "__main__":
    sys.exit(main())
