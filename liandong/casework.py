"""The parts of the engine that deal with callers, incidents and orders, wired for one centre.

casework = Casework(installation, journal, places, exchange, seats)
casework.hear(news)               # every news of Asterisk, before anything else is done about it
casework.committed(facts)              # what was committed
await casework.run()              # until cancelled
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

from config.settings import Settings
from console.state import Figure
from dispatch.department import Departments
from dispatch.order import Order
from dispatch.plan import Plan
from dispatch.wish import Wish
from gis.locate import Locator
from gis.settings import GisSettings
from intake.edge.beside import Beside
from intake.edge.desk import NotGranted
from intake.edge.finding import Finding
from intake.history import Follower
from intake.incident import Book, Catalogue, IncidentTypes
from intake.number import NumberForm
from journal import Fact, Journal
from liandong.incidents import IncidentDesk
from liandong.installation import Installation
from liandong.marking import Marking
from liandong.ordering import Ordering
from liandong.phone_asked import PhoneAsked
from liandong.spots import areas_at
from telephony.manager.exchange import Exchange, News
from telephony.settings import TelephonySettings


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
        self.marking = Marking(book)
        self.notifier = _Unwired()
        self.beside = Beside(
            Finding(places, journal.reader, form),
            journal,
            exchange,
            seats,
            reports=installation.telephony.report_numbers,
        )
        self.incidents = IncidentDesk(journal, book, lists, ordering(installation, places), self.notifier)
        self.phone = PhoneAsked(journal.reader, form, self.notifier)
        self._follower = Follower(journal, form)

    async def run(self) -> None:
        """Keep everything up to date, until cancelled; raises Bug."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.incidents.run())
                group.create_task(self._follower.run())
        finally:
            self.beside.close()

    def hear(self, news: News) -> None:
        """Every news of Asterisk, in order; returns at once."""
        self.beside.hear(news)

    def committed(self, facts: Iterable[Fact]) -> None:
        """What was committed."""
        facts = tuple(facts)
        self.incidents.committed(facts)
        self.beside.committed(facts)

    def figures(self) -> Mapping[str, Figure]:
        """For the engine's status."""
        return {"incidents_open": self.incidents.open, "lookups_late": self.beside.late}


class _Unwired:
    """Until the notifier is there."""

    ready = False

    def issued(self, orders: tuple[Order, ...]) -> None:
        pass

    async def wish(self, wish: Wish) -> None:
        raise NotGranted("not_ready", "departments cannot be reached yet")


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


def ordering(installation: Installation, locator: Locator) -> Ordering:
    """The plans and departments."""
    centre = installation.centre
    return Ordering(
        centre.parts(Plan).values(),
        centre.part(Departments),
        centre.part(IncidentTypes),
        centre.part(Settings).zone,
        lambda spot: areas_at(locator.jurisdictions, spot),
    )
