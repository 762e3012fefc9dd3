"""The transaction that numbers facts; one at a time, for it locks the head row from its first number to its commit.

So sequences have no gaps, nothing with a lower one appears later, and a transaction that is rolled back leaves no hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from journal.chain import fact_text, link, new_salt, personal_digest
from journal.fact import Draft, Fact
from journal.instant import to_text
from journal.registry import Registry
from journal.tables import facts, head, personal, promises, subjects


class Ledger:
    """The head of the journal in one transaction of a write engine; call `close` before that commits.

    Facts are numbered at once and inserted later, those of many works at a time, because a statement costs as much as
    many rows. One work at a time is entered, and left or undone; a work that does nothing but record needs no
    savepoint, for what it recorded is not inserted yet.
    """

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
        self._flushed = 0
        self._entered = 0
        self._on_island = False
        self._hidden: dict[int, tuple[str, str]] = {}
        """Salt and text of the personal data of facts that are not inserted yet."""
        self._looked_up: set[str] = set()
        self._known: set[str] = set()

    def look_up(self, ids: Iterable[str]) -> None:
        """Ask the database which of these ids it has, so that `knows` need not ask for each."""
        new = [each for each in ids if each not in self._looked_up]
        if new:
            self._known.update(self.connection.scalars(select(facts.c.id).where(facts.c.id.in_(new))))
            self._looked_up.update(new)

    def knows(self, id: str) -> bool:
        """Whether a fact with this id, which was looked up, stands in the journal already."""
        return id in self._known

    def record(self, drafts: Sequence[Draft]) -> tuple[Fact, ...]:
        """Number and chain drafts that were checked and whose ids are new."""
        made = tuple(map(self._chained, drafts))
        if self._on_island:
            self._flush(len(self.recorded))  # rows of other tables may refer to them
        return made

    def enter(self) -> None:
        """A work begins."""
        self._entered = len(self.recorded)

    def begin_island(self) -> None:
        """The work touches rows of its own: from where it began it must be possible to undo it in the database."""
        if not self._on_island:
            self._flush(self._entered)
            self.connection.exec_driver_sql("SAVEPOINT work")
            self._on_island = True
        self._flush(len(self.recorded))

    def leave(self) -> tuple[Fact, ...]:
        """The work is done, and stays; returns what it recorded."""
        if self._on_island:
            self.connection.exec_driver_sql("RELEASE SAVEPOINT work")
            self._on_island = False
        return tuple(self.recorded[self._entered :])

    def undo(self) -> None:
        """The work is undone."""
        if self._on_island:
            self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
            self._flushed = self._entered
        for fact in reversed(self.leave()):
            self.sequence, self.hash = fact.sequence - 1, fact.previous
            self._known.discard(fact.id)
        del self.recorded[self._entered :]

    def close(self) -> None:
        """Insert the rest and write the head row."""
        self._flush(len(self.recorded))
        if self.sequence != self._opened:
            self.connection.execute(update(head).values(sequence=self.sequence, hash=self.hash))

    def _chained(self, draft: Draft) -> Fact:
        sequence, digest = self.sequence + 1, None
        if draft.personal is not None:
            salt = new_salt()
            digest = personal_digest(salt, draft.personal)
            self._hidden[sequence] = (salt, draft.personal)
        text = fact_text(sequence, draft, digest)
        fact = Fact.read(text, draft.personal, self.hash, link(self.hash, text))
        self.sequence, self.hash = sequence, fact.hash
        self.recorded.append(fact)
        self._looked_up.add(fact.id)
        self._known.add(fact.id)
        return fact

    def _flush(self, count: int) -> None:
        """Insert the first so many of what was recorded, unless that was done."""
        new = self.recorded[self._flushed : count]
        if not new:
            return
        self._flushed = count
        self.connection.execute(facts.insert(), [_row(fact) for fact in new])
        hidden = [(fact.sequence, *self._hidden.pop(fact.sequence)) for fact in new if fact.digest is not None]
        if hidden:
            rows = [{"sequence": sequence, "salt": salt, "text": text} for sequence, salt, text in hidden]
            self.connection.execute(personal.insert(), rows)
        about = [
            {"kind": kind, "id": id, "sequence": fact.sequence} for fact in new for kind, id in fact.subjects.items()
        ]
        if about:
            self.connection.execute(subjects.insert(), about)
        for fact in new:
            self._keep_promises(fact)

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


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "sequence": fact.sequence,
        "id": fact.id,
        "type": fact.type,
        "time": to_text(fact.time),
        "text": fact.text,
        "previous": fact.previous,
        "hash": fact.hash,
    }


def _of(kind: str, id: str) -> tuple[Any, ...]:
    return promises.c.subject_kind == kind, promises.c.subject_id == id
