"""The engine: chooses the seat, knows every call, writes everything down; the only writer of the database.

It is a child of the supervisor (`liandong.child`). When it ends, however it ends, the dialplan goes on without it; the
next one looks at what Asterisk has and goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import dispatch.migration
import intake.migration
from config.ports import Ports, PortSettings
from console.hub import Hub
from console.state import FactState, Figure, Hello
from dispatch.writing import PROMISES
from dispatch.writing import TYPES as DISPATCH_FACTS
from gis.fact import TYPES as GIS_FACTS
from gis.locate import Locator
from intake.distributor import Distributor
from intake.edge.desk import Desk
from intake.edge.door import Door
from intake.edge.reception import Reception
from intake.edge.writing import TYPES as INTAKE_FACTS
from intake.incident import TYPES as INCIDENT_FACTS
from intake.people import People
from intake.settings import IntakeSettings
from journal import Fact, Journal, Registry, last_sequence
from journal.instant import utc_now
from liandong.asked import Asked
from liandong.audited import TYPES as AUDIT_FACTS
from liandong.beat import EVERY_S, Beat
from liandong.casework import Casework, locator
from liandong.incidents import TYPES as DESK_FACTS
from liandong.installation import Installation
from liandong.lock import Role
from liandong.showing import call_state, live, order_tell, seat_state, tell
from recordings.fact import TYPES as RECORDING_FACTS
from telephony.agi.answer import Answer
from telephony.agi.question import Question
from telephony.agi.server import AgiServer
from telephony.manager.link import ManagerLink
from telephony.manager.outcome import Answered

VERSIONS = (intake.migration.VERSIONS, dispatch.migration.VERSIONS)
"""The migrations of the rooms above the journal."""
TYPES = INTAKE_FACTS | INCIDENT_FACTS | DISPATCH_FACTS | RECORDING_FACTS | DESK_FACTS | AUDIT_FACTS | GIS_FACTS
SLOW_S = 15.0  # a journal opens in a tenth of a second; the supervisor waits 30 s for the first beat
DEAD = 0
"""A heartbeat that is old for ever: an engine that ends on purpose costs no caller half a second."""

log = logging.getLogger("engine")


async def run(installation: Installation, ended: asyncio.Event) -> None:
    """Live until `ended`. Raises what must end the process at once."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every plug-in that it loads
    async with _beating_if_slow(installation):
        journal = await asyncio.to_thread(open_journal, installation)
    try:
        places = await asyncio.to_thread(locator, installation)
        await Engine(installation, journal, places).run(ended)
    finally:
        await asyncio.to_thread(journal.close)


@asynccontextmanager
async def _beating_if_slow(installation: Installation) -> AsyncIterator[None]:
    """A database that is brought up to date may take minutes: an engine that is killed for that begins them again."""

    async def go_on() -> None:
        await asyncio.sleep(SLOW_S)
        beat = Beat.of(installation.state.run, Role.ENGINE)
        try:
            await beat.go_on()
        finally:
            beat.close()

    beating = asyncio.create_task(go_on())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


def open_journal(installation: Installation) -> Journal:
    """The journal with the tables, facts and promises of every room. Raises what `Journal.open` raises."""
    return Journal.open(installation.journal_places, Registry(TYPES, PROMISES), versions=VERSIONS)


