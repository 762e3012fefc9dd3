"""The course of a call: what the dialplan's reports about callers mean."""

from __future__ import annotations

from intake import command, event, fact, ring
from intake.call import Call
from intake.hall import Hall
from intake.line import Line, LineEvent
from intake.need import Need
from intake.outcome import Outcome
from intake.seat import Seat
from intake.snapshot import CallSeen, Place
from intake.stage import CallEvent, Stage


def asked(hall: Hall, question: event.Asked) -> None:
    """A question proves where its caller is. It is answered when the step is concluded, at the latest."""
    call = hall.calls.get(question.call)
    if question.call in hall.ended:
        # Nobody is there to hear it; if somebody is all the same, the net rings for him.
        hall.do(command.UseNet(question.question, question.call, hall.next_fence()))
        return
    if call is None:
        call = hall.arrive(question.call, called=question.called, caller=question.caller)
        call.arrived -= question.waited_s
        _describe(hall, call, question.service, question.language, question.priority)
    hall.newer(question.fence)
    offer = call.offer
    if call.stage is Stage.JOINED and (call.joined_by is None or question.fence < call.joined_by):
        # Who talks does not ask: either the question is late, or the net's seat was lost.
        hall.do(command.Wait(question.question, call.id, hall.next_fence()))
        hall.lose_sight(call)
    elif offer is not None and offer.seats and question.fence < offer.fence:
        _repeat(hall, call, question.question)
    else:
        if offer is not None:
            ring.close(hall, call, question.outcome or Outcome.UNKNOWN)
        _came_back(hall, call)
        hall.move_call(call, CallEvent.ASKED)
        call.question = question.question
        hall.questions[call.id] = None


def _repeat(hall: Hall, call: Call, question: str) -> None:
    """The live offer was not obeyed yet: the same answer again. An offer is obeyed once, its fence sees to that."""
    if call.offer is None:
        return
    if call.stage is not Stage.OFFERED:
        hall.move_call(call, CallEvent.ASKED)
        hall.move_call(call, CallEvent.RESERVE)
    seats = tuple(call.offer.seats)
    hall.do(command.Offer(question, call.id, call.offer.fence, seats, hall.settings.offer_s))


def _came_back(hall: Hall, call: Call) -> None:
    if call.stage is Stage.JOINED or call.seat is not None:
        hall.note(fact.CallCameBack(call.id, call.seat))
        call.tries += 1
        ring.lost_seat(hall, call)


def _describe(hall: Hall, call: Call, service: str | None, language: str | None, priority: int | None) -> None:
    wanted = hall.settings.priority(service) if priority is None else priority
    hall.change(call, Need(service, language), wanted)


def changed(hall: Hall, news: event.Changed) -> None:
    """More is known of a caller. An offer that rings is not taken back: a person is better than a perfect one."""
    call = hall.calls.get(news.call)
    if call is None:
        return
    service = news.service or call.need.service
    priority = news.priority
    if priority is None:
        priority = call.priority if news.service is None else hall.settings.priority(service)
    hall.change(call, Need(service, news.language or call.need.language), priority)


def offer_over(hall: Hall, report: event.OfferOver) -> None:
    """The dialplan comes back from [offer]; its question follows."""
    call = hall.calls.get(report.call)
    hall.newer(report.fence)
    if call is None:
        return
    if call.offer is not None and report.fence == call.offer.fence:
        ring.close(hall, call, report.outcome)
        hall.move_call(call, CallEvent.CAME_BACK)
    elif call.stage is Stage.JOINED and report.fence == call.joined_by:
        _came_back(hall, call)
        hall.move_call(call, CallEvent.CAME_BACK)


def joined(hall: Hall, report: event.Joined) -> None:
    """A caller and a seat hear each other."""
    seat = hall.seats.get(report.seat)
    if seat is None:
        hall.note(fact.Discrepancy(report.seat, "no_such_seat", f"call {report.call} is joined with it"))
        return
    call = _known(hall, report.call)
    if call is not None:
        ring.joined(hall, call, seat)


