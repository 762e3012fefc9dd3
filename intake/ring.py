"""What became of ringing seats: an offer from the dial to the join, or to nothing.

Rules:

- Who rang and did not answer, or rejected, is paused, and a supervisor is told: the next caller must not meet the same
  silence. A telephone that was dialled and never said that it rings is itself the fault, not its person.
- A seat goes out of an offer without blame if the caller left, another seat was quicker, or nobody knows why.
- A seat that became unreachable is hung up by us if it is still being dialled: its caller must not wait for it.
"""

from __future__ import annotations

from intake import command, event, fact
from intake.call import Call
from intake.hall import PROMISED, SPEAKING, Hall
from intake.line import Line, LineEvent
from intake.outcome import Outcome
from intake.person import PersonEvent, Presence
from intake.seat import Seat
from intake.stage import CallEvent, Stage

_PERSONS_DOING = frozenset((Outcome.NO_ANSWER, Outcome.REJECTED))
_LINES_DOING = frozenset((Outcome.NO_ANSWER, Outcome.BUSY, Outcome.FAILED))

_NET_RINGS_S = 120.0
"""No net rings a seat for longer (`telephony.yaml`, `fallback.ring_s`): then its line is asked about."""


def dialled(hall: Hall, report: event.Dialled | event.Rings) -> None:
    """A seat is dialled, or says that it rings."""
    seat, call = hall.seats.get(report.seat), hall.calls.get(report.call)
    if seat is None or call is None:
        return
    rings = isinstance(report, event.Rings)
    if report.fence is None:
        _net_rings(hall, call, seat, LineEvent.RINGS if rings else LineEvent.DIALLED)
        return
    hall.newer(report.fence)
    if call.offer is None or report.fence != call.offer.fence:
        return
    if seat.id not in call.offer.seats:
        if seat.line is Line.FAULT and not seat.reachable:
            hall.do(command.Withdraw(call.id, report.fence, seat.id))
        return
    hall.move_call(call, CallEvent.DIALLED)
    if rings and seat.line is not Line.RINGING:
        hall.note(fact.SeatRang(call.id, seat.id))
    hall.move_line(seat, LineEvent.RINGS if rings else LineEvent.DIALLED)


def _net_rings(hall: Hall, call: Call, seat: Seat, what: LineEvent) -> None:
    """The net rings a seat: it is not free, unless we had promised it, and then the dialplan's gate decides."""
    if call.stage is Stage.NET and (seat.line is Line.IDLE or (seat.fence is None and seat.call == call.id)):
        seat.call = call.id
        hall.move_line(seat, what)
        hall.await_line(seat, _NET_RINGS_S)


def seat_outcome(hall: Hall, report: event.SeatOutcome) -> None:
    """One seat of an offer is out of it."""
    call = hall.calls.get(report.call)
    hall.newer(report.fence)
    if call is None or call.offer is None or report.fence != call.offer.fence or report.seat not in call.offer.seats:
        return
    if report.outcome is not Outcome.ANSWERED:  # accepted is not answered: the join, or the end of the offer, tells
        drop_seat(hall, call, hall.seats[report.seat], report.outcome)


def drop_seat(hall: Hall, call: Call, seat: Seat, outcome: Outcome) -> None:
    """A seat is out of a call's live offer, for this reason."""
    fence, rang = seat.fence or 0, seat.line is Line.RINGING
    hall.leave_offer(call, seat)
    hall.note(fact.OfferFailed(call.id, fence, seat.id, outcome))
    if outcome in _PERSONS_DOING and (rang or outcome is Outcome.REJECTED):
        hall.move_line(seat, LineEvent.RELEASED)
        _suspend(hall, seat, call, outcome)
    elif outcome in _LINES_DOING:
        hall.move_line(seat, LineEvent.FAILED)
        hall.do(command.Tell(_about(outcome), seat.id, _person(seat), call.id))
    else:
        hall.move_line(seat, LineEvent.RELEASED)


def _about(outcome: Outcome) -> str:
    return Outcome.BUSY.value if outcome is Outcome.BUSY else Outcome.FAILED.value


def _person(seat: Seat) -> str | None:
    return seat.person.id if seat.person is not None else None


