"""One life of an engine that notifies and does nothing else, and dies in the moment that a test names.

A moment is before, while or after one thing that is awaited: `before originate`, `while say`, `after commit
Acknowledged`, `heard Ringing`. In a dead life nothing goes on: whatever it would still do waits for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy import Engine

from config.field import Language
from dispatch import command
from dispatch.edge import Noted, Notifier
from dispatch.escalation import Escalation
from dispatch.outcome import Outcome as Came
from dispatch.step import Write
from journal import Committed, CommitUnknown, Draft, Journal, NotCommitted, Refusal, Unit
from telephony.manager.event import DepartmentKey, DepartmentStep, Originated
from telephony.manager.exchange import Exchange, News, Origination
from telephony.manager.link import ManagerLink
from telephony.manager.outcome import Answered, Outcome
from telephony.manager.snapshot import Snapshot
from tests.duty_room import CALM, secret

if TYPE_CHECKING:
    from tests.notification_scene import Scene

T = TypeVar("T")


class Died(Exception):
    """In the middle of a transaction."""


class Life:
    """From its beginning to its end."""

    def __init__(self, scene: Scene, port: int, events: Path, moments: Sequence[str], *, cut: bool) -> None:
        self._scene = scene
        self._moments = list(moments)
        self._cut = cut
        self.dead = False
        self.was_cut = asyncio.Event()
        self.said: list[str] = []
        """What it has done and heard, for who looks for a fault."""
        centre = scene.city.centre
        self.link = ManagerLink("127.0.0.1", port, "liandong", secret(centre), patience=CALM)
        self.notifier = Notifier(
            cast(Exchange, Hands(self)),
            cast(Journal, Pen(self)),
            Escalation(scene.calling),
            Voice(self),
            Memory(self, Noted(events)),
            way_out="city",
            beside=self._beside,
        )
        self.notifier.tells = self._tells
        self._seen: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.get_running_loop()

    @property
    def scene(self) -> Scene:
        return self._scene

    @property
    def fatal(self) -> str:
        """The next moment in which something happens to it."""
        return self._moments[0] if self._moments else ""

    def begin(self) -> None:
        for part in (self.link.run(), self.notifier.run(), self._listen()):
            self._tasks.append(asyncio.create_task(part))

    def die(self) -> None:
        """Now. What it has sent is sent."""
        self.dead = True
        self._moments.clear()
        for task in self._tasks:
            task.cancel()

    async def end(self) -> None:
        """At the end of a test. Raises what has ended it before."""
        self.die()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def reach(self, moment: str) -> None:
        """This moment has come."""
        if self.dead:
            await asyncio.Event().wait()
        self.said.append(f"{self._loop.time():.3f} {moment}")
        if moment == self.fatal:
            self._moments.pop(0)
            await self._strike()

    async def _strike(self) -> None:
        if self._cut:
            self.was_cut.set()
            self._scene.proxy.cut()
            return
        self.die()
        await asyncio.Event().wait()

    async def act(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """Something that is awaited, with its three moments."""
        await self.reach(f"before {name}")
        if self.fatal == f"while {name}":
            begun = asyncio.ensure_future(act())
            await asyncio.sleep(0)
            await self.reach(f"while {name}")
            return await begun
        came = await act()
        await self.reach(f"after {name}")
        return came

    # What it hears.

    async def _listen(self) -> None:
        while True:
            news = await self.link.next()
            name = self._name(news)
            if name:
                await self.reach(f"unheard {name}")
            self.notifier.hear(self._own(news))
            if name:
                await self.reach(f"heard {name}")

    def _name(self, news: News) -> str:
        """What a moment calls it; empty: it is about others."""
        channel = getattr(news, "channel", None)
        id = news.channel_id if isinstance(news, Originated) else "" if channel is None else str(channel.id)
        if not id.startswith(f"{self._scene.incident}."):
            return ""
        match news:
            case DepartmentStep(step=step):
                return step.name.lower().replace("_", "-")
            case DepartmentKey():
                return "key"
            case _:
                return type(news).__name__.lower()

    def _own(self, news: News) -> News:
        """The other scenes' notes are not this engine's to drop: it has an Asterisk for itself."""
        return self.own(news) if isinstance(news, Snapshot) else news

    def own(self, seen: Snapshot) -> Snapshot:
        mine = f"attempt/{self._scene.incident}."
        return replace(seen, database={key: value for key, value in seen.database.items() if key.startswith(mine)})

    def _tells(self, wanted: command.TellDispatcher) -> None:
        if not self.dead:
            self._scene.told.append(wanted)

    # What it writes.

    def _beside(self, unit: Unit, write: Write) -> None:
        self._seen |= {type(told).__name__ for told in write.facts}

    async def decide(self, work: Callable[[Unit], T]) -> Committed[T] | Refusal:
        """Commit, with a moment before and after for each kind of fact."""
        await self.reach("decide")
        journal, self._seen = self._scene.journal, set()

        def watched(unit: Unit) -> T:
            done = work(unit)
            what, _, kind = self.fatal.rpartition(" ")
            if kind in self._seen and what in ("before commit", "refused commit"):
                raise Died(f"{what} {kind}")
            return done

        try:
            committed = await journal.decide(watched)
        except Died as moment:
            if str(moment).startswith("refused"):
                self._soon()
                raise NotCommitted("the disk is full") from None
            await self.reach(str(moment))
            return await self.decide(work)
        for kind in self._seen:
            await self.reach(f"after commit {kind}")
            if self.fatal == f"unknown commit {kind}":
                self._soon()
                raise CommitUnknown("the connection was lost")
        return committed

    def _soon(self) -> None:
        """It dies in whatever it awaits next."""
        self._moments.clear()
        if not self._cut:
            self._loop.call_soon(self.die)

    def reads(self) -> None:
        """Called in whichever thread reads the journal."""
        if self.fatal == "while restore":
            self._moments.pop(0)
            self._loop.call_soon_threadsafe(self.die)


class Hands:
    """Its acts in Asterisk. A telephone is shown which attempt calls it."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def originate(self, wanted: Origination) -> Outcome[None]:
        shown = replace(wanted, caller_name=wanted.channel_id)
        return await self._life.act("originate", lambda: self._life.link.originate(shown))

    async def hang_up(self, channel: str) -> Outcome[None]:
        return await self._life.act("hang-up", lambda: self._life.link.hang_up(channel))

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        return await self._life.act("say", lambda: self._life.link.say(channel, fence, words))

    async def drop(self, key: str) -> Outcome[None]:
        return await self._life.act("drop", lambda: self._life.link.drop(key))

    async def look(self) -> Outcome[Snapshot]:
        seen = await self._life.act("look", self._life.link.look)
        return Answered(self._life.own(seen.value)) if isinstance(seen, Answered) else seen


class Pen:
    """Its journal."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @property
    def reader(self) -> Engine:
        self._life.reads()
        return self._life.scene.journal.reader

    async def decide(self, work: Callable[[Unit], T]) -> Committed[T] | Refusal:
        return await self._life.decide(work)

    def witness(self, draft: Draft) -> Refusal | None:
        return None if self._life.dead else self._life.scene.journal.witness(draft)


class Voice:
    """Its speaker."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def spoken(self, text: str, language: Language) -> Path:
        return await self._life.act("spoken", lambda: self._life.scene.city.speaker.spoken(text, language))

    def place(self, text: str, language: Language) -> Path:
        return self._life.scene.city.speaker.place(text, language)


class Memory:
    """How calls ended, as Asterisk has it."""

    def __init__(self, life: Life, noted: Noted) -> None:
        self._life, self._noted = life, noted

    async def of(self, attempts: Collection[str]) -> Mapping[str, Came]:
        return await self._life.act("ends", lambda: self._noted.of(attempts))
