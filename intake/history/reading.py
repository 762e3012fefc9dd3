"""The history of a number, for the call-taker's screen: one short read, while or before the telephone rings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from intake.history.nuisance import Nuisance, weigh
from intake.history.past import PastCall, PastIncident
from intake.incident import rows
from intake.incident.incident import Incident
from intake.tables import caller_calls, incident_calls, incident_numbers, incidents
from journal.instant import from_text

MOST_CALLS = 100
"""The newest calls that are looked at: nobody reads more, and every rule has given all its points long before."""
MOST_INCIDENTS = 50
MOST_COUNTED = 1_000
"""Calls that are counted at most: beyond this nobody asks how many more."""


@dataclass(frozen=True, slots=True)
class NumberHistory:
    """What is known of a number."""

    key: str
    """The number as it is found by; empty: withheld, and nothing is known."""
    calls: tuple[PastCall, ...]
    """Its newest calls, newest first, the present one left out."""
    count: int
    """How many there were in all, up to `MOST_COUNTED`."""
    incidents: tuple[Incident, ...]
    """Its newest incidents, newest first."""
    nuisance: Nuisance
    """Shown, never acted on."""

    @property
    def open(self) -> tuple[Incident, ...]:
        """Those of its incidents that are not over: this call may be about one of them."""
        return tuple(each for each in self.incidents if each.open)


def number_history(engine: Engine, key: str, now: datetime, *, but: str | None = None) -> NumberHistory:
    """The history of a number by its `NumberForm.key`; `but` is the call that is ringing now."""
    if not key:
        return NumberHistory("", (), 0, (), Nuisance(0, ()))
    with engine.connect() as connection:
        called = _calls(connection, key, but)
        count = _count(connection, key, but) if len(called) == MOST_CALLS else len(called)
        had = _incidents(connection, key)
    past = [PastIncident.of(each) for each in had]
    return NumberHistory(key, called, count, had, weigh(called, past, now))


def _calls(connection: Connection, key: str, but: str | None) -> tuple[PastCall, ...]:
    query = select(caller_calls).where(caller_calls.c.key == key, caller_calls.c.arrived_at.is_not(None))
    query = query.where(caller_calls.c.call != (but or ""))
    found = connection.execute(query.order_by(caller_calls.c.arrived_at.desc()).limit(MOST_CALLS)).all()
    about = _about(connection, [row.call for row in found])
    return tuple(_past(row, tuple(about[row.call])) for row in found)


def _about(connection: Connection, calls: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    if calls:
        query = select(incident_calls.c.call, incident_calls.c.incident).where(incident_calls.c.call.in_(calls))
        for row in connection.execute(query.order_by(incident_calls.c.at)):
            found[row.call].append(row.incident)
    return found


def _count(connection: Connection, key: str, but: str | None) -> int:
    # Only what stands in the index is asked for: a number with very many calls must not cost as many rows.
    some = select(caller_calls.c.arrived_at).where(caller_calls.c.key == key, caller_calls.c.arrived_at.is_not(None))
    count = connection.scalars(select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())).one()
    present = select(caller_calls.c.call).where(caller_calls.c.call == (but or ""), caller_calls.c.key == key)
    return count if connection.scalar(present) is None else count - 1


def _incidents(connection: Connection, key: str) -> tuple[Incident, ...]:
    query = (
        select(incidents)
        .join(incident_numbers, incident_numbers.c.incident == incidents.c.id)
        .where(incident_numbers.c.key == key)
    )
    query = query.order_by(incidents.c.day.desc(), incidents.c.serial.desc()).limit(MOST_INCIDENTS)
    return rows.records(connection, query)


def _past(row: Row[Any], about: tuple[str, ...]) -> PastCall:
    told = row._mapping
    return PastCall(
        call=told["call"],
        called=told["called"],
        caller=told["caller"],
        arrived_at=from_text(told["arrived_at"]),
        answered_at=told["answered_at"] and from_text(told["answered_at"]),
        ended_at=told["ended_at"] and from_text(told["ended_at"]),
        seat=told["seat"],
        person=told["person"],
        incidents=about,
    )
