"""The distributor: one event and the time in, what to write and what to do out.

    distributor = Distributor(settings, ["seat-01", "seat-02"], people)
    step = distributor.handle(event, now)       # carry out step.commands, journal step.witnessed, commit step.decided
    distributor.next_deadline()                 # when `Tick` is due at the latest

Rules:

- No clock is read and nothing is awaited: the same events at the same times give the same steps, always.
- `now` is seconds of one clock for all events. It may step back (`intake.steady`); a monotonic one is better.
- Before the first `Resync` nobody is at work: every caller is left to the net.
- A `Bug` means that the core contradicts itself. The process ends; the next one begins with a `Resync`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intake import adoption, attendance, course, event, matching, ring, telephone, timing, wish
from intake.hall import Hall
from intake.people import Person
from intake.settings import IntakeSettings
from intake.steady import SteadyTime
from intake.step import Step
from intake.view import CallView, SeatView, call_view, seat_view

Event = event.Report | wish.Wish | wish.Committed | wish.NotCommitted
"""Everything that the core can hear."""


class Distributor:
    """Call distribution of one centre."""

    def __init__(self, settings: IntakeSettings, seats: Iterable[str], people: Iterable[Person]) -> None:
        """Make an empty hall: `seats` are the ids in the order of `telephony.yaml`."""
        self._hall = Hall(settings, seats, people)
        self._time = SteadyTime()

    def handle(self, heard: Event, now: float) -> Step:
        """What one event comes to. Raises Bug."""
        hall = self._hall
        hall.now = self._time.at(now)
        _dispatch(hall, heard)
        matching.conclude(hall)
        return hall.taken()

    def next_deadline(self) -> float | None:
        """When the next `Tick` is due, in seconds of the outer clock; None: nothing is."""
        due = self._hall.deadlines.next()
        return None if due is None else self._time.shown(due)

    @property
    def synced(self) -> bool:
        """Whether it has seen what Asterisk has; before, every caller is left to the net."""
        return self._hall.synced

    @property
    def fence(self) -> int:
        """The number of the newest decision."""
        return self._hall.fence

    def call(self, name: str) -> CallView | None:
        """One call; None if it has ended, or nobody has heard of it."""
        call = self._hall.calls.get(name)
        return None if call is None else call_view(self._hall, call)

    def calls(self) -> Iterator[CallView]:
        """Every call, in the order in which they became known."""
        return (call_view(self._hall, call) for call in self._hall.calls.values())

    def seats(self) -> Iterator[SeatView]:
        """Every seat, in the order of the centre's file."""
        return (seat_view(self._hall, seat) for seat in self._hall.seats.values())


def _dispatch(hall: Hall, heard: Event) -> None:
    match heard:
        case event.Tick():
            timing.tick(hall)
        case event.Asked():
            course.asked(hall, heard)
        case event.Dialled() | event.Rings():
            ring.dialled(hall, heard)
        case event.SeatOutcome():
            ring.seat_outcome(hall, heard)
        case event.OfferOver():
            course.offer_over(hall, heard)
        case event.Joined():
            course.joined(hall, heard)
        case event.HungUp():
            telephone.hung_up(hall, heard)
        case event.CallerGone():
            course.caller_gone(hall, heard)
        case event.LineSeen():
            telephone.seen(hall, heard)
        case event.Held() | event.Resumed():
            telephone.held(hall, heard)
        case event.Changed():
            course.changed(hall, heard)
        case event.Unanswered():
            course.unanswered(hall, heard)
        case event.Undelivered():
            course.undelivered(hall, heard)
        case event.Reachable():
            telephone.reachable(hall, heard)
        case event.Unreachable():
            telephone.unreachable(hall, heard)
        case event.CallFound():
            course.found(hall, heard)
        case event.SeatFound():
            telephone.found(hall, heard)
        case event.Resync():
            adoption.resync(hall, heard.snapshot)
        case wish.Committed():
            attendance.committed(hall, heard)
        case wish.NotCommitted():
            attendance.not_committed(hall, heard)
        case wish.SignIn() | wish.SignOut() | wish.Pause() | wish.Ready():
            attendance.wished(hall, heard)
