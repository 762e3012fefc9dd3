"""Beside the calls: who calls and from where is found out while the telephone rings, and nothing waits for it.

    beside = Beside(Finding(locator, journal.reader, form), journal, exchange, seats)
    desk.hears = beside.hear              # every news
    desk.about = beside.about             # what is known of a call, now
    beside.changed = desk.changed
    beside.committed(facts)                    # what was committed: incidents may be about a call that is up
    beside.close()

Rules: whatever fails is told beside the call, and delays nothing and nobody. A call that an earlier life knew keeps the
positions that the journal has of it; a channel of which some news may be lost is asked what it carried. What is found
is witnessed, and what cannot be written is not shown; what somebody marks is on disk before it is shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from gis.carried import Carried, Geoloc
from gis.locate import CallFacts, Located
from gis.position import Position
from intake.edge.about import NOTHING, About, Missing
from intake.edge.desk import NotGranted
from intake.edge.finding import Finding
from intake.edge.hearing import Hearing
from intake.edge.locating import areas_of, located_draft
from intake.history import NumberHistory
from intake.incident import Who
from journal import BadFact, Fact, Journal, JournalTrouble, Refusal
from journal.instant import Clock, utc_now
from telephony.carriage import carried_by
from telephony.manager import event as told
from telephony.manager.channel import Channel
from telephony.manager.exchange import Exchange, News
from telephony.manager.snapshot import Snapshot

LATE_S = 1.0
"""A call-taker answers within three seconds, and should have seen who calls before."""

log = logging.getLogger("intake")


@dataclass(slots=True)
class _Call:
    """One call that is up."""

    id: str
    facts: CallFacts
    began: float
    """Of the loop's clock: when we heard of it."""
    adopted: Channel | None = None
    """It was up when we looked; what we were not told of it, or an earlier life knew, was not looked for yet."""
    restored: bool = False
    """What an earlier life knew of it is known."""
    locate: bool = True
    """Where he is has to be looked up."""
    ask: bool = True
    """What is known of his number has to be looked up."""
    about: About = NOTHING
    timely: bool | None = None
    """Whether everything was found out in time; None: not yet."""
    working: asyncio.Task[None] | None = None


