"""A second pair of eyes on the orders of one life of the notifier: what stands on disk against what is believed.

An order that waits for somebody has a deadline that is not forgotten; and the core knows of it, though whoever issued
it was killed, or did not know that it was written, before he could tell.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from dispatch import store
from dispatch.command import TellDispatcher
from dispatch.edge.known import Known
from dispatch.edge.pulse import Pulse
from dispatch.edge.scribe import Scribe
from dispatch.escalation import Escalation
from dispatch.notification import Why
from dispatch.order import Order
from dispatch.writing import moment
from journal import Journal, Neglected, audit

log = logging.getLogger("dispatch")


class Auditor:
    """Looks when it is asked to."""

    def __init__(
        self,
        journal: Journal,
        core: Escalation,
        known: Known,
        scribe: Scribe,
        *,
        issued: Callable[[tuple[Order, ...]], None],
        tell: Callable[[TellDispatcher], None],
    ) -> None:
        self._journal = journal
        self._core = core
        self._known = known
        self._scribe = scribe
        self._issued = issued
        self._tell = tell
        self.broken = 0
        """Promises that were found not to be kept, the last time."""

    async def look(self, pulse: Pulse) -> None:
        """Once."""
        try:
            self._complain(await asyncio.to_thread(audit, self._journal.reader, moment(pulse.now())))
            await self._catch_up()
        except SQLAlchemyError as error:
            log.warning("promises cannot be audited: %s", str(error).partition("\n")[0])

    def _complain(self, neglected: Sequence[Neglected]) -> None:
        """Of what is neglected people are told, whatever keeps the core from telling them."""
        self.broken = len(neglected)
        for each in neglected:
            log.error("a promise is not kept: %s %s: %s", each.subject_kind, each.subject_id, each.neglect.value)
            order = self._known.of(each.subject_id)
            if order is not None:
                self._tell(TellDispatcher(order.id, order.incident, order.department, Why.DEADLINE, 0))

    async def _catch_up(self) -> None:
        """Take over orders that are on disk and of which nobody has told us; let go of those that are over."""
        if self._scribe.waiting:
            return  # what is over may be open on disk
        untold = await asyncio.to_thread(self._untold, self._known.ids())
        if untold:
            log.error("nobody has told of these orders: %s", ", ".join(each.id for each in untold))
            self._issued(untold)
        if not self._scribe.waiting:
            self._known.keep([view.id for view in self._core.orders()])

    def _untold(self, known: frozenset[str]) -> tuple[Order, ...]:
        with self._journal.reader.connect() as connection:
            return store.untold(connection, known)
