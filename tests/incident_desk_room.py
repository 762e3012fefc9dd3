"""A desk for incidents on a real journal and the example centre; the notifier remembers what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import select

from config.settings import Settings
from dispatch import fact, store
from dispatch.order import Order
from dispatch.reading import OrderNow, orders_of
from dispatch.step import Write
from dispatch.wish import Close, Wish
from intake.incident import Book, Incident, Who
from intake.incident.reading import incident
from journal import Fact, Journal, facts_about
from journal.tables import timers
from liandong.casework import catalogue, locator, number_form, ordering
from liandong.deeds import deed_of
from liandong.engine import open_journal
from liandong.incidents import Did, IncidentDesk
from liandong.installation import Installation
from liandong.marking import Marking
from liandong.spots import areas_at
from tests.centre import write_centre
from tests.journal_places import START, Clock

ZHANG = Who("zhang-wei", seat="seat-01")
FIRE = {"type": "house-fire", "place": "启明区晨光路12号", "summary": "三楼冒烟", "called": "119", "form": "fire"}
DISTRICT = """id: district
version: 1
name: {zh: 启明区, en: Qiming}
priority: 3
when:
  - {types: [house-fire], areas: [qiming]}
orders:
  - department: gas
    text: {zh: "{place}", en: "{place}"}
"""
"""A plan for one district."""
NOT_READY = "the notifier is not ready"


class RehearsedNotifier:
    """Does nothing and remembers all."""

    def __init__(self) -> None:
        self.ready = True
        self.told: list[Order] = []
        self.wishes: list[Wish] = []
        self.refuses = False
        self.held: asyncio.Event | None = None
        """While this is not set, no wish is on disk."""

    def issued(self, orders: tuple[Order, ...]) -> None:
        self.told += orders

    async def wish(self, wish: Wish) -> None:
        if self.refuses:
            raise ValueError(NOT_READY)
        self.wishes.append(wish)
        if self.held is not None:
            await self.held.wait()


class DeskRoom:
    """One life of the desk."""

    def __init__(self, installation: Installation, journal: Journal, clock: Clock) -> None:
        self.journal, self.clock = journal, clock
        self.notifier = RehearsedNotifier()
        lists = catalogue(installation)
        self.book = book = Book(lists, installation.centre.part(Settings).zone, number_form(installation))
        self.marking = Marking(book)
        places = locator(installation)
        orders = ordering(installation, lambda incident: areas_at(places.jurisdictions, incident.content.spot))
        self.desk = IncidentDesk(journal, book, lists, orders, self.notifier, clock)

    @property
    def reader(self) -> Database:
        return self.journal.reader

    async def do(self, name: str, *, key: str | None = None, who: Who = ZHANG, **args: Any) -> Did:
        return await self.desk.do(deed_of(name, args, key), who, key)

    async def submitted(self, **changes: Any) -> Incident:
        made = (await self.do("create", changes=FIRE | changes)).done.incident
        return (await self.do("submit", incident=made.id, version=made.version)).done.incident

    def incident(self, id: str) -> Incident:
        found = incident(self.reader, id)
        assert found is not None
        return found

    def orders(self, id: str) -> tuple[OrderNow, ...]:
        return orders_of(self.reader, id)

    def facts(self, id: str) -> list[Fact]:
        return list(facts_about(self.reader, "incident", id))

    def story(self, id: str) -> list[str]:
        return [each.type for each in self.facts(id)]

    def closed(self) -> list[Close]:
        """Which orders were wished to be closed."""
        return [each for each in self.notifier.wishes if isinstance(each, Close)]

    def armed(self) -> set[str]:
        """Orders with a live timer."""
        with self.reader.connect() as connection:
            return set(connection.scalars(select(timers.c.subject_id).where(timers.c.state == "live")))

    async def happens(self, *facts: fact.Decided) -> None:
        """The escalation writes these, and what they mean for their incidents."""
        write = Write(1, START.timestamp() + 10, facts)
        await self.journal.decide(lambda unit: (store.write(unit, write), self.marking.beside(unit, write)))


@asynccontextmanager
async def desk_room(folder: Path, **plans: str) -> AsyncIterator[DeskRoom]:
    """A room on this folder, which may have been used before; `plans` are further ones, as files."""
    centre = folder / "centre"
    if not centre.exists():
        write_centre(centre)
    for name, text in plans.items():
        (centre / "plans" / f"{name}.yaml").write_text(text)
    installation = Installation.open(centre, folder / "v")
    journal = await asyncio.to_thread(open_journal, installation)
    try:
        yield DeskRoom(installation, journal, Clock())
    finally:
        await asyncio.to_thread(journal.close)
