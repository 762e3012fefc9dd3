"""Telephones and the Asterisk between them, as the manager link tells of them: for tests of the edge.

It knows what is up and tells every step in Asterisk's own order, as it was recorded; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count

from telephony.manager import event as told
from telephony.manager.channel import Channel, ChannelState
from telephony.manager.event import Device, DialOutcome, Event, Reach
from telephony.manager.snapshot import Bridge, Present, Snapshot
from tests.journal_places import Clock

SEATS = ("seat-01", "seat-02", "seat-03")
SECOND = 1795451192
"""In which this Asterisk makes its channels."""


def channel(
    id: str,
    *,
    call: str | None = None,
    endpoint: str = "city",
    state: ChannelState = ChannelState.CALLING,
    number: str = "13800000001",
    context: str = "unified",
    extension: str = "119",
    called: str = "",
    fence: int = 0,
    path: str = "",
) -> Channel:
    """A telephone's channel; a caller's that has just come, unless told."""
    name = f"PJSIP/{endpoint}-{abs(hash(id)) % 16**8:08x}"
    return Channel(id, call or id, name, state, number, "", context, extension, called, fence, path)


class Telephones:
    """`tell` takes what Asterisk tells, at the time of the clock."""

    def __init__(self, tell: Callable[[Event], None], clock: Clock, seats: Iterable[str] = SEATS) -> None:
        self._tell = tell
        self._clock = clock
        self.seats = tuple(seats)
        self.up: dict[str, Channel] = {}
        self.bridges: dict[str, str] = {}
        """The bridge of each channel that is in one."""
        self.began: dict[str, datetime] = {}
        self.contacts: dict[str, Reach] = dict.fromkeys(self.seats, Reach.REACHABLE)
        self.devices: dict[str, Device] = dict.fromkeys(self.seats, Device.FREE)
        self.database: dict[str, str] = {}
        self._numbers = count(2)

    def new_id(self) -> str:
        """A unique id, of all channels in order."""
        return f"liandong-{SECOND}.{next(self._numbers)}"

    # Callers.

    def comes(self, number: str = "13800000001", called: str = "119", *, endpoint: str = "city") -> str:
        """A caller has dialled; his call's id."""
        new = channel(self.new_id(), endpoint=endpoint, number=number, extension=called)
        self._begin(new)
        self._tell(told.Arrived(self._at, new))
        self.goes(new.id, "asking", called=called)
        return new.id

    def goes(self, call: str, context: str, **known: object) -> None:
        """A caller is somewhere else in the dialplan; nothing is told of that."""
        self.up[call] = replace(self.up[call], context=context, extension="s", **known)  # type: ignore[arg-type]

    def waits(self, call: str, fence: int) -> None:
        """A caller waits, by this decision."""
        self.goes(call, "waiting", state=ChannelState.UP, path="engine", fence=fence)

    def leaves(self, call: str) -> None:
        """A caller hangs up, wherever he is, and every channel that was made for him ends."""
        legs = [each for each in self.up.values() if each.call == call and each.id != call]
        for each in (self.up[call], *legs):
            self._out_of_bridge(each.id)
        for leg in legs:
            if leg.state is not ChannelState.UP:
                self._tell(told.DialEnded(self._at, leg, self.up[call], DialOutcome.CANCELLED))
        for each in (self.up[call], *legs):
            self.ends(each.id)

    # Seats.

    def dials(self, call: str, seat: str, fence: int | None = None) -> str:
        """The dialplan dials a seat for a caller, by a decision or (without a fence) by itself; the channel's id."""
        path = "fallback" if fence is None else "engine"
        self.goes(call, "ring", path=path, fence=fence or self.up[call].fence)
        caller = self.up[call]
        new = channel(
            self.new_id(),
            call=call,
            endpoint=seat,
            state=ChannelState.DOWN,
            context="seats",
            extension="s",
            called=caller.called,
            fence=caller.fence,
            path=path,
        )
        self._begin(new)
        self._tell(told.Dialled(self._at, new, caller))
        return new.id

    def rings(self, leg: str) -> None:
        """A seat's telephone says that it rings."""
        self._state(leg, ChannelState.RINGING)
        self._tell(told.Ringing(self._at, self.up[leg]))
        self.device(self.up[leg].endpoint, Device.RINGING)

    def answers(self, leg: str) -> None:
        """A seat takes its call, the others that ring for it are left, and the two are joined."""
        call = self.up[leg].call
        self._state(leg, ChannelState.UP)
        self._tell(told.Accepted(self._at, self.up[leg]))
        for other in [each for each in self.up.values() if each.call == call and each.id not in (call, leg)]:
            self._tell(told.DialEnded(self._at, other, self.up[call], DialOutcome.CANCELLED))
            self.ends(other.id)
        self._tell(told.DialEnded(self._at, self.up[leg], self.up[call], DialOutcome.ACCEPTED))
        if self.up[call].state is not ChannelState.UP:
            self._state(call, ChannelState.UP)
            self._tell(told.Accepted(self._at, self.up[call]))
        self.device(self.up[leg].endpoint, Device.BUSY)
        for size, each in enumerate((leg, call), start=1):
            self.bridges[each] = f"bridge-{call}"
            self._tell(told.Joined(self._at, self.up[each], f"bridge-{call}", size))

    def refuses(self, leg: str, outcome: DialOutcome) -> None:
        """The ringing of one seat has ended without an answer."""
        gone = self.up[leg]
        self._tell(told.DialEnded(self._at, gone, self.up[gone.call], outcome))
        self.ends(leg)

    def comes_back(self, call: str, outcome: DialOutcome, *, raced: bool = False) -> None:
        """The dialplan leaves [offer] with this caller."""
        self._tell(told.Offered(self._at, self.up[call], self.up[call].fence, outcome, raced))
        self.goes(call, "asking")

    def drops(self, leg: str) -> None:
        """A seat hangs up; its caller stays in the dialplan, which ends the call or looks after him."""
        self._out_of_bridge(leg)
        self._out_of_bridge(self.up[leg].call)
        self.ends(leg)

    def holds(self, leg: str, *, resumes: bool = False) -> None:
        """A seat puts its caller on hold, or takes him back."""
        self._tell((told.Resumed if resumes else told.Held)(self._at, self.up[leg]))

    def device(self, seat: str, state: Device) -> None:
        """The line of a seat changes."""
        if self.devices.get(seat) is not state:
            self.devices[seat] = state
            self._tell(told.DeviceChanged(self._at, seat, state))

    def contact(self, seat: str, reach: Reach) -> None:
        """A telephone comes, goes, or is probed."""
        self.contacts[seat] = reach
        self._tell(told.ContactChanged(self._at, seat, reach))

    def ends(self, id: str) -> None:
        """A channel is gone."""
        gone = self.up.pop(id)
        self._tell(told.Ended(self._at, gone, 16))
        if gone.endpoint in self.seats and self.contacts[gone.endpoint] is Reach.REACHABLE:
            self.device(gone.endpoint, Device.FREE)

    def unanswered(self, call: str) -> None:
        """The dialplan says that it got no answer in time, and turns to the net."""
        self._tell(told.Unanswered(self._at, self.up[call]))
        self.goes(call, "fallback", path="fallback")

    # Everything at once.

    def seen(self) -> Snapshot:
        """What is up now."""
        present = tuple(
            Present(each, int((self._at - self.began[each.id]).total_seconds()), self.bridges.get(each.id, ""), "")
            for each in self.up.values()
        )
        members: dict[str, list[str]] = {}
        for id, bridge in self.bridges.items():
            members.setdefault(bridge, []).append(id)
        bridges = tuple(Bridge(bridge, "basic", tuple(ids)) for bridge, ids in members.items())
        return Snapshot(present, bridges, dict(self.contacts), dict(self.devices), dict(self.database))

    @property
    def _at(self) -> datetime:
        return self._clock()

    def _begin(self, new: Channel) -> None:
        self.up[new.id] = new
        self.began[new.id] = self._at

    def _state(self, id: str, state: ChannelState) -> None:
        self.up[id] = replace(self.up[id], state=state)

    def _out_of_bridge(self, id: str) -> None:
        bridge = self.bridges.pop(id, None)
        if bridge is not None:
            left = sum(each == bridge for each in self.bridges.values())
            self._tell(told.Left(self._at, self.up[id], bridge, left))
