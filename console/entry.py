"""What was done with an incident, as the HTTP interface shows it."""

from __future__ import annotations

from typing import Any, Self

from console.state import FactState
from console.told import Moment, State
from intake.incident.entry import Entry


class ChangeState(State):
    """One field before and after, in JSON forms."""

    before: Any
    after: Any


class EntryState(State):
    """One thing that was done."""

    sequence: int
    """Its place in the journal."""
    at: Moment
    by: str
    """Who; empty if the fact does not say."""
    what: str
    """`Created`, `Amended`, `Noted` …, or another room's fact about the incident, such as `OrderIssued`."""
    version: int | None
    """Of the record with it; null: it did not change the record."""
    changes: dict[str, ChangeState]
    """Fields that it changed."""
    fact: FactState
    """As it stands in the journal."""

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """An entry as the journal has it."""
        fact = FactState.of(entry.entry)
        return cls(
            sequence=fact.sequence,
            at=fact.time,
            by=entry.by,
            what=entry.what,
            version=entry.told.version if entry.told is not None else None,
            changes={name: ChangeState(before=before, after=after) for name, (before, after) in entry.changes.items()},
            fact=fact,
        )
