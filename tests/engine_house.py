"""An engine that runs in the test's own loop: Asterisk is rehearsed, journal, socket and centre are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import liandong.engine
from console.state import Facts
from console.tap import Tap
from console.wire import Refused
from journal import Journal
from liandong.casework import locator
from liandong.engine import Engine, open_journal
from liandong.installation import Installation
from telephony.manager.backoff import Broken
from telephony.manager.outcome import Answered, LinkLost
from tests.centre import write_centre
from tests.edge_room import WITHIN_S, Line, until
from tests.edge_telephones import Telephones
from tests.journal_places import Clock

SEAT, WHO = "seat-01", "zhang-wei"
BY = {"by": "supervisor"}


@dataclass
class Link(Line):
    """A rehearsed link, with the figures of a real one."""

    up: bool = True
    broken: Broken | None = None
    damages: int = 0
    snapshots: int = 1
    beats: list[int] = field(default_factory=list)

    async def run(self) -> None:
        """Stay up."""
        await asyncio.Event().wait()

    async def heartbeat(self, epoch_s: int) -> Any:
        self.beats.append(epoch_s)
        return Answered(None) if self.up else LinkLost()


class House:
    """An engine that runs, its telephones, and somebody who listens."""

    def __init__(self, engine: Engine, link: Link, installation: Installation, journal: Journal) -> None:
        self.engine, self.link, self.installation, self.journal = engine, link, installation, journal
        self.ended = asyncio.Event()
        self.running = asyncio.create_task(engine.run(self.ended))
        self.tap = Tap(installation.engine_socket)
        self.heard: list[Any] = []
        self.tap.listen(self.heard.append)
        self.tapping = asyncio.create_task(self.tap.run())
        seats = [seat.id for seat in installation.telephony.seats]
        self.telephones = Telephones(link.tell, Clock(), seats)
        link.telephones = self.telephones

    async def wants(self, want: str, **args: Any) -> Any:
        """What the engine answers to somebody who wants something."""
        return await self.tap.request(want, args)

    async def refuses(self, want: str, **args: Any) -> str:
        """The code with which it refuses."""
        with pytest.raises(Refused) as refused:
            await self.wants(want, **args)
        assert str(refused.value)
        return refused.value.code

    async def seen(self) -> None:
        """The engine sees what is up."""
        self.link.tell(self.telephones.seen())
        await until(lambda: self.engine._desk.ready)

    def facts(self) -> list[tuple[int, str]]:
        """Every fact that was told, as it was told: sequence, and what."""
        told = [each for heard in self.heard if isinstance(heard, Facts) for each in heard.facts]
        return [(each.sequence, each.body.get("what", each.type)) for each in told]

    def state(self) -> list[tuple[str | None, str, str | None]]:
        return [(seat.person, seat.presence, seat.reason) for seat in self.engine._hello().seats]


@asynccontextmanager
async def house(folder: Path, monkeypatch: pytest.MonkeyPatch, *, seen: bool = True) -> AsyncIterator[House]:
    """An engine in the example centre; fails if it does not end as it should."""
    centre = folder / "centre"
    installation = Installation.open(centre if centre.exists() else write_centre(centre), folder / "v")
    installation.ports().write(installation.state.run)
    link = Link()
    monkeypatch.setattr(liandong.engine, "ManagerLink", lambda *_: link)
    journal = await asyncio.to_thread(open_journal, installation)
    living = House(Engine(installation, journal, locator(installation)), link, installation, journal)
    try:
        await until(lambda: living.tap.up)
        if seen:
            await living.seen()
        yield living
        living.ended.set()
        await asyncio.wait_for(living.running, WITHIN_S)
    finally:
        living.tapping.cancel()
        living.running.cancel()
        await asyncio.wait([living.running, living.tapping])
        await asyncio.to_thread(journal.close)
