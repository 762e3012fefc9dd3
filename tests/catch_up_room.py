"""A room for the catch-up: a state folder, an engine that the test plays on a real journal, and the task itself."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from console.hub import Hub
from console.state import Hello
from console.tap import Tap
from console.wire import Refused
from gis.fact import TYPES as GIS_FACTS
from intake.edge.history import History, Told
from intake.edge.writing import TYPES as INTAKE_FACTS
from journal import Draft, Fact, Journal, Places, Refusal, Registry, facts_after, read_engine, sqlite_url
from liandong.asked import BEHIND_S
from liandong.bookmark import Bookmark
from liandong.catch_up import CatchUp, Pace
from liandong.sender import Patience, Sender
from liandong.shelf import Shelf
from recordings.fact import TYPES as RECORDING_FACTS
from telephony.cel import ChannelEvent, rows_in

RECORDED = (Path(__file__).parent / "recorded_cel.csv").read_bytes()
ROWS = RECORDED.splitlines(keepends=True)
EVENTS = [event for _, event in rows_in(RECORDED).events]
SEATS = tuple(f"seat-{number:02d}" for number in range(1, 13))
LATER = EVENTS[-1].at.timestamp() + 3600
"""When everything in the recorded day is over for long."""
WITHIN_S = 30.0
PACE = Pace(ripe_s=0.05, look_s=0.01, keep_s=0.0, quiet_s=60.0, shelf_s=0.05, again_s=0.01)
AT_ONCE = Patience(settle_s=0.0, again_s=0.01)


def told_by(events: list[ChannelEvent]) -> list[Told]:
    """All that these rows tell."""
    history = History(SEATS)
    return [told for event in events for told in history.feed(event)]


class Room:
    """Everything that the catch-up touches."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "cel.csv"
        self.hangups = folder / "hangups"
        self.recordings = folder / "recordings"
        self.bookmark = folder / "catch-up.json"
        self.socket = folder / "engine.sock"
        self.places = Places(sqlite_url(folder / "journal.db"), folder / "spool", folder / "key")
        self.clock: Callable[[], float] = lambda: LATER
        self.up: frozenset[str] | None = frozenset()
        """Channels that Asterisk has."""
        self.asked = 0
        """How often it was asked for them."""
        self.journal: Journal | None = None
        self.requests: list[int] = []
        """Facts in each request that came."""
        self.before: Callable[[], Awaitable[object]] = nothing
        """What the engine does before it records."""
        self.after: Callable[[], Awaitable[object]] = nothing
        """And before it answers."""
        self._hub: Hub | None = None
        self.hangups.mkdir()
        self.recordings.mkdir()

    # The engine.

    async def engine_comes(self) -> None:
        if self.journal is None:
            registry = Registry(INTAKE_FACTS | RECORDING_FACTS | GIS_FACTS)
            self.journal = await asyncio.to_thread(Journal.open, self.places, registry)
        self._hub = Hub(lambda: Hello(sequence=0, calls=(), seats=(), status={}), self._handle)
        await self._hub.start(self.socket)

    async def engine_goes(self) -> None:
        if self._hub is not None:
            hub, self._hub = self._hub, None
            await hub.stop()

    async def end(self) -> None:
        await self.engine_goes()
        if self.journal is not None:
            await asyncio.to_thread(self.journal.close)

    async def _handle(self, want: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        assert want == "record"
        assert self.journal is not None
        drafts = [Draft.from_text(text) for text in args["drafts"]]
        self.requests.append(len(drafts))
        await self.before()
        if not await asyncio.to_thread(self.journal.wait_behind, BEHIND_S):
            raise Refused("not_written_down", "behind")
        done = await self.journal.decide(lambda unit: unit.record_once(drafts))
        assert not isinstance(done, Refusal)
        await self.after()
        return {"recorded": len(done.value)}

    async def record(self, *drafts: Draft) -> None:
        """The engine itself writes something."""
        assert self.journal is not None
        await self.journal.decide(lambda unit: unit.record_once(drafts))

    # The journal.

    @property
    def reader(self) -> Engine:
        return read_engine(self.places.url)

    def facts(self) -> list[Fact]:
        """Everything in the journal."""
        reader, facts = self.reader, []
        try:
            while page := facts_after(reader, facts[-1].sequence if facts else 0):
                facts += page
        finally:
            reader.dispose()
        return facts

    def ids(self) -> set[str]:
        ids = Counter(fact.id for fact in self.facts())
        assert set(ids.values()) <= {1}
        return set(ids)

    async def until_facts(self, ids: set[str]) -> None:
        """Wait until exactly these facts are in the journal."""
        await until(lambda: ids <= self.ids())
        assert self.ids() == ids

    # The task.

    def catch_up(self, tap: Tap, pace: Pace = PACE, patience: Patience = AT_ONCE) -> CatchUp:
        return CatchUp(
            self.events,
            self.hangups,
            Shelf(self.recordings),
            Bookmark(self.bookmark),
            Sender(tap, self.reader, patience),
            seats=SEATS,
            live=self._live,
            clock=self.clock,
            pace=pace,
        )

    def _live(self) -> frozenset[str] | None:
        self.asked += 1
        return self.up

    @asynccontextmanager
    async def catching_up(self, pace: Pace = PACE, patience: Patience = AT_ONCE) -> AsyncIterator[CatchUp]:
        """The task runs until the block ends; a bug in it ends the test."""
        tap = Tap(self.socket)
        catch_up = self.catch_up(tap, pace, patience)
        tasks = [asyncio.create_task(tap.run()), asyncio.create_task(catch_up.run())]
        try:
            yield catch_up
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def read_through(self) -> None:
        """Wait until the bookmark on disk stands at the end of the log."""
        size = os.stat(self.events).st_size
        await until(lambda: f'"offset": {size}}}' in _text(self.bookmark))


async def nothing() -> None:
    pass


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def until(true: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Wait for a fact."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not true():
        assert loop.time() < deadline
        await asyncio.sleep(0.01)


def refusing(code: str) -> Callable[[], Awaitable[None]]:
    """What an engine does that refuses."""

    async def refuse() -> None:
        raise Refused(code, "as the test wants it")

    return refuse


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()


logging.getLogger("catch-up").setLevel(logging.INFO)
