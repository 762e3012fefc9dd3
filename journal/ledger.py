"""The transaction that numbers facts; one at a time, for it locks the head row from its first number to its commit.

So sequences have no gaps, nothing with a lower one appears later, and a transaction that is rolled back leaves no hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from journal.chain import fact_text, link, new_salt, personal_digest
from journal.fact import Draft, Fact
from journal.registry import Registry
from journal.tables import facts, head, personal, promises, subjects


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to come back to when part of a transaction is undone."""

    sequence: int
    hash: str
    recorded: int


class Ledger:
    """The head of the journal in one transaction of a write engine; call `close` before that commits."""

    def __init__(self, connection: Connection, registry: Registry) -> None:
        """Waits for the lock. Raises SQLAlchemyError, as everything here does when the database fails."""
        row = connection.execute(select(head).with_for_update()).one()
        self.journal: str = row.journal
        self.sequence: int = row.sequence
        self.hash: str = row.hash
        self.recorded: list[Fact] = []
        self.connection = connection
        self.registry = registry
        self._opened = row.sequence

    def known(self, drafts: Sequence[Draft]) -> set[str]:
        """Ids of those drafts that stand in the journal already."""
        query = select(facts.c.id).where(facts.c.id.in_([each.id for each in drafts]))
        return set(self.connection.scalars(query))

    def record(self, drafts: Sequence[Draft]) -> tuple[Fact, ...]:
        """Number, chain and insert drafts that were checked and whose ids are new."""
        if not drafts:
            return ()
        made: list[Fact] = []
        rows: dict[str, list[dict[str, Any]]] = {"facts": [], "personal": [], "subjects": []}
        for draft in drafts:
            made.append(self._chained(draft, rows))
        self.connection.execute(facts.insert(), rows["facts"])
        if rows["personal"]:
            self.connection.execute(personal.insert(), rows["personal"])
        if rows["subjects"]:
            self.connection.execute(subjects.insert(), rows["subjects"])
        for fact in made:
            self._keep_promises(fact)
        self.recorded += made
        return tuple(made)

    def mark(self) -> Mark:
        """The present place."""
        return Mark(self.sequence, self.hash, len(self.recorded))

    def rewind(self, mark: Mark) -> None:
        """Come back to a place, after the database was rolled back to it."""
        self.sequence, self.hash = mark.sequence, mark.hash
        del self.recorded[mark.recorded :]

    def close(self) -> None:
        """Write the head row."""
        if self.sequence != self._opened:
            self.connection.execute(update(head).values(sequence=self.sequence, hash=self.hash))

    def _chained(self, draft: Draft, rows: dict[str, list[dict[str, Any]]]) -> Fact:
        sequence, digest = self.sequence + 1, None
        if draft.personal is not None:
            salt = new_salt()
            digest = personal_digest(salt, draft.personal)
            rows["personal"].append({"sequence": sequence, "salt": salt, "text": draft.personal})
        text = fact_text(sequence, draft, digest)
        fact = Fact.read(text, draft.personal, self.hash, link(self.hash, text))
        rows["facts"].append(
            {
                "sequence": sequence,
                "id": draft.id,
                "type": draft.type,
                "time": draft.time,
                "text": text,
                "previous": fact.previous,
                "hash": fact.hash,
            }
        )
        rows["subjects"] += ({"kind": kind, "id": id, "sequence": sequence} for kind, id in draft.subjects)
        self.sequence, self.hash = sequence, fact.hash
        return fact

    def _keep_promises(self, fact: Fact) -> None:
        for kind in self.registry.opens(fact.type):
            if kind in fact.subjects:
                self._open(kind, fact.subjects[kind], fact)
        for kind in self.registry.closes(fact.type):
            if kind in fact.subjects:
                closed = update(promises).where(*_of(kind, fact.subjects[kind]), promises.c.closed_by.is_(None))
                self.connection.execute(closed.values(closed_by=fact.sequence))

    def _open(self, kind: str, id: str, fact: Fact) -> None:
        again = update(promises).where(*_of(kind, id)).values(opened_by=fact.sequence, closed_by=None)
        if not self.connection.execute(again).rowcount:
            new = promises.insert().values(subject_kind=kind, subject_id=id, opened_by=fact.sequence)
            self.connection.execute(new)


def _of(kind: str, id: str) -> tuple[Any, ...]:
    return promises.c.subject_kind == kind, promises.c.subject_id == id
