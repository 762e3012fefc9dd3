"""A small world for the distributor: callers, telephones and the dialplan, true to the contract, with slow messengers.

It obeys commands when it hears of them, which may be late, and what it reports travels on two wires as in the real
house: questions by AGI, everything else by AMI. Each wire keeps its order, the two do not know of each other.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from intake import command, event
from intake.distributor import Distributor, Event
from intake.outcome import Outcome
from intake.snapshot import CallSeen, Device, Place, SeatSeen, SignedInSeen, Snapshot
from tests.intake_room import Room

Act = Callable[[], None]


@dataclass
class Telephone:
    """A seat's telephone, with at most one channel: the dialplan's gate sees to that."""

    name: str
    alive: bool = True
    call: str | None = None
    """For whom its channel is; "own" if the seat dialled by itself."""
    joined: bool = False
    held: bool = False

    @property
    def device(self) -> Device:
        if self.call is not None:
            return Device.BUSY
        return Device.IDLE if self.alive else Device.UNREACHABLE


@dataclass
class Caller:
    """A caller's channel in the dialplan."""

    name: str
    place: Place = Place.ASKING
    fence: int = 0
    question: str = ""
    seat: str | None = None
    by_net: bool = False
    ringing: list[str] = field(default_factory=list)


class World:
    """Reality, and the wires between it and the distributor."""

    def __init__(self, room: Room, seats: str) -> None:
        self.room = room
        self.telephones = {name: Telephone(name) for name in seats}
        self.callers: dict[str, Caller] = {}
        self.agi: deque[Event] = deque()
        self.ami: deque[Event] = deque()
        self.orders: deque[command.Command] = deque()
        self.mirror: dict[str, SignedInSeen] = {seat: SignedInSeen(seat, f"p-{seat}") for seat in seats}
        self.arrived = self.asked = 0
        self.lossy = False

    # The wires.

    def hear(self, heard: Event) -> None:
        for order in self.room.hear(heard).commands:
            self.orders.append(order)

    def deliver(self, wire: deque[Event]) -> None:
        self.hear(wire.popleft())

    def obey(self) -> None:
        order = self.orders.popleft()
        match order:
            case command.Offer() | command.Wait() | command.UseNet():
                self.answered(order)
            case command.Fetch(name, fence, seats):
                caller = self.callers.get(name)
                if caller is not None and caller.place is Place.WAITING:
                    self.offer(caller, fence, seats)
                else:
                    self.ami.append(event.Undelivered(name, fence))
            case command.Leave(name, fence):
                caller = self.callers.get(name)
                if caller is not None and caller.place is Place.WAITING:
                    self.to_net(caller)
                else:
                    self.ami.append(event.Undelivered(name, fence))
            case command.Withdraw(name, _, seat):
                caller = self.callers.get(name)
                if caller is not None and seat in caller.ringing:
                    self.drop_leg(caller, seat, Outcome.FAILED)
            case command.AskCall(name, ask):
                self.ami.append(event.CallFound(name, ask, self.seen(name)))
            case command.AskSeat(seat, ask):
                self.ami.append(event.SeatFound(ask, self.line(seat)))
            case command.Mirror(seat, who, reason):
                self.mirror.pop(seat, None)
                if who is not None:
                    self.mirror[seat] = SignedInSeen(seat, who, reason)

    def answered(self, order: command.Offer | command.Wait | command.UseNet) -> None:
        """An answer arrives at the one who asked, if he still listens."""
        caller = self.callers.get(order.call)
        if caller is None or caller.place is not Place.ASKING or caller.question != order.question:
            self.ami.append(event.Undelivered(order.call, order.fence))
        elif isinstance(order, command.Offer):
            self.offer(caller, order.fence, order.seats)
        elif isinstance(order, command.Wait):
            caller.place = Place.WAITING
        else:
            self.to_net(caller)

    # The dialplan.

    def ask(self, caller: Caller) -> None:
        self.asked += 1
        caller.place, caller.question = Place.ASKING, f"q{self.asked}"
        self.agi.append(event.Asked(caller.question, caller.name, fence=caller.fence))

    def offer(self, caller: Caller, fence: int, seats: tuple[str, ...]) -> None:
        if fence <= caller.fence:
            caller.place = Place.WAITING
            return
        caller.place, caller.fence = Place.OFFERED, fence
        outcome = Outcome.FAILED
        for name in seats:
            telephone = self.telephones[name]
            if telephone.call is not None:
                outcome = Outcome.BUSY
                self.ami.append(event.SeatOutcome(caller.name, fence, name, Outcome.BUSY))
            elif not telephone.alive:
                self.ami.append(event.SeatOutcome(caller.name, fence, name, Outcome.FAILED))
            else:
                self.open_leg(caller, telephone, fence)
        if not caller.ringing:
            self.over(caller, outcome)

    def open_leg(self, caller: Caller, telephone: Telephone, fence: int | None) -> None:
        telephone.call = caller.name
        caller.ringing.append(telephone.name)
        self.ami.append(event.Dialled(caller.name, telephone.name, fence))
        self.ami.append(event.LineSeen(telephone.name, Device.BUSY))
        self.ami.append(event.Rings(caller.name, telephone.name, fence))

    def close_leg(self, telephone: Telephone) -> None:
        call, telephone.call, telephone.joined, telephone.held = telephone.call, None, False, False
        if call != "own":
            self.ami.append(event.HungUp(telephone.name, call or ""))
        self.ami.append(event.LineSeen(telephone.name, telephone.device))

    def drop_leg(self, caller: Caller, seat: str, outcome: Outcome) -> None:
        caller.ringing.remove(seat)
        if caller.place is Place.OFFERED:
            self.ami.append(event.SeatOutcome(caller.name, caller.fence, seat, outcome))
        self.close_leg(self.telephones[seat])
        if not caller.ringing and caller.place is Place.OFFERED:
            self.over(caller, outcome)

    def over(self, caller: Caller, outcome: Outcome) -> None:
        for seat in caller.ringing:
            self.close_leg(self.telephones[seat])
        caller.ringing.clear()
        self.ami.append(event.OfferOver(caller.name, caller.fence, outcome))
        self.ask(caller)

    def to_net(self, caller: Caller) -> None:
        caller.place = Place.NET
        self.ami.append(event.Unanswered(caller.name))

    # What may happen.

    def arrive(self) -> None:
        self.arrived += 1
        caller = self.callers[f"call-{self.arrived}"] = Caller(f"call-{self.arrived}")
        self.ask(caller)

    def answer(self, caller: Caller, seat: str) -> None:
        caller.by_net = caller.place is Place.NET
        caller.ringing.remove(seat)
        for other in caller.ringing:
            self.close_leg(self.telephones[other])
        caller.ringing.clear()
        caller.place, caller.seat = Place.JOINED, seat
        self.telephones[seat].joined = True
        self.ami.append(event.Joined(caller.name, seat))

    def part(self, caller: Caller) -> None:
        if caller.seat is not None:
            self.close_leg(self.telephones[caller.seat])
            caller.seat = None

    def give_up(self, caller: Caller) -> None:
        """The caller, or the seat that he talks with, hangs up."""
        self.part(caller)
        for seat in caller.ringing:
            self.close_leg(self.telephones[seat])
        del self.callers[caller.name]
        self.ami.append(event.CallerGone(caller.name))

    def lose(self, caller: Caller) -> None:
        """The seat that answered is lost at once."""
        self.part(caller)
        if caller.by_net:
            self.ask(caller)
        else:
            self.over(caller, Outcome.ANSWERED)

    def time_out(self, caller: Caller) -> None:
        """Nobody answered what the dialplan asked, or what it rang."""
        if caller.place is Place.ASKING:
            self.to_net(caller)
        elif caller.place is Place.OFFERED:
            self.over(caller, Outcome.NO_ANSWER)
        else:
            for seat in caller.ringing:
                self.close_leg(self.telephones[seat])
            caller.ringing.clear()
            self.ask(caller)

    def net_rings(self, caller: Caller) -> None:
        for telephone in self.telephones.values():
            if telephone.device is Device.IDLE:
                self.open_leg(caller, telephone, None)

    def die(self, telephone: Telephone) -> None:
        telephone.alive = False
        self.ami.append(event.Unreachable(telephone.name))
        if telephone.call is None:
            self.ami.append(event.LineSeen(telephone.name, Device.UNREACHABLE))

    def live(self, telephone: Telephone) -> None:
        telephone.alive = True
        self.ami.append(event.Reachable(telephone.name))
        if telephone.call is None:
            self.ami.append(event.LineSeen(telephone.name, Device.IDLE))

    def hold(self, telephone: Telephone) -> None:
        telephone.held = not telephone.held
        self.ami.append((event.Held if telephone.held else event.Resumed)(telephone.name))

    def dial_out(self, telephone: Telephone) -> None:
        telephone.call = "own"
        self.ami.append(event.LineSeen(telephone.name, Device.BUSY))

    def pass_time(self, seconds: float) -> None:
        self.room.now += seconds
        self.hear(event.Tick())

    def repeat(self, wire: deque[Event]) -> None:
        wire.append(wire[0])

    def acts(self) -> Iterator[Act]:
        """Everything that may happen next, in a fixed order."""
        yield self.arrive
        yield lambda: self.pass_time(0.3)
        yield lambda: self.pass_time(7)
        for wire in (self.agi, self.ami):
            if wire:
                yield from [lambda wire=wire: self.deliver(wire)] * 4
                yield lambda wire=wire: self.repeat(wire)  # type: ignore[misc]
                if self.lossy:
                    yield wire.popleft  # type: ignore[misc]
        if self.orders:
            yield from [self.obey] * 4
            if self.lossy:
                yield self.orders.popleft  # type: ignore[misc]
        for caller in self.callers.values():
            yield lambda caller=caller: self.give_up(caller)  # type: ignore[misc]
            if caller.place in (Place.ASKING, Place.OFFERED, Place.NET):
                yield lambda caller=caller: self.time_out(caller)  # type: ignore[misc]
            if caller.place is Place.NET and not caller.ringing:
                yield lambda caller=caller: self.net_rings(caller)  # type: ignore[misc]
            if caller.place is Place.JOINED:
                yield lambda caller=caller: self.lose(caller)  # type: ignore[misc]
            for seat in caller.ringing:
                yield lambda caller=caller, seat=seat: self.answer(caller, seat)  # type: ignore[misc]
                yield lambda caller=caller, seat=seat: self.drop_leg(caller, seat, Outcome.REJECTED)  # type: ignore[misc]
        for telephone in self.telephones.values():
            yield lambda t=telephone: (self.die if t.alive else self.live)(t)  # type: ignore[misc]
            if telephone.joined:
                yield lambda t=telephone: self.hold(t)  # type: ignore[misc]
            if telephone.call == "own":
                yield lambda t=telephone: self.close_leg(t)  # type: ignore[misc]
            elif telephone.device is Device.IDLE:
                yield lambda t=telephone: self.dial_out(t)  # type: ignore[misc]

    # What Asterisk says when asked.

    def seen(self, name: str) -> CallSeen | None:
        caller = self.callers.get(name)
        if caller is None:
            return None
        return CallSeen(name, caller.place, caller.fence, tuple(caller.ringing), caller.seat)

    def line(self, name: str) -> SeatSeen:
        telephone = self.telephones[name]
        call = None if telephone.call == "own" else telephone.call
        return SeatSeen(name, telephone.device, call, telephone.joined, telephone.held)

    def snapshot(self) -> Snapshot:
        calls = tuple(seen for name in self.callers if (seen := self.seen(name)) is not None)
        fence = max((caller.fence for caller in self.callers.values()), default=0)
        return Snapshot(calls, tuple(map(self.line, self.telephones)), tuple(self.mirror.values()), fence)

    def restart(self, distributor: Distributor) -> None:
        """A new life of the engine: what was on the wires is lost, and nothing is replayed."""
        self.agi.clear()
        self.ami.clear()
        self.orders.clear()
        self.room.distributor = distributor
        self.hear(event.Resync(self.snapshot()))

    # Calm.

    def calm(self) -> None:
        """Everybody answers what rings, nobody hangs up, every message arrives, and half an hour passes."""
        self.lossy = False
        for telephone in self.telephones.values():
            if not telephone.alive:
                self.live(telephone)
            if telephone.call == "own":
                self.close_leg(telephone)
        for _ in range(120):
            for _ in range(1000):
                if not self.move():
                    break
            else:
                raise AssertionError("the house does not come to rest")
            self.pass_time(15)

    def move(self) -> bool:
        """Do one thing that is to be done."""
        for caller in self.callers.values():
            if caller.ringing:
                self.answer(caller, caller.ringing[0])
                return True
        if self.agi:
            self.deliver(self.agi)
        elif self.ami:
            self.deliver(self.ami)
        elif self.orders:
            self.obey()
        else:
            return self.turn()
        return True

    def turn(self) -> bool:
        """Who is in the net is asked about again, and who waits for an answer turns to the net, a few times."""
        for caller in self.callers.values():
            if caller.place is Place.ASKING or (caller.place is Place.NET and self.free()):
                self.time_out(caller)
                return True
        return False

    def free(self) -> bool:
        """Whether any telephone could ring."""
        return any(telephone.device is Device.IDLE for telephone in self.telephones.values())
