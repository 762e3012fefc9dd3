"""One group commit: several works, each on its island, in one transaction.

A work that raises is undone alone. A transaction that fails undoes all; if the connection was lost
during the commit itself, the database is asked whether the last fact is there, and only if it can't be asked is the
outcome unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from journal.error import CommitUnknown, JournalTrouble, NotCommitted
from journal.fact import Fact
from journal.ledger import Ledger
from journal.registry import Registry
from journal.seal import Seal
from journal.tables import facts
from journal.unit import Committed, Unit, Work

T = TypeVar("T")


@dataclass(slots=True)
class Job(Generic[T]):
    """A work and what came of it."""

    work: Work[T]
    future: Future[Committed[T]]
    ids: tuple[str, ...] = ()
    """Ids of facts that the work is known to record: looked up for all works of a group at once."""
    outcome: Committed[T] | None = None
    error: Exception | None = None

    def run(self, ledger: Ledger) -> None:
        """Run the work on its island."""
        ledger.enter()
        try:
            value = self.work(Unit(ledger))
        except Exception as error:  # noqa: BLE001 - whatever it is, who handed the work in gets it from the future
            self.error = error
            ledger.undo()
        else:
            self.outcome = Committed(value, ledger.leave())

    def tell(self) -> None:
        """Tell who handed it in; after the commit."""
        if self.outcome is not None:
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.error)


class Batch:
    """Works that are committed together."""

    def __init__(self, jobs: Sequence[Job[Any]], registry: Registry) -> None:
        self._jobs = [job for job in jobs if job.future.set_running_or_notify_cancel()]
        self._registry = registry
        self._ended_at: tuple[int, str] | None = None
        self.recorded: tuple[Fact, ...] = ()
        self.sealed = False
        """A head was signed."""

    def run(self, connection: Connection, seal: Seal | None, now: datetime) -> None:
        """Do everything but commit; `seal` if the head is to be signed as well."""
        ledger = Ledger(connection, self._registry)
        ledger.look_up(id for job in self._jobs for id in job.ids)
        for job in self._jobs:
            job.run(ledger)
        self.recorded = tuple(ledger.recorded)
        self.sealed = seal is not None and seal.sign(ledger, now)
        ledger.close()
        self._ended_at = (ledger.sequence, ledger.hash)

    def failure(self, error: SQLAlchemyError, engine: Engine) -> JournalTrouble | None:
        """What this error of the transaction means; None if everything is in the database after all."""
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if not lost or self._ended_at is None:
            return NotCommitted(_why(error))
        if not self.recorded:
            return CommitUnknown(_why(error))
        sequence, hash = self._ended_at
        try:
            with engine.connect() as connection:
                found = connection.scalar(select(facts.c.hash).where(facts.c.sequence == sequence))
        except SQLAlchemyError as second:
            return CommitUnknown(f"{_why(error)}; asking again: {_why(second)}")
        return None if found == hash else NotCommitted(_why(error))

    def tell(self, failure: JournalTrouble | None) -> None:
        """Tell everybody who handed in a work of this batch."""
        for job in self._jobs:
            if failure is None:
                job.tell()
            else:
                job.future.set_exception(type(failure)(str(failure)))


def _why(error: SQLAlchemyError) -> str:
    """The database's own words, without the statement."""
    return str(error).partition("\n")[0]
