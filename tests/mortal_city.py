"""Telephones at duty lines that do what is their way, whoever lives, for lives that end after any step (`mortality`).

Each act and each decision has a step before it is done and one after. What was sent is done, whoever has died since.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dispatch.outcome import Outcome as Came
from journal import Committed, NotCommitted, Refusal, Work
from telephony.manager.exchange import Gap, Origination, Why
from telephony.manager.outcome import Outcome, Refused
from telephony.manager.snapshot import Snapshot
from tests.edge_room import until
from tests.mortality import Mortality
from tests.notifier_room import Book, Duty, Room, Voice

T = TypeVar("T")
BUSY, RINGS, TAKES, TAKES_TOO, GOES, VANISHES = "1", "2", "3", "4", "5", "6"
"""Lines, by what happens the first time. *Goes*: hangs up when he has heard it. *Vanishes*: Asterisk is killed then,
and leaves nothing. The second time each takes it."""


class Pages(Book):
    """Steps before a decision is written, so many that others act meanwhile, and one after."""

    troubles: list[Exception]

    async def decide(self, work: Work[T]) -> Committed[T] | Refusal:
        for _ in range(3):
            await asyncio.sleep(0)
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, NotCommitted):
            raise trouble
        committed = await super().decide(work)
        if trouble is not None:
            raise trouble
        await asyncio.sleep(0)
        return committed


class SlowVoice(Voice):
    async def spoken(self, *text: Any) -> Path:
        await asyncio.sleep(0)
        return await super().spoken(*text)


@dataclass
class City(Duty):
    """Two steps an act, before it is done and after; and telephones that do what is their way, whoever lives."""

    room: Room | None = None
    mortality: Mortality = field(default_factory=Mortality)
    lost: list[Outcome[None]] = field(default_factory=list)
    """What comes of the first dials, instead."""
    dialled_though: bool = False
    """Whether those are made all the same."""
    refuses: int = 0
    """So many hang-ups."""
    lines: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, bool]] = field(default_factory=list)
    """Lines on which an order was heard, and whether it said that it repeats."""
    took: set[str] = field(default_factory=set)
    """Lines on which somebody pressed 1."""
    words: list[tuple[str, str]] = field(default_factory=list)
    over: dict[str, asyncio.Event] = field(default_factory=dict)
    at_work: list[asyncio.Task[object]] = field(default_factory=list)

    async def originate(self, origination: Origination) -> Outcome[None]:
        await asyncio.sleep(0)
        came = self.lost.pop(0) if self.lost else None
        if came is not None and not self.dialled_though:
            return came
        # What was sent is done, whoever has died since.
        dialled = asyncio.create_task(self._dialled(origination))
        self.at_work.append(dialled)
        outcome = await asyncio.shield(dialled)
        await asyncio.sleep(0)
        return came or outcome

    async def _dialled(self, origination: Origination) -> Outcome[None]:
        await asyncio.sleep(0)
        if self.mortality.dead:  # it comes when the next life has looked and not seen it
            looks = len(self.done("look"))
            await until(lambda: len(self.done("look")) > looks)
        id, line = origination.channel_id, origination.dial.partition("/")[2].partition("@")[0]
        assert id not in self.lines, f"{id} is dialled twice"
        assert line not in self.took, f"{line} has taken it, and is called again"
        assert line not in [self.lines[each] for each in self.up], f"{line} is dialled while it is in use"
        outcome = await super().originate(origination)
        assert self.room is not None
        self.lines[id], self.over[id], self.up[id] = line, asyncio.Event(), self.room.channel(id)
        self.at_work.append(asyncio.create_task(self._telephone(self.room, id, line, origination)))
        return outcome

    async def _telephone(self, room: Room, id: str, line: str, origination: Origination) -> None:
        first = list(self.lines.values()).count(line) == 1
        room.rings(id)
        if line == BUSY and first:
            self._ends(room, id, Came.BUSY, 17)
            return
        if line == RINGS:
            await self._until_over(id, 10.0)
            self._ends(room, id, Came.NO_ANSWER, 16)
            return
        await asyncio.sleep(0.01)
        self.heard.append((line, origination.variables["LD_REPEATS"] == "1"))
        room.picks_up(id)
        await asyncio.sleep(0.01)
        if line == VANISHES and first:
            del self.up[id]
            room.hear(Gap(Why.LINK), self.seen())
            return
        if not (line == GOES and first) and not self.over[id].is_set():
            self.took.add(line)
            room.presses(id, "1")
            await self._until_over(id, 2.0)
        self._ends(room, id, Came.HUNG_UP, 16)

    def _ends(self, room: Room, id: str, came: Came, cause: int) -> None:
        room.log.ends[id] = came
        room.ends(id, cause)

    async def _until_over(self, id: str, within_s: float) -> None:
        await asyncio.wait([asyncio.ensure_future(self.over[id].wait())], timeout=within_s)

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        await asyncio.sleep(0)
        if self.refuses or channel not in self.up:
            self.refuses = max(0, self.refuses - 1)
            return Refused("No such channel")
        outcome = await super().hang_up(channel, cause)
        self.over[channel].set()
        await asyncio.sleep(0)
        return outcome

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        await asyncio.sleep(0)
        outcome = await super().say(channel, fence, words)
        if channel in self.up:
            self.words.append((channel, words))
            self.over[channel].set()
        await asyncio.sleep(0)
        return outcome

    async def drop(self, key: str) -> Outcome[None]:
        await asyncio.sleep(0)
        outcome = await super().drop(key)
        await asyncio.sleep(0)
        return outcome

    async def look(self) -> Outcome[Snapshot]:
        await asyncio.sleep(0)
        outcome = await super().look()
        await asyncio.sleep(0)
        return outcome