def _suspend(hall: Hall, seat: Seat, call: Call, outcome: Outcome) -> None:
    before = seat.presence
    hall.move_person(seat, PersonEvent.SUSPEND)
    if seat.presence is before or seat.person is None:
        return  # has paused or gone home while it rang
    seat.reason = outcome.value
    hall.note(fact.Suspended(seat.id, seat.person.id, outcome.value, call.id))
    hall.do(command.Tell(outcome.value, seat.id, seat.person.id, call.id))
    hall.do(command.Mirror(seat.id, seat.person.id, outcome.value))


def release(hall: Hall, call: Call) -> None:
    """A live offer comes to nothing, and no seat is to blame; does nothing without one."""
    while call.offer is not None and call.offer.seats:
        seat = hall.seats[call.offer.seats[0]]
        hall.leave_offer(call, seat)
        hall.move_line(seat, LineEvent.RELEASED)
    call.offer = None


def close(hall: Hall, call: Call, outcome: Outcome) -> None:
    """A live offer has ended by itself with this outcome."""
    offer = call.offer
    if offer is None:
        return
    # One word about several seats tells only of a common time-out who did what.
    each = outcome if offer.width == 1 or outcome is Outcome.NO_ANSWER else Outcome.UNKNOWN
    for name in tuple(offer.seats):
        drop_seat(hall, call, hall.seats[name], each)
    call.offer = None
    call.tries += 1


def joined(hall: Hall, call: Call, seat: Seat) -> None:
    """A caller and a seat hear each other, whatever was believed of either."""
    if call.stage is Stage.JOINED and call.seat == seat.id and seat.call == call.id and seat.line in SPEAKING:
        return
    offer = call.offer
    ours = offer is not None and seat.id in offer.seats
    if seat.fence is not None:
        promised_to = hall.calls[seat.call or ""]
        hall.leave_offer(promised_to, seat)
    fence = offer.fence if offer is not None and ours else None
    release(hall, call)  # the others of the same offer
    _part(hall, call, seat)
    again = call.seat == seat.id
    if not again:
        call.joined_by = fence
    seat.call, call.seat = call.id, seat.id
    hall.move_line(seat, LineEvent.JOINED)
    hall.move_call(call, CallEvent.JOINED)
    if not again:
        seat.taken += 1
        call.answered = True
        hall.note(fact.CallAnswered(call.id, seat.id, _person(seat), hall.now - call.arrived, by_net=fence is None))


def _part(hall: Hall, call: Call, seat: Seat) -> None:
    """Nobody is joined twice: whoever was joined with either is looked for."""
    if call.seat is not None and call.seat != seat.id:
        before = hall.seats[call.seat]
        if before.call == call.id:
            before.call = None
        hall.doubt_line(before)
    if seat.call is not None and seat.call != call.id:
        other = hall.calls.get(seat.call)
        if other is not None and other.seat == seat.id:
            other.seat = None
            hall.lose_sight(other)


def lost_seat(hall: Hall, call: Call) -> None:
    """A call is not joined any more, though nobody ended it: its seat is looked for."""
    if call.seat is None:
        return
    seat, call.seat, call.joined_by = hall.seats[call.seat], None, None
    if seat.call == call.id:
        seat.call = None
        if seat.line in SPEAKING:
            hall.doubt_line(seat)


def unreachable(hall: Hall, seat: Seat) -> None:
    """A seat's telephone is dead. A conversation on it is left alone: its audio may flow."""
    was_reachable, seat.reachable = seat.reachable, False
    if seat.fence is not None and seat.line in PROMISED:
        call = hall.calls[seat.call or ""]
        if seat.line is not Line.RESERVED:
            hall.do(command.Withdraw(call.id, seat.fence, seat.id))
        fence = seat.fence
        hall.leave_offer(call, seat)
        hall.note(fact.OfferFailed(call.id, fence, seat.id, Outcome.FAILED))
    hall.move_line(seat, LineEvent.UNREACHABLE)
    if seat.line is Line.FAULT:
        seat.call = None
        if was_reachable and seat.presence is not Presence.SIGNED_OUT:
            hall.do(command.Tell(Outcome.FAILED.value, seat.id, _person(seat)))
    hall.list_seat(seat)
