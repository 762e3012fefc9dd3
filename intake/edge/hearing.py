"""What Asterisk tells, in the core's words. No clock, no socket: one happening in, at most a few events out.

Rules:

- Only callers' calls are told. A call that a seat dials itself shows as its device's state and as nothing else.
- The core first hears of a call by its question. One that never asked (its heartbeat test failed, we were slow) is told
  as `Unanswered` before anything else is said of it.
- *Joined* is two channels in one bridge: the caller's own and one towards a seat that was made for that call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from intake import event
from intake.outcome import Outcome
from intake.snapshot import Device
from telephony.manager import event as told
from telephony.manager.channel import Channel, ChannelState
from telephony.manager.event import DialOutcome, Reach

ENGINE, NET = "engine", "fallback"
"""Who chose the seat (`LD_PATH` of the dialplan)."""
_NOT_CALLERS = frozenset({"seat", "department", "feedback"})
"""The same of calls that no caller makes: a seat or a duty telephone that dials, a duty line that is called, somebody
who reports on an order. Who reports and is handed over to a call-taker is a caller from then on."""
_DUTY = "duty"
"""Where a duty telephone that dials begins."""

_DEVICES = {
    told.Device.FREE: Device.IDLE,
    told.Device.UNAVAILABLE: Device.UNREACHABLE,
    told.Device.INVALID: Device.UNREACHABLE,
    told.Device.UNKNOWN: Device.UNREACHABLE,
}

_OFFERS = {
    DialOutcome.ACCEPTED: Outcome.ANSWERED,
    DialOutcome.NO_ANSWER: Outcome.NO_ANSWER,
    DialOutcome.BUSY: Outcome.BUSY,
    DialOutcome.REJECTED: Outcome.FAILED,
    DialOutcome.FAILED: Outcome.FAILED,
}


def device(state: told.Device) -> Device:
    """A telephone's device state, as far as the core wants to know."""
    return _DEVICES.get(state, Device.BUSY)


def outcome(ended: DialOutcome, *, rang: bool) -> Outcome | None:
    """What ringing one telephone came to; None: it was taken away, by the caller or by a quicker seat.

    Asterisk calls a person who pressed "reject" busy (SIP 486, 600, 603) or congested (480, others): whoever rang
    before has a person who said no, whoever did not has a line in use or a telephone that fails.
    """
    match ended:
        case DialOutcome.CANCELLED:
            return None
        case DialOutcome.BUSY:
            return Outcome.REJECTED if rang else Outcome.BUSY
        case DialOutcome.REJECTED:
            return Outcome.REJECTED if rang else Outcome.FAILED
        case _:
            return _OFFERS.get(ended, Outcome.UNKNOWN)


@dataclass(slots=True)
class _Leg:
    """A channel that is up and belongs to a call."""

    channel: Channel
    bridge: str = ""
    rang: bool = False


