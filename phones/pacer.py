"""One clock for the voice of every telephone in the process.

One timer of the event loop ticks every 20 ms on absolute deadlines, so nothing drifts; a late tick makes up for what
it missed, but sends a few packets at most: a burst would overrun the other side's jitter buffer, and voice that is
too late is worth nothing.
"""

import asyncio
from typing import ClassVar, Protocol

from phones.rtp import FRAME_S

CATCH_UP_FRAMES = 3  # 60 ms: what a jitter buffer takes without a loss


class Talker(Protocol):
    """Somebody who speaks in steps of 20 ms."""

    def speak(self, frames: int, skipped: int) -> None:
        """Let `skipped` frames of time pass in silence, then send `frames`."""


class Pacer:
    """The shared timer of one event loop; it runs only while somebody speaks."""

    _of_loops: ClassVar[dict[asyncio.AbstractEventLoop, "Pacer"]] = {}  # only those that are at work

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._talkers: dict[Talker, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    @classmethod
    def here(cls) -> "Pacer":
        """Return the pacer of the running loop."""
        loop = asyncio.get_running_loop()
        pacer = cls._of_loops.get(loop)
        if pacer is None:
            pacer = cls._of_loops[loop] = cls(loop)
        return pacer

    def add(self, talker: Talker) -> None:
        """Let the talker speak from the next tick on."""
        self._talkers[talker] = None
        if self._timer is None:
            self._deadline = self._loop.time() + FRAME_S
            self._timer = self._loop.call_at(self._deadline, self._tick)

    def remove(self, talker: Talker) -> None:
        """Let it speak no more; unknown ones are ignored."""
        self._talkers.pop(talker, None)
        if not self._talkers and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._of_loops.pop(self._loop, None)

    def _tick(self) -> None:
        late = int((self._loop.time() - self._deadline) / FRAME_S)
        due = late + 1
        frames = min(due, CATCH_UP_FRAMES)
        self._deadline += due * FRAME_S
        self._timer = self._loop.call_at(self._deadline, self._tick)
        for talker in tuple(self._talkers):
            talker.speak(frames, due - frames)
