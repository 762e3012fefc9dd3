"""Incidents in the engine: deeds are done, and what they order is ordered in the same transaction.

    desk = IncidentDesk(journal, book, catalogue, ordering, notifier)
    did = await desk.do(deed, who, key)          # raises IncidentError, Refused
    await desk.run()                             # until cancelled

Rules:

- What is on disk is told to the notifier, whether or not who asked for it still waits: a deed goes on when its client
  is gone.
- Orders of an incident that is over are closed after it, if it still is: meanwhile no incident is taken up again.
  A life of the engine that ended between the two leaves that to the next one.
- Each deed has a key. So it can be done again when nobody knows whether it was committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, func, select, true
from sqlalchemy.exc import SQLAlchemyError

from console.wire import Refused
from dispatch import rows
from dispatch.order import OVER, Order
from dispatch.tables import orders as order_rows
from dispatch.tables import started_plans
from dispatch.wish import Close as CloseOrders
from dispatch.wish import Wish
from intake.incident import (
    Amend,
    Book,
    Cancel,
    Catalogue,
    Close,
    Deed,
    DeedRefused,
    Done,
    MarkDispatched,
    NoSuchIncident,
    Reopen,
    Split,
    Submit,
    Unmerge,
    Who,
)
from intake.incident import reading as incidents
from intake.incident.request import ASKED, digest, done_before
from intake.incident.rows import load
from intake.tables import incidents as incident_rows
from journal import CommitUnknown, Draft, Fact, Journal, NotCommitted, Refusal, Unit, Work, new_id
from journal.instant import Clock, utc_now
from liandong.marking import DISPATCH
from liandong.ordering import Ordering, WouldStart

BY_HAND = "OrderedByHand"
"""A person has ordered a department, without a plan."""
TYPES = frozenset({BY_HAND})

COMMIT_TRIES = 3
SWEEP_S = 60.0  # what a deed itself closes needs no sweep; this is for what failed meanwhile
RETRY_S = 1.0
STARTS = (Submit, Amend, Split, Reopen, Unmerge)
"""Deeds by which an incident may meet a plan that it did not meet before."""
TAKES_UP = (Reopen, Unmerge)
"""Those of them that come after its orders may have been taken back."""

T = TypeVar("T")
log = logging.getLogger("incidents")


class Notifies(Protocol):
    """Whoever reaches departments: `dispatch.edge.Notifier`."""

    ready: bool
    """Whether it has taken over what an earlier life has left."""

    def issued(self, orders: tuple[Order, ...]) -> None:
        """These are on disk. One that it knows already is passed over."""

    async def wish(self, wish: Wish) -> None:
        """Returns when it is on disk; raises NotGranted."""


@dataclass(frozen=True, slots=True)
class Did:
    """What a deed came to."""

    done: Done
    plans: tuple[str, ...] = ()
    """Ids of plans that it has started; of a deed that was done before, all that the incident has started."""
    orders: tuple[str, ...] = ()
    """Ids of orders, likewise."""


class IncidentDesk:
    """One engine's."""

    def __init__(
        self,
        journal: Journal,
        book: Book,
        catalogue: Catalogue,
        ordering: Ordering,
        notifier: Notifies,
        clock: Clock = utc_now,
    ) -> None:
        self._journal = journal
        self._book = book
        self._catalogue = catalogue
        self._ordering = ordering
        self._notifier = notifier
        self._clock = clock
        self._ending = asyncio.Lock()
        """From the look whether an incident is over until its orders are closed; and while one is taken up again."""
        self._at_work: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self.open = 0
        """How many incidents are the centre's affair and not over."""

    async def run(self) -> None:
        """Count, and close what is left over, until cancelled."""
        while True:
            self._changed.clear()
            wait_s = SWEEP_S
            try:
                self.open = await asyncio.to_thread(self._count)
                if not self._notifier.ready or not await self._close_left_over():
                    wait_s = RETRY_S
            except SQLAlchemyError as error:
                log.warning("incidents cannot be read: %s", str(error).partition("\n")[0])
                wait_s = RETRY_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def committed(self, facts: Iterable[Fact]) -> None:
        """What was committed."""
        if any(each.type.startswith("Incident") for each in facts):
            self._changed.set()

    # What people want.

    async def do(self, deed: Deed, who: Who, key: str | None = None) -> Did:
        """Do a deed, and order what its incident asks for by now. Raises IncidentError, BadFact, Refused."""
        return await self._unhurried(self._do(deed, who, key or new_id()))

    async def order_by_hand(
        self, incident: str, department: str, text: str, deadline_s: int | None, who: Who, key: str | None = None
    ) -> str:
        """Order a department, whatever plans say; the order's id. Raises IncidentError, BadFact, Refused."""
        return await self._unhurried(self._order(incident, department, text, deadline_s, who, key or new_id()))

    async def would_start(self, id: str, changes: Mapping[str, object]) -> tuple[WouldStart, ...]:
        """What would start if the incident were submitted with these changes; writes nothing. Raises IncidentError."""
        return await asyncio.to_thread(self._would_start, id, changes)

    # How.

    async def _do(self, deed: Deed, who: Who, key: str) -> Did:
        now = self._clock()

        def work(unit: Unit) -> tuple[Did, tuple[Order, ...]]:
            done = self._book.do(unit, deed, who, now, key=key)
            target = done.others[0] if isinstance(deed, Split) else done.incident
            if done.again:
                return _did_before(unit, done, target.id)
            if not isinstance(deed, STARTS) or not done.facts or not target.open:
                return Did(done), ()
            ordered = self._ordering.start(unit, target, now, who.id, anew=isinstance(deed, TAKES_UP))
            if ordered.orders:
                done = _with(done, self._book.do(unit, MarkDispatched(target.id), DISPATCH, now))
            return Did(done, ordered.plans, tuple(each.id for each in ordered.orders)), ordered.orders

        async with self._ending if isinstance(deed, TAKES_UP) else nullcontext():
            did, new = await self._commit(work)
        self._notifier.issued(new)
        if isinstance(deed, Close | Cancel):
            await self._close_orders(did.done.incident.id, who.id)
        return did

    async def _order(self, id: str, department: str, text: str, deadline_s: int | None, who: Who, key: str) -> str:
        now, fact_id = self._clock(), f"by-hand:{key}"
        whom = {"incident": id, "department": department}
        asked = digest({**whom, "text": text, "deadline_s": deadline_s})

        def work(unit: Unit) -> tuple[str, tuple[Order, ...]]:
            before = done_before(unit.connection, fact_id, who, whom, asked)
            if before is not None:
                return before.subjects["order"], _open(unit, [before.subjects["order"]])
            incident = load(unit.connection, [id]).get(id)
            if incident is None:
                raise NoSuchIncident(id)
            if incident.merged_into is not None:
                raise DeedRefused("incident_merged", f"{incident.number} goes on in another one")
            self._book.do(unit, MarkDispatched(id), DISPATCH, now)
            order = self._ordering.by_hand(unit, incident, department, text, deadline_s, now, who.id)
            about = {"order": order.id, **whom}
            about |= {"person": who.id} if who.person else {}
            about |= {"seat": who.seat} if who.seat is not None else {}
            personal = {ASKED: asked}
            unit.record(Draft.of(BY_HAND, now, subjects=about, body={"by": who.id}, personal=personal, id=fact_id))
            return order.id, (order,)

        order, new = await self._commit(work)
        self._notifier.issued(new)
        return order

    def _would_start(self, id: str, changes: Mapping[str, object]) -> tuple[WouldStart, ...]:
        found = incidents.incident(self._journal.reader, id)
        if found is None:
            raise NoSuchIncident(id)
        whole = replace(found, content=self._catalogue.amended(found.content, changes))
        with self._journal.reader.connect() as connection:
            return self._ordering.would_start(connection, whole)

    async def _commit(self, work: Work[T]) -> T:
        for _ in range(COMMIT_TRIES):
            try:
                done = await self._journal.decide(work)
            except CommitUnknown as error:
                log.warning("nobody knows whether a deed is written down: again: %s", error)
                continue
            except NotCommitted as error:
                raise Refused("not_written_down", str(error)) from error
            if isinstance(done, Refusal):
                raise Refused("not_written_down", f"the journal is {done}")
            return done.value
        raise Refused("not_written_down", "nobody knows whether it was written down; look, and try again")

    async def _unhurried(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it to its end, though whoever wants it is gone."""
        task = asyncio.ensure_future(work)
        self._at_work.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._at_work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("not done: %s", error)

    # What is over.

    async def _close_orders(self, incident: str, by: str) -> bool:
        """Close the orders of an incident that is over, and of those that go on in it; False if that is left to do."""
        async with self._ending:
            try:
                over = await asyncio.to_thread(_over, self._journal.reader, incident)
            except SQLAlchemyError as error:
                log.warning("incidents cannot be read: %s", str(error).partition("\n")[0])
                return False
            done = True
            for each in over:
                try:
                    await self._notifier.wish(CloseOrders(new_id(), each, by))
                except ValueError as error:  # it is not ready, or refuses
                    log.warning("the orders of %s are not closed yet: %s", each, error)
                    done = False
            return done

    async def _close_left_over(self) -> bool:
        over = await asyncio.to_thread(_over_with_orders, self._journal.reader)
        return all([await self._close_orders(each, DISPATCH.id) for each in over])

    def _count(self) -> int:
        query = select(func.count()).select_from(incident_rows).where(incident_rows.c.open == true())
        with self._journal.reader.connect() as connection:
            return connection.scalar(query) or 0


def _did_before(unit: Unit, done: Done, incident: str) -> tuple[Did, tuple[Order, ...]]:
    """What an incident has started; with its orders that nobody has acknowledged, whether or not they were told."""
    connection = unit.connection
    of_it = select(order_rows.c.id).where(order_rows.c.incident == incident).order_by(order_rows.c.issued_at)
    ids = tuple(connection.scalars(of_it))
    plans = tuple(connection.scalars(select(started_plans.c.plan).where(started_plans.c.incident == incident)))
    return Did(done, plans, ids), _open(unit, ids)


def _open(unit: Unit, ids: Sequence[str]) -> tuple[Order, ...]:
    return tuple(each.order for each in rows.load(unit.connection, ids).values() if each.open)


def _with(done: Done, marked: Done) -> Done:
    """With the mark that departments were ordered."""
    of_it = (*done.facts, *marked.facts)
    if marked.incident.id == done.incident.id:
        return replace(done, incident=marked.incident, facts=of_it)
    return replace(done, others=(marked.incident, *done.others[1:]), facts=of_it)


def _over(engine: Engine, id: str) -> tuple[str, ...]:
    """An incident and those that go on in it; none of them if it is not over, or goes on in one that is not."""
    with engine.connect() as connection:
        incident = load(connection, [id])[id]
    if not incidents.goes_on_in(engine, incident).over:
        return ()
    return id, *(each.id for each in incidents.merged_into(engine, id))


def _over_with_orders(engine: Engine) -> tuple[str, ...]:
    """Incidents that are over, or go on in one that is, and have orders of which something is expected."""
    over = [each.value for each in OVER]
    with_orders = select(order_rows.c.incident).where(order_rows.c.wanted, order_rows.c.progress.not_in(over))
    with engine.connect() as connection:
        known = load(connection, connection.scalars(with_orders.distinct()))
    return tuple(each.id for each in known.values() if incidents.goes_on_in(engine, each).over)
