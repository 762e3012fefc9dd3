"""What became of callers, told from the channel event log alone: who called, who answered when, when it was over.

    history = History(seats)
    for event in rows: history.feed(event)   # gives what can be told from here on, in order
    history.open                             # calls that began and have not ended, the oldest first
    history.lose(calls)                      # they are gone, and nothing will tell how they ended

Pure, and without a clock: the same rows give the same facts, however they were cut. Rules:

- A caller's call begins with a channel in the context of the trunks that was not made for another one. A call that we
  place ourselves begins alike; the next row of its channel tells, so a beginning is told with that one.
- *Answered* is two channels in one bridge, the caller's and one made for it. That Asterisk accepted a call (ANSWER), to
  let the caller hear the announcement, is nothing that anybody wants to know.
- Whoever is lost while the caller stays is told when the caller is looked after again: before that both may be leaving.
- Who reports on an order, and a duty telephone that dials, is no caller, unless he is handed over to a call-taker: his
  call begins in that moment.
- An Asterisk that was killed writes no end. Numbers of channels only grow while it lives: a lower one in a later second
  means that another one writes now, and that what began before is gone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from intake import fact
from intake.edge.hearing import ENGINE
from intake.edge.writing import answered_id, draft_of, end_id, start_id
from journal import Draft
from journal.canonical import Json
from telephony.cel import ChannelEvent

TRUNKS, DUTY = "unified", "duty"
"""The contexts in which callers arrive, and duty telephones that dial."""
REPORTS, CALLER = "Feedback", "Caller"
"""The dialplan's own rows: who calls reports by telephone and is no caller; from here on he is one."""
WITHOUT_ENGINE: Mapping[str, Json] = {"without_engine": True}
"""Stands in every fact that the engine did not see itself."""
MOST_OPEN = 20_000
"""Calls that have not ended: far more than lines; of more, the oldest is a leftover."""
_SKEW_S = 2
"""Two channels made at once may have their second and their number in either order."""
_LEFT_S = 1.0
"""Whoever leaves a conversation takes the other one with him within ms; a caller who is still there then, stayed."""
_UNIQUE = re.compile(r"(?:.*-)?([0-9]{1,11})\.([0-9]{1,10})", re.ASCII)
_CALLED_BY_US = frozenset(("AppDial", "AppDial2"))
"""What Asterisk calls the work of a channel that was called."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that the log tells."""

    id: str
    at: datetime
    fact: fact.CallArrived | fact.CallAnswered | fact.CallCameBack | fact.CallEnded
    more: Mapping[str, Json] = field(default_factory=lambda: WITHOUT_ENGINE)

    def draft(self, person: str | None = None) -> Draft:
        """The journal entry; `person` is who was signed in where it was answered."""
        told = self.fact
        if isinstance(told, fact.CallAnswered):
            told = replace(told, person=person)
        return draft_of(told, self.at, id=self.id, more=self.more)


def lost_id(call: str, channel: str) -> str:
    """Of the fact that who had answered with this channel was lost and the caller looked after again."""
    return f"{call}:lost:{channel}"


@dataclass(frozen=True, slots=True)
class _Newest:
    """The channel with the highest number that this Asterisk has made."""

    number: int
    second: int
    channel: str


@dataclass(slots=True)
class _Leg:
    """A channel that was made for a call."""

    endpoint: str
    path: str = ""
    """Who chose it: the engine, or the net."""
    bridge: str = ""
    answered: bool = False


@dataclass(slots=True)
class _Call:
    """One caller's attempt, as far as it has come."""

    id: str
    began: datetime
    called: str
    caller: str
    last: datetime
    """Of its last row."""
    told: bool = False
    """Its beginning was."""
    quiet: bool = False
    """It is no caller's, so far."""
    bridge: str = ""
    legs: dict[str, _Leg] = field(default_factory=dict)
    answered: bool = False
    lost: tuple[datetime, str, str] | None = None
    """Who was lost: when, which channel, whose."""


