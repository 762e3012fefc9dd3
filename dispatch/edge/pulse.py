"""The time of one life of the notifier, and its one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from journal.instant import Clock

SET_BACK_S = 1.0  # the wall's clock was set: less is the drift of two clocks


class Pulse:
    """Seconds since 1970: the wall's at the beginning, and the loop's from there.

    A wall's clock that is set forward later changes nothing. One that is set back is followed: else whatever is issued
    by it afterwards would have waited for long already.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._epoch = clock().timestamp() - _loop_s()
        """Seconds since 1970 at second 0 of the loop's clock."""
        self._timer: asyncio.TimerHandle | None = None
        self._at: float | None = None

    def now(self) -> float:
        """What it is now."""
        return self._epoch + _loop_s()

    def set_back(self) -> bool:
        """Whether the wall's clock was set back; then it is followed from now on."""
        wall = self._clock().timestamp()
        if wall >= self.now() - SET_BACK_S:
            return False
        self._epoch = wall - _loop_s()
        return True

    def wind(self, due: float | None) -> None:
        """Ring then, and not when it was said before; None: not at all."""
        at = None if due is None else due - self._epoch
        if at == self._at:
            return
        self.stop()
        self._at = at
        if at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._rings)

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, None

    def _rings(self) -> None:
        self._timer, self._at = None, None
        self._ring()


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
