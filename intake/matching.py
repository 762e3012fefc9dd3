"""Who gets whom: the end of every step.

Rules:

- As long as a free seat and a queued call fit together, the call that comes first among those gets the seat that the
  strategy puts first. Every call gets one seat before any gets a second.
- What is left of the free seats widens the offers of calls that nobody answered before, in the same order.
- A question is answered in the step in which it came: with the offer, else to wait, else by the net.
- Nobody at work at all: callers are left to the net, which rings every telephone there is. Nobody waits for nobody.
"""

from __future__ import annotations

from intake import command, course, fact
from intake.call import Call
from intake.hall import Hall
from intake.need import ANYBODY
from intake.stage import CallEvent, Stage

MOST_AT_ONCE = 40
"""Seats of one offer, also where all shall ring: the fortieth telephone rings a quarter of a second after the first,
and what the dialplan takes as an answer has room for forty of the longest names."""


def conclude(hall: Hall) -> None:
    """Match, and answer every question that is still open."""
    made = _match(hall)
    for call, _ in made:
        _widen(hall, call)
    for call, before in made:
        _send(hall, call, before)
    questions, hall.questions = hall.questions, {}
    for name in questions:
        _answer(hall, hall.calls[name])
    if not hall.staff[ANYBODY] and hall.queue:
        _leave(hall)


def _match(hall: Hall) -> list[tuple[Call, Stage]]:
    """Reserve one seat for each call that can have one; the calls in order, with the stages in which they were."""
    made = []
    while (call := _next(hall)) is not None:
        made.append((call, call.stage))
        _, name = hall.free[call.wanted].first()
        hall.promise(call, [name], hall.next_fence())
        hall.move_call(call, CallEvent.RESERVE)
    return made


def _next(hall: Hall) -> Call | None:
    """The first call for which a seat is free; there are only a handful of different needs."""
    firsts = [queue.first() for need, queue in hall.waiting.items() if hall.free.get(need)]
    return hall.calls[min(firsts)[1]] if firsts else None


def _widen(hall: Hall, call: Call) -> None:
    offer, width = call.offer, hall.settings.width(call.tries)
    if offer is None or width == 1:
        return
    free = hall.free.get(call.wanted)
    for name in free.take((MOST_AT_ONCE if width is None else min(width, MOST_AT_ONCE)) - 1) if free else ():
        hall.add_seat(call, offer, name)


def _send(hall: Hall, call: Call, before: Stage) -> None:
    offer = call.offer
    if offer is None:
        return
    seats, ring_s = tuple(offer.seats), hall.settings.offer_s
    hall.note(fact.CallOffered(call.id, offer.fence, seats, call.tries, hall.settings.strategy.value))
    if call.id in hall.questions and call.question is not None:
        hall.do(command.Offer(call.question, call.id, offer.fence, seats, ring_s))
        call.question = None
        del hall.questions[call.id]
    elif before is Stage.WAITING:
        hall.do(command.Fetch(call.id, offer.fence, seats, ring_s))
    # else its question is on the way, and will be answered with this offer


def _answer(hall: Hall, call: Call) -> None:
    """Nobody is free for a call that asked."""
    question, call.question = call.question, None
    if question is None or call.stage is not Stage.ASKING:
        return
    call.fence = hall.next_fence()
    if hall.staff[ANYBODY]:
        hall.do(command.Wait(question, call.id, call.fence))
        hall.move_call(call, CallEvent.TOLD_TO_WAIT)
        hall.note(fact.CallQueued(call.id, len(hall.queue)))
    else:
        hall.do(command.UseNet(question, call.id, call.fence))
        _give_up(hall, call)


def _leave(hall: Hall) -> None:
    """Nobody is at work any more: who waits is left to the net. Who is about to ask is told then."""
    for name in list(hall.queue):
        call = hall.calls[name]
        if call.stage is Stage.WAITING:
            call.fence = hall.next_fence()
            hall.do(command.Leave(name, call.fence))
            _give_up(hall, call)


def _give_up(hall: Hall, call: Call) -> None:
    if not call.in_net:
        hall.do(command.Tell("nobody-works", call=call.id))
    course.to_net(hall, call, decided=True)
