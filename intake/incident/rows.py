"""Records as rows, and back: exactly what was written is read.

Everything here is called inside a transaction of somebody else's: the book's, or a reader's short one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, delete, select, update

from intake.incident.content import NAMES, Content
from intake.incident.fact import LinkedCall
from intake.incident.incident import Incident, Link
from intake.incident.kind import Relationship, Result
from intake.incident.numbering import DayNumber
from intake.incident.state import IncidentState
from intake.tables import incident_calls, incident_links, incident_numbers, incidents
from journal.canonical import canonical
from journal.instant import from_text, to_text

MOST_IDS = 500
"""In one question: databases bound the values of a statement."""
MOST_AT_ONCE = 1_000
"""Calls or links that one write may add; a split's are the most."""
T = TypeVar("T")
Key = Callable[[str], str]
"""Folds a telephone number to what it is found by; empty: not to be found by it."""

_SAME = ("id", "number", "version", "settled", "created_by", "changed_by", "merged_into", "split_from")
_LISTS = ("hazards", "flags", "areas")


def insert(connection: Connection, new: Incident, key: Key) -> None:
    """The rows of a new record."""
    connection.execute(incidents.insert(), [_row(new)])
    _write_beside(connection, None, new, key)


def rewrite(connection: Connection, old: Incident, new: Incident, key: Key) -> bool:
    """The rows of a record that was changed; False, and nothing done, if the rows aren't those of the old one."""
    changed = update(incidents).where(incidents.c.id == old.id, incidents.c.version == old.version)
    if not connection.execute(changed.values(_row(new))).rowcount:
        return False
    _write_beside(connection, old, new, key)
    return True


def load(connection: Connection, ids: Iterable[str]) -> dict[str, Incident]:
    """The records of these ids; those that there are."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Incident] = {}
    for start in range(0, len(wanted), MOST_IDS):
        query = select(incidents).where(incidents.c.id.in_(wanted[start : start + MOST_IDS]))
        found |= {each.id: each for each in records(connection, query)}
    return found


def records(connection: Connection, query: Select[Any]) -> tuple[Incident, ...]:
    """The records that a question for whole rows of `incidents` finds, in its order."""
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    called = _beside(connection, incident_calls, ids)
    linked = _beside(connection, incident_links, ids)
    return tuple(_incident(row, called[row.id], linked[row.id]) for row in rows)


def _beside(connection: Connection, table: Table, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for start in range(0, len(ids), MOST_IDS):
        query = select(table).where(table.c.incident.in_(ids[start : start + MOST_IDS]))
        for row in connection.execute(query.order_by(table.c.incident, table.c.place)):
            found[row.incident].append(row)
    return found


def _write_beside(connection: Connection, old: Incident | None, new: Incident, key: Key) -> None:
    """Calls, links and numbers: only what differs is written, for an incident may have a thousand calls."""
    if old is None or old.calls != new.calls:
        _write_calls(connection, old, new)
    if old is None or old.links != new.links:
        _write_links(connection, old, new)
    if old is None or old.calls != new.calls or old.content.callback != new.content.callback:
        had, has = _keys(old, key) if old else frozenset[str](), _keys(new, key)
        for each in had - has:
            of_it = incident_numbers.c.key == each, incident_numbers.c.incident == new.id
            connection.execute(delete(incident_numbers).where(*of_it))
        for each in sorted(has - had):
            connection.execute(incident_numbers.insert().values(key=each, incident=new.id))


def _write_calls(connection: Connection, old: Incident | None, new: Incident) -> None:
    had, has = ({each.call: each for each in (of.calls if of else ())} for of in (old, new))
    for call in had:
        of_it = incident_calls.c.incident == new.id, incident_calls.c.call == call
        if call not in has:
            connection.execute(delete(incident_calls).where(*of_it))
        elif had[call] != has[call]:  # its number was erased
            connection.execute(update(incident_calls).where(*of_it).values(caller=has[call].caller))
    for place, each in _added(had, has, new.version):
        row = {"incident": new.id, "call": each.call, "place": place, "at": to_text(each.at), "by": each.by}
        connection.execute(incident_calls.insert().values(**row, caller=each.caller))


def _write_links(connection: Connection, old: Incident | None, new: Incident) -> None:
    had, has = ({each.other: each for each in (of.links if of else ())} for of in (old, new))
    for other in had.keys() - has.keys():
        of_it = incident_links.c.incident == new.id, incident_links.c.other == other
        connection.execute(delete(incident_links).where(*of_it))
    for place, each in _added(had, has, new.version):
        row = {"incident": new.id, "other": each.other, "place": place, "relationship": each.relationship.value}
        connection.execute(incident_links.insert().values(**row))


def _added(had: Mapping[str, T], has: Mapping[str, T], version: int) -> list[tuple[int, T]]:
    """What is new, each with a place behind all that was there before: they are only ever added at the end."""
    new = (each for id, each in has.items() if id not in had)
    return [(version * MOST_AT_ONCE + number, each) for number, each in enumerate(new)]


def _keys(incident: Incident, key: Key) -> frozenset[str]:
    told = (incident.content.callback, *(each.caller for each in incident.calls))
    return frozenset(found for each in told if (found := key(each)))


def _row(incident: Incident) -> dict[str, Any]:
    number, content = DayNumber.read(incident.number), incident.content
    assert number is not None  # the book gave it
    plain = content.plain(NAMES)
    spot = content.spot
    return {
        **{name: getattr(incident, name) for name in _SAME},
        **{name: canonical(value) if name in _LISTS else value for name, value in plain.items()},
        "day": number.day,
        "serial": number.serial,
        "state": incident.state.value,
        "open": incident.open,
        "result": incident.result and incident.result.value,
        "lat": spot and spot.lat,
        "lon": spot and spot.lon,
        "spot": spot and canonical(spot.plain()),
        "merged": canonical(incident.merged),
        "split_into": canonical(incident.split_into),
        "split_version": incident.split_version,
        "created_at": to_text(incident.created_at),
        "changed_at": to_text(incident.changed_at),
        "submitted_at": incident.submitted_at and to_text(incident.submitted_at),
        "ended_at": incident.ended_at and to_text(incident.ended_at),
        "erased": incident.erased,
    }


def _incident(row: Row[Any], called: Sequence[Row[Any]], linked: Sequence[Row[Any]]) -> Incident:
    told = row._mapping
    plain = {name: told[name] for name in NAMES}
    for name in (*_LISTS, "spot"):
        plain[name] = plain[name] and json.loads(plain[name])
    return Incident(
        **{name: told[name] for name in _SAME},
        state=IncidentState(row.state),
        content=Content().told(plain),
        result=row.result and Result(row.result),
        calls=tuple(LinkedCall(each.call, from_text(each.at), each.by, each.caller) for each in called),
        links=tuple(Link(each.other, Relationship(each.relationship)) for each in linked),
        merged=tuple(json.loads(row.merged)),
        split_into=tuple(json.loads(row.split_into)),
        split_version=row.split_version,
        created_at=from_text(row.created_at),
        changed_at=from_text(row.changed_at),
        submitted_at=row.submitted_at and from_text(row.submitted_at),
        ended_at=row.ended_at and from_text(row.ended_at),
        erased=row.erased,
    )
