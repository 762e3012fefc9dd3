"""A notifier on a real journal, with an exchange and a voice that are rehearsed: for tests without an Asterisk.

Acts and decisions can be held, refused and lost, so that a test can look at every moment between them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import dispatch.migration.versions
from config.field import Language
from dispatch import command, store
from dispatch.department import Calling
from dispatch.drafting import OrderDraft
from dispatch.edge import Notifier
from dispatch.escalation import Escalation
from dispatch.ladder import DutyLine, Ladder, Ring
from dispatch.order import Order
from dispatch.outcome import Outcome as Came
from dispatch.stored import StoredAttempt, StoredOrder
from dispatch.writing import PROMISES, TYPES
from journal import Committed, Fact, Journal, Refusal, Registry, Unit, Work, facts_about
from journal.instant import Clock, utc_now
from telephony.department import PATH
from telephony.manager import event as told
from telephony.manager.channel import Channel, ChannelState
from telephony.manager.event import DialOutcome, Step
from telephony.manager.exchange import News, Origination
from telephony.manager.outcome import Outcome
from telephony.manager.rehearsal import RehearsedExchange
from telephony.manager.snapshot import Present, Snapshot
from telephony.prompt.error import SpeechError
from tests.edge_room import WITHIN_S, places, until
from tests.edge_telephones import channel

VERSIONS = [Path(dispatch.migration.versions.__path__[0])]
TEXT = "晨光路十二号发生火灾，请派消防车。"
T = TypeVar("T")
_ONE_AT_A_TIME = threading.Lock()
"""A database is upgraded by one thread at a time."""


class Book(Journal):
    """A journal whose decisions can be held and refused."""

    held: asyncio.Event | None = None
    """While this is not set, nothing is decided."""
    trouble: Exception | Refusal | None = None
    """What comes of every decision."""
    tries = 0

    async def decide(self, work: Work[T]) -> Committed[T] | Refusal:
        self.tries += 1
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return self.trouble if self.trouble is not None else await super().decide(work)


@dataclass
class Duty(RehearsedExchange):
    """An exchange that knows what is up, and whose acts can be held."""

    holds: dict[str, asyncio.Event] = field(default_factory=dict)
    """By the act's name: while it is not set, the act is not answered."""
    up: dict[str, Channel] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0

    async def originate(self, origination: Origination) -> Outcome[None]:
        outcome = await super().originate(origination)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self._held("originate")
        self.at_once -= 1
        return outcome

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        await self._held("hang_up")
        return await super().hang_up(channel, cause)

    async def look(self) -> Outcome[Snapshot]:
        self.sight = self.seen()
        outcome = await super().look()
        await self._held("look")
        return outcome

    def seen(self) -> Snapshot:
        present = tuple(Present(each, 1, "", "BackGround") for each in self.up.values())
        return Snapshot(present, (), {}, {}, dict(self.database))

    async def _held(self, name: str) -> None:
        if name in self.holds:
            await self.holds[name].wait()

    @property
    def dials(self) -> list[Origination]:
        return [each.arguments[0] for each in self.acts if each.name == "originate"]  # type: ignore[misc]

    def done(self, name: str) -> list[tuple[object, ...]]:
        return [each.arguments for each in self.acts if each.name == name]


class Voice:
    """Speaks into no file at all."""

    def __init__(self) -> None:
        self.mute = False
        self.held: dict[str, asyncio.Event] = {}
        """By text: while it is not set, it is not spoken."""
        self.wanted: list[str] = []

    async def spoken(self, text: str, language: Language) -> Path:
        self.wanted.append(text)
        if text in self.held:
            await self.held[text].wait()
        if self.mute:
            raise SpeechError("no voice")
        return self.place(text, language)

    def place(self, text: str, language: Language) -> Path:
        return Path("/spoken") / f"{language}-{len(text)}"


class Log:
    """The channel event log."""

    def __init__(self) -> None:
        self.ends: dict[str, Came] = {}
        self.asked: list[str] = []
        self.broken = False

    async def of(self, attempts: Collection[str]) -> Mapping[str, Came]:
        self.asked += attempts
        if self.broken:
            raise OSError("no disk")
        return {id: came for id, came in self.ends.items() if id in attempts}


