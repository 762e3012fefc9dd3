"""Carries out what the core wants of Asterisk, and reports how that went.

Rules: commands come in order and none of them is waited for. Answers to questions are not carried out here: whoever
asked gets them. An act whose outcome is unknown is never repeated; the core is told, and asks where things are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from intake import command, event
from intake.edge.hearing import Hearing
from intake.edge.sight import sign_in_key, write_sign_in
from intake.snapshot import Snapshot
from telephony.manager.exchange import Exchange
from telephony.manager.outcome import Answered, Outcome
from telephony.manager.snapshot import Snapshot as Seen

LOOK_AGAIN_S = 0.05  # between two looks: whatever goes wrong again and again, Asterisk lists 20 times a second at most
PLACES = 9  # there is a prompt for each of the first places; who is further back hears that many are before him

log = logging.getLogger("intake")

Report = Callable[[event.Report], None]
Read = Callable[[Seen], Snapshot]


def place_prompt(place: int) -> str:
    """The prompt that tells a caller his place in the queue, from 1."""
    return f"place-{place}" if place <= PLACES else "place-many"


class Acting:
    """The hands of one desk. `run` keeps them moving; `report` takes what is to be told to the core."""

    def __init__(
        self, exchange: Exchange, hearing: Hearing, read: Read, report: Report, now_s: Callable[[], float]
    ) -> None:
        self._exchange = exchange
        self._hearing = hearing
        self._read = read
        self._report = report
        self._now_s = now_s
        self._group: asyncio.TaskGroup | None = None
        self._asked: list[command.AskCall | command.AskSeat] = []
        self._some_asked = asyncio.Event()
        self._mirrors: asyncio.Queue[command.Mirror] = asyncio.Queue()
        self.failed = 0
        """Acts that Asterisk refused, or of which nobody knows whether they took effect."""

    async def run(self) -> None:
        """Act, until cancelled; a bug in any act ends it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._look())
            group.create_task(self._mirror())

    def do(self, wanted: command.Command) -> None:
        """Begin to carry out one command."""
        match wanted:
            case command.Fetch() | command.Leave():
                self._start(self._wake(wanted.call, wanted.fence))
            case command.Withdraw():
                self._start(self._withdraw(wanted))
            case command.AskCall() | command.AskSeat():
                self._asked.append(wanted)
                self._some_asked.set()
            case command.Announce():
                self._start(self._announce(wanted))
            case command.Mirror():
                self._mirrors.put_nowait(wanted)
            case _:
                raise TypeError(f"nothing that Asterisk could do: {wanted}")

    def _start(self, act: Awaitable[None]) -> None:
        assert self._group is not None, "a desk acts only while it runs"
        self._group.create_task(_awaited(act))

    async def _wake(self, call: str, fence: int) -> None:
        """A caller who waits shall ask again, and gets the decision as the answer to his question."""
        if not self._did("wake", call, await self._exchange.wake(call)):
            self._report(event.Undelivered(call, fence))

    async def _withdraw(self, wanted: command.Withdraw) -> None:
        channel = self._hearing.towards(wanted.call, wanted.seat)
        if channel is not None:
            self._did("hang up", channel, await self._exchange.hang_up(channel))

    async def _announce(self, wanted: command.Announce) -> None:
        prompt = place_prompt(wanted.place)
        self._did("announce", wanted.call, await self._exchange.announce(wanted.call, prompt))

    async def _look(self) -> None:
        """Answer what the core asks; one look answers everything that was asked before it."""
        while True:
            await self._some_asked.wait()
            self._some_asked.clear()
            asked, self._asked = self._asked, []
            outcome = await self._exchange.look()
            if self._did("look", "", outcome) and isinstance(outcome, Answered):
                self._found(asked, self._read(outcome.value))
            # else the core asks again
            await asyncio.sleep(LOOK_AGAIN_S)

    def _found(self, asked: Iterable[command.AskCall | command.AskSeat], snapshot: Snapshot) -> None:
        calls = {seen.call: seen for seen in snapshot.calls}
        seats = {seen.seat: seen for seen in snapshot.seats}
        for each in asked:
            if isinstance(each, command.AskCall):
                self._report(event.CallFound(each.call, each.turn, calls.get(each.call)))
            elif each.seat in seats:
                self._report(event.SeatFound(each.turn, seats[each.seat]))

    async def _mirror(self) -> None:
        """One after the other: the last word about a seat must be the last one written."""
        while True:
            wanted = await self._mirrors.get()
            key = sign_in_key(wanted.seat)
            if wanted.person is None:
                done = await self._exchange.drop(key)
            else:
                done = await self._exchange.keep(key, write_sign_in(wanted.person, wanted.reason, self._now_s()))
            self._did("mirror", wanted.seat, done)  # if it was not done, the next resync puts it right

    def _did(self, what: str, whom: str, outcome: Outcome[object]) -> bool:
        if isinstance(outcome, Answered):
            return True
        self.failed += 1
        log.info("%s %s: %s", what, whom, outcome)
        return False


async def _awaited(act: Awaitable[None]) -> None:
    await act
