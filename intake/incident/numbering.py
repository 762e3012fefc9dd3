"""The number by day, as people say it on the telephone: `20261125-0001`.

The day is that of the centre's zone. Numbers are given in the transaction that makes the record, from one counter a day
that only grows: they have no gaps, and a clock that steps back over midnight goes on where that day had stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from intake.tables import incident_days

_FORM = re.compile(r"([0-9]{8})-([0-9]{4,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayNumber:
    """One number."""

    day: str
    """Eight digits, year first."""
    serial: int
    """From 1 on each day."""

    def __str__(self) -> str:
        return f"{self.day}-{self.serial:04}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The number that a text says; None if it says none."""
        found = _FORM.fullmatch(text)
        number = cls(found[1], int(found[2])) if found else None
        return number if str(number) == text else None


def day_of(moment: datetime, zone: ZoneInfo) -> str:
    """The day on which a moment falls in a zone, as eight digits."""
    local = moment.astimezone(zone)
    return f"{local.year:04}{local.month:02}{local.day:02}"


def next_number(connection: Connection, day: str) -> DayNumber:
    """The number that a record of this day would get now; `take` keeps it."""
    last = connection.scalar(select(incident_days.c.last).where(incident_days.c.day == day).with_for_update())
    return DayNumber(day, (last or 0) + 1)


def take(connection: Connection, number: DayNumber) -> None:
    """The number is given; the next one of its day is one higher."""
    counted = update(incident_days).where(incident_days.c.day == number.day).values(last=number.serial)
    if not connection.execute(counted).rowcount:
        connection.execute(incident_days.insert().values(day=number.day, last=number.serial))
