"""Reads facts: each call is one short transaction on a read engine, which neither waits for the writer nor holds it up.

Who has read up to N has read everything up to N: `facts_after(engine, N)` is all a feed needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, select

from journal.fact import Fact
from journal.instant import to_text
from journal.tables import facts, head, personal, subjects

PAGE = 500
"""Facts in one read: some ms."""


def last_sequence(engine: Engine) -> int:
    """Sequence of the last fact; 0 if there is none."""
    with engine.connect() as connection:
        return int(connection.scalars(select(head.c.sequence)).one())


def facts_after(engine: Engine, sequence: int, most: int = PAGE) -> tuple[Fact, ...]:
    """The facts that follow this sequence, in order, at most so many; empty at the end."""
    return _read(engine, _FACTS.where(facts.c.sequence > sequence).order_by(facts.c.sequence).limit(most))


def fact_at(engine: Engine, sequence: int) -> Fact | None:
    """One fact; None if there is none of this sequence."""
    return next(iter(_read(engine, _FACTS.where(facts.c.sequence == sequence))), None)


def facts_about(engine: Engine, kind: str, id: str, *, after: int = 0, most: int = PAGE) -> tuple[Fact, ...]:
    """The facts about one subject, in order."""
    query = _FACTS.join(subjects, subjects.c.sequence == facts.c.sequence)
    query = query.where(subjects.c.kind == kind, subjects.c.id == id, subjects.c.sequence > after)
    return _read(engine, query.order_by(facts.c.sequence).limit(most))


def facts_of(engine: Engine, type: str, *, after: int = 0, most: int = PAGE) -> tuple[Fact, ...]:
    """The facts of one type, in order."""
    query = _FACTS.where(facts.c.type == str(type), facts.c.sequence > after)
    return _read(engine, query.order_by(facts.c.sequence).limit(most))


def facts_named(engine: Engine, ids: Iterable[str]) -> tuple[Fact, ...]:
    """Those of the facts of these ids that stand in the journal, in order."""
    wanted = list(dict.fromkeys(ids))
    found: list[Fact] = []
    for start in range(0, len(wanted), PAGE):
        found += _read(engine, _FACTS.where(facts.c.id.in_(wanted[start : start + PAGE])))
    return tuple(sorted(found, key=lambda each: each.sequence))


def known(engine: Engine, ids: Iterable[str]) -> frozenset[str]:
    """Those of these ids that stand in the journal."""
    wanted = list(ids)
    found: set[str] = set()
    with engine.connect() as connection:
        for start in range(0, len(wanted), PAGE):
            query = select(facts.c.id).where(facts.c.id.in_(wanted[start : start + PAGE]))
            found.update(connection.scalars(query))
    return frozenset(found)


def newest_about(
    engine: Engine, kind: str, id: str, type: str, *, before: int | None = None, most: int = PAGE
) -> tuple[Fact, ...]:
    """The facts of one type about one subject, the newest first; those with a lower sequence than `before`."""
    query = _FACTS.join(subjects, subjects.c.sequence == facts.c.sequence)
    query = query.where(subjects.c.kind == kind, subjects.c.id == id, facts.c.type == str(type))
    if before is not None:
        query = query.where(subjects.c.sequence < before)
    return _read(engine, query.order_by(subjects.c.sequence.desc()).limit(most))


def last_of(engine: Engine, type: str) -> Fact | None:
    """The newest fact of a type; None if there is none."""
    query = _FACTS.where(facts.c.type == str(type)).order_by(facts.c.sequence.desc()).limit(1)
    return next(iter(_read(engine, query)), None)


def to_erase(engine: Engine, before: datetime, most: int = PAGE) -> tuple[int, ...]:
    """Sequences of facts that happened before a moment and still have personal data, the lowest first."""
    query = select(facts.c.sequence).join(personal).where(facts.c.time < to_text(before))
    with engine.connect() as connection:
        return tuple(connection.scalars(query.order_by(facts.c.sequence).limit(most)))


def _read(engine: Engine, query: Select[Any]) -> tuple[Fact, ...]:
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(Fact.read(*row) for row in rows)


_FACTS = select(facts.c.text, personal.c.text, facts.c.previous, facts.c.hash).outerjoin(
    personal, personal.c.sequence == facts.c.sequence
)
