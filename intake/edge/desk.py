"""The desk: one distributor, and everything that it hears, wants and writes, in one event loop.

    desk = Desk(exchange, distributor, journal, services={"119": "fire"}, people=people)
    await desk.run()                       # until cancelled; a bug anywhere in it ends it
    answer = await desk.answer(question)   # the dialplan's question, from the AGI server
    await desk.wish(wish)                  # what a person wants; raises NotGranted
    desk.calls(), desk.seats()             # now

Rules:

- Nothing that a caller waits for waits for anything: a question is answered in the step in which it came.
- Facts that the engine saw are written with the time at which Asterisk told them. What it only finds out afterwards (a
  call that it adopts, was answered or ended while it was away) it leaves to the catch-up, which reads the true times.
- Before the first look at Asterisk nothing is decided: every caller is left to the net.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

from intake import command, event, wish
from intake.distributor import Distributor, Event
from intake.edge.about import NOTHING, About
from intake.edge.acting import Acting
from intake.edge.hearing import NET, Hearing
from intake.edge.now import CallNow, Change, SeatNow
from intake.edge.past import Begun
from intake.edge.scribe import Scribe
from intake.edge.sight import Known, sight
from intake.outcome import Outcome
from intake.people import Person
from intake.snapshot import Snapshot
from intake.step import Decision, Step
from intake.view import CallView, SeatView
from journal import Journal
from journal.instant import Clock, utc_now
from telephony.agi.answer import Answer, Net, Nothing, Offer, Wait
from telephony.agi.question import Question
from telephony.manager import event as told
from telephony.manager.exchange import Exchange, Gap, News
from telephony.manager.snapshot import Snapshot as Seen

SHOW_S = 0.05  # how often what changed is told: twenty times a second is more than an eye follows
COMMIT_TRIES = 3  # of a fact whose commit ended unknown; it has an id, so that it is written once at most
BREATHE = 50  # news in a row after which others get a turn: some 3 ms
_HISTORY = (event.Resync, event.CallFound, event.SeatFound)
"""What is found out, not seen."""

log = logging.getLogger("intake")

_OUTCOMES = {
    "BUSY": Outcome.BUSY,
    "NOANSWER": Outcome.NO_ANSWER,
    "ANSWER": Outcome.ANSWERED,
    "CONGESTION": Outcome.FAILED,
    "CHANUNAVAIL": Outcome.FAILED,
}
"""Of an offer as a whole, as the dialplan says it with its next question."""


class NotGranted(ValueError):
    """A wish that is not granted; `code` is stable."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(because)
        self.code = code