class Hearing:
    """Translates, and remembers which channels there are: an act needs their names."""

    def __init__(self, seats: Collection[str], reports: Collection[str] = ()) -> None:
        """`reports` are the numbers by which departments report: who calls them is no caller, so far."""
        self._seats = frozenset(seats)
        self._reports = frozenset(reports)
        self._legs: dict[str, _Leg] = {}
        self._known: set[str] = set()
        """Calls of which the core has heard."""

    # What acts need.

    def towards(self, call: str, seat: str) -> str | None:
        """The channel towards a seat that was made for a call and is in no bridge, by its id."""
        for leg in self._legs.values():
            if leg.channel.call == call and leg.channel.endpoint == seat and not leg.bridge:
                return leg.channel.id
        return None

    def joined_with(self, call: str, seat: str) -> Channel | None:
        """The channel of a seat in a conversation."""
        for leg in self._legs.values():
            if leg.channel.call == call and leg.channel.endpoint == seat and leg.bridge:
                return leg.channel
        return None

    def is_seats(self, channel: Channel) -> bool:
        """Whether this channel leads to a seat, and was made for a caller's call."""
        return channel.endpoint in self._seats and channel.path in (ENGINE, NET) and channel.id != channel.call

    def is_callers(self, channel: Channel) -> bool:
        """Whether this channel is a caller's own: he called us, or the dialplan knows what he called."""
        called_us = channel.state is ChannelState.CALLING or channel.called != ""
        begins = channel.path == "" and channel.called == ""
        elsewhere = channel.path in _NOT_CALLERS or (
            begins and (channel.context == _DUTY or channel.extension in self._reports)
        )
        return channel.id == channel.call and channel.endpoint not in self._seats and called_us and not elsewhere

    # What changes what it knows.

    def asked(self, call: str) -> None:
        """The core hears of this call by its question."""
        self._known.add(call)

    def restart(self, channels: Collection[tuple[Channel, str]]) -> None:
        """These channels are up, each with the bridge that it is in; whatever was known before is over."""
        self._legs = {
            channel.id: _Leg(channel, bridge, channel.state is ChannelState.RINGING)
            for channel, bridge in channels
            if self.is_seats(channel) or self.is_callers(channel)
        }
        self._known = {leg.channel.call for leg in self._legs.values()}

    def hear(self, news: told.Event) -> Iterator[event.Report]:
        """What one happening means."""
        match news:
            case told.ContactChanged(endpoint=seat) if seat in self._seats:
                yield from _reach(seat, news.reach)
            case told.DeviceChanged(endpoint=seat) if seat in self._seats:
                yield event.LineSeen(seat, device(news.state))
            case told.ContactChanged() | told.DeviceChanged() | told.Originated():
                pass
            case told.Unanswered(channel=channel):
                self._known.add(channel.call)
                yield event.Unanswered(channel.call)
            case told.Offered(channel=channel):
                came_to = Outcome.BUSY if news.raced else _OFFERS.get(news.outcome, Outcome.UNKNOWN)
                yield event.OfferOver(channel.call, news.fence, came_to)
            case told.Refused(channel=channel):
                if channel.path == ENGINE:
                    yield event.SeatOutcome(channel.call, news.fence, news.seat, Outcome.BUSY)
            case told.Stale(channel=channel):
                yield event.Undelivered(channel.call, news.fence)
            case told.SilentCall(channel=channel):
                yield event.Changed(channel.call, service=news.service)
            case told.Held(channel=channel) | told.Resumed(channel=channel):
                if self.is_seats(channel):
                    held = isinstance(news, told.Held)
                    yield event.Held(channel.endpoint) if held else event.Resumed(channel.endpoint)
            case told.Ended(channel=channel):
                yield from self._ended(channel)
            case _:
                if self.is_seats(news.channel):
                    yield from self._seat(news)
                elif self.is_callers(news.channel):
                    yield from self._caller(news)

    def _caller(self, news: told.Event) -> Iterator[event.Report]:
        match news:
            case told.Arrived(channel=channel):
                self._leg(channel)
            case told.Joined(channel=channel, bridge=bridge):
                self._leg(channel).bridge = bridge
                for leg in list(self._legs.values()):
                    if leg.bridge == bridge and self.is_seats(leg.channel) and leg.channel.call == channel.call:
                        yield from self._joined(leg.channel)
            case told.Left(channel=channel):
                self._leg(channel).bridge = ""

    def _seat(self, news: told.Event) -> Iterator[event.Report]:
        match news:
            case told.Dialled(channel=channel):
                self._leg(channel)
                yield from self._heard_of(channel)
                yield event.Dialled(channel.call, channel.endpoint, _fence(channel))
            case told.Ringing(channel=channel):
                self._leg(channel).rang = True
                yield event.Rings(channel.call, channel.endpoint, _fence(channel))
            case told.DialEnded(channel=channel):
                # One that accepted did answer, whatever became of it: Asterisk says "no answer" of a telephone
                # whose answer crossed with the caller's hanging up.
                accepted = channel.state is ChannelState.UP
                came_to = Outcome.ANSWERED if accepted else outcome(news.outcome, rang=self._leg(channel).rang)
                fence = _fence(channel)
                if came_to is not None and fence is not None:
                    yield event.SeatOutcome(channel.call, fence, channel.endpoint, came_to)
            case told.Joined(channel=channel, bridge=bridge):
                self._leg(channel).bridge = bridge
                caller = self._legs.get(channel.call)
                if caller is not None and caller.bridge == bridge:
                    yield from self._joined(channel)
            case told.Left(channel=channel):
                self._leg(channel).bridge = ""

    def _ended(self, channel: Channel) -> Iterator[event.Report]:
        self._legs.pop(channel.id, None)
        if self.is_seats(channel):
            yield event.HungUp(channel.endpoint, channel.call)
        elif self.is_callers(channel) or channel.id in self._known:
            self._known.discard(channel.id)
            yield event.CallerGone(channel.id)

    def _joined(self, seat: Channel) -> Iterator[event.Report]:
        yield from self._heard_of(seat)
        yield event.Joined(seat.call, seat.endpoint)

    def _heard_of(self, channel: Channel) -> Iterator[event.Report]:
        if channel.call not in self._known:
            self._known.add(channel.call)
            yield event.Unanswered(channel.call)

    def _leg(self, channel: Channel) -> _Leg:
        """What is known of a channel, brought up to date."""
        leg = self._legs.setdefault(channel.id, _Leg(channel))
        leg.channel = channel
        return leg


def _fence(channel: Channel) -> int | None:
    return channel.fence if channel.path == ENGINE else None


def _reach(seat: str, reach: Reach) -> Iterator[event.Report]:
    match reach:
        case Reach.REACHABLE:
            yield event.Reachable(seat)
        case Reach.UNREACHABLE:
            yield event.Unreachable(seat)
        case Reach.UNKNOWN:
            pass  # it registered just now: whether it answers, the first probe tells
        case Reach.GONE:
            # One that registers again, from another port, is told as gone after its new place was found to answer. Of
            # one that is gone for good the device tells, too: at once, or when its conversation is over.
            pass