class Beside:
    """What is known of those who call now. It lives in one event loop."""

    def __init__(
        self,
        finding: Finding,
        journal: Journal,
        exchange: Exchange,
        seats: Collection[str],
        clock: Clock = utc_now,
        *,
        reports: Collection[str] = (),
    ) -> None:
        """`reports` are the numbers by which departments report."""
        self._finding = finding
        self._journal = journal
        self._exchange = exchange
        self._hearing = Hearing(seats, reports)
        self._clock = clock
        self._calls: dict[str, _Call] = {}
        self._marking: set[asyncio.Future[None]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By call, whether it is up or over: one change of its positions at a time."""
        self.changed: Callable[[], None] = lambda: None
        """Told when more is known of some call."""
        self.late = 0
        """Calls of which not everything was known after `LATE_S`."""

    def close(self) -> None:
        """Look nothing up any more."""
        for call in self._calls.values():
            if call.working is not None:
                call.working.cancel()
        self._finding.close()

    # What happens.

    def hear(self, news: News) -> None:
        """Every news of Asterisk, in order; returns at once."""
        match news:
            case told.Arrived(channel=channel) if self._hearing.is_callers(channel):
                self._arrived(news)
            case told.Carried(channel=channel) if self._hearing.is_callers(channel):
                call = self._arrived(news)
                call.facts = replace(call.facts, carried=_carried(news))
                self._again(call)
            case told.Ended(channel=channel):
                self._calls.pop(channel.id, None)  # what is being looked up for it is thrown away
            case Snapshot():
                self._compare(news)
            case _:
                pass

    def asked(self, call: str, number: str) -> None:
        """The dialplan asks who takes a call: it may be news of it, of one that became a caller's call just now."""
        self._begin(call, CallFacts(number, self._clock()))

    def committed(self, facts: Iterable[Fact]) -> None:
        """What was committed: what is known of a call changes with the incidents that it may be about."""
        for fact in facts:
            incident = fact.subjects.get("incident")
            if incident is None or not fact.type.startswith("Incident"):
                continue
            moved = {fact.subjects.get("call"), *_moved(fact)}
            keys = {self._finding.key(each) for each in self._callers(fact, moved)} - {""}
            for id, call in self._calls.items():
                same_number = keys and self._finding.key(call.facts.number) in keys
                if id in moved or incident in _named(call.about) or same_number:
                    call.ask = True
                    self._work(call)

    def _callers(self, fact: Fact, moved: Collection[str | None]) -> Iterator[str]:
        """Numbers of the calls that it links with its incident: who redials is asked about the same."""
        personal = fact.personal or {}
        yield str(personal.get("caller", ""))
        yield from map(str, personal.get("callers", {}).values())
        yield from (call.facts.number for id, call in self._calls.items() if id in moved)

    def _compare(self, seen: Snapshot) -> None:
        up = {each.channel.id: each for each in seen.channels if self._hearing.is_callers(each.channel)}
        for id in [each for each in self._calls if each not in up]:
            del self._calls[id]
        for each in up.values():
            began = self._clock() - timedelta(seconds=each.age_s)
            channel = each.channel
            call = self._begin(channel.id, CallFacts(channel.number, began, channel.endpoint))
            if not call.facts.carried and not call.restored:
                call.facts = replace(call.facts, trunk=channel.endpoint)
                call.adopted = channel
                self._again(call)

    def _arrived(self, news: told.Arrived | told.Carried) -> _Call:
        channel = news.channel
        call = self._begin(channel.id, CallFacts(channel.number, news.at, channel.endpoint))
        if not call.facts.trunk:  # its question has overtaken the news of it
            call.facts = replace(call.facts, at=news.at, trunk=channel.endpoint)
            self._again(call)
        return call

    def _begin(self, id: str, facts: CallFacts) -> _Call:
        call = self._calls.get(id)
        if call is None:
            call = self._calls[id] = _Call(id, facts, asyncio.get_running_loop().time())
            self._work(call)
        return call

    def _again(self, call: _Call) -> None:
        call.locate = True
        self._work(call)

    # What is known.

    def about(self, call: str) -> About:
        """What is known of a call now."""
        known = self._calls.get(call)
        return NOTHING if known is None else known.about

    def areas(self, call: str) -> frozenset[str]:
        """Ids of the areas in which the caller of a call is, was or may be, if that is more than a guess.

        For any thread but that of an event loop: of a call of which nothing is known here, the journal is asked. Raises
        what the database raises.
        """
        located = self.about(call).located
        return areas_of(located) if located.positions else self._finding.areas(call)

    def number(self, call: str) -> str:
        """The number of a call that is up; empty: withheld, or not up."""
        known = self._calls.get(call)
        return "" if known is None else known.facts.number

    async def number_of(self, call: str) -> NumberHistory:
        """All that is known of the number that calls, or called; looked up now. Raises NotGranted."""
        known = self._calls.get(call)
        try:
            number = known.facts.number if known is not None else await self._finding.number_of(call)
            if number is None:
                raise NotGranted("no_such_call", f"there is no call {call}, neither up nor in the journal")
            return (await self._finding.ask(call, number, self._clock()))[0]
        except SQLAlchemyError as error:
            raise NotGranted("journal_trouble", "the journal cannot be read now") from error

    async def mark(self, call: str, position: Position, who: Who) -> None:
        """Somebody has marked where the caller is, or was; returns when it is written down. Raises NotGranted."""
        marking = asyncio.ensure_future(self._mark(call, position, who))
        self._marking.add(marking)
        marking.add_done_callback(self._marking.discard)
        await asyncio.shield(marking)  # it is done to its end, though whoever wants it is gone

    async def _mark(self, id: str, position: Position, who: Who) -> None:
        async with self._lock(id):
            call = self._calls.get(id)
            known = call.about.located if call is not None else await self._of_the_past(id)
            located = await self._finding.add(known, position)
            draft = located_draft(id, located, self._clock(), who)
            try:
                done = await self._journal.decide(lambda unit: unit.record_once((draft,)))
            except JournalTrouble as error:
                raise NotGranted("not_written_down", str(error)) from error
            if isinstance(done, Refusal):
                raise NotGranted("not_written_down", f"the journal is {done}")
            if call is not None:
                call.about = replace(call.about, located=located)
                self.changed()

    def _lock(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())

    async def _of_the_past(self, id: str) -> Located:
        try:
            if not await self._finding.is_known(id):
                raise NotGranted("no_such_call", f"there is no call {id}, neither up nor in the journal")
            return await self._finding.earlier(id) or Located()
        except SQLAlchemyError as error:
            raise NotGranted("not_written_down", "the journal cannot be read now") from error

    # Looking up.

    def _work(self, call: _Call) -> None:
        if call.working is None:
            call.working = asyncio.create_task(self._look_up(call))

    async def _look_up(self, call: _Call) -> None:
        try:
            while (call.locate or call.ask) and self._calls.get(call.id) is call:
                if call.locate:
                    call.locate = False
                    await self._locate(call)
                else:
                    call.ask = False
                    await self._ask(call)
        finally:
            call.working = None
        if call.timely is None:
            call.timely = asyncio.get_running_loop().time() - call.began <= LATE_S
            self.late += not call.timely

    async def _locate(self, call: _Call) -> None:
        async with self._lock(call.id):
            known = call.about.located
            try:
                located = None if call.adopted is None else await self._adopted(call, call.adopted, known)
                call.adopted = None
                located = located or await self._finding.locate(call.facts, known)
            except Exception as error:  # noqa: BLE001 - a call goes on, whatever it is
                self._missed(call, "location_failed", error)
                return
            if located == known:
                return
            try:
                draft = located_draft(call.id, located, self._clock())
            except BadFact as error:  # something in it came from outside: what cannot be written cannot be shown
                self._missed(call, "location_not_written", error)
                return
            call.about = replace(call.about, located=located)
            self.changed()
            refused = self._journal.witness(draft)
            if refused is not None:
                log.error("where %s calls from is not written down: the journal is %s", call.id, refused)

    async def _adopted(self, call: _Call, channel: Channel, known: Located) -> Located | None:
        """What the journal has of one who is new to us; else his INVITE is asked for what it carried: None is given."""
        earlier = await self._finding.earlier(call.id, call.facts) if known == Located() else None
        call.restored = earlier is not None
        if earlier is None and not call.facts.carried:
            said = await carried_by(self._exchange, channel, call.facts.at)
            if said is not None and not call.facts.carried:
                call.facts = replace(call.facts, carried=_carried(said))
        return earlier

    async def _ask(self, call: _Call) -> None:
        try:
            number, incidents = await self._finding.ask(call.id, call.facts.number, self._clock())
        except Exception as error:  # noqa: BLE001 - a call goes on, whatever it is
            self._missed(call, "history_failed", error)
            return
        missing = tuple(each for each in call.about.missing if each.code != "history_failed")
        call.about = replace(call.about, number=number, incidents=incidents, missing=missing)
        self.changed()

    def _missed(self, call: _Call, code: str, error: Exception) -> None:
        log.warning("%s: %s", code, error, exc_info=not isinstance(error, OSError | SQLAlchemyError))
        if all(each.code != code for each in call.about.missing):
            missing = (*call.about.missing, Missing(code, type(error).__name__))
            call.about = replace(call.about, missing=missing)
            self.changed()


def _carried(news: told.Carried) -> tuple[Carried, ...]:
    header = (news.header,) if news.header else ()
    geoloc = Geoloc(news.format, news.location_info, news.confidence, news.method)
    return (*header, geoloc) if news.location_info else header


def _moved(fact: Fact) -> Iterator[str]:
    """Calls that a split took along."""
    for name in ("moved", "calls"):
        for each in fact.body.get(name, ()):
            yield str(each["call"]) if isinstance(each, Mapping) else str(each)


def _named(about: About) -> frozenset[str]:
    """Ids of the incidents that are shown beside a call."""
    of_number = about.number.incidents if about.number is not None else ()
    return frozenset(each.id for each in (*about.incidents, *of_number))
