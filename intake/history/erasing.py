"""Deletes what is known of callers: from the facts about their calls and from the rows that were made of them.

Incidents are erased by their own deed (`incident.deed.Erase`): how long they are kept is another question than how
long calls are. So a call that an incident is about keeps its number as long as the incident says something of persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, Select, exists, false, select, update

from intake.tables import caller_calls, incident_calls, incidents
from journal import Fact, Unit
from journal.instant import to_text
from journal.tables import personal, subjects
from journal.unit import MOST_ERASED

PAGE = 500
"""Calls in one work: some 50 ms."""


def calls_to_erase(engine: Engine, before: datetime, most: int = PAGE) -> tuple[str, ...]:
    """Calls that arrived before a moment and whose number is still known, the oldest first."""
    query = _free().where(caller_calls.c.arrived_at < to_text(before)).order_by(caller_calls.c.arrived_at)
    with engine.connect() as connection:
        return tuple(connection.scalars(query.limit(most)))


def calls_of(engine: Engine, key: str, most: int = PAGE) -> tuple[str, ...]:
    """Calls of one number, for somebody who wants to be forgotten."""
    query = _free().where(caller_calls.c.key == key).order_by(caller_calls.c.arrived_at)
    with engine.connect() as connection:
        return tuple(connection.scalars(query.limit(most))) if key else ()


def erase_calls(unit: Unit, calls: Sequence[str], reason: str, now: datetime) -> tuple[Fact, ...]:
    """Delete the personal data of everything that was written down about these calls, at most `PAGE` of them.

    Facts about an incident stay. Returns what was written down about it; nothing if there was nothing to delete.
    """
    connection = unit.connection
    ids = list(calls)[:PAGE]
    also = subjects.alias()
    of_incident = select(also.c.sequence).where(also.c.sequence == personal.c.sequence, also.c.kind == "incident")
    query = (
        select(personal.c.sequence)
        .join(subjects, subjects.c.sequence == personal.c.sequence)
        .where(subjects.c.kind == "call", subjects.c.id.in_(ids), ~exists(of_incident))
    )
    sequences = sorted(set(connection.scalars(query)))
    connection.execute(update(caller_calls).where(caller_calls.c.call.in_(ids)).values(key="", caller=""))
    pages = range(0, len(sequences), MOST_ERASED)
    return tuple(unit.erase(sequences[start : start + MOST_ERASED], reason, now) for start in pages)


def _free() -> Select[tuple[str]]:
    """Calls with a number that no incident needs any more."""
    held = (
        select(incident_calls.c.call)
        .join(incidents, incidents.c.id == incident_calls.c.incident)
        .where(incident_calls.c.call == caller_calls.c.call, incidents.c.erased == false())
    )
    return select(caller_calls.c.call).where(caller_calls.c.caller != "", ~exists(held))
