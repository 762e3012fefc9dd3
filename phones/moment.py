"""A moment of a call that can be waited for: it comes once, with its time, or it becomes clear that it never will."""

import asyncio

from phones.errors import NeverCame


class Moment:
    """One fact that may come.

    Waiting raises `NeverCame` when the limit passes or when `miss` says why it cannot come any more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiters: set[asyncio.Future[None]] = set()
        self._missed: str | None = None
        self.at: float | None = None

    def __bool__(self) -> bool:
        return self.at is not None

    def come(self, now: float) -> bool:
        """Let it be now; only the first time counts, and says so."""
        if self.at is not None or self._missed is not None:
            return False
        self.at = now
        self._wake()
        return True

    def miss(self, why: str) -> None:
        """Say that it will never come, unless it has."""
        if self.at is None and self._missed is None:
            self._missed = why
            self._wake()

    async def wait(self, within: float) -> float:
        """Return the time at which it came, at once if it has; wait at most `within` seconds."""
        if self.at is None and self._missed is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout(within):
                    await waiter
            except TimeoutError:
                raise NeverCame(f"{self._name} did not come within {within:g} s") from None
            finally:
                self._waiters.discard(waiter)
        if self.at is None:
            raise NeverCame(f"{self._name} never came: {self._missed}")
        return self.at

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
