"""What happens because time has passed."""

from __future__ import annotations

from intake import command, fact
from intake.deadline import Due
from intake.hall import OWN_CALL_S, PROMISED, SPEAKING, Hall
from intake.line import Line
from intake.person import PersonEvent
from intake.seat import Seat
from intake.stage import Stage

_GONE_S = 60.0
"""A telephone that is gone tells of its return by itself; this is only in case that word was lost."""


def tick(hall: Hall) -> None:
    """Do whatever is due."""
    for due, subject in hall.deadlines.fallen(hall.now):
        match due:
            case Due.REPORT:
                hall.lose_sight(hall.calls[subject])
            case Due.RELAX:
                hall.enqueue(hall.calls[subject])
            case Due.PLACE:
                _tell_place(hall, subject)
            case Due.WRAP_UP:
                _end_wrap_up(hall, hall.seats[subject])
            case Due.LINE:
                _look_at_line(hall, hall.seats[subject])


def _tell_place(hall: Hall, name: str) -> None:
    """Tell a caller where he stands if it has changed, and look again later."""
    call = hall.calls[name]
    if call.stage is not Stage.WAITING:
        return
    place = hall.queue.place(name)
    if place != call.told:
        call.told = place
        hall.do(command.Announce(name, place))
    call.told_at = hall.now
    hall.deadlines.put(Due.PLACE, name, hall.now + hall.settings.place_again_s)


def _end_wrap_up(hall: Hall, seat: Seat) -> None:
    hall.move_person(seat, PersonEvent.WRAP_UP_OVER)
    if seat.person is not None:
        hall.note(fact.WrapUp(seat.id, seat.person.id, over=True))


def _look_at_line(hall: Hall, seat: Seat) -> None:
    """A line that should have changed by now: ask, until it has. No seat stays busy because a word was lost."""
    if seat.line is Line.FAULT:
        again_s = hall.settings.fault_s if seat.reachable else _GONE_S
    elif seat.line in SPEAKING and seat.call is None:
        again_s = OWN_CALL_S
    elif (seat.line in SPEAKING and not _joined(hall, seat)) or (seat.line in PROMISED and seat.fence is None):
        again_s = hall.settings.report_s
    else:
        return
    hall.ask_seat(seat)
    hall.await_line(seat, again_s)


def _joined(hall: Hall, seat: Seat) -> bool:
    call = hall.calls.get(seat.call or "")
    return call is not None and call.seat == seat.id