class Engine:
    """One life of it."""

    def __init__(self, installation: Installation, journal: Journal, places: Locator) -> None:
        centre, telephony = installation.centre, installation.telephony
        settings, people = centre.part(IntakeSettings), centre.part(People).people
        self._installation = installation
        self._journal = journal
        self._bind = centre.part(PortSettings).bind
        self._ports = Ports.read(installation.state.run)
        self._numbers = {seat.id: seat.number for seat in telephony.seats}
        self._link = ManagerLink(self._bind, self._ports.ami, "liandong", installation.secrets.get_or_make("ami"))
        self._desk = Desk(
            self._link,
            Distributor(settings, self._numbers, people),
            journal,
            services={service.number: service.id for service in telephony.services},
            people=people,
            reports=telephony.report_numbers,
        )
        door = Door(people, installation.pin)
        self._reception = Reception(
            self._desk, door, journal, _Clocks(), seats=self._numbers, reasons=settings.pause_reasons
        )
        self._casework = work = Casework(installation, journal, places, self._link, self._numbers)
        self._agi = AgiServer(self._answer, self._desk.unheard, wish=self._reception.by_phone, ask=work.phone.answer)
        asked = Asked(
            journal,
            self._reception,
            work.incidents,
            work.notifier,
            work.beside,
            places,
            self._desk.seats,
            lambda: self._status(),
        )
        self._hub = Hub(self._hello, asked.handle)
        self._sequence = 0
        self._in_charge = False
        """Whether the dialplan has our last sign of life."""
        self._beat = Beat.of(installation.state.run, Role.ENGINE)
        self._desk.shows = lambda change: self._hub.live(live(change, self._numbers))
        self._desk.tells = lambda wanted: self._hub.tell(tell(wanted))
        self._desk.hears = work.hear
        self._desk.about = work.beside.about
        work.beside.changed = self._desk.changed
        work.notifier.tells = lambda wanted: self._hub.tell(order_tell(wanted))

    async def run(self, ended: asyncio.Event) -> None:
        """Live until `ended`."""
        loop = asyncio.get_running_loop()

        def hear(facts: tuple[Fact, ...]) -> None:
            loop.call_soon_threadsafe(self._told, facts)

        take_off = self._journal.listen(hear)
        self._sequence = max(self._sequence, await asyncio.to_thread(last_sequence, self._journal.reader))
        try:
            await self._agi.start(self._bind, self._ports.agi)
            await self._hub.start(self._installation.engine_socket)
            async with asyncio.TaskGroup() as group:
                parts = (self._desk, self._link, self._casework)
                for part in (*(each.run() for each in parts), self._beat.measure(), self._live()):
                    group.create_task(part)
                await ended.wait()
                log.info("ending")
                await self._link.heartbeat(DEAD)
                raise _Ended
        except* _Ended:
            pass
        finally:
            take_off()
            await self._agi.stop()
            await self._hub.stop()
            self._beat.close()

    async def _answer(self, question: Question) -> Answer:
        answer = await self._desk.answer(question)
        if self._desk.knows(question.call):  # the news of its end may have overtaken the question
            self._casework.beside.asked(question.call, question.number)
        return answer

    async def _live(self) -> None:
        """Say that we live, to the supervisor and to the dialplan: only what can decide may say so."""
        while True:
            self._desk.pulse()
            self._beat.write()
            if self._desk.ready:
                self._in_charge = isinstance(await self._link.heartbeat(int(time.time())), Answered)
                await asyncio.sleep(EVERY_S)
                continue
            self._in_charge = False
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):  # wait_for may swallow the cancellation that ends us
                    await self._desk.seeing.wait()

    # Those who listen.

    def _told(self, facts: tuple[Fact, ...]) -> None:
        self._sequence = max(self._sequence, facts[-1].sequence)
        self._hub.facts([FactState.of(fact) for fact in facts])
        self._casework.committed(facts)

    def _hello(self) -> Hello:
        self._desk.show()  # who comes now is told from here on what is gone
        return Hello(
            sequence=self._sequence,
            calls=tuple(call_state(call) for call in self._desk.calls()),
            seats=tuple(seat_state(seat, self._numbers) for seat in self._desk.seats()),
            status=self._status(),
        )

    def _status(self) -> dict[str, Figure]:
        """How everything fares, for `/readyz` and `/metrics`."""
        desk, link, journal = self._desk, self._link, self._journal.status()
        stages = Counter(call.view.stage.value for call in desk.calls())
        seats = desk.seats()
        lines = Counter(seat.view.line.value for seat in seats)
        return {
            "ready": desk.ready and self._in_charge,
            "link_up": link.up,
            "link_broken": None if link.broken is None else link.broken.value,
            "link_damages": link.damages,
            "snapshots": link.snapshots,
            "steps": desk.steps,
            "acts_failed": desk.acts_failed,
            "facts_unwritten": desk.unwritten,
            "sequence": self._sequence,
            "journal_waiting": journal.waiting,
            "journal_trouble": journal.trouble or journal.heads_trouble,
            "spool_bytes": journal.witness.spool_bytes,
            "spool_trouble": journal.witness.spool_trouble or journal.witness.database_trouble,
            "facts_lost": journal.witness.lost,
            "listeners": self._hub.clients,
            **self._casework.figures(),
            "seats_free": sum(seat.view.free for seat in seats),
            "seats_signed_in": sum(seat.view.person is not None for seat in seats),
            **{f"calls_{stage}": count for stage, count in stages.items()},
            **{f"lines_{line}": count for line, count in lines.items()},
            **{f"questions_{end.value}": count for end, count in self._agi.ends.items()},
        }


class _Ended(Exception):
    pass


class _Clocks:
    def steady(self) -> float:
        return asyncio.get_running_loop().time()

    def moment(self) -> datetime:
        return utc_now()
