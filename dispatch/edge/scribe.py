"""The scribe of a notifier: what the core decided is committed, strictly in order, and tried until it is.

Whatever was decided while a commit was under way goes with the next one. Nothing that depends on a decision is done
before `committed` has told that it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dispatch import store
from dispatch.step import Write
from intake.table import Bug
from journal import CommitUnknown, Journal, NotCommitted, Refusal, Unit

AGAIN_S = (0.05, 0.2, 1.0, 2.0)  # after these it is tried again, from then on every last: a full disk gets room
MOST = 32  # writes in one commit: of an order each, they hold the journal's writer for some 20 ms

log = logging.getLogger("dispatch")

Beside = Callable[[Unit, Write], None]
"""What others commit in the same transaction as a write. It must not raise."""


def nothing(unit: Unit, write: Write) -> None:
    """For who has nothing to say."""


class Scribe:
    """`put` what is to be written; `committed` is told of each write that is on disk."""

    def __init__(self, journal: Journal, beside: Beside, committed: Callable[[Sequence[Write]], None]) -> None:
        self._journal = journal
        self._beside = beside
        self._committed = committed
        self._waiting: list[Write] = []
        self._some = asyncio.Event()
        self.refused = 0
        """How often the database did not take something; it was tried again."""

    @property
    def waiting(self) -> int:
        """Writes that are not on disk."""
        return len(self._waiting)

    def put(self, write: Write) -> None:
        """This is the next one."""
        self._waiting.append(write)
        self._some.set()

    async def run(self) -> None:
        """Commit until cancelled. Raises Bug."""
        while True:
            while not self._waiting:
                self._some.clear()
                await self._some.wait()
            batch = tuple(self._waiting[:MOST])
            await self._commit(batch)
            del self._waiting[: len(batch)]
            self._committed(batch)

    async def _commit(self, batch: Sequence[Write]) -> None:
        def work(unit: Unit) -> None:
            store.write(unit, *batch)
            for write in batch:
                self._beside(unit, write)

        tries = 0
        while True:
            try:
                done = await self._journal.decide(work)
                if not isinstance(done, Refusal):
                    return
                if done is Refusal.CLOSED:
                    raise Bug("the journal is closed, and something of dispatch is not written down")
                because = f"the journal is {done}"
            except CommitUnknown as error:
                if await self._is_written(batch):
                    return
                because = str(error)
            except (NotCommitted, OperationalError) as error:  # a full disk may be told by a statement already
                because = str(error).partition("\n")[0]
            self.refused += 1
            log.error("a decision of dispatch is not written down yet: %s", because)
            await asyncio.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
            tries += 1

    async def _is_written(self, batch: Sequence[Write]) -> bool:
        """Whether it is on disk, all of it or nothing; asked until the database says so."""

        def ask() -> bool:
            with self._journal.reader.connect() as connection:
                return store.written(connection, batch[0])

        while True:
            try:
                return await asyncio.to_thread(ask)
            except SQLAlchemyError as error:
                log.warning("the database can't be asked: %s", str(error).partition("\n")[0])
                await asyncio.sleep(AGAIN_S[-1])
