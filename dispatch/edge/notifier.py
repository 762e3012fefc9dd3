"""The notifier: one escalation, and everything that it hears, wants and writes, in one event loop.

Rules:

- A life begins with what is on disk, and asks Asterisk about every attempt whose end is not known.
- Nothing is dialled, thanked for or stopped before its decision is on disk.
- Notes of Asterisk's (which key was pressed, that a call is over) are dropped when the attempt's end is on disk, never
  before.
- Once a minute an auditor holds what is on disk against what is believed.
- After a bug nothing is done any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from dispatch import command, event, fact, store, wish, writing
from dispatch.attempt import AttemptState
from dispatch.edge.acting import Acting, Speaks
from dispatch.edge.auditor import Auditor
from dispatch.edge.hearing import Hearing
from dispatch.edge.known import Known
from dispatch.edge.noted import Ends
from dispatch.edge.pulse import Pulse
from dispatch.edge.scribe import Beside, Scribe, nothing
from dispatch.escalation import Escalation, Event
from dispatch.notification import OPEN
from dispatch.order import Order
from dispatch.step import Step, Write
from dispatch.stored import Stored
from dispatch.view import OrderView
from dispatch.wishing import NO_SUCH_ORDER
from intake.edge.desk import NotGranted
from journal import BadFact, Journal
from journal.instant import Clock, utc_now
from telephony.department import back_noted, end_noted, key_noted
from telephony.manager.event import Originated
from telephony.manager.exchange import Exchange, Gap, News
from telephony.manager.snapshot import Snapshot

AUDIT_S = 60.0
NO_CHANNEL_S = 0.5  # what became of a dial is told on another way than what became of its channel, and may overtake it
NO_CHANNEL_PARTS = 5  # a loop that stood still finds one of them over, and then hears what was told meanwhile
RESTORE_AGAIN_S = 0.5

_BEGINS = ("not_ready", "what was ordered before is still being taken over; try again in a moment")
_ENDS = ("not_ready", "the engine has ended before it was written down; look, and try again")
_UNREAD = ("not_ready", "what was reported before cannot be read; try again in a moment")

log = logging.getLogger("dispatch")


class Notifier:
    """One engine's."""

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        escalation: Escalation,
        speaker: Speaks,
        ends: Ends,
        *,
        way_out: str,
        caller_number: str = "",
        caller_name: str = "",
        beside: Beside = nothing,
        clock: Clock = utc_now,
    ) -> None:
        """`way_out` is the trunk of duty lines that name none; number and name are what a duty line's telephone shows.

        `beside` is committed with each write.
        """
        self._journal = journal
        self._core = escalation
        self._clock = clock
        self._hearing = Hearing()
        self._acting = Acting(
            exchange,
            self._hearing,
            speaker,
            ends,
            self._take,
            way_out=way_out,
            caller_number=caller_number,
            caller_name=caller_name,
        )
        self._scribe = Scribe(journal, beside, self._written)
        self._known = Known()
        self._auditor = Auditor(journal, escalation, self._known, self._scribe, issued=self.issued, tell=self._tell)
        self._early: list[tuple[Order, ...]] = []
        """Issued before this life had begun."""
        self._noted: tuple[str, ...] = ()
        """What Asterisk had noted when it was last seen before that."""
        self._wishes: dict[str, asyncio.Future[command.Reply]] = {}
        self._pulse: Pulse | None = None
        self._broken: asyncio.Future[None] | None = None
        self.tells: Callable[[command.TellDispatcher], None] = lambda tell: None
        """Told at once what a dispatcher should know."""
        self.ready = False
        """Whether this life has taken over what is on disk."""

    # Its life.

    async def run(self) -> None:
        """Take over, then hear, act and write, until cancelled. Raises Bug, and whatever else must end the process."""
        self._broken = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._acting.run())
                stored = await self._restored()
                self._pulse = pulse = Pulse(self._clock, self._ring)
                self._take_over(stored)
                group.create_task(self._scribe.run())
                group.create_task(self._audit(pulse))
                group.create_task(_raised(self._broken))
        finally:
            self.ready = False
            if self._pulse is not None:
                self._pulse.stop()
            for name, reply in self._wishes.items():
                if not reply.done():
                    reply.set_result(command.Reply(name, *_ENDS))

    async def _restored(self) -> Stored:
        def read() -> Stored:
            with self._journal.reader.connect() as connection:
                return store.restore(connection)

        while True:
            try:
                return await asyncio.to_thread(read)
            except SQLAlchemyError as error:
                log.error("orders cannot be read: %s", str(error).partition("\n")[0])
                await asyncio.sleep(RESTORE_AGAIN_S)

    def _take_over(self, stored: Stored) -> None:
        self._known.add(each.order for each in stored.orders)
        for each in stored.orders:
            for attempt in each.attempts:
                if attempt.ended:
                    self._known.over(attempt.id)
                else:
                    self._hearing.adopts(attempt.id, attempt.fence)
        self.ready = True
        self._take(event.Restored(stored))
        self._acting.drop(self._known.stale(self._noted))
        early, self._early = self._early, []
        for orders in early:
            self.issued(orders)

    async def _audit(self, pulse: Pulse) -> None:
        while True:
            await asyncio.sleep(AUDIT_S)
            await self._auditor.look(pulse)
            self._take(event.Tick())

    # What it is told.

    def hear(self, news: News) -> None:
        """Every news of Asterisk, in order. Nothing counts before this life has begun: then Asterisk is asked."""
        if not self.ready:
            self._noted = tuple(news.database) if isinstance(news, Snapshot) else self._noted
            return
        match news:
            case Gap():
                pass  # nothing is certain until the snapshot that follows
            case Snapshot():
                self._take(event.Missed())
                self._acting.drop(self._known.stale(news.database))
            case _:
                for report in self._hearing.hear(news):
                    self._take(report)
                if isinstance(news, Originated) and self._hearing.doubts(news.channel_id):
                    self._conclude(news.channel_id, NO_CHANNEL_PARTS)

    def issued(self, orders: tuple[Order, ...]) -> None:
        """Orders were issued: they are on disk. One that is known already is passed over."""
        if not self.ready:
            self._early.append(orders)
            return
        new = self._known.add(orders)
        if new:
            self._take(event.Issued(new))

    async def wish(self, wanted: wish.Wish) -> None:
        """Do what a person wants; returns when it is on disk. Raises NotGranted."""
        if not self.ready:
            raise NotGranted(*_BEGINS)
        reply: asyncio.Future[command.Reply] = asyncio.get_running_loop().create_future()
        self._wishes[wanted.wish] = reply
        try:
            self._take(wanted)
            came_to = await reply
        finally:
            self._wishes.pop(wanted.wish, None)
        if came_to.refused is None:
            return
        match wanted:
            case wish.Feedback() if came_to.refused == NO_SUCH_ORDER and await _reported(self._journal, wanted.given):
                pass  # sent again, after the core had done with the order
            case _:
                raise NotGranted(came_to.refused, came_to.because)

    # What is now.

    def orders(self) -> Iterator[OrderView]:
        """Every order that is not over, in the order of becoming known."""
        return self._core.orders() if self.ready else iter(())

    def figures(self) -> dict[str, int]:
        """How it fares."""
        views = list(self.orders())
        return {
            "orders_open": sum(view.state in OPEN for view in views),
            "attempts_live": sum(each.state is not AttemptState.ENDED for view in views for each in view.attempts),
            "dispatch_unwritten": self._scribe.waiting,
            "dispatch_refused": self._scribe.refused,
            "dispatch_acts_failed": self._acting.failed,
            "orders_unspoken": self._acting.unspoken,
            "promises_broken": self._auditor.broken,
        }

    # Steps.

    def _take(self, heard: Event) -> None:
        """One step of the core: written, and carried out."""
        pulse = self._pulse
        if not self.ready or pulse is None:
            return  # this life is over
        try:
            before = pulse.now()
            if pulse.set_back():
                self._step(event.Tick(), before)  # what has passed until now has passed
            self._step(heard, pulse.now())
        except BaseException as bug:
            self.ready = False
            if self._broken is not None and not self._broken.done():
                self._broken.set_exception(bug)
            raise
        pulse.wind(self._core.next_deadline())

    def _step(self, heard: Event, now: float) -> None:
        self._carry_out(self._core.handle(heard, now), now)

    def _carry_out(self, step: Step, now: float) -> None:
        if step.write is not None:
            self._scribe.put(step.write)
        for each in step.witnessed:
            self._witness(each, now)
        for wanted in step.commands:
            match wanted:
                case command.TellDispatcher():
                    self._tell(wanted)
                case command.Reply():
                    reply = self._wishes.get(wanted.wish)
                    if reply is not None and not reply.done():
                        reply.set_result(wanted)
                case _:
                    self._acting.do(wanted)

    def _tell(self, wanted: command.TellDispatcher) -> None:
        log.warning("look: order %s, %s: %s", wanted.order, wanted.department, wanted.why.value)
        self.tells(wanted)

    def _witness(self, each: fact.Witnessed, now: float) -> None:
        order = self._known.of(each.order)
        if order is None:
            return
        try:
            self._journal.witness(writing.witnessed(each, order, now))
        except BadFact as error:
            log.error("not written down: %s: %s", each, error)

    def _written(self, writes: Sequence[Write]) -> None:
        """These are on disk."""
        for each in writes:
            for told in each.facts:
                if isinstance(told, fact.AttemptEnded):
                    self._hearing.forget(told.attempt)
                    self._known.over(told.attempt)
                    self._acting.drop(noted(told.attempt) for noted in (key_noted, back_noted, end_noted))
        self._take(event.Committed(writes[-1].number))

    def _conclude(self, attempt: str, parts: int) -> None:
        """Nothing was told of its channel, nor is it in so many parts of the time for it: there was none."""
        if parts:
            part_s = NO_CHANNEL_S / NO_CHANNEL_PARTS
            asyncio.get_running_loop().call_later(part_s, self._conclude, attempt, parts - 1)
            return
        with suppress(Exception):  # `run` raises it
            for report in self._hearing.concludes(attempt):
                self._take(report)

    def _ring(self) -> None:
        with suppress(Exception):  # `run` raises it
            self._take(event.Tick())


async def _reported(journal: Journal, told: fact.FeedbackGiven) -> bool:
    """Whether a report is on disk. Raises NotGranted."""

    def read() -> bool:
        with journal.reader.connect() as connection:
            return store.reported(connection, told)

    try:
        return await asyncio.to_thread(read)
    except SQLAlchemyError as error:
        log.warning("reports cannot be read: %s", str(error).partition("\n")[0])
        raise NotGranted(*_UNREAD) from error


async def _raised(broken: asyncio.Future[None]) -> None:
    await broken
