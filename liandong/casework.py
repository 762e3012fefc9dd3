"""The parts of the engine that deal with incidents and orders, wired for one centre."""

from __future__ import annotations

from config.settings import Settings
from dispatch.department import Departments
from dispatch.plan import Plan
from gis.locate import Locator
from gis.settings import GisSettings
from intake.incident import Book, Catalogue, IncidentTypes
from intake.number import NumberForm
from liandong.installation import Installation
from liandong.ordering import Ordering
from liandong.spots import areas_at
from telephony.settings import TelephonySettings


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


def book(installation: Installation) -> Book:
    """The book of incidents."""
    zone = installation.centre.part(Settings).zone
    return Book(catalogue(installation), zone, number_form(installation))


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
