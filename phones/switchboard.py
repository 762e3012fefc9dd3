"""Many numbers behind one socket, each with somebody who does something when it is called.

async with Phone(server, "city", local=("127.0.0.2", 5060)) as trunk, Switchboard(trunk) as city:
    city.connect("87000119", engaged())
    city.connect("87001119", presses("1"))
    call = await city.called("87001119")
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from phones.duty import Behaviour, engaged
from phones.errors import NeverCame, PhoneError
from phones.incoming import IncomingCall
from phones.phone import Phone

CALLED_S = 30.0
_AGAIN_S = 3600.0
_NO_SUCH_NUMBER = engaged(404)


class Switchboard:
    """Stands behind an open telephone and answers for every number that is connected; others do not exist."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._numbers: dict[str, list[Behaviour]] = {}
        self._calls: dict[str, list[IncomingCall]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._news = asyncio.Condition()

    def connect(self, number: str, *behaviours: Behaviour) -> None:
        """From now on this number does this when it is called; the next call the next thing, the last for ever."""
        self._numbers[number] = list(behaviours)

    def calls(self, number: str) -> tuple[IncomingCall, ...]:
        """The calls that came for a number so far."""
        return tuple(self._calls.get(number, ()))

    async def called(self, number: str, times: int = 1, within: float = CALLED_S) -> IncomingCall:
        """Wait until a number was called so often; gives that call. Raises NeverCame."""
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: len(self._calls.get(number, ())) >= times)
        except TimeoutError:
            count = len(self._calls.get(number, ()))
            raise NeverCame(f"{number} was called {count} and not {times} times within {within:g} s") from None
        return self._calls[number][times - 1]

    async def __aenter__(self) -> Self:
        self._start(self._answer())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _answer(self) -> None:
        while True:
            call = await self._phone.incoming(_AGAIN_S)
            async with self._news:
                self._calls.setdefault(call.number, []).append(call)
                self._news.notify_all()
            behaviours = self._numbers.get(call.number) or [_NO_SUCH_NUMBER]
            self._start(_behave(behaviours[0] if len(behaviours) == 1 else behaviours.pop(0), call))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


async def _behave(behaviour: Behaviour, call: IncomingCall) -> None:
    try:
        await behaviour(call)
    except PhoneError:
        await call.hang_up()  # the caller was gone before: nothing is left to do but to be gone, too
