"""What a centre calls what happens: the file `incident_types.yaml`. Everything has a default that one can begin with.

    types:
      - {id: house-fire, name: {zh: 居民住宅火灾, en: House fire}, event_class: accident, grade: IV, forms: [fire]}
    hazards:
      - {id: gas, name: {zh: 可燃气体, en: Flammable gas}}
    flags:
      - {id: children, name: {zh: 涉及儿童, en: Children involved}}

The classes are those of GB/T 35561-2017; the types are the centre's own list, and `code` is the place for the
standard's code where the centre uses it. A type that is no longer used stays in the list with `retired: true`: the
incidents that have it keep it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from config.field import Name, Wording
from config.part import Part, repeated
from config.problem import Refused, nearest
from intake.incident.kind import EventClass, Grade

_ANY = (
    ("natural-disaster", "自然灾害", "Natural disaster", EventClass.NATURAL_DISASTER),
    ("accident", "事故灾难", "Accident", EventClass.ACCIDENT),
    ("public-health", "公共卫生事件", "Public health event", EventClass.PUBLIC_HEALTH),
    ("social-security", "社会安全事件", "Social security event", EventClass.SOCIAL_SECURITY),
    ("everyday", "其他求助", "Other request", EventClass.EVERYDAY),
)


def _code(value: str) -> str:
    if not (value.isascii() and value.isalnum() and len(value) <= 12) and value:
        raise Refused("bad_code", allowed=("up to 12 letters and digits, as the standard writes them",))
    return value


class IncidentType(Part):
    """One kind of incident."""

    id: Name = Field(description="what plans, the API and the journal call it")
    name: Wording = Field(description="what people call it")
    event_class: EventClass = Field(description="its class in GB/T 35561-2017, or `everyday` for what is no emergency")
    code: Annotated[str, AfterValidator(_code)] = Field(
        "", description="its code in the standard or in a list of the region, taken from there by the centre"
    )
    grade: Grade = Field(Grade.IV, description="the grade that is proposed")
    forms: tuple[Name, ...] = Field((), description="service ids whose form offers it; empty: every form")
    retired: bool = Field(False, description="known still, but not to be chosen any more")


class Marking(Part):
    """A hazard or a flag."""

    id: Name = Field(description="what plans, the API and the journal call it")
    name: Wording = Field(description="what people call it")


_GENERAL = tuple(IncidentType(id=id, name=Wording(zh=zh, en=en), event_class=of) for id, zh, en, of in _ANY)


class IncidentTypes(Part):
    """`incident_types.yaml`: the centre's own lists for the incident record."""

    types: tuple[IncidentType, ...] = Field((), description="kinds of incident; without a list, one for each class")
    hazards: tuple[Marking, ...] = Field((), description="dangers for those who are sent")
    flags: tuple[Marking, ...] = Field((), description="what plans may ask for besides type and grade")

    def complaints(self) -> Iterator[Refused]:
        """An id used twice in one list."""
        yield from repeated((each.id, ("types", index, "id")) for index, each in enumerate(self.types))
        yield from repeated((each.id, ("hazards", index, "id")) for index, each in enumerate(self.hazards))
        yield from repeated((each.id, ("flags", index, "id")) for index, each in enumerate(self.flags))

    def unknown_forms(self, services: Collection[str]) -> Iterator[Refused]:
        """A complaint for each form that is no service of the centre; whoever composes the parts asks for it."""
        for index, each in enumerate(self.types):
            for place, form in enumerate(each.forms):
                if form not in services:
                    path = ("types", index, "forms", place)
                    yield Refused("no_such_service", allowed=services, nearest=nearest(form, services), path=path)

    @property
    def all(self) -> tuple[IncidentType, ...]:
        """The centre's kinds of incident, or one for each class where it has no list."""
        return self.types or _GENERAL

    def type(self, id: str) -> IncidentType | None:
        """The kind of incident of this id."""
        return next((each for each in self.all if each.id == id), None)
