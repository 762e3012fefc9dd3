"""Conditions of a plan: plain comparisons over the facts of an incident, each with its reason.

Every condition that is written must hold; of the values in one list, one is enough. Nothing that is not known holds:
an incident without a grade meets no condition about grades, and is matched again when it has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from config.field import Name, Number
from config.part import Part, repeated
from config.problem import Refused
from dispatch.situation import Situation
from intake.incident.kind import EventClass, Grade

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise Refused("bad_clock", allowed=("a time of day as 08:30, 00:00 to 24:00",))
    return value


Clock = Annotated[str, AfterValidator(_clock)]
"""A time of day in the centre's zone, as `08:30`."""


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


class Window(Part):
    """A part of the day, on some days of the week."""

    start: Clock = Field("00:00", description="from this minute on")
    end: Clock = Field("24:00", description="up to this minute, itself not included; before `start`: of the next day")
    days: tuple[Day, ...] = Field(DAYS, description="days on which it starts")

    def complaints(self) -> Iterator[Refused]:
        """A window that is empty, or a day said twice."""
        if not self.days:
            yield Refused("empty_window", "it starts on no day", path=("days",))
        if _minutes(self.start) % DAY_MIN == _minutes(self.end) and self.start != "24:00":
            yield Refused("empty_window", "it ends as it starts", path=("end",))
        if self.start == "24:00":
            yield Refused("empty_window", "the day is over at 24:00", path=("start",))
        yield from repeated((each, ("days", index)) for index, each in enumerate(self.days))

    def spans(self) -> Iterator[tuple[int, int]]:
        """When it holds: minutes of the week, Monday 00:00 is 0; the end, not included, may lie beyond the week."""
        start, end = _minutes(self.start), _minutes(self.end)
        for day in self.days:
            begun = DAYS.index(day) * DAY_MIN + start
            yield begun, begun + (end - start if end > start else end - start + DAY_MIN)

    def holds(self, minute: int) -> bool:
        """Whether it holds in this minute of the week."""
        return any(begun <= minute < ended or begun <= minute + WEEK_MIN < ended for begun, ended in self.spans())

    def __str__(self) -> str:
        days = "" if self.days == DAYS else f" {','.join(self.days)}"
        return f"{self.start}–{self.end}{days}"


def minute_of_week(at: datetime) -> int:
    """Minutes since Monday 00:00 on the clock that `at` shows."""
    return at.weekday() * DAY_MIN + at.hour * 60 + at.minute


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one condition holds."""

    condition: str
    """Its key."""
    found: str
    """What the incident has."""
    wanted: str
    """What the plan asks for."""

    def __str__(self) -> str:
        return f"{self.condition}: {self.found}" + ("" if self.found == self.wanted else f" ({self.wanted})")


class Condition(Part):
    """Facts that must all hold together."""

    types: tuple[Name, ...] = Field((), description="type ids of the centre's list: one of them")
    classes: tuple[EventClass, ...] = Field((), description="classes of event: the type is of one of them")
    grades: tuple[Grade, ...] = Field((), description="one of these grades; I is the gravest")
    areas: tuple[Name, ...] = Field((), description="area ids: it lies, or may lie, in one of them")
    times: tuple[Window, ...] = Field((), description="it was reported within one of these windows")
    called: tuple[Number, ...] = Field((), description="one of these numbers was dialled")
    flags: tuple[Name, ...] = Field((), description="it has all of these flags")
    any_flags: tuple[Name, ...] = Field((), description="it has at least one of these flags")
    no_flags: tuple[Name, ...] = Field((), description="it has none of these flags")

    def complaints(self) -> Iterator[Refused]:
        """No condition at all, or a value said twice."""
        if not any(getattr(self, name) for name in type(self).model_fields):
            yield Refused("no_condition", "it asks for nothing, so everything would match")
        for name in type(self).model_fields:
            if name != "times":
                yield from repeated((each, (name, index)) for index, each in enumerate(getattr(self, name)))

    def reasons(self, situation: Situation) -> tuple[Reason, ...] | None:
        """Why it holds, one reason a condition in the order of the keys; None if it does not."""
        found = tuple(self._each(situation))
        return None if None in found else tuple(each for each in found if each is not None)

    def _each(self, situation: Situation) -> Iterator[Reason | None]:
        one_of = (
            ("types", self.types, situation.type),
            ("classes", self.classes, situation.event_class),
            ("grades", self.grades, situation.grade),
            ("called", self.called, situation.called),
        )
        for name, wanted, has in one_of:
            if wanted:
                yield Reason(name, str(has), "|".join(wanted)) if has in wanted else None
        for name, asked in (("areas", self.areas), ("any_flags", self.any_flags)):
            if asked:
                yield _shared(name, asked, situation.areas if name == "areas" else situation.flags)
        if self.times:
            minute = minute_of_week(situation.at)
            window = next((each for each in self.times if each.holds(minute)), None)
            yield None if window is None else Reason("times", f"{situation.at:%a %H:%M}", str(window))
        if self.flags:
            yield Reason("flags", *(2 * ["+".join(self.flags)])) if situation.flags.issuperset(self.flags) else None
        if self.no_flags:
            clear = situation.flags.isdisjoint(self.no_flags)
            yield Reason("no_flags", "none", "|".join(self.no_flags)) if clear else None


def _shared(name: str, wanted: tuple[str, ...], has: frozenset[str]) -> Reason | None:
    both = [each for each in wanted if each in has]
    return Reason(name, "|".join(both), "|".join(wanted)) if both else None
