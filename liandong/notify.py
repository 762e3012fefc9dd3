"""What systemd wants to hear of a service of Type=notify: datagrams to the socket that it names (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress


class Notify:
    """Tells systemd, if it listens; nothing here raises or waits."""

    def __init__(self, place: str | None, watchdog_s: float | None) -> None:
        self._place = f"\0{place[1:]}" if place and place.startswith("@") else place
        self._watchdog_s = watchdog_s

    @classmethod
    def taken_from(cls, environment: MutableMapping[str, str] = os.environ) -> Notify:
        """What this process was told at its start; taken away, because what it starts itself shall not answer."""
        place = environment.pop("NOTIFY_SOCKET", None)
        interval, meant = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", None)
        watched = interval.isdecimal() and int(interval) > 0 and meant in (None, str(os.getpid()))
        return cls(place, int(interval) / 1e6 if watched else None)

    def tell(self, text: str) -> None:
        """Say one thing, such as READY=1."""
        if not self._place:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
            ours.setblocking(False)
            ours.sendto(text.encode(), self._place)

    async def keep_alive(self) -> None:
        """Say that our event loop turns, twice in the interval that systemd wants; for ever."""
        while self._watchdog_s is not None:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 2)
