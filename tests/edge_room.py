"""A desk on a real journal and an Exchange without an Asterisk, with its telephones: for tests of the edge.

What a test does not expect fails it: at the end no act, no word to a supervisor and no fact may be left over that it
has not asked for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from intake import command, wish
from intake.distributor import Distributor
from intake.edge.desk import Desk
from intake.edge.now import CallNow, Change, SeatNow
from intake.edge.writing import TYPES
from intake.people import Person
from intake.settings import IntakeSettings
from journal import Fact, Journal, Places, Registry, facts_after, new_id, sqlite_url
from telephony.agi.answer import Answer
from telephony.agi.question import Question
from telephony.manager.exchange import News
from telephony.manager.outcome import Outcome
from telephony.manager.rehearsal import RehearsedExchange
from telephony.manager.snapshot import Snapshot
from tests.edge_telephones import SEATS, Telephones
from tests.journal_places import START, Clock

WITHIN_S = 60.0
"""Far more than anything here takes."""
SERVICES = {"110": "police", "119": "fire"}
REPORTS = ("87001119",)
"""Whoever calls it reports, and is no caller so far."""
PEOPLE = tuple(
    Person.model_validate(
        {"id": id, "number": number, "name": {"zh": zh, "en": id}, "skills": {"fire": 5, "police": 5}}
    )
    for id, number, zh in (("zhang-wei", "1001", "张伟"), ("li-na", "1002", "李娜"), ("wang-fang", "1003", "王芳"))
)

T = TypeVar("T")


@dataclass
class Line(RehearsedExchange):
    """An Exchange that also says when all its news were taken, and shows who looks what is up now."""

    telephones: Telephones | None = None
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None
    """While this is not set, `keep` and `drop` are not answered."""

    def tell(self, news: News) -> None:
        self._idle.clear()
        super().tell(news)

    async def next(self) -> News:
        if self._news.empty():
            self._idle.set()
        return await super().next()

    async def heard(self) -> None:
        """Wait until whoever listens has taken everything, and waits for more."""
        await asyncio.wait_for(self._idle.wait(), WITHIN_S)

    async def look(self) -> Outcome[Snapshot]:
        if self.telephones is not None:
            self.sight = self.telephones.seen()
        return await super().look()

    async def keep(self, key: str, value: str) -> Outcome[None]:
        if self.held is not None:
            await self.held.wait()
        return await super().keep(key, value)

    async def drop(self, key: str) -> Outcome[None]:
        if self.held is not None:
            await self.held.wait()
        return await super().drop(key)


def places(folder: Path) -> Places:
    return Places(sqlite_url(folder / "journal.db"), folder / "spool", folder / "head")


class Room:
    """One life of a desk, and everything around it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        seats: Sequence[str] = SEATS,
        people: Sequence[Person] = PEOPLE,
        telephones: Telephones | None = None,
        **settings: object,
    ) -> None:
        """Nothing is asked of Asterisk only because time has passed, unless the settings say so."""
        settings = {"report_s": 60, "fault_s": 60} | settings
        self.journal = journal
        self.clock = clock
        self.exchange = Line()
        self.telephones = telephones or Telephones(lambda news: None, clock, seats)
        self.telephones._tell = self.exchange.tell
        self.exchange.telephones = self.telephones
        self.exchange.database = self.telephones.database
        self.core = Distributor(IntakeSettings.model_validate_json(json.dumps(settings)), seats, people)
        self.desk = Desk(
            self.exchange, self.core, journal, services=SERVICES, people=people, reports=REPORTS, clock=clock
        )
        self.told: list[command.Tell] = []
        self.shown: list[Change] = []
        self.desk.tells = self.told.append
        self.desk.shows = self.shown.append
        self.running = asyncio.create_task(self.desk.run())
        self._seen = 0

    async def close(self, *, broken: bool = False) -> None:
        """End this life; fails if anything happened that nobody asked for."""
        if not broken:
            await self.settled()
            assert not self.running.done(), self.running
            assert self.exchange.acts == [], self.exchange.acts
            assert self.told == [], self.told
            assert self.desk.unwritten == 0
        self.running.cancel()
        await asyncio.wait([self.running])

    # What Asterisk does.

    async def look(self) -> None:
        """The desk is told what is up."""
        self.exchange.tell(self.telephones.seen())
        await self.settled()

    async def settled(self) -> None:
        """Wait until everything told was heard, and whatever it led to at once was begun."""
        await self.exchange.heard()
        for _ in range(20):
            await asyncio.sleep(0)

    # What the dialplan asks, and what a person wants.

    async def ask(self, call: str, **more: str) -> Answer:
        """The dialplan's question about a caller."""
        await self.settled()
        return await self.desk.answer(self.question(call, **more))

    def question(self, call: str, **more: str) -> Question:
        """The same, not asked yet."""
        caller = self.telephones.up[call]
        return Question(call, caller.name, caller.called, caller.number, "", caller.fence, more)

    async def sign_in(self, *people: str) -> None:
        """These work at the first seats, and have been for ever longer the earlier they are named."""
        for seat, person in zip(SEATS, people, strict=False):
            await self.desk.wish(wish.SignIn(new_id(), seat, person, "test"))
            await self.act("keep")

    # What is seen of it.

    async def act(self, name: str) -> tuple[object, ...]:
        """The next act of this kind, waited for and taken out: its arguments."""
        (found,) = await self.acts(name, 1)
        return found

    async def acts(self, name: str, count: int) -> list[tuple[object, ...]]:
        """The next so many acts of this kind, taken out."""
        await until(lambda: sum(each.name == name for each in self.exchange.acts) >= count)
        found = [each for each in self.exchange.acts if each.name == name][:count]
        for each in found:
            self.exchange.acts.remove(each)
        return [each.arguments for each in found]

    async def all_shown(self) -> None:
        """Whoever is shown what changes knows everything; what was shown so far is forgotten."""

        def known() -> bool:
            calls = {call.view.id: call for change in self.shown for call in change.calls}
            seats = {seat.view.id: seat for change in self.shown for seat in change.seats}
            gone = {call for change in self.shown for call in change.gone}
            now = {call.view.id: call for call in self.desk.calls()}
            return {id: call for id, call in calls.items() if id not in gone} == now and list(
                seats.values()
            ) == self.desk.seats()

        await until(known)
        self.shown.clear()

    async def desk_shows(self) -> None:
        """Whatever has changed by now was shown."""
        before = len(self.shown)
        self.desk._stepped.set()
        await until(lambda: not self.desk._stepped.is_set() or len(self.shown) > before)

    async def looked(self) -> None:
        """Somebody has looked at Asterisk, once; what came of it is heard."""
        await self.act("look")
        await self.settled()

    def tells(self) -> list[tuple[str, str | None]]:
        """What supervisors were told since this was last asked: about what, and which seat."""
        told = [(each.about, each.seat) for each in self.told]
        self.told.clear()
        return told

    def call(self, id: str) -> CallNow | None:
        return next((call for call in self.desk.calls() if call.view.id == id), None)

    def stage(self, id: str) -> str | None:
        call = self.call(id)
        return None if call is None else call.view.stage.value

    def seat(self, id: str) -> SeatNow:
        return next(seat for seat in self.desk.seats() if seat.view.id == id)

    async def facts(self) -> list[Fact]:
        """The facts that were written since this was last asked."""
        await self.settled()
        assert await asyncio.to_thread(self.journal.wait_behind, WITHIN_S)
        new = facts_after(self.journal.reader, self._seen)
        self._seen = max([self._seen, *(fact.sequence for fact in new)])
        return list(new)

    async def story(self, *without: str) -> list[tuple[Any, ...]]:
        """The same as what happened and after how many seconds of the clock, but for these kinds."""
        found = await self.facts()
        return [
            (fact.body["what"], (fact.time - START).total_seconds())
            for fact in found
            if fact.body.get("what") not in without
        ]


async def until(true: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110 - whoever makes it true does not know that anybody waits
            await asyncio.sleep(0.001)


def open_journal(folder: Path, types: Collection[str] = TYPES) -> Journal:
    return Journal.open(places(folder), Registry(types))


@asynccontextmanager
async def desk_room(
    folder: Path, *people: str, clock: Clock | None = None, look: bool = True, **more: Any
) -> AsyncIterator[Room]:
    """A room whose desk has seen what is up, with these people at the first seats."""
    journal = await asyncio.to_thread(open_journal, folder)
    try:
        room = Room(journal, clock or Clock(), **more)
        if look:
            await room.look()
        await room.sign_in(*people)
        await room.facts()  # of the signing in nobody asks
        try:
            yield room
        except BaseException:
            await room.close(broken=True)
            raise
        await room.close(broken=room.running.done())
    finally:
        await asyncio.to_thread(journal.close)
