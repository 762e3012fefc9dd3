"""What the reports about a seat's telephone mean."""

from __future__ import annotations

from intake import event, fact, ring
from intake.hall import OWN_CALL_S, PROMISED, SPEAKING, Hall
from intake.line import Line, LineEvent
from intake.person import PersonEvent, Presence
from intake.seat import Seat
from intake.snapshot import Device, SeatSeen
from intake.stage import Stage


def hung_up(hall: Hall, report: event.HungUp) -> None:
    """A seat's channel has ended."""
    seat = hall.seats.get(report.seat)
    if seat is None or seat.call != report.call:
        return  # late: the seat is at another call by now, or at none
    if seat.line in SPEAKING:
        end_conversation(hall, seat)
    elif seat.fence is None and seat.line in PROMISED:  # the net rang it
        seat.call = None
        hall.move_line(seat, LineEvent.RELEASED)


def end_conversation(hall: Hall, seat: Seat) -> None:
    """A seat has hung up on its call; the call's own end, or its return, is awaited."""
    call = hall.calls.get(seat.call or "")
    seat.call = None
    hall.move_line(seat, LineEvent.HUNG_UP)
    if call is not None and call.seat == seat.id:
        call.seat = None
        if call.stage is Stage.JOINED:
            hall.await_report(call)
    if hall.settings.wrap_up_s > 0:
        before = seat.presence
        hall.move_person(seat, PersonEvent.CONVERSATION_OVER)
        if seat.presence is Presence.WRAP_UP and before is not Presence.WRAP_UP and seat.person is not None:
            hall.note(fact.WrapUp(seat.id, seat.person.id, over=False))


def held(hall: Hall, report: event.Held | event.Resumed) -> None:
    """A seat put its caller on hold, or took him back."""
    seat = hall.seats.get(report.seat)
    if seat is None:
        return
    before = seat.line
    hall.move_line(seat, LineEvent.HELD if isinstance(report, event.Held) else LineEvent.RESUMED)
    if seat.line is not before:
        hall.note(fact.CallHeld(seat.call, seat.id, over=seat.line is not Line.HELD))


def reachable(hall: Hall, report: event.Reachable) -> None:
    """A telephone is back."""
    seat = hall.seats.get(report.seat)
    if seat is not None:
        seat.reachable = True
        hall.move_line(seat, LineEvent.REACHABLE)
        hall.list_seat(seat)


def unreachable(hall: Hall, report: event.Unreachable) -> None:
    """A telephone is gone."""
    seat = hall.seats.get(report.seat)
    if seat is not None and seat.reachable:
        ring.unreachable(hall, seat)
        if seat.line in SPEAKING and seat.call is None:
            hall.doubt_line(seat)  # its device will not tell the end of its own call any more


def seen(hall: Hall, report: event.LineSeen) -> None:
    """A device state. It can't end a conversation that we know of; the seat's own telephoning it tells alone.

    A telephone that was gone and looks idle may be back: Asterisk is asked.
    """
    seat = hall.seats.get(report.seat)
    if seat is None:
        return
    if report.device is Device.UNREACHABLE:
        unreachable(hall, event.Unreachable(seat.id))
    elif report.device is Device.BUSY:
        hall.move_line(seat, LineEvent.SEEN_BUSY)
        if seat.line in SPEAKING and seat.call is None:
            hall.await_line(seat, OWN_CALL_S)
    elif seat.line is Line.FAULT and not seat.reachable:
        hall.ask_seat(seat)
    else:
        own = seat.call is None and seat.line in SPEAKING
        hall.move_line(seat, LineEvent.FOUND_IDLE if own else LineEvent.SEEN_IDLE)


def found(hall: Hall, report: event.SeatFound) -> None:
    """Asterisk says what a seat's telephone does."""
    seat = hall.seats.get(report.seen.seat)
    if seat is not None and report.turn == seat.turn:
        settle(hall, seat, report.seen)


def settle(hall: Hall, seat: Seat, found: SeatSeen) -> None:
    """A seat's telephone is as Asterisk says."""
    if found.device is Device.IDLE:
        seat.reachable = True
        _settle_idle(hall, seat)
    elif found.device is Device.UNREACHABLE:
        if found.call is None and seat.line is not Line.FAULT:
            _settle_idle(hall, seat)
        ring.unreachable(hall, seat)
    else:
        seat.reachable = True
        call = hall.calls.get(found.call or "")
        if found.joined and call is not None:
            ring.joined(hall, call, seat)
        else:
            hall.move_line(seat, LineEvent.FOUND_BUSY)
            if seat.line in SPEAKING and seat.call is None:
                hall.await_line(seat, OWN_CALL_S)
        if seat.line in SPEAKING and seat.call == found.call is not None:
            hall.move_line(seat, LineEvent.HELD if found.held else LineEvent.RESUMED)
    hall.list_seat(seat)


def _settle_idle(hall: Hall, seat: Seat) -> None:
    """There is no channel to this seat."""
    if seat.line in SPEAKING and seat.call is not None:
        end_conversation(hall, seat)
        return
    if seat.fence is not None and seat.line is not Line.RESERVED:
        hall.leave_offer(hall.calls[seat.call or ""], seat)
    if seat.line is not Line.RESERVED:
        seat.call = None
    hall.move_line(seat, LineEvent.FOUND_IDLE)
