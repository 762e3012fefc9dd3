"""Any event in any order, true or not: the rules of `tests.intake_room` hold after every step."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from intake import command, event, wish
from intake.outcome import Outcome
from intake.snapshot import CallSeen, Device, Place, SeatSeen, SignedInSeen, Snapshot
from tests.intake_room import Room, person

SEATS = "abcd"
CALLS = ("1", "2", "3", "4", "5")
SERVICES = ("police", "fire", None)

seats = st.sampled_from((*SEATS, "nowhere"))
calls = st.sampled_from(CALLS)
outcomes = st.sampled_from(Outcome)
services = st.sampled_from(SERVICES)
languages = st.sampled_from(("zh", "en", None))
priorities = st.none() | st.integers(0, 10)
near = st.integers(-2, 1)
"""A fence, relative to the newest decision."""

STAFF = [
    person("p-a", {"police": 5}),
    person("p-b", {"fire": 9, "police": 1}, ("zh", "en")),
    person("p-c", {"fire": 2}, ("en",)),
    person("p-d", {"police": 9, "fire": 9}),
]

call_seen = st.builds(
    CallSeen,
    call=calls,
    place=st.sampled_from(Place),
    fence=st.integers(0, 40),
    seats=st.lists(seats, unique=True, max_size=3).map(tuple),
    seat=st.none() | seats,
    service=services,
    language=languages,
    priority=priorities,
    age_s=st.floats(0, 100),
)
seat_seen = st.builds(
    SeatSeen,
    seat=seats,
    device=st.sampled_from(Device),
    call=st.none() | calls,
    joined=st.booleans(),
    held=st.booleans(),
)
snapshots = st.builds(
    Snapshot,
    calls=st.lists(call_seen, max_size=5).map(tuple),
    seats=st.lists(seat_seen, max_size=5).map(tuple),
    people=st.lists(
        st.builds(
            SignedInSeen, seat=seats, person=st.sampled_from(["p-a", "p-b", "gone"]), reason=st.none() | st.just("rest")
        ),
        max_size=3,
    ).map(tuple),
    fence=st.integers(0, 40),
)


class Chaos(RuleBasedStateMachine):
    """No rule here is plausible, and every one may come at any time."""

    @initialize(signed_in=st.sets(st.sampled_from(SEATS)), wrap_up_s=st.sampled_from((0, 10)))
    def open(self, signed_in: set[str], wrap_up_s: int) -> None:
        self.room = Room(SEATS, STAFF, signed_in="".join(sorted(signed_in)), wrap_up_s=wrap_up_s)
        self.wishes = 0
        self.newest = 0

    def hear(self, heard: object) -> None:
        step = self.room.hear(heard)  # type: ignore[arg-type]
        fences = [
            each.fence for each in step.commands if isinstance(each, (command.Fetch, command.Leave, command.UseNet))
        ]
        assert all(fence > self.newest for fence in fences), "an old fence is used again"
        self.newest = self.room.distributor.fence

    def fence(self, ago: int) -> int:
        return max(0, self.room.distributor.fence + ago)

    @rule(
        call=calls,
        service=services,
        language=languages,
        priority=priorities,
        ago=near,
        outcome=st.none() | outcomes,
        waited_s=st.sampled_from((0.0, 0.01, 30.0)),
    )
    def ask(
        self,
        call: str,
        service: str | None,
        language: str | None,
        priority: int | None,
        ago: int,
        outcome: Outcome | None,
        waited_s: float,
    ) -> None:
        self.hear(event.Asked("q", call, "119", "", service, language, priority, self.fence(ago), outcome, waited_s))

    @rule(call=calls, service=services, language=languages, priority=priorities)
    def change(self, call: str, service: str | None, language: str | None, priority: int | None) -> None:
        self.hear(event.Changed(call, service, language, priority))

    @rule(call=calls, seat=seats, ago=st.none() | near)
    def dial(self, call: str, seat: str, ago: int | None) -> None:
        self.hear(event.Dialled(call, seat, None if ago is None else self.fence(ago)))

    @rule(call=calls, seat=seats, ago=st.none() | near)
    def ring(self, call: str, seat: str, ago: int | None) -> None:
        self.hear(event.Rings(call, seat, None if ago is None else self.fence(ago)))

    @rule(call=calls, seat=seats, ago=near, outcome=outcomes)
    def seat_outcome(self, call: str, seat: str, ago: int, outcome: Outcome) -> None:
        self.hear(event.SeatOutcome(call, self.fence(ago), seat, outcome))

    @rule(call=calls, ago=near, outcome=outcomes)
    def offer_over(self, call: str, ago: int, outcome: Outcome) -> None:
        self.hear(event.OfferOver(call, self.fence(ago), outcome))

    @rule(call=calls, seat=seats)
    def join(self, call: str, seat: str) -> None:
        self.hear(event.Joined(call, seat))

    @rule(call=calls, seat=seats)
    def hang_up(self, call: str, seat: str) -> None:
        self.hear(event.HungUp(seat, call))

    @rule(call=calls)
    def caller_gone(self, call: str) -> None:
        self.hear(event.CallerGone(call))

    @rule(call=calls)
    def unanswered(self, call: str) -> None:
        self.hear(event.Unanswered(call))

    @rule(call=calls, ago=near)
    def undelivered(self, call: str, ago: int) -> None:
        self.hear(event.Undelivered(call, self.fence(ago)))

    @rule(seat=seats, back=st.booleans())
    def hold(self, seat: str, back: bool) -> None:
        self.hear(event.Resumed(seat) if back else event.Held(seat))

    @rule(seat=seats, device=st.sampled_from(Device))
    def line_seen(self, seat: str, device: Device) -> None:
        self.hear(event.LineSeen(seat, device))

    @rule(seat=seats, back=st.booleans())
    def reach(self, seat: str, back: bool) -> None:
        self.hear(event.Reachable(seat) if back else event.Unreachable(seat))

    @rule(call=calls, seen=st.none() | call_seen, late=st.booleans())
    def call_found(self, call: str, seen: CallSeen | None, late: bool) -> None:
        asked = self.room.hall.calls.get(call)
        self.hear(event.CallFound(call, asked.turn - late if asked else 1, seen))

    @rule(seen=seat_seen, late=st.booleans())
    def seat_found(self, seen: SeatSeen, late: bool) -> None:
        asked = self.room.hall.seats.get(seen.seat)
        self.hear(event.SeatFound(asked.turn - late if asked else 1, seen))

    @rule(snapshot=snapshots)
    def resync(self, snapshot: Snapshot) -> None:
        self.hear(event.Resync(snapshot))

    @rule(seconds=st.sampled_from((-5.0, 0.0, 0.1, 2.0, 9.0, 60.0)))
    def tick(self, seconds: float) -> None:
        self.room.now += seconds
        self.hear(event.Tick())

    @rule(seat=seats, who=st.sampled_from(("p-a", "p-b", "p-c", "p-d", "gone")))
    def sign_in(self, seat: str, who: str) -> None:
        self.wishes += 1
        self.hear(wish.SignIn(f"w{self.wishes}", seat, who, "phone"))

    @rule(seat=seats, kind=st.sampled_from((wish.SignOut, wish.Ready)))
    def leave_or_return(self, seat: str, kind: type[wish.SignOut]) -> None:
        self.wishes += 1
        self.hear(kind(f"w{self.wishes}", seat, "phone"))

    @rule(seat=seats, reason=st.sampled_from(("rest", "bored")))
    def pause(self, seat: str, reason: str) -> None:
        self.wishes += 1
        self.hear(wish.Pause(f"w{self.wishes}", seat, reason, "phone"))

    @precondition(lambda self: self.room.hall.wishes)
    @rule(data=st.data(), granted=st.booleans())
    def commit(self, data: st.DataObject, granted: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.room.hall.wishes)))
        self.hear(wish.Committed(name) if granted else wish.NotCommitted(name))


Chaos.TestCase.settings = settings(
    max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyEventInAnyOrder = Chaos.TestCase
