"""Reads incidents: each call is one short transaction on a read engine. Nothing here waits for the writer.

Lists come page by page: `after` is the last number that was read, and a page that is shorter than `most` is the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Select, and_, false, or_, select, true, tuple_

from intake.incident import rows
from intake.incident.incident import Incident
from intake.incident.numbering import DayNumber
from intake.incident.spot import Box
from intake.incident.state import OVER, IncidentState
from intake.tables import incident_calls, incident_numbers, incidents
from journal.instant import to_text

PAGE = 200
"""Incidents in one read: some 10 ms."""

_ORDER = (incidents.c.day, incidents.c.serial)
_OPEN = incidents.c.open == true()
_DRAFT = and_(incidents.c.state == IncidentState.DRAFT.value, incidents.c.merged_into.is_(None))


class Which(StrEnum):
    """Which incidents somebody looks for."""

    OPEN = "open"
    """The centre's affair, not over, and not going on in another one."""
    DRAFT = "draft"
    """Being filled in, or left so."""
    OVER = "over"
    """Closed or cancelled."""


def incident(engine: Engine, id: str) -> Incident | None:
    """One incident by its id, or by its number as people say it."""
    number = DayNumber.read(id)
    query = select(incidents).where(incidents.c.number == id if number else incidents.c.id == id)
    return next(iter(_read(engine, query)), None)


def of_day(engine: Engine, day: str, *, after: str | None = None, most: int = PAGE) -> tuple[Incident, ...]:
    """The incidents of a day (eight digits, in the centre's zone), by their incident_numbers."""
    return _page(engine, select(incidents).where(incidents.c.day == day), after, most)


def open_incidents(engine: Engine, *, after: str | None = None, most: int = PAGE) -> tuple[Incident, ...]:
    """What is the centre's affair, not over, and not going on in another one; oldest first."""
    return _page(engine, select(incidents).where(_OPEN), after, most)


def drafts(engine: Engine, *, after: str | None = None, most: int = PAGE) -> tuple[Incident, ...]:
    """What is being filled in, or was left so; oldest first."""
    return _page(engine, select(incidents).where(_DRAFT), after, most)


def of_call(engine: Engine, call: str) -> tuple[Incident, ...]:
    """The incidents that a call is about, in the order of their numbers; several if it reported several events."""
    about = select(incident_calls.c.incident).where(incident_calls.c.call == call)
    return _read(engine, select(incidents).where(incidents.c.id.in_(about)).order_by(*_ORDER))


def of_number(engine: Engine, key: str, *, open_only: bool = False, most: int = PAGE) -> tuple[Incident, ...]:
    """The incidents that have this call-back number, or a call from it; newest first.

    `key` is `history.NumberForm.key(number)`; none are found for an empty one.
    """
    if not key:
        return ()
    found = (
        select(incidents)
        .join(incident_numbers, incident_numbers.c.incident == incidents.c.id)
        .where(incident_numbers.c.key == key)
    )
    if open_only:
        found = found.where(_OPEN)
    return _read(engine, found.order_by(incidents.c.day.desc(), incidents.c.serial.desc()).limit(most))


def find(
    engine: Engine,
    *,
    which: Which | None = None,
    day: str | None = None,
    key: str | None = None,
    before: str | None = None,
    most: int = PAGE,
) -> tuple[Incident, ...]:
    """The incidents of which all that is named is so, newest first; page by page with `before`, a number by day.

    `key` is `history.NumberForm.key` of a telephone number: that under which somebody can be called back, or that of a
    call. None are found for an empty one.
    """
    query = select(incidents)
    match which:
        case Which.OPEN:
            query = query.where(_OPEN)
        case Which.DRAFT:
            query = query.where(_DRAFT)
        case Which.OVER:
            query = query.where(incidents.c.state.in_([each.value for each in OVER]))
    if day is not None:
        query = query.where(incidents.c.day == day)
    if key is not None:
        if not key:
            return ()
        having = select(incident_numbers.c.incident).where(incident_numbers.c.key == key)
        query = query.where(incidents.c.id.in_(having))
    number = DayNumber.read(before) if before else None
    if number:
        query = query.where(tuple_(*_ORDER) < tuple_(number.day, number.serial))
    return _read(engine, query.order_by(incidents.c.day.desc(), incidents.c.serial.desc()).limit(most))


def near(
    engine: Engine, box: Box, *, open_only: bool = True, since: datetime | None = None, most: int = PAGE
) -> tuple[Incident, ...]:
    """The incidents in a box, newest first; `since` is when they were begun at the earliest."""
    lon = incidents.c.lon
    wide = lon.between(box.west, box.east) if box.west <= box.east else or_(lon >= box.west, lon <= box.east)
    found = select(incidents).where(incidents.c.lat.between(box.south, box.north), wide)
    if open_only:
        found = found.where(_OPEN)
    if since is not None:
        found = found.where(incidents.c.created_at >= to_text(since))
    return _read(engine, found.order_by(incidents.c.day.desc(), incidents.c.serial.desc()).limit(most))


def merged_into(engine: Engine, id: str) -> tuple[Incident, ...]:
    """The incidents that go on in this one, those that go on in them included, by their incident_numbers."""
    with engine.connect() as connection:
        found: dict[str, Incident] = {}
        new: Iterable[str] = [id]
        while level := rows.records(connection, select(incidents).where(incidents.c.merged_into.in_(list(new)))):
            found |= {each.id: each for each in level}
            new = [each.id for each in level]
    return tuple(sorted(found.values(), key=lambda each: each.number))


def goes_on_in(engine: Engine, incident: Incident) -> Incident:
    """The incident in which this one goes on, at the end of the chain; itself if it is not merged."""
    with engine.connect() as connection:
        while incident.merged_into is not None:
            incident = rows.load(connection, [incident.merged_into])[incident.merged_into]
    return incident


def to_erase(engine: Engine, before: datetime, most: int = PAGE) -> tuple[str, ...]:
    """Ids of incidents that ended before a moment and still say something about persons, the longest ended first.

    `Book.do` with `Erase` deletes that, and in those merged into them. One of which nothing but a merged one still says
    something is found, too.
    """
    above = select(incidents.c.merged_into.label("id")).where(
        incidents.c.erased == false(), incidents.c.merged_into.is_not(None)
    )
    chain = above.cte("chain", recursive=True)
    parent = incidents.alias()
    chain = chain.union(
        select(parent.c.merged_into).join(chain, parent.c.id == chain.c.id).where(parent.c.merged_into.is_not(None))
    )
    says = or_(incidents.c.erased == false(), incidents.c.id.in_(select(chain.c.id)))
    query = select(incidents.c.id).where(
        incidents.c.ended_at < to_text(before), incidents.c.merged_into.is_(None), says
    )
    with engine.connect() as connection:
        return tuple(connection.scalars(query.order_by(incidents.c.ended_at).limit(most)))


def _page(engine: Engine, query: Select[Any], after: str | None, most: int) -> tuple[Incident, ...]:
    number = DayNumber.read(after) if after else None
    if number:
        query = query.where(tuple_(*_ORDER) > tuple_(number.day, number.serial))
    return _read(engine, query.order_by(*_ORDER).limit(most))


def _read(engine: Engine, query: Select[Any]) -> tuple[Incident, ...]:
    with engine.connect() as connection:
        return rows.records(connection, query)
