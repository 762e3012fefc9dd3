"""A stretch of the journal for who verifies it: what all its tables say of it, at one moment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from journal.tables import facts, head, personal, signed_heads, subjects

LOWEST, HIGHEST = -(2**63), 2**63 - 1  # what the column can hold: nothing hides below 1
_FACTS = 1_000
"""Facts on a page: a few ms of reading, so that the WAL can be folded in between two."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything from one sequence to another."""

    upper: int
    """The last sequence that belongs to it, `HIGHEST` for the last page."""
    facts: list[Any]
    personal: dict[int, Any]
    subjects: dict[int, list[tuple[str, str]]]
    heads: dict[int, Any]
    end: Any
    """The row of `journal_head`; None if this is not the last page, or if there is none."""


def read_page(connection: Connection, start: int) -> Page:
    """The page that begins with this sequence. Rows that belong to no fact are on it too."""
    query = select(facts).where(facts.c.sequence >= start).order_by(facts.c.sequence).limit(_FACTS)
    rows = list(connection.execute(query))
    upper = rows[-1].sequence if len(rows) == _FACTS else HIGHEST
    about = defaultdict(list)
    for row in _between(connection, subjects, start, upper):
        about[row.sequence].append((row.kind, row.id))
    return Page(
        upper=upper,
        facts=rows,
        personal={row.sequence: row for row in _between(connection, personal, start, upper)},
        subjects=dict(about),
        heads={row.sequence: row for row in _between(connection, signed_heads, start, upper)},
        end=connection.execute(select(head)).first() if upper == HIGHEST else None,
    )


def _between(connection: Connection, table: Table, start: int, upper: int) -> list[Any]:
    query = select(table).where(table.c.sequence >= start, table.c.sequence <= upper)
    return list(connection.execute(query.order_by(table.c.sequence)))
