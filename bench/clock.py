"""The load's event loop: sockets, timers and the voices' slots in one thread, and the kernel's time of each message.

asyncio is not used: a message there costs three times as much, and hides when the kernel had received it.
"""

from __future__ import annotations

import heapq
import select
import socket
import struct
import time
from collections.abc import Callable
from itertools import count

from bench.voice import LATE_SLOTS, SLOT_S, Voices

_SO_TIMESTAMPNS = 35  # socket(7); Python has no name for it
_TIMESPEC = struct.Struct("@ll")
_BUFFER = 8 << 20  # bytes: a burst of ringing, thirty seats for each of ten callers, lies here without loss

Receive = Callable[[bytes, int], None]


class Loop:
    """Runs until `stop` is called."""

    def __init__(self, voices: tuple[Voices, ...]) -> None:
        self._voices = voices
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._readers: dict[int, Callable[[], None]] = {}
        self._poll = select.epoll()
        self._slot = self._slot_now()
        self._on = True

    def stop(self) -> None:
        """Leave `run` soon."""
        self._on = False

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), do))

    def reader(self, file: int, do: Callable[[], None]) -> None:
        """Do something whenever a file can be read."""
        self._readers[file] = do
        self._poll.register(file, select.EPOLLIN)

    def datagrams(self, address: str, receive: Receive) -> socket.socket:
        """A UDP socket whose messages are received with the kernel's time of their arrival, ns since the epoch."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        made.bind((address, 0))
        made.setblocking(False)

        def read() -> None:
            try:
                data, extras, _, _ = made.recvmsg(65_535, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = _TIMESPEC.unpack(extras[0][2])
            receive(data, seconds * 1_000_000_000 + nanoseconds)

        self.reader(made.fileno(), read)
        return made

    def run(self) -> None:
        """Serve sockets, timers and voices."""
        while self._on:
            next_slot = (self._slot + 1) * SLOT_S
            due = min(next_slot, self._timers[0][0]) if self._timers else next_slot
            for file, _ in self._poll.poll(max(0.0, due - time.monotonic())):
                self._readers[file]()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()
            self._speak()

    def _speak(self) -> None:
        now = self._slot_now()
        if now == self._slot:
            return
        for slot in range(self._slot + 1, now + 1):
            for voices in self._voices:
                voices.tick(slot, left_out=now - slot > LATE_SLOTS)
        self._slot = now
        for voices in self._voices:
            voices.drain()

    @staticmethod
    def _slot_now() -> int:
        return int(time.monotonic() / SLOT_S)