class Room:
    """Lives of a notifier, one after the other, and everything around them."""

    def __init__(self, journal: Book, clock: Clock = utc_now, **calling: Any) -> None:
        self.journal = journal
        self.clock = clock
        self.calling = Calling(**({"report_s": 60, "ask_s": 0.5, "settle_s": 0.2} | calling))
        self.exchange = Duty()
        self.voice = Voice()
        self.log = Log()
        self.told: list[command.TellDispatcher] = []
        self.notifier = self.new()
        self.running: asyncio.Task[None] | None = None

    # Lives.

    def new(self) -> Notifier:
        notifier = Notifier(
            self.exchange, self.journal, Escalation(self.calling), self.voice, self.log, way_out="city",
            caller_number="87000000", caller_name="LianDong", clock=self.clock,
        )  # fmt: skip
        notifier.tells = self.told.append
        return notifier

    async def begin(self) -> None:
        self.notifier = self.new()
        self.running = asyncio.create_task(self.notifier.run())
        await until(lambda: self.notifier.ready)

    async def kill(self) -> None:
        """This life ends as it stands; what was heard and not committed is gone, and nothing is committed after it."""
        if self.running is not None:
            self.running.cancel()
            await asyncio.wait([self.running])
            self.running = None
            under_way = self.journal.submit(lambda unit: None)
            assert not isinstance(under_way, Refusal)
            await asyncio.wrap_future(under_way)

    # Orders.

    async def issue(
        self,
        *lines: str,
        department: str = "fire",
        deadline_s: int = 120,
        ring: Ring = Ring.IN_TURN,
        tries: int = 2,
        wait_s: int = 15,
        text: str = TEXT,
        tell: bool = True,
    ) -> Order:
        """An order to the lines 1 and 2 unless others are given, on disk; the notifier is told unless it should not."""
        each = tuple(DutyLine(number=line, ring_s=20, tries=tries, wait_s=wait_s) for line in lines or ("1", "2"))
        draft = OrderDraft(department, Language.ZH, text, Ladder(ring=ring, lines=each), deadline_s, 20.0, 5)

        def work(unit: Unit) -> tuple[Order, ...]:
            return store.issue(unit, "i1", [draft], self.clock(), "20261125", "test")

        submitted = self.journal.submit(work)
        assert not isinstance(submitted, Refusal)
        (order,) = (await asyncio.wrap_future(submitted)).value
        if tell:
            self.notifier.issued((order,))
        return order

    # What Asterisk does.

    def channel(self, attempt: str, state: ChannelState = ChannelState.RINGING) -> Channel:
        fence = int(next(each.variables["LD_FENCE"] for each in self.exchange.dials if each.channel_id == attempt))
        return replace(channel(attempt, context="department", path=PATH, fence=fence), state=state)

    def hear(self, *news: News) -> None:
        for each in news:
            self.notifier.hear(each)

    def rings(self, attempt: str) -> None:
        self.exchange.up[attempt] = self.channel(attempt)
        self.hear(told.Dialled(_at(), self.channel(attempt, ChannelState.DOWN), None))
        self.hear(told.Ringing(_at(), self.channel(attempt)))

    def picks_up(self, attempt: str) -> None:
        up = self.exchange.up[attempt] = self.channel(attempt, ChannelState.UP)
        self.hear(told.Accepted(_at(), up), told.Originated(_at(), attempt, DialOutcome.ACCEPTED))
        self.hear(told.DepartmentStep(_at(), up, Step.SPEAKING))

    def presses(self, attempt: str, key: str, *, noted: bool = True) -> None:
        if noted:
            self.exchange.database[f"attempt/{attempt}/key"] = key
        self.hear(told.DepartmentKey(_at(), self.channel(attempt, ChannelState.UP), key))

    def ends(self, attempt: str, cause: int = 16) -> None:
        """The line is down, whatever state it was in."""
        was = self.exchange.up.pop(attempt)
        if was.state is ChannelState.UP:
            self.exchange.database[f"attempt/{attempt}/end"] = "hung-up"
            self.hear(told.Ended(_at(), was, cause))
        else:
            self.hear(told.Originated(_at(), attempt, DialOutcome.FAILED), told.Ended(_at(), was, cause))

    # What is seen.

    async def dialled(self, count: int = 1) -> list[str]:
        """The attempts that were dialled, waited for until they are so many."""
        await until(lambda: len(self.exchange.dials) >= count)
        assert len(self.exchange.dials) == count, self.exchange.dials
        return [each.channel_id for each in self.exchange.dials]

    async def said(self, attempt: str, words: str) -> None:
        await until(lambda: (attempt, words) in [(each[0], each[2]) for each in self.exchange.done("say")])

    def stored(self, order: Order) -> StoredOrder | None:
        """The order as it is on disk, unless nothing more is expected of it."""
        with self.journal.reader.connect() as connection:
            return {each.order.id: each for each in store.restore(connection).orders}.get(order.id)

    async def on_disk(self, order: Order, true: Callable[[StoredOrder], object]) -> StoredOrder:
        """Wait until what is on disk of an order is so."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                now = await asyncio.to_thread(self.stored, order)
                if now is not None and true(now):
                    return now
                await asyncio.sleep(0.005)

    async def attempt(self, order: Order, number: int, true: Callable[[StoredAttempt], object]) -> StoredAttempt:
        """Wait until what is on disk of an attempt is so."""
        now = await self.on_disk(order, lambda each: len(each.attempts) >= number and true(each.attempts[number - 1]))
        return now.attempts[number - 1]

    async def settled(self) -> None:
        """Whatever can happen at once has happened."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def quiet(self) -> None:
        """Everything that was decided is on disk, and whatever follows at once has happened."""
        await self.settled()
        await until(lambda: self.notifier.figures()["dispatch_unwritten"] == 0)
        await self.settled()

    async def facts(self, order: Order) -> list[Fact]:
        """What is written of an order, what was witnessed included."""
        assert await asyncio.to_thread(self.journal.wait_behind, WITHIN_S)
        return list(facts_about(self.journal.reader, "order", order.id))

    async def story(self, order: Order) -> list[str]:
        return [each.type for each in await self.facts(order)]


def open_book(folder: Path, kind: type[Book] = Book, url: str | None = None) -> Book:
    """A journal in this folder, in another database if one is given."""
    lies = places(folder) if url is None else replace(places(folder), url=url)
    with _ONE_AT_A_TIME:
        return kind.open(lies, Registry(TYPES, PROMISES), versions=VERSIONS)  # type: ignore[return-value]


@asynccontextmanager
async def notifier_room(
    folder: Path, *, begin: bool = True, book: type[Book] = Book, **more: Any
) -> AsyncIterator[Room]:
    """A room in which a life has begun."""
    journal = await asyncio.to_thread(open_book, folder, book)
    room = Room(journal, **more)
    try:
        if begin:
            await room.begin()
        yield room
        assert room.running is None or not room.running.done(), room.running
    finally:
        await room.kill()
        await asyncio.to_thread(journal.close)


def _at() -> datetime:
    return datetime.now(UTC)