def _known(hall: Hall, name: str) -> Call | None:
    """The call of a report; one of which nobody has heard is asked about, one that has ended stays ended."""
    if name in hall.calls:
        return hall.calls[name]
    if name in hall.ended:
        return None
    call = hall.arrive(name)
    hall.ask_call(call)
    return call


def caller_gone(hall: Hall, report: event.CallerGone) -> None:
    """A caller hung up: everything that was promised to him is free."""
    call = hall.calls.get(report.call)
    if call is None:
        hall.remember_end(report.call)  # its question comes by another way, and may be slower
    else:
        end(hall, call)


def end(hall: Hall, call: Call, found: bool = False) -> None:
    """A call is over. Its seat talks until its own channel has ended, or Asterisk says that it has."""
    ring.release(hall, call)
    if call.seat is not None:
        hall.await_line(hall.seats[call.seat], hall.settings.report_s)
    for seat in _rung_by_net(hall, call):
        seat.call = None
        hall.move_line(seat, LineEvent.RELEASED)
    hall.forget(call, found)


def _rung_by_net(hall: Hall, call: Call) -> list[Seat]:
    if call.stage is not Stage.NET:
        return []
    rung = (Line.OFFERED, Line.RINGING)
    return [seat for seat in hall.seats.values() if seat.call == call.id and seat.fence is None and seat.line in rung]


def unanswered(hall: Hall, report: event.Unanswered) -> None:
    """The dialplan turned to the net; but it may have asked again since: questions come by another way."""
    if report.call in hall.ended:
        return
    call = hall.calls.get(report.call) or hall.arrive(report.call)
    if call.stage not in (Stage.JOINED, Stage.NET):
        hall.lose_sight(call)


def to_net(hall: Hall, call: Call, *, decided: bool) -> None:
    """The net looks after a caller."""
    if call.stage is Stage.JOINED:
        return
    ring.release(hall, call)
    ring.lost_seat(hall, call)
    known = call.in_net
    hall.move_call(call, CallEvent.LEFT)
    call.in_net = True
    if not known:
        hall.note(fact.CallLeft(call.id, decided))


def undelivered(hall: Hall, report: event.Undelivered) -> None:
    """A decision did not reach the dialplan: where the caller went has to be asked, and his seats wait for it."""
    call = hall.calls.get(report.call)
    if call is None or report.fence != call.fence or call.stage in (Stage.OFFERED, Stage.JOINED):
        return
    hall.lose_sight(call)


def found(hall: Hall, report: event.CallFound) -> None:
    """Asterisk says where a call is; it counts only while nobody knows, but a channel that is gone is gone for good."""
    call = hall.calls.get(report.call)
    if call is None:
        return
    if report.seen is None:
        end(hall, call, found=True)
    elif call.stage is Stage.UNKNOWN and report.turn == call.turn:
        settle(hall, call, report.seen)


def settle(hall: Hall, call: Call, seen: CallSeen) -> None:
    """A call that was out of sight is where Asterisk says."""
    hall.newer(seen.fence)
    seat = hall.seats.get(seen.seat or "")
    if seen.place is Place.JOINED and seat is not None:
        ring.joined(hall, call, seat)
    elif seen.place is Place.OFFERED:
        _settle_offer(hall, call, seen)
    elif seen.place in (Place.WAITING, Place.ASKING):
        ring.release(hall, call)
        ring.lost_seat(hall, call)
        waits = seen.place is Place.WAITING
        hall.move_call(call, CallEvent.FOUND_WAITING if waits else CallEvent.FOUND_ASKING)
    else:  # the net's, or joined with somebody who is no seat: a neighbour
        to_net(hall, call, decided=False)


def _settle_offer(hall: Hall, call: Call, seen: CallSeen) -> None:
    ring.lost_seat(hall, call)
    if call.offer is None or call.offer.fence != seen.fence:
        ring.release(hall, call)
        idle = [name for name in dict.fromkeys(seen.seats) if name in hall.seats and hall.seats[name].line is Line.IDLE]
        hall.promise(call, idle, seen.fence)
        for name in idle:
            hall.move_line(hall.seats[name], LineEvent.DIALLED)
    hall.move_call(call, CallEvent.FOUND_OFFERED)
