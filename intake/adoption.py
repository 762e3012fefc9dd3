"""After a login: what Asterisk really has becomes what we believe.

Rules:

- Calls are settled first, then lines, then people; every difference is a fact.
- A call that is not there is gone; unless it may be younger than the snapshot, for its question came by another way and
  overtook it. Taken for gone, its caller would wait for nobody: so Asterisk is asked about it once more.
- A promise younger than the snapshot is kept if its answer may still be under way (its caller is asking); a caller who
  is found waiting was not fetched, whatever we had sent, and is chosen for anew with a newer fence.
- What the fallback joined is adopted: those seats get nothing until they are free.
- In its first life the core takes the sign-ins from AstDB; later its own are right, and AstDB is put right.
"""

from __future__ import annotations

from collections.abc import Mapping

from intake import attendance, command, course, fact, telephone
from intake.call import Call
from intake.hall import SPEAKING, Hall
from intake.line import LineEvent
from intake.need import Need
from intake.person import PersonEvent
from intake.seat import Seat
from intake.snapshot import CallSeen, Device, Place, SeatSeen, SignedInSeen, Snapshot
from intake.stage import CallEvent, Stage

_SAME = {
    (Stage.ASKING, Place.ASKING),
    (Stage.WAITING, Place.WAITING),
    (Stage.RESERVED, Place.ASKING),
    (Stage.NET, Place.NET),
}
"""Stages that agree with a place; of an offer and a conversation the seats must agree too."""
_BY_QUESTION = frozenset((Stage.ASKING, Stage.WAITING, Stage.RESERVED, Stage.NET, Stage.UNKNOWN))
"""Stages that a question alone leads to; questions don't come with the other events."""
_OVERTAKEN_S = 5.0
"""So long a snapshot may be on its way: a call that is younger may have begun after it was taken."""


def resync(hall: Hall, snapshot: Snapshot) -> None:
    """Believe the snapshot."""
    hall.newer(max((snapshot.fence, *(seen.fence for seen in snapshot.calls))))
    present = {seen.call: seen for seen in snapshot.calls}
    for call in list(hall.calls.values()):
        if call.id in present:
            continue
        if call.stage in _BY_QUESTION and call.seat is None and hall.now - call.arrived < _OVERTAKEN_S:
            hall.lose_sight(call)
        else:
            hall.note(fact.Repaired(call.stage.value, "gone", call=call.id))
            course.end(hall, call, found=True)
    lines = {seen.seat: seen for seen in snapshot.seats}
    if not hall.synced:
        _raise_lines(hall, lines)
    for seen in present.values():
        _adopt(hall, seen)
    for seat in hall.seats.values():
        _adopt_line(hall, seat, lines.pop(seat.id, SeatSeen(seat.id, Device.UNREACHABLE)))
    for unknown in lines:
        hall.note(fact.Discrepancy(unknown, "no_such_seat", "Asterisk has a seat that the centre has not"))
    if hall.synced:
        _mirror(hall, snapshot)
    else:
        for entry in snapshot.people:
            _sign_in(hall, entry)
    hall.synced = True


def _raise_lines(hall: Hall, lines: Mapping[str, SeatSeen]) -> None:
    """In a new life every line is in fault until it was seen; calls can't be at a line in fault."""
    for seat in hall.seats.values():
        seen = lines.get(seat.id)
        if seen is not None and seen.device is not Device.UNREACHABLE:
            seat.reachable = True
            hall.move_line(seat, LineEvent.FOUND_IDLE)
        else:
            hall.await_line(seat, hall.settings.fault_s)  # its return may be told by no event


def _adopt(hall: Hall, seen: CallSeen) -> None:
    call = hall.calls.get(seen.call)
    if call is None:
        call = hall.arrive(seen.call, seen.age_s, seen.called, seen.caller)
        priority = hall.settings.priority(seen.service) if seen.priority is None else seen.priority
        hall.change(call, Need(seen.service, seen.language), priority)
    elif _agrees(call, seen):
        return
    else:
        hall.note(fact.Repaired(call.stage.value, seen.place.value, call=call.id))
        hall.move_call(call, CallEvent.LOST_SIGHT)
    course.settle(hall, call, seen)


def _agrees(call: Call, seen: CallSeen) -> bool:
    if seen.place is Place.JOINED:
        return call.stage is Stage.JOINED and call.seat == seen.seat is not None
    if seen.place is Place.OFFERED:
        return call.stage is Stage.OFFERED and call.offer is not None and call.offer.fence == seen.fence
    return (call.stage, seen.place) in _SAME


def _adopt_line(hall: Hall, seat: Seat, seen: SeatSeen) -> None:
    before = seat.line
    call = hall.calls.get(seat.call or "")
    joined = call is not None and call.stage is Stage.JOINED and call.seat == seat.id
    if joined and seen.device is not Device.UNREACHABLE:
        seat.reachable = True
        if seat.line in SPEAKING and (seen.device is Device.BUSY):
            hall.move_line(seat, LineEvent.HELD if seen.held else LineEvent.RESUMED)
    elif joined or (seat.fence is not None and seen.device is not Device.UNREACHABLE):
        seat.reachable = seen.device is not Device.UNREACHABLE  # the call's own place was settled just now
    else:
        if seat.line in SPEAKING and seen.call != seat.call:
            seat.call = None  # its call is gone: no conversation to write up that we know the end of
        telephone.settle(hall, seat, seen)
    hall.list_seat(seat)
    if seat.line is not before and hall.synced:
        hall.note(fact.Repaired(before.value, seat.line.value, seat=seat.id))


def _sign_in(hall: Hall, entry: SignedInSeen) -> None:
    seat, person = hall.seats.get(entry.seat), hall.people.get(entry.person)
    known = any(each.person is person for each in hall.seats.values()) if person is not None else False
    if seat is None or person is None or known or seat.person is not None:
        hall.note(fact.Discrepancy(entry.seat, "bad_sign_in", f"{entry.person} can't be signed in there"))
        if seat is None or seat.person is None:
            hall.do(command.Mirror(entry.seat, None))
        return
    attendance.sign_in(hall, seat, person)
    if entry.reason is not None:
        hall.move_person(seat, PersonEvent.SUSPEND)
        seat.reason = entry.reason
    _since(hall, seat, hall.now - entry.since_s)


def _since(hall: Hall, seat: Seat, since: float) -> None:
    """Who was free for longest stays so in the next life."""
    hall.unlist_seat(seat)
    seat.since = since
    hall.list_seat(seat)


def _mirror(hall: Hall, snapshot: Snapshot) -> None:
    kept = {entry.seat: (entry.person, entry.reason) for entry in snapshot.people}
    for seat in hall.seats.values():
        right = attendance.mirror(seat)
        wanted = (right.person, right.reason) if right.person is not None else None
        if kept.pop(seat.id, None) != wanted:
            hall.do(right)
    for unknown in kept:
        hall.do(command.Mirror(unknown, None))
