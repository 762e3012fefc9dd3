"""A dry run: which plans given incidents would start and who would be ordered what, without ringing anybody.

An incident is given as a file:

    name: Night fire with people trapped
    type: house-fire
    grade: III
    areas: [jiangbei]
    at: "2026-11-25 23:15"
    called: 119
    flags: [trapped]
    expect: [house-fire]

`expect` says which plans are to start, in order; one that is not met is a problem with file and line. Without it the
run only shows what would happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from config.field import Line, Name, Number
from config.part import Part
from config.problem import Refused, nearest
from dispatch.department import Departments
from dispatch.drafting import OrderDraft, drafts
from dispatch.matching import Match, Replaced, weighed
from dispatch.plan import Plan
from dispatch.situation import Situation
from dispatch.wording import IncidentWords
from intake.incident.kind import Grade
from intake.incident.settings import IncidentTypes


def _moment(value: str) -> str:
    try:
        if datetime.fromisoformat(value).tzinfo is None:
            return value
    except ValueError:
        pass
    raise Refused("bad_moment", allowed=("a date and time of the centre's zone as 2026-11-25 23:15",))


class GivenIncident(Part):
    """An incident to try plans on."""

    name: Line = Field(description="what this case is about")
    type: Name | None = Field(None, description="type id")
    grade: Grade | None = Field(None, description="I to IV")
    areas: tuple[Name, ...] = Field((), description="area ids")
    at: Annotated[str, AfterValidator(_moment)] = Field(description="when it is reported, in the centre's zone")
    called: Number | None = Field(None, description="the number that is dialled")
    flags: tuple[Name, ...] = Field((), description="its flags")
    place: str = Field("", description="where, in words, for the orders' texts")
    summary: str = Field("", description="what happened, in words, for the orders' texts")
    expect: tuple[Name, ...] | None = Field(None, description="the plans that have to start, in order")

    def situation(self, types: IncidentTypes, zone: ZoneInfo) -> Situation:
        """What plans see of it."""
        kind = types.type(self.type or "")
        return Situation(
            type=self.type or "",
            event_class=kind.event_class if kind is not None else None,
            grade=self.grade,
            areas=frozenset(self.areas),
            at=datetime.fromisoformat(self.at).replace(tzinfo=zone),
            called=self.called or "",
            flags=frozenset(self.flags),
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one given incident."""

    given: GivenIncident
    starts: tuple[Match, ...]
    """The plans that would start, in order."""
    replaced: tuple[Replaced, ...]
    """Those for which another one stands in."""
    orders: tuple[OrderDraft, ...]
    """Who would be ordered what."""

    def complaints(self, plans: Iterable[str]) -> Iterator[Refused]:
        """What was expected and is not so, with its path in the incident's file."""
        found = tuple(each.plan.id for each in self.starts)
        wanted = self.given.expect
        if wanted is None or wanted == found:
            return
        plans = tuple(plans)
        for index, name in enumerate(wanted):
            if name not in plans:
                close = nearest(name, plans)
                yield Refused("no_such_plan", allowed=plans, nearest=close, path=("expect", index))
        yield Refused("unexpected_plans", f"these plans start: {', '.join(found) or 'none'}", path=("expect",))

    def lines(self) -> Iterator[str]:
        """What would happen, for people to read."""
        yield f"{self.given.name}:"
        for match in self.starts:
            yield f"  plan {match.plan.id} version {match.plan.version}: {match.because()}"
        for replaced in self.replaced:
            yield f"  not {replaced.plan.id}: {replaced.by} stands in for it"
        if not self.starts:
            yield "  no plan starts"
        for order in self.orders:
            lines = ", ".join(line.key for line in order.ladder.lines) or "nobody"
            yield f"  → {order.department} within {order.deadline_s} s, {order.ladder.ring} {lines}: {order.text}"


def dry_run(
    plans: Iterable[Plan],
    departments: Departments,
    given: GivenIncident,
    types: IncidentTypes,
    zone: ZoneInfo,
) -> Tried:
    """Try all plans on one given incident."""
    starts, replaced = weighed(plans, given.situation(types, zone))
    at = datetime.fromisoformat(given.at)
    kind = types.type(given.type or "")
    words = IncidentWords(
        number=f"{at:%Y%m%d}-0000",
        type=kind.name if kind is not None else None,
        grade=given.grade,
        place=given.place,
        summary=given.summary,
        time=f"{at:%H:%M}",
    )
    return Tried(given, starts, replaced, drafts(starts, departments, words))