class Desk:
    """Holds the parts together. Everything in it happens in one event loop."""

    def __init__(
        self,
        exchange: Exchange,
        distributor: Distributor,
        journal: Journal,
        *,
        services: Mapping[str, str],
        people: Iterable[Person],
        reports: Collection[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        """`services` tells the id of the service behind a called number; `reports`: by which departments report."""
        self._exchange = exchange
        self._core = distributor
        self._services = services
        self._people = {person.id: person for person in people}
        self._clock = clock
        self._seats = tuple(seat.id for seat in distributor.seats())
        self._reports = reports
        self._hearing = Hearing(self._seats, reports)
        self._acting = Acting(exchange, self._hearing, self._read, self._report, lambda: clock().timestamp())
        self._scribe = Scribe(journal, self._hearing)
        self._fence = 0
        """The highest that the journal has."""
        self._numbers = count(1)
        self._wishes: dict[str, asyncio.Future[command.Reply]] = {}
        self._deciding: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._stepped = asyncio.Event()
        self._calls_shown: dict[str, CallNow] = {}
        self._seats_shown: dict[str, SeatNow] = {}
        self._broken: asyncio.Future[None] | None = None
        self._epoch = clock() - timedelta(seconds=_now())
        """What the calendar shows at second 0 of the loop's clock."""
        self.shows: Callable[[Change], None] = lambda change: None
        """Told what has changed, soon after."""
        self.tells: Callable[[command.Tell], None] = lambda tell: None
        """Told at once what a supervisor should look at."""
        self.hears: Callable[[News], None] = lambda news: None
        """Given every news, in order, before anything is done about it; must not wait."""
        self.about: Callable[[str], About] = lambda call: NOTHING
        """What is known of the caller of a call; who finds out more says so by `changed`."""
        self.seeing = asyncio.Event()
        """Set while it sees what Asterisk has; while it doesn't, every caller is left to the net."""
        self.steps = 0
        """How many events were handled."""

    # Its life.

    async def run(self) -> None:
        """Hear, act and show, until cancelled. Raises Bug, and whatever else must end the process."""
        self._broken = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._acting.run())
                group.create_task(self._listen())
                group.create_task(self._show())
                group.create_task(_raised(self._broken))
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for task in self._deciding:
                task.cancel()

    async def _listen(self) -> None:
        heard = 0
        while True:
            await self._news(await self._exchange.next())
            heard += 1
            if heard % BREATHE == 0:
                await asyncio.sleep(0)

    async def _news(self, news: News) -> None:
        self.hears(news)
        match news:
            case Gap():
                log.warning("what Asterisk tells has a gap (%s)", news.why.value)
                self.seeing.clear()
            case Seen():
                if not self._core.synced:
                    await self._recall(news)
                self._hearing.restart([(present.channel, present.bridge) for present in news.channels])
                self._take(event.Resync(self._read(news)), self._clock())
                self._scribe.keep(view.id for view in self._core.calls())
                self.seeing.set()
            case _:
                self._hear(news)

    async def _recall(self, seen: Seen) -> None:
        """In a new life: what the journal knows of the calls that are up."""
        calls = [present.channel.id for present in seen.channels if self._hearing.is_callers(present.channel)]
        self._fence = await self._scribe.recall(calls)

    def _hear(self, news: told.Event) -> None:
        match news:
            case told.Arrived(channel=channel) if self._hearing.is_callers(channel):
                self._scribe.began(channel.id, Begun(news.at, channel.extension, channel.number))
            case _:
                pass
        for report in self._hearing.hear(news):
            new = isinstance(report, event.Unanswered) and not self.knows(report.call)
            self._take(report, news.at)
            if isinstance(report, event.Unanswered) and new:
                self._describe(report.call)
            elif isinstance(report, event.CallerGone):
                self._scribe.gone(report.call, news.at)

    def _describe(self, call: str) -> None:
        """A call that never asked is for the service that its caller dialled, as far as that was seen."""
        begun = self._scribe.begun(call)
        service = self._services.get(begun.called) if begun is not None else None
        if service is not None:
            self._take(event.Changed(call, service=service), self._clock())

    # Questions and wishes.

    @property
    def ready(self) -> bool:
        """Whether it can decide."""
        return self.seeing.is_set()

    async def answer(self, question: Question) -> Answer:
        """Which seat? For the AGI server."""
        if not self.ready:
            return Nothing()
        name = f"{question.call}/{next(self._numbers)}"
        at = self._clock()
        silent = question.more.get("silent")
        if self.knows(question.call):
            if silent:  # he may have chosen it while nobody listened
                self._take(event.Changed(question.call, service=silent), at)
        elif question.more.get("waited", "0") == "0":
            # It overtook the news of the call.
            self._scribe.began(question.call, Begun(at, question.called, question.number))
        begun = self._scribe.begun(question.call)
        came_to = Outcome.BUSY if question.more.get("raced") else _OUTCOMES.get(question.more.get("outcome", ""))
        step = self._take(
            event.Asked(
                question=name,
                call=question.call,
                called=question.called,
                caller=question.number,
                service=silent or self._services.get(question.called),
                waited_s=0.0 if begun is None else max(0.0, (at - begun.at).total_seconds()),
                fence=question.fence,
                outcome=came_to,
            ),
            at,
        )
        if not self.knows(question.call):
            self._scribe.forget(question.call)  # the news of its end overtook the question
        else:
            self._hearing.asked(question.call)
        for wanted in step.commands:
            match wanted:
                case command.Offer(question=asked) if asked == name:
                    return Offer(wanted.fence, wanted.seats, wanted.ring_s)
                case command.Wait(question=asked) if asked == name:
                    return Wait(wanted.fence)
                case command.UseNet(question=asked) if asked == name:
                    return Net(wanted.fence)
        return Nothing()

    def unheard(self, question: Question, answer: Offer | Wait | Net) -> None:
        """An answer did not reach the dialplan. For the AGI server."""
        self._take(event.Undelivered(question.call, answer.fence), self._clock())

    async def wish(self, wanted: wish.Wish) -> None:
        """Grant what a person wants; returns when it is written down and done. Raises NotGranted."""
        if not self.ready:
            raise NotGranted("not_ready", "the engine does not see what Asterisk has; try again in a moment")
        reply: asyncio.Future[command.Reply] = asyncio.get_running_loop().create_future()
        self._wishes[wanted.wish] = reply
        self._take(wanted, self._clock())
        came_to = await reply
        if came_to.refused is not None:
            raise NotGranted(came_to.refused, came_to.because)

    async def _commit(self, decision: Decision, at: datetime) -> None:
        written = await self._scribe.commit(decision, at)
        done = wish.Committed(decision.wish) if written else wish.NotCommitted(decision.wish)
        self._take(done, self._clock())

    # Steps.

    def pulse(self) -> None:
        """Let a decision that decides nothing go all the way through: the proof of life."""
        self._take(event.Tick(), self._clock())

    def changed(self) -> None:
        """What is shown of some call is different now."""
        self._stepped.set()

    def _report(self, report: event.Report) -> None:
        self._take(report, self._clock())

    def _take(self, heard: Event, at: datetime) -> Step:
        """One step of the core: written, carried out, and told."""
        try:
            step = self._core.handle(heard, _now())
            self.steps += 1
            for decision in step.decided:
                task = asyncio.create_task(self._commit(decision, at))
                self._deciding.add(task)
                task.add_done_callback(self._decided)
            for each in step.witnessed:
                self._scribe.write(each, at, self._core.fence, history=isinstance(heard, _HISTORY))
            for wanted in step.commands:
                self._act(wanted)
        except BaseException as bug:
            self._break(bug)
            raise
        self._wind()
        self._stepped.set()
        return step

    def _act(self, wanted: command.Command) -> None:
        match wanted:
            case command.Offer() | command.Wait() | command.UseNet():
                pass  # whoever asked takes it
            case command.Reply():
                reply = self._wishes.pop(wanted.wish, None)
                if reply is not None and not reply.done():
                    reply.set_result(wanted)
            case command.Tell():
                log.warning("look: %s, seat %s, call %s", wanted.about, wanted.seat, wanted.call)
                self.tells(wanted)
            case _:
                self._acting.do(wanted)

    def _decided(self, task: asyncio.Task[None]) -> None:
        self._deciding.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._break(bug)

    def _break(self, bug: BaseException) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_exception(bug)

    def _wind(self) -> None:
        """Tick when the core wants it."""
        due = self._core.next_deadline()
        if due == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer_at = due
        self._timer = None if due is None else loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer_at = None
        with suppress(Exception):  # `run` raises it
            self.pulse()

    # What is now.

    @property
    def acts_failed(self) -> int:
        """Acts that Asterisk refused, or of which nobody knows whether they took effect."""
        return self._acting.failed

    @property
    def unwritten(self) -> int:
        """Facts that the journal refused."""
        return self._scribe.unwritten

    def knows(self, call: str) -> bool:
        """Whether this call is up."""
        return self._core.call(call) is not None

    def calls(self) -> list[CallNow]:
        """Every call that is up, in the order in which they became known."""
        return [self._call_now(view) for view in self._core.calls()]

    def seats(self) -> list[SeatNow]:
        """Every seat, in the order of the centre's file."""
        return [self._seat_now(view) for view in self._core.seats()]

    def _call_now(self, view: CallView) -> CallNow:
        begun = self._scribe.begun(view.id) or Begun(self._moment(view.arrived))
        seat = self._hearing.joined_with(view.id, view.seat) if view.seat is not None else None
        return CallNow(
            view=view,
            called=view.called or begun.called,
            caller=view.caller or begun.caller,
            arrived_at=begun.at,
            answered_at=begun.answered_at,
            by_net=begun.by_net if seat is None else seat.path == NET,
            about=self.about(view.id),
        )

    def _seat_now(self, view: SeatView) -> SeatNow:
        since = view.free_since
        person = self._people.get(view.person) if view.person is not None else None
        return SeatNow(view, person, None if since is None else self._moment(since))

    def _moment(self, at: float) -> datetime:
        return (self._epoch + timedelta(seconds=at)).astimezone(UTC)

    async def _show(self) -> None:
        """Tell what has changed, a few times a second."""
        while True:
            await self._stepped.wait()
            self.show()
            await asyncio.sleep(SHOW_S)

    def show(self) -> None:
        """Tell what has changed now. Before somebody is given all calls and seats: he is told of changes since."""
        self._stepped.clear()
        calls = {call.view.id: call for call in self.calls()}
        seats = {seat.view.id: seat for seat in self.seats()}
        change = Change(
            calls=tuple(call for name, call in calls.items() if self._calls_shown.get(name) != call),
            seats=tuple(seat for name, seat in seats.items() if self._seats_shown.get(name) != seat),
            gone=tuple(name for name in self._calls_shown if name not in calls),
        )
        self._calls_shown, self._seats_shown = calls, seats
        if change:
            self.shows(change)

    # What Asterisk has.

    def _read(self, seen: Seen) -> Snapshot:
        now_s = self._clock().timestamp()
        return sight(seen, self._seats, self._known, reports=self._reports, fence=self._fence, now_s=now_s)

    def _known(self, call: str, called: str) -> Known:
        begun = self._scribe.begun(call)
        view = self._core.call(call)
        service = view.need.service if view is not None else self._services.get(called)
        return Known(service, None if begun is None else (self._clock() - begun.at).total_seconds())


def _now() -> float:
    """Seconds of the clock by which the core lives, and the loop's timers too."""
    return asyncio.get_running_loop().time()


async def _raised(broken: asyncio.Future[None]) -> None:
    await broken
