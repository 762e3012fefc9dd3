"""Keeps the table of callers' calls up with the journal, behind everything that matters more.

    follower = Follower(journal, NumberForm(area="025"))
    await follower.catch_up()          # to the journal's end, now
    await follower.run()               # and for ever, until cancelled

A call is in its caller's history some milliseconds after its facts are in the journal. While the database is in trouble
the table lags, and catches up by itself.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from intake.history.projecting import Batch, read_batch, write
from intake.number import NumberForm
from journal import Fact, Journal, JournalTrouble, Refusal, Unit

RETRY_S = 1.0
"""Until the next try when the database refused."""

log = logging.getLogger("intake")


class Follower:
    """Only the engine has one: it writes."""

    def __init__(self, journal: Journal, form: NumberForm) -> None:
        self._journal = journal
        self._form = form

    async def catch_up(self) -> bool:
        """Take in everything that is in the journal; False if the database didn't let it."""
        try:
            while batch := await asyncio.to_thread(read_batch, self._journal.reader, self._form):
                if isinstance(await self._journal.decide(partial(_put_in, batch)), Refusal):
                    return False
        except (JournalTrouble, SQLAlchemyError) as error:
            log.warning("the table of callers' calls lags: %s", error)
            return False
        return True

    async def run(self) -> None:
        """Follow until cancelled."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def hear(facts: tuple[Fact, ...]) -> None:
            if any("call" in fact.subjects for fact in facts):
                loop.call_soon_threadsafe(woken.set)

        take_off = self._journal.listen(hear)
        try:
            while True:
                woken.clear()
                if await self.catch_up():
                    await woken.wait()
                else:
                    await asyncio.sleep(RETRY_S)
        finally:
            take_off()


def _put_in(batch: Batch, unit: Unit) -> bool:
    return write(unit.connection, batch)