class History:
    """Feed it rows; what it remembers is what has not ended."""

    def __init__(self, seats: Collection[str]) -> None:
        self._seats = frozenset(seats)
        self._calls: dict[str, _Call] = {}
        self._newest: _Newest | None = None
        self._since_newest: set[str] = set()
        """Calls that began after that one: another Asterisk's, perhaps."""

    @property
    def open(self) -> Mapping[str, datetime]:
        """Calls that have not ended, with the time of their last row; in the order of their beginnings."""
        return {call.id: call.last for call in self._calls.values()}

    def is_open(self, call: str) -> bool:
        """Whether a call has begun and not ended."""
        return call in self._calls

    def feed(self, event: ChannelEvent) -> list[Told]:
        """What one row tells, on top of all before."""
        told: list[Told] = []
        if event.kind == "CHAN_START":
            told += self._started(event)
        call = self._calls.get(event.channel) or self._calls.get(event.call)
        if call is not None:
            call.last = max(call.last, event.at)
            told += self._of_caller(call, event) if event.channel == call.id else self._of_leg(call, event)
        return told

    def lose(self, calls: Iterable[str]) -> list[Told]:
        """These calls are gone without a word; they ended with their last row at the latest."""
        told: list[Told] = []
        for id in calls:
            call = self._calls.get(id)
            if call is not None:
                told += self._end(call, call.last, found=True)
        return told

    # A channel begins.

    def _started(self, event: ChannelEvent) -> list[Told]:
        told = self._another_asterisk(event)
        if event.channel != event.call or event.context not in (TRUNKS, DUTY) or event.endpoint in self._seats:
            return told
        if event.channel in self._calls:
            return told
        quiet = event.context == DUTY
        self._calls[event.call] = _Call(event.call, event.at, event.dialled, event.caller, event.at, quiet=quiet)
        if self._newest is not None and self._newest.channel != event.call:
            self._since_newest.add(event.call)
        if len(self._calls) > MOST_OPEN:
            told += self.lose([next(iter(self._calls))])
        return told

    def _another_asterisk(self, event: ChannelEvent) -> list[Told]:
        """End what an Asterisk that is no more has left."""
        unique = _UNIQUE.fullmatch(event.channel)
        if unique is None:
            return []
        newest = _Newest(int(unique[2]), int(unique[1]), event.channel)
        told: list[Told] = []
        if self._newest is not None and newest.number <= self._newest.number:
            if newest.second <= self._newest.second + _SKEW_S:
                return []
            told = self.lose([id for id in self._calls if id not in self._since_newest])
        self._newest = newest
        self._since_newest.clear()
        return told

    # The caller's own channel.

    def _of_caller(self, call: _Call, event: ChannelEvent) -> Iterator[Told]:
        if event.kind == "CHAN_START":
            return
        if not call.told and event.application in _CALLED_BY_US:
            self._drop(call)  # nobody called us: we did
            return
        if event.kind in (REPORTS, CALLER):
            call.quiet = event.kind == REPORTS
            call.began = event.at
        if call.quiet:
            if event.kind == "CHAN_END":
                self._drop(call)
            return
        yield from self._begin(call)
        match event.kind:
            case "BRIDGE_ENTER":
                call.bridge = event.bridge
                for channel, leg in call.legs.items():
                    yield from self._join(call, channel, leg, event.at)
            case "BRIDGE_EXIT":
                call.bridge = ""
            case "APP_START":  # looked after again: rung for, or asked for
                yield from self._come_back(call)
            case "CHAN_END":
                yield from self._end(call, event.at)

    def _begin(self, call: _Call) -> Iterator[Told]:
        if not call.told:
            call.told = True
            yield Told(start_id(call.id), call.began, fact.CallArrived(call.id, call.called, call.caller))

    def _end(self, call: _Call, at: datetime, *, found: bool = False) -> Iterator[Told]:
        if call.quiet:
            self._drop(call)
            return
        yield from self._begin(call)
        if call.lost is not None and (at - call.lost[0]).total_seconds() > _LEFT_S:
            yield from self._come_back(call)
        self._drop(call)
        lasted_s = (at - call.began).total_seconds()
        yield Told(end_id(call.id), at, fact.CallEnded(call.id, call.answered, lasted_s, found))

    def _drop(self, call: _Call) -> None:
        del self._calls[call.id]
        self._since_newest.discard(call.id)

    # Channels that were made for it.

    def _of_leg(self, call: _Call, event: ChannelEvent) -> Iterator[Told]:
        leg = call.legs.get(event.channel)
        if call.quiet:
            return
        match event.kind:
            case "CHAN_START" if event.endpoint and leg is None:
                call.legs[event.channel] = _Leg(event.endpoint)
            case _ if leg is None:
                return
            case "Joined":
                leg.path = event.told
            case "BRIDGE_ENTER":
                leg.bridge = event.bridge
                yield from self._join(call, event.channel, leg, event.at)
            case "BRIDGE_EXIT":
                leg.bridge = ""
                if leg.answered:
                    call.lost = event.at, event.channel, leg.endpoint
            case "CHAN_END":
                del call.legs[event.channel]

    def _join(self, call: _Call, channel: str, leg: _Leg, at: datetime) -> Iterator[Told]:
        if not call.bridge or leg.bridge != call.bridge:
            return
        call.lost = None
        if leg.answered:
            return
        leg.answered = call.answered = True
        yield from self._begin(call)
        waited_s = (at - call.began).total_seconds()
        answered = fact.CallAnswered(call.id, self._seat(leg.endpoint), None, waited_s, leg.path != ENGINE)
        yield Told(answered_id(call.id, channel), at, answered, self._more(leg.endpoint))

    def _come_back(self, call: _Call) -> Iterator[Told]:
        if call.lost is None or any(leg.answered and leg.bridge for leg in call.legs.values()):
            return
        at, channel, endpoint = call.lost
        call.lost = None
        came_back = fact.CallCameBack(call.id, self._seat(endpoint) or None)
        yield Told(lost_id(call.id, channel), at, came_back, self._more(endpoint))

    def _seat(self, endpoint: str) -> str:
        return endpoint if endpoint in self._seats else ""

    def _more(self, endpoint: str) -> Mapping[str, Json]:
        """A neighbour is told by the trunk that leads to it."""
        return WITHOUT_ENGINE if endpoint in self._seats else {**WITHOUT_ENGINE, "line": endpoint}
