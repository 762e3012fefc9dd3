"""Who works where: wishes become decided facts, committed facts become states."""

from __future__ import annotations

from intake import command, fact, wish
from intake.hall import Hall
from intake.people import Person
from intake.person import PERSON, PersonEvent, Presence
from intake.seat import Seat
from intake.step import Decision
from intake.table import Theirs

_EVENT = {
    wish.SignIn: PersonEvent.SIGN_IN,
    wish.SignOut: PersonEvent.SIGN_OUT,
    wish.Pause: PersonEvent.PAUSE,
    wish.Ready: PersonEvent.READY,
}


def wished(hall: Hall, wanted: wish.Wish) -> None:
    """Refuse a wish, or hand out the fact that has to be committed. Nothing else changes yet."""
    refused = _refused(hall, wanted)
    if refused is not None:
        hall.do(command.Reply(wanted.wish, refused.code, refused.because))
        return
    seat = hall.seats[wanted.seat]
    decision = Decision(wanted.wish, _fact(seat, wanted))
    seat.wish = wanted.wish
    hall.wishes[wanted.wish] = decision
    hall.decide(decision)


def _refused(hall: Hall, wanted: wish.Wish) -> Theirs | None:
    seat = hall.seats.get(wanted.seat)
    if wanted.wish in hall.wishes:
        return Theirs("repeated_wish", "this wish is under way")
    if seat is None:
        return Theirs("no_such_seat", f"there is no seat {wanted.seat}")
    if seat.wish is not None:
        return Theirs("under_way", "another wish about this seat is being written down")
    if isinstance(wanted, wish.Pause) and wanted.reason not in hall.settings.pause_reasons:
        return Theirs("no_such_reason", f"reasons are {', '.join(hall.settings.pause_reasons)}")
    if isinstance(wanted, wish.SignIn):
        refused = _not_here(hall, wanted)
        if refused is not None:
            return refused
    after = PERSON.after(seat.presence, _EVENT[type(wanted)])
    return after if isinstance(after, Theirs) else None


def _not_here(hall: Hall, wanted: wish.SignIn) -> Theirs | None:
    if wanted.person not in hall.people:
        return Theirs("no_such_person", f"there is no person {wanted.person}")
    for seat in hall.seats.values():
        if seat.person is not None and seat.person.id == wanted.person:
            if seat.id == wanted.seat:
                return Theirs("signed_in_already", "this person is signed in here")
            return Theirs("signed_in_elsewhere", f"this person is signed in at {seat.id}")
    for decision in hall.wishes.values():
        if isinstance(decision.fact, fact.SignedIn) and decision.fact.person == wanted.person:
            return Theirs("under_way", "another sign-in of this person is being written down")
    return None


def _fact(seat: Seat, wanted: wish.Wish) -> fact.Decided:
    person = seat.person.id if seat.person is not None else ""
    match wanted:
        case wish.SignIn():
            return fact.SignedIn(wanted.seat, wanted.person, wanted.by)
        case wish.SignOut():
            return fact.SignedOut(wanted.seat, person, wanted.by)
        case wish.Pause():
            return fact.Paused(wanted.seat, person, wanted.reason, wanted.by)
        case wish.Ready():
            return fact.Resumed(wanted.seat, person, wanted.by)


def committed(hall: Hall, report: wish.Committed) -> None:
    """A wish is granted: its fact will survive whatever comes."""
    decision = hall.wishes.pop(report.wish, None)
    if decision is None:
        return  # reported twice, or of an earlier life: the mirror or the next resync has it
    granted, seat = decision.fact, hall.seats[decision.fact.seat]
    seat.wish = None
    match granted:
        case fact.SignedIn():
            sign_in(hall, seat, hall.people[granted.person])
        case fact.SignedOut():
            hall.move_person(seat, PersonEvent.SIGN_OUT)
            seat.person = None
        case fact.Paused():
            hall.move_person(seat, PersonEvent.PAUSE)
            seat.reason = granted.reason
        case fact.Resumed():
            hall.move_person(seat, PersonEvent.READY)
    hall.do(mirror(seat))
    hall.do(command.Reply(report.wish))


def not_committed(hall: Hall, report: wish.NotCommitted) -> None:
    """A wish can't be granted: nothing has changed."""
    decision = hall.wishes.pop(report.wish, None)
    if decision is not None:
        hall.seats[decision.fact.seat].wish = None
        hall.do(command.Reply(report.wish, "not_written_down", "the journal could not take it"))


def sign_in(hall: Hall, seat: Seat, person: Person) -> None:
    """A person is at a seat now."""
    seat.person, seat.taken = person, 0
    hall.move_person(seat, PersonEvent.SIGN_IN)


def mirror(seat: Seat) -> command.Mirror:
    """What AstDB should have of a seat. A wrap-up is not mirrored: it ends by itself."""
    person = seat.person.id if seat.person is not None else None
    return command.Mirror(seat.id, person, seat.reason if seat.presence is Presence.PAUSED else None)
