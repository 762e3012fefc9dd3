"""What was done with an incident, by whom and when: read from the journal, the only place where it stands.

Other rooms write facts about an incident too (orders, acknowledgements): they are told in their place, as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from intake.incident import fact, writing
from intake.incident.fact import Told
from journal import Fact
from journal.tables import facts, personal, subjects

PAGE = 500
"""Entries in one read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done."""

    entry: Fact
    """As it stands in the journal."""
    told: Told | None
    """What it says about the record; None if it is another room's fact about the incident."""

    @property
    def sequence(self) -> int:
        """Its place in the journal."""
        return self.entry.sequence

    @property
    def at(self) -> datetime:
        """When."""
        return self.entry.time

    @property
    def by(self) -> str:
        """Who: an id; empty if the fact does not say."""
        return str(self.entry.body.get("by") or self.entry.subjects.get("person", ""))

    @property
    def what(self) -> str:
        """The fact's own name: `Amended`, `Closed` …"""
        return str(self.entry.body.get("what") or self.entry.type)

    @property
    def erased(self) -> bool:
        """What it said about persons was deleted."""
        return self.entry.erased

    @property
    def changes(self) -> Mapping[str, tuple[Any, Any]]:
        """Fields that an amendment changed: what each said before and after, in JSON forms."""
        if not isinstance(self.told, fact.Amended):
            return {}
        before, after = self.told.before, self.told.after
        return {name: (before.get(name), after.get(name)) for name in {**before, **after}}

    def sentence(self) -> str:
        """In one line, for a log or an error; says nothing about persons."""
        fields = f" {', '.join(self.changes)}" if self.changes else ""
        version = f" (version {self.told.version})" if self.told else ""
        return f"{self.by or 'nobody'}: {self.what}{fields}{version}"


def history(engine: Engine, incident: str) -> tuple[Entry, ...]:
    """Everything about an incident, in order; that of the one it was split from comes first, up to the split.

    Empty if there is no such incident.
    """
    with engine.connect() as connection:
        return tuple(_whole(connection, incident))


def since(connection: Connection, incident: str, version: int) -> tuple[Entry, ...]:
    """What was done with the record after this version."""
    return tuple(each for each in _own(connection, incident) if each.told and each.told.version > version)


def _whole(connection: Connection, incident: str) -> Iterator[Entry]:
    own = list(_own(connection, incident))
    first = own[0].told if own else None
    if isinstance(first, fact.SplitFrom):
        for each in _whole(connection, first.other):
            # Other rooms' facts up to the split belong to both, too.
            later = each.told and each.told.incident == first.other and each.told.version > first.other_version
            if each.sequence < own[0].sequence and not later:
                yield each
    yield from own


def _own(connection: Connection, incident: str) -> Iterator[Entry]:
    query = (
        select(facts.c.text, personal.c.text, facts.c.previous, facts.c.hash)
        .join(subjects, subjects.c.sequence == facts.c.sequence)
        .outerjoin(personal, personal.c.sequence == facts.c.sequence)
        .where(subjects.c.kind == "incident", subjects.c.id == incident)
        .order_by(subjects.c.sequence)
        .limit(PAGE)
    )
    after = 0
    while rows := connection.execute(query.where(subjects.c.sequence > after)).all():
        for row in rows:
            entry = Fact.read(*row)
            after = entry.sequence
            yield Entry(entry, writing.read(entry))
        if len(rows) < PAGE:
            return
