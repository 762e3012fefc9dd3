"""The unit of work: facts, timers and rows of other tables that are committed together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Generic, TypeVar

from sqlalchemy import Connection, delete, select

from journal.error import BadFact, DuplicateFact
from journal.fact import Draft, Fact
from journal.ledger import Ledger
from journal.registry import Own
from journal.tables import personal
from journal.timetable import Timetable

MOST_ERASED = 4_000
"""Sequences in one fact about erasing: their numbers, up to 15 digits each, fit its text."""

T = TypeVar("T")


class Unit:
    """What a work may do. It lives as long as the work runs and must not be kept."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def connection(self) -> Connection:
        """For rows of other tables. Never commit it, nor roll it back: raise instead."""
        self._ledger.begin_island()
        return self._ledger.connection

    @property
    def timers(self) -> Timetable:
        """The durable timers."""
        return Timetable(self.connection)

    def record(self, *drafts: Draft) -> tuple[Fact, ...]:
        """Record decided facts, in this order. Raises DuplicateFact, UnknownType, BadFact."""
        for draft in drafts:
            self._ledger.registry.check(draft.type, draft.subjects)
        new = self._new(drafts)
        if len(new) < len(drafts):
            doubled = next(draft.id for draft, each in zip_longest(drafts, new) if draft is not each)
            raise DuplicateFact(f"fact {doubled} stands in the journal already")
        return self._ledger.record(drafts)

    def record_once(self, drafts: Sequence[Draft]) -> tuple[Fact, ...]:
        """Record those that are not in the journal yet, in this order; returns what was new.

        Types aren't checked: what an older version witnessed must not be stuck in the spool for ever.
        """
        return self._ledger.record(self._new(drafts))

    def erase(self, sequences: Sequence[int], reason: str, time: datetime) -> Fact:
        """Delete the personal data of these facts and record that it was done; the chain stays whole.

        `reason` says by which rule, without naming anybody; sequences that have none are passed over. Raises BadFact
        when there is nothing to erase, or more than `MOST_ERASED`.
        """
        having = select(personal.c.sequence).where(personal.c.sequence.in_(sequences)).order_by(personal.c.sequence)
        erased = list(self.connection.scalars(having)) if len(sequences) <= MOST_ERASED else []
        if not erased:
            raise BadFact(f"1 to {MOST_ERASED} facts that have personal data can be erased at a time")
        self.connection.execute(delete(personal).where(personal.c.sequence.in_(erased)))
        (fact,) = self.record(Draft.of(Own.PERSONAL_ERASED, time, body={"reason": reason, "sequences": erased}))
        return fact

    def _new(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Those whose ids are not in the journal, each id once."""
        self._ledger.look_up(draft.id for draft in drafts)
        first = {draft.id: draft for draft in reversed(drafts) if not self._ledger.knows(draft.id)}
        return [draft for draft in drafts if first.get(draft.id) is draft]


Work = Callable[[Unit], T]
"""Something to be committed. It runs in the writer's thread, soon, and must be quick: everybody waits for it."""


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """A work that is on disk."""

    value: T
    """What the work returned."""
    facts: tuple[Fact, ...]
    """What it recorded, in order."""
