"""The parts of the engine that deal with callers, incidents and orders, wired for one centre.

casework = Casework(installation, journal, places, exchange, seats)
casework.hear(news)               # every news of Asterisk, before anything else is done about it
casework.committed(facts)              # what was committed
await casework.run()              # until cancelled
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from config.settings import Settings
from console.state import Figure
from dispatch.department import Departments
from dispatch.edge import Noted, Notifier
from dispatch.escalation import Escalation
from dispatch.plan import Plan
from gis.locate import Locator
from gis.settings import GisSettings
from intake.edge.beside import Beside
from intake.edge.finding import Finding
from intake.history import Follower
from intake.incident import Book, Catalogue, Incident, IncidentTypes
from intake.number import NumberForm
from journal import Fact, Journal
from journal.instant import utc_now
from liandong.incidents import IncidentDesk
from liandong.installation import Installation
from liandong.marking import Marking
from liandong.ordering import Areas, Ordering
from liandong.phone_asked import PhoneAsked
from liandong.spots import areas_at
from telephony.manager.exchange import Exchange, News
from telephony.prompt.order import Speaker
from telephony.settings import TelephonySettings

log = logging.getLogger("engine")

SPOKEN_FOR = timedelta(days=1)
FORGET_EVERY_S = 3600.0
WARM_AFTER_S = 3.0  # an engine that has just come has calls to take over first; an order that comes sooner waits 0.3 s


class Casework:
    """One engine's."""

    def __init__(
        self,
        installation: Installation,
        journal: Journal,
        places: Locator,
        exchange: Exchange,
        seats: Collection[str],
    ) -> None:
        form = number_form(installation)
        lists = catalogue(installation)
        book = Book(lists, installation.centre.part(Settings).zone, form)
        self._speaker = Speaker(installation.spoken)
        telephony = installation.telephony
        self.notifier = Notifier(
            exchange,
            journal,
            Escalation(installation.centre.part(Departments).calling),
            self._speaker,
            Noted(installation.channel_events),
            way_out=next((trunk.id for trunk in telephony.trunks if trunk.contact is not None), ""),
            # Who calls back reports by his order's code, or is answered by a person.
            caller_number=telephony.feedback_number or "",
            beside=Marking(book).beside,
        )
        self.beside = Beside(
            Finding(places, journal.reader, form),
            journal,
            exchange,
            seats,
            reports=installation.telephony.report_numbers,
        )
        orders = ordering(installation, lambda incident: _areas(places, self.beside, incident))
        self.incidents = IncidentDesk(journal, book, lists, orders, self.notifier)
        self.phone = PhoneAsked(journal.reader, form, self.notifier)
        self._follower = Follower(journal, form)

    async def run(self) -> None:
        """Keep everything up to date, until cancelled; raises Bug."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in (self.notifier, self.incidents, self._follower):
                    group.create_task(part.run())
                group.create_task(self._forget())
                group.create_task(self._warm())
        finally:
            self.beside.close()
            await self._speaker.close()

    def hear(self, news: News) -> None:
        """Every news of Asterisk, in order; returns at once."""
        self.notifier.hear(news)
        self.beside.hear(news)

    def committed(self, facts: Iterable[Fact]) -> None:
        """What was committed."""
        facts = tuple(facts)
        self.incidents.committed(facts)
        self.beside.committed(facts)

    def figures(self) -> Mapping[str, Figure]:
        """For the engine's status."""
        own = {"incidents_open": self.incidents.open, "lookups_late": self.beside.late}
        return {**own, **self.notifier.figures()}

    async def _warm(self) -> None:
        await asyncio.sleep(WARM_AFTER_S)
        await self._speaker.warm()

    async def _forget(self) -> None:
        """What was spoken for orders tells of people: it is needed for as long as they ring."""
        while True:
            try:
                await self._speaker.forget(utc_now() - SPOKEN_FOR)
            except OSError as error:
                log.error("what was spoken for old orders is still there: %s", error)
            await asyncio.sleep(FORGET_EVERY_S)


def number_form(installation: Installation) -> NumberForm:
    """How numbers fold to what they are found by; the area code is that of `gis.yaml`, where it has no 0."""
    area = installation.centre.part(GisSettings).numbers.area
    return NumberForm(f"0{area}" if area else "")


def locator(installation: Installation) -> Locator:
    """What finds callers. Raises ConfigErrors for areas that are wrong; reads files, so not in an event loop."""
    return Locator.open(installation.centre.folder, installation.centre.part(GisSettings), installation.subscribers)


def catalogue(installation: Installation) -> Catalogue:
    """The lists of the incident record."""
    services = [service.id for service in installation.centre.part(TelephonySettings).services]
    return Catalogue(installation.centre.part(IncidentTypes), services)


def ordering(installation: Installation, areas: Areas) -> Ordering:
    """The plans and departments."""
    centre = installation.centre
    return Ordering(
        centre.parts(Plan).values(),
        centre.part(Departments),
        centre.part(IncidentTypes),
        centre.part(Settings).zone,
        areas,
    )


def _areas(places: Locator, beside: Beside, incident: Incident) -> frozenset[str]:
    """Where its spot lies; as long as it has none, where those who call about it are or were.

    Asked in the writer's thread, or another one that may wait: of who has hung up the journal is asked.
    """
    if incident.content.spot is not None:
        return areas_at(places.jurisdictions, incident.content.spot)
    return frozenset[str]().union(*(beside.areas(each.call) for each in incident.calls))
